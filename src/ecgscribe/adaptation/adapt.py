"""Adapt the annotation of a recording to corrections, and choose the beat to ask about next."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.adaptation.asking import beat_to_ask
from ecgscribe.adaptation.places import place_beats
from ecgscribe.adaptation.posterior import Labels, adapt_probability, prior
from ecgscribe.errors import FormatError
from ecgscribe.metrics.ec57 import compare
from ecgscribe.record import Annotation, LazyRecord, Record, check_within
from ecgscribe.signal.conditioning import Conditioner
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS

__all__ = ["Patient", "corrections_from"]


Corrections = Mapping[int, str]
"""Class (N, S, V, F or Q) by the sample of the annotated beat."""


@dataclass(frozen=True, eq=False)
class Patient:
    """A recording and what a model annotated in it, ready to be adapted to corrections.

    Nothing here changes: each call takes all corrections so far, so that taking one back, or all,
    is calling without it.

    Parameters
    ----------
    annotation : Annotation
        As the model made it.
    place : ndarray of float64, shape (n_beats, n_dimensions)
        See `ecgscribe.adaptation.places.place_beats`.
    """

    annotation: Annotation
    place: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        record: Record | LazyRecord,
        annotation: Annotation,
        *,
        leads: Sequence[str | int] | None = None,
    ) -> Patient:
        """Read the beats of a recording once.

        Parameters
        ----------
        record : Record or LazyRecord
            The recording; it is read part by part.
        annotation : Annotation
            Its annotation, as `ecgscribe.annotate` returns it.
        leads : sequence of str or int, optional
            As for `ecgscribe.annotate`.

        Raises
        ------
        FormatError
            If the annotation has no probabilities, or is not of this recording.
        """
        if annotation.fs != record.fs:
            raise FormatError(
                f"annotation {annotation.name}: expected {record.fs:g} Hz as in the recording, "
                f"found {annotation.fs:g} Hz; take the annotation of this record"
            )
        check_within(annotation, record)
        conditioner = Conditioner.for_record(record, leads=leads)
        return cls(annotation, place_beats(conditioner, annotation.beats()))

    def adapt(self, corrections: Corrections) -> Annotation:
        """Return the annotation with the classes that follow from the corrections.

        Parameters
        ----------
        corrections : mapping of int to str
            Class (N, S, V, F or Q) of beats that a person has looked at, also of those that the
            model was right about, by their sample.

        Returns
        -------
        Annotation
            With the same beats, of which the corrected ones have the class they were given.
            Without corrections, the annotation itself.

        Raises
        ------
        FormatError
            If there is no beat at a sample, or no such class.
        """
        labels = self._labels(corrections)
        if not labels:
            return self.annotation
        beats = self.annotation.beats()
        adapted = adapt_probability(self.place, prior(beats), labels)
        is_beat = self.annotation.class_index >= 0
        symbol = self.annotation.symbol.copy()
        symbol[is_beat] = CLASS_SYMBOLS[adapted.argmax(axis=1)]
        probability = np.array(self.annotation.probability)
        probability[is_beat] = adapted
        return dataclasses.replace(self.annotation, symbol=symbol, probability=probability)

    def next_beat(self, corrections: Corrections, *, skipped: Collection[int] = ()) -> int | None:
        """Return the sample of the beat that is most worth asking about next.

        Parameters
        ----------
        corrections : mapping of int to str
            Those so far; see `adapt`.
        skipped : collection of int
            Samples of beats not to ask about: false detections, and those that nobody can tell.

        Returns
        -------
        int or None
            None if all other beats have a class from a person.

        Raises
        ------
        FormatError
            As for `adapt`.
        """
        labels = self._labels(corrections)
        beats = self.annotation.beats()
        probability = np.nan_to_num(np.asarray(beats.probability, dtype=np.float64))
        out = np.flatnonzero(np.isin(beats.sample, list(skipped))).tolist()
        index = beat_to_ask(self.place, probability, labels, skipped=out)
        return None if index is None else int(beats.sample[index])

    def _labels(self, corrections: Corrections) -> Labels:
        """Return the index of each corrected beat with that of its class."""
        index = {sample: k for k, sample in enumerate(self.annotation.beats().sample.tolist())}
        for sample, name in corrections.items():
            if sample not in index:
                raise FormatError(
                    f"{self.annotation.name}: expected the sample of an annotated beat, found "
                    f"{sample}; correct beats of the model's annotation"
                )
            if name not in AAMI_CLASSES:
                raise FormatError(
                    f"{self.annotation.name}: expected a class ({', '.join(AAMI_CLASSES)}), "
                    f"found {name}; name one of those"
                )
        return {index[s]: AAMI_CLASSES.index(name) for s, name in corrections.items()}


def corrections_from(
    annotation: Annotation, reference: Annotation, *, end: float | None = None
) -> dict[int, str]:
    """Return the corrections that reference annotations amount to.

    Parameters
    ----------
    annotation : Annotation
        The model's.
    reference : Annotation
        Of a person, of the same recording.
    end : float, optional
        Seconds from the start; later beats are left out. By default all are taken.

    Returns
    -------
    dict of int to str
        Class in the reference by sample in `annotation`, of each beat that is in both, also where
        they agree.

    Raises
    ------
    FormatError
        If the two differ in sampling frequency.
    """
    pairs = compare(reference, annotation, start=0).pairs
    both = (pairs.reference_index >= 0) & (pairs.test_index >= 0)
    beats = annotation.beats()
    sample = beats.sample[pairs.test_index[both]].tolist()
    of_class = reference.beats().class_index[pairs.reference_index[both]].tolist()
    last = np.inf if end is None else end * annotation.fs
    return {s: AAMI_CLASSES[k] for s, k in zip(sample, of_class, strict=True) if s < last}
