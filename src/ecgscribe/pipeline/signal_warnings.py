"""Warn of what limits the annotation of a recording."""

from __future__ import annotations

from ecgscribe.errors import warn
from ecgscribe.pipeline.lead_availability import LeadAvailability
from ecgscribe.record import LazyRecord, Record
from ecgscribe.signal.conditioning import Conditioner, warn_of_lost_leads
from ecgscribe.signal.windows import FS

__all__ = ["warn_of_limits"]


SHORT_S = 10.0
"""Length of the usual strip; in less, too few beats are near each to show what is premature."""


def warn_of_limits(
    record: Record | LazyRecord,
    conditioner: Conditioner,
    availability: LeadAvailability,
    n_beats: int,
) -> None:
    """Warn of a pacemaker, lost leads, a short recording, and of no beats.

    Parameters
    ----------
    record : Record or LazyRecord
    conditioner : Conditioner
        Of the record.
    availability : LeadAvailability
    n_beats : int
        Beats that are written.

    Warns
    -----
    SignalWarning
        For each of them.
    """
    if record.paced:
        warn(
            f"{record.name}: the header or the annotations mention a pacemaker; a beat is written "
            "as paced (class Q) unless it looks ventricular, which is unreliable here, as the "
            "model was not trained on paced beats"
        )
    left_out = conditioner.n_steps_left_out
    steps_lost = (availability.steps_lost + left_out).tolist()
    warn_of_lost_leads(record.name, conditioner.leads, steps_lost, conditioner.n_steps + left_out)
    spans = availability.unreadable_spans().tolist()
    unreadable = left_out + sum(end - begin for begin, end in spans)
    if unreadable > 0:
        warn(
            f"{record.name}: {unreadable / FS:.1f} s cannot be read in any lead; "
            "marked by ~ annotations"
        )
    if record.duration < SHORT_S:
        warn(
            f"{record.name}: only {record.duration:.1f} s; classes are less reliable with less "
            f"than {SHORT_S:g} s of rhythm to compare with"
        )
    if n_beats == 0:
        warn(f"{record.name}: no beats found")
