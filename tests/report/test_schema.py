"""The JSON of a report follows the schema that the package contains."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from ecgscribe.report.build import report
from ecgscribe.report.schema import FILE, report_schema
from support.json_schema import violations
from support.made_findings import made_recording
from support.report_pages import with_probabilities


def published() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((files("ecgscribe.report") / FILE).read_text("utf-8"))
    return schema


def test_the_schema_in_the_package_is_that_of_the_content() -> None:
    assert published() == json.loads(json.dumps(report_schema()))


@pytest.mark.parametrize(
    "plan", ["N", "N*20", "N*20 V*4 N*9 gap N*9 noise N*9 VFL N*9 AFIB N*20 pause N*9 S*3 N*9"]
)
@pytest.mark.parametrize("by_model", [False, True])
def test_a_report_follows_the_schema(plan: str, by_model: bool) -> None:
    made = made_recording(plan)
    annotation = with_probabilities(made.annotation) if by_model else made.annotation
    content = report(made.record, annotation)
    assert content["version"] == 1
    assert violations(content, published()) == []


def test_another_content_does_not_follow_it() -> None:
    made = made_recording("N*20")
    content = report(made.record, made.annotation)
    wrong = [
        content | {"version": "1"},
        content | {"more": 1},
        {name: value for name, value in content.items() if name != "beats"},
        content | {"beats": content["beats"] | {"counted": 1.5}},
        content | {"strips": [content["strips"][0] | {"rows": [[0, 7]]}]},
    ]
    assert [len(violations(value, published())) for value in wrong] == [1] * 5
