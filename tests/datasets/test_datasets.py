"""Databases: the catalogue, the download from a server laid out as PhysioNet, the sums."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.errors import DatasetError
from support.physionet_server import Server, layout, serve, write_record


@pytest.fixture(scope="module")
def nstdb_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return layout(tmp_path_factory.mktemp("layout"), "nstdb")


@pytest.fixture
def server(nstdb_files: dict[str, bytes]) -> Iterator[Server]:
    with serve("nstdb", nstdb_files) as state:
        yield state


def fetch(server: Server, to: Path) -> Path:
    return datasets.fetch("nstdb", to=to, base_url=server.url)


def test_ds1_and_ds2_are_22_records_each_and_share_none() -> None:
    assert (len(datasets.DS1), len(datasets.DS2), len(datasets.MITDB)) == (22, 22, 48)
    assert not set(datasets.DS1) & set(datasets.DS2)
    assert not set(datasets.PACED) & set(datasets.DS1 + datasets.DS2)
    assert len(datasets.SVDB) == 78
    assert len(datasets.NSTDB) == 15


def test_one_subject_whatever_the_record() -> None:
    assert datasets.subject("mitdb", "201") == datasets.subject("mitdb", "202")
    assert datasets.subject("nstdb", "118e_6") == datasets.subject("mitdb", "118")
    assert datasets.subject("svdb", "800") != datasets.subject("svdb", "801")


def test_split_that_does_not_exist_is_named_with_those_that_do() -> None:
    assert datasets.split_records("mitdb", "ds2") == datasets.DS2
    with pytest.raises(DatasetError, match="ds1, ds2, all, paced, found ds3"):
        datasets.split_records("mitdb", "ds3")
    with pytest.raises(DatasetError, match="cudb, ludb, found qtdb"):
        datasets.split_records("qtdb", "all")


def test_the_splits_of_every_database_are_annotated_records_of_it() -> None:
    for name, database in datasets.DATABASES.items():
        assert name == database.name
        assert "all" in database.splits
        annotated = set(database.records) - set(database.unannotated)
        assert set().union(*database.splits.values()) <= annotated
        assert set(database.subjects) <= set(database.records)
        assert set(database.dominant.values()) <= set(database.records)


def test_a_record_whose_subject_is_also_in_another_split_is_named() -> None:
    mitdb = datasets.find_database("mitdb")
    assert mitdb.seen_elsewhere(datasets.DS2) == ("202",)
    assert mitdb.seen_elsewhere(datasets.DS1) == ()
    assert mitdb.seen_elsewhere(datasets.MITDB) == ()
    assert datasets.find_database("nstdb").seen_elsewhere(datasets.NSTDB) == ()


def test_fetched_files_are_complete_verified_and_only_those_needed(
    server: Server, tmp_path: Path, nstdb_files: dict[str, bytes]
) -> None:
    folder = fetch(server, tmp_path)
    assert folder == tmp_path / "nstdb"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == nstdb_files
    result = datasets.verify("nstdb", data_dir=tmp_path)
    assert (len(result.ok), result.bad, result.absent) == (len(nstdb_files) - 1, (), ())


def test_second_fetch_downloads_nothing(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    server.asked.clear()
    fetch(server, tmp_path)
    assert server.asked == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("broken", "differs from its sum"),
        ("truncated", "broke off"),
        ("missing", "is not on the server"),
        ("forbidden", "is refused by the server"),
        ("failing", "met an error of the server"),
    ],
)
def test_damaged_file_is_named_never_kept_and_the_others_are_downloaded(
    server: Server, tmp_path: Path, fault: str, reason: str
) -> None:
    server.faults["118e06.dat"] = fault  # type: ignore[assignment]
    with pytest.raises(DatasetError, match=rf"118e06\.dat {reason}") as caught:
        fetch(server, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "nstdb" / "118e06.dat").exists()
    assert datasets.verify("nstdb", data_dir=tmp_path).absent == ("118e06.dat",)
    assert not list((tmp_path / "nstdb").glob(".*"))

    server.faults.clear()
    server.asked.clear()
    fetch(server, tmp_path)
    assert server.asked == ["118e06.dat"]


@pytest.mark.parametrize("address", ["ftp://host/path", "no address", "http://"])
def test_an_address_that_is_none_is_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected an address such as https://"):
        datasets.fetch("nstdb", to=tmp_path, base_url=address)


def test_interrupted_download_resumes_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.faults["119e00.dat"] = "dropped"
    with pytest.raises(DatasetError, match=r"cannot reach 127\.0\.0\.1"):
        fetch(server, tmp_path)
    kept = {path.name for path in (tmp_path / "nstdb").iterdir()}
    assert "118e00.dat" in kept

    server.faults.clear()
    server.asked.clear()
    fetch(server, tmp_path)
    assert not kept & set(server.asked)


def test_nothing_is_left_of_a_download_that_was_killed(
    server: Server, tmp_path: Path, nstdb_files: dict[str, bytes]
) -> None:
    code = (
        "import os, sys, pooch; from pathlib import Path; from ecgscribe import datasets\n"
        "def half(self, url, output_file, *_):\n"
        "    Path(output_file).write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
        "pooch.HTTPDownloader.__call__ = half\n"
        "datasets.fetch('nstdb', to=sys.argv[1], base_url=sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), server.url], check=False)
    assert [path.name[:11] for path in (tmp_path / "nstdb").iterdir()] == [".ecgscribe-"]
    folder = fetch(server, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == nstdb_files


def test_altered_file_is_reported_and_fetched_again(server: Server, tmp_path: Path) -> None:
    altered = fetch(server, tmp_path) / "bw.dat"
    good = altered.read_bytes()
    altered.write_bytes(good[:-1] + b"\x07")
    assert datasets.verify("nstdb", data_dir=tmp_path).bad == ("bw.dat",)
    fetch(server, tmp_path)
    assert altered.read_bytes() == good


def test_progress_counts_files(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[int, int]] = []
    datasets.fetch(
        "nstdb", to=tmp_path, base_url=server.url, progress=lambda *call: calls.append(call)
    )
    n_files = len(list((tmp_path / "nstdb").iterdir())) - 1  # without the list of sums
    assert calls == [(k, n_files) for k in range(1, n_files + 1)]
    assert capsys.readouterr() == ("", "")


def test_offline_is_one_line_with_a_remedy(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(DatasetError, match=r"offline\?.*try again later.*ECGSCRIBE_DATA") as caught:
        datasets.fetch("mitdb", to=tmp_path, base_url=f"http://127.0.0.1:{port}")
    assert "\n" not in str(caught.value)


def test_page_in_place_of_the_sums_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.files = {"SHA256SUMS.txt": b"<html>please log in</html>\n"}
    with pytest.raises(DatasetError, match="expected a list of SHA-256 sums"):
        fetch(server, tmp_path)
    assert not (tmp_path / "nstdb" / "SHA256SUMS.txt").exists()


def test_server_without_the_database_is_an_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"svdb: expected its SHA256SUMS\.txt.*status 404"):
        datasets.fetch("svdb", to=tmp_path, base_url=server.url)


def test_folder_that_cannot_be_written_is_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "nstdb").write_text("a file in the way")
    with pytest.raises(DatasetError, match="the system refused"):
        fetch(server, tmp_path)


def test_verify_without_sums_names_their_address(tmp_path: Path) -> None:
    write_record(tmp_path / "svdb", "800")
    with pytest.raises(DatasetError, match=r"found none; get it from https.*svdb/1\.0\.0/SHA256"):
        datasets.verify("svdb", data_dir=tmp_path)


def test_folder_is_found_by_argument_environment_and_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "root" / "mitdb", "100")
    expected = tmp_path / "root" / "mitdb"
    assert datasets.locate("mitdb", data_dir=tmp_path / "root") == expected
    assert datasets.locate("mitdb", data_dir=expected) == expected
    monkeypatch.setenv("ECGSCRIBE_DATA", str(tmp_path / "root"))
    assert datasets.locate("mitdb") == expected
    monkeypatch.delenv("ECGSCRIBE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shutil.move(tmp_path / "root", tmp_path / "ecgscribe")
    assert datasets.locate("mitdb") == tmp_path / "ecgscribe" / "mitdb"
    with pytest.raises(DatasetError, match="run `ecgscribe fetch svdb`"):
        datasets.locate("svdb")


def test_half_a_database_has_its_records(tmp_path: Path) -> None:
    write_record(tmp_path / "mitdb", "100")
    assert datasets.available("mitdb", data_dir=tmp_path) == ("100",)
    record, annotation = datasets.load("mitdb", "100", data_dir=tmp_path)
    assert (record.name, annotation.fs, annotation.symbol.tolist()) == ("100", 360.0, list("+NVN"))
    with pytest.raises(DatasetError, match="expected record 101"):
        datasets.load("mitdb", "101", data_dir=tmp_path)
    with pytest.raises(DatasetError, match="found 99"):
        datasets.load("mitdb", "99", data_dir=tmp_path)


def test_csv_export_of_mitdb_is_read(tmp_path: Path) -> None:
    (tmp_path / "100.csv").write_text("'sample #','MLII','V5'\n0,995,1011\n1,1024,1224\n")
    (tmp_path / "100annotations.txt").write_text(
        "      Time   Sample #  Type  Sub Chan  Num\tAux\n"
        "    0:00.003        1     N    0    0    0\n"
    )
    record, annotation = datasets.load("mitdb", "100", data_dir=tmp_path)
    np.testing.assert_allclose(record.signal[1], [0.0, 1.0])
    assert annotation.sample.tolist() == [1]


def test_noise_has_no_annotations(tmp_path: Path) -> None:
    path = write_record(tmp_path, "em")
    path.with_suffix(".atr").unlink()
    assert datasets.noise("em", data_dir=tmp_path).leads == ("MLII", "V1")
    with pytest.raises(DatasetError, match=r"use noise\(\)"):
        datasets.load("nstdb", "em", data_dir=tmp_path)
    with pytest.raises(DatasetError, match="bw, em, ma, found hum"):
        datasets.noise("hum", data_dir=tmp_path)


@pytest.mark.mitdb
def test_mitdb_holds_the_published_numbers_of_beats(data_dir: Path) -> None:
    total, beats = 0, 0
    for name in datasets.MITDB:
        _, annotation = datasets.load("mitdb", name, data_dir=data_dir)
        total += len(annotation)
        beats += int(np.sum(annotation.class_index >= 0))
    assert (total, beats) == (112_647, 109_494)


@pytest.mark.mitdb
def test_mitdb_is_as_published(data_dir: Path) -> None:
    result = datasets.verify("mitdb", data_dir=data_dir)
    assert result.bad == result.absent == ()
    assert len(result.ok) >= 3 * 48
