"""Tables of beats: of records as they are, of changed copies, and of other rhythms."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.model.features import FEATURE_NAMES, logit_features
from ecgscribe.signal.windows import FS
from ecgscribe.symbols import NO_BEAT
from ecgscribe.training import beat_tables
from ecgscribe.training.beat_tables import CANDIDATE, UNKNOWN, BeatTables, make_tables
from ecgscribe.training.examples import Example, make_example
from support.tiny_training import CONFIG

Floats = NDArray[np.float32]


class _Tall:
    """Detects an R-peak where the signal is high; class logits are the mean signal of a frame."""

    def predict_on_batch(self, windows: Floats) -> tuple[Floats, Floats]:
        n, length, _ = windows.shape
        frames = windows.reshape(n, length // 8, 8, 2).mean(axis=2)
        logits = np.concatenate([frames, np.zeros((n, length // 8, 3), np.float32)], axis=2)
        return np.minimum(np.abs(windows).max(axis=2, keepdims=True), 1), logits


def _tables(examples: list[Example], *, copies: int = 0, rhythm_copies: int = 0) -> BeatTables:
    return make_tables(_Tall(), examples, CONFIG, copies=copies, rhythm_copies=rhythm_copies)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [
        make_example(f"x{k}", *synthesize(duration=80, seed=k, v_rate=0.2, s_rate=0.1))
        for k in range(2)
    ]


def _spikes(at: list[int], n: int) -> Floats:
    signal = np.zeros((n, 2), dtype=np.float32)
    signal[at] = 0.8
    return signal


def test_table_holds_every_detected_r_peak_with_its_reference_class() -> None:
    n = 20 * FS
    detected = [2 * FS, 4 * FS, 6 * FS, 8 * FS, 16 * FS]
    example = Example(
        "made",
        _spikes(detected, n),
        np.array([2 * FS + 4, 4 * FS - 1, 8 * FS, 12 * FS], dtype=np.float64),
        np.array([0, 2, 1, 0], dtype=np.int8),
        np.arange(n) > 15 * FS,
    )
    (table,) = _tables([example]).unchanged
    assert table.class_index.tolist() == [0, 2, NO_BEAT, 1, UNKNOWN]
    assert table.missed == 1
    assert table.is_beat.tolist() == [True, True, False, True, False]
    np.testing.assert_allclose(table.offset[[0, 1, 3]], [-4 / FS, 1 / FS, 0], atol=1e-6)
    np.testing.assert_allclose(table.peak_score, 0.8)
    frames = example.signal.reshape(-1, 8, 2).mean(axis=1)
    at = (np.array(detected) + 0.5).astype(int) // 8
    logits = np.concatenate([frames, np.zeros((len(frames), 3), np.float32)], axis=1)[at]
    np.testing.assert_allclose(
        table.logit_features, logit_features(logits, table.peak_score), atol=1e-5
    )
    assert table.features.shape == (5, len(FEATURE_NAMES))


def test_r_peaks_of_low_score_are_candidates_too() -> None:
    signal = _spikes([2 * FS, 4 * FS, 6 * FS], 10 * FS)
    signal[4 * FS], signal[6 * FS] = CANDIDATE + 0.01, CANDIDATE - 0.01
    nothing = np.zeros(0, dtype=np.int8)
    masked = np.zeros(len(signal), dtype=np.bool_)
    (table,) = _tables([Example("made", signal, nothing.astype(float), nothing, masked)]).unchanged
    np.testing.assert_allclose(table.peak_score, [0.8, CANDIDATE + 0.01], atol=1e-6)
    assert table.class_index.tolist() == [NO_BEAT, NO_BEAT]


def test_copies_hold_the_same_beats_changed(examples: list[Example]) -> None:
    tables, again = _tables(examples, copies=2), _tables(examples, copies=2)
    assert len(tables.unchanged) == 2
    # Of each record two copies, then two noise-only signals.
    assert len(tables.copies) == 8
    for table, other in zip(tables.copies, again.copies, strict=True):
        np.testing.assert_array_equal(table.logit_features, other.logit_features)
        np.testing.assert_array_equal(table.features, other.features)
    beats = [int(table.is_beat.sum()) + table.missed for table in tables.copies]
    for k, example in enumerate(examples):
        assert 0 < beats[4 * k] <= len(example.r_peaks)
        assert 0 < beats[4 * k + 1] <= len(example.r_peaks)
        assert beats[4 * k + 2 : 4 * k + 4] == [0, 0]
    noise_only = np.concatenate([t.class_index for t in (*tables.copies[2:4], *tables.copies[6:8])])
    assert len(noise_only) > 20
    assert np.all(noise_only == NO_BEAT)
    assert not np.array_equal(tables.copies[0].features, tables.copies[1].features)


@pytest.mark.parametrize("part", [0.0, 1.0])
def test_as_many_copies_have_one_lead_as_are_asked_for(
    part: float, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat_tables, "_table", lambda _, example, *rest: example)
    monkeypatch.setattr(beat_tables, "augment", lambda window, *rest: window)
    monkeypatch.setattr(beat_tables, "NOISE_ONLY_PART", 0.0)
    config = dataclasses.replace(CONFIG, beats=dataclasses.replace(CONFIG.beats, lost_lead=part))
    of_copies: list[Any] = make_tables(_Tall(), examples, config, copies=1).copies[::2]
    lost = [~example.signal.any(axis=0) for example in of_copies]
    assert [int(leads.sum()) for leads in lost] == [part] * len(examples)


def test_a_noisy_copy_has_the_beats_of_the_record_among_others(examples: list[Example]) -> None:
    long = [
        dataclasses.replace(
            e,
            signal=np.tile(e.signal, (6, 1)),
            r_peaks=np.concatenate([e.r_peaks + k * len(e.signal) for k in range(6)]),
            class_index=np.tile(e.class_index, 6),
            masked=np.tile(e.masked, 6),
        )
        for e in examples
    ]
    tables = make_tables(_Tall(), long, CONFIG, noisy_copies=1)
    assert [t.name for t in tables.noisy] == [e.name for e in examples]
    for example, plain, noisy in zip(long, tables.unchanged, tables.noisy, strict=True):
        assert noisy.is_beat.sum() + noisy.missed == len(example.r_peaks)
        distance = FEATURE_NAMES.index("distance_near_1")
        assert noisy.features[:, distance].mean() > 1.2 * plain.features[:, distance].mean()


def test_no_beat_is_left_in_a_noise_only_span(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgscribe.training.beat_tables.NOISE_ONLY_PART", 1.0)
    last = examples[0].r_peaks[-1] // FS
    (copy, _) = _tables(examples[:1], copies=1).copies
    # 80 s are four spans: only beats after them are kept.
    assert last < 80
    assert copy.is_beat.sum() + copy.missed == 0


def test_other_rhythms_come_with_the_copies(examples: list[Example]) -> None:
    tables = _tables(examples, copies=1, rhythm_copies=1)
    # Their number depends on what each record allows: see test_rhythm_augmentation.
    assert len(tables.copies) > 2 + 2
    assert all(np.all(np.isfinite(t.features)) for t in tables.copies)
    made = np.concatenate([t.class_index[t.is_beat] for t in tables.copies])
    plain = np.concatenate([t.class_index[t.is_beat] for t in tables.unchanged])
    assert np.mean(made == 1) > np.mean(plain == 1)
