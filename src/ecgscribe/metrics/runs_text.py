"""Runs and their summary as plain text, with the numbers that the reference programs print."""

from __future__ import annotations

from collections.abc import Iterable

from ecgscribe.metrics.comparison import Ratio
from ecgscribe.metrics.comparison_text import ratio_text
from ecgscribe.metrics.runs import RunComparison, RunMatrices, RunSummary

__all__ = ["format_run_summary", "format_runs", "rounded_percent", "whole_percent"]


def whole_percent(ratio: Ratio) -> str:
    """Return a ratio in whole percent, halves up, as rxr and epicmp do; ``-`` if undefined."""
    return str((200 * ratio.hits + ratio.total) // (2 * ratio.total)) if ratio.total else "-"


def rounded_percent(value: float) -> str:
    """Return a value in whole percent, halves to even, as sumstats does; ``-`` for NaN."""
    return "-" if value != value else f"{100 * value:.0f}"


def format_runs(comparison: RunComparison) -> str:
    """Return Se and +P of the runs of one record as text, six lines."""
    lines = []
    for letter, matrices in (("V", comparison.ventricular), ("S", comparison.supraventricular)):
        r = matrices.ratios
        for what, se, pp in (
            ("couplets", r.couplet_se, r.couplet_pp),
            ("short runs", r.short_se, r.short_pp),
            ("long runs", r.long_se, r.long_pp),
        ):
            lines.append(f"{letter} {what:<11} Se {ratio_text(se)}  +P {ratio_text(pp)}")
    return "\n".join(lines)


def format_run_summary(summary: RunSummary) -> str:
    """Return the runs of a set of records as text: of V and of S, a table each.

    Parameters
    ----------
    summary : RunSummary
        The result of `summarize_runs`.

    Returns
    -------
    str
        A line per record, sums, gross and average: the counts of EC57, then Se and +P of couplets
        (C), short runs (S) and long runs (L) in whole percent, as in the line format of rxr and
        sumstats.
    """
    records = summary.comparisons
    return "\n\n".join(
        [
            _table(
                "Runs of V",
                [(c.name, c.ventricular) for c in records],
                summary.ventricular,
                summary.ventricular_average,
            ),
            _table(
                "Runs of S",
                [(c.name, c.supraventricular) for c in records],
                summary.supraventricular,
                summary.supraventricular_average,
            ),
        ]
    )


def _table(
    title: str,
    records: Iterable[tuple[str, RunMatrices]],
    total: RunMatrices,
    average: dict[str, float],
) -> str:
    def line(name: str, counts: Iterable[object], shares: Iterable[str]) -> str:
        cells = "".join(f"{v:>6}" for v in counts) + "".join(f"{v:>5}" for v in shares)
        return f"{name:<10}{cells}".rstrip()

    blank = [""] * len(total.counts)
    heads = ("CSe", "C+P", "SSe", "S+P", "LSe", "L+P")
    return "\n".join(
        [
            title,
            line("Record", total.counts, heads),
            *(
                line(name, m.counts.values(), (whole_percent(r) for r in m.ratios))
                for name, m in records
            ),
            line("Sum", total.counts.values(), ()),
            line("Gross", blank, (rounded_percent(r.value) for r in total.ratios)),
            line("Average", blank, (rounded_percent(v) for v in average.values())),
        ]
    )
