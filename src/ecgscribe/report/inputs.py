"""What a report is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.measures import Measures
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.wording import TimeEntry, time_entry

__all__ = ["ReportInputs"]


@dataclass(frozen=True, eq=False)
class ReportInputs:
    """A recording, its annotations and their measures.

    Parameters
    ----------
    record : LazyRecord
    annotation : Annotation
        In samples of the recording.
    columns : sequence of int
        Leads to show.
    measures : Measures
    """

    record: LazyRecord
    annotation: Annotation
    columns: Sequence[int]
    measures: Measures

    def time_entry(self, seconds: float) -> TimeEntry:
        """Write a time, in seconds from the start of the recording."""
        return time_entry(seconds, start=self.record.start)

    def probabilities(self, beats: range, class_index: int) -> NDArray[np.float32] | None:
        """Return the probability of a class for those of some beats that are of it.

        Parameters
        ----------
        beats : range
            Positions in the beat series.
        class_index : int

        Returns
        -------
        ndarray of float32, shape (n,), or None
            None if the annotations contain no probabilities.
        """
        if self.annotation.probability is None:
            return None
        series, positions = self.measures.beats, np.array(beats, dtype=np.int64)
        of_class = positions[series.class_index[positions] == class_index]
        return np.asarray(self.annotation.probability[series.index[of_class], class_index])
