"""Annotations from the tables that `ecgscribe.formats.write` writes: CSV and Parquet."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import format_errors
from ecgscribe.formatting import utf8
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES, Mapping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "read_annotation"]


SUFFIXES = (".csv", ".parquet")
_NEEDED = ("sample", "time", "symbol")
_DECIMALS = 6
"""Of the sampling frequency that samples and times give."""
_SAME_FS = 1e-6
"""Relative difference up to which two frequencies are one."""


def read_annotation(path: Path, *, fs: float | None = None) -> Annotation:
    """Read a table of annotations.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``; has at least the columns ``sample``, ``time`` and
        ``symbol``.
    fs : float, optional
        Sampling frequency in Hz, for a table that does not show it: one without annotations, or
        with none after its first sample.

    Returns
    -------
    Annotation
        Its name is that of the record: in ``100.scribe.csv``, the part before the first extension.

    Raises
    ------
    FormatError
        If the file is missing, holds another table, or its sampling frequency is unknown.
    """
    check_regular(path)
    with format_errors(path, "a table of annotations"):
        table, about = _parquet(path) if path.suffix == ".parquet" else (_csv(path), {})
        missing = [name for name in _NEEDED if name not in table]
        if missing:
            raise FormatError(
                f"{path}: expected a table of annotations as ecgscribe writes it, found no column "
                f"{missing[0]}; name an annotation file"
            )
        samples = _integers(path, table, "sample")
        stated = (
            float(about["fs"]) if "fs" in about else _fs(samples, table["time"].to_numpy(float))
        )
        if stated is None and fs is None:
            raise FormatError(
                f"{path}: expected a sampling frequency, found none in a table without times; "
                "write the annotations in another format"
            )
        if stated is not None and fs is not None and abs(stated - fs) < _SAME_FS * fs:
            stated = fs  # the times of a table have few digits
        name = path.name.split(".")[0]
        mapping: Mapping = "ec57" if about.get("mapping") == "ec57" else "literature"
        return Annotation(
            sample=samples,
            symbol=table["symbol"].astype(str).to_numpy(np.str_),
            fs=stated or fs or 0.0,
            subtype=_integers(path, table, "subtype"),
            aux_note=_notes(table),
            probability=_probability(table),
            score=_floats(table, "score"),
            quality=_floats(table, "quality"),
            name=name if about.get("name", utf8(name)) == utf8(name) else about["name"],
            start=_start(table),
            mapping=mapping,
        )


def _csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    # "NA" and "nan" are notes, not missing values; an empty cell of numbers is.
    text = {"symbol": str, "aux_note": str, "class": str}
    table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={
        name: [""] for name in ("score", "quality", *(f"p_{name}" for name in AAMI_CLASSES))
    })  # fmt: skip
    return table


def _parquet(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise FormatError(
            f"{path}: expected the package pyarrow to read Parquet, found none; "
            "pip install 'ecgscribe[parquet]', or use .csv"
        ) from error
    with path.open("rb") as file:  # pyarrow takes a path for UTF-8
        read = pyarrow.parquet.read_table(file)
    metadata = read.schema.metadata or {}
    about = {
        key: metadata[key.encode()].decode()
        for key in ("name", "fs", "mapping")
        if key.encode() in metadata
    }
    return read.to_pandas(), about


def _fs(samples: Any, times: Any) -> float | None:
    """Return the frequency by the last annotation, whose time is known best."""
    if len(samples) == 0 or samples[-1] <= 0 or not times[-1] > 0:
        return None
    return float(round(samples[-1] / times[-1], _DECIMALS))


def _integers(path: Path, table: pd.DataFrame, name: str) -> NDArray[np.int64]:
    """Return a column of whole numbers; none if the table lacks it."""
    if name not in table:
        return np.zeros(0, np.int64)
    if table[name].dtype.kind == "i":
        return table[name].to_numpy(np.int64)
    numbers = np.zeros(len(table), np.int64)
    for row, value in enumerate(table[name].tolist()):
        try:
            numbers[row] = int(str(value).removesuffix(".0"))
        except (ValueError, OverflowError):
            raise FormatError(
                f"{path}: expected a whole number of at most 64 bits as {name} in row {row + 1}, "
                f"found {str(value)[:40]}; correct it, or write the table again"
            ) from None
    return numbers


def _notes(table: pd.DataFrame) -> NDArray[np.str_]:
    return np.array(table["aux_note"].tolist() if "aux_note" in table else [], dtype=np.str_)


def _floats(table: pd.DataFrame, name: str) -> Any:
    return table[name].to_numpy(np.float32) if name in table else None


def _probability(table: pd.DataFrame) -> Any:
    names = [f"p_{name}" for name in AAMI_CLASSES]
    return table[names].to_numpy(np.float32) if set(names) <= set(table) else None


def _start(table: pd.DataFrame) -> datetime | None:
    """Return the start that the first clock time gives; None for times of day alone."""
    import pandas as pd

    if "clock" not in table or len(table) == 0:
        return None
    clock = pd.to_datetime(table["clock"].iloc[0], errors="coerce", format="ISO8601")
    if not isinstance(clock, pd.Timestamp) or len(str(table["clock"].iloc[0])) < len("2000-01-01"):
        return None
    start = clock - pd.Timedelta(seconds=float(table["time"].iloc[0]))
    return start.round("us").to_pydatetime()
