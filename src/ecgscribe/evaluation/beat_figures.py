"""Count false ectopy, and compare runs and episodes, where beats are marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ecgscribe.evaluation.counts import Count
from ecgscribe.evaluation.groups import Scored, compare_all
from ecgscribe.evaluation.results import PER_1000
from ecgscribe.metrics.false_ectopy import LIMIT_PER_1000, PLACES, PREDICTED, false_ectopy, per_1000

__all__ = ["false_ectopy_counts"]


def false_ectopy_counts(items: Sequence[Scored], *, window: float) -> Iterator[Count]:
    """Count the N beats that are classified as S, V or F, from 0:00.

    Parameters
    ----------
    items : sequence of Scored
        One per record.
    window : float
        Largest distance of two beats that match, in s.

    Yields
    ------
    Count
        Per 1,000 N, of all beats and of those in noise, in all and by class; then the share of
        records above `LIMIT_PER_1000`.
    """
    compared = compare_all(items, start=0, window=window, mapping="literature")
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
