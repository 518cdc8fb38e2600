"""End a stream by a signal: after the work that is being done, with the beats that are pending."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["Interruption"]

IMPATIENCE_S = 5.0
"""Seconds after the first signal from which another one ends the command at once."""

_T = TypeVar("_T")


class _StopError(BaseException):
    """A signal has come while the stream waited."""


class Interruption:
    """Ctrl-C and SIGTERM: each cuts short what `wait` waits for, and else only sets `came`."""

    def __init__(self) -> None:
        self.came = False
        self._is_waiting = False
        self._since = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch for signals; only the main thread can. They cannot end the command within."""
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        before = {number: signal.signal(number, self._stop) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: object) -> None:
        if self.came:
            if time.monotonic() - self._since > IMPATIENCE_S:  # as nobody reads the output
                raise KeyboardInterrupt
            return
        self.came, self._since = True, time.monotonic()
        if self._is_waiting:
            raise _StopError

    def wait(self, call: Callable[[], _T]) -> _T | None:
        """Return what a function returns, or None if a signal has come."""
        try:
            return self._watch(call)
        except _StopError:
            return None

    def _watch(self, call: Callable[[], _T]) -> _T | None:
        try:
            self._is_waiting = True
            return None if self.came else call()
        finally:
            self._is_waiting = False

    def until(self, chunks: Iterator[_T]) -> Iterator[_T]:
        """Yield chunks until the last one, or until a signal comes.

        A signal that comes while a chunk is worked on takes effect after it, so that no beat is
        lost.
        """
        while (chunk := self.wait(lambda: next(chunks, None))) is not None:
            yield chunk
