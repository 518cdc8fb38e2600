"""What an explanation holds: effects of spans and of features on the class of one beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.explanation.text import in_words
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["STRETCH_STEPS", "Explanation", "Fact", "Stretch"]

Floats = NDArray[np.float32]


STRETCH_STEPS = 6


_SHORT = (STRETCH_STEPS + 1) / FS


@dataclass(frozen=True, eq=False)
class Stretch:
    """What would be told without one stretch of the signal.

    Parameters
    ----------
    begin, end : float
        Seconds from the R-peak; negative before it.
    leads : tuple of str
        The leads that were replaced there.
    aami_class : str
        The class that would be told.
    probability : ndarray of float32, shape (5,)
        Of each class, as `Explanation.probability`.
    score : float
        As `Explanation.score`.
    """

    begin: float
    end: float
    leads: tuple[str, ...]
    aami_class: str
    probability: Floats
    score: float


@dataclass(frozen=True, eq=False)
class Fact:
    """What would be told if some facts were as usual.

    Parameters
    ----------
    name : str
        Of `ecgscribe.explanation.feature_groups`.
    aami_class, probability, score
        As of a `Stretch`.
    own, usual : float, optional
        Of a single RR interval, seconds: what it is, and what it was set to.
    """

    name: str
    aami_class: str
    probability: Floats
    score: float
    own: float | None = None
    usual: float | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """One beat, its class, and what moved the decision.

    Parameters
    ----------
    record : str
        Name of the recording.
    sample : int
        R-peak in samples of the recording.
    time : float
        R-peak in seconds.
    aami_class : str
        The class that was told.
    probability : ndarray of float32, shape (5,)
        Of each class, as `ecgscribe.annotate` gives it.
    score, quality : float
        As of an `Annotation`.
    leads : tuple of str
        The leads that were used.
    stretches : tuple of Stretch
        Those of `STRETCHES` and `BROAD` that lie in the recording, with all leads taken away, then
        some of `STRETCHES` with one lead taken away.
    fill : {"usual", "line"}
        What took the place of the stretches: the mean of the usual beats, or a straight line.
    facts : tuple of Fact
        None of a model without a beat head, or of a recording of one beat.
    model : str
        Hash of the model.
    """

    record: str
    sample: int
    time: float
    aami_class: str
    probability: Floats
    score: float
    quality: float
    leads: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    fill: str
    features: tuple[Fact, ...]
    model: str

    def change(self, part: Stretch | Fact) -> float:
        """By how much the probability of the told class changes without a part; -1 to 1."""
        told = AAMI_CLASSES.index(self.aami_class)
        return float(part.probability[told] - self.probability[told])

    def short(self) -> tuple[Stretch, ...]:
        """Give those of `STRETCHES` that all leads were taken away in, in time order."""
        return tuple(s for s in self._in_all_leads() if s.end - s.begin < _SHORT)

    def broad(self) -> tuple[Stretch, ...]:
        """Give those of `BROAD`, in time order."""
        return tuple(s for s in self._in_all_leads() if s.end - s.begin >= _SHORT)

    def _in_all_leads(self) -> list[Stretch]:
        return [s for s in self.stretches if s.leads == self.leads]

    def text(self) -> str:
        """Say it in plain words, some lines."""
        return in_words(self)

    def to_dict(self) -> dict[str, Any]:
        """Give what JSON holds; times in seconds, `change` as the method."""
        return {
            "record": self.record,
            "sample": self.sample,
            "time": round(self.time, 4),
            "class": self.aami_class,
            **_told(self.probability, self.score),
            "quality": round(self.quality, 4),
            "leads": list(self.leads),
            "stretches": [
                {"begin": round(s.begin, 4), "end": round(s.end, 4), "leads": list(s.leads)}
                | self._without(s)
                for s in self.stretches
            ],
            "fill": self.fill,
            "facts": [
                {"name": f.name, "own": _rounded(f.own), "usual": _rounded(f.usual)}
                | self._without(f)
                for f in self.features
            ],
            "model": self.model,
        }

    def _without(self, part: Stretch | Fact) -> dict[str, Any]:
        told = _told(part.probability, part.score)
        return {"change": round(self.change(part), 4), "class": part.aami_class, **told}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _told(probability: Floats, score: float) -> dict[str, Any]:
    values = [round(float(p), 4) for p in probability]
    of_class = dict(zip(AAMI_CLASSES, values, strict=True))
    return {"probability": of_class, "score": round(score, 4)}
