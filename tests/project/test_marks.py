"""A test that needs a database is marked, and skipped for one reason where there is none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import os
import pytest

def test_requests_data(data_dir): assert data_dir.is_dir()
def test_requests_both(data_dir, reference_dir): assert reference_dir.is_dir()
@pytest.mark.mitdb
def test_is_marked(): assert os.environ["ECGSCRIBE_DATA"]
def test_forgot_its_mark(): assert "ECGSCRIBE_DATA" not in os.environ
"""
LACK_A_PACKAGE = {
    "test_slow.py": "@pytest.mark.slow\ndef test_one(): pytest.importorskip('no_such_package')\n",
    "test_file.py": "pytest.importorskip('no_such_package')\ndef test_one(): pass\n",
}


@pytest.fixture
def folder(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    conftest = pytestconfig.rootpath / "tests" / "conftest.py"
    (tmp_path / "conftest.py").write_text(conftest.read_text())
    (tmp_path / "test_all.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    mitdb\n    slow\n")
    return tmp_path


def run(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """Run the tests of the folder; give the lines that pytest closes with."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ECGSCRIBE", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_without_data_there_is_one_reason(folder: Path) -> None:
    *_, reason, counts = run(folder, "-m", "mitdb")
    assert reason.startswith("SKIPPED [3] conftest.py:")
    assert "ECGSCRIBE_DATA is not set" in reason
    assert counts.startswith("3 skipped, 1 deselected")


def test_without_the_tables_what_needs_the_recordings_alone_runs(folder: Path) -> None:
    *_, reason, counts = run(folder, ECGSCRIBE_DATA=str(folder))
    assert "ECGSCRIBE_REFERENCE is not set" in reason
    assert counts.startswith("3 passed, 1 skipped")


def test_with_data_everything_runs(folder: Path) -> None:
    both = {"ECGSCRIBE_DATA": str(folder), "ECGSCRIBE_REFERENCE": str(folder)}
    assert run(folder, **both)[-1].startswith("4 passed")
    assert run(folder, "-m", "not mitdb", **both)[-1].startswith("1 passed, 3 deselected")


def test_what_may_not_be_skipped_fails(folder: Path) -> None:
    assert run(folder, ECGSCRIBE_NO_SKIP="1")[-1].startswith("1 passed, 3 error")
    missing = str(folder / "missing")
    assert run(folder, ECGSCRIBE_DATA=missing)[-1].startswith("1 passed, 3 error")


@pytest.mark.parametrize("name", LACK_A_PACKAGE)
def test_package_that_is_missing_is_no_reason_to_skip(name: str, folder: Path) -> None:
    (folder / name).write_text("import pytest\n" + LACK_A_PACKAGE[name])
    assert run(folder, name)[-1].startswith("1 skipped")
    *_, count = run(folder, name, ECGSCRIBE_NO_SKIP="1")
    assert re.match("1 (failed|error) in", count)
