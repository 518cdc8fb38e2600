"""Events: all are counted, a page is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe.web.events import PAGE
from web.conftest import Page, keep_strips

STRIPS = 610


@pytest.fixture
def many(page: Page, folder: Path) -> Page:
    keep_strips(folder, STRIPS)
    return page


def test_more_events_than_a_page_holds_are_all_counted_and_sent(many: Page) -> None:
    first = many.get("/events")
    assert first["kinds"][0] == {"kind": "strip", "count": STRIPS, "seen": 0, "first": 0}
    assert first["total"] == sum(kind["count"] for kind in first["kinds"])
    found: list[str] = []
    while len(found) < first["total"]:
        sent = many.get("/events", first=len(found))["events"]
        assert 0 < len(sent) <= PAGE
        found += [event["key"] for event in sent]
    assert len(set(found)) == first["total"]
    for kind in first["kinds"]:
        assert found[kind["first"]].startswith(kind["kind"])
    assert many.get("/events", first=first["total"])["events"] == []


def test_seen_marks_beyond_the_first_page_are_counted(many: Page) -> None:
    key = many.get("/events", first=PAGE * 6)["events"][3]["key"]
    assert many.post("marks", kind="seen", key=key, on=True) == 200
    assert many.get("/events")["kinds"][0]["seen"] == 1


@pytest.mark.parametrize("first", ["-1", "x", "1" * 40, "٣"])
def test_a_position_that_is_none_is_refused(page: Page, first: str) -> None:
    answer = page.client.get(page.address + "/events", params={"first": first})
    assert answer.status_code == 400
