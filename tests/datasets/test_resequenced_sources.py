"""Which beats are used, and what a database's records give."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.datasets.resequenced import (
    FIBRILLATION_RECORDS,
    fibrillation_intervals,
    resequence,
    resequenced_names,
    resequenced_records,
)
from ecgscribe.datasets.resequenced.fibrillation import intervals_within
from ecgscribe.datasets.resequenced.source_beats import source_beats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError, FormatError
from ecgscribe.record import Annotation, Record


def steady(duration: float = 90.0, seed: int = 5) -> tuple[Record, Annotation]:
    return synthesize(
        seed=seed, duration=duration, classes=("N",), noise=0.2, sinus_arrhythmia=0.02, drift=0.02
    )


def with_extra(reference: Annotation, sample: int, symbol: str, **columns: object) -> Annotation:
    """Add one annotation that is not a beat."""
    at = int(np.searchsorted(reference.sample, sample))
    aux_note = np.insert(reference.aux_note.astype("<U8"), at, str(columns.get("aux_note", "")))
    subtype = np.insert(reference.subtype, at, int(str(columns.get("subtype", 0))))
    return dataclasses.replace(
        reference,
        sample=np.insert(reference.sample, at, sample),
        symbol=np.insert(reference.symbol, at, symbol),
        subtype=subtype,
        aux_note=aux_note,
    )


def test_all_beats_of_a_steady_record_are_used_but_those_at_its_ends() -> None:
    record, reference = steady()
    used = source_beats(record, reference)
    at_ends = (reference.sample < record.fs) | (reference.sample >= record.n_samples - record.fs)
    expected = reference.sample[1:-1][~at_ends[1:-1]]
    assert len(used) >= 0.95 * len(expected)
    assert set(used.sample.tolist()) <= set(expected.tolist())


def test_beats_next_to_an_ectopic_beat_are_not_used() -> None:
    record, reference = steady()
    symbol = reference.symbol.copy()
    symbol[40] = "V"
    used = source_beats(record, dataclasses.replace(reference, symbol=symbol))
    near = set(reference.sample[[39, 40, 41]].tolist())
    assert near & set(source_beats(record, reference).sample.tolist()) == near
    assert not near & set(used.sample.tolist())


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (("~", {"subtype": 1}), ("~", {"subtype": 0})),  # one lead noisy is enough
        (("~", {"subtype": -1}), ("~", {"subtype": 0})),
        (("+", {"aux_note": "(AFIB"}), ("+", {"aux_note": "(N"})),
    ],
)
def test_beats_in_noise_or_in_another_rhythm_are_not_used(
    begin: tuple[str, dict[str, object]], end: tuple[str, dict[str, object]]
) -> None:
    record, reference = steady()
    first, last = round(30 * record.fs), round(50 * record.fs)
    changed = with_extra(with_extra(reference, last, end[0], **end[1]), first, begin[0], **begin[1])
    used = source_beats(record, changed).sample
    assert not np.any((used >= first) & (used < last))
    assert np.any(used < first)
    assert np.any(used > last)


def test_beats_around_missing_samples_or_an_artefact_are_not_used() -> None:
    record, reference = steady()
    signal = record.signal.copy()
    signal[round(30 * record.fs) : round(31 * record.fs), 1] = np.nan
    changed = with_extra(reference, int(reference.sample[60]) + 90, "|")
    used = source_beats(dataclasses.replace(record, signal=signal), changed).sample
    assert not np.any(np.abs(used - 30.5 * record.fs) < 0.5 * record.fs)
    assert not set(reference.sample[60:62].tolist()) & set(used.tolist())
    made, _ = resequence(dataclasses.replace(record, signal=signal), changed, plan="standstill")
    assert np.isfinite(made.signal).all()


def test_marks_that_are_off_are_aligned_to_each_other() -> None:
    record, reference = steady()
    off = np.random.default_rng(0).integers(-15, 16, len(reference))  # up to 42 ms
    moved = dataclasses.replace(reference, sample=reference.sample + off)
    used = source_beats(record, moved).sample
    nearest = reference.sample[np.abs(reference.sample[:, None] - used).argmin(axis=0)]
    offset = used - nearest
    assert np.ptp(offset) <= 2
    assert abs(np.median(offset) - np.median(off)) <= 2  # the usual place of a mark stays


def test_a_record_with_too_few_usable_beats_is_one_line() -> None:
    record, reference = steady(duration=25)
    with pytest.raises(
        FormatError, match=r"expected 30 normal beats .* found \d+; choose another record"
    ) as caught:
        resequence(record, reference, plan="exercise")
    assert "\n" not in str(caught.value)
    bigeminy = np.where(np.arange(len(reference)) % 2 == 1, "V", "N")
    with pytest.raises(FormatError, match="found 0;"):
        resequence(record, dataclasses.replace(reference, symbol=bigeminy), plan="exercise")
    nothing = reference.select(slice(0, 0))
    with pytest.raises(FormatError, match="found 0;"):
        resequence(record, nothing, plan="exercise")


def test_intervals_are_those_within_fibrillation() -> None:
    rhythms = Annotation(
        sample=np.array([100, 1000, 2000, 3000]),
        symbol=np.array(["+", "+", "+", "+"]),
        fs=250.0,
        aux_note=np.array(["(N", "(AFIB", "(AFL", "(AFIB"]),
    )
    sample = np.array([50, 400, 900, 1100, 1250, 1300, 1500, 2100, 2900, 3100, 3350, 4000, 4250])
    # Within 1000 to 2000: 150, 50 (0.2 s: too short) and 200 samples. From 3000 on: 250, 650
    # (2.6 s: too long) and 250. Those across a change of rhythm are in neither.
    found = intervals_within(rhythms, Annotation(sample, np.full(13, "N"), 250.0))
    np.testing.assert_allclose(found, np.array([150, 200, 250, 250]) / 250)


@pytest.mark.mitdb
def test_records_of_the_database_keep_their_r_peaks(data_dir: Path) -> None:
    def near_usual(record: Record, sample: NDArray[np.int64], usual: int) -> float:
        """Share of annotations whose largest value of lead 0 is within a sample of the usual."""
        return float(np.mean(np.abs(offsets(record, sample) - usual) <= 1))

    def offsets(record: Record, sample: NDArray[np.int64]) -> NDArray[np.int64]:
        inside = sample[(sample > 20) & (sample < record.n_samples - 20)]
        around = record.signal[inside[:, None] + np.arange(-14, 15), 0]
        return np.asarray(around.argmax(axis=1) - 14)

    for name in ("101", "115", "122"):
        record, reference = datasets.load("mitdb", name, data_dir=data_dir)
        normal = reference.sample[reference.symbol == "N"]
        usual = round(float(np.median(offsets(record, normal))))
        for plan in resequenced_names():
            made, annotation = resequence(record, reference, plan=plan, data_dir=data_dir)
            made_normal = annotation.sample[annotation.symbol == "N"]
            assert near_usual(made, made_normal, usual) > near_usual(record, normal, usual) - 0.04


@pytest.mark.mitdb
def test_no_seam_is_steeper_than_the_record(data_dir: Path) -> None:
    def steps(record: Record, annotation: Annotation) -> NDArray[np.float32]:
        """Steps between samples away from beats and spikes."""
        step = np.abs(np.diff(record.signal[:, 0]))
        beat = annotation.sample[(annotation.class_index >= 0)]
        step[np.clip(beat[:, None] + np.arange(-36, 54), 0, len(step) - 1)] = 0
        return step

    for name in ("112", "124", "230"):
        record, reference = datasets.load("mitdb", name, data_dir=data_dir)
        for plan in ("exercise", "sudden", "standstill"):
            made, annotation = resequence(record, reference, plan=plan)
            old, new = steps(record, reference), steps(made, annotation)
            assert np.quantile(new, 0.999) < 1.5 * np.quantile(old, 0.999)
            assert new.max() <= 1.2 * old.max()


@pytest.mark.mitdb
def test_records_without_sinus_rhythm_are_passed_over_or_raise(data_dir: Path) -> None:
    refused: list[str] = []
    made = list(
        resequenced_records(
            "mitdb",
            ("203", "115", "107"),  # fibrillation; sinus rhythm; paced throughout
            plan="pauses",
            data_dir=data_dir,
            refused=lambda name, error: refused.append(name),
        )
    )
    assert refused == ["203", "107"]
    assert [name for name, _, _ in made] == ["115"]
    with pytest.raises(FormatError, match="record 203: expected 30 normal beats"):
        next(resequenced_records("mitdb", ("203",), plan="pauses", data_dir=data_dir))
    with pytest.raises(DatasetError, match="expected a plan out of"):
        next(resequenced_records("mitdb", ("115",), plan="sprint", data_dir=data_dir))


@pytest.mark.mitdb
def test_the_intervals_of_afdb_are_irregular(data_dir: Path) -> None:
    intervals = fibrillation_intervals(data_dir=data_dir)
    assert len(intervals) == len(FIBRILLATION_RECORDS)
    for rr in intervals:
        assert len(rr) > 1000
        assert np.median(np.abs(np.diff(rr))) / np.median(rr) > 0.08
