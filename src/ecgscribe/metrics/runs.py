"""Run-by-run comparison: couplets, short runs and long runs, according to ANSI/AAMI EC57.

Each run of the reference looks for the longest run of the test near it (sensitivity), and each run
of the test for the longest run of the reference (positive predictivity). The numbers are those of
the program rxr of the WFDB Software Package 10.7.0; `ecgscribe.metrics.run_tracks` has its rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.metrics.arguments import check_comparable, to_samples
from ecgscribe.metrics.comparison import Ratio, mean_of_defined, none_if_nan
from ecgscribe.metrics.run_tracks import LONG, Track, tracks
from ecgscribe.record import Annotation
from ecgscribe.symbols import Mapping

__all__ = [
    "RUN_LENGTHS",
    "RunComparison",
    "RunMatrices",
    "RunRatios",
    "RunSummary",
    "compare_runs",
    "summarize_runs",
]


RUN_LENGTHS: tuple[str, ...] = ("0", "1", "2", "3", "4", "5", ">5")
"""Rows (reference) and columns (test) of a run matrix: the number of beats in a run."""


_LENGTHS = {"C": slice(2, 3), "S": slice(3, LONG), "L": slice(LONG, LONG + 1)}
"""Couplets, short and long runs by the letters of the standard, and their rows or columns."""


_Int = NDArray[np.int64]


class RunRatios(NamedTuple):
    """Sensitivities (Se) and positive predictivities (+P) of runs.

    Parameters
    ----------
    couplet_se, couplet_pp : Ratio
        Two beats.
    short_se, short_pp : Ratio
        Three to five beats.
    long_se, long_pp : Ratio
        More than five beats, and fibrillation or flutter of any length.
    """

    couplet_se: Ratio
    couplet_pp: Ratio
    short_se: Ratio
    short_pp: Ratio
    long_se: Ratio
    long_pp: Ratio


@dataclass(frozen=True, eq=False)
class RunMatrices:
    """Runs of one kind: ventricular or supraventricular.

    Parameters
    ----------
    sensitivity : ndarray of int64, shape (7, 7)
        One count per run of the reference, in the row of its length; the column is the length of
        the longest run of the test near it. Rows and columns as `RUN_LENGTHS`.
    predictivity : ndarray of int64, shape (7, 7)
        One count per run of the test, in the column of its length; the row is the length of the
        longest run of the reference near it.
    """

    sensitivity: _Int
    predictivity: _Int

    @property
    def counts(self) -> dict[str, int]:
        """The counts of EC57: CTs, CFN, CTp, CFP, STs … LFP.

        C, S and L stand for couplets, short runs and long runs; Ts are the reference's runs near
        which the test has a run of this class or longer, FN the others; Tp are the test's runs
        near which the reference has one, FP the others.
        """
        counts: dict[str, int] = {}
        for letter, lengths in _LENGTHS.items():
            least = lengths.start
            sensitivity, predictivity = self.sensitivity[lengths], self.predictivity[:, lengths]
            counts |= {
                f"{letter}Ts": int(sensitivity[:, least:].sum()),
                f"{letter}FN": int(sensitivity[:, :least].sum()),
                f"{letter}Tp": int(predictivity[least:].sum()),
                f"{letter}FP": int(predictivity[:least].sum()),
            }
        return counts

    @property
    def ratios(self) -> RunRatios:
        """Se and +P of couplets, short runs and long runs."""
        c = self.counts
        return RunRatios(
            *(
                Ratio(c[letter + hit], c[letter + hit] + c[letter + error])
                for letter in _LENGTHS
                for hit, error in (("Ts", "FN"), ("Tp", "FP"))
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """Return matrices, counts and ratios as JSON types; None where a ratio is undefined."""
        return {
            "lengths": list(RUN_LENGTHS),
            "sensitivity": self.sensitivity.tolist(),
            "predictivity": self.predictivity.tolist(),
            "counts": self.counts,
        } | {key: ratio.to_dict() for key, ratio in self.ratios._asdict().items()}


@dataclass(frozen=True, eq=False)
class RunComparison:
    """How the runs of a test annotation compare with those of the reference.

    Parameters
    ----------
    name : str
        Name of the record.
    ventricular : RunMatrices
        Runs of V and F.
    supraventricular : RunMatrices
        Runs of S.
    """

    name: str
    ventricular: RunMatrices
    supraventricular: RunMatrices

    def to_dict(self) -> dict[str, Any]:
        """Return both kinds as JSON types."""
        return {
            "ventricular": self.ventricular.to_dict(),
            "supraventricular": self.supraventricular.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class RunSummary:
    """The runs of a set of records; gross ratios are those of the summed matrices.

    Parameters
    ----------
    comparisons : tuple of RunComparison
        One per record.
    ventricular, supraventricular : RunMatrices
        Sums of the records' matrices.
    ventricular_average, supraventricular_average : dict of str to float
        Mean of each of the `RunRatios`, 0 to 1, over the records where it is defined.
    """

    comparisons: tuple[RunComparison, ...]
    ventricular: RunMatrices
    supraventricular: RunMatrices
    ventricular_average: dict[str, float]
    supraventricular_average: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return records, gross and average as JSON types; None where a value is undefined."""
        averages = {
            "ventricular": self.ventricular_average,
            "supraventricular": self.supraventricular_average,
        }
        return {
            "records": [{"record": c.name} | c.to_dict() for c in self.comparisons],
            "gross": {
                "ventricular": self.ventricular.to_dict(),
                "supraventricular": self.supraventricular.to_dict(),
            },
            "average": {
                kind: {key: none_if_nan(value) for key, value in average.items()}
                for kind, average in averages.items()
            },
        }


