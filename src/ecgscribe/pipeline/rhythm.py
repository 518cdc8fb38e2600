"""From the probability of each rhythm in each second to spans: what kills is found first.

Ventricular rhythms come before all others, then standstill, then fibrillation of the atria; the
rest has none of these. The shortest tachycardia that lasts, three seconds, is also the shortest
span that is reported here; fibrillation of the atria counts from 30 s on (Hindricks et al., Eur
Heart J 42(5):373-498, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs, runs
from ecgscribe.model.intervals import fibrillation_by_second, with_intervals
from ecgscribe.model.order_statistics import rolling_quantile
from ecgscribe.model.rhythm import (
    SHAPE_NAMES,
    Rhythm,
    RhythmNetwork,
    Seconds,
    predict_rhythm,
    second_features,
    typical_heights,
)
from ecgscribe.model.rhythm_features import NEAR
from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS

__all__ = [
    "FIBRILLATION_LASTS",
    "FIBRILLATION_SMOOTHED_S",
    "LEAST_PART_S",
    "LEAST_S",
    "NETWORK_KINDS",
    "Evidence",
    "FoundRhythms",
    "StepSpan",
    "beats_not_still",
    "find_rhythms",
    "predict_seconds",
    "rhythm_probabilities",
    "rhythm_spans",
    "still_where_quiet",
    "without_narrow",
]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

SMOOTHED_S = 3
"""Seconds over which probabilities are averaged."""
LEAST_S = 3
"""Shortest ventricular rhythm and shortest standstill in seconds."""
EDGE_S = 1.5
"""Seconds at each end by which a standstill may reach further than its seconds: to the beat."""
SPLIT_S = 9
"""Seconds over which it is averaged whether tachycardia or flutter is the more probable."""
LEAST_PART_S = 5
"""Shortest tachycardia next to flutter in one span, and the reverse, in seconds."""
BESIDE_S = 10
"""Seconds within which a standstill has beats or a ventricular rhythm beside it: a heart stands
still only after it has beaten. Otherwise a lead is off."""
NARROW = 0.95
"""Width of a QRS, area over height in units of 62 ms, below which it is not that of ventricular
tachycardia. Of vfdb's, 2% of the beats of 421 are narrower, of the other recordings none."""
LEAST_BEATS = 3
"""Candidates that show how wide a QRS is."""
BEATS_BESIDE = 3
"""Beats that must lie there: in noise, a single one may be false."""
LIKELY_BEAT = 0.5
"""Least probability of a beat that ends a standstill; it must also exceed that of standstill."""
QUIET = 0.25
"""Part of the typical height of its lead that the signal of a quiet second has at most. Of DS1 and
63 records of svdb, hardly a second of what looks like noise is that low."""
NETWORK_KINDS: tuple[RhythmKind, ...] = ("N", "AFIB", "VT", "VFL", "ASYS")
"""Kinds of the spans of `rhythm_spans`: what the network predicts by the second."""
FIBRILLATION_SMOOTHED_S = 15
FIBRILLATION_LASTS = 0.3
"""Probability down to which a span of atrial fibrillation lasts. Both probabilities were chosen on
unseen patients."""


