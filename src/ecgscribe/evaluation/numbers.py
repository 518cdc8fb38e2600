"""How the tables of an evaluation write numbers; what is undefined is a dash."""

from __future__ import annotations

import math

from ecgscribe.evaluation.results import Estimate

__all__ = ["UNDEFINED", "number", "number_with_interval", "percent", "percent_with_interval"]


UNDEFINED = "-"


def percent(value: float) -> str:
    """Write a share in percent, without the sign."""
    return UNDEFINED if math.isnan(value) else f"{100 * value:.2f}"


def number(value: float, digits: int = 1) -> str:
    """Write a number, and zero without a sign."""
    if math.isnan(value):
        return UNDEFINED
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def percent_with_interval(estimate: Estimate | None) -> str:
    """Write an estimate in percent; its interval follows in brackets if there is one."""
    if estimate is None:
        return UNDEFINED
    value, low, high = map(percent, (estimate.value, estimate.low, estimate.high))
    return value if UNDEFINED in (value, low) else f"{value} [{low}, {high}]"


def number_with_interval(estimate: Estimate | None, digits: int = 3) -> str:
    """Write an estimate that is no share of beats, such as an area, as a plain number."""
    if estimate is None:
        return UNDEFINED
    value, low, high = (
        number(bound, digits) for bound in (estimate.value, estimate.low, estimate.high)
    )
    return value if UNDEFINED in (value, low) else f"{value} [{low}, {high}]"
