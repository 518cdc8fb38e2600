"""Write annotations in the format that the file name or the caller names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecgscribe.errors import FormatError, warn
from ecgscribe.files import atomic_write
from ecgscribe.formats import edf_writing, parquet, text
from ecgscribe.formats.wfdb import writing as wfdb_writing
from ecgscribe.record import Annotation, clock_times

__all__ = ["DEFAULT_ANNOTATOR", "write"]


DEFAULT_ANNOTATOR = "scribe"
"""Suffix of the annotation files that ecgscribe writes; never ``atr``, the reference's."""


@dataclass(frozen=True)
class _Writer:
    """How one format is written.

    Parameters
    ----------
    write : callable
        Writes annotations to a path.
    check : callable
        Raises `FormatError` for annotations that the format cannot hold, before any is written.
    """

    write: Callable[[Annotation, Path], None]
    check: Callable[[Annotation, Path], None] = lambda annotation, path: None


_WRITERS = {
    ".csv": _Writer(text.write_csv),
    ".json": _Writer(text.write_json),
    ".parquet": _Writer(parquet.write_parquet, parquet.check_writable),
    ".edf": _Writer(edf_writing.write_edf, edf_writing.check_writable),
}
_WFDB = _Writer(wfdb_writing.write_annotation, wfdb_writing.check_writable)


def write(annotation: Annotation, path: str | Path, *, force: bool = False) -> Path:
    """Write annotations in the format that the suffix names, completely or not at all.

    Parameters
    ----------
    annotation : Annotation
        What to write.
    path : str or Path
        ``.csv`` and ``.parquet``: a table with one row per annotation. ``.json``: one object.
        ``.edf``: an EDF+ file that holds only annotations. Any other suffix, of letters: a WFDB
        annotation file with the suffix as its annotator, as in ``dir/100.scribe``.
    force : bool
        Replace an existing file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FormatError
        If the file exists and `force` is false, the annotations do not fit the format, or the
        system refuses. No incomplete file is left.
    """
    if not isinstance(annotation, Annotation):
        raise FormatError(
            f"expected an Annotation to write, found {type(annotation).__name__}; "
            "ecgscribe.annotate makes one"
        )
    path = Path(path)
    annotation = _within_calendar(annotation)
    writer = _WRITERS.get(path.suffix, _WFDB)
    writer.check(annotation, path)
    return atomic_write(path, lambda target: writer.write(annotation, target), force=force)


def _within_calendar(annotation: Annotation) -> Annotation:
    """Leave out a start from which the annotations go on beyond the last year there is."""
    last = annotation.sample[-1:] / annotation.fs
    if annotation.start is None or clock_times(annotation.start, last) is not None:
        return annotation
    warn(f"{annotation.name}: times of day after the year 9999 are left out")
    return dataclasses.replace(annotation, start=None)
