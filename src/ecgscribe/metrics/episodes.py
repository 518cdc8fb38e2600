"""Episodes and durations of fibrillation or flutter, according to ANSI/AAMI EC57.

The numbers are those of the program epicmp (options -A and -V) of the WFDB Software Package 10.7.0.
The standard leaves open how much two episodes must overlap, and which rhythms count; a comment next
to the code explains what that program does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from ecgscribe.metrics.arguments import check_comparable, to_samples
from ecgscribe.metrics.comparison import Ratio, mean_of_defined, none_if_nan
from ecgscribe.metrics.switches import Spans, flutter_switches, rhythm_name, rhythm_switches
from ecgscribe.record import Annotation

__all__ = [
    "EpisodeComparison",
    "EpisodeKind",
    "EpisodeRatios",
    "EpisodeSummary",
    "compare_episodes",
    "flutter_as_fibrillation",
    "summarize_episodes",
]


EpisodeKind = Literal["AF", "VF"]
"""Atrial fibrillation, or ventricular flutter or fibrillation."""


class EpisodeRatios(NamedTuple):
    """Sensitivities (Se) and positive predictivities (+P) of episodes.

    Parameters
    ----------
    episode_se, episode_pp : Ratio
        Share of the reference's episodes that the test overlaps; share of the test's episodes
        that the reference overlaps.
    duration_se, duration_pp : Ratio
        Share of the time in episodes of the reference, and of the test, that is in both; in
        samples.
    """

    episode_se: Ratio
    episode_pp: Ratio
    duration_se: Ratio
    duration_pp: Ratio


@dataclass(frozen=True)
class EpisodeComparison:
    """How the episodes of a test annotation compare with those of the reference.

    Parameters
    ----------
    name : str
        Name of the record.
    kind : {"AF", "VF"}
        What the episodes are.
    fs : float
        Sampling frequency in Hz.
    reference_hits, reference_episodes : int
        Episodes of the reference: those that the test overlaps, and all.
    test_hits, test_episodes : int
        Episodes of the test: those that the reference overlaps, and all.
    overlap, reference_samples, test_samples : int
        Duration of what is in episodes of both, of the reference and of the test, in samples.
    """

    name: str
    kind: EpisodeKind
    fs: float
    reference_hits: int = 0
    reference_episodes: int = 0
    test_hits: int = 0
    test_episodes: int = 0
    overlap: int = 0
    reference_samples: int = 0
    test_samples: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts of EC57: TPs and FN of the reference's episodes, TPp and FP of the test's."""
        return {
            "TPs": self.reference_hits,
            "FN": self.reference_episodes - self.reference_hits,
            "TPp": self.test_hits,
            "FP": self.test_episodes - self.test_hits,
        }

    @property
    def seconds(self) -> dict[str, float]:
        """Duration of the overlap, of the reference's and of the test's episodes, in seconds."""
        return {
            "overlap": self.overlap / self.fs,
            "reference": self.reference_samples / self.fs,
            "test": self.test_samples / self.fs,
        }

    @property
    def ratios(self) -> EpisodeRatios:
        """Se and +P of episodes and of durations."""
        return EpisodeRatios(
            Ratio(self.reference_hits, self.reference_episodes),
            Ratio(self.test_hits, self.test_episodes),
            Ratio(self.overlap, self.reference_samples),
            Ratio(self.overlap, self.test_samples),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return counts, durations and ratios as JSON types; None where a ratio is undefined."""
        return {
            "fs": self.fs,
            "counts": self.counts,
            "seconds": self.seconds,
        } | {key: ratio.to_dict() for key, ratio in self.ratios._asdict().items()}


@dataclass(frozen=True)
class EpisodeSummary:
    """The episodes of a set of records.

    Parameters
    ----------
    comparisons : tuple of EpisodeComparison
        One per record.
    gross : EpisodeComparison
        Sums of the records' counts and durations.
    average : dict of str to float
        Mean of each of the `EpisodeRatios`, 0 to 1, over the records where it is defined.
    """

    comparisons: tuple[EpisodeComparison, ...]
    gross: EpisodeComparison
    average: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return records, gross and average as JSON types; None where a value is undefined."""
        return {
            "records": [{"record": c.name} | c.to_dict() for c in self.comparisons],
            "gross": self.gross.to_dict(),
            "average": {key: none_if_nan(value) for key, value in self.average.items()},
        }


def compare_episodes(
    reference: Annotation,
    test: Annotation,
    *,
    kind: EpisodeKind,
    start: float = 300.0,
    n_samples: int | None = None,
) -> EpisodeComparison:
    """Compare the episodes of two annotations of one recording.

    An episode of atrial fibrillation lasts from a ``+`` with ``(AFIB`` to one with another rhythm,
    one of ventricular flutter or fibrillation from ``[`` to ``]``. To swap reference and test swaps
    Se and +P.

    Parameters
    ----------
    reference, test : Annotation
        The annotations; beats are ignored.
    kind : {"AF", "VF"}
        Which episodes.
    start : float
        Where the comparison begins, in seconds. The standard allows 5 minutes of learning. Of an
        episode across the start, the part after it counts.
    n_samples : int, optional
        Length of the recording, where an episode ends that has no end; by default, the last
        annotation of either.

    Returns
    -------
    EpisodeComparison

    Raises
    ------
    FormatError
        If the two annotations differ in sampling frequency.
    ValueError
        If `start` is out of range.
    """
    check_comparable(reference, test, start=start)
    begin = to_samples(start, reference.fs)
    last = max((int(a.sample[-1]) for a in (reference, test) if len(a)), default=0)
    end = last if n_samples is None else n_samples
    expected, detected = (_episodes(a, kind).clip(begin, end) for a in (reference, test))
    # Samples that each episode of the reference (rows) shares with each of the test (columns).
    shared = np.minimum(expected.stop[:, None], detected.stop) - np.maximum(
        expected.first[:, None], detected.first
    )
    # One common sample is enough for a hit.
    shared = np.maximum(shared, 0)
    return EpisodeComparison(
        name=reference.name,
        kind=kind,
        fs=reference.fs,
        reference_hits=int(shared.any(axis=1).sum()),
        reference_episodes=len(expected.first),
        test_hits=int(shared.any(axis=0).sum()),
        test_episodes=len(detected.first),
        overlap=int(shared.sum()),
        reference_samples=int((expected.stop - expected.first).sum()),
        test_samples=int((detected.stop - detected.first).sum()),
    )


def _episodes(annotation: Annotation, kind: EpisodeKind) -> Spans:
    # Atrial flutter ends an episode of atrial fibrillation, and a `+` with (VFL begins none of
    # ventricular flutter. (For runs, see `run_tracks`, it is the other way round.)
    return rhythm_switches(annotation, {"AFIB"}) if kind == "AF" else flutter_switches(annotation)


def flutter_as_fibrillation(annotation: Annotation) -> Annotation:
    """Return an annotation in which atrial flutter has the note of fibrillation.

    The standard's program counts fibrillation alone. The model recognises both as one, and then
    calls a part of that flutter: with this, all of it counts.

    Parameters
    ----------
    annotation : Annotation

    Returns
    -------
    Annotation
    """
    is_flutter = [rhythm_name(note) == "AFL" for note in annotation.aux_note.tolist()]
    return replace(annotation, aux_note=np.where(is_flutter, "(AFIB", annotation.aux_note))


def summarize_episodes(comparisons: Iterable[EpisodeComparison]) -> EpisodeSummary:
    """Summarize the episodes of a set of records by gross and average ratios.

    Parameters
    ----------
    comparisons : iterable of EpisodeComparison
        One per record, at least one, all of one kind and sampling frequency.

    Returns
    -------
    EpisodeSummary

    Raises
    ------
    ValueError
        If there is no comparison, or they differ in kind or sampling frequency.
    """
    every = tuple(comparisons)
    if len({(c.kind, c.fs) for c in every}) != 1:
        found = ", ".join(sorted({f"{c.kind} at {c.fs:g} Hz" for c in every})) or "none"
        raise ValueError(
            f"expected episodes of one kind and sampling frequency, found {found}; "
            "summarize each apart"
        )
    sums = {
        field: sum(getattr(c, field) for c in every)
        for field in (
            "reference_hits", "reference_episodes", "test_hits", "test_episodes",
            "overlap", "reference_samples", "test_samples",
        )
    }  # fmt: skip
    ratios = [c.ratios for c in every]
    return EpisodeSummary(
        comparisons=every,
        gross=replace(every[0], name="gross", **sums),
        average={
            key: mean_of_defined(r[k].value for r in ratios)
            for k, key in enumerate(EpisodeRatios._fields)
        },
    )
