"""What the page gets about a recording, as types that JSON has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES, Episode
from ecgscribe.analysis.measures import Measures
from ecgscribe.record import clock_text
from ecgscribe.rhythms import RHYTHM_NAMES
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES
from ecgscribe.web.adapting import in_numbers
from ecgscribe.web.envelopes import BLOCKS, TILE
from ecgscribe.web.review import Opened, Review

__all__ = ["about", "beats", "events", "summary"]


_UNCERTAIN = 0.8
"""Probability of its class below which a beat is an event of its own."""
_MOST_OF_A_KIND = 500


def about(opened: Opened) -> dict[str, Any]:
    """Describe a recording and its tiles."""
    record = opened.record
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
        "reviewers": [name for name in opened.edits.reviewers() if name],
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
        "edits": len(opened.edits.edits(reviewer)),
        "undone": opened.edits.undone(reviewer),
        "events": events(opened, review, reviewer),
        "strips": opened.edits.marks(reviewer, "strip"),
    }


def events(opened: Opened, review: Review, reviewer: str) -> list[dict[str, Any]]:
    """List what to look at, the most telling kind first, in each the most uncertain first.

    Returns
    -------
    list of dict
        ``key``, which stays the same while the event does; ``kind``, ``text``, ``begin``, ``end``
        (samples), ``seen``.
    """
    measures, fs = review.measures, opened.record.fs
    series = measures.beats
    found: list[tuple[str, str, int, int, float]] = []
    for key in opened.edits.marks(reviewer, "strip"):
        begin_s, length_s = map(float, key.split())
        begin = round(begin_s * fs)
        found.append(("strip", f"{length_s:.0f} s", begin, begin + round(length_s * fs), begin))
    for rhythm in measures.rhythms:
        if rhythm.kind != "N":
            name = RHYTHM_NAMES.get(rhythm.kind, rhythm.kind)
            text = f"{name}, {(rhythm.end - rhythm.begin) / fs:.0f} s"
            found.append(("rhythm", text, rhythm.begin, rhythm.end, rhythm.begin - rhythm.end))
    for pause in measures.pauses:
        seconds = (pause.end - pause.begin) / fs
        what = "no beats" if pause.is_gap else "pause"
        found.append(("pause", f"{what}, {seconds:.1f} s", pause.begin, pause.end, -seconds))

    def add(kind: str, episode: Episode, text: str) -> None:
        begin, end = int(series.sample[episode.first]), int(series.sample[episode.last]) + 1
        certainty = 1.0 if episode.certainty is None else episode.certainty
        found.append((kind, text, begin, end, certainty))

    for name in ECTOPIC_CLASSES:
        patterns = measures.ectopy[name]
        for run in patterns.runs:
            rate = "" if run.rate is None else f", {run.rate:.0f}/min"
            doubtful = ", doubtful" if run.is_doubtful else ""
            add(f"run of {name}", run, f"{run.length} beats{rate}{doubtful}")
        for couplet in patterns.couplets:
            add(f"couplet of {name}", couplet, "doubtful" if couplet.is_doubtful else "2 beats")
    annotation = review.reviewed.annotation
    if annotation.probability is not None:
        own = annotation.probability[series.index, series.class_index]
        for k in np.flatnonzero(np.nan_to_num(own, nan=1.0) < _UNCERTAIN).tolist():
            at, p = int(series.sample[k]), float(own[k])
            name = AAMI_CLASSES[series.class_index[k]]
            found.append((f"uncertain {name}", f"P({name}) {p:.2f}", at, at + 1, p))
    for begin, end in measures.unreadable.tolist():
        length = (end - begin) / fs
        found.append(("unreadable", f"{length:.0f} s", begin, end, -length))
    seen = set(opened.edits.marks(reviewer, "seen"))
    kinds = list(dict.fromkeys(kind for kind, *_ in found))
    listed = []
    for kind in kinds:
        of_kind = sorted((row for row in found if row[0] == kind), key=lambda row: row[4])
        for _, text, begin, end, _ in of_kind[:_MOST_OF_A_KIND]:
            key = f"{kind} {begin}"
            listed.append(
                {"key": key, "kind": kind, "text": text, "begin": begin, "end": end,
                 "seen": key in seen}
            )  # fmt: skip
    return listed


def _burden(measures: Measures) -> dict[str, float]:
    """Return the percentages of V, and of S among the beats outside atrial fibrillation."""
    index = measures.beats.class_index
    among = {"V": index, "S": index[~measures.in_fibrillation]}
    return {
        name: 100.0 * float(np.mean(some == AAMI_CLASSES.index(name))) if len(some) else 0.0
        for name, some in among.items()
    }


def _trend(opened: Opened, measures: Measures) -> dict[str, list[float | None]]:
    """Return the heart rate by the minute, and by ten seconds in a short recording."""
    seconds = 60.0 if opened.record.duration > 2 * 3600 else 10.0
    series = measures.beats
    n = max(math.ceil(opened.record.duration / seconds), 1)
    counted = series.has_rr
    slot = np.minimum((series.time[counted] / seconds).astype(int), n - 1)
    total = np.bincount(slot, weights=series.rr[counted], minlength=n)
    count = np.bincount(slot, minlength=n)
    rate = [60.0 * c / t if t > 0 else None for c, t in zip(count, total, strict=True)]
    result: dict[str, list[float | None]] = {
        "time": [k * seconds for k in range(n)],
        "rate": [None if each is None else round(float(each), 1) for each in rate],
    }
    place = np.minimum((series.time / seconds).astype(int), n - 1)
    for name in ("S", "V"):
        of_class = series.class_index == AAMI_CLASSES.index(name)
        result[name] = np.bincount(place[of_class], minlength=n).astype(float).tolist()
    return result
