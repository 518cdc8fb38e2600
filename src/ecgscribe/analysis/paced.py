"""Paced recordings: their beats are counted, their classes and noise are not judged.

The model was not trained on paced beats. It doubts them, and so calls clean paced rhythm noise and
its beats ectopic.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ecgscribe.quality_annotations import decode_subtype, encode_subtype
from ecgscribe.record import Annotation
from ecgscribe.symbols import PACED

__all__ = ["as_paced"]


def as_paced(annotation: Annotation) -> Annotation:
    """Return the model's annotation of a paced recording without what it cannot judge there.

    Parameters
    ----------
    annotation : Annotation
        By a model.

    Returns
    -------
    Annotation
        Every beat is a paced one, without probabilities of classes, and none is in noise. Where
        leads are lost, they are lost.
    """
    is_beat, is_quality = annotation.class_index >= 0, annotation.symbol == "~"
    subtype = annotation.subtype.copy()
    subtype[is_quality] = encode_subtype(decode_subtype(subtype[is_quality]).lost)
    return dataclasses.replace(
        annotation,
        symbol=np.where(is_beat, PACED, annotation.symbol),
        subtype=subtype,
        probability=None,
        quality=None,
    )
