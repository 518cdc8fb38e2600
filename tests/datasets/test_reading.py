"""Fetch each database from a server laid out as PhysioNet, and read what is marked in it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.datasets.database import Marks
from ecgscribe.errors import DatasetError
from support.physionet_server import layout, serve, write_record

FEW = {
    "cinc2017": ("A00001", "A00999", "A08528"),
    "afdb": ("00735", "04015"),
    "afpdb": ("n01", "p02c"),
    "aftdb": ("n01", "s02", "t03", "a04", "b05"),
    "vfdb": ("418", "615"),
    "cudb": ("cu01", "cu02"),
    "ludb": ("1", "200"),
}


@pytest.fixture(params=FEW)
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a database, of which the catalogue now has a few records."""
    name: str = request.param
    _keep_few(name, monkeypatch)
    return name


def _keep_few(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(datasets.DATABASES[name], records=FEW[name])
    monkeypatch.setitem(datasets.DATABASES, name, few)


def _fetched(name: str, tmp_path: Path) -> Path:
    with serve(name, layout(tmp_path / "server", name)) as server:
        return datasets.fetch(name, to=tmp_path / "data", base_url=server.url)


def test_each_is_fetched_into_its_folders_verified_and_resumed(few: str, tmp_path: Path) -> None:
    with serve(few, layout(tmp_path / "server", few)) as server:
        folder = datasets.fetch(few, to=tmp_path, base_url=server.url)
        assert set(server.asked) == {*datasets.DATABASES[few].files, "SHA256SUMS.txt"}
        lost = datasets.DATABASES[few].files[-1]
        (folder / lost).unlink()
        assert datasets.verify(few, data_dir=tmp_path).absent == (lost,)
        server.asked.clear()
        datasets.fetch(few, to=tmp_path, base_url=server.url)
        assert server.asked == [lost]
    result = datasets.verify(few, data_dir=tmp_path)
    assert set(result.ok) == set(datasets.DATABASES[few].files)
    assert (result.bad, result.absent) == ((), ())
    assert datasets.available(few, data_dir=tmp_path) == FEW[few]


def test_each_record_is_read_from_its_folder(few: str, tmp_path: Path) -> None:
    _fetched(few, tmp_path)
    data = tmp_path / "data"
    recorded = datasets.recorded(few, data_dir=data)
    assert set(recorded) == set(FEW[few]) - {"00735"}
    for name in recorded:
        record = datasets.read_record(few, name, data_dir=data)
        assert (record.name, record.n_samples, record.fs) == (name, 720, 360.0)
        if few != "cinc2017":
            loaded, annotation = datasets.load(few, name, data_dir=data)
            assert annotation.symbol.tolist() == list("+NVN")
            np.testing.assert_array_equal(loaded.signal, record.signal)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mitdb", "beats"), ("svdb", "beats"), ("cinc2017", "labels"), ("afdb", "rhythms"),
        ("afpdb", "peaks"), ("aftdb", "peaks"), ("vfdb", "rhythms"), ("ludb", "waves"),
    ],
)  # fmt: skip
def test_the_first_kind_of_marking_is_evaluated(name: str, kind: Marks, tmp_path: Path) -> None:
    database = datasets.find_database(name)
    path = tmp_path / name / database.file("{record}", database.records[0])
    write_record(path.parent, path.name)
    assert datasets.marked(name, data_dir=tmp_path) == kind


def test_cudb_is_evaluated_by_its_annotations_else_by_windows(tmp_path: Path) -> None:
    path = write_record(tmp_path / "cudb", "cu01")
    (tmp_path / "cudb" / "windows.csv").write_text("record,start_s,end_s,ventricular\n")
    assert datasets.marked("cudb", data_dir=tmp_path) == "rhythms"
    path.with_suffix(".atr").unlink()
    assert datasets.marked("cudb", data_dir=tmp_path) == "windows"
    (tmp_path / "cudb" / "windows.csv").unlink()
    assert datasets.marked("cudb", data_dir=tmp_path) == "rhythms"


