"""The signals of a WFDB record, read piece by piece through the wfdb library.

Header: https://physionet.org/physiotools/wag/header-5.htm; signal files:
https://physionet.org/physiotools/wag/signal-5.htm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import UNKNOWN_UNIT, check_size, to_float32
from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.wfdb.checksums import checker
from ecgscribe.formats.wfdb.header import read_header

__all__ = ["Signals", "open_signals"]


# Bytes per sample of each format; formats from 500 on are FLAC.
_BYTES = {
    "8": 1, "16": 2, "24": 3, "32": 4, "61": 2, "80": 1, "160": 2, "212": 1.5,
    "310": 4 / 3, "311": 4 / 3,
}  # fmt: skip
_FLAC = {"508", "516", "524"}
_GAP = "~"


@dataclass(frozen=True, eq=False)
class Signals:
    """The signals of one record: of one segment, or of several joined.

    Parameters
    ----------
    names, units : tuple of str
        Of each signal.
    per_frame : tuple of int
        Samples per frame of each signal.
    n_frames : int
        Length in frames.
    read : callable
        Takes columns with equal samples per frame, the first frame and the one after the last;
        returns samples in physical units, shape (samples, columns).
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    per_frame: tuple[int, ...]
    n_frames: int
    read: Callable[[Sequence[int], int, int], NDArray[np.float32]]


def open_signals(base: Path, header: Any) -> Signals:
    """Check that the signal files of a record exist and are complete, and prepare to read them.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    header : wfdb.Record or wfdb.MultiRecord
        Its header.

    Returns
    -------
    Signals

    Raises
    ------
    FormatError
        If a file is missing or shorter than the header states, or the header is inconsistent.
    """
    if hasattr(header, "seg_name"):
        return _join(base, header)
    return _one_segment(base, header)


def _one_segment(base: Path, header: Any) -> Signals:
    _consistent(base, header)
    per_frame = tuple(int(k or 1) for k in header.samps_per_frame)
    n_frames = _length(base, header, per_frame)
    if n_frames < 1 or min(per_frame) < 1:
        raise FormatError(f"{base}: expected at least one sample, found none; get a fresh copy")
    return Signals(
        names=tuple(short_names(header.sig_name)),
        units=tuple(unit or UNKNOWN_UNIT for unit in header.units),
        per_frame=per_frame,
        n_frames=n_frames,
        read=_reader(base, header, per_frame),
    )


