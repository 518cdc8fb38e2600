"""The package as a whole: light to import, in layers, complete in its wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from support.wfdb_files import save

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "ecgscribe"
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
HEAVY = (
    "jax", "keras", "matplotlib", "onnxruntime", "pandas", "pooch", "requests", "scipy",
    "tensorflow", "tqdm", "wfdb",
)  # fmt: skip
# Written in parts, so that this file passes its own test.
FORBIDDEN = re.compile(
    "|".join((r"\.\./sha" "red", "(?<![\\w.])/(work|root|home|tmp)/", "pypi\\.org")) + "|python"
    "hosted|find-"
    "links|index-"
    "url "
)


def _project() -> dict[str, object]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert isinstance(project, dict)
    return project


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", requirement)[0].lower() for requirement in requirements}


def _locked(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("module", ["ecgscribe", "ecgscribe.cli.main"])
def test_import_is_light(module: str) -> None:
    code = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(json.loads(run.stdout))


def _files_left_in_home(folder: Path, **variables: str) -> list[Path]:
    """Run the installed command with an empty HOME and without CI, where onnxruntime is silent."""
    home = folder / "home"
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("XDG_")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)  # importing the package here has set it
    command = [str(Path(sys.executable).with_name("ecgscribe")), "annotate", "made", "--quiet"]
    environment |= {"HOME": str(home)} | variables
    subprocess.run(command, cwd=folder, env=environment, check=True)
    assert (folder / "made.scribe").is_file()
    return [path for path in home.rglob("*") if path.is_file()]


def test_no_telemetry_is_kept(tmp_path: Path) -> None:
    save(synthesize(duration=10.0, seed=1, name="made")[0], tmp_path)
    assert not _files_left_in_home(tmp_path)


def test_telemetry_would_be_seen(tmp_path: Path) -> None:
    save(synthesize(duration=10.0, seed=1, name="made")[0], tmp_path)
    nowhere = "http://127.0.0.1:9"  # a proxy that is absent: this test sends nothing, either
    left = _files_left_in_home(tmp_path, ORT_DISABLE_TELEMETRY="0", HTTPS_PROXY=nowhere)
    assert {path.name for path in left} == {"deviceid", "onnxruntime.db"}


def test_functions_that_share_a_module_s_name_stay_functions() -> None:
    code = "import ecgscribe.pipeline.annotate, ecgscribe.evaluation.evaluate"
    code += "; ecgscribe.annotate.__code__"
    code += "; ecgscribe.evaluate.__code__; ecgscribe.explain.__code__"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names_resolve() -> None:
    assert all(getattr(ecgscribe, name) is not None for name in ecgscribe.__all__)


def test_each_layer_imports_only_those_below_it() -> None:
    # No cache: it outlives files that appear or go, and then answers for another package.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_wheel_holds_licences_types_models_and_folds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    information = f"ecgscribe-{ecgscribe.__version__}.dist-info/licenses"
    models = {
        f"ecgscribe/model/weights/{path.name}"
        for path in (PACKAGE / "model" / "weights").glob("*.*")
    }
    assert {f"{information}/LICENSE", f"{information}/NOTICE"} <= inside
    assert {"ecgscribe/py.typed", "ecgscribe/training/folds.json"} <= inside
    assert models <= inside
    assert "ecgscribe/report/templates/report.html.j2" in inside
    page = {"index.html", "app.js", "style.css", "vendor/uplot.js", "vendor/LICENSE"}
    assert {f"ecgscribe/web/static/{name}" for name in page} <= inside


def test_notice_credits_the_databases() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for name in ("Arrhythmia", "Supraventricular Arrhythmia", "Noise Stress Test"):
        assert f"MIT-BIH {name} Database" in notice
    assert "ODC-By 1.0" in notice


def test_version_is_the_same_everywhere() -> None:
    assert f"version: {ecgscribe.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {ecgscribe.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_ci_runs_the_tests_as_the_readme_says() -> None:
    (command,) = re.findall(r"^(\S*scripts/test\b.*?) *#", (ROOT / "README.md").read_text(), re.M)
    assert f"as_a_stranger {command} || status=1\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_pins_and_hashes_everything(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9._-]+==.*\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)) > 20


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_holds_what_the_package_and_its_build_need_and_no_torch(lock: Path) -> None:
    dependencies = _project()["dependencies"]
    assert isinstance(dependencies, list)
    assert _names(dependencies) | {"hatchling"} <= _locked(lock)
    assert not {"torch", "nvidia-cublas"} & _locked(lock)


def test_full_lock_holds_every_extra_and_test_lock_all_but_training() -> None:
    extras = _project()["optional-dependencies"]
    assert isinstance(extras, dict)
    wanted = {name: _names(extra) for name, extra in extras.items()}
    full, test = (_locked(ROOT / "requirements" / f"{name}.txt") for name in ("full", "test"))
    assert set().union(*wanted.values()) <= full
    training = wanted.pop("train") | wanted.pop("dev-train")
    assert set().union(*wanted.values()) <= test < full
    assert not training & test


def _written_by_us() -> list[Path]:
    folders = ("src", "tests", "experiments", "requirements", "docs", "examples")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*")]
    files += [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *ROOT.glob("*.cff"), ROOT / "NOTICE"]
    known = {".py", ".md", ".toml", ".txt", ".json", ".cff", ".csv", ""}
    return [p for p in files if p.is_file() and p.suffix in known and "__pycache__" not in p.parts]


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _written_by_us()
        for match in FORBIDDEN.finditer(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    error = FormatError("expected a name, found II\r\n\x1b[2J\x85ü")
    assert str(error) == "expected a name, found II???[2J?ü"
