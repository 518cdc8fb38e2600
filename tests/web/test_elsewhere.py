"""Reviews that were made on a copy of the recording, in a second file of edits next to it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from web.conftest import Page, client_of

OWN, JOES = "made.hea.review.sqlite", "made.hea.joe.review.sqlite"


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    """Let Joe review a copy of the recording; return his file of edits."""
    copy = Path(shutil.copytree(folder, tmp_path / "of Joe"))
    with client_of(copy) as client:
        joe = Page(client, reviewer="Joe")
        joe.edit("relabel", samples=joe.normal(2), **{"class": "V"})
        joe.edit("span", begin=5000, end=7500, **{"as": "AFIB"})
    return copy / OWN


def test_a_reviewer_of_a_copy_is_compared_and_decided_about(
    page: Page, folder: Path, copied: Path
) -> None:
    first, second = page.normal(2)
    page.edit("relabel", samples=[first], **{"class": "V"})
    shutil.copy(copied, folder / JOES)
    before = (folder / JOES).read_bytes()
    names = {"first": "Jane", "second": "Joe (joe)"}
    about = page.get("")
    assert (about["reviewers"], about["reviewProblems"]) == (["Jane", "Joe (joe)"], [])
    ann = Page(page.client, reviewer="Ann")
    rows = ann.get("/compare", **names)["rows"]
    assert [(r["kind"], r["sample"], r["first"], r["second"]) for r in rows] == [
        ("beat", second, "N", "V"), ("rhythm", 5000, "N", "AFIB")
    ]  # fmt: skip
    assert ann.post("adjudicate", **names, key=rows[0]["key"], **{"class": "V"}) == 200
    beats = ann.get("/beats")
    assert dict(zip(beats["sample"], beats["class"], strict=True))[second] == "V"
    assert ann.get("/compare", **names)["decided"] == 1
    assert (folder / JOES).read_bytes() == before
    assert Page(page.client, reviewer="Joe").get("/summary")["edits"] == 0
    (folder / JOES).unlink()
    query = {**names, "reviewer": "Ann"}
    gone = page.client.get(page.address + "/compare", params=query)
    assert (gone.status_code, "Joe (joe)" in gone.json()["problem"]) == (400, True)


def _as_text(path: Path) -> None:
    path.write_text("no database")


def _of_another_recording(path: Path) -> None:
    _execute(path, "UPDATE arrays SET name = 'annotation hash 1 2 3 4' WHERE name LIKE 'ann%'")


def _without_tables(path: Path) -> None:
    _execute(path, "DROP TABLE arrays")


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (_as_text, "copy the file again"),
        (_without_tables, "copy the file again"),
        (_of_another_recording, "those of another recording"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_out(
    page: Page, folder: Path, copied: Path, damage: Callable[[Path], None], problem: str
) -> None:
    shutil.copy(copied, folder / JOES)
    damage(folder / JOES)
    about = page.get("")
    assert about["reviewers"] == []
    (line,) = about["reviewProblems"]
    assert line.startswith(JOES)
    assert problem in line


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE edits SET content = '5'",
        "UPDATE edits SET content = '{'",
        'UPDATE edits SET content = \'{"samples": "x"}\'',
        'UPDATE edits SET content = \'{"samples": [1], "class": "Z"}\'',
        "UPDATE arrays SET data = 'PK'",
        "UPDATE arrays SET data = zeroblob(9)",
    ],
)
def test_damage_inside_ends_in_one_line(
    page: Page, folder: Path, copied: Path, statement: str
) -> None:
    shutil.copy(copied, folder / JOES)
    _execute(folder / JOES, statement)
    query: dict[str, Any] = {"first": "", "second": "Joe (joe)", "reviewer": "Ann"}
    answer = page.client.get(page.address + "/compare", params=query)
    assert answer.status_code == 400
    assert answer.json()["problem"].startswith(JOES)


def test_a_link_is_not_followed(page: Page, folder: Path, copied: Path) -> None:
    (folder / JOES).symlink_to(copied)
    about = page.get("")
    assert (about["reviewers"], about["reviewProblems"]) == ([], [])