def _reader(
    base: Path, header: Any, per_frame: Sequence[int]
) -> Callable[[Sequence[int], int, int], NDArray[np.float32]]:
    from_start = "8" in header.fmt  # differences, to be summed from the first sample
    digital = "61" not in header.fmt  # wfdb 4.3 does not return its stored values
    check = checker(base, header, per_frame)

    def read(columns: Sequence[int], begin: int, end: int) -> NDArray[np.float32]:
        import wfdb

        first = 0 if from_start else begin
        # An absolute path, because wfdb takes some relative ones for cloud addresses.
        raw = wfdb.rdrecord(
            str(base.absolute()),
            sampfrom=first,
            sampto=end,
            channels=list(columns),
            physical=not digital,
            smooth_frames=False,
            return_res=32,
        )
        if digital:
            check(columns, first, raw.e_d_signal)
            raw.dac(expanded=True, return_res=32, inplace=True)
        signal = to_float32(np.stack(raw.e_p_signal, axis=1))
        return signal[(begin - first) * (len(signal) // (end - first)) :]

    return read


def _consistent(base: Path, header: Any) -> None:
    n = len(header.file_name or ())
    if header.n_sig != n or n == 0:
        raise FormatError(
            f"{base}: expected {header.n_sig} signals as its header's first line says, found "
            f"{n} lines; get a fresh copy"
        )
    unknown = {fmt for fmt in header.fmt if fmt not in _BYTES and fmt not in _FLAC}
    if unknown:
        raise FormatError(
            f"{base}: expected a signal format of WFDB, found {', '.join(sorted(unknown))}; "
            "convert it first"
        )
    for name in set(header.file_name):
        columns = [k for k in range(n) if header.file_name[k] == name]
        if columns != list(range(columns[0], columns[-1] + 1)) or any(
            header.fmt[k] != header.fmt[columns[0]] for k in columns
        ):
            raise FormatError(
                f"{base}: expected the signals of {name} next to each other and in one format, "
                "found others between them; correct the header"
            )


def _length(base: Path, header: Any, per_frame: Sequence[int]) -> int:
    """Return the frames of a segment: those that the header states, else those in its files."""
    lengths = []
    for name in set(header.file_name):
        columns = [k for k in range(header.n_sig) if header.file_name[k] == name]
        offset = int(header.byte_offset[columns[0]] or 0)
        samples = sum(per_frame[k] for k in columns)
        file = base.with_name(name)
        if header.fmt[columns[0]] in _FLAC:
            available, step = _flac_frames(file) - offset, float(per_frame[columns[0]])
        else:
            available = file.stat().st_size - offset
            step = samples * _BYTES[header.fmt[columns[0]]]
        if header.sig_len is not None:
            check_size(file, math.ceil(header.sig_len * step), available)
        lengths.append(int(available // step))
    return min(lengths) if header.sig_len is None else int(header.sig_len)


def _flac_frames(file: Path) -> int:
    import soundfile

    with file.open("rb") as stream:
        return int(soundfile.info(stream).frames)


def _join(base: Path, header: Any) -> Signals:
    """Join the segments of a record; leads that a segment lacks are NaN in it."""
    names = [name or "" for name in header.seg_name]
    lengths = [int(n) for n in header.seg_len]
    if header.n_seg != len(names) or not names:
        raise FormatError(
            f"{base}: expected {header.n_seg} segments as its header's first line says, found "
            f"{len(names)} lines; get a fresh copy"
        )
    layout = None
    if lengths[0] == 0:  # a variable layout: the first segment lists all leads, without samples
        layout = read_header(base.with_name(names[0]))
        names, lengths = names[1:], lengths[1:]
    parts = {name: _segment(base, header, name) for name in dict.fromkeys(names) if name != _GAP}
    if not parts:
        raise FormatError(
            f"{base}: expected at least one segment, found gaps only; get a fresh copy"
        )
    for name, length in zip(names, lengths, strict=True):
        if name != _GAP and parts[name].n_frames != length:
            raise FormatError(
                f"{base}: expected {length} samples in segment {name}, found "
                f"{parts[name].n_frames}; get a fresh copy"
            )
    n_frames = sum(lengths)
    if header.sig_len is not None and header.sig_len != n_frames:
        raise FormatError(
            f"{base}: expected {header.sig_len} samples, found {n_frames} in its segments; "
            "get a fresh copy"
        )
    first = next(iter(parts.values()))
    leads = first.names if layout is None else tuple(short_names(layout.sig_name or ()))
    places = {
        name: _places(base, name, part, leads, by_name=layout is not None)
        for name, part in parts.items()
    }
    units, per_frame = _agreed(base, parts, places, leads)
    begins = np.cumsum([0, *lengths])

    def read(columns: Sequence[int], begin: int, end: int) -> NDArray[np.float32]:
        step = per_frame[columns[0]]
        signal = np.full(((end - begin) * step, len(columns)), np.nan, dtype=np.float32)
        for k in range(
            int(np.searchsorted(begins, begin, "right")) - 1,
            int(np.searchsorted(begins, end, "left")),
        ):
            columns_here = {} if names[k] == _GAP else places[names[k]]
            to = [i for i, column in enumerate(columns) if column in columns_here]
            a, b = max(begin, int(begins[k])), min(end, int(begins[k + 1]))
            if to and a < b:
                part = parts[names[k]].read(
                    [columns_here[columns[i]] for i in to], a - int(begins[k]), b - int(begins[k])
                )
                signal[(a - begin) * step : (b - begin) * step, to] = part
        return signal

    return Signals(names=leads, units=units, per_frame=per_frame, n_frames=n_frames, read=read)


def _segment(base: Path, record: Any, name: str) -> Signals:
    path = base.with_name(name)
    header = read_header(path)
    if hasattr(header, "seg_name") or not header.n_sig:
        raise FormatError(
            f"{path}: expected a segment with signals of its own, found none; get a fresh copy"
        )
    if header.fs != record.fs:
        raise FormatError(
            f"{path}: expected {record.fs:g} Hz as in {base.name}, found {header.fs:g} Hz; "
            "correct the header"
        )
    return _one_segment(path, header)


def _places(
    base: Path, name: str, part: Signals, leads: Sequence[str], *, by_name: bool
) -> dict[int, int]:
    """Return, for each lead of the record, its signal in a segment."""
    if by_name:
        return {leads.index(lead): k for k, lead in enumerate(part.names) if lead in leads}
    if part.names != leads:
        raise FormatError(
            f"{base}: expected leads {', '.join(leads)} in segment {name}, found "
            f"{', '.join(part.names)}; correct the headers"
        )
    return {k: k for k in range(len(leads))}


def _agreed(
    base: Path,
    parts: dict[str, Signals],
    places: dict[str, dict[int, int]],
    leads: Sequence[str],
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the unit and the samples per frame of each lead, equal in all segments."""
    agreed: list[tuple[str, int]] = []
    for lead in range(len(leads)):
        kinds = {
            (parts[name].units[columns[lead]], parts[name].per_frame[columns[lead]])
            for name, columns in places.items()
            if lead in columns
        }
        if len(kinds) > 1:
            raise FormatError(
                f"{base}: expected lead {leads[lead]} in one unit and at one frequency, found "
                "segments that differ; correct the headers"
            )
        agreed.append(kinds.pop() if kinds else (UNKNOWN_UNIT, 1))
    return tuple(unit for unit, _ in agreed), tuple(n for _, n in agreed)
