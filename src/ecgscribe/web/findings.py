"""The findings of a report, for the page: they follow each edit."""

from __future__ import annotations

from typing import Any

from ecgscribe.report.content import findings_of
from ecgscribe.report.inputs import ReportInputs
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
    return [
        {"text": each.text, "at": None if each.at is None else each.at.seconds}
        for each in findings_of(inputs)
    ]
