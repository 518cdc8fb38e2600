"""Write annotations in the format that the file name or the caller names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecgscribe.files import atomic_write
from ecgscribe.formats import edf_writing, parquet, text
from ecgscribe.formats.wfdb import writing as wfdb_writing
from ecgscribe.record import Annotation

__all__ = ["DEFAULT_ANNOTATOR", "write"]


DEFAULT_ANNOTATOR = "scribe"
"""Suffix of the annotation files that ecgscribe writes; never ``atr``, the reference's."""


def write(annotation: Annotation, path: str | Path, *, force: bool = False) -> Path:
    """Write annotations in the format that the suffix names, whole or not at all.

    Parameters
    ----------
    annotation : Annotation
        What to write.
    path : str or Path
        ``.csv`` and ``.parquet``: a table with a row an annotation. ``.json``: one object.
        ``.edf``: an EDF+ file that holds only annotations. Any other suffix, of letters: a WFDB
        annotation file with the suffix as its annotator, as in ``dir/100.scribe``.
    force : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FormatError
        If the file is there and `force` is false, the annotations do not fit the format, or the
        system refuses. Nothing half-written is left.
    """
    path = Path(path)
    write_to: Callable[[Annotation, Path], None]
    if path.suffix == ".csv":
        write_to = text.write_csv
    elif path.suffix == ".json":
        write_to = text.write_json
    elif path.suffix == ".parquet":
        parquet.check_writable(path)
        write_to = parquet.write_parquet
    elif path.suffix == ".edf":
        edf_writing.check_writable(annotation, path)
        write_to = edf_writing.write_edf
    else:
        wfdb_writing.check_writable(annotation, path)
        write_to = wfdb_writing.write_annotation
    return atomic_write(path, lambda target: write_to(annotation, target), force=force)
