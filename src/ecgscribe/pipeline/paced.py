"""The classes of a paced recording: a beat that is not V is a paced one."""

from __future__ import annotations

import dataclasses

import numpy as np

from ecgscribe.pipeline.candidates import ClassifiedCandidates
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["as_paced_beats"]


_Q = AAMI_CLASSES.index("Q")
_NOT_JUDGED = [AAMI_CLASSES.index(name) for name in "NSF"]


def as_paced_beats(beats: ClassifiedCandidates) -> ClassifiedCandidates:
    """Add the probabilities of N, S and F to that of Q.

    The model was not trained on paced beats: that one is early, or like others, says nothing. A
    beat that looks ventricular stays V, as it may be.

    Parameters
    ----------
    beats : ClassifiedCandidates
        Of a recording whose patient has a pacemaker.

    Returns
    -------
    ClassifiedCandidates
    """
    probability = beats.class_probability.copy()
    probability[:, _Q] += probability[:, _NOT_JUDGED].sum(axis=1, dtype=np.float32)
    probability[:, _NOT_JUDGED] = 0
    return dataclasses.replace(beats, class_probability=probability)
