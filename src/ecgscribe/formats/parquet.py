"""Annotations as Parquet, through pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.formats.text import parts, table_of
from ecgscribe.formatting import utf8
from ecgscribe.record import Annotation, has_date

__all__ = ["check_writable", "write_parquet"]


def check_writable(annotation: Annotation, path: Path) -> None:
    """Raise an error if pyarrow is missing, before anything is written.

    Raises
    ------
    FormatError
        If it is missing.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ModuleNotFoundError as error:
        raise FormatError(
            f"{path}: expected the package pyarrow to write Parquet, found none; "
            "pip install 'ecgscribe[parquet]', or write .csv"
        ) from error


def write_parquet(annotation: Annotation, path: Path) -> None:
    """Write the same table as for CSV, with a type for each column.

    Parameters
    ----------
    annotation : Annotation
        Beats and others; an annotation that is not a beat has null in the columns of beats.
    path : Path
        Its metadata holds the name, fs and mapping of the annotations.
    """
    import pyarrow
    import pyarrow.parquet

    schema = _schema(annotation)
    # Not the path itself, which pyarrow takes for UTF-8.
    with path.open("wb") as out, pyarrow.parquet.ParquetWriter(out, schema) as file:
        for part in parts(annotation):
            table = table_of(part)
            columns = [
                pyarrow.array(table[name], type=schema.field(name).type, from_pandas=True)
                for name in table.columns
            ]
            file.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def _schema(annotation: Annotation) -> Any:
    import pyarrow

    start = annotation.start
    zone = None if start is None else start.tzinfo
    has_day = start is None or has_date(start)
    types = {
        "sample": pyarrow.int64(),
        "time": pyarrow.float64(),
        "clock": pyarrow.timestamp("us", tz=None if zone is None else str(zone))
        if has_day
        else pyarrow.time64("us"),
        "class": pyarrow.string(),
        "symbol": pyarrow.string(),
        "normal": pyarrow.bool_(),
        "readable": pyarrow.bool_(),
        "subtype": pyarrow.int64(),
        "aux_note": pyarrow.string(),
    }
    names = table_of(annotation.select(slice(0))).columns
    fields = [(name, types.get(name, pyarrow.float32())) for name in names]
    name, fs = utf8(annotation.name), f"{annotation.fs!r}"
    about = {"name": name, "fs": fs, "mapping": annotation.mapping}
    return pyarrow.schema(fields, metadata=about)
