"""The findings of a report, for the page: they follow each edit."""

from __future__ import annotations

from typing import Any

from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.sections.beats import beats_entry
from ecgscribe.report.sections.ectopy import ectopy_entries
from ecgscribe.report.sections.findings import finding_entries
from ecgscribe.report.sections.heart_rate import heart_rate_entry
from ecgscribe.report.sections.pauses import pauses_entry
from ecgscribe.report.sections.recording import readable_entry
from ecgscribe.report.sections.rhythms import rhythms_entry
from ecgscribe.web.review import Opened, Review

__all__ = ["findings"]


def findings(opened: Opened, review: Review) -> list[dict[str, Any]]:
    """List the findings of a recording, the most urgent first.

    Parameters
    ----------
    opened : Opened
    review : Review

    Returns
    -------
    list of dict
        ``text``, and ``at``: seconds, or None where it has no one place.
    """
    inputs = ReportInputs(
        opened.record,
        review.reviewed.annotation,
        opened.columns,
        review.measures,
        classes_withheld=opened.record.paced,
    )
    entries = finding_entries(
        rhythms=rhythms_entry(inputs),
        pauses=pauses_entry(inputs),
        ectopy=ectopy_entries(inputs),
        readable=readable_entry(inputs),
        beats=beats_entry(inputs),
        rate=heart_rate_entry(inputs),
        paced=inputs.classes_withheld,
    )
    return [
        {"text": each.text, "at": None if each.at is None else each.at.seconds} for each in entries
    ]
