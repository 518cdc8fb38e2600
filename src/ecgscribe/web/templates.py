"""Templates in the viewer: each beat in a bin by its class and its shape in one lead."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.beat_bins import OTHER, Shapes, bin_beats, find_shapes
from ecgscribe.errors import FormatError
from ecgscribe.record import LazyRecord
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.web.changes import Reviewed
from ecgscribe.web.edits import EditFile

__all__ = ["BeatShapes", "templates"]


class BeatShapes:
    """The shape of every beat of a recording in each lead, found once and stored.

    Edits leave the shapes as they are; a beat that a reviewer adds is compared with them.

    Parameters
    ----------
    record : LazyRecord
    edits : EditFile
        Where they are stored.
    name : str
        What the annotation is stored as.
    samples : ndarray of int64, shape (n,)
        Beats of the annotation.
    """

    def __init__(
        self, record: LazyRecord, edits: EditFile, name: str, samples: NDArray[np.int64]
    ) -> None:
        self._record, self._edits, self._name = record, edits, name
        self._samples = samples
        self._lock = threading.Lock()
        self._found: dict[int, tuple[Shapes, dict[int, int]]] = {}

    def of_beats(self, samples: NDArray[np.int64], lead: int) -> tuple[Shapes, NDArray[np.int16]]:
        """Return the shapes in a lead, and that of each of some beats.

        Parameters
        ----------
        samples : ndarray of int64, shape (n,)
        lead : int

        Returns
        -------
        shapes : Shapes
        bins : ndarray of int16, shape (n,)
            Index of each shape, or `ecgscribe.analysis.beat_bins.OTHER`.
        """
        with self._lock:
            if lead not in self._found:
                shapes, bins = self._of_lead(lead)
                self._found[lead] = (
                    shapes,
                    dict(zip(self._samples.tolist(), bins.tolist(), strict=True)),
                )
            shapes, known = self._found[lead]
            listed = samples.tolist()
            new = np.array([s for s in listed if s not in known], np.int64)
            known.update(
                zip(new.tolist(), bin_beats(self._record, new, shapes).tolist(), strict=True)
            )
            return shapes, np.array([known[s] for s in listed], np.int16)

    def _of_lead(self, lead: int) -> tuple[Shapes, NDArray[np.int16]]:
        name = f"shapes {lead} of {self._name}"
        stored = self._edits.arrays(name)
        if stored is not None:
            return Shapes(stored["waves"], float(stored["fs"]), (lead,)), stored["bins"]
        shapes, bins = find_shapes(self._record, self._samples, (lead,))
        arrays = {"waves": shapes.waves, "fs": np.array(shapes.fs), "bins": bins}
        with suppress(FormatError):  # a folder that is read only: they are found anew next time
            self._edits.store_arrays(name, arrays)
        return shapes, bins


def templates(shapes: BeatShapes, reviewed: Reviewed, lead: int) -> dict[str, Any]:
    """List the bins of the beats.

    Parameters
    ----------
    shapes : BeatShapes
    reviewed : Reviewed
    lead : int

    Returns
    -------
    dict
        ``lead``; ``fs`` of the waves; ``bins``, each with ``class``, ``name``, ``count`` and
        ``wave`` in mV, None for the beats that resemble few others; ``bin``, of each beat the
        position of its bin.
    """
    annotation = reviewed.annotation
    chosen = annotation.select(annotation.class_index >= 0)
    found, shape = shapes.of_beats(chosen.sample, lead)
    # One number per class and shape; in each class the most frequent first, those of no shape last.
    n_shapes = len(found.waves)
    place = np.where(shape == OTHER, n_shapes, shape)
    code = chosen.class_index.astype(np.int64) * (n_shapes + 1) + place
    codes, index, counts = np.unique(code, return_inverse=True, return_counts=True)
    is_other = codes % (n_shapes + 1) == n_shapes
    order = np.lexsort((-counts, is_other, codes // (n_shapes + 1)))
    bins = []
    for value, count in zip(codes[order].tolist(), counts[order].tolist(), strict=True):
        class_index, k = divmod(value, n_shapes + 1)
        name = AAMI_CLASSES[class_index]
        wave = None if k == n_shapes else np.round(found.waves[k, :, 0], 4).tolist()
        letter = "other" if wave is None else chr(ord("a") + k)
        bins.append({"class": name, "name": f"{name} {letter}", "count": count, "wave": wave})
    return {"lead": lead, "fs": found.fs, "bins": bins, "bin": np.argsort(order)[index].tolist()}
