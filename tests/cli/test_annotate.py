"""`ecgscribe annotate`: what it writes, and what it refuses."""

from __future__ import annotations

import importlib
import json
import resource
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats, load_model
from ecgscribe.cli.main import main
from ecgscribe.record import Record
from ecgscribe.symbols import AAMI_CLASSES
from support import format_files
from support.command_line import complaints, ecgscribe, error_line, made, only_error
from support.wfdb_files import save


@pytest.mark.parametrize("kind", ["wfdb", "csv", "json", "parquet", "edf"])
def test_annotate_writes_a_file_that_never_takes_a_reference_s_name(
    good: Path, tmp_path: Path, kind: str
) -> None:
    run = ecgscribe("annotate", good, "-f", kind, cwd=tmp_path)
    assert run.returncode == 0
    suffix = "" if kind == "wfdb" else f".{kind}"
    assert [path.name for path in tmp_path.iterdir()] == [f"good.scribe{suffix}"]
    assert run.stdout == ""
    (line,) = complaints(run)
    assert "beats" in line


def test_annotate_writes_what_python_gives(good: Path, tmp_path: Path) -> None:
    import ecgscribe as package

    ecgscribe("annotate", good, "-o", tmp_path, "--leads", "ECG1,ECG2")
    expected = package.annotate(package.read(good))
    written = formats.read_annotation(tmp_path / "good.scribe")
    np.testing.assert_array_equal(written.sample, expected.sample)
    np.testing.assert_array_equal(written.symbol, expected.symbol)


def test_annotate_tells_what_it_wrote_as_one_json_line_a_recording(
    good: Path, tmp_path: Path
) -> None:
    run = ecgscribe("annotate", good, tmp_path / "no", "-o", tmp_path, "--json", "--quiet")
    first, second = map(json.loads, run.stdout.splitlines())
    assert first["file"] == str(tmp_path / "good.scribe")
    assert list(first["beats"]) == list(AAMI_CLASSES)
    assert sum(first["beats"].values()) > 20
    assert first["beats_in_noise"] == 0
    # No rhythm is none found: a model without a rhythm network says nothing of rhythms.
    assert (first["rhythms"] is None) == (load_model().rhythm is None)
    assert first["readable_seconds"] == first["seconds"] == formats.read(good).duration
    assert second["record"] == str(tmp_path / "no")
    reason, last = complaints(run)
    assert second["error"] == reason
    assert last == f"1 of 2 recordings failed: {tmp_path / 'no'}"


def test_beats_in_noise_are_not_counted(tmp_path: Path) -> None:
    record = made("noisy", duration=120.0)
    noise = np.random.default_rng(0).normal(0, 0.5, size=(40 * 360, 2))
    record.signal[40 * 360 : 80 * 360] = noise.astype(np.float32)
    path = save(record, tmp_path)
    run = ecgscribe("annotate", path, "-o", tmp_path, "--json")
    told = json.loads(run.stdout)
    assert 60 < told["readable_seconds"] < 95
    assert f"{told['readable_seconds'] / 1.2:.1f}% readable" in run.stderr
    written = formats.read_annotation(tmp_path / "noisy.scribe")
    assert len(written.beats()) == sum(told["beats"].values()) + told["beats_in_noise"]
    assert "noise" in written.aux_note
    info = json.loads(ecgscribe("info", path, "--annotator", "scribe", "--json").stdout)
    assert info["readable_seconds"] == told["readable_seconds"]


def test_annotate_overwrites_only_when_forced(good: Path, tmp_path: Path) -> None:
    there = tmp_path / "good.scribe"
    there.write_text("mine")
    assert "--force" in only_error(ecgscribe("annotate", good, "-o", tmp_path))
    assert there.read_text() == "mine"
    assert ecgscribe("annotate", good, "-o", tmp_path, "--force").returncode == 0
    assert len(formats.read_annotation(there)) > 20


