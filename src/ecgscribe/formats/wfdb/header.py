"""The header of a WFDB record, read so that one odd field does not lose the others.

Header: https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

import codecs
import math
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path

from ecgscribe.errors import FormatError, warn
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import (
    UNKNOWN_UNIT,
    format_errors,
    month_number,
    same_but_for_case,
)
from ecgscribe.record import NO_DATE

__all__ = ["Header", "Segment", "SignalLine", "is_header", "read_header"]


_RECORD_NAME = re.compile(rb"[-\w]+(?:/\d+)?")
_SIGNAL_FORMAT = re.compile(rb"\d+(?:x\d+)?(?::\d+)?(?:\+\d+)?")
_NUMBER = re.compile(rb"[-+]?\d+\.?\d*")
_LEFT_OUT = dict.fromkeys((0, 0x1A, 0x85, 0x2028, 0x2029))
"""What pads or ends a file, and characters that end a line in Python, but not in WFDB."""
_FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?")
_GAIN = re.compile(
    r"([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?))"
    r"(?:\s*\(\s*\+?(-?\d+)(?:[.,]\d*)?\s*\))?(?:\s*/(\S*)|([^\W\d]?V))?(?!\S)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(r"[^/\\\0]+")
_SIGNAL_LINE = re.compile(r"(\S.*?)\s+(\d+(?:x\d+)?(?::\d+)?(?:\+\d+)?)(?:\s+(.*))?")
"""A line whose file name may hold blanks."""
_SEGMENT_NAME = re.compile(r"[-\w]+|~")
_DEFAULT_GAIN, _DEFAULT_UNIT = 200.0, "mV"
_MOST_DIGITS, _SHOWN_DIGITS = 18, 30
_N_INTEGERS = 5  # resolution, zero, first value, checksum, block size


@dataclass(frozen=True)
class SignalLine:
    """One line of a header: where a signal is stored, and in what units.

    Parameters
    ----------
    file_name, fmt, name, unit : str
    per_frame, skew, byte_offset : int
    gain : float
        Counts per unit.
    baseline : int
        The count that stands for 0 units.
    first_value : int
        What the differences of format 8 begin with.
    checksum : int or None
    resolution : int or None
        Bits of the converter, if they are stated.
    """

    file_name: str
    fmt: str
    name: str
    unit: str
    per_frame: int
    skew: int
    byte_offset: int
    gain: float
    baseline: int
    first_value: int
    checksum: int | None
    resolution: int | None


@dataclass(frozen=True)
class Segment:
    """A segment of a record: its name, ``~`` for a gap, and its length in frames."""

    name: str
    n_frames: int


@dataclass(frozen=True)
class Header:
    """A header of one segment, which has signals, or of several, which has segments.

    Parameters
    ----------
    n_signals, n_segments : int
        As the first line states; `n_segments` is 0 where it states none.
    fs : float
        Frames per second.
    n_frames : int or None
        Length, if it is stated.
    start : datetime or None
        On `NO_DATE` if the header gives the time of day alone.
    signals : tuple of SignalLine
    segments : tuple of Segment
    comments : tuple of str
    """

    n_signals: int
    n_segments: int
    fs: float
    n_frames: int | None
    start: datetime | None
    signals: tuple[SignalLine, ...]
    segments: tuple[Segment, ...]
    comments: tuple[str, ...]


def is_header(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a WFDB header."""
    every = (line.split() for line in head.splitlines())
    lines = list(islice((line for line in every if line and not line[0].startswith(b"#")), 2))
    return (
        len(lines) == 2
        and all(len(line) > 1 for line in lines)
        and _RECORD_NAME.fullmatch(lines[0][0]) is not None
        and lines[0][1].isdigit()
        and _SIGNAL_FORMAT.fullmatch(lines[1][1]) is not None
        and not all(_NUMBER.fullmatch(field) for line in lines for field in line)  # a table
    )


