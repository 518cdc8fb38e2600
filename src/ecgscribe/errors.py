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

__all__ = ["DatasetError", "EcgScribeError", "FormatError", "ModelError", "SignalWarning"]


class EcgScribeError(Exception):
    """Base of every error that ecgscribe raises for bad input."""

    def __init__(self, message: str) -> None:
        # Text quoted from a damaged file may hold line breaks, or control a terminal.
        super().__init__("".join(c if c.isprintable() else "?" for c in message))


class FormatError(EcgScribeError):
    """A recording or an annotation file cannot be read, used or written."""


class DatasetError(EcgScribeError):
    """A database is missing, incomplete or differs from its published sums."""


class ModelError(EcgScribeError):
    """A model file is missing, altered or does not fit the request."""


class SignalWarning(UserWarning):
    """A recording can be annotated, but part of it cannot be used."""
