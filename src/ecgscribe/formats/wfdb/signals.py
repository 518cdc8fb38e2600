"""The signals of a WFDB record, read piece by piece.

Header: https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import (
    UNKNOWN_UNIT,
    check_size,
    same_but_for_case,
    to_float32,
)
from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.sample_times import check_gaps
from ecgscribe.formats.wfdb.checksums import checker
from ecgscribe.formats.wfdb.decoding import BYTES_PER_SAMPLE, FLAC, INVALID, SignalFile
from ecgscribe.formats.wfdb.header import Header, SignalLine, read_header
from ecgscribe.leads import MILLIVOLTS

__all__ = ["Signals", "open_signals"]


_GAP = "~"
_SAME_FS = 1e-4
"""Share by which the frequency of a segment may differ: it is rounded in some headers."""


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


def open_signals(base: Path, header: Header) -> Signals:
    """Check that the signal files of a record exist and are complete, and prepare to read them.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    header : Header
        Its header.

    Returns
    -------
    Signals

    Raises
    ------
    FormatError
        If a file is missing or shorter than the header states, or the header is inconsistent.
    """
    return _join(base, header) if header.n_segments else _one_segment(base, header)


def _one_segment(base: Path, header: Header) -> Signals:
    _consistent(base, header)
    per_frame = tuple(line.per_frame for line in header.signals)
    if min(per_frame) < 1:
        raise FormatError(f"{base}: expected at least one sample, found none; get a fresh copy")
    files = _files(base, header)
    n_frames = next(iter(files.values())).n_frames
    if n_frames < 1:
        raise FormatError(f"{base}: expected at least one sample, found none; get a fresh copy")
    return Signals(
        names=tuple(short_names([line.name for line in header.signals])),
        units=tuple(line.unit for line in header.signals),
        per_frame=per_frame,
        n_frames=n_frames,
        read=_reader(base, header, files),
    )


def _reader(
    base: Path, header: Header, files: Mapping[str, SignalFile]
) -> Callable[[Sequence[int], int, int], NDArray[np.float32]]:
    n_frames = next(iter(files.values())).n_frames
    check = checker(base, header.signals, n_frames if header.n_frames else None)

    def read(columns: Sequence[int], begin: int, end: int) -> NDArray[np.float32]:
        digital: dict[int, NDArray[np.int64]] = {}
        for name, file in files.items():
            own = [k for k, line in enumerate(header.signals) if line.file_name == name]
            wanted = [k for k in own if k in columns]
            if wanted:
                samples = file.signals([own.index(k) for k in wanted], begin, end)
                digital |= dict(zip(wanted, samples, strict=True))
        check(columns, begin, [digital[k] for k in columns])
        return np.stack([_physical(header.signals[k], digital[k]) for k in columns], axis=1)

    return read


def _physical(line: SignalLine, digital: NDArray[np.int64]) -> NDArray[np.float32]:
    signal = (digital.astype(np.float32) - np.float32(line.baseline)) / np.float32(line.gain)
    signal[digital == INVALID[line.fmt]] = np.nan
    return to_float32(signal)


def _consistent(base: Path, header: Header) -> None:
    n, lines = len(header.signals), header.signals
    if header.n_signals != n or n == 0:
        raise FormatError(
            f"{base}: expected {header.n_signals} signals as its header's first line says, found "
            f"{n} lines; get a fresh copy"
        )
    unknown = {line.fmt for line in lines} - set(BYTES_PER_SAMPLE) - FLAC
    if unknown:
        raise FormatError(
            f"{base}: expected a signal format of WFDB, found {', '.join(sorted(unknown))}; "
            "convert it first"
        )
    for name in {line.file_name for line in lines}:
        columns = [k for k in range(n) if lines[k].file_name == name]
        if columns != list(range(columns[0], columns[-1] + 1)) or any(
            lines[k].fmt != lines[columns[0]].fmt for k in columns
        ):
            raise FormatError(
                f"{base}: expected the signals of {name} next to each other and in one format, "
                "found others between them; correct the header"
            )


def _files(base: Path, header: Header) -> dict[str, SignalFile]:
    """Return the signal files by their names in the header; capitals do not matter there."""
    paths, lengths = {}, []
    for name in dict.fromkeys(line.file_name for line in header.signals):
        path = paths[name] = same_but_for_case(base.with_name(name))
        check_regular(path)
        lines = [line for line in header.signals if line.file_name == name]
        if lines[0].fmt in FLAC:
            available, step = _flac_samples(path) - lines[0].byte_offset, lines[0].per_frame * 1.0
        else:
            available = path.stat().st_size - lines[0].byte_offset
            step = sum(line.per_frame for line in lines) * BYTES_PER_SAMPLE[lines[0].fmt]
        if header.n_frames is not None:
            check_size(path, math.ceil(header.n_frames * step), available)
        lengths.append(max(int(available // step), 0))
    # Without a length in the header, the shortest file decides.
    n_frames = min(lengths) if header.n_frames is None else header.n_frames
    if min(lengths) > n_frames + header.fs:
        warn(
            f"{base}: only {n_frames / header.fs:.1f} s are read, as its header says, of "
            f"{min(lengths) / header.fs:.1f} s in the signal file"
        )
    return {
        name: SignalFile(
            path, [line for line in header.signals if line.file_name == name], n_frames
        )
        for name, path in paths.items()
    }


def _flac_samples(file: Path) -> int:
    import soundfile

    with file.open("rb") as stream:
        return int(soundfile.info(stream).frames)


def _join(base: Path, header: Header) -> Signals:
    """Join the segments of a record; leads that a segment lacks are NaN in it."""
    names = [segment.name for segment in header.segments]
    lengths = [segment.n_frames for segment in header.segments]
    if header.n_segments != len(names) or not names:
        raise FormatError(
            f"{base}: expected {header.n_segments} segments as its header's first line says, found "
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
    if header.n_frames is not None and header.n_frames != n_frames:
        raise FormatError(
            f"{base}: expected {header.n_frames} samples, found {n_frames} in its segments; "
            "get a fresh copy"
        )
    gaps = [length for name, length in zip(names, lengths, strict=True) if name == _GAP]
    check_gaps(base, float(sum(gaps)), header.fs)
    every = tuple(dict.fromkeys(lead for part in parts.values() for lead in part.names))
    by_name = layout is not None or len(every) == header.n_signals
    if layout is not None:
        leads = tuple(short_names([line.name for line in layout.signals]))
    else:
        leads = every if by_name else next(iter(parts.values())).names
    places = {
        name: _places(base, name, part, leads, by_name=by_name) for name, part in parts.items()
    }
    units, per_frame = _agreed(base, parts, places, leads)
    factors = {name: _factors(part.units, places[name], units) for name, part in parts.items()}
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
                own = np.array([factors[names[k]][columns[i]] for i in to], dtype=np.float32)
                signal[(a - begin) * step : (b - begin) * step, to] = part * own
        return signal

    return Signals(names=leads, units=units, per_frame=per_frame, n_frames=n_frames, read=read)


def _segment(base: Path, record: Header, name: str) -> Signals:
    path = base.with_name(name)
    header = read_header(path)
    if header.n_segments or not header.n_signals:
        raise FormatError(
            f"{path}: expected a segment with signals of its own, found none; get a fresh copy"
        )
    if not math.isclose(header.fs, record.fs, rel_tol=_SAME_FS):
        raise FormatError(
            f"{path}: expected {record.fs:.9g} Hz as in {base.name}, found {header.fs:.9g} Hz; "
            "correct the header"
        )
    return _one_segment(path, header)


def _places(
    base: Path, name: str, part: Signals, leads: Sequence[str], *, by_name: bool
) -> dict[int, int]:
    """Return, for each lead of the record, its signal in a segment; capitals do not matter."""
    wanted, own = ([lead.lower() for lead in names] for names in (leads, part.names))
    if not by_name and set(own) != set(wanted):
        raise FormatError(
            f"{base}: expected leads {', '.join(leads)} in segment {name}, found "
            f"{', '.join(part.names)}; correct the headers"
        )
    return {wanted.index(lead): k for k, lead in enumerate(own) if lead in wanted}


def _agreed(
    base: Path,
    parts: dict[str, Signals],
    places: dict[str, dict[int, int]],
    leads: Sequence[str],
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the unit and the samples per frame of each lead, equal in all segments.

    Of several units of voltage, it is that of the first segment.
    """
    agreed: list[tuple[str, int]] = []
    for lead in range(len(leads)):
        kinds = {
            (parts[name].units[columns[lead]], parts[name].per_frame[columns[lead]])
            for name, columns in places.items()
            if lead in columns
        }
        unit = next((parts[name].units[c[lead]] for name, c in places.items() if lead in c), "")
        if unit.lower() in MILLIVOLTS:
            kinds = {(unit if own.lower() in MILLIVOLTS else own, n) for own, n in kinds}
        if len(kinds) > 1:
            raise FormatError(
                f"{base}: expected lead {leads[lead]} in one unit and at one frequency, found "
                "segments that differ; correct the headers"
            )
        agreed.append(kinds.pop() if kinds else (UNKNOWN_UNIT, 1))
    return tuple(unit for unit, _ in agreed), tuple(n for _, n in agreed)


def _factors(own: Sequence[str], places: dict[int, int], units: Sequence[str]) -> dict[int, float]:
    """Return what makes the samples of each lead in a segment those in the unit of the record."""
    return {
        lead: 1.0
        if own[column] == units[lead]
        else MILLIVOLTS[own[column].lower()] / MILLIVOLTS[units[lead].lower()]
        for lead, column in places.items()
    }
