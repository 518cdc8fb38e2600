"""Which leads are lost, and when, over a whole recording or a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.flags import long_runs
from ecgscribe.signal.windows import FS

__all__ = ["LeadAvailability", "join_availability", "lead_availability", "readable_within"]


Flags = NDArray[np.bool_]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LeadAvailability:
    """Spans in which the same leads are lost, one after the other.

    Parameters
    ----------
    begin : ndarray of int64, shape (n,)
        First step of each span.
    lost : ndarray of bool, shape (n, n_leads)
        Leads that are lost in each. A lead's losses of less than a second do not count while
        another one can be read.
    end : int
        Step after the last span.
    steps_lost : ndarray of int64, shape (n_leads,)
        Steps in which each lead is lost, the shortest losses too.
    """

    begin: Positions
    lost: Flags
    end: int
    steps_lost: Positions

    def unreadable_spans(self) -> Positions:
        """Return the spans in which all leads are lost, from step to step, shape (m, 2)."""
        edge = np.append(self.begin, self.end)
        unreadable = np.flatnonzero(self.lost.all(axis=1))
        return np.stack([edge[unreadable], edge[unreadable + 1]], axis=1)


def lead_availability(invalid: Flags, own: slice, *, begin: int) -> LeadAvailability:
    """Return the spans of a part of a recording.

    Parameters
    ----------
    invalid : ndarray of bool, shape (n_steps, n_leads)
        Whether each step is invalid in each lead: of the part, and a second to each side.
    own : slice
        The steps of the part.
    begin : int
        Its first step in the recording.
    """
    by_lead = np.ascontiguousarray(invalid.T)  # rows of a few leads are slow to reduce
    unreadable = by_lead.all(axis=0)
    lost = np.stack([long_runs(lead, FS) | unreadable for lead in by_lead])[:, own]
    change = np.flatnonzero(np.append(True, (lost[:, 1:] != lost[:, :-1]).any(axis=0)))
    return LeadAvailability(
        begin + change, lost.T[change], begin + lost.shape[1], by_lead[:, own].sum(axis=1)
    )


def join_availability(parts: Sequence[LeadAvailability]) -> LeadAvailability:
    """Join consecutive parts, at least one; spans that go on from part to part become one."""
    begin = np.concatenate([part.begin for part in parts])
    lost = np.concatenate([part.lost for part in parts])
    change = np.append(True, (lost[1:] != lost[:-1]).any(axis=1))
    steps_lost = np.sum([part.steps_lost for part in parts], axis=0)
    return LeadAvailability(begin[change], lost[change], parts[-1].end, steps_lost)


def readable_within(availability: LeadAvailability, spans: Positions) -> LeadAvailability:
    """Count no moment within some spans as one in which all leads are lost.

    Parameters
    ----------
    availability : LeadAvailability
    spans : ndarray of int64, shape (m, 2)
        From step to step, in time order.

    Returns
    -------
    LeadAvailability
        One lead of several may still be lost there.
    """
    begin = np.union1d(availability.begin, spans[spans < availability.end])
    lost = availability.lost[np.searchsorted(availability.begin, begin, side="right") - 1]
    begun, ended = (np.searchsorted(edge, begin, side="right") for edge in spans.T)
    inside = (begun > ended) & lost.all(axis=1)
    readable = LeadAvailability(
        begin, lost & ~inside[:, None], availability.end, availability.steps_lost
    )
    return join_availability([readable])