@dataclass(frozen=True, kw_only=True)
class StepSpan:
    """A span of one rhythm.

    Parameters
    ----------
    begin, end : int
        First step, and the one after the last.
    kind : str
        See `ecgscribe.rhythms.RHYTHM_KINDS`.
    probability : float
        Mean over its seconds.
    """

    begin: int
    end: int
    kind: RhythmKind
    probability: float

    def __len__(self) -> int:
        return self.end - self.begin


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
        Whether a standstill must have a beat or a ventricular rhythm within `BESIDE_S`.
    """

    ventricular_s: int = LEAST_S
    fibrillation_s: int = 30
    fibrillation: float = 0.5
    unsettled_s: int = 0
    heart_beside: bool = True


IN_RECORDING = Evidence()


class FoundRhythms(NamedTuple):
    """The rhythms of a recording, and where there is none to see."""

    spans: list[StepSpan]
    """See `rhythm_spans`."""
    noise: Floats
    """Probability that each whole second is noise, averaged as that of the rhythms."""
    no_signal: Floats
    """Probability that it is noise or a standstill, as where a lead is off, averaged alike."""


def find_rhythms(
    network: RhythmNetwork, seconds: Seconds, candidates: ClassifiedCandidates, n_steps: int
) -> FoundRhythms:
    """Find the rhythms of a recording.

    Parameters
    ----------
    network : RhythmNetwork
    seconds : Seconds
        Of the whole recording.
    candidates : ClassifiedCandidates
        All of them, false detections too.
    n_steps : int
        Length of the recording.

    Returns
    -------
    FoundRhythms
    """
    peaks = (candidates.r_peaks, candidates.peak_scores, candidates.shapes)
    probability = predict_seconds(network, seconds, *peaks)
    beats = beats_not_still(candidates.r_peaks, candidates.beat_probability, probability)
    smooth = _moving_mean(probability, SMOOTHED_S) if len(probability) else probability
    noise, still = smooth[:, Rhythm.NOISE], smooth[:, Rhythm.STANDSTILL]
    return FoundRhythms(rhythm_spans(probability, beats, n_steps), noise, noise + still)


def predict_seconds(
    network: RhythmNetwork,
    seconds: Seconds,
    r_peaks: Doubles,
    peak_scores: Floats,
    shapes: Floats,
    *,
    typical: Floats | None = None,
) -> Floats:
    """Predict the rhythm of every second: what the network says, and what is certain without it.

    Parameters
    ----------
    network : RhythmNetwork
    seconds : Seconds
    r_peaks, peak_scores, shapes, typical
        See `ecgscribe.model.rhythm.second_features`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        See `rhythm_probabilities`, `still_where_quiet` and `without_narrow`.
    """
    features = second_features(seconds, r_peaks, peak_scores, shapes, typical=typical)
    probability = predict_rhythm(network, features)
    logit = fibrillation_by_second(network, r_peaks, peak_scores, len(seconds))
    if logit is not None:
        probability = with_intervals(probability, logit)
    probability = rhythm_probabilities(probability, seconds.lost)
    probability = still_where_quiet(probability, seconds, r_peaks, typical=typical)
    return without_narrow(probability, r_peaks, shapes)


def beats_not_still(r_peaks: Doubles, beat_probability: Floats, probability: Floats) -> Doubles:
    """Return the R-peaks that are rather beats than noise on the baseline of a standstill.

    Parameters
    ----------
    r_peaks : ndarray of float64, shape (n,)
        In steps.
    beat_probability : ndarray of float32, shape (n,)
        Probability that each is a beat.
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        Of every whole second.
    """
    if len(probability) == 0:
        return np.zeros(0)
    second = np.minimum(r_peaks.astype(np.int64) // FS, len(probability) - 1)
    still = probability[second, Rhythm.STANDSTILL]
    likely = beat_probability > np.maximum(still, LIKELY_BEAT)
    return np.asarray(r_peaks[likely])


def without_narrow(probability: Floats, r_peaks: Doubles, shapes: Floats) -> Floats:
    """Count ventricular tachycardia as a plain rhythm where a QRS is narrow.

    The QRS of ventricular tachycardia is wide in every lead. In plain rhythms of vfdb it is
    narrower than `NARROW`, but for one bundle branch block.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps.
    shapes : ndarray of float32, shape (n, 3, 2)
        See `ecgscribe.model.rhythm.shapes_of`.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    """
    if len(r_peaks) < LEAST_BEATS or len(probability) == 0:
        return probability
    of_leads = shapes[:, SHAPE_NAMES.index("width")]
    narrowest = np.where(of_leads > 0, of_leads, np.inf).min(axis=1)
    width = rolling_quantile(narrowest, NEAR)
    middle = (np.arange(len(probability)) + 0.5) * FS
    nearest = np.clip(np.searchsorted(r_peaks, middle), 1, len(r_peaks) - 1)
    nearest -= middle - r_peaks[nearest - 1] < r_peaks[nearest] - middle
    is_narrow = width[nearest] < NARROW
    counted = probability.copy()
    counted[is_narrow, Rhythm.PLAIN] += counted[is_narrow, Rhythm.TACHYCARDIA]
    counted[is_narrow, Rhythm.TACHYCARDIA] = 0
    return counted


def rhythm_probabilities(probability: Floats, lost: Flags) -> Floats:
    """Count seconds in which all leads are lost as noise.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    lost : ndarray of bool, shape (n_seconds, n_leads)
    """
    counted = probability.copy()
    counted[lost.all(axis=1)] = np.eye(len(Rhythm))[Rhythm.NOISE]
    return counted


def still_where_quiet(
    probability: Floats, seconds: Seconds, r_peaks: Doubles, *, typical: Floats | None = None
) -> Floats:
    """Count a quiet baseline as standstill: it is no noise, and no rhythm without candidates.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
    seconds : Seconds
    r_peaks : ndarray of float64, shape (n,)
        All candidates, in steps.
    typical : ndarray of float32, shape (n_leads,), optional
        Typical height of each lead, if not that of these seconds.

    Returns
    -------
    ndarray of float32, shape (n_seconds, `ecgscribe.model.rhythm.N_RHYTHMS`)
        What speaks for a ventricular rhythm stays.
    """
    height, lost = seconds.height, seconds.lost
    usual = typical_heights(height, lost) if typical is None else typical
    quiet = np.all(lost | (height <= QUIET * usual), axis=1) & ~np.all(lost, axis=1)
    empty = np.ones(len(seconds), dtype=np.bool_)
    second = np.floor(r_peaks / FS).astype(np.int64)
    empty[second[(second >= 0) & (second < len(seconds))]] = False
    counted = probability.copy()
    for kind, rows in (
        (Rhythm.NOISE, quiet),
        (Rhythm.PLAIN, quiet & empty),
        (Rhythm.FIBRILLATION, quiet & empty),
    ):
        counted[rows, Rhythm.STANDSTILL] += counted[rows, kind]
        counted[rows, kind] = 0
    return counted


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
    smooth = _moving_mean(probability, SMOOTHED_S)
    spans = _ventricular(smooth, evidence)
    rest = ~_covered(spans, n)
    still = _standstill(smooth, beats, rest, n_steps)
    spans += _beside_a_heart(still, _sure(beats, smooth), spans) if evidence.heart_beside else still
    rest &= ~_covered(spans, n)
    spans += _fibrillation(probability, rest, evidence)
    return _with_plain(sorted(spans, key=lambda span: span.begin), smooth, n_steps)


def _moving_mean(values: Floats, n: int) -> Floats:
    """Average the rows over `n` of them, fewer at the ends; the same shape."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values, n, axis=0, mode="nearest"), dtype=np.float32)


