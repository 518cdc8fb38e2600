"""One recording on one page, HTML or PDF, with every number as JSON next to it."""

from __future__ import annotations

from ecgscribe.report.build import report

__all__ = ["report"]
