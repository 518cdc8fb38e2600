"""Every error a user can cause, in one tree.

::

    EcgScribeError
    ├── FormatError    a recording or annotation file cannot be read or written
    ├── DatasetError   a database is missing, incomplete or differs from its sums
    └── ModelError     a model file is missing, altered or does not fit

    SignalWarning      a recording was read, but part of it cannot be used

A message is one line: what was expected, what was found, and what to do.
"""

from __future__ import annotations

import sys
import warnings

__all__ = [
    "DatasetError",
    "EcgScribeError",
    "FormatError",
    "ModelError",
    "SignalWarning",
    "lacks_memory",
    "one_line",
    "printable",
    "warn",
]


class EcgScribeError(Exception):
    """Base of every error that ecgscribe raises for bad input."""

    def __init__(self, message: str) -> None:
        # Text quoted from a damaged file may hold line breaks, or control a terminal.
        super().__init__(printable(message))


class FormatError(EcgScribeError):
    """A recording or an annotation file cannot be read, used or written."""


class DatasetError(EcgScribeError):
    """A database is missing, incomplete or differs from its published sums."""


class ModelError(EcgScribeError):
    """A model file is missing, altered or does not fit the request."""


class SignalWarning(UserWarning):
    """A recording can be annotated, but part of it cannot be used."""


def printable(text: str) -> str:
    """Return text with ``?`` in place of each character that no message shows as it is."""
    return "".join(c if c.isprintable() else "?" for c in text)


def lacks_memory(error: BaseException) -> bool:
    """Return whether an error is for want of memory; a package that does not fit is ImportError."""
    signs = ("failed to map segment", "annot allocate memory")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


def one_line(error: BaseException) -> str:
    """Put an error into one line; one of the system names its file."""
    if lacks_memory(error) and not isinstance(error, EcgScribeError):
        return (
            "expected enough memory, found too little; choose leads (--leads), or close other "
            "programs"
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def warn(message: str) -> None:
    """Issue a `SignalWarning` that names the line outside the package which led to it."""
    # From Python 3.12 on, warnings.warn has skip_file_prefixes for this.
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and _is_own(frame.f_globals):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, SignalWarning, stacklevel=level)


def _is_own(names: dict[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] == __name__.partition(".")[0]
