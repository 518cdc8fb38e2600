"""The header of an EDF, EDF+ or BDF file, read so that one odd field does not lose the others.

EDF: Kemp et al., Electroencephalogr Clin Neurophysiol 82:391-393, 1992; EDF+: Kemp & Olivan,
Clin Neurophysiol 114:1755-1761, 2003. BDF is EDF with samples of 24 bits.
"""

from __future__ import annotations

import dataclasses
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import check_size, month_number
from ecgscribe.record import NO_DATE

__all__ = ["ANNOTATIONS", "Header", "Signal", "decoded", "read_header"]


ANNOTATIONS = frozenset({"EDF Annotations", "BDF Annotations"})
"""Labels of the signals that hold annotations."""
_FIXED_BYTES = 256  # of the file, and again of each signal
_FIELD_BYTES = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Widths of the fields of a signal; each field is written for all signals in a row."""
_MAX_SIGNALS = 10_000
_FIRST_YEAR = 85  # of two digits: 1985 to 2084


@dataclass(frozen=True)
class Signal:
    """What the header says of one signal.

    Parameters
    ----------
    label, unit : str
    physical, digital : tuple of float
        Lowest and highest value; NaN where the header gives no number.
    n_samples : int
        Samples per data record.
    """

    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    n_samples: int


@dataclass(frozen=True)
class Header:
    """The header of a file whose size agrees with it.

    Parameters
    ----------
    patient, recording, reserved : str
    start : datetime or None
        Start date and time; in the year of `NO_DATE` if only the time is known.
    n_records : int
        Number of data records.
    duration : float
        Of a data record in s.
    width : int
        Bytes per sample: 2 or 3.
    signals : tuple of Signal
    """

    patient: str
    recording: str
    reserved: str
    start: datetime | None
    n_records: int
    duration: float
    width: int
    signals: tuple[Signal, ...]

    @property
    def n_bytes(self) -> int:
        """Length of the header in the file."""
        return _FIXED_BYTES * (1 + len(self.signals))

    @property
    def record_bytes(self) -> int:
        """Length of a data record in the file."""
        return sum(signal.n_samples for signal in self.signals) * self.width

    @property
    def is_discontinuous(self) -> bool:
        """Whether there may be gaps between data records."""
        return self.reserved.startswith(("EDF+D", "BDF+D"))

    @property
    def is_plus(self) -> bool:
        """Whether the file follows EDF+ or BDF+."""
        return self.reserved.startswith(("EDF+", "BDF+"))

    def column(self, k: int) -> slice:
        """Return the bytes of signal `k` in a data record."""
        counts = [signal.n_samples for signal in self.signals]
        begin = sum(counts[:k]) * self.width
        return slice(begin, begin + counts[k] * self.width)


def read_header(path: Path) -> Header:
    """Read the header of a file, and compare it with the size of the file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FormatError
        If a field without which nothing can be read is no number, or the file is cut short.

    Warns
    -----
    SignalWarning
        If another field is odd, and how it was read.
    """
    size = path.stat().st_size
    check_size(path, _FIXED_BYTES, size)
    with path.open("rb") as file:
        fixed = file.read(_FIXED_BYTES)
        n_signals = _whole(path, "number of signals", fixed[252:256])
        if not 1 <= n_signals <= _MAX_SIGNALS:
            raise FormatError(
                f"{path}: expected at least one signal, found {n_signals}; get a fresh copy"
            )
        n_bytes = _FIXED_BYTES * (1 + n_signals)
        check_size(path, n_bytes, size)
        fields = _fields(file, n_signals)
    if _number(fixed[184:192]) != n_bytes:  # how many signals there are decides
        warn(
            f"{path}: expected a header of {n_bytes} bytes for {n_signals} signals, found "
            f"{_text(fixed[184:192])!r}; the number of signals is taken as right"
        )
    labels, _, units, *ranges, _, counts, _ = fields
    width = 3 if fixed.startswith(b"\xff") else 2
    signals = tuple(
        Signal(
            label=_text(labels[k]),
            unit=_text(units[k]),
            physical=(_number(ranges[0][k], units[k]), _number(ranges[1][k], units[k])),
            digital=(_number(ranges[2][k]), _number(ranges[3][k])),
            n_samples=_count(path, _text(labels[k]), counts[k]),
        )
        for k in range(n_signals)
    )
    _warn_of_ranges(path, signals, [field for part in ranges for field in part])
    recording = _text(fixed[88:168])
    header = Header(
        patient=_text(fixed[8:88]),
        recording=recording,
        reserved=_text(fixed[192:236]).upper(),
        start=_start(path, _text(fixed[168:176]), _text(fixed[176:184]), recording),
        n_records=0,
        duration=_number(fixed[244:252]),
        width=width,
        signals=signals,
    )
    check_size(path, n_bytes + header.record_bytes, size)
    available = (size - n_bytes) // header.record_bytes
    if _number(fixed[236:244]) not in (-1, available):  # -1 is not known yet
        warn(
            f"{path}: expected {available} data records by the size of the file, found "
            f"{_text(fixed[236:244])!r} in its header (was it cut short?); all {available} in the "
            "file are read"
        )
    return dataclasses.replace(header, n_records=available)


def _fields(file: BinaryIO, n_signals: int) -> list[list[bytes]]:
    return [[file.read(width) for _ in range(n_signals)] for width in _FIELD_BYTES]


def decoded(data: bytes) -> str:
    """Decode text as UTF-8 or else as Latin-1; the standard has ASCII, but writers add µ."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _text(field: bytes) -> str:
    return decoded(field).replace("\0", " ").strip()


