"""The section of strips on ECG paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgscribe.formatting import rounded
from ecgscribe.report.beat_comparison import BeatEntry, compare_beat, describe_beat
from ecgscribe.report.blocks import Block, Link, Picture, section_id
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import OPTIONAL, key
from ecgscribe.report.paper_rows import ROW_S
from ecgscribe.report.strip_gain import GAINS, strip_gain
from ecgscribe.report.strips import Strip
from ecgscribe.report.wording import TimeEntry, strip_id, time_entry
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["PAPER", "ProbabilityEntry", "RowEntry", "StripEntry", "strip_blocks", "strip_entries"]


PAPER = (
    f"rows of {ROW_S:g} s of paper at 25 mm/s and {GAINS[0]:g} mm/mV (where waves are high less, "
    "as the title of the strip states), to scale when printed at 100%; the pulse at the beginning "
    "of each lead is 1 mV high, numbers between beats are RR intervals in ms"
)
"""Scale of the strips."""


@dataclass(frozen=True)
class ProbabilityEntry:
    """Probability of a class over the beats of a strip that are of it."""

    class_name: str = field(metadata=key("class"))
    mean: float
    lowest: float


@dataclass(frozen=True)
class RowEntry:
    """A row of paper: the seconds that it shows."""

    begin_s: float
    end_s: float


@dataclass(frozen=True)
class StripEntry:
    """A strip: number, title, time, heart rate per minute, its rows, gain, and what it shows.

    The rate is that of what the title names, or the mean on the paper where that has none.
    """

    number: int
    title: str
    section: str
    at: TimeEntry
    rate: float | None
    rows: tuple[RowEntry, ...]
    mm_per_mv: float
    probability: ProbabilityEntry | None
    beat: BeatEntry | None = field(metadata=OPTIONAL)
    text: str


def strip_entries(inputs: ReportInputs) -> tuple[StripEntry, ...]:
    """Describe the strips.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    tuple of StripEntry
        In the order of their importance.
    """
    return tuple(_strip_entry(inputs, k, strip) for k, strip in enumerate(inputs.strips, start=1))


def _strip_entry(inputs: ReportInputs, k: int, strip: Strip) -> StripEntry:
    probability = _probability(inputs, strip)
    beat = compare_beat(inputs, strip.beats[0]) if strip.compares else None
    return StripEntry(
        number=k,
        title=strip.title,
        section=strip.section,
        at=time_entry(strip.time, start=inputs.record.start, strip=k),
        rate=rounded(strip.rate, 0),
        rows=tuple(RowEntry(round(begin, 3), round(end, 3)) for begin, end in strip.rows),
        mm_per_mv=strip_gain(inputs.record, inputs.columns, strip.rows),
        probability=probability,
        beat=beat,
        text=_text(strip, probability, beat),
    )


def _probability(inputs: ReportInputs, strip: Strip) -> ProbabilityEntry | None:
    if strip.class_name is None:
        return None
    probability = inputs.probabilities(strip.beats, AAMI_CLASSES.index(strip.class_name))
    if probability is None or len(probability) == 0:
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
    if len(strip.rows) > 1 and strip.rows[1][0] > strip.rows[0][1] + 0.01:
        parts.append("what lies between the two rows is not shown")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def strip_blocks(
    strips: Sequence[StripEntry],
    *,
    paper: str,
    probabilities: bool,
    pictures: Sequence[tuple[bytes, ...]],
) -> tuple[Block, ...]:
    """Show the strips.

    Parameters
    ----------
    strips : sequence of StripEntry
    paper : str
        Scale of the strips.
    probabilities : bool
        Whether the annotations contain probabilities.
    pictures : sequence of tuple of bytes
        One per strip, as PNG.

    Returns
    -------
    tuple of Block
    """
    if not strips:
        return ("Nothing to show.",)
    notes = [
        f"The most important first; where there are many of a kind, the longest or the clearest. "
        f"{paper[:1].upper()}{paper[1:]}; unreadable spans are grey."
    ]
    if not probabilities:
        notes.append("The annotations contain no probabilities.")
    shown = []
    for strip, (png, *more) in zip(strips, pictures, strict=True):
        rate = "" if strip.rate is None else f", {strip.rate:g}/min"
        gain = "" if strip.mm_per_mv == GAINS[0] else f", {strip.mm_per_mv:g} mm/mV"
        title = f"{strip.number}. {strip.title}, {strip.at.text}{rate}{gain}"
        shown.append(
            Picture(
                png,
                f"ECG strip: {title}. {strip.text}",
                strip.text,
                title=title,
                id=strip_id(strip.number),
                back=Link(f"Back to {strip.section}", section_id(strip.section)),
                more=tuple(more),
            )
        )
    return (*notes, *shown)
