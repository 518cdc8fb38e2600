"""WFDB beat symbols and the AAMI classes they belong to: the one table.

Two mappings are in use. ``literature`` follows the papers that compare classifiers on the
MIT-BIH Arrhythmia Database (de Chazal et al., IEEE Trans Biomed Eng 51(7):1196-1206, 2004);
``ec57`` follows ANSI/AAMI EC57 as the program bxb of the WFDB Software Package applies it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AAMI_CLASSES",
    "CLASS_NAMES",
    "CLASS_SYMBOLS",
    "MAPPINGS",
    "NO_BEAT",
    "PACED",
    "Mapping",
    "class_indices",
    "is_beat",
]


CLASS_SYMBOLS = np.array(["N", "A", "V", "F", "Q"])
"""The WFDB symbol that represents each AAMI class in an annotation file."""
PACED = "/"
"""The WFDB symbol of a paced beat, which is of class Q."""


Mapping = Literal["literature", "ec57"]


AAMI_CLASSES: tuple[str, ...] = ("N", "S", "V", "F", "Q")
"""The five classes of ANSI/AAMI EC57, in the order of every array of probabilities."""


NO_BEAT = len(AAMI_CLASSES)
"""Index, after those of the classes, that the beat head predicts for a false detection."""


CLASS_NAMES = {
    "N": "normal or bundle branch block",
    "S": "supraventricular ectopic (SVEB)",
    "V": "ventricular ectopic (VEB)",
    "F": "fusion of ventricular and normal",
    "Q": "paced or unclassifiable",
}


MAPPINGS: dict[Mapping, dict[str, str]] = {
    "literature": {"N": "NLRejB", "S": "AaJSn", "V": "VEr", "F": "F", "Q": "/fQ?"},
    "ec57": {"N": "NLRB", "S": "AaJSejn", "V": "VEr", "F": "F", "Q": "/fQ?"},
}


_INDEX: dict[Mapping, dict[str, int]] = {
    mapping: {s: AAMI_CLASSES.index(c) for c, symbols in table.items() for s in symbols}
    for mapping, table in MAPPINGS.items()
}


def class_indices(symbols: Iterable[str], *, mapping: Mapping = "literature") -> NDArray[np.int8]:
    """Return the index of the AAMI class of each symbol.

    Parameters
    ----------
    symbols : iterable of str
        WFDB annotation symbols.
    mapping : {"literature", "ec57"}
        The table to use.

    Returns
    -------
    ndarray of int8, shape (n,)
        Index into `AAMI_CLASSES`; -1 where the symbol is not a beat.
    """
    table = _INDEX[mapping]
    every = np.array(symbols if isinstance(symbols, np.ndarray) else list(symbols), dtype=np.str_)
    different, which = np.unique(every, return_inverse=True)  # they are few
    return np.array([table.get(s, -1) for s in different.tolist()], dtype=np.int8)[which]


def is_beat(symbols: Iterable[str]) -> NDArray[np.bool_]:
    """Return which symbols are beats; both mappings agree."""
    return class_indices(symbols) >= 0