def read_header(base: Path) -> Header:
    """Read a header, as UTF-8 or else as Latin-1.

    Parameters
    ----------
    base : Path
        The record's or segment's path without a suffix.

    Raises
    ------
    FormatError
        If there is no sampling frequency, or a line does not have the form of its kind.

    Warns
    -----
    SignalWarning
        If the date, the time or a gain is odd, and so left out.
    """
    path = Path(f"{base}.hea")
    first, lines, comments = _lines(path)
    fs = _fs(path, first)
    name, _, n_segments = first[0].partition("/")
    n_frames, start = _length_and_start(path, first[3:])
    if not name or not first[1].isdigit() or (n_segments and not n_segments.isdigit()):
        raise _damaged(path, " ".join(first))
    return Header(
        n_signals=_whole(path, first[1]),
        n_segments=_whole(path, n_segments or "0"),
        fs=fs,
        n_frames=n_frames,
        start=start,
        signals=() if n_segments else tuple(_signal(path, line) for line in lines),
        segments=tuple(_segment(path, line) for line in lines) if n_segments else (),
        comments=tuple(comments),
    )


def _lines(path: Path) -> tuple[list[str], list[str], list[str]]:
    """Return the fields of the first line, the other lines, and the comments."""
    check_regular(path)
    with format_errors(path, "a WFDB header"):
        data = same_but_for_case(path).read_bytes()
    try:
        is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    stripped = [line.strip() for line in text.translate(_LEFT_OUT).splitlines()]
    lines = [line for line in stripped if line and not line.startswith("#")]
    comments = [line.strip(" \t#") for line in stripped if line.startswith("#")]
    first = lines[0].split() if lines else []
    if lines and " " in path.stem and lines[0].startswith(f"{path.stem} "):
        first = [path.stem, *lines[0].removeprefix(path.stem).split()]
    return first, lines[1:], comments


def _fs(path: Path, first: Sequence[str]) -> float:
    # The standard assumes 250 Hz if the frequency is missing, which would put every beat of most
    # recordings at a wrong time.
    written = re.split(r"[/(]", first[2])[0] if len(first) > 2 else "nothing"
    try:
        fs = float(re.sub(r"(?i)hz$", "", written.replace(",", ".")))
    except ValueError:
        fs = math.nan
    if not (math.isfinite(fs) and fs > 0):
        raise FormatError(
            f"{path}: expected a sampling frequency above 0 Hz, found {written}; "
            "correct the header's first line"
        )
    return fs


def _length_and_start(path: Path, fields: Sequence[str]) -> tuple[int | None, datetime | None]:
    n_frames: int | None = None
    clock: time | None = None
    day: date | None = None
    odd = []
    text = re.sub(r"(\d{4}-\d\d-\d\d)T", r"\1 ", re.sub(r"[][,;]", " ", " ".join(fields)))
    for k, field in enumerate(text.split()):
        if k == 0 and field.isdigit():
            n_frames = _whole(path, field) or None  # 0 stands for an unknown length
        elif (found := _clock(field)) is not None:
            clock = found
        elif (found_day := _day(field)) is not None:
            day = found_day
        else:
            odd.append(field)
    if odd:
        warn(
            f"{path}: expected a start such as 10:20:30 01/02/2003, found {' '.join(odd)!r}; left "
            "out"
        )
    if clock is None:
        return n_frames, None if day is None or odd else datetime.combine(day, time())
    return n_frames, datetime.combine(day or NO_DATE, clock)


def _clock(field: str) -> time | None:
    zone = r"(?:Z|[-+]\d\d:?\d\d)?"  # left out: times are those of the wall clock
    match = re.fullmatch(
        rf"(?:(\d{{1,2}}):)?(\d{{1,2}}):(\d{{1,2}})(?:\.(\d{{1,6}}))?\d*{zone}", field
    )
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    try:
        micro = int((fraction or "0").ljust(6, "0"))
        return time(int(hours or 0), int(minutes), int(seconds), micro)
    except ValueError:
        return None


def _day(field: str) -> date | None:
    match = re.fullmatch(r"(\d{1,2})[-/.](\d{1,2}|[a-z]{3})[-/.](\d{4})", field, re.IGNORECASE)
    iso = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", field)
    try:
        if match is not None:
            return date(int(match[3]), month_number(match[2]), int(match[1]))
        return None if iso is None else date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        return None


