"""Read recordings and annotations, write annotations: one module a format.

Read: WFDB records (``100.hea``), CSV (``100.csv``); WFDB annotation files (``100.atr``) and the
``100annotations.txt`` of the CSV export of mitdb. Written: WFDB annotation files,
CSV, JSON, Parquet and EDF+ annotations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ecgscribe.errors import FormatError
from ecgscribe.formats import _csv, _edf_write, _parquet, _text, _wfdb, _wfdb_write
from ecgscribe.formats._atomic import atomic_write, write_bytes, write_text
from ecgscribe.formats._guard import reading
from ecgscribe.formats._wfdb_write import write_record
from ecgscribe.record import Annotation, Record

__all__ = [
    "DEFAULT_ANNOTATOR",
    "atomic_write",
    "check_within",
    "read",
    "read_annotation",
    "write",
    "write_bytes",
    "write_record",
    "write_text",
]

DEFAULT_ANNOTATOR = "scribe"
"""Suffix of the annotation files that ecgscribe writes; never ``atr``, the reference's."""

_RECORD_SUFFIXES = {".hea", ".dat", ".mat", ".csv"}


def read(
    path: str | Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> Record:
    """Read a recording.

    Parameters
    ----------
    path : str or Path
        A WFDB record (``dir/100``, ``dir/100.hea`` or ``dir/100.dat``) or a CSV file
        (``dir/100.csv``, or ``dir/100`` where no WFDB header lies there).
    fs : float, optional
        Sampling frequency in Hz, for a file that gives none; must agree with one that does.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default.

    Returns
    -------
    Record
        Samples in physical units as float32, NaN where the file holds no valid sample.

    Raises
    ------
    FormatError
        If the recording is absent, damaged, cut short or of another format, or its sampling
        frequency is missing, 0 or in conflict with `fs`.
    """
    path = Path(path)
    base = _base(path)
    with reading(path, "a recording"):
        if path.suffix.lower() != ".csv" and _with(base, ".hea").is_file():
            return _wfdb.read_record(base, fs=fs, leads=leads)
        if _with(base, ".csv").is_file():
            return _csv.read_record(_with(base, ".csv"), fs=fs, leads=leads)
        if path.is_dir():
            found = "a folder; name a record in it"
        elif path.is_file() and base == path:
            found = "another format; convert it first"
        else:
            found = f"no {base.name}.hea and no {base.name}.csv; check the path"
    raise FormatError(f"{path}: expected a WFDB (.hea) or CSV (.csv) recording, found {found}")


def read_annotation(
    path: str | Path, annotator: str | None = None, *, fs: float | None = None
) -> Annotation:
    """Read the annotations of a recording.

    Parameters
    ----------
    path : str or Path
        The record (``dir/100``) with `annotator` given, or the file itself (``dir/100.atr``,
        ``dir/100annotations.txt``).
    annotator : str, optional
        Suffix of the annotation file. For ``atr``, the ``100annotations.txt`` of the CSV export
        is read where no ``100.atr`` lies there.
    fs : float, optional
        Sampling frequency in Hz, where neither the file nor the header beside it gives one.

    Returns
    -------
    Annotation
        All annotations, also those that are not beats, with subtypes and notes.

    Raises
    ------
    FormatError
        If the file is absent, damaged or cut short, or no sampling frequency is known.
    """
    path = Path(path)
    if path.name.endswith(_csv.EXPORT_SUFFIX):
        return _csv.read_export_annotation(path, fs=fs)
    if annotator is None and path.suffix and path.suffix.lower() not in _RECORD_SUFFIXES:
        path, annotator = path.with_suffix(""), path.suffix[1:]
    base = _base(path)
    if annotator is None:
        raise FormatError(
            f"{path}: expected an annotation file, found no annotator named; "
            f"name the file, like {base}.atr"
        )
    export = _with(base, _csv.EXPORT_SUFFIX)
    with reading(base, "annotations"):
        if annotator == "atr" and export.is_file() and not _with(base, ".atr").is_file():
            return _csv.read_export_annotation(export, fs=fs)
        return _wfdb.read_annotation(base, annotator, fs=fs)


def check_within(annotation: Annotation, record: Record) -> None:
    """Make sure that annotations belong to a recording of that length.

    Parameters
    ----------
    annotation : Annotation
        May be at another sampling frequency.
    record : Record
        The recording.

    Raises
    ------
    FormatError
        If an annotation lies before the first or after the last sample.
    """
    if len(annotation) == 0:
        return
    first, last = annotation.sample[[0, -1]] * (record.fs / annotation.fs)
    if first < 0 or last >= record.n_samples:
        outside = annotation.sample[0 if first < 0 else -1] / annotation.fs
        raise FormatError(
            f"annotation {annotation.name}: expected times within the {record.duration:.3f} s of "
            f"record {record.name}, found {outside:.3f} s; take the annotation of this record"
        )


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
        write_to = _text.write_csv
    elif path.suffix == ".json":
        write_to = _text.write_json
    elif path.suffix == ".parquet":
        _parquet.check_writable(path)
        write_to = _parquet.write_parquet
    elif path.suffix == ".edf":
        _edf_write.check_writable(annotation, path)
        write_to = _edf_write.write_edf
    else:
        _wfdb_write.check_writable(annotation, path)
        write_to = _wfdb_write.write_annotation
    return atomic_write(path, lambda target: write_to(annotation, target), force=force)


def _base(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in _RECORD_SUFFIXES else path


def _with(base: Path, suffix: str) -> Path:
    return Path(f"{base}{suffix}")
