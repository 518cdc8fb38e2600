"""One model in threads, processes and tasks: loaded once, and the same answer everywhere."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import ModelError
from ecgscribe.model import runtime, sessions
from ecgscribe.record import Annotation, Record


@pytest.fixture(scope="module")
def record() -> Record:
    """A minute of ECG."""
    return synthesize(duration=60, seed=1)[0]


@pytest.fixture(scope="module")
def expected(record: Record) -> Annotation:
    """What one thread answers."""
    return ecgscribe.annotate(record)


def test_threads_share_one_model_and_one_session_of_each_network(
    record: Record, expected: Annotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    original = sessions._session

    def counted(path: Path, *shapes: Any) -> Any:
        made.append(path)
        return original(path, *shapes)

    monkeypatch.setattr(sessions, "_session", counted)
    runtime._loaded.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        models = set(pool.map(lambda _: ecgscribe.load_model(), range(8)))
        answers = list(pool.map(ecgscribe.annotate, [record] * 4))
    assert len(models) == 1
    assert len(made) == len(set(made)) == len(models.pop().meta["files"].keys() - {"weights"})
    assert answers == [expected] * 4


def test_tasks(record: Record, expected: Annotation) -> None:
    async def gather() -> list[Annotation]:
        return await asyncio.gather(
            *(asyncio.to_thread(ecgscribe.annotate, record) for _ in range(2))
        )

    assert asyncio.run(gather()) == [expected] * 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(record: Record, expected: Annotation, method: str) -> None:
    work = partial(ecgscribe.annotate, model=ecgscribe.load_model())
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        assert list(pool.map(work, [record] * 2)) == [expected] * 2


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_dask(record: Record, expected: Annotation, scheduler: str) -> None:
    dask: Any = pytest.importorskip("dask")
    work = partial(ecgscribe.annotate, model=ecgscribe.load_model())
    assert dask.compute(dask.delayed(work)(record), scheduler=scheduler) == (expected,)


@pytest.mark.slow
def test_joblib(record: Record, expected: Annotation) -> None:
    joblib: Any = pytest.importorskip("joblib")
    work = partial(ecgscribe.annotate, model=ecgscribe.load_model())
    assert joblib.Parallel(2)(joblib.delayed(work)(record) for _ in range(2)) == [expected] * 2


def test_a_model_is_pickled_as_its_name_and_hash() -> None:
    model = ecgscribe.load_model()
    data = pickle.dumps(model)
    assert len(data) < 300
    assert b"default" in data
    assert str(model.path.parent).encode() not in data
    assert pickle.loads(data) is model
    assert repr(model) == f"<Model 'default', {model.hash[:12]}>"


def test_a_changed_model_is_pickled_whole() -> None:
    changed = replace(ecgscribe.load_model(), rhythm=None)
    again = pickle.loads(pickle.dumps(changed))
    assert again.rhythm is None
    assert again.hash == changed.hash


def test_another_model_of_the_name_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runtime.MODELS, tmp_path / "models"))
    path = folder / "default.json"
    data = pickle.dumps(ecgscribe.load_model(path))
    text = path.read_text(encoding="utf-8")
    path.write_text((folder / "classic.json").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ModelError, match="expected the model with SHA-256"):
        pickle.loads(data)
    path.write_text(text, encoding="utf-8")
    assert pickle.loads(data) is ecgscribe.load_model(path)


def test_progress_is_a_bar_or_a_function(
    record: Record, expected: Annotation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ecgscribe.annotate(record, progress=True) == expected
    assert "100%" in capsys.readouterr().err
    calls: list[tuple[int, int]] = []
    ecgscribe.annotate(record, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] > 0
    ecgscribe.annotate(record)
    assert capsys.readouterr().err == ""


def test_the_log_is_silent_until_it_is_asked_for(
    record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    silent = (
        "import ecgscribe, logging; logging.getLogger('ecgscribe.x').warning('unseen');"
        "assert logging.getLogger('ecgscribe').handlers"
    )
    done = subprocess.run([sys.executable, "-c", silent], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    identified = replace(record, comments=("Jane Doe",), signal=np.array(record.signal))
    with caplog.at_level(logging.DEBUG, "ecgscribe"):
        ecgscribe.annotate(identified)
    assert "annotated <Record 'synthetic'" in caplog.text
    assert "Jane" not in caplog.text
