"""The numbers of a report: one dict of plain values, from which every page is made.

Numbers are rounded to what they are shown with, and times carry the text they are shown as, so
that a page holds no figure that the dict does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecgscribe._version import __version__
from ecgscribe.analysis.ectopy import LEAST_REPEATS, LEAST_RUN, Ectopy, Episode, ectopy
from ecgscribe.analysis.hrv import HF, LEAST_COVERED, LEAST_NN_S, LF, SEGMENT_S, Variability
from ecgscribe.analysis.morphology import MOST, Shape, likeness
from ecgscribe.analysis.rr_intervals import (
    PAUSE_S,
    RATE_INTERVALS,
    BeatSeries,
    mean_rate,
    pauses,
    rate_extremes,
)
from ecgscribe.formatting import format_time, percent, rounded
from ecgscribe.quality_annotations import readable_seconds, unreadable_spans
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

__all__ = ["ECTOPIC", "INTENDED_USE", "at", "facts"]


INTENDED_USE = (
    "ecgscribe is a research tool, not a medical device: this report is not for diagnosis or "
    "treatment, and a person qualified to read ECGs must judge everything in it."
)
ECTOPIC = {"V": 2, "S": 1}
"""Classes whose structure is told, and their indices."""
HISTOGRAM_MS = 20
HOURLY_FROM_S = 2 * 3600.0
"""Length of a recording from which on there is a table by the hour."""
_MOST_PAUSES = 5


def facts(
    source: LazyRecord,
    annotation: Annotation,
    beats: BeatSeries,
    *,
    variability: Variability,
    shapes: Sequence[Shape],
    columns: Sequence[int],
    origin: dict[str, Any],
    files: Sequence[dict[str, str]],
) -> dict[str, Any]:
    """Put together what a report says, but for its strips.

    Parameters
    ----------
    source : LazyRecord
        The recording.
    annotation : Annotation
        Its annotations.
    beats : BeatSeries
        Those beats of it that count.
    variability : Variability
    shapes : sequence of Shape
    columns : sequence of int
        Leads that the report shows.
    origin : dict
        Where the annotations come from.
    files : sequence of dict
        Name and SHA-256 of each file of the recording.

    Returns
    -------
    dict
        Only types that JSON has.
    """
    return {
        "recording": _recording(source, columns, files),
        "annotations": origin | {"probabilities": annotation.probability is not None},
        "readable": _readable(source, annotation),
        "beats": _counts(beats),
        "heart_rate": _heart_rate(source, beats),
        "hours": _hours(source, annotation, beats),
        "rr_intervals": _histogram(beats),
        "variability": _variability(variability, source.duration),
        "ectopy": {name: _ectopy(source, beats, index) for name, index in ECTOPIC.items()},
        "pauses": _pauses(source, beats),
        "shapes": _shapes(source, shapes),
        "software": {"name": "ecgscribe", "version": __version__, "intended_use": INTENDED_USE},
    }


def _recording(
    source: LazyRecord, columns: Sequence[int], files: Sequence[dict[str, str]]
) -> dict[str, Any]:
    return {
        "name": source.name,
        "start": None if source.start is None else f"{source.start:%Y-%m-%d %H:%M:%S}",
        "duration_s": round(source.duration, 3),
        "duration": format_time(source.duration, hours=True),
        "fs_hz": rounded(source.fs, 3),
        "leads": list(source.leads),
        "leads_shown": [source.leads[k] for k in columns],
        "paced": source.paced,
        "files": list(files),
    }


def _readable(source: LazyRecord, annotation: Annotation) -> dict[str, Any]:
    seconds = readable_seconds(annotation, source.n_samples)
    stretches = unreadable_spans(annotation, source.n_samples)
    content: dict[str, Any] = {
        "seconds": round(seconds, 3),
        "time": format_time(seconds, hours=True),
        "percent": percent(seconds, source.duration),
        "unreadable_stretches": len(stretches),
        "longest_unreadable": None,
    }
    if len(stretches):
        length = np.diff(stretches, axis=1)[:, 0]
        k = int(length.argmax())
        content["longest_unreadable"] = {
            "length_s": round(int(length[k]) / source.fs, 1),
            "at": at(source, int(stretches[k, 0]) / source.fs),
        }
    return content


def _counts(beats: BeatSeries) -> dict[str, Any]:
    counts = np.bincount(beats.class_index, minlength=len(AAMI_CLASSES)).tolist()
    total = len(beats)
    return {
        "counted": total,
        "in_noise": beats.in_noise,
        "classes": [
            {"class": c, "name": CLASS_NAMES[c], "count": n, "percent": percent(n, total)}
            for c, n in zip(AAMI_CLASSES, counts, strict=True)
        ],
        "all_percent": 100.0 if total else None,
        "pvc_percent": percent(counts[ECTOPIC["V"]], total) if total else None,
        "sve_percent": percent(counts[ECTOPIC["S"]], total) if total else None,
    }


def _heart_rate(source: LazyRecord, beats: BeatSeries) -> dict[str, Any]:
    extremes = rate_extremes(beats)
    content: dict[str, Any] = {
        "intervals": RATE_INTERVALS,
        "mean": rounded(mean_rate(beats), 0),
        "min": None,
        "max": None,
    }
    if extremes is not None:
        for name, extreme in zip(("min", "max"), extremes, strict=True):
            content[name] = {
                "rate": rounded(extreme.rate, 0),
                "at": at(source, float(beats.time[extreme.first])),
            }
    return content


def _hours(source: LazyRecord, annotation: Annotation, beats: BeatSeries) -> list[dict[str, Any]]:
    """Tell of every hour from the start, where the recording is long."""
    if source.duration < HOURLY_FROM_S:
        return []
    stretches = unreadable_spans(annotation, source.n_samples) / source.fs
    content = []
    runs = {
        name: beats.time[np.array([e.first for e in ectopy(beats, index).runs], dtype=np.int64)]
        for name, index in ECTOPIC.items()
    }
    for begin in np.arange(0, source.duration, 3600.0).tolist():
        end = min(begin + 3600.0, source.duration)
        part = _between(beats, begin, end)
        counts = np.bincount(part.class_index, minlength=len(AAMI_CLASSES)).tolist()
        lost = np.clip(stretches, begin, end)
        extremes = rate_extremes(part)
        content.append(
            {
                "from": at(source, begin),
                "readable_percent": percent(end - begin - float(np.diff(lost).sum()), end - begin),
                "beats": len(part),
                "rate_min": None if extremes is None else rounded(extremes[0].rate, 0),
                "rate_mean": rounded(mean_rate(part), 0),
                "rate_max": None if extremes is None else rounded(extremes[1].rate, 0),
                **{name: counts[index] for name, index in ECTOPIC.items()},
                **{
                    f"{name}_runs": int(np.sum((begin <= first) & (first < end)))
                    for name, first in runs.items()
                },
                "pauses": len(pauses(part)),
            }
        )
    return content


def _between(beats: BeatSeries, begin: float, end: float) -> BeatSeries:
    first, last = np.searchsorted(beats.time, [begin, end]).tolist()
    part = slice(first, last)
    return BeatSeries(
        beats.sample[part], beats.class_index[part], beats.index[part], beats.rr[part], beats.fs, 0
    )


def _histogram(beats: BeatSeries) -> dict[str, Any]:
    """Count intervals in bins of `HISTOGRAM_MS`, those from N to N apart from the others."""
    rr = beats.rr[beats.has_rr] * 1000.0
    normal = beats.normal[beats.has_rr]
    content: dict[str, Any] = {"count": len(rr), "normal_to_normal": int(normal.sum())}
    if len(rr) == 0:
        return content
    low, high = rr.min() // HISTOGRAM_MS, rr.max() // HISTOGRAM_MS
    bins = np.arange(low, high + 2) * HISTOGRAM_MS
    return content | {
        "shortest_ms": rounded(rr.min(), 0),
        "median_ms": rounded(float(np.median(rr)), 0),
        "longest_ms": rounded(rr.max(), 0),
        "bin_ms": HISTOGRAM_MS,
        "first_bin_ms": int(bins[0]),
        "normal": np.histogram(rr[normal], bins)[0].tolist(),
        "other": np.histogram(rr[~normal], bins)[0].tolist(),
    }


def _variability(found: Variability, duration: float) -> dict[str, Any]:
    content: dict[str, Any] = {
        "nn_intervals": found.nn_intervals,
        "nn_time": format_time(found.nn_seconds, hours=True),
        "nn_percent": percent(found.nn_seconds, duration),
        "least_nn_s": rounded(LEAST_NN_S, 0),
        "segment_minutes": rounded(SEGMENT_S / 60, 0),
        "least_covered_percent": rounded(100 * LEAST_COVERED, 0),
        "lf_hz": list(LF),
        "hf_hz": list(HF),
        "segments": found.whole_segments,
        "segments_used": 0,
        "time_domain": None,
        "segment_means": None,
    }
    if found.time is not None:
        t = found.time
        content["time_domain"] = {
            "mean_nn_ms": rounded(t.mean_nn, 0),
            "sdnn_ms": rounded(t.sdnn, 1),
            "rmssd_ms": rounded(t.rmssd, 1),
            "pnn50_percent": rounded(t.pnn50, 1),
        }
    if found.spectrum is not None:
        s = found.spectrum
        content["segments_used"] = s.segments
        content["segment_means"] = {
            "lf_ms2": rounded(s.lf, 0),
            "hf_ms2": rounded(s.hf, 0),
            "lf_hf": rounded(s.lf_hf, 2),
            "sdnn_index_ms": rounded(s.sdnn_index, 1),
            "sdann_ms": rounded(s.sdann, 1),
            "interpolated_percent": rounded(s.interpolated, 1),
        }
    return content


def _ectopy(source: LazyRecord, beats: BeatSeries, index: int) -> dict[str, Any]:
    found: Ectopy = ectopy(beats, index)
    content: dict[str, Any] = {"least_run": LEAST_RUN, "least_repeats": LEAST_REPEATS}
    for name in ("isolated", "couplets", "bigeminy", "trigeminy", "runs"):
        episodes: tuple[Episode, ...] = getattr(found, name)
        entry: dict[str, Any] = {
            "count": len(episodes),
            "beats": sum(episode.ectopic for episode in episodes),
            "longest": None,
            "fastest": None,
        }
        if episodes and name != "isolated":
            longest = max(episodes, key=lambda e: (e.ectopic, -e.first))
            fastest = max(episodes, key=lambda e: (e.rate or 0.0, -e.first))
            entry["longest"] = _tell(source, beats, longest)
            entry["fastest"] = _tell(source, beats, fastest)
        content[name] = entry
    return content


def _tell(source: LazyRecord, beats: BeatSeries, episode: Episode) -> dict[str, Any]:
    begin, end = float(beats.time[episode.first]), float(beats.time[episode.last])
    return {
        "beats": episode.length,
        "ectopic": episode.ectopic,
        "length_s": round(end - begin, 1),
        "rate": rounded(episode.rate, 0),
        "at": at(source, begin),
    }


def _pauses(source: LazyRecord, beats: BeatSeries) -> dict[str, Any]:
    ends = pauses(beats)
    longest = ends[np.argsort(-beats.rr[ends], kind="stable")][:_MOST_PAUSES].tolist()
    return {
        "longer_than_s": PAUSE_S,
        "count": len(ends),
        "longest": [
            {
                "length_s": round(float(beats.rr[k]), 2),
                "at": at(source, float(beats.time[k - 1])),
                "between": f"{AAMI_CLASSES[beats.class_index[k - 1]]} and "
                f"{AAMI_CLASSES[beats.class_index[k]]}",
            }
            for k in longest
        ],
    }


def _shapes(source: LazyRecord, shapes: Sequence[Shape]) -> dict[str, Any]:
    content: dict[str, Any] = {"most": MOST, "classes": []}
    for shape in shapes:
        like = likeness(shape.median, shapes[0].median, source.fs)
        content["classes"].append(
            {
                "class": shape.class_name,
                "count": shape.count,
                "looked_at": len(shape.beats),
                "qrs_ms": None if shape.qrs_s is None else round(100 * shape.qrs_s) * 10,
                "likeness": rounded(like, 2),
            }
        )
    return content


def at(source: LazyRecord, seconds: float) -> dict[str, Any]:
    """Tell a time: seconds from the start, and the text that is shown for it.

    The text is h:mm:ss from the start, after the time of day where the recording has one.
    """
    text = format_time(seconds, hours=True)
    if source.start is not None:
        text = f"{format_time(seconds, start=source.start)} ({text})"
    return {"seconds": round(seconds, 3), "text": text}
