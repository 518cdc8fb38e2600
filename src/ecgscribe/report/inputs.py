"""What a report is made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgscribe.analysis.measures import Measures, measure
from ecgscribe.analysis.paced import as_paced
from ecgscribe.analysis.rr_intervals import PAUSE_S
from ecgscribe.metrics.rhythm_spans import named_rhythms
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.wording import TimeEntry, time_entry

if TYPE_CHECKING:
    from ecgscribe.report.paper_rows import Row
    from ecgscribe.report.strips import Strip

__all__ = ["ReportInputs", "report_inputs"]


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
    strips : tuple of Strip
        What is shown on paper, in order.
    classes_withheld : bool
        Whether the recording is paced and its annotations are a model's, see
        `ecgscribe.analysis.paced`.
    """

    record: LazyRecord
    annotation: Annotation
    columns: Sequence[int]
    measures: Measures
    strips: tuple[Strip, ...] = ()
    classes_withheld: bool = False

    @property
    def unreadable_s(self) -> NDArray[np.float64]:
        """The unreadable spans in seconds, shape (m, 2)."""
        return self.measures.unreadable / self.record.fs

    def time_entry(self, seconds: float) -> TimeEntry:
        """Write a time, in seconds from the start of the recording."""
        shown = (k for k, strip in enumerate(self.strips, start=1) if strip.shows(seconds))
        return time_entry(seconds, start=self.record.start, strip=next(shown, None))

    def strip_of(self, beats: Iterable[range], class_name: str) -> int | None:
        """Return the number of the first strip of exactly some beats, of one class.

        Parameters
        ----------
        beats : iterable of range
            Positions in the beat series; a strip of any of these is one.
        class_name : str

        Returns
        -------
        int or None
            None if there is no such strip.
        """
        wanted = set(beats)
        shown = (
            k
            for k, strip in enumerate(self.strips, start=1)
            if strip.compares and strip.class_name == class_name and strip.beats in wanted
        )
        return next(shown, None)

    def strip_titled(self, title: str) -> int | None:
        """Return the number of the first strip of a title; None if there is none."""
        shown = (k for k, strip in enumerate(self.strips, start=1) if strip.title == title)
        return next(shown, None)

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

    def rate_on_paper(self, rows: Iterable[Row]) -> float | None:
        """Return the mean heart rate on rows of paper, from the intervals inside them."""
        beats = self.measures.beats
        rr: list[float] = []
        for begin, end in rows:
            inside = (beats.time >= begin) & (beats.time < end) & beats.has_rr
            inside[1:] &= beats.time[:-1] >= begin
            rr += beats.rr[inside].tolist()
        return 60.0 * len(rr) / sum(rr) if rr else None


def report_inputs(
    record: LazyRecord,
    annotation: Annotation,
    columns: Sequence[int],
    *,
    pause_s: float = PAUSE_S,
) -> ReportInputs:
    """Measure a recording for its report.

    Parameters
    ----------
    record : LazyRecord
    annotation : Annotation
        In samples of the recording. What a model made of a paced one is changed as by
        `ecgscribe.analysis.paced.as_paced`.
    columns : sequence of int
        Leads to show.
    pause_s : float
        Seconds that a pause exceeds.

    Returns
    -------
    ReportInputs
        Without strips.
    """
    withheld = record.paced and annotation.probability is not None
    if withheld:
        annotation = as_paced(annotation)
    rhythms = named_rhythms(annotation, record.n_samples)
    measures = measure(record, annotation, columns, rhythms=rhythms, pause_s=pause_s)
    return ReportInputs(record, annotation, columns, measures, classes_withheld=withheld)
