"""Two reviewers of one recording: compared as EC57 does, and decided by a third."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.web.changes import apply_edits
from ecgscribe.web.comparing import adjudicated, compare_reviewers
from ecgscribe.web.comparing_spans import differing_spans
from ecgscribe.web.edits import Edit, EditFile
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
    assert (found["agreed"], found["differing"], found["disagreed"], found["decided"]) == (
        len(ann.get("/beats")["sample"]) - 3, 3, 3, 0
    )  # fmt: skip
    assert found["alike"] == {"rhythm": 1.0, "quality": 1.0}
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
    found = compare_reviewers(first, second, 2000)
    (row,) = found.disagreements.values()
    assert (row.samples, row.classes) == ((400, 410), ("V", "S"))
    for name, beats in (("V", [[400, "V"]]), ("S", [[410, "S"]]), ("F", [[400, "F"]]), (None, [])):
        content = adjudicated(found, ("A", "B"), first, {"key": row.key, "class": name})
        assert content == {
            "first": "A", "second": "B", "key": "400 410",
            "remove": [400, 410], "beats": beats, "spans": [],
        }  # fmt: skip


def test_taking_over_leaves_what_is_disputed() -> None:
    first, second, own = annotation("NVSN"), annotation("NVFN"), annotation("NNNNN")
    found = compare_reviewers(first, second, 2000)
    content = adjudicated(found, ("A", "B"), own, {"key": "agreed"})
    assert content["remove"] == [1000]
    assert content["beats"] == [[400, "V"]]


def test_rhythms_and_unreadable_spans_are_compared_and_decided(page: Page) -> None:
    joe, ann = Page(page.client, reviewer="Joe"), Page(page.client, reviewer="Ann")
    page.edit("span", begin=2500, end=7500, **{"as": "AFIB"})
    joe.edit("span", begin=2510, end=5000, **{"as": "AFIB"})  # one onset, marked twice
    joe.edit("span", begin=5000, end=6250, **{"as": "AFL"})
    for one in (page, joe):
        one.edit("span", begin=20000, end=22500, **{"as": "unreadable"})
    page.edit("span", begin=25000, end=27500, **{"as": "unreadable"})
    found = compared(ann)
    rows = [(r["kind"], r["sample"], r["end"], r["first"], r["second"]) for r in found["rows"]]
    assert rows == [
        ("rhythm", 5000, 6250, "AFIB", "AFL"),
        ("rhythm", 6250, 7500, "AFIB", "N"),
        ("quality", 25000, 27500, "unreadable", "readable"),
    ]
    assert found["alike"]["rhythm"] == pytest.approx(1 - 2510 / 30000)
    assert found["alike"]["quality"] == pytest.approx(1 - 2500 / 30000)
    keys = [row["key"] for row in found["rows"]]
    assert ann.post("adjudicate", **NAMES, key="agreed") == 200
    for key, name in zip(keys, ("AFL", "VT", "readable"), strict=True):
        assert ann.post("adjudicate", **NAMES, key=key, **{"class": "pause"}) == 400
        assert ann.post("adjudicate", **NAMES, key=key, **{"class": name}) == 200
    found = compared(ann)
    assert (found["disagreed"], found["decided"]) == (3, 3)
    assert [row["class"] for row in found["rows"]] == ["AFL", "VT", "readable"]
    summary = ann.get("/summary")
    rhythms = [(e["kind"], e["begin"], e["end"]) for e in summary["rhythms"] if e["kind"] != "N"]
    assert rhythms == [("AFIB", 2510, 6250), ("VT", 6250, 7500)]  # flutter is counted with it
    assert summary["unreadable"] == [[20000, 22500]]
    to_joe = ann.get("/compare", first="Ann", second="Joe")["rows"]
    assert [(r["sample"], r["end"], r["first"], r["second"]) for r in to_joe] == [
        (6250, 7500, "VT", "N")
    ]
    for _ in range(4):
        assert ann.post("undo") == 200
    assert ann.get("/summary")["edits"] == 0
    assert compared(ann)["decided"] == 0


SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 100)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS)
def test_spans_differ_as_sample_by_sample(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    n, kinds = 400, ("AFIB", "VT", "AFIB", "N")
    base = annotation("N")
    held, reviewed = [], []
    for spans in (one, other):
        labels = ["N"] * n
        edits = []
        for (begin, length), kind in zip(spans, kinds, strict=False):
            edits.append(Edit("J", "", "span", {"begin": begin, "end": begin + length, "as": kind}))
            labels[begin : begin + length] = [kind] * length
        held.append(labels)
        reviewed.append(apply_edits(base, edits, n).annotation)
    found = differing_spans(reviewed[0], reviewed[1], n)
    listed = {(s, each.answers) for each in found for s in range(each.begin, each.end)}
    everywhere = {(s, pair) for s, pair in enumerate(zip(*held, strict=True)) if len({*pair}) > 1}
    assert listed <= everywhere
    runs = [0]
    for s in range(n):
        pair = (held[0][s], held[1][s])
        if (s, pair) in everywhere - listed:
            runs[-1] += 1
        if s + 1 < n and (held[0][s + 1], held[1][s + 1]) != pair:
            runs.append(0)
    assert max(runs) < 0.15 * base.fs
