"""`ecgscribe fetch`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecgscribe.cli.main import main
from ecgscribe.datasets.catalogue import DATABASES
from support.command_line import ecgscribe, error_line, only_error
from support.physionet_server import layout, serve


def test_fetch_without_a_network_is_one_line(tmp_path: Path) -> None:
    # Nothing listens on port 9 of this machine.
    run = ecgscribe("fetch", "mitdb", "--out", tmp_path, "--base-url", "http://127.0.0.1:9")
    assert "offline?" in only_error(run)


def test_fetch_verify_lists_bad_and_absent_files_apart(tmp_path: Path) -> None:
    folder = tmp_path / "mitdb"
    folder.mkdir()
    (folder / "100.hea").write_text("not what was published")
    (folder / "SHA256SUMS.txt").write_text(f"{'0' * 64} 100.hea\n{'1' * 64} 100.dat\n")
    run = ecgscribe("fetch", "mitdb", "--verify", "--out", tmp_path)
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert lines[0].startswith("mitdb: 0 good, 1 bad, ")
    assert "bad 100.hea" in lines
    assert "absent 100.dat" in lines


def test_verify_tells_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "100.hea").write_text("not what was published")
    (tmp_path / "mitdb" / "SHA256SUMS.txt").write_text(f"{'0' * 64} 100.hea\n")
    assert main(["fetch", "mitdb", "--verify", "-o", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["db"], told["ok"], told["bad"]) == ("mitdb", [], ["100.hea"])
    assert "100.dat" in told["absent"]


def test_fetch_prints_the_folder_that_it_filled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = layout(tmp_path / "server", "nstdb")
    command = ["fetch", "nstdb", "-o", str(tmp_path / "data")]
    with serve("nstdb", files) as server:
        assert main([*command, "--base-url", server.url]) == 0
        assert capsys.readouterr() == (f"{tmp_path / 'data' / 'nstdb'}\n", "")
        assert main([*command, "--base-url", server.url, "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(tmp_path / "data" / "nstdb")


def test_list_names_every_database_and_what_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fetch", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(DATABASES)
    (afdb,) = (line for line in lines if line.startswith("afdb"))
    assert "25 records  635 MB  rhythms, peaks  ODC-By 1.0" in afdb
    assert "Moody & Mark, Comput Cardiol 10:227-230, 1983" in afdb

    assert main(["fetch", "--list", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["db"] for row in content] == list(DATABASES)
    assert content[-1]["version"] == "1.0.1"
    assert [row["marks"] for row in content if row["db"] == "cudb"] == [["rhythms", "beats"]]


def test_fetch_without_a_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected DB, found none" in error_line(capsys, "fetch", code=2)
    assert "expected DB, found none" in error_line(capsys, "fetch", "--verify", code=2)
