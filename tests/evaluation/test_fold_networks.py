"""Each record is annotated by a network that has not seen its patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe.errors import ModelError
from ecgscribe.evaluation import fold_networks
from ecgscribe.evaluation.records import RecordSet
from ecgscribe.model.runtime import Model
from support.annotations import model_with_hash, scored


def network(path: Path, *training: str) -> Model:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    model = model_with_hash(str(path), "a" * 64)
    model.meta["split"] = {"training": list(training)}
    return model


@pytest.fixture
def of_folds(tmp_path: Path) -> dict[Path, Model]:
    """Networks of a run of two folds, by their paths; 201 and 202 are one person."""
    return {
        path: network(path, *training)
        for path, training in (
            (tmp_path / "fold-0" / "model.json", ("mitdb/101", "svdb/800")),
            (tmp_path / "fold-1" / "model.json", ("mitdb/201", "svdb/801")),
        )
    }


@pytest.fixture
def run(tmp_path: Path, of_folds: dict[Path, Model], monkeypatch: pytest.MonkeyPatch) -> Model:
    """Model of that run."""
    monkeypatch.setattr(fold_networks, "load_model", of_folds.__getitem__)
    everything = ("mitdb/101", "mitdb/201", "svdb/800", "svdb/801")
    return network(tmp_path / "model.json", *everything)


def test_subjects_are_compared_not_records(run: Model) -> None:
    networks = fold_networks.networks_of_folds(
        run, RecordSet("mitdb", "all", ("100", "101", "201", "202"))
    )
    assert {n.model.path.parent.name: n.names for n in networks} == {
        "fold-0": ("201", "202"),  # 202 is the person of 201, whom fold 1 has seen
        "fold-1": ("101",),
        run.path.parent.name: ("100",),  # which no network has seen
    }
    assert networks[-1].model is run


def test_records_come_back_in_order() -> None:
    first, second = scored("100", "101"), scored("103")
    ordered = fold_networks.in_order([first, second], ("103", "100", "105", "101"))
    assert [item.name for item in ordered] == ["103", "100", "101"]


def test_a_model_without_folds_is_one_line(tmp_path: Path) -> None:
    alone = network(tmp_path / "model.json", "mitdb/101")
    with pytest.raises(ModelError, match=r"expected the networks of its folds .* found none"):
        fold_networks.networks_of_folds(alone, RecordSet("mitdb", "ds1", ("101",)))


def test_a_patient_whom_every_network_has_seen_is_one_line(
    run: Model, of_folds: dict[Path, Model]
) -> None:
    for model in (run, *of_folds.values()):
        model.meta["split"]["training"].append("mitdb/103")
    with pytest.raises(ModelError, match="has not seen 103, found none"):
        fold_networks.networks_of_folds(run, RecordSet("mitdb", "all", ("103",)))
