"""Record-relative rhythm and morphology of each beat: facts that nothing learned decides.

Rhythm is told as logarithms of ratios, so that a premature beat looks the same at any heart
rate. Prematurity is told against the neighbourhood's median and against the record's median,
mean and upper quartile: where ectopic beats are the majority, as in bigeminy, the median calls
them normal and the others do not. Morphology is likeness to the record's own dominant beat, lead
by lead, so that neither the lead nor its polarity matters.

"Record" here means a run of `SEGMENT` beats (half an hour and more): what a day-long recording
calls normal changes with the hours, and memory stays bounded.

Being early means little where no interval is like another, as in atrial fibrillation. How far the
rhythm repeats itself is told by the terms of sample entropy (Richman and Moorman, Am J Physiol
Heart Circ Physiol 278(6):H2039-H2049, 2000) over the beats around: the share of pairs of
intervals that are alike, and of those the share that are followed by alike ones, which stays high
where early beats come in a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgscribe.signal.windows import FS

__all__ = [
    "AFTER",
    "ALIKE",
    "BEFORE",
    "FAR",
    "FEATURE_NAMES",
    "LOGIT_FEATURE_NAMES",
    "SEGMENT",
    "WAVEFORM",
    "beat_features",
    "logit_features",
    "segment_features",
    "segments",
    "waveforms",
]


SEGMENT = 2048
NEAR, FAR = 17, 65
"""RR intervals of the neighbourhood, and of the wider one for irregularity."""
LONGEST_RR = 3.0
SHORTEST_RR = 0.2
LAGS = 12
"""Beats apart, at most, that two intervals lie which are compared for regularity."""
SAME = 0.06
"""Difference of their logarithms up to which two intervals are alike."""
RATIO_GAIN = 3.0
"""Brings the logarithms of ratios to the order of one, as the network likes its inputs."""


BEFORE, AFTER = 32, 51
"""Steps of a beat's waveform around its R-peak: 0.25 s before, 0.4 s after."""
P_WAVE = slice(0, 22)
QRS = slice(20, 46)
T_WAVE = slice(46, BEFORE + AFTER)
SHIFTS = range(-2, 3)
P_EDGE = 3
"""Steps at each end of the P wave that its baseline runs through."""
P_LEAST = 0.01
"""Part of the height of the usual QRS below which a mean P wave is as good as none."""
WAVEFORM = BEFORE + AFTER + 2 * max(SHIFTS)
"""Steps of a waveform with room to shift it."""
ALIKE = 0.75
"""Correlation below which a beat is not of the dominant shape."""


_RHYTHM = (
    "rr_before/near", "rr_after/near", "rr_before/median", "rr_after/median", "rr_before/mean",
    "rr_after/mean", "rr_before/upper", "rr_after/upper", "rr_before/near_upper",
    "rr_before/previous", "rr_after/rr_before", "pair/near", "irregular_near", "irregular_far",
    "rr_near", "rr_before", "rr_before/irregular", "alike", "predictable",
)  # fmt: skip
_SHAPE = (
    "qrs_like_dominant", "qrs_like_second", "p_like_dominant", "t_like_dominant",
    "height/dominant", "width/dominant", "width", "distance", "p_part",
)  # fmt: skip
_AROUND = ("p_near", "p_height_near", "distance_near")
FEATURE_NAMES: tuple[str, ...] = (
    *_RHYTHM,
    *(f"{fact}_{lead}" for lead in (1, 2) for fact in _SHAPE),
    "share_dominant",
    *(f"{fact}_{lead}" for fact in _AROUND for lead in (1, 2)),
)
"""Names of the facts, in the order of the columns of `beat_features`."""


LOGIT_FEATURE_NAMES: tuple[str, ...] = tuple(
    f"{odds}{against}"
    for against in ("", "-median", "-low", "/spread")
    for odds in ("S:N", "V:N", "F:N", "abnormal:N", "R-peak:none")
)
"""Names of what `logit_features` tells, in the order of its columns."""
LOG_ODDS_RANGE = 15.0
LOW = 0.1
"""Quantile that stands for the most normal beats, where ectopic ones are the majority too."""


