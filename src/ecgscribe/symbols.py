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
    "Mapping",
    "class_indices",
    "is_beat",
]


CLASS_SYMBOLS = np.array(["N", "A", "V", "F", "Q"])
"""The WFDB symbol that is written for each AAMI class."""


Mapping = Literal["literature", "ec57"]


AAMI_CLASSES: tuple[str, ...] = ("N", "S", "V", "F", "Q")
"""The five classes of ANSI/AAMI EC57, in the order of every array of probabilities."""


NO_BEAT = len(AAMI_CLASSES)
"""Index that the beat head answers with, beside the classes, where an R-peak is none."""


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
    """Give each symbol the index of its AAMI class.

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
    return np.array([table.get(s, -1) for s in symbols], dtype=np.int8)


def is_beat(symbols: Iterable[str]) -> NDArray[np.bool_]:
    """Tell which symbols are beats (the same ones in both mappings)."""
    return class_indices(symbols) >= 0
