"""End a worker that a recording keeps too long, even inside a library that never returns."""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["time_limit"]

_LOCK = Lock()
_ends: dict[object, float] = {}
_nowhere = os.open(os.devnull, os.O_WRONLY)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this process if what is within takes longer.

    The clock is `faulthandler`'s, a thread that needs no Python to run: it also ends a library that
    never gives back control. Dask then starts the worker again, and the recording elsewhere.

    Parameters
    ----------
    seconds : float
    """
    mine = object()
    with _LOCK:
        _ends[mine] = time.monotonic() + seconds
        _set_clock()
    try:
        yield
    finally:
        with _LOCK:
            del _ends[mine]
            _set_clock()


def _set_clock() -> None:
    """Set the one clock of the process to the earliest end: a worker may have several threads."""
    if not _ends:
        faulthandler.cancel_dump_traceback_later()
        return
    left = max(min(_ends.values()) - time.monotonic(), 0.001)
    faulthandler.dump_traceback_later(left, exit=True, file=_nowhere)