Floats = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


def segments(n: int) -> Iterator[slice]:
    """Cut beats into runs of `SEGMENT`; a rest of up to half as many joins the last run."""
    count = max((n + SEGMENT // 2 - 1) // SEGMENT, 1)
    edges = [min(k * SEGMENT, n) for k in range(count)] + [n]
    for begin, end in pairwise(edges):
        yield slice(begin, end)


def _quantiles(values: NDArray[Real], *quantiles: float) -> NDArray[Real]:
    """Give quantiles along the last axis, shape (quantiles, ...), linear between ranks.

    As NumPy has it, which takes some times longer where there are few values.
    """
    ordered = np.sort(values, axis=-1)
    last = ordered.shape[-1] - 1
    found = []
    for quantile in quantiles:
        rank, beyond = divmod(quantile * last, 1)
        low, high = ordered[..., int(rank)], ordered[..., min(int(rank) + 1, last)]
        found.append(low + beyond * (high - low))
    return np.stack(found)


def _near(values: NDArray[Real], width: int, quantile: float = 0.5) -> NDArray[Real]:
    """Give a quantile of each value and its neighbours along the last axis; edges repeat.

    Of `width` values, it must fall on one: then a rank is all there is to it, found much faster,
    and fastest of one long row.
    """
    from scipy.ndimage import rank_filter

    n, reach = values.shape[-1], width // 2
    padded = values[..., np.clip(np.arange(-reach, n + reach), 0, n - 1)]
    ranked = rank_filter(padded.reshape(-1), round(quantile * (width - 1)), width)
    return np.asarray(ranked.reshape(padded.shape)[..., reach : reach + n])


def _around(values: NDArray[Any], width: int) -> NDArray[np.float64]:
    """Sum the values from `width` // 2 before to as many after each, along the last axis."""
    n = values.shape[-1]
    total = np.zeros((*values.shape[:-1], n + 1))
    np.cumsum(values, axis=-1, out=total[..., 1:])
    at = np.arange(n)
    last = np.minimum(at + width // 2 + 1, n)
    return np.asarray(total[..., last] - total[..., np.maximum(at - width // 2, 0)])


def _regularity(interval: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Tell how many of the intervals around each are alike, and how many of those go on alike."""
    logarithm = np.log(interval)
    n = len(interval)
    # No interval is alike to one before the first, which is no number.
    padded = np.concatenate([np.full(LAGS, np.nan), logarithm])
    earlier = np.lib.stride_tricks.sliding_window_view(padded, LAGS)[:n]
    same = np.abs(logarithm[:, None] - earlier) < SAME
    told = np.zeros((3, n))  # pairs, those alike, and those followed by alike ones
    told[0, :-1] = np.minimum(np.arange(n - 1), LAGS)
    told[1, :-1] = same[:-1].sum(axis=1)
    told[2, :-1] = (same[:-1] & same[1:]).sum(axis=1)
    pairs, alike, followed = _around(told, FAR)
    share = alike / np.maximum(pairs, 1)
    # Where hardly any are alike, what follows them is taken to be as it is anywhere.
    predictable = (followed + share) / (alike + 1)
    return share.astype(np.float32), predictable.astype(np.float32)


def _rhythm(step: NDArray[np.float64], run: slice) -> Floats:
    """Tell the rhythm around each beat of a run, shape (beats of the run, len(_RHYTHM))."""
    if len(step) < 2:
        return np.zeros((run.stop - run.start, len(_RHYTHM)), dtype=np.float32)
    begin = max(run.start - FAR, 0)
    rr = np.clip(np.diff(step[begin : run.stop + FAR]) / FS, SHORTEST_RR, LONGEST_RR)
    run = slice(run.start - begin, run.stop - begin)
    # Stands for what is not there before the first and after the last beat of the record.
    usual = _quantiles(rr[run.start : run.stop - 1] if run.stop - run.start > 1 else rr, 0.5)[0]
    before = np.concatenate(([usual], rr))
    after = np.concatenate((rr, [usual]))
    previous = np.concatenate(([usual], before[:-1]))
    near = _near(before, NEAR)
    change = np.abs(np.diff(before, prepend=before[0]))
    irregular = [_near(change, width) / near for width in (NEAR, FAR)]
    alike, predictable = _regularity(before)
    b, a, n = before[run], after[run], near[run]
    median, upper = _quantiles(b, 0.5, 0.75)
    ratios = [(b, n), (a, n)]
    ratios += [(x, whole) for whole in (median, b.mean(), upper) for x in (b, a)]
    ratios += [(b, _near(before, NEAR, 0.75)[run]), (b, previous[run]), (a, b), (b + a, 2 * n)]
    ratio = np.stack([part / np.maximum(whole, SHORTEST_RR) for part, whole in ratios])
    ratio = RATIO_GAIN * np.clip(np.log(ratio), -1.5, 1.5)
    irregular_near, irregular_far = (i[run] for i in irregular)
    columns = [
        *ratio,
        5 * np.minimum(irregular_near, 0.5),
        5 * np.minimum(irregular_far, 0.5),
        RATIO_GAIN * np.clip(np.log(n / 0.8), -1.5, 1.5),
        RATIO_GAIN * np.clip(np.log(b / 0.8), -1.5, 1.5),
        np.clip(np.log(b / n) / (irregular_near + 0.03), -4, 4),
        2 * alike[run],
        2 * predictable[run],
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def waveforms(signal: Floats, step: NDArray[np.float64]) -> Floats:
    """Cut the beats, with room to shift them, shape (n_beats, `WAVEFORM`, 2)."""
    begin = np.rint(step).astype(np.int64) - BEFORE - max(SHIFTS)
    beats = np.zeros((len(step), WAVEFORM, 2), dtype=np.float32)
    inside = (begin >= 0) & (begin <= len(signal) - WAVEFORM)
    if inside.any():
        windows = np.lib.stride_tricks.sliding_window_view(signal, WAVEFORM, axis=0)
        beats[inside] = windows[begin[inside]].swapaxes(1, 2)
    for k in np.flatnonzero(~inside).tolist():
        part = signal[max(begin[k], 0) : max(begin[k] + WAVEFORM, 0)]
        first = max(-begin[k], 0)
        beats[k, first : first + len(part)] = part
    return beats


def _spread(beats: Floats) -> Floats:
    """Give the root of the sum of squares around the mean, (2, ..., steps) to (2, ...)."""
    # Not by a centred copy of all beats, and not by matrix products: threads of BLAS would take
    # the processors from the trunk.
    squares = np.einsum("...s,...s->...", beats, beats)
    squares -= np.einsum("...s->...", beats) ** 2 / beats.shape[-1]
    return np.asarray(np.sqrt(np.maximum(squares, 0, out=squares), out=squares))


def _likeness(beats: Floats, spread: Floats, template: Floats) -> Floats:
    """Correlate beats (2, ..., steps) with a template (2, steps), lead by lead: (2, ...)."""
    centred = template - template.mean(axis=1, keepdims=True)
    size = np.sqrt(np.einsum("ls,ls->l", centred, centred))
    norm = np.maximum((spread.T * size).T, 1e-3)
    return np.asarray(np.einsum("l...s,ls->l...", beats, centred) / norm, dtype=np.float32)


def _template(qrs: Floats, spread: Floats, candidates: NDArray[np.bool_]) -> Floats | None:
    """Average the beats that are most like one another, from `candidates`; none if too few."""
    if np.count_nonzero(candidates) < 3:
        return None
    chosen, spread = qrs[:, candidates], spread[:, candidates]
    template = _quantiles(chosen.swapaxes(1, 2), 0.5)[0]
    for _ in range(3):
        like = _likeness(chosen, spread, template).mean(axis=0)
        template = chosen[:, like >= _quantiles(like, 0.5)[0]].mean(axis=1)
    return np.asarray(template, dtype=np.float32)


def _align(beats: Floats, template: Floats) -> Floats:
    """Shift each beat by up to two steps to where its QRS is most like the template."""
    shifted = np.lib.stride_tricks.sliding_window_view(beats, BEFORE + AFTER, axis=2)
    qrs = shifted[..., QRS]
    best = _likeness(qrs, _spread(qrs), template).sum(axis=0).argmax(axis=1)
    return np.asarray(shifted[:, np.arange(len(best)), best])


def _width(qrs: Floats) -> Floats:
    """Area over height of each QRS, in steps, shape (2, ...)."""
    size = np.abs(qrs)
    return np.asarray(size.sum(axis=-1) / np.maximum(size.max(axis=-1), 1e-3), dtype=np.float32)


def _shape(beats: Floats, regular: NDArray[np.bool_]) -> Floats:
    """Tell the shape of each beat of one run, shape (n_beats, len(FACTS) - len(_RHYTHM))."""
    beats = np.ascontiguousarray(beats.transpose(2, 0, 1))  # the steps of a beat side by side
    n = beats.shape[1]
    room = max(SHIFTS)
    qrs = beats[..., room : room + BEFORE + AFTER][..., QRS]
    spread = _spread(qrs)
    dominant = _template(qrs, spread, regular)
    if dominant is None:
        dominant = _template(qrs, spread, np.ones(n, dtype=np.bool_))
    if dominant is None:
        return np.zeros((n, len(FEATURE_NAMES) - len(_RHYTHM)), dtype=np.float32)
    beats = _align(beats, dominant)
    qrs, p_wave, t_wave = (beats[..., part] for part in (QRS, P_WAVE, T_WAVE))
    spread = _spread(qrs)
    like = _likeness(qrs, spread, dominant)
    unlike = like.max(axis=0) < ALIKE
    whole = (beats if unlike.all() else beats[:, ~unlike]).mean(axis=1)
    second = _template(qrs, spread, unlike)
    like_second = np.zeros_like(like) if second is None else _likeness(qrs, spread, second)
    width, usual_width = _width(qrs), _width(dominant)[:, None]
    # A lead that is missing has no dominant beat: all of its facts are zero.
    present = np.ptp(dominant, axis=1) > 0.05
    apart = qrs - dominant[:, None]
    size = np.maximum((dominant**2).sum(axis=1), 0.1)[:, None]
    distance = np.minimum(np.sqrt(np.einsum("...s,...s->...", apart, apart) / size), 4)
    p_like = _likeness(p_wave, _spread(p_wave), whole[:, P_WAVE])
    usual_height = np.maximum(np.ptp(dominant, axis=1), 0.05)[:, None]
    p_part, p_height = _p_waves(p_wave, ~unlike, usual_height)
    features = np.stack(
        [
            like,
            like_second,
            p_like,
            _likeness(t_wave, _spread(t_wave), whole[:, T_WAVE]),
            RATIO_GAIN * np.log(np.clip(np.ptp(qrs, axis=2) / usual_height, 0.1, 10)),
            RATIO_GAIN * np.log(np.clip(width / np.maximum(usual_width, 1e-3), 0.2, 5)),
            width / 8,
            distance,
            p_part,
        ],
        axis=1,
    )
    features[~present] = 0
    share = np.full((1, n), 1 - unlike.mean())
    p_near, distance_near = np.split(_near(np.concatenate([p_like, distance]), NEAR), 2)
    around = [fact * present[:, None] for fact in (p_near, p_height, distance_near)]
    return np.concatenate([features.reshape(-1, n), share, *around]).T.astype(np.float32)


def _p_waves(beats: Floats, usual: NDArray[np.bool_], qrs_height: Floats) -> tuple[Floats, Floats]:
    """Tell P waves, shape (2, n, steps), against the mean of those of the usual beats around.

    The mean shows what noise hides in one beat. Where atria fibrillate, it is flat.

    Returns
    -------
    part : ndarray, shape (2, n)
        How much of the mean P wave is in each: 1 if it is the same, 0 if there is none.
    height : ndarray, shape (2, n)
        Of the mean P wave, in tenths of the height of the usual QRS.
    """
    from scipy.ndimage import uniform_filter1d

    ramp = np.linspace(0, 1, beats.shape[2], dtype=np.float32)
    first, last = (beats[..., edge].mean(axis=2) for edge in (slice(P_EDGE), slice(-P_EDGE, None)))
    level = beats - first[..., None] * (1 - ramp)
    level -= last[..., None] * ramp
    weight = uniform_filter1d(usual.astype(np.float32), NEAR, mode="constant")
    mean = uniform_filter1d(level * usual[:, None], NEAR, axis=1, mode="constant")
    mean /= np.maximum(weight, 0.5 / NEAR)[:, None]
    least = beats.shape[2] * (P_LEAST * qrs_height) ** 2
    product = np.einsum("...s,...s->...", level, mean)
    part = product / np.maximum(np.einsum("...s,...s->...", mean, mean), least)
    height = 10 * np.ptp(mean, axis=2) / qrs_height
    return np.clip(part, -1, 3), np.minimum(height, 6)


def beat_features(signal: Floats, step: NDArray[np.float64]) -> Floats:
    """Tell rhythm and morphology of each beat, relative to its own record.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_steps, 2)
        Conditioned signal; a missing lead is zero.
    step : ndarray of float64, shape (n_beats,)
        R-peaks in steps, in time order.

    Returns
    -------
    ndarray of float32, shape (n_beats, len(FACTS))
    """
    features = np.empty((len(step), len(FEATURE_NAMES)), dtype=np.float32)
    for run in segments(len(step)):
        features[run] = segment_features(step, run, waveforms(signal, step[run]))
    return features


def segment_features(step: NDArray[np.float64], run: slice, beats: Floats) -> Floats:
    """Tell rhythm and morphology of each beat of one run, as `beat_features` does of all.

    Parameters
    ----------
    step : ndarray of float64, shape (n_beats,)
        R-peaks in steps: those of the run, and `FAR` or all that there are to each side.
    run : slice
        Which of them the run is; one that `segments` gives of a whole record.
    beats : ndarray of float32, shape (beats of the run, `WAVEFORM`, 2)
        Their waveforms; see `waveforms`.

    Returns
    -------
    ndarray of float32, shape (beats of the run, len(FACTS))
    """
    rhythm = _rhythm(step, run)
    # A beat in time is likely of the dominant shape: the template starts from those.
    in_time = np.abs(rhythm[:, 0]) < RATIO_GAIN * 0.1
    return np.concatenate([rhythm, _shape(beats, in_time)], axis=1)


def logit_features(logits: Floats, height: Floats) -> Floats:
    """Tell what the trunk says of each beat, against what it says of the whole record.

    Of most patients it tells ectopic beats from normal ones well, but not where to draw the line:
    in a fast rhythm, or with a bundle branch block, every beat may look abnormal to it.

    Parameters
    ----------
    logits : ndarray of float32, shape (n_beats, 5)
        Class logits at the R-peaks, in time order.
    height : ndarray of float32, shape (n_beats,)
        Score of each R-peak, 0 to 1.

    Returns
    -------
    ndarray of float32, shape (n_beats, len(CLASS_FACTS))
        Log odds against N, of S, V, F and of all that is not N, and those of the R-peak:
        themselves, less the median and the lower quantile of the record (of runs of `SEGMENT`
        beats), and over their spread.
    """
    relative = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    every = np.log(np.exp(relative[:, 1:]).sum(axis=1, keepdims=True) + 1e-9)
    sure = np.clip(height, 1e-6, 1 - 1e-6).astype(np.float32)
    r_peak = np.log(sure / (1 - sure))[:, None]
    odds = np.concatenate([relative[:, 1:4], every], axis=1) - relative[:, :1]
    odds = np.concatenate([odds, r_peak], axis=1)
    odds = np.clip(odds, -LOG_ODDS_RANGE, LOG_ODDS_RANGE)
    features = np.empty((len(odds), len(LOGIT_FEATURE_NAMES)), dtype=np.float32)
    for run in segments(len(odds)):
        if run.start == run.stop:
            continue
        of_run = odds[run]
        low, first, median, third = _quantiles(of_run.T, LOW, 0.25, 0.5, 0.75)
        over = of_run - median
        spread = np.clip(over / (third - first + 0.5), -8, 8)
        parts = [0.3 * of_run, 0.3 * over, 0.3 * (of_run - low), 0.5 * spread]
        features[run] = np.concatenate(parts, axis=1)
    return features
