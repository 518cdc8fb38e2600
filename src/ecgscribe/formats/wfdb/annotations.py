"""WFDB annotation files.

Their format: https://physionet.org/physiotools/wag/annot-5.htm. The wfdb library reads the same, at
a word a call; a file of a million annotations takes it a minute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import format_errors, resolve_fs
from ecgscribe.formats.other_formats import other_format
from ecgscribe.formats.sniffing import detect_format
from ecgscribe.formats.wfdb.header import read_header
from ecgscribe.record import Annotation

__all__ = ["read_annotation"]


SYMBOLS = """ NLRaVFJASEj/Q~"|"sT*D"=pB^t+u?![]en@xf()r"""
"""Symbols by their codes; the first is of no annotation. A code without one is a note (``"``)."""
_NOTE = 22
_SKIP, _SUB, _AUX = 59, 61, 63
"""Codes of what belongs to an annotation: SKIP comes before it, those above it after it."""

# A note begins after the byte FC; without it, these letters are the bytes of ordinary beats too
# (at 1,000 Hz, an A 803 samples after the beat before it and 800 before the next).
_DEFINITION = re.compile(rb"(.)[\xfc-\xff](?=(## .{0,252}))", re.DOTALL)
"""A note that is a definition, after the byte of its length. Two bits of the code of a note belong
to the length, but no definition is long enough to set them."""
_RESOLUTION = re.compile(rb"## time resolution: (\d+\.?\d*)")
_FORMATS = {"aecg": "XML", "csv": "text", "gzip": "a .gz file", "npz": "a ZIP archive"}
"""What users call a format that a file is recognised as."""
_LABEL = re.compile(r"(\d+) (\S+) .+")
_LABELS = [b"## annotation type definitions", b"## end of definitions"]


def read_annotation(base: Path, annotator: str, *, fs: float | None = None) -> Annotation:
    """Read a WFDB annotation file.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    annotator : str
        Suffix of the annotation file.
    fs : float, optional
        Used if neither the file nor a header next to it gives the frequency.

    Returns
    -------
    Annotation
        NUL bytes that some writers add to notes are removed; a code that the file does not define
        becomes a note (``"``).

    Raises
    ------
    FormatError
        If the file is missing, damaged or cut short, or the frequency is unknown.
    """
    file = Path(f"{base}.{annotator}")
    header = Path(f"{base}.hea")
    check_regular(file)
    with format_errors(file, "a WFDB annotation file"):
        resolution = _check_annotation_bytes(file)
        raw = _decode(np.frombuffer(file.read_bytes(), "<u2"))
        start = None
        if header.is_file():
            about = read_header(base)
            start, resolution = about.start, resolution or about.fs
        if len(raw.sample) and raw.sample[0] < 0:
            raise FormatError(
                f"{file}: expected samples from 0 on, found {raw.sample[0]}; get a fresh copy"
            )
        return Annotation(
            sample=raw.sample,
            symbol=raw.symbol,
            fs=resolve_fs(file, resolution or fs, None),
            subtype=raw.subtype,
            aux_note=raw.aux_note,
            name=base.name,
            start=start,
        )


def _check_annotation_bytes(file: Path) -> float | None:
    # wfdb takes the last two bytes for the end mark whatever they are, and never returns from an
    # unknown definition (a note that begins with "## ") or one that a damaged length cuts: both
    # are errors before wfdb sees the file.
    data = file.read_bytes()
    has_end = len(data) % 2 == 0 and data.endswith(b"\0\0")
    if not has_end or file.suffix.lower() == ".gz":  # a .gz file ends as annotations do
        _refuse_other_format(file, data)
    if not has_end:
        raise FormatError(
            f"{file}: expected a WFDB annotation file with its end mark, found none; "
            "it was cut short or is another format: get a fresh copy"
        )
    notes = [note[: length[0]] for length, note in _DEFINITION.findall(data)]
    resolution = [found[1] for found in map(_RESOLUTION.match, notes) if found]
    others = [note for note in notes if not _RESOLUTION.match(note)]
    if len(resolution) > 1 or others not in ([], _LABELS):
        raise FormatError(
            f"{file}: expected the definitions of a WFDB annotation file, found an unknown one; "
            "write the file again without notes that begin with ##"
        )
    return float(resolution[0]) if resolution else None