def _signal(path: Path, line: str) -> SignalLine:
    fields = line.split(maxsplit=2)
    spec = _FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    with_blanks = _SIGNAL_LINE.fullmatch(line)
    if spec is None and with_blanks is not None and (path.parent / with_blanks[1]).is_file():
        fields = [each or "" for each in with_blanks.groups()]
        spec = _FORMAT.fullmatch(fields[1])
    file_name = "" if spec is None else fields[0]
    if spec is None or not _FILE_NAME.fullmatch(file_name):
        file_name = re.split(r"[/\\]", file_name)[-1]
        is_here = bool(file_name) and (path.parent / file_name).is_file()
        if spec is None or "://" in line or not is_here:
            raise _damaged(path, line)
        warn(f"{path}: the signal file is read next to its header, not from {fields[0]}")
    rest = fields[2] if len(fields) > 2 else ""
    gain, baseline, unit = _DEFAULT_GAIN, None, _DEFAULT_UNIT
    written = rest.split(maxsplit=1)[0] if rest else ""
    found = _GAIN.match(rest)
    if found is not None:
        gain, rest = float(found[1].replace(",", ".")), rest[found.end() :].lstrip()
        baseline = None if found[2] is None else _whole(path, found[2])
        unit = found[3] or found[4] or _DEFAULT_UNIT
    elif written[:1].isdigit():
        gain, rest = math.nan, rest.removeprefix(written).lstrip()
    integers: list[int] = []
    while len(integers) < _N_INTEGERS and (whole := re.match(r"(-?\d+)(?:\.0*)?(?:\s+|$)", rest)):
        integers.append(_whole(path, whole[1]))
        rest = rest[whole.end() :]
    zero = integers[1] if len(integers) > 1 else 0
    name = rest.split("\t")[0].strip()
    if not math.isfinite(gain):
        warn(
            f"{path}: expected a gain of {name or fields[0]}, found {written}; raw counts are read"
        )
        gain, baseline, unit = 1.0, 0, UNKNOWN_UNIT
    return SignalLine(
        file_name=_as_on_disk(path, file_name),
        fmt=spec[1],
        name=name,
        unit=unit,
        per_frame=_whole(path, spec[2] or "1"),
        skew=_whole(path, spec[3] or "0"),
        byte_offset=_whole(path, spec[4] or "0"),
        gain=gain or _DEFAULT_GAIN,
        baseline=zero if baseline is None else baseline,
        first_value=integers[2] if len(integers) > 2 else 0,
        checksum=integers[3] if len(integers) > 3 else None,
        resolution=(integers[0] or None) if integers else None,
    )


def _segment(path: Path, line: str) -> Segment:
    fields = line.split()
    if len(fields) < 2 or not fields[1].isdigit() or not _SEGMENT_NAME.fullmatch(fields[0]):
        raise _damaged(path, line)
    return Segment(_as_on_disk(path, fields[0], ".hea"), _whole(path, fields[1]))


def _whole(path: Path, text: str) -> int:
    """Return a whole number, which 64 bits and so every later calculation can hold."""
    if not text.removeprefix("-").isdecimal() or len(text) > _MOST_DIGITS:
        shown = text if len(text) <= _SHOWN_DIGITS else f"{text[:_SHOWN_DIGITS]}…"
        raise FormatError(
            f"{path}: expected whole numbers of at most {_MOST_DIGITS} digits, found {shown} in "
            "the header; correct it, or get a fresh copy"
        )
    return int(text)


def _as_on_disk(path: Path, name: str, suffix: str = "") -> str:
    """Return a name as the system decodes it: one that is not UTF-8 was read as Latin-1."""
    with suppress(UnicodeError):
        other = os.fsdecode(name.encode("latin-1"))
        folder = path.parent
        if not (folder / f"{name}{suffix}").exists() and (folder / f"{other}{suffix}").exists():
            return other
    return name


def _damaged(path: Path, line: str) -> FormatError:
    return FormatError(
        f"{path}: expected a WFDB header, found it damaged in the line {line[:60]!r}; "
        "correct it, or get a fresh copy"
    )
