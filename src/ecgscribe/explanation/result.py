"""The result of an explanation: effects of spans and of features on the class of one beat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgscribe.rhythms import RhythmKind
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "SPAN_STEPS",
    "DecidingRhythm",
    "Explanation",
    "FeatureEffect",
    "NearbyBeat",
    "Replacement",
    "SpanEffect",
]


Floats = NDArray[np.float32]
Replacement = Literal["typical", "linear"]


SPAN_STEPS = 6
"""Steps of a short span (47 ms)."""


_LONGEST_SHORT = (SPAN_STEPS + 1) / FS
_FILL: dict[Replacement, str] = {"typical": "usual", "linear": "line"}
"""Names of the replacements in JSON."""


@dataclass(frozen=True, eq=False)
class SpanEffect:
    """The class that a beat would get if one span of the signal were replaced.

    Parameters
    ----------
    begin, end : float
        Seconds from the R-peak; negative before it.
    leads : tuple of str
        The leads in which the span was replaced.
    aami_class : str
        Predicted class.
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
class FeatureEffect:
    """The class that a beat would get if a group of features had typical values.

    Parameters
    ----------
    name : str
        Of the group, see `ecgscribe.explanation.feature_groups`.
    aami_class, probability, score
        As for `SpanEffect`.
    observed, typical : float, optional
        A single RR interval in seconds: the real one and the one that replaced it.
    """

    name: str
    aami_class: str
    probability: Floats
    score: float
    observed: float | None = None
    typical: float | None = None


@dataclass(frozen=True, kw_only=True)
class NearbyBeat:
    """The beat that is explained, or the one before it or after it.

    Parameters
    ----------
    sample : int
        R-peak in samples of the recording.
    time : float
        R-peak in seconds.
    aami_class : str
        Class that it is annotated with.
    """

    sample: int
    time: float
    aami_class: str


@dataclass(frozen=True, kw_only=True)
class DecidingRhythm:
    """A rhythm that decides the class of a beat, whatever the beat looks like.

    Parameters
    ----------
    kind : str
        ``"VT"``, in which every beat is V, or ``"AFIB"``, in which no beat is early, so that one
        that would be S is N; see `ecgscribe.rhythms.RHYTHM_NAMES`.
    begin, end : float
        Seconds from the start of the recording.
    probability : float
        Mean probability of the rhythm over the span.
    """

    kind: RhythmKind
    begin: float
    end: float
    probability: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """One beat, its class, and what the class depends on.

    Parameters
    ----------
    record : str
        Name of the recording.
    sample : int
        R-peak in samples of the recording.
    time : float
        R-peak in seconds.
    aami_class : str
        Class that the model predicts of the beat; all effects are on this one.
    annotated_class : str
        Class that it is annotated with: another one where the beats around it decide, see
        `ecgscribe.pipeline.beats_by_sequence`.
    probability : ndarray of float32, shape (5,)
        Of each class, as in an `Annotation`.
    score, quality : float
        As in an `Annotation`.
    leads : tuple of str
        The leads that were used.
    spans : tuple of SpanEffect
        Short and broad spans within the recording, replaced in all leads; then the most important
        short ones, replaced in one lead. Empty if the rhythm decided the class.
    replacement : {"typical", "linear"}
        What replaced the spans: the mean of the typical beats, or a straight line. None if there
        are no spans.
    features : tuple of FeatureEffect
        Empty for a model without a beat head, and if the rhythm decided the class.
    model : str
        Hash of the model.
    rhythm : DecidingRhythm, optional
        The rhythm that decided the class, if one did.
    nearby : tuple of NearbyBeat
        The beat before, the beat itself, and the beat after.
    start : datetime, optional
        Start of the recording.
    paced : bool
        Whether its header mentions a pacemaker. Reports then withhold the classes.
    """

    record: str
    sample: int
    time: float
    aami_class: str
    annotated_class: str
    probability: Floats
    score: float
    quality: float
    leads: tuple[str, ...]
    spans: tuple[SpanEffect, ...]
    replacement: Replacement | None
    features: tuple[FeatureEffect, ...]
    model: str
    rhythm: DecidingRhythm | None = None
    nearby: tuple[NearbyBeat, ...] = ()
    start: datetime | None = None
    paced: bool = False

    def change(self, effect: SpanEffect | FeatureEffect) -> float:
        """Return the change of the probability of the predicted class, -1 to 1."""
        predicted = AAMI_CLASSES.index(self.aami_class)
        return float(effect.probability[predicted] - self.probability[predicted])

    def short_spans(self) -> tuple[SpanEffect, ...]:
        """Return the short spans, replaced in all leads, in time order."""
        return tuple(s for s in self._in_all_leads() if s.end - s.begin < _LONGEST_SHORT)

    def broad_spans(self) -> tuple[SpanEffect, ...]:
        """Return the broad spans, replaced in all leads, in time order."""
        return tuple(s for s in self._in_all_leads() if s.end - s.begin >= _LONGEST_SHORT)

    def _in_all_leads(self) -> list[SpanEffect]:
        return [s for s in self.spans if s.leads == self.leads]

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON holds it; times in seconds."""
        return {
            "record": self.record,
            "sample": self.sample,
            "time": round(self.time, 4),
            "class": self.aami_class,
            "annotated": self.annotated_class,
            **_probabilities(self.probability, self.score),
            "quality": round(self.quality, 4),
            "paced": self.paced,
            "leads": list(self.leads),
            "stretches": [
                {"begin": round(s.begin, 4), "end": round(s.end, 4), "leads": list(s.leads)}
                | self._outcome(s)
                for s in self.spans
            ],
            "fill": None if self.replacement is None else _FILL[self.replacement],
            "facts": [
                {"name": f.name, "own": _rounded(f.observed), "usual": _rounded(f.typical)}
                | self._outcome(f)
                for f in self.features
            ],
            "rhythm": self._rhythm(),
            "nearby": [
                {"sample": beat.sample, "time": round(beat.time, 4), "class": beat.aami_class}
                for beat in self.nearby
            ],
            "model": self.model,
        }

    def _rhythm(self) -> dict[str, Any] | None:
        if self.rhythm is None:
            return None
        return {
            "kind": self.rhythm.kind,
            "begin": round(self.rhythm.begin, 4),
            "end": round(self.rhythm.end, 4),
            "probability": round(self.rhythm.probability, 4),
        }

    def _outcome(self, effect: SpanEffect | FeatureEffect) -> dict[str, Any]:
        probabilities = _probabilities(effect.probability, effect.score)
        return {
            "change": round(self.change(effect), 4),
            "class": effect.aami_class,
            **probabilities,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _probabilities(probability: Floats, score: float) -> dict[str, Any]:
    values = [round(float(p), 4) for p in probability]
    of_class = dict(zip(AAMI_CLASSES, values, strict=True))
    return {"probability": of_class, "score": round(score, 4)}
