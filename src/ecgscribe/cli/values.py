"""How the values of options are read: times, names, numbers, choices."""

from __future__ import annotations

import math
from typing import Any

import click

from ecgscribe.formatting import did_you_mean

__all__ = ["Choice", "address", "names", "number", "numbers", "own_annotator", "seconds"]

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


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"expected a number, found '{text}'") from None


def numbers(text: str) -> tuple[float, ...]:
    """Read numbers separated by commas."""
    return tuple(number(part.strip()) for part in text.split(","))


def names(text: str) -> tuple[str, ...]:
    """Read names separated by commas."""
    return tuple(name.strip() for name in text.split(","))


def own_annotator(text: str) -> str:
    """Read an extension for the model's annotations; never that of a reference or a recording."""
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
