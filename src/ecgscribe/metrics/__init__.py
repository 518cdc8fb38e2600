"""Compare annotations as ANSI/AAMI EC57 describes, and measure how well they agree."""

from __future__ import annotations

from ecgscribe.metrics.comparison import (
    COLUMNS,
    ROWS,
    Comparison,
    format_report,
    format_summary,
    ratios,
    summarize,
)
from ecgscribe.metrics.ec57 import compare

__all__ = [
    "COLUMNS",
    "ROWS",
    "Comparison",
    "compare",
    "format_report",
    "format_summary",
    "ratios",
    "summarize",
]
