"""One beat compared with the rhythm around it and with the dominant beat."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecgscribe.analysis.morphology import beat_waveforms, qrs_correlation, qrs_width
from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.formatting import rounded
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.json_form import OPTIONAL, key
from ecgscribe.report.sections.shapes import width_ms

__all__ = ["BeatEntry", "compare_beat", "describe_beat", "usual_interval"]


_NEAR_S = 120.0  # to each side of a beat, from which its usual interval is taken
_LEAST_NEAR, _MOST_NEAR = 3, 16


@dataclass(frozen=True)
class BeatEntry:
    """One beat: intervals next to it, width of its QRS, correlation with the dominant beat.

    `early_percent` and `pause_percent` compare the intervals before and after it with the usual
    one; `dominant` is the class of the dominant beat.
    """

    usual_rr_s: float | None
    rr_before_s: float | None
    rr_after_s: float | None
    early_percent: float | None
    pause_percent: float | None
    qrs_ms: int | None
    usual_qrs_ms: int | None
    correlation: float | None = field(metadata=key("likeness"))
    dominant: str | None = field(metadata=OPTIONAL)


def usual_interval(beats: BeatSeries, k: int) -> float | None:
    """Return the patient's own interval around a beat: the median of the nearest NN intervals.

    Parameters
    ----------
    beats : BeatSeries
    k : int
        Position of the beat; the intervals right before and after it do not count.

    Returns
    -------
    float or None
        Seconds, over at most 16 intervals within two minutes; None if there are fewer than 3.
    """
    normal = beats.normal.copy()
    normal[k : k + 2] = False
    low, high = np.searchsorted(beats.time, [beats.time[k] - _NEAR_S, beats.time[k] + _NEAR_S])
    near = np.arange(low, high)[normal[low:high]]
    near = near[np.argsort(np.abs(near - k), kind="stable")][:_MOST_NEAR]
    return float(np.median(beats.rr[near])) if len(near) >= _LEAST_NEAR else None


def compare_beat(inputs: ReportInputs, k: int) -> BeatEntry:
    """Compare a beat with the rhythm around it and with the dominant beat.

    Parameters
    ----------
    inputs : ReportInputs
    k : int
        Position of the beat.

    Returns
    -------
    BeatEntry
    """
    beats = inputs.measures.beats
    usual = usual_interval(beats, k)
    before = float(beats.rr[k])
    after = float(beats.rr[k + 1]) if k + 1 < len(beats) else float("nan")
    width = usual_width = correlation = dominant = None
    if inputs.measures.shapes:
        shape = inputs.measures.shapes[0]
        waveform = beat_waveforms(inputs.record, inputs.columns, [int(beats.sample[k])])[0]
        width, usual_width = qrs_width(waveform, beats.fs), shape.qrs_s
        correlation = qrs_correlation(waveform, shape.median, beats.fs)
        dominant = shape.class_name
    return BeatEntry(
        usual_rr_s=rounded(usual, 2),
        rr_before_s=rounded(before, 2),
        rr_after_s=rounded(after, 2),
        early_percent=None if usual is None else rounded(100 * (1 - before / usual), 0),
        pause_percent=None if usual is None else rounded(100 * after / usual, 0),
        qrs_ms=width_ms(width),
        usual_qrs_ms=width_ms(usual_width),
        correlation=rounded(correlation, 2),
        dominant=dominant,
    )


def describe_beat(beat: BeatEntry, subject: str) -> list[str]:
    """Describe how a beat differs from its surroundings.

    Parameters
    ----------
    beat : BeatEntry
    subject : str
        The beat in the first sentence, such as ``it`` or ``the first``.

    Returns
    -------
    list of str
        Parts of a sentence.
    """
    parts = [_timing(beat, subject)]
    if beat.qrs_ms is not None:
        text = f"QRS about {beat.qrs_ms} ms wide"
        if beat.usual_qrs_ms is not None:
            text += f" (dominant beat, {beat.dominant}: {beat.usual_qrs_ms} ms)"
        parts.append(text)
    if beat.correlation is not None:
        parts.append(f"correlation with the dominant beat {beat.correlation:.2f}")
    return parts


def _timing(beat: BeatEntry, subject: str) -> str:
    early = beat.early_percent
    if early is None:
        return "too few normal intervals nearby for a baseline"
    how = f"{early}% early" if early > 0 else f"{-early}% late" if early < 0 else "on time"
    text = f"{subject} comes {how} ({beat.rr_before_s:.2f} s, usual {beat.usual_rr_s:.2f} s)"
    if beat.pause_percent is not None:
        text += f" and the next interval is {beat.pause_percent}% of the usual one"
    return text
