from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecgscribe.report.json_form import INLINE, OPTIONAL, key, to_json


@dataclass(frozen=True)
class Inner:
    x: float
    y: float | None


@dataclass(frozen=True)
class Outer:
    class_name: str = field(metadata=key("class"))
    inner: Inner | None
    several: tuple[Inner, ...]
    by_name: Mapping[str, Inner]
    inline: Inner | None = field(metadata=INLINE)
    optional: Inner | None = field(metadata=OPTIONAL)
    last: str


def test_fields_are_keys_in_order_but_for_those_that_differ() -> None:
    inner = Inner(1.5, None)
    content = to_json(Outer("V", inner, (inner, inner), {"a": inner}, inner, inner, "end"))
    plain = {"x": 1.5, "y": None}
    assert content == {
        "class": "V",
        "inner": plain,
        "several": [plain, plain],
        "by_name": {"a": plain},
        **plain,
        "optional": plain,
        "last": "end",
    }
    assert list(content) == ["class", "inner", "several", "by_name", "x", "y", "optional", "last"]
    assert json.loads(json.dumps(content)) == content


def test_only_optional_and_inline_fields_are_left_out() -> None:
    assert to_json(Outer("V", None, (), {}, None, None, "end")) == {
        "class": "V", "inner": None, "several": [], "by_name": {}, "last": "end",
    }  # fmt: skip
