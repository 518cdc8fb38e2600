"""The wheel as a user gets it: built, installed with the locked requirements, run elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import annotate
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.formats.reading import read, read_annotation
from support.wfdb_files import save

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 5_000_000
TRAINING = ("jax", "keras", "tensorflow", "tf2onnx", "torch")
# What pip says where it gets no package at all, rather than a wrong one.
UNREACHABLE = re.compile(
    r"No matching distribution|connection|resolve|timed out|Max retries|SSL", re.IGNORECASE
)

pytestmark = pytest.mark.slow


def pip(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Environment:
    """An environment that holds the wheel and what it needs, and a folder to work in."""

    programs: Path
    work: Path

    def run(self, program: str, *arguments: object) -> str:
        """Run one of its programs as a new user would; give what it prints."""
        home = self.work.parent / "home"
        home.mkdir(exist_ok=True)
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "ECGSCRIBE", "XDG_", "MPL"))
        }
        environment |= {"HOME": str(home), "PATH": f"{self.programs}:/usr/bin:/bin"}
        run = subprocess.run(
            [self.programs / program, *map(str, arguments)],
            cwd=self.work, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # With the locked build backend of this environment, as scripts/environment.sh installs it.
    built = pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    assert built.returncode == 0, built.stderr
    (only,) = folder.iterdir()
    return only


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    into = ("--python", programs / "python", "install", "--quiet", "--no-compile", "--no-deps")
    lock = ROOT / "requirements" / "demo.txt"
    needed = pip(*into, "--require-hashes", "-r", lock)
    if needed.returncode and UNREACHABLE.search(needed.stderr):
        last = needed.stderr.strip().splitlines()[-1]
        pytest.skip(f"expected a package registry with what {lock.name} locks, found none: {last}")
    assert needed.returncode == 0, needed.stderr
    itself = pip(*into, wheel)
    assert itself.returncode == 0, itself.stderr
    work = folder / "work"
    work.mkdir()
    return Environment(programs, work)


def test_one_small_wheel_carries_the_model(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size <= MOST_BYTES
    inside = zipfile.ZipFile(wheel).namelist()
    models = {
        path.name for path in (ROOT / "src" / "ecgscribe" / "model" / "weights").glob("default*.*")
    }
    assert len(models) >= 2
    assert {f"ecgscribe/model/weights/{name}" for name in models} <= set(inside)


def test_the_locked_requirements_are_all_that_the_wheel_needs(installed: Environment) -> None:
    assert pip("--python", installed.programs / "python", "check").returncode == 0
    code = (
        "import ecgscribe, importlib.util as u, json; print(json.dumps([ecgscribe.__file__, "
        f"*[name for name in {TRAINING} if u.find_spec(name)]]))"
    )
    where, *found = json.loads(installed.run("python", "-c", code))
    assert Path(where).is_relative_to(installed.programs.parent)
    assert not found


def test_the_installed_demo_leaves_its_page(installed: Environment) -> None:
    assert "QRS" in installed.run("ecgscribe", "demo")
    assert (installed.work / "ecgscribe-demo" / "demo.html").stat().st_size > 10_000


def test_the_installed_command_finds_the_beats_that_are_found_here(
    installed: Environment,
) -> None:
    record, known = synthesize(duration=60.0, seed=3, name="made")
    expected = annotate(read(save(record, installed.work)))
    assert abs(len(expected.beats()) - len(known.beats())) <= 2
    installed.run("ecgscribe", "annotate", "made")
    found = read_annotation(installed.work / "made.scribe")
    np.testing.assert_array_equal(found.sample, expected.sample)
    np.testing.assert_array_equal(found.symbol, expected.symbol)