def test_both_annotations_of_afdb_are_read_without_signals(tmp_path: Path) -> None:
    path = write_record(tmp_path / "afdb", "04015")
    shutil.copy(path.with_suffix(".atr"), path.with_suffix(".qrs"))
    path.with_suffix(".dat").unlink()
    assert datasets.recorded("afdb", data_dir=tmp_path) == ()
    assert len(datasets.read_annotation("afdb", "04015", data_dir=tmp_path)) == 4
    path.with_suffix(".atr").unlink()
    peaks = datasets.read_annotation("afdb", "04015", marks="peaks", data_dir=tmp_path)
    assert peaks.sample.tolist() == [0, 100, 300, 719]
    with pytest.raises(DatasetError, match=r"expected one label .* found where each rhythm"):
        datasets.read_annotation("afdb", "04015", marks="labels", data_dir=tmp_path)


def test_labels_are_those_of_whole_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _keep_few("cinc2017", monkeypatch)
    folder = _fetched("cinc2017", tmp_path)
    assert datasets.read_labels(data_dir=folder) == dict.fromkeys(FEW["cinc2017"], "N")
    with pytest.raises(DatasetError, match=r"cinc2017: .*found one label .*use read_labels\(\)"):
        datasets.load("cinc2017", "A00001", data_dir=folder)
    with pytest.raises(DatasetError, match=r"svdb: expected one label .* found every beat"):
        datasets.read_labels("svdb", data_dir=folder)


def test_an_unpacked_archive_of_cinc2017_is_read_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep_few("cinc2017", monkeypatch)
    folder = _fetched("cinc2017", tmp_path)
    archive = folder / "training2017"
    archive.mkdir()
    for file in (folder / "training").rglob("*.*"):
        file.rename(archive / file.name)
    (folder / "REFERENCE-v3.csv").rename(archive / "REFERENCE.csv")
    assert datasets.recorded("cinc2017", data_dir=folder) == FEW["cinc2017"]
    assert datasets.read_record("cinc2017", "A08528", data_dir=folder).n_samples == 720
    assert datasets.read_labels(data_dir=folder)["A08528"] == "N"
    result = datasets.verify("cinc2017", data_dir=folder)
    assert (len(result.ok), result.bad, result.absent) == (6, (), ("REFERENCE-v3.csv",))
    (archive / "A00001.mat").write_bytes(b"altered")
    assert datasets.verify("cinc2017", data_dir=folder).bad == ("training/A00/A00001.mat",)


def test_windows_are_those_of_the_table(tmp_path: Path) -> None:
    write_record(tmp_path, "cu01")
    table = tmp_path / "windows.csv"
    table.write_text("record,start_s,end_s,ventricular\ncu01,0,5,0\ncu01,5,10,1\ncu03,0,2.5,1\n")
    windows = datasets.read_windows(data_dir=tmp_path)
    assert list(windows) == ["cu01", "cu03"]
    assert windows["cu01"].start.tolist() == [0.0, 5.0]
    assert windows["cu01"].end.tolist() == [5.0, 10.0]
    assert windows["cu01"].ventricular.tolist() == [False, True]
    assert windows["cu03"].end.tolist() == [2.5]


@pytest.mark.parametrize(
    ("name", "record", "file", "text", "message"),
    [
        ("cinc2017", "training2017/A00001", "REFERENCE-v3.csv", "A00001,X\n", "N, A, O or ~"),
        ("cinc2017", "training2017/A00001", "REFERENCE-v3.csv", "<html>", "N, A, O or ~"),
        ("cinc2017", "training2017/A00001", "", "", "expected REFERENCE-v3.csv in"),
        ("cudb", "cu01", "windows.csv", "record,from\ncu01,0\n", "columns record, start_s"),
        ("cudb", "cu01", "windows.csv", "", "columns record, start_s"),
        ("cudb", "cu01", "", "", "expected windows.csv in"),
    ],
)
def test_a_table_that_is_missing_or_another_is_one_line(
    tmp_path: Path, name: str, record: str, file: str, text: str, message: str
) -> None:
    write_record((tmp_path / record).parent, Path(record).name)
    if file:
        (tmp_path / file).write_text(text)
    read = datasets.read_labels if name == "cinc2017" else datasets.read_windows
    with pytest.raises(DatasetError, match=message) as caught:
        read(data_dir=tmp_path)
    assert "\n" not in str(caught.value)
