"""An explanation in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ecgscribe.explanation.result import DecidingRhythm, Explanation, FeatureEffect, SpanEffect
from ecgscribe.formatting import format_both_times, format_time
from ecgscribe.record import READABLE
from ecgscribe.rhythms import RHYTHM_NAMES
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

__all__ = ["LEAST_CHANGE", "describe", "describe_rhythm", "describe_span"]


Effect = TypeVar("Effect", SpanEffect, FeatureEffect)


LEAST_CHANGE = 0.05
"""Smallest change of the probability that is described."""
MOST = 4
"""Most spans, and most groups of features, that are described."""
NONE_EARLY = "no beat in it is early, so this one is N instead of S"
IN_RHYTHM = {"VT": "every beat in it is V", "AFIB": NONE_EARLY, "AFL": NONE_EARLY}
BY_OTHERS = (
    "Other beats say otherwise: those that are like it in this recording, or those around it (S "
    "begins suddenly, and F needs V beats)."
)
PACED = (
    "The recording mentions a pacemaker: the model was not trained on paced beats, so the class is "
    "unreliable"
)
REPLACED_BY: dict[str | None, str] = {"typical": "the typical beat", "linear": "a straight line"}


def describe(explanation: Explanation) -> str:
    """Describe an explanation in some lines, with the largest effects first.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    str
        Lines without a newline at the end.
    """
    e = explanation
    probabilities = zip(AAMI_CLASSES, e.probability, strict=True)
    lines = [
        f"{e.record}, {format_both_times(e.time, e.start, digits=3)}: "
        f"{e.aami_class}, {CLASS_NAMES[e.aami_class]}",
        "  ".join(f"P({c}) {p:.2f}" for c, p in probabilities) + f"  P(beat) {e.score:.2f}",
    ]
    if e.paced:
        lines.append(f"{PACED}.")
    if e.quality < READABLE:
        lines.append("The signal is noisy here, so the class is unreliable.")
    if e.rhythm is not None:
        return "\n".join([*lines, f"The rhythm decided the class: {describe_rhythm(e.rhythm)}."])
    if e.annotated_class != e.aami_class:
        lines.append(f"{BY_OTHERS} It is annotated as {e.annotated_class}.")
    return "\n".join(lines + _effects(e))


def describe_rhythm(rhythm: DecidingRhythm) -> str:
    """Describe where a rhythm is that decided the class of a beat, and what it means for it."""
    return (
        f"{RHYTHM_NAMES[rhythm.kind]} from {format_time(rhythm.begin)} to "
        f"{format_time(rhythm.end)}, probability {rhythm.probability:.2f}: {IN_RHYTHM[rhythm.kind]}"
    )


def describe_span(begin: float, end: float) -> str:
    """Describe where a span is, from its begin and end in seconds from the R-peak."""
    first, last = round(1000 * begin), round(1000 * end)
    if last <= 0:
        return f"{-first} to {-last} ms before the R-peak"
    if first >= 0:
        return f"{first} to {last} ms after the R-peak"
    return f"from {-first} ms before to {last} ms after the R-peak"


def _effects(e: Explanation) -> list[str]:
    spans, features = _largest(e, e.spans), _largest(e, e.features)
    changes = f"changes P({e.aami_class}) by {LEAST_CHANGE:g} or more"
    if not spans and not features:
        return [f"No span of the signal and no group of features alone {changes}."]
    lines = [f"Replacing the signal {_span(e, s)} {_outcome(e, s)}." for s in spans]
    lines += [f"Replacing the {_group(f)} {_outcome(e, f)}." for f in features]
    if not features and e.features:
        lines.append(f"No group of features alone {changes}.")
    if not spans:
        lines.append(f"No span of the signal alone {changes}.")
    return lines


def _largest(e: Explanation, effects: Sequence[Effect]) -> list[Effect]:
    large = [effect for effect in effects if abs(e.change(effect)) >= LEAST_CHANGE]
    return sorted(large, key=lambda effect: -abs(e.change(effect)))[:MOST]


def _span(e: Explanation, span: SpanEffect) -> str:
    only = "" if span.leads == e.leads else f" in {', '.join(span.leads)} only"
    return f"{describe_span(span.begin, span.end)}{only} by {REPLACED_BY[e.replacement]}"


def _group(group: FeatureEffect) -> str:
    if group.observed is not None:
        return f"{group.name} ({group.observed:.2f} s) by its typical value ({group.typical:.2f} s)"
    whose = "their typical values" if group.name.startswith("RR intervals") else "its typical value"
    return f"{group.name} by {whose}"


def _outcome(e: Explanation, effect: SpanEffect | FeatureEffect) -> str:
    predicted = AAMI_CLASSES.index(e.aami_class)
    before, after = float(e.probability[predicted]), float(effect.probability[predicted])
    verb = "lowers" if after < before else "raises"
    other = "" if effect.aami_class == e.aami_class else f"; the class would be {effect.aami_class}"
    return f"{verb} P({e.aami_class}) from {before:.2f} to {after:.2f}{other}"
