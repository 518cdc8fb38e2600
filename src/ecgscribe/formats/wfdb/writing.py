"""Write WFDB records and annotation files, through the wfdb library."""

from __future__ import annotations

import dataclasses
import errno
import re
from pathlib import Path

import numpy as np

from ecgscribe.errors import FormatError
from ecgscribe.files import refusals, write_together
from ecgscribe.formats.wfdb.annotations import read_annotation
from ecgscribe.record import Annotation, Record, has_date
from ecgscribe.scratch import scratch_folder

__all__ = ["check_writable", "write_annotation", "write_record"]


_GAIN = 1000.0
_HIGHEST = 32.767
"""Largest sample of 16 bits at that gain; the lowest number stands for a missing one."""
_NOTE_BYTES = 255  # the length of a note is one byte in the file
PART = 20_000
"""Annotations that wfdb writes at once."""
END = b"\0\0"
_FIRST_ANNOTATION = 0  # sample where readers look for definitions, which are notes
# Suffixes of files with signals, headers or checksums, which annotations must not replace.
_RESERVED = {"dat", "hea", "mat", "edf", "dcm", "xml", "txt", "zip"}


def check_writable(annotation: Annotation, path: Path) -> None:
    """Raise an error for what a WFDB annotation file cannot hold, before anything is written.

    Parameters
    ----------
    annotation : Annotation
        What will be written.
    path : Path
        Where; the suffix is the annotator.

    Raises
    ------
    FormatError
        If the annotator has other characters than letters or is the suffix of another kind of
        file, or a sample, symbol, subtype or note does not fit the format.
    """
    from wfdb.io.annotation import ann_label_table

    annotator = path.suffix[1:]
    if not re.fullmatch("[A-Za-z]+", annotator) or annotator.lower() in _RESERVED:
        raise FormatError(
            f"{path}: expected a suffix of letters that names the annotator, found "
            f"{path.suffix or 'none'}; use .scribe, .csv, .json, .parquet or .edf"
        )
    symbols = set(ann_label_table["symbol"]) - {" "}
    unknown = sorted(set(annotation.symbol.tolist()) - symbols)
    if unknown:
        raise FormatError(
            f"{path}: expected WFDB annotation symbols, found {' '.join(unknown)}; "
            "see ecgscribe.symbols, or write .csv"
        )
    if len(annotation) and annotation.sample[0] < 0:
        raise FormatError(
            f"{path}: expected samples from 0 on, found {annotation.sample[0]}; correct the sample"
        )
    if np.any(np.abs(annotation.subtype + 0.5) > 128):
        raise FormatError(f"{path}: expected subtypes from -128 to 127, found others; correct them")
    for note in set(annotation.aux_note.tolist()):
        if len(note) > _NOTE_BYTES or not re.fullmatch("[\x20-\x7e\xa0-\xff]*", note):
            raise FormatError(
                f"{path}: expected notes of at most {_NOTE_BYTES} printable Latin characters, "
                f"found {note[:30]!r}; shorten the note, or write .json"
            )
        if note.startswith("## "):
            raise FormatError(
                f"{path}: expected no note that begins with ##, which readers take for a "
                f"definition, found {note[:30]!r}; change the note, or write .json"
            )
    at_start = annotation.sample == _FIRST_ANNOTATION
    if np.any(at_start & (annotation.symbol == '"')):
        raise FormatError(
            f'{path}: expected no note (") at sample 0, where readers look for definitions, '
            "found one; move it to sample 1"
        )


def write_annotation(annotation: Annotation, path: Path) -> None:
    """Write `annotation`, already checked, to `path`, with the sampling frequency in the file.

    Parameters
    ----------
    annotation : Annotation
        At most 2**31 samples between one annotation and the next.
    path : Path
        A file in a folder of its own: wfdb names its output itself.

    Raises
    ------
    OSError
        If the system refuses, or reading the file back gives other annotations.
    """
    annotator = path.suffix[1:]
    if len(annotation) == 0:
        # wfdb cannot write an empty file, but a record without beats is a result too.
        path.write_bytes(_empty(annotation.fs))
        return
    # wfdb needs a kilobyte of memory per annotation, so it writes one part at a time.
    with path.open("wb") as file:
        for begin in range(0, len(annotation), PART):
            part = annotation.select(slice(begin, begin + PART))
            before = int(annotation.sample[begin - 1]) if begin else 0
            written = _part(
                part, before, path.with_name(f"annotation.{annotator}"), first=not begin
            )
            file.write(written.removesuffix(END))
        file.write(END)


