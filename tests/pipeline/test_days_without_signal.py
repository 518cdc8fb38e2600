"""A gap of days takes no time, and what is found on both sides of it does not depend on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecgscribe.adaptation.places import place_beats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import SignalWarning
from ecgscribe.explanation.explain import explain
from ecgscribe.formats.sample_times import placed
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.signal.long_gaps import BLOCK_S

FS = 128
PIECE_S = 30
GAP_S = 550
"""Of it one block lies in the gap, which stays."""
DAYS_S = 800 * BLOCK_S

pytestmark = pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def pieces() -> LazyRecord:
    return synthesize(duration=2 * PIECE_S, fs=FS, seed=5)[0].lazy()


def apart(pieces: LazyRecord, gap_s: int) -> LazyRecord:
    places = np.arange(pieces.n_samples)
    places[PIECE_S * FS :] += gap_s * FS
    return placed(pieces.record(), places)


def closer(annotation: Annotation) -> Annotation:
    late = annotation.sample > (PIECE_S + DAYS_S) * FS
    n_samples = None if annotation.n_samples is None else annotation.n_samples - DAYS_S * FS
    return replace(annotation, sample=annotation.sample - late * DAYS_S * FS, n_samples=n_samples)


class Counted:
    """A network, and the number of windows that it was run on."""

    def __init__(self, network: Any) -> None:
        self.network, self.n_windows = network, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def predict_trunk(self, windows: Any) -> Any:
        self.n_windows += len(windows)
        return self.network.predict_trunk(windows)

    def embed(self, signal: Any) -> Any:
        self.n_windows += len(signal)
        return self.network.embed(signal)

    def classify(self, seconds: Any) -> Any:
        self.n_windows += len(seconds)
        return self.network.classify(seconds)


def test_days_without_signal_change_nothing(model: Model, pieces: LazyRecord) -> None:
    near, far = (annotate(apart(pieces, gap), model=model) for gap in (GAP_S, GAP_S + DAYS_S))
    assert np.count_nonzero(far.class_index >= 0) > PIECE_S
    assert closer(far) == near


def test_networks_are_not_run_on_days_without_signal(model: Model, pieces: LazyRecord) -> None:
    trunk, rhythm = Counted(model.network), Counted(model.rhythm)
    annotate(apart(pieces, GAP_S + DAYS_S), model=replace(model, network=trunk, rhythm=rhythm))
    assert 0 < trunk.n_windows <= 6
    assert 0 < rhythm.n_windows <= 40


def test_days_without_signal_are_reported_as_such(model: Model, pieces: LazyRecord) -> None:
    with pytest.warns(SignalWarning) as caught:
        annotate(apart(pieces, GAP_S + DAYS_S), model=model)
    text = "\n".join(str(each.message) for each in caught)
    assert f"{GAP_S + DAYS_S:.1f} s cannot be read in any lead" in text
    assert "cannot be read for 100% of the recording" in text


@pytest.mark.parametrize("at", [PIECE_S / 2, PIECE_S * 1.5])
def test_beats_around_days_without_signal_are_explained_alike(
    model: Model, pieces: LazyRecord, at: float
) -> None:
    late = at > PIECE_S
    near, far = (
        explain(apart(pieces, gap), at=at + late * gap, model=model)
        for gap in (GAP_S, GAP_S + DAYS_S)
    )
    assert far.sample == near.sample + late * DAYS_S * FS
    assert np.array_equal(far.probability, near.probability)


def test_beats_around_days_without_signal_are_placed_alike(
    model: Model, pieces: LazyRecord
) -> None:
    places: list[Any] = []
    for gap in (GAP_S, GAP_S + DAYS_S):
        record = apart(pieces, gap)
        beats = annotate(record, model=model).beats()
        places.append(place_beats(Conditioner.for_record(record), beats))
    assert np.array_equal(*places)
