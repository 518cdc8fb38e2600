"""Records and annotations: reading in threads, and the columns of an annotation."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, LazyRecord


def one_at_a_time() -> Callable[[int, int], NDArray[np.float32]]:
    """Return a reader that fails if two threads are in it at once."""
    readers = 0

    def read(begin: int, end: int) -> NDArray[np.float32]:
        nonlocal readers
        readers += 1
        assert readers == 1
        time.sleep(0.001)
        readers -= 1
        return np.arange(begin, end, dtype=np.float32)[:, None]

    return read


def test_no_two_threads_read_at_once() -> None:
    record = LazyRecord(one_at_a_time(), 100, 250.0, ("II",))
    with ThreadPoolExecutor(8) as threads:
        pieces = list(threads.map(lambda k: record.read(k, k + 2), range(50)))
    assert [piece[0, 0] for piece in pieces] == list(range(50))
    outer = dataclasses.replace(record, reader=record.read)
    assert outer.record(3, 5).signal.ravel().tolist() == [3.0, 4.0]


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
