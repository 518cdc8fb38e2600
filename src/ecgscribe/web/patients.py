"""What a reviewer's labels say about the other beats of an open recording."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import numpy as np

from ecgscribe.adaptation.adapt import Patient
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.web.adapting import adaptation_of, labels_of, last_adaptation
from ecgscribe.web.review import Opened

__all__ = ["Patients"]


_MOST_KEPT = 4
"""Recordings whose beats are kept in memory; those of others are loaded again when needed."""


class Patients:
    """Adapts open recordings; the beats of each are read once, before anybody asks."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Opened, Patient]] = OrderedDict()
        self._lock = threading.Lock()

    def adaptation(self, opened: Opened, reviewer: str) -> dict[str, Any]:
        """Return the content of the edit that adapts a recording to a reviewer's labels so far.

        Raises
        ------
        FormatError
            If the reviewer has labelled no beat of the model.
        """
        labels, _ = labels_of(opened.base, opened.edits.edits(reviewer))
        if not labels:
            raise FormatError(
                f"{opened.record.name}: expected beats that {reviewer} labelled, found none; "
                "label some first"
            )
        after = self._of(opened).adapt(labels)
        return adaptation_of(opened.base, after, len(labels))

    def question(self, opened: Opened, reviewer: str) -> dict[str, Any]:
        """Return the beat most worth asking about, and how many are labelled.

        Beats in noise, and those that the reviewer deleted or moved, are not asked about.

        Returns
        -------
        dict
            ``sample``, None if no beat is left; ``labels``, ``adapted``: how many labels there
            are, and how many the adaptation that counts was made from.
        """
        edits = opened.edits.edits(reviewer)
        labels, removed = labels_of(opened.base, edits)
        beats = opened.base.beats()
        skipped = removed.union(beats.sample[~np.asarray(beats.readable)].tolist())
        sample = self._of(opened).next_beat(labels, skipped=skipped)
        adaptation = last_adaptation(edits)
        return {
            "sample": sample,
            "labels": len(labels),
            "adapted": 0 if adaptation is None else adaptation["labels"],
        }

    def prepare(self, opened: Opened) -> None:
        """Read the beats of a recording that is annotated, so that adapting it takes no time."""
        if opened.state.is_ready:
            with suppress(EcgScribeError, OSError):  # whoever adapts it then reads why not
                self._of(opened)

    def _of(self, opened: Opened) -> Patient:
        with self._lock:
            if id(opened) in self._kept:
                self._kept.move_to_end(id(opened))
                return self._kept[id(opened)][1]
        patient = opened.patient()
        with self._lock:
            self._kept[id(opened)] = opened, patient
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return patient
