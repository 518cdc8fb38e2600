"""Annotations as objects of other packages: wfdb and MNE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ecgscribe.errors import EcgScribeError

if TYPE_CHECKING:
    import wfdb

    from ecgscribe.record import Annotation

__all__ = ["to_mne", "to_wfdb"]


def to_wfdb(annotation: Annotation, extension: str) -> wfdb.Annotation:
    """Return annotations as the wfdb package holds them; see `Annotation.to_wfdb`."""
    import wfdb

    return wfdb.Annotation(
        record_name=annotation.name,
        extension=extension,
        sample=annotation.sample.copy(),
        symbol=annotation.symbol.tolist(),
        subtype=annotation.subtype.copy(),
        chan=np.zeros(len(annotation), dtype=np.int64),
        num=np.zeros(len(annotation), dtype=np.int64),
        aux_note=annotation.aux_note.tolist(),
        fs=annotation.fs,
    )


def to_mne(annotation: Annotation) -> Any:
    """Return annotations as MNE holds them; see `Annotation.to_mne`."""
    try:
        import mne
    except ModuleNotFoundError as error:
        raise EcgScribeError(
            "expected the package mne, cannot import it; install it (pip install mne)"
        ) from error
    other = annotation.select(annotation.symbol != "+")
    spans = annotation.rhythms
    onset = [*other.time.tolist(), *(span.begin / annotation.fs for span in spans)]
    length = [0.0] * len(other) + [(span.end - span.begin) / annotation.fs for span in spans]
    return mne.Annotations(
        onset=onset,
        duration=length,
        description=[*other.symbol.tolist(), *(span.kind for span in spans)],
        orig_time=None,
    )