def compare_runs(
    reference: Annotation,
    test: Annotation,
    *,
    start: float = 300.0,
    window: float = 0.15,
    mapping: Mapping = "ec57",
) -> RunComparison:
    """Compare the runs of two annotations of one recording.

    A run is a sequence of V and F, or of S; in atrial fibrillation or flutter normal beats count
    as S. Any other beat ends it. Ventricular and atrial fibrillation or flutter count as long
    runs. To swap reference and test transposes and swaps the two matrices.

    Parameters
    ----------
    reference, test : Annotation
        The annotations: beats, rhythms (``+``), ``[`` and ``]``, and lost signal (``~``).
    start : float
        Where the comparison begins, in seconds: beats before it belong to no run. The standard
        allows 5 minutes of learning.
    window : float
        How far before the first and after the last beat of a run the other annotation's run is
        looked for, in seconds; rounded to whole samples.
    mapping : {"ec57", "literature"}
        Table from symbols to classes, for both annotations.

    Returns
    -------
    RunComparison

    Raises
    ------
    FormatError
        If the two annotations differ in sampling frequency.
    ValueError
        If `start` or `window` is out of range.
    """
    check_comparable(reference, test, start=start, window=window)
    begin, margin = to_samples(start, reference.fs), to_samples(window, reference.fs)
    expected, detected = tracks(reference, mapping=mapping), tracks(test, mapping=mapping)
    ventricular, supraventricular = (
        RunMatrices(
            sensitivity=_lengths(expected[kind], detected[kind], begin, margin),
            predictivity=_lengths(detected[kind], expected[kind], begin, margin).T,
        )
        for kind in ("V", "S")
    )
    return RunComparison(reference.name, ventricular, supraventricular)


def _lengths(track: Track, other: Track, start: int, margin: int) -> _Int:
    """Count the runs of a track by length and by the longest run of the other near them."""
    matrix = np.zeros((len(RUN_LENGTHS),) * 2, dtype=np.int64)
    longest = cache(other.longest)  # any number of runs may be in one place
    for run in track.runs(start):
        begin = run.first - margin
        # After an onset of fibrillation that another beat follows at once the window is empty:
        # then only fibrillation that the other annotation has at its first sample counts.
        end = begin if run.last is None else run.last + margin
        matrix[min(run.length, LONG), longest(begin, end)] += 1
    return matrix


def summarize_runs(comparisons: Iterable[RunComparison]) -> RunSummary:
    """Summarize the runs of a set of records by gross and average ratios.

    Parameters
    ----------
    comparisons : iterable of RunComparison
        One per record; without records the matrices are zero and the averages are NaN.

    Returns
    -------
    RunSummary
    """
    every = tuple(comparisons)
    ventricular = [c.ventricular for c in every]
    supraventricular = [c.supraventricular for c in every]
    return RunSummary(
        every,
        _sum(ventricular),
        _sum(supraventricular),
        _mean(ventricular),
        _mean(supraventricular),
    )


def _sum(parts: list[RunMatrices]) -> RunMatrices:
    zero = np.zeros((len(RUN_LENGTHS),) * 2, dtype=np.int64)
    return RunMatrices(
        sum((p.sensitivity for p in parts), zero), sum((p.predictivity for p in parts), zero)
    )


def _mean(parts: list[RunMatrices]) -> dict[str, float]:
    every = [p.ratios for p in parts]
    return {
        key: mean_of_defined(r[k].value for r in every) for k, key in enumerate(RunRatios._fields)
    }
