"""Which beats of a stream are S: those of a run or tachycardia that began suddenly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.live import beats as live_beats
from ecgscribe.live.beats import BeatHistory
from ecgscribe.model.decision import Thresholds, decide
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.shape_features import WAVEFORM
from ecgscribe.model.traits import TRAITS
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import AAMI_CLASSES

THRESHOLDS = Thresholds()


@pytest.fixture(scope="module")
def model() -> Model:
    return replace(load_model(), thresholds=THRESHOLDS)


def classes_of(
    rr_s: list[float],
    classes: str,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    *,
    fibrillates_from: float = np.inf,
) -> str:
    """Return the classes of beats that come one by one, each predicted with 0.7 as stated."""
    r_peaks = np.cumsum(rr_s) * FS

    def predict(
        self: BeatHistory, _model: Model, _signal: Any, which: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], ...]:
        probability = np.zeros((len(self), len(AAMI_CLASSES)), dtype=np.float32)
        for row in np.flatnonzero(which):
            beat = int(np.searchsorted(r_peaks, self._r_peaks[row]))
            probability[row, 0] = 0.3
            probability[row, AAMI_CLASSES.index(classes[beat])] += 0.7
        return probability, which.astype(np.float32), np.zeros((len(which), TRAITS), np.float32)

    monkeypatch.setattr(BeatHistory, "_predict", predict)
    monkeypatch.setattr(live_beats, "all_lost_at", lambda _, at: np.zeros(len(at), dtype=np.bool_))
    nothing = np.zeros((1, WAVEFORM, 2), dtype=np.float32)
    monkeypatch.setattr(live_beats, "_waveforms", lambda _, at: np.repeat(nothing, len(at), axis=0))
    history, found = BeatHistory(), []
    signal: Any = None
    for at in r_peaks:
        history.add(np.array([at]), np.ones(1, dtype=np.float32), since=at - 1, until=at + 1)
        _, probability, _ = history.classify(
            model, signal, until=at - 1.5 * FS, fibrillates=at >= fibrillates_from * FS
        )
        found.append(probability)
    found.append(history.classify(model, signal, until=np.inf)[1])
    return "".join(AAMI_CLASSES[k] for k in decide(np.concatenate(found), THRESHOLDS).tolist())


@pytest.mark.parametrize(
    ("rr_s", "classes", "expected"),
    [
        ([0.8] * 4 + [0.6, 1.0] + [0.8] * 4, "NNNNSNNNNN", "NNNNSNNNNN"),
        ([0.8] * 20, "N" * 10 + "S" + "N" * 9, "N" * 20),
        # A run stays one for longer than beats are remembered.
        ([0.8] * 10 + [0.45] * 300, "N" * 10 + "S" * 300, "N" * 10 + "S" * 300),
        # A rate that only rises makes no beat S.
        ((0.9 * 0.99 ** np.arange(80)).tolist(), "N" * 30 + "S" * 50, "N" * 80),
        # One run does not vouch for the next.
        (
            [0.8] * 5 + [0.5] * 5 + [0.8] * 20,
            "N" * 5 + "S" * 5 + "N" * 10 + "S" * 5 + "N" * 5,
            "N" * 5 + "S" * 5 + "N" * 20,
        ),
        # A tachycardia is known to be sudden once eight of its beats are; four lie ahead.
        ([0.8] * 10 + [0.45] * 300, "N" * 310, "N" * 13 + "S" * 297),
        ([0.8] * 10 + [0.45] * 20 + [0.8] * 10, "N" * 40, "N" * 13 + "S" * 17 + "N" * 10),
        # Not so if it is too short, or ventricular.
        ([0.8] * 10 + [0.45] * 7 + [0.8] * 10, "N" * 27, "N" * 27),
        ([0.8] * 10 + [0.45] * 20, "N" * 10 + "V" * 20, "N" * 10 + "V" * 20),
    ],
)
def test_runs_of_s_begin_suddenly(
    rr_s: list[float],
    classes: str,
    expected: str,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert classes_of(rr_s, classes, model, monkeypatch) == expected


def test_no_beat_is_s_while_the_atria_are_known_to_fibrillate(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    rr_s = [0.8] * 4 + [0.6, 1.0] + [0.8] * 14 + [0.6, 1.0, 0.6, 1.0] + [0.8] * 6
    classes = "NNNNSN" + "N" * 14 + "SNVN" + "N" * 6
    found = classes_of(rr_s, classes, model, monkeypatch, fibrillates_from=12)
    assert found == "NNNNSN" + "N" * 14 + "NNVN" + "N" * 6
