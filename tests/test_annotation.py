"""The columns of an annotation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation


def full() -> Annotation:
    """Return an annotation with every column."""
    return Annotation(
        sample=np.array([10, 20, 30]),
        symbol=np.array(["N", "~", "V"]),
        fs=250.0,
        subtype=np.array([0, -1, 1]),
        aux_note=np.array(["a", "b", "c"]),
        probability=np.arange(15, dtype=np.float32).reshape(3, 5),
        score=np.array([0.1, 0.2, 0.3], dtype=np.float32),
        quality=np.array([0.9, 0.8, 0.7], dtype=np.float32),
    )


COLUMNS = ("sample", "symbol", "subtype", "aux_note", "probability", "score", "quality")


def test_every_column_is_selected() -> None:
    whole, part = full(), full().select(np.array([True, False, True]))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[[0, 2]])
    others = {f.name for f in dataclasses.fields(Annotation)} - set(COLUMNS)
    assert all(getattr(part, name) == getattr(whole, name) for name in others)


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "sample"])
def test_every_column_must_have_a_value_per_annotation(name: str) -> None:
    with pytest.raises(FormatError, match=f"expected 3 values of {name}, found 2"):
        dataclasses.replace(full(), **{name: getattr(full(), name)[:2]})
