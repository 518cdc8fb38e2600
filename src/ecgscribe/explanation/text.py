"""An explanation in plain words. Public through `ecgscribe.explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ecgscribe.formatting import format_time
from ecgscribe.record import READABLE
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

if TYPE_CHECKING:
    from ecgscribe.explanation.result import Explanation, Fact, Stretch

    Part = TypeVar("Part", Stretch, Fact)

__all__ = ["MOVES", "in_words", "where"]


MOVES = 0.05
"""Change of the probability from which a part is said to move the decision."""
MOST = 4
"""Stretches, and groups of facts, that are named."""


def where(begin: float, end: float) -> str:
    """Say where a stretch lies; seconds from the R-peak."""
    first, last = round(1000 * begin), round(1000 * end)
    if last <= 0:
        return f"{-first} to {-last} ms before the R-peak"
    if first >= 0:
        return f"{first} to {last} ms after the R-peak"
    return f"from {-first} ms before to {last} ms after the R-peak"


def in_words(explanation: Explanation) -> str:
    """Say what was told of a beat, and which parts moved it, the most moving first."""
    e = explanation
    lines = [
        f"{e.record} at {format_time(e.time, digits=3)}: "
        f"{e.aami_class}, {CLASS_NAMES[e.aami_class]}",
        "  ".join(f"P({c}) {p:.2f}" for c, p in zip(AAMI_CLASSES, e.probability, strict=True))
        + f"  that it is a beat at all: {e.score:.2f}",
    ]
    if e.quality < READABLE:
        lines.append("It lies in noise: its class is not to be relied on.")
    stretches = _moving(e, e.stretches)
    features = _moving(e, e.features)
    if not stretches and not features:
        lines.append(
            f"Nothing moves it: no stretch of the signal and no group of facts, taken away alone, "
            f"changes P({e.aami_class}) by {MOVES:g} or more."
        )
    away = "Without the" if e.fill == "line" else "With the usual"
    lines += [f"{away} signal {_stretch(e, s)} {_outcome(e, s)}." for s in stretches]
    lines += [f"With the usual {_fact(f)} {_outcome(e, f)}." for f in features]
    if stretches and not features and e.features:
        lines.append(f"No group of facts alone changes P({e.aami_class}) by {MOVES:g} or more.")
    if features and not stretches:
        lines.append(f"No stretch alone changes P({e.aami_class}) by {MOVES:g} or more.")
    return "\n".join(lines)


def _moving(e: Explanation, parts: tuple[Part, ...]) -> list[Part]:
    moving = [part for part in parts if abs(e.change(part)) >= MOVES]
    return sorted(moving, key=lambda part: -abs(e.change(part)))[:MOST]


def _stretch(e: Explanation, stretch: Stretch) -> str:
    only = "" if stretch.leads == e.leads else f" in {', '.join(stretch.leads)} alone"
    return where(stretch.begin, stretch.end) + only


def _fact(fact: Fact) -> str:
    if fact.own is None:
        return fact.name
    return f"{fact.name} ({fact.usual:.2f} s, not {fact.own:.2f} s)"


def _outcome(e: Explanation, part: Stretch | Fact) -> str:
    told = AAMI_CLASSES.index(e.aami_class)
    before, after = float(e.probability[told]), float(part.probability[told])
    way = "falls" if after < before else "rises"
    become = "" if part.aami_class == e.aami_class else f"; the beat would be {part.aami_class}"
    return f"P({e.aami_class}) {way} from {before:.2f} to {after:.2f}{become}"
