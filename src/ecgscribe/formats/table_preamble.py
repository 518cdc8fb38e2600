"""What stands above a table of samples: frequency, start, names of leads and units.

Devices and programs write it in lines such as ``Sample Rate,512 hertz``, in their own language and
order. What is not recognised is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from ecgscribe.formats.checks import month_number
from ecgscribe.record import NO_DATE

__all__ = ["Preamble", "is_statement"]


_FREQUENCY = (
    r"sampl\w*?[ _-]*(?:rate|freq)\w*|samples?[ _]*(?:/|per)[ _]*s(?:ec\w*)?|sampling(?=\W*\d)"
    r"|\bfs\b|\bsps\b|^\W*freq\w*|abtast(?:rate|freq)\w*|messrate"
    r"|échantillonnage|muestreo|campionamento|amostragem"
)
_LEAD = r"leads?|ableitung|dérivation|derivaci[óo]n|derivazione|afleiding|derivação"
_UNITS = r"units?|unitname|einheit(?:en)?|unité|unidad|unità|eenheid|unidade"
_FS = re.compile(
    rf"(?:{_FREQUENCY})(?![^\n\d]*(?:interval|period|response))(?:[^\d\n]|1/s){{0,30}}?"
    r"(\d+(?:[.,]\d+)?)(?!\d*[-/.:]\d|/s)\s*(khz)?",
    re.IGNORECASE | re.MULTILINE,
)
_HERTZ = re.compile(
    r"^(?!.*(?:filter|notch|cut.?off|band|pass|mains|power|line|netz))"
    r"[^\d\n]{0,60}?(\d+(?:[.,]\d+)?)\s*(k)?(?:hz|hertz|hercios)\W*$",
    re.IGNORECASE | re.MULTILINE,
)
_PER_SECOND = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s*()samples ?(?:/|per) ?s", re.I)
_EACH = r"(?:sampl\w*[ _]*(?:interval|period)|^\W*(?:interval|time ?step|dt|Δt|delta[ _]?t)\b)"
_VALUE = r"(?P<value>\d+(?:[.,]\d+)?|\.\d+)"
_INTERVALS = (
    re.compile(
        rf"(?:{_EACH}[^\d\n]{{0,20}}?|^\W*(?=\S+\s*m?s(?:ec)? ?/ ?sample)){_VALUE}[\s,;]*"
        r"(?P<unit>m?s)(?:ec\w*)?\b",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(
        rf"{_EACH}[ _]*[\[(]?(?P<unit>m?s)(?:ec\w*)?[\])]?\W{{1,5}}{_VALUE}",
        re.IGNORECASE | re.MULTILINE,
    ),
)
_CHANNELS = re.compile(r"\W*(\d+) channels?\W*", re.IGNORECASE)
_LEADS = re.compile(
    rf"^\W*(?:{_LEAD}|channel(?:s|title)?|labels?)(?=[^\w\n])[^\w\n]+(?!\d+\W*$)(\w.*?)"
    r"[^\w)\]\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_UNIT = re.compile(
    rf"^\W*(?:{_UNITS})[^\w\n]+([^\W\d][^\n]*?)[^\w%\n]*$", re.IGNORECASE | re.MULTILINE
)
_STATEMENT = re.compile(
    rf"\W*(?:{_FREQUENCY}|{_LEAD}|{_UNITS}|sampl\w*|record\w*|start\w*|acqui\w*|date|time|interval|channels?"
    r"|patient|device|resolution|gain|name|duration|end)\b[^:=;\t\d]{0,20}[:=;\t]\s*\S",
    re.IGNORECASE,
)

_OTHER_DAY = re.compile(
    r"birth|dob\b|geb|naiss|nacim|nascita|nascim|print|export|softw|version|firmw|calib|\bend\b|ende"
    r"|stop|report|analy",
    re.IGNORECASE,
)
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_DAY_OF_MONTH = re.compile(r"(?<!\d)(\d{1,2})[- .]+([a-z]{3})[a-z]*[- .,]+(\d{4})(?!\d)", re.I)
_CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,6})\d*)?(?![\d:])\s*([ap]m\b)?", re.I
)


@dataclass(frozen=True)
class Preamble:
    """What is said above the rows of numbers, where it is said.

    Parameters
    ----------
    fs : float or None
        Sampling frequency in Hz.
    start : datetime or None
        On `ecgscribe.record.NO_DATE` if only the time of day is given, or the day could be read in
        two ways.
    leads, units : tuple of str
        Of the last columns; perhaps of fewer than there are. One unit may be that of all.
    in_blocks : bool
        Whether it is the text of LabChart, which may have comments after its rows and several
        blocks.
    """

    fs: float | None = None
    start: datetime | None = None
    leads: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    in_blocks: bool = False

    @classmethod
    def of(cls, lines: Sequence[str]) -> Preamble:
        """Find it in the lines above a table, such as ``Sample Rate,512 hertz``."""
        text = "\n".join(lines)
        leads, units = _channel_lines(lines)
        named, unit = _LEADS.search(text), _UNIT.search(text)
        return cls(
            fs=_frequency(text),
            start=_start(lines),
            leads=_json_names(lines) or leads or _listed(named),
            units=units or _listed(unit),
            in_blocks=text.lower().startswith("interval="),
        )


def is_statement(line: str) -> bool:
    """Return whether a line states something of the recording, as ``Lead: II`` does."""
    return _STATEMENT.match(line) is not None


def _listed(match: re.Match[str] | None) -> tuple[str, ...]:
    return () if match is None else tuple(re.split(r"\s*[,;\t]\s*", match[1]))


def _frequency(text: str) -> float | None:
    interval = next(filter(None, (pattern.search(text) for pattern in _INTERVALS)), None)
    if interval is not None:
        in_ms = interval["unit"].lower() == "ms"
        seconds = _number(interval["value"]) * (1e-3 if in_ms else 1.0)
        return 1 / seconds if seconds > 0 else None
    for pattern in (_FS, _PER_SECOND, _HERTZ):
        found = pattern.search(text)
        if found is not None:
            return _number(found[1]) * (1000.0 if found[2] else 1.0)
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _channel_lines(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and units that follow a line such as ``2 channels``, one line each."""
    for k, line in enumerate(lines):
        match = _CHANNELS.fullmatch(line)
        own = [each.strip() for each in lines[k + 1 : k + 1 + 2 * int(match[1])]] if match else []
        if match is not None and 0 < int(match[1]) == len(own) / 2:
            return tuple(own[::2]), tuple(own[1::2])
    return (), ()


