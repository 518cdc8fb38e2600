"""What to look at in a recording: events, the most telling kind first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES
from ecgscribe.rhythms import RHYTHM_NAMES
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.web.review import Opened, Review

__all__ = ["PAGE", "Event", "events", "find_events"]


PAGE = 100
"""Events that are sent at once; all are counted."""
_UNCERTAIN = 0.8
"""Probability of its class below which a beat is an event of its own."""


@dataclass(frozen=True)
class Event:
    """Something to look at.

    Parameters
    ----------
    kind : str
    text : str
    begin, end : int
        Samples.
    order : float
        Where it comes in its kind; the lowest first.
    """

    kind: str
    text: str
    begin: int
    end: int
    order: float

    @property
    def key(self) -> str:
        """What a mark calls it; it stays the same while the event does."""
        return f"{self.kind} {self.begin}"


def events(opened: Opened, review: Review, reviewer: str, first: int) -> dict[str, Any]:
    """List a page of the events.

    Parameters
    ----------
    opened : Opened
    review : Review
    reviewer : str
    first : int
        Which event the page begins with.

    Returns
    -------
    dict
        ``total``; ``page``, `PAGE`; ``kinds``, each with ``kind``, ``count``, ``seen`` and
        ``first``, the position of its first event; ``first``; and ``events``, each with ``key``,
        ``kind``, ``text``, ``begin``, ``end`` and ``seen``.
    """
    found = find_events(opened, review, reviewer)
    seen = set(opened.edits.marks(reviewer, "seen"))
    kinds: dict[str, dict[str, Any]] = {}
    for k, event in enumerate(found):
        own = kinds.setdefault(event.kind, {"kind": event.kind, "count": 0, "seen": 0, "first": k})
        own["count"] += 1
        own["seen"] += event.key in seen
    return {
        "total": len(found),
        "page": PAGE,
        "kinds": list(kinds.values()),
        "first": first,
        "events": [
            {
                "key": event.key,
                "kind": event.kind,
                "text": event.text,
                "begin": event.begin,
                "end": event.end,
                "seen": event.key in seen,
            }
            for event in found[first : first + PAGE]
        ],
    }


def find_events(opened: Opened, review: Review, reviewer: str) -> list[Event]:
    """Find all events of a recording.

    Parameters
    ----------
    opened : Opened
    review : Review
    reviewer : str
        Whose kept strips are events.

    Returns
    -------
    list of Event
        The most telling kind first; in each kind the longest, or the most uncertain, first.
    """
    strips = _strips(opened, reviewer)
    found = [*strips, *_rhythms(opened, review), *_ectopy(review), *_uncertain(review)]
    for begin, end in review.measures.unreadable.tolist():
        length = (end - begin) / opened.record.fs
        found.append(Event("unreadable", f"{length:.0f} s", begin, end, -length))
    rank = {kind: k for k, kind in enumerate(dict.fromkeys(event.kind for event in found))}
    return sorted(found, key=lambda event: (rank[event.kind], event.order))


def _strips(opened: Opened, reviewer: str) -> list[Event]:
    found = []
    for key in opened.edits.marks(reviewer, "strip"):
        begin_s, length_s = map(float, key.split())
        begin = round(begin_s * opened.record.fs)
        end = begin + round(length_s * opened.record.fs)
        found.append(Event("strip", f"{length_s:.0f} s", begin, end, begin))
    return found


def _rhythms(opened: Opened, review: Review) -> list[Event]:
    fs = opened.record.fs
    found = []
    for rhythm in review.measures.rhythms:
        if rhythm.kind != "N":
            name = RHYTHM_NAMES.get(rhythm.kind, rhythm.kind)
            text = f"{name}, {(rhythm.end - rhythm.begin) / fs:.0f} s"
            order = rhythm.begin - rhythm.end
            found.append(Event("rhythm", text, rhythm.begin, rhythm.end, order))
    for pause in review.measures.pauses:
        seconds = (pause.end - pause.begin) / fs
        what = "no beats" if pause.is_gap else "pause"
        text = f"{what}, {seconds:.1f} s"
        found.append(Event("pause", text, pause.begin, pause.end, -seconds))
    return found


def _ectopy(review: Review) -> list[Event]:
    sample = review.measures.beats.sample
    found = []
    for name in ECTOPIC_CLASSES:
        patterns = review.measures.ectopy[name]
        for kind, episodes in (("run", patterns.runs), ("couplet", patterns.couplets)):
            for episode in episodes:
                rate = "" if episode.rate is None else f", {episode.rate:.0f}/min"
                doubtful = ", doubtful" if episode.is_doubtful else ""
                text = f"{episode.length} beats{rate}{doubtful}"
                begin, end = int(sample[episode.first]), int(sample[episode.last]) + 1
                certainty = 1.0 if episode.certainty is None else episode.certainty
                found.append(Event(f"{kind} of {name}", text, begin, end, certainty))
    return found


def _uncertain(review: Review) -> list[Event]:
    annotation, series = review.reviewed.annotation, review.measures.beats
    if annotation.probability is None:
        return []
    own = annotation.probability[series.index, series.class_index]
    found = []
    for k in np.flatnonzero(np.nan_to_num(own, nan=1.0) < _UNCERTAIN).tolist():
        at, p = int(series.sample[k]), float(own[k])
        name = AAMI_CLASSES[series.class_index[k]]
        found.append(Event(f"uncertain {name}", f"P({name}) {p:.2f}", at, at + 1, p))
    return found
