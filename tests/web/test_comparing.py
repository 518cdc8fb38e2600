"""Two reviewers of one recording: compared as EC57 does, and decided by a third."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ecgscribe.web.comparing import adjudicated, compare_reviewers
from ecgscribe.web.edits import EditFile
from web.conftest import Page
from web.test_adapting import annotation

NAMES = {"first": "Jane", "second": "Joe"}


@pytest.fixture
def two(page: Page) -> tuple[Page, list[int]]:
    """Let Jane and Joe agree on one change and differ in three beats; return Ann's page."""
    one, both, third, fourth = samples = page.normal(4)
    joe = Page(page.client, reviewer="Joe")
    page.edit("relabel", samples=[one, both], **{"class": "V"})
    joe.edit("relabel", samples=[both], **{"class": "V"})
    joe.edit("relabel", samples=[third], **{"class": "S"})
    page.edit("delete", samples=[fourth])
    return Page(page.client, reviewer="Ann"), samples


def compared(page: Page) -> Any:
    return page.get("/compare", **NAMES)


def test_disagreements_are_listed_and_counted_as_ec57_does(two: tuple[Page, list[int]]) -> None:
    ann, (one, _, third, fourth) = two
    found = compared(ann)
    rows = [(r["sample"], r["first"], r["second"]) for r in found["rows"]]
    assert rows == [(one, "V", "N"), (third, "N", "S"), (fourth, None, "N")]
    assert (found["agreed"], found["disagreed"], found["decided"]) == (
        len(ann.get("/beats")["sample"]) - 3, 3, 0
    )  # fmt: skip
    matrix = found["matrix"]
    assert matrix[2][0] == 1  # V by the first, N by the second
    assert matrix[0][1] == 1
    assert matrix[5][0] == 1  # an extra beat
    assert found["ratios"]["qrs_pp"]["hits"] == found["ratios"]["qrs_pp"]["total"] - 1
    other = ann.get("/compare", first="Joe", second="Jane")
    assert other["matrix"][0][2] == 1


def test_decisions_are_edits_of_the_one_who_decides(
    two: tuple[Page, list[int]], folder: Path
) -> None:
    ann, (one, both, third, fourth) = two
    assert ann.post("adjudicate", **NAMES, key="agreed") == 200
    for row, name in zip(compared(ann)["rows"], ("V", "S", None), strict=True):
        assert ann.post("adjudicate", **NAMES, key=row["key"], **{"class": name}) == 200
    found = compared(ann)
    assert found["takenOver"]
    assert (found["disagreed"], found["decided"]) == (3, 3)
    assert [row["class"] for row in found["rows"]] == ["V", "S", None]
    beats = ann.get("/beats")
    letter = dict(zip(beats["sample"], beats["class"], strict=True))
    assert (letter[one], letter[both], letter[third]) == ("V", "V", "S")
    assert fourth not in letter
    edits = EditFile(folder / "made.hea.review.sqlite").edits("Ann")
    assert [edit.kind for edit in edits] == ["adjudicate"] * 4
    assert all(edit.reviewer == "Ann" and edit.made.startswith("20") for edit in edits)
    assert ann.post("undo") == 200
    assert compared(ann)["decided"] == 2
    assert fourth in ann.get("/beats")["sample"]


def test_a_decision_that_makes_no_sense_is_refused(two: tuple[Page, list[int]]) -> None:
    ann, _ = two
    key = compared(ann)["rows"][0]["key"]
    assert ann.post("adjudicate", **NAMES, key="1 2", **{"class": "V"}) == 400
    assert ann.post("adjudicate", **NAMES, key=5, **{"class": "V"}) == 400
    assert ann.post("adjudicate", **NAMES, key=key, **{"class": "X"}) == 400
    assert ann.post("adjudicate", **NAMES, key=key, reviewer="Joe", **{"class": "V"}) == 400
    assert ann.post("adjudicate", first="Joe", second="Joe", key=key, **{"class": "V"}) == 400
    assert ann.client.get(ann.address + "/compare?first=A&second=A").status_code == 400
    assert ann.get("/summary")["edits"] == 0


def test_a_beat_in_two_places_is_decided_where_its_class_is() -> None:
    first, second = annotation("NVN"), annotation("NSN")
    second = annotation("NSN")
    second.sample[1] += 10
    found = compare_reviewers(first, second)
    (row,) = found.disagreements.values()
    assert (row.samples, row.classes) == ((400, 410), ("V", "S"))
    for name, beats in (("V", [[400, "V"]]), ("S", [[410, "S"]]), ("F", [[400, "F"]]), (None, [])):
        content = adjudicated(found, ("A", "B"), first, {"key": row.key, "class": name})
        assert content == {
            "first": "A", "second": "B", "key": "400 410", "remove": [400, 410], "beats": beats
        }  # fmt: skip


def test_taking_over_leaves_what_is_disputed() -> None:
    first, second, own = annotation("NVSN"), annotation("NVFN"), annotation("NNNNN")
    found = compare_reviewers(first, second)
    content = adjudicated(found, ("A", "B"), own, {"key": "agreed"})
    assert content["remove"] == [1000]
    assert content["beats"] == [[400, "V"]]
