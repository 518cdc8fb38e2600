"""Annotations as Parquet, through pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.formats.text import parts, table_of
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["check_writable", "write_parquet"]


def check_writable(path: Path) -> None:
    """Make sure that pyarrow is there.

    Raises
    ------
    FormatError
        If it is not.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise FormatError(
            f"{path}: expected the package pyarrow to write Parquet, found none; "
            "pip install 'ecgscribe[parquet]', or write .csv"
        ) from error


def write_parquet(annotation: Annotation, path: Path) -> None:
    """Write the table that `ecgscribe.formats` writes as CSV, with a type for each column.

    Parameters
    ----------
    annotation : Annotation
        Beats and others; null stands where an annotation that is no beat has no value.
    path : Path
        Name, fs and mapping of the annotations stand in the file's metadata.
    """
    import pyarrow
    import pyarrow.parquet

    schema = _schema(annotation)
    with pyarrow.parquet.ParquetWriter(path, schema) as file:
        for part in parts(annotation):
            table = table_of(part)
            columns = [
                pyarrow.array(table[name], type=schema.field(name).type, from_pandas=True)
                for name in table.columns
            ]
            file.write_table(pyarrow.Table.from_arrays(columns, schema=schema))


def _schema(annotation: Annotation) -> Any:
    import pyarrow

    fields = [("sample", pyarrow.int64()), ("time", pyarrow.float64())]
    if annotation.start is not None:
        zone = None if annotation.start.tzinfo is None else str(annotation.start.tzinfo)
        fields.append(("clock", pyarrow.timestamp("us", tz=zone)))
    fields += [("class", pyarrow.string()), ("symbol", pyarrow.string())]
    fields.append(("normal", pyarrow.bool_()))
    if annotation.score is not None:
        fields.append(("score", pyarrow.float32()))
    if annotation.quality is not None:
        fields += [("quality", pyarrow.float32()), ("readable", pyarrow.bool_())]
    if annotation.probability is not None:
        fields += [(f"p_{name}", pyarrow.float32()) for name in AAMI_CLASSES]
    fields += [("subtype", pyarrow.int64()), ("aux_note", pyarrow.string())]
    about = {"name": annotation.name, "fs": f"{annotation.fs!r}", "mapping": annotation.mapping}
    return pyarrow.schema(fields, metadata=about)
