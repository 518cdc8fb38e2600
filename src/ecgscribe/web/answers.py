"""What the page gets about a recording, as types that JSON has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ecgscribe.analysis.measures import Measures
from ecgscribe.record import clock_text
from ecgscribe.rhythms import RHYTHM_NAMES
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES
from ecgscribe.web.adapting import in_numbers
from ecgscribe.web.envelopes import BLOCKS, TILE
from ecgscribe.web.review import Opened, Review

__all__ = ["about", "beats", "summary"]


def about(opened: Opened) -> dict[str, Any]:
    """Describe a recording and its tiles."""
    record = opened.record
    reviewers, problems = opened.reviewers()
    return {
        "name": record.name,
        "fs": record.fs,
        "samples": record.n_samples,
        "leads": list(record.leads),
        "units": list(record.units),
        "start": None if record.start is None else clock_text(record.start),
        "paced": record.paced,
        "blocks": list(BLOCKS),
        "tile": TILE,
        "lean": opened.envelopes.lean if opened.state.is_ready else None,
        "reviewers": reviewers,
        "reviewProblems": problems,
        "classes": CLASS_NAMES,
        "rhythmNames": RHYTHM_NAMES,
    }


def beats(review: Review) -> dict[str, Any]:
    """List the beats, one value per beat in each column.

    Returns
    -------
    dict
        ``sample``; ``class``, a letter per beat; ``readable``, ``edited`` and ``adapted``, 0
        or 1; ``p``, percent of the beat's class, -1 where no model gives one; ``ghosts``, samples.
    """
    annotation = review.reviewed.annotation
    is_beat = annotation.class_index >= 0
    chosen = annotation.select(is_beat)
    index = chosen.class_index
    percent = np.full(len(chosen), -1)
    if chosen.probability is not None:
        own = chosen.probability[np.arange(len(chosen)), index]
        percent = np.where(np.isfinite(own), np.rint(100 * np.nan_to_num(own)), -1).astype(int)
    return {
        "sample": chosen.sample.tolist(),
        "class": "".join(np.array(AAMI_CLASSES)[index].tolist()),
        "readable": "".join(np.where(chosen.readable, "1", "0").tolist()),
        "edited": "".join(np.where(review.reviewed.edited[is_beat], "1", "0").tolist()),
        "adapted": "".join(np.where(review.reviewed.adapted[is_beat], "1", "0").tolist()),
        "p": percent.tolist(),
        "ghosts": review.reviewed.ghosts.tolist(),
    }


def summary(opened: Opened, review: Review, reviewer: str) -> dict[str, Any]:
    """Measure a recording: counts, burden, rates, rhythms, variability, spans."""
    measures, series = review.measures, review.measures.beats
    counts = np.bincount(series.class_index, minlength=len(AAMI_CLASSES)).tolist()
    time = measures.variability.time
    spectrum = measures.variability.spectrum
    extremes = measures.rate_extremes
    fs = opened.record.fs
    episodes = measures.rhythms
    return {
        "beats": len(series),
        "inNoise": series.in_noise,
        "counts": dict(zip(AAMI_CLASSES, counts, strict=True)),
        "burden": _burden(measures),
        "readableS": measures.readable_s,
        "adapted": in_numbers(opened.edits.edits(reviewer)),
        "meanRate": measures.mean_rate,
        "lowestRate": None if extremes is None else extremes[0].rate,
        "highestRate": None if extremes is None else extremes[1].rate,
        "sdnn": None if time is None else time.sdnn,
        "rmssd": None if time is None else time.rmssd,
        "pnn50": None if time is None else time.pnn50,
        "lfHf": None if spectrum is None else spectrum.lf_hf,
        "rhythms": [
            {"kind": e.kind, "begin": e.begin, "end": e.end, "rate": e.rates.mean} for e in episodes
        ],
        "rhythmSeconds": {
            kind: sum((e.end - e.begin) / fs for e in episodes if e.kind == kind)
            for kind in dict.fromkeys(e.kind for e in episodes)
        },
        "unreadable": measures.unreadable.tolist(),
        "rate": _trend(opened, measures),
        "edits": review.edits,
        "undone": review.undone,
        "strips": opened.edits.marks(reviewer, "strip"),
    }


def _burden(measures: Measures) -> dict[str, float]:
    """Return the percentages of V, and of S among the beats outside atrial fibrillation."""
    index = measures.beats.class_index
    among = {"V": index, "S": index[~measures.in_fibrillation]}
    return {
        name: 100.0 * float(np.mean(some == AAMI_CLASSES.index(name))) if len(some) else 0.0
        for name, some in among.items()
    }


def _trend(opened: Opened, measures: Measures) -> dict[str, list[float | None]]:
    """Return the heart rate by the minute, by ten seconds in a short recording; their middles."""
    seconds = 60.0 if opened.record.duration > 2 * 3600 else 10.0
    series = measures.beats
    n = max(math.ceil(opened.record.duration / seconds), 1)
    counted = series.has_rr
    slot = np.minimum((series.time[counted] / seconds).astype(int), n - 1)
    total = np.bincount(slot, weights=series.rr[counted], minlength=n)
    count = np.bincount(slot, minlength=n)
    rate = [60.0 * c / t if t > 0 else None for c, t in zip(count, total, strict=True)]
    result: dict[str, list[float | None]] = {
        "time": [(k + 0.5) * seconds for k in range(n)],
        "rate": [None if each is None else round(float(each), 1) for each in rate],
    }
    place = np.minimum((series.time / seconds).astype(int), n - 1)
    for name in ("S", "V"):
        of_class = series.class_index == AAMI_CLASSES.index(name)
        result[name] = np.bincount(place[of_class], minlength=n).astype(float).tolist()
    return result
