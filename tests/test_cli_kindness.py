"""What the command does for those who mistype, script or complete it, and what `doctor` tells."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ecgscribe import cli, doctor
from ecgscribe._arguments import VERBS, parser
from ecgscribe._parser import parse, verbs_of
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.formats.writing import write
from ecgscribe.formatting import did_you_mean
from ecgscribe.model.runtime import MODELS
from support.wfdb_files import save

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record, known = synthesize(duration=20, seed=5, name="good", noise=0.2)
    path = save(record, tmp_path_factory.mktemp("good"))
    write(known, path.with_suffix(".ref"))
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int) -> str:
    """Run the command in this process; give the one line that it says on stderr."""
    try:
        found = cli.main([str(a) for a in arguments])
    except SystemExit as error:
        found = int(error.code or 0)
    shown = capsys.readouterr()
    assert (found, shown.out) == (code, "")
    (line,) = shown.err.splitlines()
    return line


# Did you mean


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["anotate", "100"], "did you mean annotate?"),
        (["annotate", "100", "--quite"], "did you mean --quiet?"),
        (["annotate", "100", "--anotator=x"], "did you mean --annotator?"),
        (["plot", "100", "--form", "1:00"], "did you mean --from or --force?"),
        (["annotate", "100", "-f", "jsn"], "did you mean json?"),
        (["fetch", "mitb"], "did you mean mitdb?"),
    ],
)
def test_mistyped_command_line_names_what_was_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    line = said(capsys, *arguments, code=2)
    assert hint in line
    assert line.endswith(" -h")


def test_far_word_is_not_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "fetch", "ptbdb", code=2)
    assert "expected one of mitdb, svdb, nstdb, found 'ptbdb'" in line
    assert "did you mean" not in line
    assert "did you mean" not in said(capsys, "info", "100", "--xyzzy", code=2)


def test_argument_too_many_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "found 'c'" in said(capsys, "score", "a.atr", "b.atr", "c", code=2)


def test_absent_recording_names_those_near_it(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean good?" in said(capsys, "info", good.with_name("goood"), code=1)
    assert "did you mean" not in said(capsys, "info", good.with_name("xyz"), code=1)


def test_folder_in_place_of_a_recording_names_one_in_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"such as {good}" in said(capsys, "info", good.parent, code=1)
    assert "such as" not in said(capsys, "info", tmp_path, code=1)
    assert "no folder" in said(capsys, "info", tmp_path / "no" / "100", code=1)


def test_absent_lead_names_the_one_near_it(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("annotate", good, "-o", tmp_path, "--leads", "EGC1")
    assert "did you mean ECG1?" in said(capsys, *command, code=1)


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


# Examples in the help


@pytest.mark.parametrize(
    "example", [example for _, _, example in VERBS], ids=lambda e: e.split()[0]
)
def test_example_of_each_verb_is_a_command_line_that_parses(example: str) -> None:
    words = shlex.split(example)
    ends = [words.index(sign) for sign in ("<", ">") if sign in words]
    options = parse(parser(), words[: min(ends, default=None)])
    assert options.verb == words[0]


# --quiet and --json


def test_every_verb_with_a_result_takes_json_and_every_slow_one_quiet() -> None:
    told = {
        name: {o for a in verb._actions for o in a.option_strings}
        for name, verb in verbs_of(parser()).items()
    }
    without_json = {name for name, options in told.items() if "--json" not in options}
    # stream prints nothing but JSON, demo a page and a table, completion a script; a report has its
    # numbers beside it.
    assert without_json <= {"stream", "demo", "completion", "report"}
    quiet = {name for name, options in told.items() if "--quiet" in options}
    assert quiet >= {"fetch", "annotate", "plot", "train", "evaluate", "demo"}


def test_plot_tells_its_file_as_text_as_json_or_not_at_all(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "a.png")
    command = ["plot", str(good), "--annotator", "ref", "-o", target, "--force"]
    assert cli.main(command) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert cli.main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"record": str(good), "file": target}
    assert cli.main([*command, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_verify_tells_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "100.hea").write_text("not what was published")
    (tmp_path / "mitdb" / "SHA256SUMS.txt").write_text(f"{'0' * 64} 100.hea\n")
    assert cli.main(["fetch", "mitdb", "--verify", "--to", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["db"], told["ok"], told["bad"]) == ("mitdb", [], ["100.hea"])
    assert "100.dat" in told["absent"]


def test_quiet_training_logs_to_its_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecgscribe.training import train as training

    def train(config: object, *, out: Path, **_: object) -> Path:
        sys.stderr.write("     1 s  fold 0: pass 1/10\n")
        return MODELS / "default.json"

    monkeypatch.setattr(training, "train", train)
    command = ["train", "--out", str(tmp_path)]
    assert cli.main([*command, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert cli.main([*command, "--json"]) == 0
    told, log = capsys.readouterr()
    assert len(json.loads(told)["model"]) == 64
    assert "pass 1/10" in log


# Completion


def completed(line: str, tmp_path: Path) -> list[str]:
    """What bash offers for the last word of a command line."""
    script = tmp_path / "ecgscribe.bash"
    words = line.split(" ")
    ask = f"""
        source {shlex.quote(str(script))}
        COMP_WORDS=({" ".join(map(shlex.quote, words))})
        COMP_CWORD={len(words) - 1}
        $(complete -p ecgscribe | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash is not None
    run = subprocess.run([bash, "-c", ask], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ecgscribe ann", ["annotate"]),
        ("ecgscribe e", ["evaluate"]),
        ("ecgscribe annotate --q", ["--quiet"]),
        ("ecgscribe fetch n", ["nstdb"]),
    ],
)
def test_bash_completes_verbs_options_and_choices(
    line: str, offered: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["completion", "bash"])
    (tmp_path / "ecgscribe.bash").write_text(capsys.readouterr().out)
    assert set(offered) <= set(completed(line, tmp_path))


