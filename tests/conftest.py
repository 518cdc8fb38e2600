"""Where the real databases are, and what happens to a test that needs what may be absent.

ECGSCRIBE_DATA names the folder that holds mitdb, svdb and nstdb, and ECGSCRIBE_REFERENCE the one
that holds the reference program's tables. A test that needs one of them, or packages to install,
is skipped where they are absent; with ECGSCRIBE_NO_SKIP=1 it fails instead, so that a run meant to
have them cannot pass without them.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

MAY_BE_ABSENT = ("data_dir", "reference_dir", "installed")


def _folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} is not set")
    if not Path(folder).is_dir():
        pytest.fail(f"{variable}: expected a folder, found {folder}")
    return Path(folder)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder that holds the databases: mitdb, svdb and nstdb."""
    return _folder("ECGSCRIBE_DATA")


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Folder that holds what the reference programs print: bxb and nst."""
    return _folder("ECGSCRIBE_REFERENCE")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected = item.get_closest_marker("mitdb") or any(
        name in MAY_BE_ABSENT for name in getattr(item, "fixturenames", ())
    )
    if expected and report.skipped and os.environ.get("ECGSCRIBE_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, with ECGSCRIBE_NO_SKIP=1: {report.longrepr}"
    return report
