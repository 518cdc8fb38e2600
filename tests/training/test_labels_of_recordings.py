"""Recordings that are labelled as a whole: which are learned from, and as what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.record import Annotation
from ecgscribe.training import weak_labels
from ecgscribe.training.beat_tables import UNKNOWN, BeatTable, BeatTables
from ecgscribe.training.config import BeatTraining, TrainingConfig
from ecgscribe.training.examples import Example, make_example
from ecgscribe.training.weak_labels import load_weak_examples, make_weak_tables
from support.physionet_server import write_record


def test_recordings_of_n_and_a_are_read_but_for_the_tenth(tmp_path: Path) -> None:
    assert load_weak_examples(5, data_dir=tmp_path) == {}
    labels = {"A00001": "N", "A00002": "O", "A00003": "N", "A00014": "A", "A00015": "~"}
    for name in labels:
        path = write_record(tmp_path / "cinc2017" / "training2017", name)
        path.with_suffix(".mat").touch()  # shows that the signals are there
    table = "".join(f"{name},{label}\n" for name, label in labels.items())
    (tmp_path / "cinc2017" / "REFERENCE-v3.csv").write_text(table)
    examples = load_weak_examples(5, data_dir=tmp_path)
    names = {fold: [e.name for e in own] for fold, own in examples.items()}
    assert names == {0: ["cinc2017/A00001"], 1: ["cinc2017/A00014"]}
    assert len(examples[0][0].r_peaks) == 0


def test_sure_candidates_are_normal_beats_and_others_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def table(*scores: float) -> BeatTable:
        n = len(scores)
        none = np.zeros((n, 2), dtype=np.float32)
        score = np.array(scores, dtype=np.float32)
        wrong = np.full(n, 5, dtype=np.int8)
        return BeatTable("x", score, none, none, wrong, np.full(n, np.nan, np.float32), 0)

    tables = BeatTables([table(*[0.9, 0.5, 0.4] * 3), table(0.9, 0.9)], [], [])
    monkeypatch.setattr(weak_labels, "make_tables", lambda *_: tables)
    (made,) = make_weak_tables(None, [], TrainingConfig())  # two candidates are too few
    assert made.class_index.tolist() == [0, 0, UNKNOWN] * 3


@pytest.mark.parametrize("part", [0.0, 1.0])
def test_the_lead_of_such_a_recording_may_stand_in_both_places(
    part: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = synthesize(duration=20, leads=1)
    nothing = Annotation(np.zeros(0, np.int64), np.zeros(0, np.str_), record.fs)
    seen: list[Example] = []

    def tables_of(trunk: object, examples: list[Example], config: TrainingConfig) -> BeatTables:
        seen.extend(examples)
        return BeatTables([], [], [])

    monkeypatch.setattr(weak_labels, "make_tables", tables_of)
    config = TrainingConfig(beats=BeatTraining(weak_in_both=part))
    make_weak_tables(None, [make_example("x", record, nothing)], config)
    first, second = seen[0].signal.T
    np.testing.assert_array_equal(second, part * first)
