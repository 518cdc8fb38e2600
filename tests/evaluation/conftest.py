"""A model and a database that need no files."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation, Record
from support.annotations import FS, HASH, beats, imitate, model_with_hash


@pytest.fixture
def a_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Model:
    """Replace annotation and database by fakes, in an empty folder; return a model."""
    module = importlib.import_module("ecgscribe.evaluation.evaluate")

    def load(db: str, name: str, *, data_dir: object = None) -> tuple[Record, Annotation]:
        signal = np.zeros((int(400 * FS), 2), dtype=np.float32)
        return Record(signal, FS, ("MLII", "V1"), name=name), beats(name)

    def annotate(record: Record, *, model: Model) -> Annotation:
        answer = imitate(beats(record.name))
        # It misses more on one lead, and as another model, so that their results differ.
        missed = 5 * (len(record.leads) == 1) + 3 * (model.path.parent.name == "other")
        return answer.select(np.arange(len(answer)) % missed > 0) if missed else answer

    monkeypatch.setattr(datasets, "locate", lambda db, *, data_dir=None: tmp_path)
    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(module, "annotate", annotate)
    monkeypatch.chdir(tmp_path)
    return model_with_hash("somewhere/small.json", HASH)
