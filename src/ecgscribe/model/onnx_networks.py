"""The networks of a model, computed by ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import ModelError
from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.rhythm import EMBEDDING, N_INTERVAL_FEATURES, N_RHYTHMS
from ecgscribe.model.second_features import N_SECOND_FEATURES
from ecgscribe.model.sessions import shared_session
from ecgscribe.signal.windows import STEPS_PER_FRAME
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["OnnxNetwork", "OnnxRhythm"]


Floats = NDArray[np.float32]


_N_CLASSES = len(AAMI_CLASSES)
TRUNK_WIDTHS = {"signal": 2, "peak": 1, "frame_class": _N_CLASSES}
"""Inputs and outputs of the trunk, and the size of the last of their three axes."""
BEAT_HEAD_WIDTHS = {
    "class_facts": len(LOGIT_FEATURE_NAMES),
    "facts": len(FEATURE_NAMES),
    "probability": _N_CLASSES + 1,
}
LEAD_WIDTHS = {"signal": 1, "embedding": EMBEDDING}
HEAD_WIDTHS = {"seconds": N_SECOND_FEATURES, "rhythm": N_RHYTHMS}
INTERVAL_WIDTHS = {"intervals": N_INTERVAL_FEATURES, "fibrillation": 1}


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A network that ONNX Runtime computes; see `ecgscribe.model.scoring.Network`.

    Parameters
    ----------
    trunk : Path
        ONNX file of the trunk; read when it is first needed, as is the other one.
    beat_head : Path, optional
        ONNX file of the beat head; ``classic`` has none.
    """

    trunk: Path
    beat_head: Path | None = None
    _sessions: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return OnnxNetwork, (self.trunk, self.beat_head)

    @property
    def steps_per_frame(self) -> int:
        """Steps that one frame of the trunk spans."""
        return STEPS_PER_FRAME if self.beat_head else 1

    def predict_trunk(self, windows: Floats) -> tuple[Floats, Floats]:
        """Score windows as they are; see `ecgscribe.model.scoring.Network.predict_trunk`."""
        peak, frame_class = self._trunk.run(["peak", "frame_class"], {"signal": windows})
        steps = windows.shape[1]
        found = (peak.shape[1], frame_class.shape[1])
        if found != (steps, steps // self.steps_per_frame):
            raise ModelError(
                f"{self.trunk.name}: expected {steps} peaks and {steps // self.steps_per_frame} "
                f"frames for {steps} steps, found {found[0]} and {found[1]}; install or copy the "
                "model again"
            )
        return peak, frame_class

    def predict_beats(self, logit_features: Floats, features: Floats) -> Floats:
        """Predict the classes of runs of beats; see `ecgscribe.model.scoring.Network`."""
        inputs = {"class_facts": logit_features, "facts": features}
        return np.asarray(self._beat_head.run(["probability"], inputs)[0])

    @property
    def _trunk(self) -> Any:
        return shared_session(self._sessions, self.trunk, TRUNK_WIDTHS)

    @property
    def _beat_head(self) -> Any:
        if self.beat_head is None:
            raise ModelError(
                f"{self.trunk.name}: expected a network with a beat head, found a trunk alone; "
                "use another model"
            )
        return shared_session(self._sessions, self.beat_head, BEAT_HEAD_WIDTHS)


@dataclass(frozen=True, eq=False)
class OnnxRhythm:
    """A rhythm network that ONNX Runtime computes; see `ecgscribe.model.rhythm.RhythmNetwork`.

    Parameters
    ----------
    lead, head, intervals : Path
        ONNX files of the networks over a lead, over seconds and over intervals; read when first
        needed.
    """

    lead: Path
    head: Path
    intervals: Path
    _sessions: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return OnnxRhythm, (self.lead, self.head, self.intervals)

    def embed(self, signal: Floats) -> Floats:
        """Describe the seconds of one lead of each window."""
        return np.asarray(self._lead.run(["embedding"], {"signal": signal})[0])

    def classify(self, seconds: Floats) -> Floats:
        """Return the logits of the rhythms of sequences of seconds."""
        return np.asarray(self._head.run(["rhythm"], {"seconds": seconds})[0])

    def judge_intervals(self, intervals: Floats) -> Floats:
        """Return the logit of atrial fibrillation at each R-peak of some sequences."""
        return np.asarray(
            self._intervals.run(["fibrillation"], {"intervals": intervals})[0][..., 0]
        )

    @property
    def _lead(self) -> Any:
        return shared_session(self._sessions, self.lead, LEAD_WIDTHS)

    @property
    def _head(self) -> Any:
        return shared_session(self._sessions, self.head, HEAD_WIDTHS)

    @property
    def _intervals(self) -> Any:
        return shared_session(self._sessions, self.intervals, INTERVAL_WIDTHS)
