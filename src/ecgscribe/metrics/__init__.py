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
from ecgscribe.metrics.episodes import (
    EpisodeComparison,
    EpisodeSummary,
    compare_episodes,
    summarize_episodes,
)
from ecgscribe.metrics.episodes_text import format_episode_summary, format_episodes
from ecgscribe.metrics.runs import (
    RUN_LENGTHS,
    RunComparison,
    RunMatrices,
    RunSummary,
    compare_runs,
    summarize_runs,
)
from ecgscribe.metrics.runs_text import format_run_summary, format_runs

__all__ = [
    "COLUMNS",
    "ROWS",
    "RUN_LENGTHS",
    "Comparison",
    "EpisodeComparison",
    "EpisodeSummary",
    "RunComparison",
    "RunMatrices",
    "RunSummary",
    "compare",
    "compare_episodes",
    "compare_runs",
    "format_episode_summary",
    "format_episodes",
    "format_report",
    "format_run_summary",
    "format_runs",
    "format_summary",
    "ratios",
    "summarize",
    "summarize_episodes",
    "summarize_runs",
]
