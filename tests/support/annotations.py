"""Made-up references and annotations of mitdb's record names, for tests of the evaluation."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.evaluation.groups import Scored
from ecgscribe.model.decision import Calibration, Thresholds
from ecgscribe.model.onnx_networks import OnnxNetwork
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation, Record

FS = 360.0
HASH = "a" * 64
SYMBOLS = np.array(["N", "A", "V", "F", "Q"])


def beats(name: str, *, seconds: float = 400.0) -> Annotation:
    """Return a reference of one beat every 0.8 s, one in six of them abnormal."""
    rng = np.random.default_rng(int(name))
    sample = np.arange(FS, seconds * FS, 0.8 * FS).astype(np.int64)
    symbol = rng.choice(["N", "A", "V", "F", "e"], len(sample), p=[0.8, 0.06, 0.08, 0.03, 0.03])
    return Annotation(sample, symbol, FS, name=name)


def imitate(reference: Annotation) -> Annotation:
    """Annotate as a model might: jitter, misses, extra beats, wrong classes, probabilities."""
    rng = np.random.default_rng(len(reference) + int(reference.name))
    kept = reference.select(rng.random(len(reference)) > 0.03)
    extra = kept.sample[rng.random(len(kept)) < 0.03] + 130
    sample = np.append(kept.sample + rng.integers(-9, 10, len(kept)), extra)
    true_class = np.append(kept.class_index, np.zeros(len(extra), dtype=np.int8))
    order = np.argsort(sample, kind="stable")
    logits = rng.normal(0, 1, (len(sample), 5))
    logits[np.arange(len(sample)), true_class] += 4
    odds = np.exp(logits[order])
    probability = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return Annotation(
        sample[order],
        SYMBOLS[probability.argmax(axis=1)],
        FS,
        probability=probability,
        score=np.full(len(sample), 0.9, dtype=np.float32),
        name=reference.name,
    )


def scored(*names: str) -> list[Scored]:
    """Return records with their reference and an imitated annotation."""
    return [
        Scored(
            name,
            datasets.subject("mitdb", name),
            beats(name),
            imitate(beats(name)),
            int(400 * FS),
        )
        for name in names
    ]


def model_with_hash(path: str, sha256: str) -> Model:
    """Return a model without weights."""
    meta = {
        "files": {"trunk": {"name": "trunk.onnx", "sha256": sha256}},
        "thresholds": {},
        "calibration": {},
    }
    return Model(Path(path), meta, Thresholds(), Calibration(), OnnxNetwork(Path("trunk.onnx")))


def fake_evaluation(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Model:
    """Replace annotation and database by fakes, move to a folder; return a model to evaluate."""
    module = importlib.import_module("ecgscribe.evaluation.evaluate")

    def load(db: str, name: str, *, data_dir: object = None) -> tuple[Record, Annotation]:
        signal = np.zeros((int(400 * FS), 2), dtype=np.float32)
        return Record(signal, FS, ("MLII", "V1"), name=name), beats(name)

    def annotate(record: Record, *, model: Model) -> Annotation:
        answer = imitate(beats(record.name))
        # It misses more on one lead, and as another model, so that their results differ.
        missed = 5 * (len(record.leads) == 1) + 3 * (model.path.parent.name == "other")
        return answer.select(np.arange(len(answer)) % missed > 0) if missed else answer

    monkeypatch.setattr(datasets, "locate", lambda db, *, data_dir=None: folder)
    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(module, "annotate", annotate)
    monkeypatch.chdir(folder)
    return model_with_hash("somewhere/small.json", HASH)
