"""A lazy record is read by one thread at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from ecgscribe.record import LazyRecord


def test_one_thread_reads_at_a_time() -> None:
    readers, most = 0, 0

    def read(begin: int, end: int) -> NDArray[np.float32]:
        nonlocal readers, most
        readers += 1
        most = max(most, readers)
        time.sleep(0.001)
        readers -= 1
        return np.full((end - begin, 1), begin, dtype=np.float32)

    record = LazyRecord(read, 100, 100.0, ("II",))
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda k: record.read(k, k + 1), range(50)))
    assert most == 1
    assert [float(part[0, 0]) for part in parts] == list(range(50))
