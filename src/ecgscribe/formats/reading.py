"""Read recordings and annotations, write annotations: one module a format.

Recordings are known by their content first, then by their suffix: WFDB (``.hea`` and its signal
files), EDF, EDF+ and BDF, DICOM waveforms, ISHNE Holter, HL7 aECG (XML), NumPy and MATLAB arrays,
and tables separated by commas, semicolons or tabs. Annotations: WFDB (``100.atr``), EDF+, ISHNE
(``.ann``) and the ``100annotations.txt`` of the CSV export of mitdb. Written: WFDB annotation
files, CSV, JSON, Parquet and EDF+ annotations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats import aecg, arrays, csv, dicom, edf, ishne
from ecgscribe.formats.checks import quiet, reading
from ecgscribe.formats.sniffing import Kind, kind_of
from ecgscribe.formats.wfdb import annotations as wfdb_annotations
from ecgscribe.formatting import did_you_mean
from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["open_record", "read", "read_annotation", "recording_files"]


MAX_VALUES = 2**31
"""Most samples, all leads together, that `read` takes into memory: 8 GiB."""


# In the order in which they are looked for where a record is named without its suffix.
_RECORD_SUFFIXES = (
    ".hea", ".edf", ".bdf", ".ecg", ".dcm", ".xml", ".csv", ".tsv", ".npy", ".npz", ".mat", ".dat",
)  # fmt: skip
# Suffixes of signal files, of which only a header beside them says what they hold.
_NEED_HEADER = {".hea", ".dat", ".mat"}


def open_record(
    path: str | Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open a recording, to be read piece by piece.

    WFDB, EDF, BDF, ISHNE and ``.npy`` are read as pieces are asked for; the others, small by
    nature, are read into memory at once.

    Parameters
    ----------
    path : str or Path
        A file of one of the formats of `ecgscribe.formats`, with any suffix (a WFDB header needs
        its own, ``.hea``), or a record without its suffix (``dir/100``).
    fs : float, optional
        Sampling frequency in Hz, for a file that gives none; must agree with one that does.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default. Where a file does not name its
        columns, a name for each. Where its signals differ in frequency, the default is those at
        the frequency of the ECG leads.

    Returns
    -------
    LazyRecord
        Samples in physical units, NaN where the file holds no valid sample.

    Raises
    ------
    FormatError
        If the recording is absent, damaged, cut short or of another format, or its sampling
        frequency is missing, 0 or in conflict with `fs`. So does the source's ``read`` where only
        a piece turns out to be damaged.
    """
    path = Path(path)
    with quiet(), reading(path, "a recording"):
        file = _find(path)
        source = _open(file, kind_of(file), fs=fs, leads=leads)

    def piece(begin: int, end: int) -> NDArray[np.float32]:
        with np.errstate(all="ignore"), reading(path, "a recording"):
            return source.read(begin, end)

    return dataclasses.replace(source, read=piece)


