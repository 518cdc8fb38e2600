"""From the probability of each rhythm in each second to spans: what kills is found first.

Ventricular rhythms come before all others, then standstill, then fibrillation of the atria; the
rest has none of these. The shortest tachycardia that lasts, three seconds, is also the shortest
span that is reported here; fibrillation of the atria counts from 30 s on (Hindricks et al., Eur
Heart J 42(5):373-498, 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs, runs
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.pipeline.standstill_spans import beside_a_heart, standstill_spans, sure_beats
from ecgscribe.pipeline.step_spans import LEAST_S, StepSpan, span_of_seconds, touched_seconds
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS

__all__ = [
    "FIBRILLATION_LASTS",
    "FIBRILLATION_SMOOTHED_S",
    "LEAST_PART_S",
    "NETWORK_KINDS",
    "Evidence",
    "rhythm_spans",
    "smoothed",
]


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


SMOOTHED_S = 3
"""Seconds over which probabilities are averaged."""
SPLIT_S = 9
"""Seconds over which it is averaged whether tachycardia or flutter is the more probable."""
LEAST_PART_S = 5
"""Shortest tachycardia next to flutter in one span, and the reverse, in seconds."""
NETWORK_KINDS: tuple[RhythmKind, ...] = ("N", "AFIB", "VT", "VFL", "ASYS")
"""Kinds of the spans of `rhythm_spans`: what the network predicts by the second."""
FIBRILLATION_SMOOTHED_S = 15
FIBRILLATION_LASTS = 0.3
"""Probability down to which a span of atrial fibrillation lasts. Both probabilities were chosen on
unseen patients."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What it takes to be a rhythm; by default, in a recording.

    Parameters
    ----------
    ventricular_s : int
        Shortest ventricular rhythm in seconds.
    fibrillation_s : int
        Shortest atrial fibrillation in seconds; in a short recording, more than half of it.
    fibrillation : float
        Probability that atrial fibrillation must exceed.
    unsettled_s : int
        Seconds at the end in which it does not count if that is exceeded.
    heart_beside : bool
        Whether a standstill must have a beat or a ventricular rhythm beside it: see
        `ecgscribe.pipeline.standstill_spans.beside_a_heart`.
    """

    ventricular_s: int = LEAST_S
    fibrillation_s: int = 30
    fibrillation: float = 0.5
    unsettled_s: int = 0
    heart_beside: bool = True


IN_RECORDING = Evidence()


def rhythm_spans(
    probability: Floats,
    beats: Doubles,
    n_steps: int,
    *,
    evidence: Evidence = IN_RECORDING,
) -> list[StepSpan]:
    """Cut a recording into spans of one rhythm each.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Of every whole second; not smoothed.
    beats : ndarray of float64, shape (n,)
        R-peaks in steps; none lies within a standstill.
    n_steps : int
        Length of the recording.
    evidence : Evidence

    Returns
    -------
    list of StepSpan
        In time order, without gaps, the whole of the recording; a recording of less than a second
        has none.
    """
    n = len(probability)
    if n == 0:
        return []
    smooth = smoothed(probability)
    spans = _ventricular(smooth, evidence)
    rest = ~touched_seconds(spans, n)
    still = standstill_spans(smooth, beats, rest, n_steps)
    spans += (
        beside_a_heart(still, sure_beats(beats, smooth), spans) if evidence.heart_beside else still
    )
    rest &= ~touched_seconds(spans, n)
    spans += _fibrillation(probability, rest, evidence)
    return _with_plain(sorted(spans, key=lambda span: span.begin), smooth, n_steps)


def smoothed(probability: Floats) -> Floats:
    """Average the probabilities over the seconds around; the same shape.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Of every whole second.
    """
    return _moving_mean(probability, SMOOTHED_S) if len(probability) else probability


def _moving_mean(values: Floats, n: int) -> Floats:
    """Average the rows over `n` of them, fewer at the ends; the same shape."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values, n, axis=0, mode="nearest"), dtype=np.float32)


def _ventricular(smooth: Floats, evidence: Evidence) -> list[StepSpan]:
    tachycardia, flutter = smooth[:, Rhythm.TACHYCARDIA], smooth[:, Rhythm.FLUTTER]
    either = tachycardia + flutter
    spans = []
    for begin, end in runs(long_runs(either > 0.5, evidence.ventricular_s)).tolist():
        is_tachycardia = _leans(tachycardia[begin:end], flutter[begin:end])
        edges = np.flatnonzero(np.diff(is_tachycardia)) + 1
        for first, last in pairwise([0, *edges.tolist(), end - begin]):
            kind: RhythmKind = "VT" if is_tachycardia[first] else "VFL"
            spans.append(span_of_seconds(kind, begin + first, begin + last, either))
    return spans


def _leans(tachycardia: Floats, flutter: Floats) -> Flags:
    """Return which seconds of a ventricular span are tachycardia: in parts, unless it is short."""
    if len(flutter) < 2 * LEAST_PART_S:
        return np.full(len(flutter), tachycardia.sum() >= flutter.sum())
    leans = _moving_mean(tachycardia - flutter, SPLIT_S) >= 0
    return ~long_runs(~long_runs(leans, LEAST_PART_S), LEAST_PART_S)


def _fibrillation(probability: Floats, rest: Flags, evidence: Evidence) -> list[StepSpan]:
    smooth = _moving_mean(probability[:, Rhythm.FIBRILLATION], FIBRILLATION_SMOOTHED_S)
    least = min(evidence.fibrillation_s, len(smooth) // 2 + 1)
    settled = len(smooth) - evidence.unsettled_s
    spans = []
    for begin, end in runs((smooth > FIBRILLATION_LASTS) & rest).tolist():
        own = smooth[begin:end]
        if smooth[begin : min(end, settled)].max(initial=0) <= evidence.fibrillation:
            continue
        # The mean reaches over the edges of what is sure: there it falls to half.
        sure = np.flatnonzero(own > own.max() / 2)
        reach = FIBRILLATION_SMOOTHED_S // 2
        first, last = min(int(sure[0]), reach), min(len(own) - 1 - int(sure[-1]), reach)
        first, last = (first if begin else 0), (last if end < len(smooth) else 0)
        if len(own) - first - last >= least:
            spans.append(span_of_seconds("AFIB", begin + first, end - last, smooth))
    return spans


def _with_plain(spans: list[StepSpan], smooth: Floats, n_steps: int) -> list[StepSpan]:
    """Fill the gaps, and let the last span end with the recording."""
    n = len(smooth)
    filled: list[StepSpan] = []
    at = 0
    for span in spans:
        if span.begin > at:
            filled.append(_plain(at, span.begin, smooth))
        # The rest after the last whole second has the rhythm of that second.
        at = n_steps if span.end == n * FS and span.kind != "ASYS" else span.end
        filled.append(
            StepSpan(begin=span.begin, end=at, kind=span.kind, probability=span.probability)
        )
    return filled if at >= n_steps else [*filled, _plain(at, n_steps, smooth)]


def _plain(begin: int, end: int, smooth: Floats) -> StepSpan:
    first = min(begin // FS, len(smooth) - 1)
    own = smooth[first : max(-(-end // FS), first + 1), Rhythm.PLAIN]
    return StepSpan(begin=begin, end=end, kind="N", probability=float(own.mean()))
