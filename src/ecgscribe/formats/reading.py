"""Read recordings and annotations of any format."""

from __future__ import annotations

import dataclasses
import gzip
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.files import check_regular
from ecgscribe.formats import annotation_tables, edf, ishne
from ecgscribe.formats.aecg import open_aecg
from ecgscribe.formats.arrays import open_mat, open_npy, open_npz
from ecgscribe.formats.checks import check_packing, format_errors, without_parser_warnings
from ecgscribe.formats.csv import open_csv
from ecgscribe.formats.dicom import open_dicom
from ecgscribe.formats.finding import NEED_HEADER, find_recording, with_suffix, without_suffix
from ecgscribe.formats.mitdb_export import EXPORT_SUFFIX, read_export_annotation
from ecgscribe.formats.other_formats import other_format
from ecgscribe.formats.sniffing import Format, detect_format, head_of
from ecgscribe.formats.wfdb import annotations as wfdb_annotations
from ecgscribe.formats.wfdb.records import open_wfdb, wfdb_files
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.scratch import scratch_path

__all__ = ["Reader", "open_record", "read", "read_annotation", "recording_files"]


_PART_BYTES = 2**20
MAX_VALUES = 2**31
"""Largest number of samples, all leads together, that `read` takes into memory: 8 GiB."""


class Reader(Protocol):
    """The function of each format that opens a recording.

    Parameters
    ----------
    path : Path
        The file.
    fs : float, optional
        Sampling frequency in Hz. Required if the file does not give it, else checked against it.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default. If the file does not name its
        columns: a name for each, or some of ``lead1``, ``lead2`` … to keep. If its signals differ
        in frequency, the default is those at the frequency of the ECG leads.

    Returns
    -------
    LazyRecord
        Samples in the unit of each lead; raw counts (``NU``) of a lead without a gain; NaN where
        the file holds no valid sample.

    Raises
    ------
    FormatError
        If the file is damaged or cut short, holds no signal, or `fs` is missing or disagrees.
    """

    def __call__(
        self, path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
    ) -> LazyRecord:
        """Open the recording."""
        ...


_READERS: Mapping[Format, Reader] = {
    "edf": edf.open_edf,
    "ishne": ishne.open_ishne,
    "dicom": open_dicom,
    "aecg": open_aecg,
    "npy": open_npy,
    "npz": open_npz,
    "mat": open_mat,
    "csv": open_csv,
}


