"""Compare annotations according to ANSI/AAMI EC57 and measure how well they agree."""

from __future__ import annotations

from ecgscribe.metrics.comparison import (
    COLUMNS,
    ROWS,
    Comparison,
    ratios,
    summarize,
)
from ecgscribe.metrics.comparison_text import format_report, format_summary
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