def test_annotate_finds_out_before_the_work_that_the_output_is_there(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def annotate_nothing(*arguments: object, **options: object) -> None:
        raise AssertionError

    (tmp_path / "good.scribe").write_text("mine")
    monkeypatch.setattr("ecgscribe.cli.annotate.annotate_recording", annotate_nothing)
    assert "already there" in error_line(capsys, "annotate", good, "-o", tmp_path, code=1)


@pytest.mark.parametrize("command", [["plot"], ["explain", "--at", "5"]])
def test_pictures_are_checked_before_the_work_and_replace_no_input(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = format_files.edf(tmp_path).rename(tmp_path / "r.png")
    before = path.read_bytes()
    for module in ("ecgscribe.cli.plot", "ecgscribe.explanation.explain"):
        importlib.import_module(module)

    def no_work(*arguments: object, **options: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ecgscribe.cli.plot.annotate_recording", no_work)
    monkeypatch.setattr("ecgscribe.explanation.explain.explain", no_work)
    line = error_line(capsys, *command, path, "-o", path, "--force", code=1)
    assert "found one that is read" in line
    line = error_line(capsys, *command, path, "-o", path, code=1)
    assert "already there" in line
    assert path.read_bytes() == before


def test_annotate_never_replaces_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.edf(tmp_path).rename(tmp_path / "r.scribe")
    before = path.read_bytes()
    line = error_line(capsys, "annotate", path, "-o", tmp_path, "--force", code=1)
    assert "found one that is read; choose another name" in line
    assert path.read_bytes() == before


def test_annotate_says_which_leads_are_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = made("many")
    signal = np.repeat(record.signal, 2, axis=1)
    path = save(Record(signal, record.fs, ("aVR", "II", "V5", "Pleth"), name="many"), tmp_path)
    assert main(["annotate", str(path), "-o", str(tmp_path), "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["leads"] == ["II", "V5"]
    assert "readable in II, V5, written to" in shown.err
    assert shown.err.count("left out: Pleth") == 1


def test_no_dates_leaves_the_start_out_of_every_output(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "dated.hea"
    text = good.with_suffix(".hea").read_text().replace("good", "dated")
    first, rest = text.split("\n", 1)
    path.write_text(f"{first} 10:20:30 01/02/2003\n{rest}")
    path.with_suffix(".dat").write_bytes(good.with_suffix(".dat").read_bytes())
    for options in ([], ["--no-dates"]):
        for kind in ("csv", "edf"):
            command = ["annotate", str(path), "-o", str(tmp_path), "-f", kind, "--force"]
            assert main([*command, *options]) == 0
        dated = not options
        assert ("2003-02-01" in (tmp_path / "dated.scribe.csv").read_text()) is dated
        assert (b"01-FEB-2003" in (tmp_path / "dated.scribe.edf").read_bytes()) is dated


def test_annotate_keeps_two_recordings_of_one_name_apart(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("annotate", good, good, "-o", tmp_path, "--force", "--quiet")
    assert run.returncode == 1
    reason, last = complaints(run)
    assert "already wrote" in reason
    assert last == f"1 of 2 recordings failed: {good}"


def test_header_comments_reach_no_output_unless_asked_for(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("annotate", good, "-o", tmp_path, "-f", "json", "--json")
    told = run.stdout + run.stderr + (tmp_path / "good.scribe.json").read_text()
    told += ecgscribe("info", good).stdout
    assert "Doe" not in told
    assert "Jane Doe 1931" in ecgscribe("info", good, "--comments").stdout


def test_formats_without_names_or_frequency_take_them_from_the_command_line(
    tmp_path: Path,
) -> None:
    record = made("array")
    np.save(tmp_path / "array.npy", record.signal * 200)
    told = ["--fs", record.fs, "--leads", "II,V1"]
    info = json.loads(ecgscribe("info", tmp_path / "array", *told, "--json").stdout)
    assert (info["leads"], info["fs"], info["samples"]) == (["II", "V1"], record.fs, 10_800)
    run = ecgscribe("annotate", tmp_path / "array.npy", *told, "-o", tmp_path)
    assert run.returncode == 0, run.stderr
    assert len(formats.read_annotation(tmp_path / "array.scribe").beats()) > 20
    assert "give it (--fs)" in only_error(ecgscribe("info", tmp_path / "array.npy"))


def test_model_with_one_byte_changed_is_rejected(good: Path, tmp_path: Path) -> None:
    from ecgscribe.model.runtime import MODELS

    for file in MODELS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = max(tmp_path.glob("*.onnx"), key=lambda path: path.stat().st_size)
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    run = ecgscribe("annotate", good, "--model", tmp_path / "default.json", "-o", tmp_path / "out")
    assert weights.name in only_error(run)
    assert not list(tmp_path.rglob("*.scribe"))


def test_unknown_model_is_rejected(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("annotate", good, "--model", "nothing", "-o", tmp_path)
    assert "nothing" in only_error(run)


def test_folder_that_cannot_be_made_is_an_error(good: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = ecgscribe("annotate", good, "-o", tmp_path / "file" / "out")
    assert "cannot make it" in only_error(run)


def test_folder_without_write_permission_is_an_error(good: Path) -> None:
    # /proc takes no files, not even from root.
    assert "the system refused" in only_error(ecgscribe("annotate", good, "-o", "/proc"))


def test_full_disk_leaves_nothing_half_written(good: Path, tmp_path: Path) -> None:
    def eight_bytes_a_file() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))

    run = ecgscribe("annotate", good, "-o", tmp_path, limit=eight_bytes_a_file)
    assert "the system refused" in only_error(run)
    assert not list(tmp_path.iterdir())


def test_a_recording_that_fills_the_memory_does_not_end_the_others(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        monkeypatch.undo()  # the next one has enough
        raise MemoryError

    monkeypatch.setattr("ecgscribe.cli.annotate.annotate_recording", full)
    other = tmp_path / "other.hea"
    other.write_text(
        good.with_suffix(".hea").read_text(encoding="utf-8").replace("good ", "other ", 1),
        encoding="utf-8",
    )
    (tmp_path / "good.dat").write_bytes(good.with_suffix(".dat").read_bytes())
    assert main(["annotate", str(other), str(good), "-o", str(tmp_path)]) == 1
    assert "other.hea: expected enough memory" in capsys.readouterr().err
    assert not (tmp_path / "other.scribe").exists()
    assert (tmp_path / "good.scribe").is_file()