def _number(field: bytes, unit: bytes = b"") -> float:
    """Read a number, also with a decimal comma or its unit, or what follows NUL; else NaN."""
    text = _text(field.split(b"\0")[0]).removesuffix(_text(unit))
    try:
        return float(text.replace(",", ".").replace(" ", ""))
    except ValueError:
        return math.nan


def _whole(path: Path, name: str, field: bytes) -> int:
    value = _number(field)
    if not value.is_integer():
        raise FormatError(
            f"{path}: expected a whole number as the {name} in its header, found "
            f"{_text(field)!r}; correct the header"
        )
    return int(value)


def _count(path: Path, label: str, field: bytes) -> int:
    count = _whole(path, f"samples per data record of {label}", field)
    if count < 1:
        raise FormatError(
            f"{path}: expected at least one sample of each signal in a data record, found "
            f"{count}; get a fresh copy"
        )
    return count


def _warn_of_ranges(path: Path, signals: tuple[Signal, ...], fields: list[bytes]) -> None:
    own = [s for s in signals if s.label not in ANNOTATIONS]
    odd = [s.label for s in own if any(map(math.isnan, (*s.physical, *s.digital)))]
    if odd:
        warn(
            f"{path}: the range of values is not given as numbers, raw counts are read: "
            f"{', '.join(odd)}"
        )
    if any(b"," in field for field in fields):
        warn(f"{path}: commas in the range of values were read as decimal points")


def _start(path: Path, day: str, hour: str, recording: str) -> datetime | None:
    """Return the start; a date that is withheld or impossible leaves the time of day."""
    match = re.fullmatch(r"(\d\d?)[-.:, ](\d\d?)(?:[-.:, ](\d\d?))?", hour)
    try:
        clock = None if match is None else time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:  # such as 24.00.00
        clock = None
    if clock is None:
        if hour:
            warn(f"{path}: expected a start time such as 10.20.30, found {hour!r}; left out")
        return None
    known = _date(path, day, recording)
    if known is None and clock == time():
        return None  # what writers fill in where they know no start
    return datetime.combine(known or NO_DATE, clock)


def _date(path: Path, day: str, recording: str) -> date | None:
    plus = re.match(r"Startdate (\d\d?)-([^\W\d]{3})-(\d{4})\b", recording, re.IGNORECASE)
    short = re.fullmatch(r"(\d\d?)[./, -](\d\d?)[./, -](\d\d)", day)
    iso = re.fullmatch(r"(\d{4})[./-](\d\d?)[./-](\d\d?)", day)
    if recording.startswith("Startdate X") and day in ("01.01.85", ""):  # withheld
        return None
    if plus is not None:
        with suppress(ValueError):  # such as 31 February, or a month in another language
            return date(int(plus[3]), month_number(plus[2]), int(plus[1]))
    with suppress(ValueError):
        if iso is not None:
            return date(*map(int, iso.groups()))
        if short is not None:
            year = int(short[3])
            return date(
                year + (1900 if year >= _FIRST_YEAR else 2000), int(short[2]), int(short[1])
            )
    if day.strip(".Xx"):
        warn(f"{path}: expected a start date such as 31.12.99, found {day!r}; left out")
    return None
