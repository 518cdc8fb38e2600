"""Templates: each beat is in a bin by class and shape, also after edits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from web.conftest import Page


def bin_names(page: Page) -> dict[int, str]:
    """Return the name of the bin of each beat, after checking the counts."""
    content: dict[str, Any] = page.get("/templates")
    beats = page.get("/beats")
    names = [each["name"] for each in content["bins"]]
    found = [names[k] for k in content["bin"]]
    assert Counter(found) == {each["name"]: each["count"] for each in content["bins"]}
    assert [name[0] for name in found] == list(beats["class"])
    return dict(zip(beats["sample"], found, strict=True))


def test_every_beat_is_in_a_bin_of_its_class(page: Page) -> None:
    names = bin_names(page)
    assert Counter(names.values())["N a"] > 50
    assert {"N a", "V b"} <= set(names.values())


def test_relabelling_a_template_keeps_its_shape_and_one_undo_takes_it_back(page: Page) -> None:
    before = bin_names(page)
    members = [sample for sample, name in before.items() if name == "V b"]
    page.edit("relabel", samples=members, **{"class": "S"})
    after = bin_names(page)
    assert {after[sample] for sample in members} == {"S b"}
    assert "V b" not in after.values()
    assert page.get("/summary")["counts"]["S"] >= len(members)
    page.post("undo")
    assert bin_names(page) == before


def test_beats_that_are_added_moved_and_deleted_are_binned(page: Page) -> None:
    before = bin_names(page)
    first, second, third = page.normal(3)
    page.edit("move", sample=first, to=first + 1)
    page.edit("add", sample=(second + third) // 2, **{"class": "V"})
    page.edit("delete", samples=[third])
    after = bin_names(page)
    assert after[first + 1] == before[first]
    assert after[(second + third) // 2].startswith("V ")
    assert third not in after


@pytest.mark.parametrize("lead", ["9", "-1", "x"])
def test_a_lead_that_is_none_is_refused(page: Page, lead: str) -> None:
    answer = page.client.get(page.address + "/templates", params={"lead": lead})
    assert answer.status_code == 400


def test_each_lead_has_bins_of_its_own(page: Page) -> None:
    leads = page.get("")["leads"]
    sent = [page.get("/templates", lead=k) for k in range(len(leads))]
    assert [each["lead"] for each in sent] == list(range(len(leads)))
    assert sent[0]["bins"][0]["wave"] != sent[1]["bins"][0]["wave"]
