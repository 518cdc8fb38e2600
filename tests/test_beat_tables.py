"""Tables of beats: of records as they are, of changed copies, and of other rhythms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.beat_tables import BeatTable, fibrillating, make_tables, rich_in_ectopy
from ecgscribe.features import FACTS, class_facts
from ecgscribe.synthetic import synthesize
from ecgscribe.training_data import Example, make_example
from ecgscribe.trunk_training import trunk_scores
from tiny_training import CONFIG

Floats = NDArray[np.float32]


class _Mean:
    """A trunk whose class logits are the mean of each frame's signal."""

    def predict_on_batch(self, windows: Floats) -> tuple[Floats, Floats]:
        n, length, _ = windows.shape
        frames = windows.reshape(n, length // 8, 8, 2).mean(axis=2)
        logits = np.concatenate([frames, np.zeros((n, length // 8, 3), np.float32)], axis=2)
        return np.zeros((n, length, 1), np.float32), logits


def _tables(examples: list[Example], *, copies: int = 0, rhythm_copies: int = 0) -> list[BeatTable]:
    trunk = _Mean()
    scores = [trunk_scores(trunk, e.signal, frame=CONFIG.architecture.frame) for e in examples]
    return make_tables(trunk, examples, scores, CONFIG, copies=copies, rhythm_copies=rhythm_copies)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [
        make_example(f"x{k}", *synthesize(duration=80, seed=k, v_rate=0.2, s_rate=0.1))
        for k in range(2)
    ]


# --- tables -------------------------------------------------------------------------------


def test_table_holds_the_trunk_frames_at_the_r_peaks(examples: list[Example]) -> None:
    tables = _tables(examples)
    assert len(tables) == 2
    for table, example in zip(tables, examples, strict=True):
        frames = example.signal.reshape(-1, 8, 2).mean(axis=1)
        at = np.minimum((example.step + 0.5) // 8, len(frames) - 1).astype(int)
        logits = np.concatenate([frames, np.zeros((len(frames), 3), np.float32)], axis=1)[at]
        np.testing.assert_allclose(table.class_facts, class_facts(logits), atol=1e-5)
        assert table.facts.shape == (len(example.step), len(FACTS))
        np.testing.assert_array_equal(table.class_index, example.class_index)


def test_copies_are_other_looks_at_the_same_beats(examples: list[Example]) -> None:
    tables = _tables(examples, copies=2)
    again = _tables(examples, copies=2)
    assert len(tables) == 6
    for k, table in enumerate(tables):
        np.testing.assert_array_equal(table.class_facts, again[k].class_facts)
        np.testing.assert_array_equal(table.facts, again[k].facts)
        # The two records, then two copies of the first, then two of the second.
        original = tables[k if k < 2 else (k - 2) // 2]
        np.testing.assert_array_equal(table.class_index, original.class_index)
    assert not np.array_equal(tables[2].facts, tables[0].facts)
    assert not np.array_equal(tables[2].facts, tables[3].facts)


# --- other rhythms ------------------------------------------------------------------------


def _logits(example: Example) -> Floats:
    return np.eye(5, dtype=np.float32)[example.class_index] * 4


def test_ectopic_beats_become_many() -> None:
    example = make_example("x", *synthesize(duration=600, seed=3, v_rate=0.0, s_rate=0.05))
    assert np.mean(example.class_index == 0) > 0.9
    tables = [
        rich_in_ectopy(example, _logits(example), np.random.default_rng(k)) for k in range(12)
    ]
    of_s = np.sum(example.class_index == 1)
    shares = []
    for table in tables:
        assert table is not None
        # No S beat is lost, and what is left is as before: its class, its shape.
        assert np.sum(table.class_index == 1) == of_s
        shares.append(np.mean(table.class_index == 0))
    assert min(shares) < 0.85
    assert len(set(shares)) > 4


def test_beats_that_are_left_keep_the_interval_before_them() -> None:
    example = make_example("x", *synthesize(duration=300, seed=3, v_rate=0.0, s_rate=0.08))
    table = rich_in_ectopy(example, _logits(example), np.random.default_rng(1))
    assert table is not None
    column = FACTS.index("rr_before")
    plain = _tables([example])[0]
    of_s = plain.class_index == 1
    kept = table.facts[table.class_index == 1, column]
    np.testing.assert_allclose(kept, plain.facts[of_s, column], atol=1e-4)


def test_an_irregular_rhythm_is_laid_over_normal_beats() -> None:
    example = make_example("x", *synthesize(duration=120, seed=5, v_rate=0.01, s_rate=0.0))
    table = fibrillating(example, _logits(example), np.random.default_rng(0))
    assert table is not None
    assert np.all(table.class_index == 0)
    plain = _tables([example])[0]
    irregular = FACTS.index("irregular_near")
    assert np.median(table.facts[:, irregular]) > 2 * np.median(plain.facts[:, irregular])
    p_wave = FACTS.index("p_like_dominant_1")
    assert np.median(table.facts[:, p_wave]) < 0.5 < np.median(plain.facts[:, p_wave])


def test_records_that_do_not_allow_another_rhythm_are_left_out() -> None:
    rng = np.random.default_rng(0)
    regular = make_example("x", *synthesize(duration=60, seed=1, v_rate=0.0, s_rate=0.0))
    ectopic = make_example("x", *synthesize(duration=60, seed=1, v_rate=0.2, s_rate=0.1))
    assert rich_in_ectopy(regular, _logits(regular), rng) is None
    assert fibrillating(ectopic, _logits(ectopic), rng) is None
    both = _tables([regular, ectopic], rhythm_copies=2)
    assert len(both) >= 2 + 2
