"""How the values of options are read: times, names, numbers, choices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from ecgscribe.errors import FormatError
from ecgscribe.formatting import did_you_mean, format_time

if TYPE_CHECKING:
    from ecgscribe.record import LazyRecord, Record

__all__ = [
    "Choice",
    "Moment",
    "address",
    "extension",
    "moment",
    "names",
    "number",
    "numbers",
    "own_annotator",
    "positive_seconds",
    "seconds",
    "whole",
]

TAKEN = frozenset({"atr", "hea", "dat", "mat", "csv", "json", "parquet", "edf"})
"""Extensions that annotations of the model must not have."""


def seconds(text: str) -> float:
    """Read ``90``, ``1:30`` or ``0:01:30`` as seconds."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(0 <= part < math.inf for part in parts):
        raise click.BadParameter(f"expected a time such as 90, 1:30 or 0:01:30, found '{text}'")
    return sum(value * 60.0**power for power, value in enumerate(reversed(parts)))


def positive_seconds(text: str) -> float:
    """Read a length of time, as `seconds`, that is not 0."""
    value = seconds(text)
    if value == 0:
        raise click.BadParameter(f"expected a time above 0 s, found '{text}'")
    return value


@dataclass(frozen=True)
class Moment:
    """A time of a recording: seconds from its start, or of the day if `is_clock`."""

    seconds: float
    is_clock: bool

    def within(self, record: Record | LazyRecord) -> float:
        """Return the seconds from the start of a recording.

        Parameters
        ----------
        record : Record or LazyRecord

        Returns
        -------
        float
            Of a time of day, the first such moment of the recording.

        Raises
        ------
        FormatError
            If the recording has no time of day, or does not contain the moment.
        """
        since = self.seconds
        if self.is_clock:
            if record.start is None:
                raise FormatError(
                    f"{record.name}: expected a recording with a time of day for "
                    f"@{format_time(self.seconds, hours=True)}, found none in its header; write "
                    "the time from the start, without @"
                )
            since = _since(record.start, self.seconds)
        if since > record.duration:
            raise FormatError(self._outside(record))
        return since

    def _outside(self, record: Record | LazyRecord) -> str:
        """Describe, by the clock of the moment, that a recording does not contain it."""
        written = format_time(self.seconds, hours=True)
        start, duration = record.start, record.duration
        if self.is_clock:
            first, last = (format_time(t, start=start) for t in (0.0, duration))
            return (
                f"{record.name}: expected a time within the recording, from @{first} to @{last}, "
                f"found @{written}; choose one of these times of day"
            )
        text = (
            f"{record.name}: expected a time within the recording, up to "
            f"{format_time(duration, hours=True)} from the start, found {written}; "
        )
        if start is not None and _since(start, self.seconds) <= duration:
            return f"{text}write @{written} for the time of day"
        return f"{text}choose an earlier time"


_DAY_S = 86400.0


def _since(start: datetime, clock: float) -> float:
    """Return the seconds from a start to the next time of day, in seconds from midnight."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return (clock - (start - midnight).total_seconds()) % _DAY_S


def moment(text: str) -> Moment:
    """Read a time from the start, as `seconds`, or ``@22:16:32``, a time of day."""
    clock = text.startswith("@")
    value = seconds(text[1:] if clock else text)
    if clock and value >= _DAY_S:
        raise click.BadParameter(f"expected a time of day below @24:00:00, found '{text}'")
    return Moment(value, clock)


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"expected a number, found '{text}'") from None


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            span = f"of {least} or more" if most is None else f"from {least} to {most}"
            raise click.BadParameter(f"expected a whole number {span}, found '{text}'")
        return value

    return read


def numbers(text: str) -> tuple[float, ...]:
    """Read numbers separated by commas."""
    return tuple(number(part.strip()) for part in text.split(","))


def names(text: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    read = tuple(name.strip() for name in text.split(","))
    if "" in read:
        raise click.BadParameter(f"expected names separated by commas, found '{text}'")
    return read


def extension(text: str) -> str:
    """Read the extension of annotations, with or without its dot."""
    return text.removeprefix(".")


def own_annotator(text: str) -> str:
    """Read an extension for the model's annotations; never that of a reference or a recording."""
    text = extension(text)
    if not (text.isascii() and text.isalpha()):
        raise click.BadParameter(f"expected letters only, found '{text}'")
    if text.lower() in TAKEN:
        raise click.BadParameter(
            f"expected an extension for the model's annotations, found '{text}', which has "
            "another meaning; choose another"
        )
    return text


def address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise click.BadParameter(f"expected HOST:PORT, found '{text}'")
    return host.strip("[]"), int(port)


class Choice(click.Choice[str]):
    """One of several words; the error names those near a mistyped one."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Name the choices, and what was perhaps meant."""
        hint = did_you_mean(str(value), self.choices, otherwise="choose one of those")
        return f"expected one of {', '.join(self.choices)}, found '{value}'; {hint}"
