"""Count false ectopy, and compare runs and episodes, where beats are marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ecgscribe.evaluation.counts import Count
from ecgscribe.evaluation.groups import Compared, Scored
from ecgscribe.evaluation.results import PER_1000
from ecgscribe.metrics.episodes import EpisodeKind, compare_episodes, flutter_as_fibrillation
from ecgscribe.metrics.false_ectopy import LIMIT_PER_1000, PLACES, PREDICTED, false_ectopy, per_1000
from ecgscribe.metrics.runs import compare_runs

__all__ = ["beat_counts", "episode_counts", "false_ectopy_counts", "run_counts"]


_RUNS = {"couplet": "couplets", "short": "short runs (3 to 5)", "long": "long runs (more than 5)"}
_KINDS: tuple[tuple[EpisodeKind, str], ...] = (
    ("AF", "atrial fibrillation"),
    ("VF", "ventricular flutter or fibrillation"),
)


def beat_counts(compared: Sequence[Compared], *, window: float) -> Iterator[Count]:
    """Count false ectopy, and compare runs and episodes, from 0:00.

    Parameters
    ----------
    compared : sequence of Compared
        One per record, at least one; with `literature` classes, from 0:00.
    window : float
        Largest distance of two beats that match, in s.

    Yields
    ------
    Count
    """
    items = [c.scored for c in compared]
    yield from false_ectopy_counts(compared)
    yield from run_counts(items, window=window)
    yield from episode_counts(items)


def run_counts(items: Sequence[Scored], *, window: float) -> Iterator[Count]:
    """Compare runs of V and of S, from 0:00; see `ecgscribe.metrics.runs.compare_runs`.

    Parameters
    ----------
    items : sequence of Scored
        One per record.
    window : float
        See `beat_counts`.

    Yields
    ------
    Count
        Se and +P of couplets, short and long runs.
    """
    compared = [compare_runs(i.reference, i.test, start=0, window=window) for i in items]
    for kind, symbol in (("ventricular", "V"), ("supraventricular", "S")):
        ratios = [getattr(comparison, kind).ratios for comparison in compared]
        for length, title in _RUNS.items():
            yield from _se_and_pp(ratios, length, f"{title} of {symbol}")


def episode_counts(items: Sequence[Scored]) -> Iterator[Count]:
    """Compare episodes of fibrillation and flutter, from 0:00.

    Parameters
    ----------
    items : sequence of Scored
        One per record.

    Yields
    ------
    Count
        Se and +P of episodes, and of their duration in s; see
        `ecgscribe.metrics.episodes.compare_episodes`. Atrial flutter of the test annotation counts
        as fibrillation.
    """
    for kind, title in _KINDS:
        compared = [
            compare_episodes(
                i.reference,
                flutter_as_fibrillation(i.test),
                kind=kind,
                start=0,
                n_samples=i.n_samples,
            )
            for i in items
        ]
        ratios, seconds = [c.ratios for c in compared], [1 / c.fs for c in compared]
        yield from _se_and_pp(ratios, "episode", f"episodes of {title}")
        yield from _se_and_pp(ratios, "duration", f"duration of {title}", scale=seconds)


def _se_and_pp(
    ratios: Sequence[Any], name: str, of: str, *, scale: Sequence[float] | None = None
) -> Iterator[Count]:
    """Return the Se and the +P of that name in the ratios of each record."""
    factor = np.ones(len(ratios)) if scale is None else np.asarray(scale)
    for measure, suffix in (("Se", "se"), ("+P", "pp")):
        own = [getattr(of_record, f"{name}_{suffix}") for of_record in ratios]
        hits, total = np.array([(ratio.hits, ratio.total) for ratio in own], dtype=np.float64).T
        yield Count(measure, of, hits * factor, total * factor)


def false_ectopy_counts(compared: Sequence[Compared]) -> Iterator[Count]:
    """Count the N beats that are classified as S, V or F.

    Parameters
    ----------
    compared : sequence of Compared
        See `beat_counts`.

    Yields
    ------
    Count
        Per 1,000 N, of all beats and of those in noise, in all and by class; then the share of
        records above `LIMIT_PER_1000`.
    """
    tables = np.stack(
        [
            false_ectopy(
                c.comparison, c.scored.reference, c.scored.test, n_samples=c.scored.n_samples
            )
            for c in compared
        ]
    )
    for place, name in enumerate(PLACES):
        of = "N" if name == "all" else "N in what is marked as noise"
        total, ectopic = tables[:, place, 0], tables[:, place, 1:]
        yield Count("classified as S, V or F", of, ectopic.sum(axis=1), total, PER_1000)
        for k, predicted in enumerate(PREDICTED[1:]):
            yield Count(f"classified as {predicted}", of, ectopic[:, k], total, PER_1000)
    of_all = tables[:, 0]
    above = per_1000(of_all)[:, -1] > LIMIT_PER_1000
    title = f"recordings with more than {LIMIT_PER_1000:g} false S, V or F per 1,000 N"
    yield Count(title, "recordings with N", above, of_all[:, 0] > 0)
