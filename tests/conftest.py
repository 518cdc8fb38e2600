"""Where the real databases are, and what happens to a test that needs what may be absent.

ECGSCRIBE_DATA names the folder that holds mitdb, svdb and nstdb, and ECGSCRIBE_REFERENCE the one
that holds the reference program's tables. A test that needs them is marked ``mitdb``: by itself, or
here, where it requests `data_dir` or `reference_dir`. It is skipped where they are absent, and only
such a test sees the two variables, so that one without the mark fails wherever it is run.

A test marked ``slow`` takes seconds, or needs the packages that train; it is skipped where Keras
is absent.

No property has a deadline, which would fail on a busy machine.

With ECGSCRIBE_NO_SKIP=1 a test with one of the two marks fails where it would be skipped, and so
does a file of tests, so that a run meant to have data and packages cannot pass without them.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

NEEDED = {"data_dir": "ECGSCRIBE_DATA", "reference_dir": "ECGSCRIBE_REFERENCE"}
FOLDERS = {variable: os.environ.get(variable) for variable in NEEDED.values()}
LONGEST = ("training", "project")
"""Rooms of the tests that take longest."""
CAN_TRAIN = importlib.util.find_spec("keras") is not None


def _requested(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


@pytest.hookimpl(tryfirst=True)  # before -m selects by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _requested(item) & set(NEEDED):
            item.add_marker("mitdb")
    # Those of minutes go first, so that no core is idle at the end while another has one of them.
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("slow") and not CAN_TRAIN:
        pytest.skip("Keras is not installed: run scripts/test --all")
    if not item.get_closest_marker("mitdb"):
        return
    requested = _requested(item) | {"data_dir"}  # nothing can be compared without the recordings
    for variable in (NEEDED[name] for name in NEEDED if name in requested):
        folder = FOLDERS[variable]
        if not folder:
            pytest.skip(f"{variable} is not set: see CONTRIBUTING.md")
        if not Path(folder).is_dir():
            pytest.fail(f"{variable}: expected a folder, found {folder}")


@pytest.fixture(autouse=True)
def _databases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("mitdb"):
        for variable in FOLDERS:
            monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder that holds the databases: mitdb, svdb and nstdb."""
    return Path(FOLDERS["ECGSCRIBE_DATA"] or "")


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Folder that holds what the reference programs print: bxb and nst."""
    return Path(FOLDERS["ECGSCRIBE_REFERENCE"] or "")


@pytest.fixture(scope="module")
def any_beats_count() -> Iterator[None]:
    """Let narrow, slow and normal beats be ventricular tachycardia where a test plans it."""
    from support.rhythm_networks import any_tachycardia

    with any_tachycardia():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("mitdb") or item.get_closest_marker("slow"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)  # a whole file, at its first import
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and os.environ.get("ECGSCRIBE_NO_SKIP") == "1":
        report.outcome = "failed"
        report.longrepr = f"skipped, with ECGSCRIBE_NO_SKIP=1: {report.longrepr}"
