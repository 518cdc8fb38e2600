"""Names near a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean"]

_CUTOFF = 0.65
"""Least likeness, 0 to 1: MLI and MLII are alike by 0.86, ptbdb and mitdb by 0.6."""


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "", prefix: str = "") -> str:
    """Ask for the names that a word was perhaps meant to be.

    Parameters
    ----------
    word : str
        What was given.
    known : iterable of str
        What could have been; upper and lower case count as the same.
    otherwise : str
        What to say where nothing is near.
    prefix : str
        Put before each name; not compared.

    Returns
    -------
    str
        A question that names up to three, nearest first, such as ``did you mean MLII?``.

    Examples
    --------
    >>> did_you_mean("mli", ["MLII", "V1"])
    'did you mean MLII?'
    """
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=_CUTOFF)
    names = [prefix + by_lower[name] for name in near]
    if not names:
        return otherwise
    return f"did you mean {' or '.join(filter(None, (', '.join(names[:-1]), names[-1])))}?"