def open_record(
    path: str | Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open a recording, to be read piece by piece.

    WFDB, EDF, BDF, ISHNE and ``.npy`` are read as pieces are needed; the other formats, whose
    files are small, are read into memory at once.

    Parameters
    ----------
    path : str or Path
        A file of one of the formats of `ecgscribe.formats`, with any suffix (a WFDB header needs
        its own, ``.hea``), or a record without its suffix (``dir/100``).
    fs : float, optional
        Sampling frequency in Hz. Required if the file does not give it, else checked against it.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default. If the file does not name its
        columns, a name for each. If its signals differ in frequency, the default is those at the
        frequency of the ECG leads.

    Returns
    -------
    LazyRecord
        Samples in physical units, NaN where the file holds no valid sample.

    Raises
    ------
    FormatError
        If the recording is missing, damaged, cut short or of another format, or its sampling
        frequency is missing, 0 or differs from `fs`. `LazyRecord.read` raises it if the damage
        shows only in a piece.
    """
    path = Path(path)
    with without_parser_warnings(), format_errors(path, "a recording"):
        file, folder = _unpacked(find_recording(path))
        shown = file if folder is None else path
        with warnings.catch_warnings(record=True) as caught, _named_as(shown, file):
            opened = _open(file, fs=fs, leads=leads)
        for each in caught:
            warn(str(each.message).replace(str(file), str(shown)))

    def read_piece(begin: int, end: int, _: object = folder) -> NDArray[np.float32]:
        reading = format_errors(path, "a recording")
        with np.errstate(all="ignore"), reading, _named_as(shown, file):
            return opened.read(begin, end)

    return dataclasses.replace(opened, reader=read_piece)


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
    record = open_record(path, fs=fs, leads=leads)
    values = record.n_samples * len(record.leads)
    if values > MAX_VALUES:
        raise FormatError(
            f"{path}: expected at most {MAX_VALUES} samples to read into memory, found {values} "
            f"({record.duration / 3600:.1f} h); choose leads, or read in pieces (open_record)"
        )
    return record.record()


def _open(file: Path, *, fs: float | None, leads: Sequence[str] | None) -> LazyRecord:
    suffix = file.suffix.lower()
    if suffix == ".hea":  # even if it is too damaged to be detected
        return open_wfdb(file, fs=fs, leads=leads)
    detected = detect_format(file)
    other = other_format(head_of(file)) if detected is None else None
    if detected is None and other is None and suffix in (".csv", ".tsv"):
        detected = "csv"
    if detected is not None and detected in _READERS:
        return _READERS[detected](file, fs=fs, leads=leads)
    if detected == "wfdb":
        found = f"a WFDB header; rename it {file.stem}.hea, next to its signal files"
    elif other is not None:
        found = other
    elif suffix in NEED_HEADER:
        found = f"no {file.stem}.hea; put the header next to its signal file"
    else:
        found = "another format; convert it first"
    raise FormatError(f"{file}: expected a recording that ecgscribe reads, found {found}")


class _Folder:
    """A temporary folder that is removed when nothing refers to this any more."""

    def __init__(self) -> None:
        self.path = scratch_path(Path(tempfile.gettempdir()))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        self.path.mkdir(mode=0o700)


def _unpacked(file: Path) -> tuple[Path, _Folder | None]:
    """Unpack a file compressed by gzip to a temporary folder."""
    if file.suffix.lower() == ".hea" or detect_format(file) != "gzip":
        return file, None
    folder = _Folder()
    target = folder.path / (file.stem if file.suffix.lower() == ".gz" else file.name)
    size, written = file.stat().st_size, 0
    with gzip.open(file) as packed, target.open("wb") as unpacked:
        while part := packed.read(_PART_BYTES):
            written += unpacked.write(part)
            check_packing(file, written, size)
    return target, folder


@contextmanager
def _named_as(path: Path, file: Path) -> Iterator[None]:
    """Name in errors the file that was given, not the one that was unpacked."""
    try:
        yield
    except FormatError as error:
        error.args = (str(error).replace(str(file), str(path)), *error.args[1:])
        raise


def recording_files(path: str | Path) -> list[Path]:
    """List the files of a recording: for WFDB, the header and the signal files.

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
    file = find_recording(Path(path))
    return wfdb_files(without_suffix(file)) if file.suffix.lower() == ".hea" else [file]


def read_annotation(
    path: str | Path, annotator: str | None = None, *, fs: float | None = None
) -> Annotation:
    """Read the annotations of a recording.

    Parameters
    ----------
    path : str or Path
        The record (``dir/100``) with `annotator` given, or the file itself (``dir/100.atr``,
        ``dir/100.ann``, ``dir/100.edf``, ``dir/100annotations.txt``, and the tables that `write`
        writes, ``dir/100.scribe.csv`` and ``dir/100.scribe.parquet``).
    annotator : str, optional
        Suffix of the annotation file. For ``atr``, the ``100annotations.txt`` of the CSV export
        is read if ``100.atr`` is missing.
    fs : float, optional
        Sampling frequency in Hz, if neither the file nor the header next to it gives one.

    Returns
    -------
    Annotation
        All annotations, also those that are not beats, with subtypes and notes.

    Raises
    ------
    FormatError
        If the file is missing, damaged or cut short, or the sampling frequency is unknown.
    """
    path = Path(path)
    file = path if annotator is None else with_suffix(without_suffix(path), f".{annotator}")
    with without_parser_warnings(), format_errors(file, "annotations"):
        check_regular(file)
        detected = detect_format(file) if file.is_file() else None
        if detected == "edf":
            return edf.read_annotation(file, fs=fs)
        if detected == "ishne":
            return ishne.read_annotation(file, fs=fs)
    if annotator is None and path.suffix.lower() in annotation_tables.SUFFIXES:
        return annotation_tables.read_annotation(path, fs=fs)
    if path.name.endswith(EXPORT_SUFFIX):
        return read_export_annotation(path, fs=fs)
    if annotator is None and path.suffix and without_suffix(path) == path:
        path, annotator = path.with_suffix(""), path.suffix[1:]
    base = without_suffix(path)
    if annotator is None:
        raise FormatError(
            f"{path}: expected an annotation file, found no annotator named; "
            f"name the file, like {base}.atr"
        )
    export = with_suffix(base, EXPORT_SUFFIX)
    with without_parser_warnings(), format_errors(base, "annotations"):
        if annotator == "atr" and export.is_file() and not with_suffix(base, ".atr").is_file():
            return read_export_annotation(export, fs=fs)
        return wfdb_annotations.read_annotation(base, annotator, fs=fs)
