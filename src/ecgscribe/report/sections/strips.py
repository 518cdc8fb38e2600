"""The section of strips on ECG paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgscribe.report.beat_comparison import BeatEntry, compare_beat, describe_beat
from ecgscribe.report.blocks import Picture
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import OPTIONAL, key
from ecgscribe.report.strips import STRIP_S, Strip, choose_strips, paper_span
from ecgscribe.report.wording import TimeEntry
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["PAPER", "ProbabilityEntry", "StripEntry", "strip_blocks", "strip_entries"]


PAPER = f"{STRIP_S:g} s of paper at 25 mm/s and 10 mm/mV, to scale when printed at 100%"
"""Scale of the strips."""


@dataclass(frozen=True)
class ProbabilityEntry:
    """Probability of a class over the beats of a strip that are of it."""

    class_name: str = field(metadata=key("class"))
    mean: float
    lowest: float


@dataclass(frozen=True)
class StripEntry:
    """A strip: its title and time, the seconds it shows, and what it shows."""

    title: str
    at: TimeEntry
    begin_s: float
    end_s: float
    probability: ProbabilityEntry | None
    beat: BeatEntry | None = field(metadata=OPTIONAL)
    text: str


def strip_entries(inputs: ReportInputs) -> tuple[StripEntry, ...]:
    """Choose strips and describe them.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    tuple of StripEntry
        In time order.
    """
    return tuple(_strip_entry(inputs, strip) for strip in choose_strips(inputs))


def _strip_entry(inputs: ReportInputs, strip: Strip) -> StripEntry:
    begin, end = paper_span(strip, inputs.record.duration)
    probability, k = _probability(inputs, strip), strip.compared_beat
    beat = None if k is None else compare_beat(inputs, k)
    return StripEntry(
        title=strip.title,
        at=inputs.time_entry(strip.time),
        begin_s=round(begin, 3),
        end_s=round(end, 3),
        probability=probability,
        beat=beat,
        text=_text(strip, probability, beat),
    )


def _probability(inputs: ReportInputs, strip: Strip) -> ProbabilityEntry | None:
    if strip.class_name is None:
        return None
    probability = inputs.probabilities(strip.beats, AAMI_CLASSES.index(strip.class_name))
    if probability is None:
        return None
    mean, lowest = (round(float(p), 2) for p in (probability.mean(), probability.min()))
    return ProbabilityEntry(strip.class_name, mean, lowest)


def _text(strip: Strip, probability: ProbabilityEntry | None, beat: BeatEntry | None) -> str:
    parts = [strip.detail] if strip.detail else []
    several = len(strip.beats) > 1
    if probability is not None:
        text = f"the model's probability of {probability.class_name} is {probability.mean:.2f}"
        parts.append(
            f"{text} on average and {probability.lowest:.2f} at the lowest" if several else text
        )
    if beat is not None:
        parts += describe_beat(beat, "the first" if several else "it")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def strip_blocks(
    strips: Sequence[StripEntry], *, paper: str, probabilities: bool, pictures: Sequence[bytes]
) -> tuple[str | Picture, ...]:
    """Show the strips.

    Parameters
    ----------
    strips : sequence of StripEntry
    paper : str
        Scale of the strips.
    probabilities : bool
        Whether the annotations contain probabilities.
    pictures : sequence of bytes
        One per strip, as PNG.

    Returns
    -------
    tuple of str or Picture
    """
    if not strips:
        return ("Nothing to show.",)
    notes = [f"{paper}; unreadable spans are grey."]
    if not probabilities:
        notes.append("The annotations contain no probabilities.")
    shown = []
    for strip, png in zip(strips, pictures, strict=True):
        title = f"{strip.title}, {strip.at.text}"
        shown.append(Picture(png, f"ECG strip: {title}", strip.text, title=title))
    return (*notes, *shown)