def _start(lines: Sequence[str]) -> datetime | None:
    day: date | None = None
    clock: time | None = None
    for line in lines:
        if not _OTHER_DAY.search(line) or line.strip(" #").startswith("{"):
            found, hour = _day_in(line), _clock_in(line)
            if found is not None and hour is not None:
                return datetime.combine(found, hour)
            day, clock = day or found, clock or hour
    if clock is None:
        return None
    return datetime.combine(day or NO_DATE, clock)


def _day_in(line: str) -> date | None:
    iso, other, named = _ISO_DAY.search(line), _DAY.search(line), _DAY_OF_MONTH.search(line)
    try:
        if iso is not None:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if other is not None:
            first, second, year = int(other[1]), int(other[3]), int(other[4])
            if other[2] == "." or first > 12 or first == second:
                return date(year, second, first)
            return date(year, first, second) if second > 12 else NO_DATE
        if named is not None:
            return date(int(named[3]), month_number(named[2]), int(named[1]))
    except ValueError:  # such as 31 February
        return None
    return None


def _clock_in(line: str) -> time | None:
    for found in _CLOCK.finditer(line):
        hour = int(found[1])
        if found[5]:
            hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
        with suppress(ValueError):  # such as 24:00:00
            return time(hour, int(found[2]), int(found[3]), int((found[4] or "0").ljust(6, "0")))
    return None


def _json_names(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the JSON above a table of OpenSignals: of sensors, or else of columns."""
    for line in lines:
        text = line.strip(" #\t")
        if text.startswith("{"):
            try:
                found = list(_lists(json.loads(text)))
            except (ValueError, RecursionError):
                continue
            columns = next((names for key, names in found if key == "column"), [])
            sensors = next((names for key, names in found if key in ("sensor", "Labels")), [])
            return tuple(columns[: len(columns) - len(sensors)] + sensors)
    return ()


def _lists(content: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(content, dict):
        for key, value in content.items():
            if isinstance(value, list) and all(isinstance(each, str) for each in value):
                yield key, value
            yield from _lists(value)