def _span(kind: RhythmKind, begin: int, end: int, probability: Floats) -> StepSpan:
    """Make a span of whole seconds."""
    mean = float(probability[begin:end].mean())
    return StepSpan(begin=begin * FS, end=end * FS, kind=kind, probability=mean)


def _covered(spans: Sequence[StepSpan], n: int) -> Flags:
    """Return which seconds a span touches, shape (n,)."""
    covered = np.zeros(n, dtype=np.bool_)
    for span in spans:
        covered[span.begin // FS : -(-span.end // FS)] = True
    return covered


def _ventricular(smooth: Floats, evidence: Evidence) -> list[StepSpan]:
    tachycardia, flutter = smooth[:, Rhythm.TACHYCARDIA], smooth[:, Rhythm.FLUTTER]
    either = tachycardia + flutter
    spans = []
    for begin, end in runs(long_runs(either > 0.5, evidence.ventricular_s)).tolist():
        is_tachycardia = _leans(tachycardia[begin:end], flutter[begin:end])
        edges = np.flatnonzero(np.diff(is_tachycardia)) + 1
        for first, last in pairwise([0, *edges.tolist(), end - begin]):
            kind: RhythmKind = "VT" if is_tachycardia[first] else "VFL"
            spans.append(_span(kind, begin + first, begin + last, either))
    return spans


def _leans(tachycardia: Floats, flutter: Floats) -> Flags:
    """Return which seconds of a ventricular span are tachycardia: in parts, unless it is short."""
    if len(flutter) < 2 * LEAST_PART_S:
        return np.full(len(flutter), tachycardia.sum() >= flutter.sum())
    leans = _moving_mean(tachycardia - flutter, SPLIT_S) >= 0
    return ~long_runs(~long_runs(leans, LEAST_PART_S), LEAST_PART_S)


def _standstill(smooth: Floats, beats: Doubles, rest: Flags, n_steps: int) -> list[StepSpan]:
    still = smooth[:, Rhythm.STANDSTILL]
    at = beats.astype(np.int64)
    spans = []
    for begin, end in runs((still > 0.5) & rest).tolist():
        stop = end * FS if end < len(still) else n_steps
        first, last = np.searchsorted(at, [begin * FS, stop]).tolist()
        # A second with a beat is no standstill, but the rest of it is: up to the beat.
        edges = [begin * FS - 1, *at[first:last].tolist(), stop]
        if first and _is_near(int(at[first - 1]), begin * FS, rest):
            edges[0] = int(at[first - 1])
        if last < len(at) and _is_near(int(at[last]), stop, rest):
            edges[-1] = int(at[last])
        for before, after in pairwise(edges):
            if after - before - 1 >= LEAST_S * FS:
                mean = float(still[begin:end].mean())
                spans.append(StepSpan(begin=before + 1, end=after, kind="ASYS", probability=mean))
    return spans


def _sure(beats: Doubles, smooth: Floats) -> Doubles:
    """Return the beats of seconds in which a rhythm shows, and not noise."""
    second = np.minimum(beats.astype(np.int64) // FS, len(smooth) - 1)
    shows = smooth[:, Rhythm.PLAIN] + smooth[:, Rhythm.FIBRILLATION] > 0.5
    return np.asarray(beats[shows[second]])


def _beside_a_heart(
    still: Sequence[StepSpan], beats: Doubles, ventricular: Sequence[StepSpan]
) -> list[StepSpan]:
    """Leave out groups of standstills with neither beats nor flutter around or in between."""
    reach = BESIDE_S * FS
    edges = np.array([edge for span in ventricular for edge in (span.begin, span.end)])
    # A ventricular rhythm is as sure as several beats.
    signs = np.sort(np.concatenate([beats, np.repeat(edges, BEATS_BESIDE)]))
    starts = [k for k in range(len(still)) if not k or still[k].begin - still[k - 1].end > reach]
    kept: list[StepSpan] = []
    for first, last in pairwise([*starts, len(still)]):
        group = still[first:last]
        begin, end = group[0].begin, group[-1].end
        around = _n_within(signs, begin - reach, begin) + _n_within(signs, end, end + reach)
        between = [_n_within(signs, one.end, other.begin) for one, other in pairwise(group)]
        if max([around, *between]) >= BEATS_BESIDE:
            kept += group
    return kept


def _n_within(signs: Doubles, begin: int, end: int) -> int:
    """Count those from `begin` to `end`, both included."""
    first, last = np.searchsorted(signs, begin), np.searchsorted(signs, end, side="right")
    return int(last - first)


def _is_near(beat: int, edge: int, rest: Flags) -> bool:
    """Return whether a span may reach from `edge` to a beat, only over seconds that are left."""
    first, last = sorted((beat // FS, min(edge // FS, len(rest) - 1)))
    return abs(beat - edge) <= EDGE_S * FS and bool(rest[first : last + 1].all())


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
            spans.append(_span("AFIB", begin + first, end - last, smooth))
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