def test_bash_completes_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["completion", "bash"])
    (tmp_path / "ecgscribe.bash").write_text(capsys.readouterr().out)
    (tmp_path / "rec100.hea").touch()
    monkeypatch.chdir(tmp_path)
    assert completed("ecgscribe info rec", tmp_path) == ["rec100.hea"]


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_get_a_script_with_every_verb(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb in script for verb in cli.COMMANDS)


# doctor


def test_doctor_says_that_ecgscribe_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--json", "--data-dir", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "CPUExecutionProvider" in told["onnx_providers"]
    assert told["processors"] >= 1
    assert {db: state["folder"] for db, state in told["databases"].items()} == {
        "mitdb": None, "svdb": None, "nstdb": None,
    }  # fmt: skip
    models = {model["name"]: model for model in told["models"]}
    assert set(models) == {path.stem for path in MODELS.glob("*.json")}
    assert all(model["verified"] for model in models.values())


@pytest.mark.mitdb
def test_doctor_finds_databases(data_dir: Path) -> None:
    found = doctor.examine(data_dir=data_dir)["databases"]
    assert (found["mitdb"]["records"], found["mitdb"]["complete"]) == (48, True)
    assert found["svdb"]["complete"] is (found["svdb"]["records"] == 78)


def test_doctor_tells_of_an_altered_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ecgscribe.model import runtime

    shutil.copytree(MODELS, tmp_path / "models")
    trunk = tmp_path / "models" / "default-trunk.onnx"
    trunk.write_bytes(trunk.read_bytes()[:-1] + b"!")
    for module in (runtime, doctor):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    assert cli.main(["doctor", "--data-dir", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any("default: default-trunk.onnx" in line for line in lines if "model" in line)
    assert "the file was altered" in lines[-1]
    assert lines[-1].startswith("problem: ")


def test_doctor_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "keras" else "1.0")
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "absent: keras: pip install 'ecgscribe[train]'" in out
    assert "none, as Keras is absent" in out


@pytest.mark.parametrize(
    ("environment", "settings", "expected"),
    [("jax", '{"backend": "torch"}', "jax"), ("", '{"backend": "torch"}', "torch"),
     ("", "{", "tensorflow"), ("", "[]", "tensorflow")],
)  # fmt: skip
def test_doctor_knows_the_backend_of_keras(
    environment: str,
    settings: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "keras.json").write_text(settings)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", environment)
    monkeypatch.setattr(doctor, "_version", lambda name: "3.10")  # Keras, wherever this runs
    assert doctor._keras_backend() == expected


def test_doctor_knows_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        bare = {r.split(";")[0].split(">")[0].strip() for r in requirements}
        return bare - {"tensorflow-cpu"}

    assert names(project["dependencies"]) == set(doctor.REQUIRED)
    extras = project["optional-dependencies"]
    assert {k: names(extras[k]) for k in extras if k not in ("docs", "dev", "dev-train")} == {
        extra: set(packages) for extra, packages in doctor.OPTIONAL.items()
    }
