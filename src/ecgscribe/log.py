"""What the package logs, under ``ecgscribe``: silent unless a program that uses it asks."""

from __future__ import annotations

import logging

__all__ = ["logger_of"]


def logger_of(module: str) -> logging.Logger:
    """Return the logger of a module of the package.

    Parameters
    ----------
    module : str
        Its ``__name__``.

    Returns
    -------
    logging.Logger
        Without a handler of the program, what it is given goes nowhere.
    """
    package = logging.getLogger("ecgscribe")
    if not package.handlers:
        package.addHandler(logging.NullHandler())
    return logging.getLogger(module)
