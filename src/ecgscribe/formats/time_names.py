"""What columns of times and of sample numbers are called, and in which units they count."""

from __future__ import annotations

import re

__all__ = ["counts_down", "is_counter_name", "is_time_name", "seconds_per_unit"]


_TIME_WORDS = {
    "time", "times", "timestamp", "timestamps", "zeit", "zeitstempel", "datetime", "tiempo",
    "temps", "tempo", "tid", "tijd", "czas", "elapsed", "clock", "timer", "uhrzeit", "epoch",
    "ts", "tstamp", "utc", "unix", "unixtime", "hora", "heure", "čas", "godzina", "aika", "idő",
    "zaman", "waktu", "χρόνος", "время", "時間", "時刻", "时间", "시간", "messzeit", "abtastzeit",
    "millisecond", "microsecond", "nanosecond",
}  # fmt: skip
_COUNTER_WORDS = {
    "t", "index", "idx", "sample", "samples", "samplenumber", "n", "no", "nr", "number", "point",
    "points", "punkt", "counter", "count", "packet", "seq", "nseq", "row", "frame", "date", "x",
    "s", "sec", "secs", "second", "seconds", "sekunden", "ms", "us", "millis", "milliseconds",
    "micros", "tick", "ticks", "unnamed", "id", "key", "min", "minute", "minutes", "h", "hour",
    "hours", "countdown", "",
}  # fmt: skip
_SECONDS = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "sekunden": 1.0,
    "sekunde": 1.0, "sekunder": 1.0, "segundos": 1.0, "secondi": 1.0, "secondes": 1.0,
    "ms": 1e-3, "msec": 1e-3, "msecs": 1e-3, "millis": 1e-3, "millisecond": 1e-3,
    "milliseconds": 1e-3, "millisekunden": 1e-3, "milisegundos": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "micros": 1e-6, "microseconds": 1e-6,
    "ns": 1e-9, "nanoseconds": 1e-9,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "minuten": 60.0, "h": 3600.0,
    "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "stunden": 3600.0,
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PART_OF_S = re.compile(r"\bs(?:ec)?\s*/\s*(\d+)\b", re.IGNORECASE)
_NUMBER_OF_UNITS = re.compile(r"(\d*\.?\d+)\s*([^\W\d]+)")


def is_time_name(name: str) -> bool:
    """Return whether a column of this name holds times, whatever its values."""
    return bool(set(_words(name)) & _TIME_WORDS)


def is_counter_name(name: str | None) -> bool:
    """Return whether a column of this name holds times or sample numbers if it rises evenly.

    An empty name is such a one; None, of a file without names, is not.
    """
    if name is None:
        return False
    words = _words(name)
    return not words or bool(set(words) & (_COUNTER_WORDS | _SECONDS.keys()))


def counts_down(name: str) -> bool:
    """Return whether a column of this name shows the time, or the samples, that are left."""
    return bool(set(_words(name)) & {"countdown", "remaining", "left", "rest", "timer"})


def seconds_per_unit(name: str, unit: str = "") -> float | None:
    """Return the seconds in a unit, which may also end the name, as in ``timestamp [ms]``.

    ``0.004 sec`` stands for a unit of that length, and so does ``s/250``.
    """
    part = _PART_OF_S.search(unit or name)
    if part is not None and int(part[1]):
        return 1 / int(part[1])
    for text in (unit, *reversed(_words(name))):
        if text.strip(" []()").lower() in _SECONDS:
            return _SECONDS[text.strip(" []()").lower()]
    several = _NUMBER_OF_UNITS.fullmatch(unit.strip(" []()"))
    if several is not None and several[2].lower() in _SECONDS:
        return float(several[1]) * _SECONDS[several[2].lower()] or None
    return None


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name))]
