"""A beat whose rhythm decided its class is explained by that rhythm alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.explanation.detected_beats import detect_beats
from ecgscribe.explanation.explain import explain
from ecgscribe.explanation.figure import draw
from ecgscribe.explanation.text import describe
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import Conditioner
from support.rhythm_networks import PlannedNetwork

pytestmark = pytest.mark.usefixtures("any_beats_count")

IN_TACHYCARDIA = "n" * 20 + "t" * 10 + "n" * 30


def model_of(plan: str) -> Model:
    return replace(load_model(), rhythm=PlannedNetwork(plan))


@pytest.fixture(scope="module")
def record() -> Record:
    return synthesize(duration=60.0, seed=12, v_rate=0.06, s_rate=0.1, noise=0.3)[0]


def test_a_beat_in_ventricular_tachycardia_is_explained_by_it(record: Record) -> None:
    model = model_of(IN_TACHYCARDIA)
    explanation = explain(record, at=25.0, model=model)
    beats = annotate(record, model=model).beats()
    nearest = int(np.argmin(np.abs(beats.sample / record.fs - 25.0)))
    assert beats.probability is not None
    assert (explanation.sample, explanation.aami_class) == (beats.sample[nearest], "V")
    np.testing.assert_array_equal(explanation.probability, beats.probability[nearest])
    assert (explanation.spans, explanation.features) == ((), ())
    assert explanation.rhythm is not None
    assert explanation.rhythm.kind == "VT"
    assert describe(explanation).splitlines()[2:] == [
        "The rhythm decided the class: ventricular tachycardia from 0:20 to 0:30, probability "
        f"{explanation.rhythm.probability:.2f}: every beat in it is V."
    ]
    content = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    assert content["rhythm"] == {
        "kind": "VT", "begin": 20.0, "end": 30.0,
        "probability": pytest.approx(explanation.rhythm.probability, abs=1e-4),
    }  # fmt: skip
    assert (content["stretches"], content["facts"], content["fill"]) == ([], [], None)
    (ax,) = draw(explanation, record)
    assert "ventricular tachycardia from 0:20 to 0:30" in ax.get_title(loc="left")
    ax.figure.canvas.draw()


def test_a_beat_in_another_rhythm_is_explained_as_usual(record: Record) -> None:
    explanation = explain(record, at=45.0, model=model_of(IN_TACHYCARDIA))
    usual = explain(record, at=45.0, model=replace(load_model(), rhythm=None))
    assert explanation.rhythm is usual.rhythm is None
    assert explanation.to_dict()["rhythm"] is None
    assert len(explanation.spans) == len(usual.spans) > 0
    np.testing.assert_allclose(explanation.probability, usual.probability, atol=1e-6)
    assert describe(explanation) == describe(usual)


def test_a_beat_that_fibrillation_makes_n_is_explained_by_it_and_no_other(record: Record) -> None:
    model = model_of("a" * 60)
    usual = annotate(record, model=replace(model, rhythm=None)).beats()
    seconds = usual.sample / record.fs
    inside = (seconds > 5) & (seconds < 55)
    early = seconds[inside & (usual.symbol == "A")][0]
    explanation = explain(record, at=early, model=model)
    assert explanation.aami_class == "N"
    assert explanation.rhythm is not None
    assert explanation.rhythm.kind == "AFIB"
    assert "atrial fibrillation or flutter from 0:00 to 1:00" in describe(explanation)
    assert "no beat in it is early, so this one is N instead of S." in describe(explanation)
    for symbol in "NV":
        at = seconds[inside & (usual.symbol == symbol)][0]
        other = explain(record, at=at, model=model)
        assert (other.rhythm, other.aami_class) == (None, symbol)
        assert other.spans


def test_faint_beats_of_tachycardia_are_explained_too(record: Record) -> None:
    noise = np.random.default_rng(0).normal(size=record.signal.shape)
    noisy = replace(record, signal=(record.signal + 2 * noise).astype(np.float32))
    model = model_of("t" * 60)
    detected = detect_beats(model, Conditioner.for_record(noisy))
    r_peaks = detected.written.beats.r_peaks
    faint = r_peaks[~np.isin(r_peaks, detected.r_peaks)]
    assert len(faint) > 0
    explanation = explain(noisy, at=float(faint[0]) / 128, model=model)
    assert explanation.time == pytest.approx(faint[0] / 128, abs=0.01)
    assert explanation.aami_class == "V"
    assert explanation.rhythm is not None


def test_flutter_has_no_beats_to_explain(record: Record) -> None:
    model = model_of("n" * 20 + "f" * 20 + "n" * 20)
    assert not 20 < explain(record, at=29.0, model=model).time < 40
