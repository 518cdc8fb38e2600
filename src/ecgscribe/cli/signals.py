"""Signals that end a command: what it began is cleaned up, and nothing takes them for an error."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

__all__ = ["EndedError", "Signals"]

IMPATIENCE_S = 5.0
"""Seconds after the first signal from which Ctrl-C also cuts short what cleans up."""
_AGAIN_S = 0.02


class EndedError(BaseException):
    """A signal has come; nothing but the command itself may catch it, as Click does Ctrl-C."""


class _Unraisable(Protocol):
    exc_value: BaseException | None
    exc_traceback: TracebackType | None


class Signals:
    """Let Ctrl-C, SIGTERM and SIGHUP unwind a command, so that temporary files are removed.

    Attributes
    ----------
    came : int or None
        The number of the signal that ends the command.
    """

    def __init__(self) -> None:
        self.came: int | None = None
        self._since = 0.0

    @property
    def exit_code(self) -> int:
        """Exit code of a command that a signal ended."""
        return 128 + (self.came or signal.SIGINT)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch for them; only the main thread can. Those that were ignored still are."""
        is_main = threading.current_thread() is threading.main_thread()
        known = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]  # Windows lacks one
        before = {
            number: signal.getsignal(number)
            for number in (signal.SIGINT, *known)
            if is_main
            and number is not None
            and signal.getsignal(number) not in (signal.SIG_IGN, None)  # None: not of Python
        }
        show = sys.unraisablehook
        if hasattr(signal, "pthread_kill"):  # Windows lacks it
            sys.unraisablehook = lambda lost: self._again(lost) or show(lost)
        for number in before:
            signal.signal(number, self._end)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            sys.unraisablehook = show

    def _end(self, number: int, frame: object) -> None:
        impatient = number == signal.SIGINT and time.monotonic() - self._since > IMPATIENCE_S
        if self.came is None or impatient:  # else what cleans up is not interrupted
            self.came, self._since = number, time.monotonic()
            raise EndedError

    def _again(self, lost: _Unraisable) -> bool:
        """Raise a signal once more that came while Python could not raise anything."""
        if not isinstance(lost.exc_value, EndedError) or self.came is None:
            return False
        number, self.came = self.came, None
        main = threading.main_thread().ident
        threading.Timer(_AGAIN_S, signal.pthread_kill, [main, number]).start()
        return True
