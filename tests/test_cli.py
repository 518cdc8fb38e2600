"""The installed command, as a user runs it: every test starts a process."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import _verb_tools, cli, formats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES
from support import format_files
from support.wfdb_files import save

VERBS = tuple(cli.COMMANDS)
Run = subprocess.CompletedProcess[str]
Signal = NDArray[np.float32]


def ecgscribe(
    *arguments: object,
    cwd: Path | None = None,
    limit: Callable[[], None] | None = None,
    stdout: int = subprocess.PIPE,
) -> Run:
    """Run the command; `limit` is called in the child before it starts."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("ecgscribe")), *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "ECGSCRIBE_DATA"}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )


def complaints(run: Run) -> list[str]:
    """Lines on stderr, each of which must be one of ours."""
    lines = run.stderr.splitlines()
    assert all(line.startswith("ecgscribe: ") for line in lines), run.stderr
    return [line.removeprefix("ecgscribe: ") for line in lines]


def only_error(run: Run) -> str:
    """The one line on stderr of a call that failed."""
    assert run.returncode == 1, run.stderr
    (line,) = complaints(run)
    return line


def made(
    name: str, *, duration: float = 30.0, change: Callable[[Signal, int], None] | None = None
) -> Record:
    """Make a clean two-lead recording; `change` alters its signal in place, given fs."""
    record, _ = synthesize(duration=duration, seed=5, name=name, noise=0.2)
    if change is not None:
        change(record.signal, round(record.fs))
    return record


