"""The command line as a whole: help, mistakes, and stdout that is closed or full."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ecgscribe.cli import commands
from ecgscribe.cli import main as program
from ecgscribe.errors import FormatError, one_line
from ecgscribe.formats.checks import format_errors
from ecgscribe.formatting import did_you_mean
from support.command_line import complaints, ecgscribe, error_line, only_error

ROOT = click.Context(program.ecgscribe, info_name="ecgscribe")
NAMES = tuple(program.ecgscribe.list_commands(ROOT))


def command(name: str) -> commands.Command:
    found = program.ecgscribe.get_command(ROOT, name)
    assert isinstance(found, commands.Command)
    return found


# Help


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each_command_ends_with_an_example(name: str) -> None:
    run = ecgscribe(name, "-h")
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1].startswith(f"example: ecgscribe {name} ")


@pytest.mark.parametrize("name", NAMES)
def test_example_of_each_command_is_a_command_line_that_parses(name: str) -> None:
    words = shlex.split(command(name).example)
    ends = [words.index(sign) for sign in ("<", ">") if sign in words]
    assert words[0] == name
    with command(name).make_context(
        name, words[1 : min(ends, default=None)], parent=ROOT
    ) as parsed:
        assert not parsed.args


def test_help_lists_every_command_under_its_subject() -> None:
    modules = {path.stem for path in Path(program.__file__).parent.glob("*.py")}
    assert set(NAMES) <= modules
    sections = {
        lines[0].rstrip(":"): [line.split()[0] for line in lines[1:] if line[:3].strip()]
        for lines in map(str.splitlines, ecgscribe("--help").stdout.split("\n\n"))
    }
    for subject, names in program.SUBJECTS.items():
        assert sections[subject] == list(names)


@pytest.mark.parametrize(
    ("name", "option"),
    [("evaluate", "--benchmarks"), ("evaluate", "--purpose"), ("fetch", "--base-url")],
)
def test_options_for_developers_are_not_in_the_help(name: str, option: str) -> None:
    assert option not in ecgscribe(name, "-h").stdout
    command = program.ecgscribe.get_command(click.Context(program.ecgscribe), name)
    assert command is not None
    assert option in {each for param in command.params for each in param.opts}
    contributing = Path(__file__).parents[2] / "CONTRIBUTING.md"
    assert option in contributing.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--help"], ["annotate", "--help"]])
def test_help_imports_nothing_heavy_and_no_other_command(arguments: list[str]) -> None:
    code = (
        "import sys; from ecgscribe.cli.main import main; main(sys.argv[1:]); "
        "sys.stderr.write(' '.join(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(run.stderr.split())
    assert not {"matplotlib", "numpy", "onnxruntime", "pandas", "scipy", "tqdm", "wfdb"} & loaded
    others = {f"ecgscribe.cli.{name}" for name in NAMES} - {f"ecgscribe.cli.{arguments[0]}"}
    assert arguments[0] == "--help" or not others & loaded


# What is wrong with a command line


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
        ["plot", "100", "--start", "-1"],
        ["plot", "100", "--end", "1:2:3:4"],
        ["score", "a.atr", "b.atr", "--start", "nan"],
        ["info", "100", "--fs", "fast"],
        ["explain", "100"],
        ["stream", "--lsl", "ECG", "--connect", "localhost:9000"],
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


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["anotate", "100"], "did you mean annotate?"),
        (["annotate", "100", "--quite"], "did you mean --quiet?"),
        (["annotate", "100", "--anotator=x"], "did you mean --annotator?"),
        (["plot", "100", "--stat", "1:00"], "did you mean --start?"),
        (["plot", "100", "--frce"], "did you mean --force?"),
        (["annotate", "100", "-f", "jsn"], "did you mean json?"),
        (["fetch", "mitb"], "did you mean mitdb?"),
    ],
)
def test_mistyped_command_line_names_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    line = error_line(capsys, *arguments, code=2)
    assert hint in line
    assert line.endswith(" -h")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "expected a command, found none"),
        (["info"], "expected RECORD, found none"),
        (["annotate"], "expected RECORD, found none"),
        (["explain", "100"], "expected --at, found none"),
        (["info", "100", "--fs"], "expected a value after --fs, found none"),
        (["info", "100", "--fs", "x"], "--fs: expected a number, found 'x'"),
        (
            ["info", "100", "--leads", "II,"],
            "--leads: expected names separated by commas, found 'II,'",
        ),
        (
            ["report", "100", "--strips", "x"],
            "--strips: expected a whole number of 1 or more, found 'x'",
        ),
        (["serve", "--port", "0"], "--port: expected a whole number from 1 to 65535, found '0'"),
        (["info", "100", "--json=1"], "expected --json without a value, found one"),
        (["info", "100", "--xyzzy"], "expected an option of info, found --xyzzy"),
        (["--xyzzy"], "expected an option of ecgscribe, found --xyzzy"),
        (["score", "a.atr", "b.atr", "c"], "expected no further argument, found 'c'"),
    ],
)
def test_wrong_command_line_names_what_was_expected_and_found(
    capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    asked = " ".join(["ecgscribe", *(a for a in arguments[:1] if a in NAMES)])
    assert error_line(capsys, *arguments, code=2) == f"ecgscribe: {line}; see {asked} -h"


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["fetch", "mitdb", "--to", "data"], "--out"),
        (["fetch", "mitdb", "--data-dir", "data"], "--out"),
        (["plot", "100", "--from", "1:00"], "--start"),
        (["plot", "100", "--to", "2:00"], "--end"),
        (["score", "a.atr", "b.atr", "-f", "0"], "--start"),
        (["stream", "--use", "II"], "--leads"),
        (["evaluate", "--peers"], "--baselines"),
    ],
)
def test_option_of_another_name_is_suggested(
    capsys: pytest.CaptureFixture[str], arguments: list[str], option: str
) -> None:
    assert f"; did you mean {option}? see" in error_line(capsys, *arguments, code=2)


def test_far_word_is_not_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(capsys, "fetch", "ptbdb", code=2)
    assert "expected one of mitdb, svdb, nstdb, " in line
    assert "ludb, found 'ptbdb'; choose one of those" in line
    assert "did you mean" not in line
    assert "did you mean" not in error_line(capsys, "info", "100", "--xyzzy", code=2)


def test_argument_too_many_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "found 'c'" in error_line(capsys, "score", "a.atr", "b.atr", "c", code=2)


def test_absent_recording_names_those_near_it(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean good?" in error_line(capsys, "info", good.with_name("goood"), code=1)
    assert "did you mean" not in error_line(capsys, "info", good.with_name("xyz"), code=1)


def test_folder_in_place_of_a_recording_names_one_in_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"such as {good}" in error_line(capsys, "info", good.parent, code=1)
    assert "such as" not in error_line(capsys, "info", tmp_path, code=1)
    assert "no folder" in error_line(capsys, "info", tmp_path / "no" / "100", code=1)


def test_absent_lead_names_the_one_near_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("annotate", good, "-o", tmp_path, "--leads", "EGC1")
    assert "did you mean ECG1?" in error_line(capsys, *command, code=1)


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("MLI", ["MLII", "V5"], "did you mean MLII?"),
        ("mlii", ["MLII"], "did you mean MLII?"),
        ("10", ["109", "108", "210"], "did you mean 210, 109 or 108?"),
        ("abc", ["xyz"], "no"),
        ("abc", [], "no"),
    ],
)
def test_names_near_a_word(word: str, known: list[str], expected: str) -> None:
    assert did_you_mean(word, known, otherwise="no") == expected


# Names of options


def test_every_command_with_a_result_takes_json_and_every_slow_one_quiet() -> None:
    taken = {name: {o for p in command(name).params for o in p.opts} for name in NAMES}
    without_json = {name for name, options in taken.items() if "--json" not in options}
    # stream prints nothing but JSON, demo a page and a table, completion a script, serve its
    # address, and archive writes tables.
    assert without_json == {"stream", "demo", "completion", "serve", "archive"}
    quiet = {name for name, options in taken.items() if "--quiet" in options}
    assert quiet >= {"fetch", "annotate", "plot", "train", "evaluate", "demo"}


def test_one_thing_has_one_spelling() -> None:
    options = [
        (name, param) for name in NAMES for param in command(name).params
        if isinstance(param, click.Option)
    ]  # fmt: skip
    spellings = {
        (name, short): long
        for name, param in options
        for short in param.opts if len(short) == 2
        for long in param.opts if len(long) > 2
    }  # fmt: skip
    assert {long for (_, short), long in spellings.items() if short == "-o"} == {"--out"}
    assert {long for (_, short), long in spellings.items() if short == "-f"} == {"--format"}
    writers = {name for name, param in options if "--out" in param.opts}
    assert {name for name, short in spellings if short == "-o"} == writers
    reads = {"annotate", "adapt", "archive", "stream", "info", "plot", "explain", "report"}
    assert {name for name, param in options if "--leads" in param.opts} == reads


# Standard output


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


UNMAPPED = "libx.so: failed to map segment from shared object"


@pytest.mark.parametrize("error", [ImportError(UNMAPPED), MemoryError()])
def test_a_package_that_does_not_fit_into_memory_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ecgscribe.formats.open_record", refuse)
    for command in (["info", "a"], ["report", "a"]):
        assert "expected enough memory, found too little" in error_line(capsys, *command, code=1)


def test_a_package_that_is_broken_otherwise_stays_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ImportError("cannot import name x")

    monkeypatch.setattr("ecgscribe.formats.open_record", refuse)
    with pytest.raises(ImportError, match="cannot import name x"):
        program.main(["info", "a"])


def test_a_parser_that_does_not_fit_into_memory_is_not_called_missing(tmp_path: Path) -> None:
    expected = {
        UNMAPPED: "expected enough memory to read it",
        "No module named 'x'": "expected a package that reads it",
    }
    for reason, line in expected.items():
        with (
            pytest.raises(FormatError, match=line),
            format_errors(tmp_path, "a recording"),
        ):
            raise ImportError(reason)


def test_a_file_that_is_too_large_to_map_is_about_memory(tmp_path: Path) -> None:
    error = OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    with (
        pytest.raises(FormatError, match="expected enough memory to read it") as raised,
        format_errors(tmp_path, "a recording"),
    ):
        raise error
    assert one_line(raised.value).startswith(f"{tmp_path}: ")


def test_an_error_that_names_its_file_keeps_it() -> None:
    error = FormatError(
        "a: expected to write this file, the system refused (Cannot allocate memory)"
    )
    assert one_line(error).startswith("a: ")
