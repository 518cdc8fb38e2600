"""A database that is only in the catalogue: all functions and commands know it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgscribe import datasets
from ecgscribe.cli.main import main
from ecgscribe.errors import DatasetError
from support.physionet_server import layout, serve

MADEUPDB = datasets.Database(
    name="madeupdb",
    title="A Made-Up Database",
    records=("1", "2", "3", "noise"),
    splits={"all": ("1", "2", "3"), "odd": ("1", "3")},
    citation="nobody, nowhere",
    version="2.1.0",
    marks={"beats": ("{record}.qrs",)},
    unannotated=("noise",),
    subjects={"3": "madeupdb-1"},
    realign_annotations=True,
)


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the database, and forget the commands, which read the catalogue when imported."""
    monkeypatch.setitem(datasets.DATABASES, "madeupdb", MADEUPDB)
    commands = [f"ecgscribe.cli.{name}" for name in ("fetch", "evaluate")]
    for command in commands:
        monkeypatch.delitem(sys.modules, command, raising=False)
    yield
    for command in commands:
        sys.modules.pop(command, None)


@pytest.fixture
def fetched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Folder that the command downloaded the database to."""
    files = layout(tmp_path / "server", "madeupdb")
    with serve("madeupdb", files) as server:
        command = ["fetch", "madeupdb", "-o", str(tmp_path / "data"), "--base-url", server.url]
        assert main(command) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'data' / 'madeupdb'}\n"
    names = {path.name for path in (tmp_path / "data" / "madeupdb").iterdir()}
    assert names == {"RECORDS", "SHA256SUMS.txt"} | {
        f"{record}.{suffix}" for record in ("1", "2", "3") for suffix in ("hea", "dat", "qrs")
    } | {"noise.hea", "noise.dat"}
    return tmp_path / "data"


def test_it_is_verified_located_and_read(fetched: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "madeupdb", "--verify", "-o", str(fetched), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (len(result["ok"]), result["bad"], result["absent"]) == (12, [], [])
    assert datasets.locate("madeupdb", data_dir=fetched) == fetched / "madeupdb"
    assert datasets.available("madeupdb", data_dir=fetched) == MADEUPDB.records
    record, annotation = datasets.load("madeupdb", "1", data_dir=fetched)
    assert (record.name, record.n_samples, annotation.symbol.tolist()) == ("1", 720, list("+NVN"))
    with pytest.raises(DatasetError, match="expected an annotated record, found noise"):
        datasets.load("madeupdb", "noise", data_dir=fetched)


def test_its_splits_and_subjects_are_known() -> None:
    assert datasets.split_records("madeupdb", "odd") == ("1", "3")
    assert datasets.subject("madeupdb", "3") == datasets.subject("madeupdb", "1")
    assert MADEUPDB.seen_elsewhere(("2", "3")) == ("3",)


def test_the_commands_offer_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "--help"]) == 0
    assert "madeupdb: A Made-Up Database." in capsys.readouterr().out
    assert main(["evaluate", "--db", "made"]) == 2
    assert "madeupdb" in capsys.readouterr().err
    assert main(["doctor", "--json"]) in (0, 1)
    assert "madeupdb" in json.loads(capsys.readouterr().out)["databases"]


def test_it_is_evaluated_and_its_annotations_are_realigned(
    fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecgscribe.evaluation.records import records_of_split
    from ecgscribe.model.runtime import load_model
    from ecgscribe.training import examples

    model = load_model("default")
    assert records_of_split("madeupdb", "odd", model, data_dir=fetched).names == ("1", "3")

    aligned: list[bool] = []

    def make_example(*_: object, align: bool) -> None:
        aligned.append(align)

    monkeypatch.setattr(examples, "make_example", make_example)
    examples.load_examples(["madeupdb/1"], data_dir=fetched)
    assert aligned == [True]