def read(
    path: str | Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> Record:
    """Read a recording into memory; see `open_record`, which reads it piece by piece.

    Parameters
    ----------
    path, fs, leads
        See `open_record`.

    Returns
    -------
    Record
        Samples in physical units as float32, NaN where the file holds no valid sample.

    Raises
    ------
    FormatError
        As `open_record` does, and if there are more than `MAX_VALUES` samples.
    """
    source = open_record(path, fs=fs, leads=leads)
    values = source.n_samples * len(source.leads)
    if values > MAX_VALUES:
        raise FormatError(
            f"{path}: expected at most {MAX_VALUES} samples to read into memory, found {values} "
            f"({source.duration / 3600:.1f} h); choose leads, or read in pieces (open_source)"
        )
    return source.record()


def _open(
    file: Path, kind: Kind | None, *, fs: float | None, leads: Sequence[str] | None
) -> LazyRecord:
    suffix = file.suffix.lower()
    if suffix == ".hea":  # even where it is too damaged to be known
        return wfdb_annotations.open_record(file.with_suffix(""), fs=fs, leads=leads)
    if kind is None and suffix in (".csv", ".tsv"):
        kind = "csv"
    match kind:
        case "edf":
            return edf.open_record(file, fs=fs, leads=leads)
        case "ishne":
            return ishne.open_record(file, fs=fs, leads=leads)
        case "npy":
            return arrays.open_npy(file, fs=fs, leads=leads)
        case "dicom":
            return dicom.read_record(file, fs=fs, leads=leads).lazy()
        case "aecg":
            return aecg.read_record(file, fs=fs, leads=leads).lazy()
        case "npz":
            return arrays.read_npz(file, fs=fs, leads=leads).lazy()
        case "mat":
            return arrays.read_mat(file, fs=fs, leads=leads).lazy()
        case "csv":
            return csv.read_record(file, fs=fs, leads=leads).lazy()
        case "wfdb":
            found = f"a WFDB header; rename it {file.stem}.hea, beside its signal files"
        case "hdf5":
            found = "HDF5 (MATLAB 7.3?); save it with -v7"
        case None if suffix in (".dat", ".mat"):
            found = f"no {file.stem}.hea; put the header beside its signal file"
        case _:
            found = "another format; convert it first"
    raise FormatError(f"{file}: expected a recording that ecgscribe reads, found {found}")


def _find(path: Path) -> Path:
    """Find the file to read: a header rather than its signal file, or the one of that name."""
    base = _base(path)
    if path.is_file() and path.suffix.lower() not in _NEED_HEADER:
        beside = path.with_suffix(".hea")
        return beside if kind_of(path) is None and beside.is_file() else path
    if _with(base, ".hea").is_file():
        return _with(base, ".hea")
    if path.is_file():
        return path
    for suffix in _RECORD_SUFFIXES:
        if _with(base, suffix).is_file():
            return _with(base, suffix)
    if path.is_dir():
        there = sorted(_records_in(path))
        found = f"a folder; name a record in it{f', such as {path / there[0]}' if there else ''}"
    elif not path.parent.is_dir():
        found = f"no folder {path.parent}; check the path"
    else:
        hint = did_you_mean(base.name, _records_in(path.parent), otherwise="check the path")
        found = f"no {base.name}.hea and no other recording of that name; {hint}"
    raise FormatError(f"{path}: expected a recording, found {found}")


def _records_in(folder: Path) -> set[str]:
    """Name what may be recordings in a folder, without suffixes."""
    return {p.stem for p in folder.iterdir() if p.suffix.lower() in _RECORD_SUFFIXES}


def recording_files(path: str | Path) -> list[Path]:
    """List the files that a recording is made of: of WFDB, the header and the signal files.

    Parameters
    ----------
    path : str or Path
        As `open_record` takes it.

    Returns
    -------
    list of Path

    Raises
    ------
    FormatError
        If there is no recording of that name.
    """
    file = _find(Path(path))
    return wfdb_annotations.recording_files(_base(file)) if file.suffix == ".hea" else [file]


def read_annotation(
    path: str | Path, annotator: str | None = None, *, fs: float | None = None
) -> Annotation:
    """Read the annotations of a recording.

    Parameters
    ----------
    path : str or Path
        The record (``dir/100``) with `annotator` given, or the file itself (``dir/100.atr``,
        ``dir/100.ann``, ``dir/100.edf``, ``dir/100annotations.txt``).
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
    file = path if annotator is None else _with(_base(path), f".{annotator}")
    with quiet(), reading(file, "annotations"):
        kind = kind_of(file) if file.is_file() else None
        if kind == "edf":
            return edf.read_annotation(file, fs=fs)
        if kind == "ishne":
            return ishne.read_annotation(file, fs=fs)
    if path.name.endswith(csv.EXPORT_SUFFIX):
        return csv.read_export_annotation(path, fs=fs)
    if annotator is None and path.suffix and path.suffix.lower() not in _RECORD_SUFFIXES:
        path, annotator = path.with_suffix(""), path.suffix[1:]
    base = _base(path)
    if annotator is None:
        raise FormatError(
            f"{path}: expected an annotation file, found no annotator named; "
            f"name the file, like {base}.atr"
        )
    export = _with(base, csv.EXPORT_SUFFIX)
    with quiet(), reading(base, "annotations"):
        if annotator == "atr" and export.is_file() and not _with(base, ".atr").is_file():
            return csv.read_export_annotation(export, fs=fs)
        return wfdb_annotations.read_annotation(base, annotator, fs=fs)


def _base(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in _RECORD_SUFFIXES else path


def _with(base: Path, suffix: str) -> Path:
    return Path(f"{base}{suffix}")