def _part(annotation: Annotation, before: int, file: Path, *, first: bool) -> bytes:
    """Return the bytes that wfdb writes for annotations after one at sample `before`."""
    import wfdb

    shifted = dataclasses.replace(annotation, sample=annotation.sample - before)
    wfdb.wrann(
        file.stem,  # not the name of the record, because wfdb allows fewer characters
        file.suffix[1:],
        shifted.sample,
        symbol=shifted.symbol.tolist(),
        subtype=shifted.subtype,
        aux_note=shifted.aux_note.tolist(),
        fs=float(shifted.fs) if first else None,
        write_dir=str(file.parent),
    )
    # wfdb writes with tofile of numpy, which misses the last error of a full disk.
    if not _reads_back(file, shifted):
        raise OSError(errno.EIO, "the file came out short")
    return file.read_bytes()


def write_record(record: Record, folder: str | Path, *, force: bool = False) -> Path:
    """Write a record as WFDB, with 16 bits in steps of a thousandth of its unit.

    Parameters
    ----------
    record : Record
        Within 32.767 units of zero, the range of 16 bits. The start and the comments are written,
        too.
    folder : str or Path
        Folder for the header and the signal file, which are named after the record.
    force : bool
        Replace existing files.

    Returns
    -------
    Path
        The record, without a suffix.

    Raises
    ------
    FormatError
        If a file exists and `force` is false, the record does not fit the format, or the system
        refuses.
    """
    import wfdb

    _check_record(record)
    folder = Path(folder)
    start = record.start
    names = [f"{record.name}{suffix}" for suffix in (".dat", ".hea")]
    with refusals(folder / names[0]), scratch_folder(folder) as scratch:
        wfdb.wrsamp(
            record.name,
            fs=record.fs,
            units=list(record.units),
            sig_name=list(record.leads),
            p_signal=record.signal.astype(np.float64),
            fmt=["16"] * len(record.leads),
            adc_gain=[_GAIN] * len(record.leads),
            baseline=[0] * len(record.leads),
            comments=list(record.comments),
            base_time=None if start is None else start.time(),
            base_date=start.date() if start is not None and has_date(start) else None,
            write_dir=str(scratch),
        )
        contents = {folder / name: (scratch / name).read_bytes() for name in names}
        # As above, wfdb does not notice the last error of a full disk.
        if len(contents[folder / names[0]]) != 2 * record.signal.size:
            raise OSError(errno.EIO, "the file came out short")
    write_together(contents, force=force)
    return folder / record.name


def _check_record(record: Record) -> None:
    """Raise an error for what a WFDB record of 16 bits cannot hold."""
    finite = np.abs(record.signal[~np.isnan(record.signal)])
    highest = float(finite.max(initial=0))
    problem = None
    if not re.fullmatch("[A-Za-z0-9_-]+", record.name):
        problem = "a name of letters, digits, - and _", repr(record.name), "rename it"
    elif not record.n_samples:
        problem = "samples", "none", "give some"
    elif highest > _HIGHEST:
        problem = f"samples within {_HIGHEST} of zero", f"{highest:g}", "convert them to mV"
    elif len(set(record.leads)) < len(record.leads):
        problem = "a different name for each lead", ", ".join(record.leads), "rename them"
    elif any(not unit or re.search(r"\s", unit) for unit in record.units):
        problem = "units without blanks", ", ".join(map(repr, record.units)), "correct them"
    elif any(re.search(r"[\r\n]", text) for text in (*record.leads, *record.comments)):
        problem = "leads and comments of one line each", "others", "split them"
    if problem:
        expected, found, remedy = problem
        raise FormatError(f"record {record.name}: expected {expected}, found {found}; {remedy}")


def _reads_back(file: Path, annotation: Annotation) -> bool:
    try:
        read = read_annotation(file.with_suffix(""), file.suffix[1:], fs=annotation.fs)
    except FormatError:
        return False
    return np.array_equal(read.sample, annotation.sample) and np.array_equal(
        read.symbol, annotation.symbol
    )


def _empty(fs: float) -> bytes:
    # A note at sample 0 that gives the frequency, and the end mark: annot-5 of the WFDB manual.
    text = f"## time resolution: {fs:.10g}".encode("ascii")
    padding = b"\0" * (len(text) % 2)
    return bytes([0, 22 << 2, len(text), 63 << 2]) + text + padding + b"\0\0"
