"""Tables of beats: of records as they are, of changed copies, and of other rhythms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.beat_tables import BeatTable, make_tables
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


def test_other_rhythms_come_after_the_copies(examples: list[Example]) -> None:
    tables = _tables(examples, copies=1, rhythm_copies=1)
    # How many there are is decided by what each record allows: see test_rhythms.
    assert len(tables) > 2 + 2
    assert all(np.all(np.isfinite(t.facts)) for t in tables)
    made = np.concatenate([t.class_index for t in tables[2:]])
    plain = np.concatenate([t.class_index for t in tables[:2]])
    assert np.mean(made == 1) > np.mean(plain == 1)
