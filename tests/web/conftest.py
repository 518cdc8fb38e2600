"""A folder of small recordings, and a server that shows it, without a network."""

from __future__ import annotations

import shutil
import sqlite3
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ecgscribe.datasets.synthetic import synthesize
from support.wfdb_files import save

with warnings.catch_warnings():  # Starlette is about to go from httpx to its successor
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from ecgscribe.model.runtime import load_model
from ecgscribe.web.app import make_app
from ecgscribe.web.edits import EditFile
from ecgscribe.web.security import Place

HOST = "127.0.0.1:8643"


def client_of(folder: Path, *, host: str = "127.0.0.1", token: str | None = None) -> TestClient:
    app = make_app([folder], model=load_model(), place=Place(host, 8643, token))
    return TestClient(app, base_url=f"http://{HOST}")


@pytest.fixture(scope="session")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one recording, which is annotated already."""
    made = tmp_path_factory.mktemp("web") / "served"
    save(synthesize(duration=120.0, seed=1, name="made", fs=250.0)[0], made)
    with client_of(made) as client:
        Page(client)
    return made


@pytest.fixture
def folder(annotated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(annotated, tmp_path / "served"))


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with client_of(folder) as client:
        yield client


def keep_strips(folder: Path, number: int) -> None:
    """Mark strips to keep, all in one transaction."""
    rows = [
        ("Jane", "strip", f"{k / 10:.2f} 2.00", f"2026-01-01T00:00:{k:09}") for k in range(number)
    ]
    EditFile(folder / "made.hea.review.sqlite").mark("Jane", "seen", "-", on=True)
    with closing(sqlite3.connect(folder / "made.hea.review.sqlite")) as file, file:
        file.executemany("INSERT INTO marks VALUES (?, ?, ?, ?)", rows)


class Page:
    """What the page asks about the one recording of a folder."""

    def __init__(self, client: TestClient, reviewer: str = "Jane") -> None:
        self.client, self.reviewer = client, reviewer
        (found,) = client.get("/api/recordings").json()
        self.address = f"/api/recordings/{found['key']}"
        until = time.monotonic() + 60
        while not self.get("")["ready"]:
            assert time.monotonic() < until, self.get("")
            time.sleep(0.05)

    def get(self, what: str, **query: Any) -> Any:
        query = {"reviewer": self.reviewer, **query}
        answer = self.client.get(self.address + what, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, what: str, **content: Any) -> int:
        full = {"reviewer": self.reviewer, **content}
        return int(self.client.post(f"{self.address}/{what}", json=full).status_code)

    def normal(self, n: int) -> list[int]:
        """Return the samples of the first beats of class N."""
        beats = self.get("/beats")
        pairs = zip(beats["sample"], beats["class"], strict=True)
        return [sample for sample, letter in pairs if letter == "N"][:n]

    def edit(self, kind: str, **content: Any) -> None:
        assert self.post("edits", kind=kind, **content) == 200


@pytest.fixture
def page(client: TestClient) -> Page:
    return Page(client)