_Words = NDArray[np.integer[Any]]


def _refuse_other_format(file: Path, data: bytes) -> None:
    """Raise an error that names the format of a file which is recognised as another one."""
    detected = detect_format(file)
    found = other_format(data) if detected is None else _FORMATS.get(detected, detected.upper())
    if data and found is not None:
        raise FormatError(
            f"{file}: expected annotations as WFDB (such as .atr), CSV or Parquet of ecgscribe, "
            f"EDF+ or ISHNE, found {found.partition(';')[0]}; write or unpack them as one of these "
            "(annotate -f wfdb, csv, parquet or edf)"
        )


class _Columns(NamedTuple):
    """What a file holds of each annotation."""

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    subtype: NDArray[np.int64]
    aux_note: NDArray[np.str_]


def _decode(words: _Words) -> _Columns:
    """Decode the words of a file, without those that define symbols or the frequency."""
    words = words[:-1]  # without the end mark
    code, low = words >> 10, words & 0x3FF
    is_own, skips, notes = _payloads(words, code)
    is_first = is_own & (code < _SKIP)  # of an annotation
    number = np.cumsum(is_first)  # of annotations up to each word
    if np.any(number[is_own & (code > _SKIP)] == 0):
        raise ValueError("a note or subtype before any annotation")
    step = low[is_first].astype(np.int64)
    for at, length in skips:
        step[number[at]] += length  # fails where no annotation follows
    label = code[is_first].astype(np.int64)
    sample = np.cumsum(step)
    subtype = np.zeros(len(sample), dtype=np.int64)
    has_subtype = is_own & (code == _SUB)
    subtype[number[has_subtype] - 1] = (low[has_subtype] & 0xFF).astype(np.int8)
    aux_note = np.full(len(sample), "", dtype=object)
    for at, note in notes:
        aux_note[number[at] - 1] = note
    about_file = (sample == 0) & (label == _NOTE)
    symbols = _symbols(aux_note[about_file].tolist())
    kept = (label != 0) & ~about_file
    return _Columns(
        sample[kept],
        symbols[label[kept]],
        subtype[kept],
        np.array([note.rstrip("\0") for note in aux_note[kept].tolist()], dtype=np.str_),
    )


def _payloads(
    words: _Words, code: _Words
) -> tuple[NDArray[np.bool_], list[tuple[int, int]], list[tuple[int, str]]]:
    """Find the words that have a code of their own, and what the others hold.

    Returns
    -------
    is_own : ndarray of bool
        False in a note, and in the samples of a SKIP.
    skips : list of tuple of int and int
        Word and samples of each SKIP.
    notes : list of tuple of int and str
        Word and text of each note.
    """
    skips: list[tuple[int, int]] = []
    notes: list[tuple[int, str]] = []
    data = words.tobytes()
    within = np.zeros(len(words) + 1, dtype=np.int8)  # +1 where a payload begins, -1 after it
    after = 0
    for at in np.flatnonzero((code == _SKIP) | (code == _AUX)).tolist():
        if at < after:
            continue
        if code[at] == _SKIP:
            after = at + 3
            high, low = words[at + 1 : after].tolist()  # fails if the file is cut short
            skips.append((at, (high << 16 | low) - (high >> 15 << 32)))
        else:
            length = data[2 * at]
            after = at + 1 + (length + 1) // 2
            notes.append((at, data[2 * at + 2 : 2 * at + 2 + length].decode("latin-1")))
        if after > len(words):
            raise ValueError("a note is longer than the file")
        within[at + 1] += 1
        within[after] -= 1
    return np.cumsum(within[:-1], dtype=np.int8) == 0, skips, notes


def _symbols(definitions: Sequence[str]) -> NDArray[np.str_]:
    """Return the symbol of each code, with those that the notes of a file define."""
    symbols = list(SYMBOLS.ljust(_SKIP, SYMBOLS[_NOTE]))
    for code, symbol in (found.groups() for found in map(_LABEL.fullmatch, definitions) if found):
        if int(code) < _SKIP:
            symbols[int(code)] = symbol
    return np.array(symbols, dtype=np.str_)
