"""Adaptation: labels reach the beats that are alike, and no others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.adaptation.adapt import Patient, corrections_from
from ecgscribe.adaptation.asking import beat_to_ask
from ecgscribe.adaptation.posterior import (
    DISAGREEMENT,
    FEW,
    MOST_LABELS,
    adapt_probability,
    disagreement,
    kernel,
    left_unsure,
    prior,
    thinned,
)
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import CLASS_SYMBOLS


def called_normal(known: Annotation) -> Annotation:
    """Return what a model that calls every beat N might write: it is in doubt about V."""
    probability = np.tile(
        np.array([0.996, 0.001, 0.001, 0.001, 0.001], np.float32), (len(known), 1)
    )
    probability[known.symbol == "V"] = [0.7, 0.0, 0.3, 0.0, 0.0]
    return dataclasses.replace(
        known, symbol=np.full(len(known), "N"), probability=probability, n_samples=None
    )


@pytest.fixture(scope="module")
def recording() -> tuple[Record, Annotation]:
    return synthesize(duration=240, seed=3, noise=0.1, classes=("N", "V"), leads=2)


@pytest.fixture(scope="module")
def patient(recording: tuple[Record, Annotation]) -> Patient:
    record, known = recording
    return Patient.of(record, called_normal(known))


def test_without_corrections_nothing_changes(patient: Patient) -> None:
    assert patient.adapt({}) is patient.annotation


def test_a_few_labels_reach_all_beats_that_are_alike(
    recording: tuple[Record, Annotation], patient: Patient
) -> None:
    known = recording[1]
    assert np.count_nonzero(known.symbol == "V") > 10
    v, n = (known.sample[known.symbol == symbol][:3].tolist() for symbol in "VN")
    adapted = patient.adapt(dict.fromkeys(v, "V") | dict.fromkeys(n, "N"))
    assert np.mean(adapted.symbol == known.symbol) > 0.99
    assert patient.annotation.counts()["V"] == 0
    assert adapted.probability is not None
    assert np.allclose(adapted.probability.sum(axis=1), 1, atol=1e-5)


def test_a_corrected_beat_has_the_class_that_it_was_given(patient: Patient) -> None:
    sample = int(patient.annotation.sample[5])
    adapted = patient.adapt({sample: "F"})
    assert adapted.symbol[5] == "F"
    assert adapted.probability is not None
    assert adapted.probability[5].tolist() == [0, 0, 0, 1, 0]


def test_marks_stay_where_they_are(recording: tuple[Record, Annotation]) -> None:
    record, known = recording
    beats = called_normal(known)
    mark = Annotation(
        np.array([1]), np.array(["~"]), known.fs, probability=np.full((1, 5), np.nan, np.float32)
    )
    assert beats.probability is not None
    assert mark.probability is not None
    both = Annotation(
        np.concatenate([mark.sample, beats.sample]),
        np.concatenate([mark.symbol, beats.symbol]),
        known.fs,
        probability=np.concatenate([mark.probability, beats.probability]),
    )
    adapted = Patient.of(record, both).adapt({int(beats.sample[0]): "V"})
    assert adapted.symbol[:2].tolist() == ["~", "V"]
    assert adapted.probability is not None
    assert np.isnan(adapted.probability[0]).all()


def test_it_asks_about_each_beat_once_and_first_about_a_doubtful_one(
    recording: tuple[Record, Annotation],
) -> None:
    record, known = recording
    few = known.select(slice(0, 30))
    patient = Patient.of(record, called_normal(few))
    symbol = dict(zip(few.sample.tolist(), few.symbol.tolist(), strict=True))
    skipped = int(few.sample[7])
    answers: dict[int, str] = {}
    while (sample := patient.next_beat(answers, skipped=[skipped])) is not None:
        assert sample not in answers
        answers[sample] = symbol[sample]
    assert set(answers) == set(symbol) - {skipped}
    assert next(iter(answers.values())) == "V"


def test_an_unsure_cluster_is_asked_about_before_an_unsure_beat_on_its_own() -> None:
    place = np.concatenate([np.zeros((20, 2)), [[50.0, 0.0]], np.full((20, 2), -50.0)])
    mean = np.tile([0.6, 0.4, 0, 0, 0], (41, 1))
    mean[21:] = [1, 0, 0, 0, 0]
    asked = beat_to_ask(place, mean, {})
    assert asked is not None
    assert asked < 20
    assert beat_to_ask(place, mean, {asked: 0, asked + 1: 0}) == 20


def test_of_beats_that_say_as_much_about_others_an_unsure_one_is_asked_about() -> None:
    place = np.zeros((10, 2))
    mean = np.tile([0.9, 0.1, 0, 0, 0], (10, 1))
    mean[6] = [0.5, 0.5, 0, 0, 0]
    assert beat_to_ask(place, mean, {}) == 6


@pytest.mark.parametrize(("label", "asked"), [(0, range(20, 22)), (2, range(1, 20))])
def test_a_label_that_nobody_expected_is_checked_by_another(label: int, asked: range) -> None:
    many, few = np.zeros((20, 1)), np.full((2, 1), 50.0)
    mean = np.tile([0.8, 0.2, 0, 0, 0], (22, 1))
    assert beat_to_ask(np.concatenate([many, few]), mean, {0: label}) in asked


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_the_posterior_equals_one_that_is_computed_beat_by_beat(seed: int, n_labels: int) -> None:
    rng = np.random.default_rng(seed)
    place, mean = rng.normal(size=(12, 3)), rng.dirichlet(np.ones(5), size=12)
    labels = {k: int(rng.integers(5)) for k in rng.permutation(12)[:n_labels].tolist()}
    adapted = adapt_probability(place, mean, labels)
    left = left_unsure(place, place[list(labels)])
    at, of_class = thinned(labels)
    same = np.full(n_labels, disagreement(n_labels))
    assert np.array_equal(adapted, adapt_probability(place, mean, labels, variance=same))
    doubled = adapt_probability(place, mean, labels, variance=same * 2)
    assert (doubled[at].argmax(axis=1) == of_class).all()
    assert (np.diag(left_unsure(place, place[at], variance=same * 2)) >= np.diag(left)).all()

    def alike(i: int, j: int) -> float:
        return float(np.exp(-sum((place[i] - place[j]) ** 2) / 2))

    own = disagreement(n_labels)
    known = np.array([[alike(i, j) + own * (i == j) for j in labels] for i in labels])
    for beat in range(12):
        near = np.array([alike(beat, j) for j in labels])
        weight = np.linalg.inv(known) @ near
        expected = mean[beat] + sum(
            w * (np.eye(5)[k] - mean[j]) for w, (j, k) in zip(weight, labels.items(), strict=True)
        )
        expected = np.maximum(expected, 0) / np.maximum(expected, 0).sum()
        if beat in labels:
            expected = np.eye(5)[labels[beat]]
        assert np.allclose(adapted[beat], expected, atol=1e-8)
        assert np.isclose(left[beat, beat], 1 - near @ weight, atol=1e-8)


def test_each_of_many_labels_says_less() -> None:
    assert disagreement(1) == disagreement(FEW) == DISAGREEMENT
    assert disagreement(4 * FEW) == 2 * DISAGREEMENT


def test_what_a_rule_decided_stays_until_a_label_says_otherwise() -> None:
    beats = Annotation(
        sample=np.array([100, 200]),
        symbol=np.array(["N", "V"]),
        fs=250.0,
        probability=np.array([[0.05, 0.95, 0, 0, 0], [0.2, 0, 0.8, 0, 0]], np.float32),
    )
    mean = prior(beats)
    assert mean.argmax(axis=1).tolist() == [0, 2]
    assert mean[0, 1] < mean[0, 0]  # 0.6 * 0.95 would be more
    assert mean[1] == pytest.approx([0.12, 0, 0.88, 0, 0])


def test_beats_that_are_far_from_all_labels_stay_as_they_were() -> None:
    place = np.array([[0.0], [0.1], [20.0]])
    mean = np.tile([0.75, 0.25, 0, 0, 0], (3, 1))
    adapted = adapt_probability(place, mean, {0: 2})
    assert adapted[1].argmax() == 2
    assert np.allclose(adapted[2], mean[2])
    assert np.allclose(np.diag(kernel(place, place)), 1)


def test_a_whole_template_that_is_relabelled_is_thinned_by_class() -> None:
    labels = dict.fromkeys(range(5000), 0) | {5000: 2}
    at, of_class = thinned(labels)
    assert len(at) == MOST_LABELS + 1
    assert (at[of_class == 2] == 5000).all()
    assert at[0] == 0
    assert at[MOST_LABELS - 1] == 4999


def test_corrections_from_a_reference_are_those_of_the_first_minutes(
    recording: tuple[Record, Annotation],
) -> None:
    known = recording[1]
    late = dataclasses.replace(called_normal(known), sample=known.sample + 3)
    corrections = corrections_from(late, known, end=60)
    assert len(corrections) == np.count_nonzero(late.time < 60)
    names = [str(CLASS_SYMBOLS["NSVFQ".index(name)]) for name in corrections.values()]
    assert names == known.symbol[: len(names)].tolist()
    assert list(corrections) == late.sample[: len(names)].tolist()
    assert len(corrections_from(late, known)) == len(known)


def test_mistakes_are_named(recording: tuple[Record, Annotation], patient: Patient) -> None:
    record, known = recording
    with pytest.raises(FormatError, match="expected the sample of an annotated beat, found -4"):
        patient.adapt({-4: "N"})
    with pytest.raises(FormatError, match=r"expected a class \(N, S, V, F, Q\), found A"):
        patient.next_beat({int(known.sample[0]): "A"})
    with pytest.raises(FormatError, match="expected the probabilities of a model, found none"):
        Patient.of(record, known)
    with pytest.raises(FormatError, match="expected 360 Hz as in the recording, found 100 Hz"):
        Patient.of(record, dataclasses.replace(called_normal(known), fs=100.0))


def test_a_recording_without_beats_has_none_to_ask_about() -> None:
    record = Record(np.zeros((3600, 2), dtype=np.float32), 360.0, ("I", "II"))
    nothing = Annotation(
        np.zeros(0, np.int64), np.zeros(0, np.str_), 360.0, probability=np.zeros((0, 5), np.float32)
    )
    patient = Patient.of(record, nothing)
    assert patient.next_beat({}) is None
    assert len(patient.adapt({})) == 0