def renamed(record: Record, *, leads: tuple[str, ...], units: tuple[str, ...]) -> Record:
    return Record(record.signal, record.fs, leads, units, name=record.name)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that nothing is wrong with; its header tells who it is from."""
    record, known = synthesize(duration=30, seed=5, name="good", noise=0.2)
    secret = Record(
        record.signal, record.fs, record.leads, name="good", comments=("Jane Doe 1931",)
    )
    path = save(secret, tmp_path_factory.mktemp("good"))
    formats.write(known, path.with_suffix(".ref"))
    return path


# The command line itself


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_ends_with_an_example(verb: str) -> None:
    run = ecgscribe(verb, "-h")
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1].startswith(f"example: ecgscribe {verb} ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["anotate", "100"],
        ["annotate"],
        ["annotate", "100", "--annotator", "atr"],
        ["annotate", "100", "--annotator", "dat"],
        ["annotate", "100", "--annotator", "a.b"],
        ["fetch", "ptbdb"],
        ["plot", "100", "--from", "-1"],
        ["plot", "100", "--to", "1:2:3:4"],
        ["score", "a.atr", "b.atr", "-f", "nan"],
    ],
)
def test_wrong_command_line_exits_2(arguments: list[str]) -> None:
    run = ecgscribe(*arguments)
    assert run.returncode == 2
    (line,) = complaints(run)
    assert line.endswith(" -h")


def test_module_runs_as_the_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "ecgscribe", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout == ecgscribe("--version").stdout


# annotate: what it writes


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
    assert first["readable_seconds"] == first["seconds"] == formats.read(good).duration
    assert second["record"] == str(tmp_path / "no")
    assert second["error"] == only_error(run)


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


@pytest.mark.parametrize("quiet", [False, True])
def test_what_takes_long_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(_verb_tools, "SLOW_S", 0.0)
    with _verb_tools.progress_bar("100", quiet=quiet) as progress:
        progress(50, 200)
        time.sleep(0.15)
        progress(100, 200)
    assert ("50%" in shown.getvalue() and "left" in shown.getvalue()) is not quiet


def test_annotate_overwrites_only_when_forced(good: Path, tmp_path: Path) -> None:
    there = tmp_path / "good.scribe"
    there.write_text("mine")
    assert "--force" in only_error(ecgscribe("annotate", good, "-o", tmp_path))
    assert there.read_text() == "mine"
    assert ecgscribe("annotate", good, "-o", tmp_path, "--force").returncode == 0
    assert len(formats.read_annotation(there)) > 20


def test_annotate_keeps_two_recordings_of_one_name_apart(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("annotate", good, good, "-o", tmp_path, "--force", "--quiet")
    assert "already wrote" in only_error(run)


def test_header_comments_reach_no_output_unless_asked_for(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("annotate", good, "-o", tmp_path, "-f", "json", "--json")
    told = run.stdout + run.stderr + (tmp_path / "good.scribe.json").read_text()
    told += ecgscribe("info", good).stdout
    assert "Doe" not in told
    assert "Jane Doe 1931" in ecgscribe("info", good, "--comments").stdout


# annotate: recordings that are rejected, all in one call with good ones before and after


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("rejected")
    first, last = save(made("first"), folder), save(made("last"), folder)
    save(made("headeronly"), folder).with_suffix(".dat").unlink()
    cut = save(made("truncated"), folder).with_suffix(".dat")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    altered = save(made("altered"), folder).with_suffix(".dat")
    altered.write_bytes(b"\x7f" + altered.read_bytes()[1:])
    header = save(made("fszero"), folder).with_suffix(".hea")
    header.write_text(header.read_text().replace("fszero 2 360", "fszero 2 0"))
    save(renamed(made("noecg"), leads=("PLETH", "RESP"), units=("NU", "pm")), folder)
    save(made("hasty", duration=0.9), folder)
    (folder / "directory").mkdir()
    names = (
        "missing",
        "headeronly",
        "truncated",
        "altered",
        "fszero",
        "noecg",
        "hasty",
        "directory",
    )
    records = [first, *(folder / name for name in names), last]
    return ecgscribe("annotate", *records, "-o", folder / "out"), folder / "out"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no missing.hea"),
        ("headeronly", "headeronly.dat"),
        ("truncated", "cut short"),
        ("altered", "expected the checksum"),
        ("fszero", "sampling frequency above 0 Hz"),
        ("noecg", "expected an ECG lead"),
        ("hasty", "at least 1 s"),
        ("directory", "found a folder"),
    ],
)
def test_rejected_recording_gets_one_clear_line_and_no_file(
    rejected: tuple[Run, Path], name: str, reason: str
) -> None:
    run, out = rejected
    assert run.returncode == 1
    (line,) = (line for line in complaints(run) if name in line)
    assert reason in line
    assert not list(out.glob(f"*{name}*"))


def test_other_recordings_of_the_call_are_done(rejected: tuple[Run, Path]) -> None:
    run, out = rejected
    assert sorted(path.name for path in out.iterdir()) == ["first.scribe", "last.scribe"]
    assert len(complaints(run)) == 10


# Other formats


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


def test_leads_of_edf_go_by_the_name_in_the_file(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    run = ecgscribe("info", path, "--leads", "ECG V1", "--annotator", "edf", "--json")
    info = json.loads(run.stdout)
    assert (info["leads"], info["units"], info["annotations"]) == (["V1"], ["uV"], 2)
    path.write_bytes(path.read_bytes()[:-1])
    assert "damaged or cut short" in only_error(ecgscribe("plot", path))


# What else is rejected


def test_annotations_that_run_past_the_recording_are_rejected(good: Path, tmp_path: Path) -> None:
    record = formats.read(good)
    beyond = np.array([100, record.n_samples], dtype=np.int64)
    formats.write(Annotation(beyond, np.array(["N", "N"]), record.fs), good.with_suffix(".past"))
    for command in (["info", good], ["plot", good, "-o", tmp_path / "strip.png"]):
        line = only_error(ecgscribe(*command, "--annotator", "past"))
        assert "expected times within" in line
    assert not list(tmp_path.iterdir())


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


def test_full_disk_behind_stdout_is_an_error(good: Path) -> None:
    with Path("/dev/full").open("w") as full:
        run = ecgscribe("info", good, stdout=full.fileno())
    assert "No space left" in only_error(run)


def test_reader_that_leaves_early_gets_no_traceback(good: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = ecgscribe("info", good, stdout=writing)
    os.close(writing)
    assert run.stderr == ""


# annotate: recordings that are done with a warning, all in one call

GAP = slice(10, 15)  # s


def lose(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = np.nan


def flatten(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = 0.1


def saturate(signal: Signal, fs: int) -> None:
    signal[GAP.start * fs : GAP.stop * fs] = 5.0


def kill_second_lead(signal: Signal, fs: int) -> None:
    signal[:, 1] = 0.0


def smooth_out(signal: Signal, fs: int) -> None:
    """Leave a slow wave that comes and goes, and nothing as steep as a QRS."""
    time = np.arange(len(signal)) / fs
    wave = 0.3 * np.sin(np.pi * time / time[-1]) ** 2 * np.sin(2 * np.pi * time)
    signal[:] = wave[:, None]


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("doubtful")
    records = [
        made("nan", change=lose),
        made("flat", change=flatten),
        made("saturated", change=saturate),
        made("deadlead", change=kill_second_lead),
        made("beatless", change=smooth_out),
        made("threeseconds", duration=3.0),
        renamed(made("besides"), leads=("II", "PLETH"), units=("mV", "NU")),
    ]
    run = ecgscribe(
        "annotate", *(save(record, folder) for record in records), "-o", folder / "out", "--quiet"
    )
    return run, folder / "out"


@pytest.mark.parametrize(
    "name", ["nan", "flat", "saturated", "deadlead", "beatless", "threeseconds", "besides"]
)
def test_doubtful_recording_is_annotated_with_a_warning(
    doubtful: tuple[Run, Path], name: str
) -> None:
    run, out = doubtful
    assert run.returncode == 0, run.stderr
    assert (out / f"{name}.scribe").is_file()
    assert [line for line in complaints(run) if line.startswith(f"warning: {name}: ")]


@pytest.mark.parametrize("name", ["nan", "flat", "saturated"])
def test_stretch_without_a_signal_is_marked_and_holds_no_beats(
    doubtful: tuple[Run, Path], name: str
) -> None:
    annotation = formats.read_annotation(doubtful[1] / f"{name}.scribe")
    at = annotation.sample / annotation.fs
    mark = annotation.symbol == "~"
    np.testing.assert_allclose(at[mark], [GAP.start, GAP.stop], atol=0.1)
    assert annotation.aux_note[mark].tolist() == ["unreadable", "readable"]
    beats = at[annotation.class_index >= 0]
    assert not np.any((beats > GAP.start) & (beats < GAP.stop))
    assert np.sum(beats < GAP.start) > 5
    assert np.sum(beats > GAP.stop) > 8


@pytest.mark.parametrize("name", ["deadlead", "besides"])
def test_good_lead_is_enough(doubtful: tuple[Run, Path], name: str) -> None:
    annotation = formats.read_annotation(doubtful[1] / f"{name}.scribe")
    assert len(annotation.beats()) > 20


def test_dead_lead_beside_a_good_one_is_marked(doubtful: tuple[Run, Path]) -> None:
    annotation = formats.read_annotation(doubtful[1] / "deadlead.scribe")
    marks = annotation.select(annotation.symbol == "~")
    assert len(marks) == 2
    assert marks.aux_note[0].endswith(" unreadable")
    assert marks.subtype.tolist() == [32, 0]


def test_recording_without_beats_gets_none(doubtful: tuple[Run, Path]) -> None:
    assert len(formats.read_annotation(doubtful[1] / "beatless.scribe").beats()) == 0
    assert "warning: beatless: no beats found" in complaints(doubtful[0])


def test_three_seconds_are_enough_to_find_beats(doubtful: tuple[Run, Path]) -> None:
    assert len(formats.read_annotation(doubtful[1] / "threeseconds.scribe").beats()) >= 2


def test_one_lead_alone_is_normal_use(tmp_path: Path) -> None:
    record = made("single")
    one = Record(record.signal[:, :1], record.fs, record.leads[:1], name="single")
    run = ecgscribe("annotate", save(one, tmp_path), "-o", tmp_path, "--quiet")
    assert run.returncode == 0
    assert not complaints(run)


def test_pacemaker_in_the_header_is_warned_of(tmp_path: Path) -> None:
    record = made("paced")
    paced = Record(record.signal, record.fs, record.leads, name="paced", comments=("Pacemaker",))
    run = ecgscribe("annotate", save(paced, tmp_path), "-o", tmp_path, "--quiet")
    assert run.returncode == 0
    (line,) = complaints(run)
    assert line.startswith("warning: paced: ")
    assert "pacemaker" in line


# The other verbs


def test_info_says_what_a_recording_holds(good: Path) -> None:
    told = json.loads(ecgscribe("info", good, "--json", "--annotator", "ref").stdout)
    assert (told["name"], told["fs"], told["samples"]) == ("good", 360.0, 10800)
    assert told["beats"] == len(formats.read_annotation(good.with_suffix(".ref")).beats())
    lines = ecgscribe("info", good).stdout.splitlines()
    assert {"name: good", "fs: 360", "duration: 30", "paced: no"} <= set(lines)


def test_score_of_a_reference_with_itself_is_perfect(good: Path) -> None:
    ref = good.with_suffix(".ref")
    told = json.loads(ecgscribe("score", ref, ref, "-f", "0:00", "--json").stdout)
    assert told["qrs_se"]["value"] == told["qrs_pp"]["value"] == 1
    report = ecgscribe("score", ref, ref, "-f", "0").stdout
    assert "100.00 %" in report
    assert "good" in report


def test_score_starts_where_it_is_told(good: Path) -> None:
    ref = good.with_suffix(".ref")
    whole, half = (
        json.loads(ecgscribe("score", ref, ref, "-f", start, "--json").stdout)["qrs_se"]["total"]
        for start in ("0", "0:15")
    )
    assert 0 < half < whole


def test_score_of_a_missing_file_is_one_line(good: Path) -> None:
    run = ecgscribe("score", good.with_suffix(".ref"), good.with_suffix(".absent"))
    assert "good.absent" in only_error(run)


def test_plot_draws_a_strip_and_overwrites_only_when_forced(good: Path, tmp_path: Path) -> None:
    command = ["plot", good, "--from", "0:05", "--to", "0:08", "--annotator", "ref"]
    run = ecgscribe(*command, cwd=tmp_path)
    assert run.stdout == "good.png\n"
    assert (tmp_path / "good.png").read_bytes().startswith(b"\x89PNG")
    assert "--force" in only_error(ecgscribe(*command, cwd=tmp_path))
    assert ecgscribe(*command, "--force", cwd=tmp_path).returncode == 0


def test_plot_annotates_where_no_annotator_is_named(good: Path, tmp_path: Path) -> None:
    assert ecgscribe("plot", good, "-o", tmp_path / "strip.svg").returncode == 0
    assert "<svg" in (tmp_path / "strip.svg").read_text()


@pytest.mark.parametrize("kind", ["day", "lorenz", "timeline"])
def test_plot_draws_all_beats_of_a_recording(good: Path, tmp_path: Path, kind: str) -> None:
    command = ["plot", good, "--kind", kind, "--annotator", "ref", "-o", tmp_path / "beats.pdf"]
    run = ecgscribe(*command)
    assert (run.returncode, run.stderr) == (0, "")
    assert (tmp_path / "beats.pdf").read_bytes().startswith(b"%PDF")
    assert "with a strip" in only_error(ecgscribe(*command, "--from", "0:05"))


def test_plot_outside_the_recording_is_one_line(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("plot", good, "--from", "40", "--annotator", "ref", "-o", tmp_path / "a.png")
    assert "inside the recording" in only_error(run)


def test_explain_says_why_and_draws_it(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("explain", good, "--at", "0:10", "-o", tmp_path / "why.png")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("good at 0:")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads(ecgscribe("explain", good, "--at", "10", "--json").stdout)
    assert {"class", "probability", "stretches", "facts", "model"} <= set(content)
    assert f": {content['class']}, " in run.stdout.splitlines()[0]


def test_explain_outside_the_recording_is_one_line(good: Path) -> None:
    assert "expected a time within" in only_error(ecgscribe("explain", good, "--at", "5:00"))


def test_fetch_without_a_network_is_one_line(tmp_path: Path) -> None:
    # Nothing listens on port 9 of this machine.
    run = ecgscribe("fetch", "mitdb", "--to", tmp_path, "--base-url", "http://127.0.0.1:9")
    assert "offline?" in only_error(run)


def test_fetch_verify_lists_bad_and_absent_files_apart(tmp_path: Path) -> None:
    folder = tmp_path / "mitdb"
    folder.mkdir()
    (folder / "100.hea").write_text("not what was published")
    (folder / "SHA256SUMS.txt").write_text(f"{'0' * 64} 100.hea\n{'1' * 64} 100.dat\n")
    run = ecgscribe("fetch", "mitdb", "--verify", "--data-dir", tmp_path)
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert lines[0].startswith("mitdb: 0 good, 1 bad, ")
    assert "bad 100.hea" in lines
    assert "absent 100.dat" in lines


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_database_that_is_not_there_is_one_line(verb: str, tmp_path: Path) -> None:
    run = ecgscribe(verb, "--data-dir", tmp_path, "--out", tmp_path / "out")
    assert "ecgscribe fetch mitdb" in only_error(run)


def test_train_with_an_unknown_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("epoch = 3\n")
    run = ecgscribe("train", "--config", tmp_path / "wrong.toml", "--out", tmp_path / "out")
    assert "epoch" in only_error(run)
