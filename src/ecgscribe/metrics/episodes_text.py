"""Episodes and their summary as plain text, with the numbers that the reference programs print."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ecgscribe.formatting import format_time
from ecgscribe.metrics.comparison import mean_of_defined
from ecgscribe.metrics.comparison_text import ratio_text
from ecgscribe.metrics.episodes import EpisodeComparison, EpisodeSummary
from ecgscribe.metrics.runs_text import rounded_percent, whole_percent

__all__ = ["format_episode_summary", "format_episodes"]


_HEADS = ("TPs", "FN", "TPp", "FP", "ESe", "E+P", "DSe", "D+P", "Ref duration", "Test duration")
_WIDTHS = (6, 6, 6, 6, 5, 5, 5, 5, 15, 15)


def _milliseconds(samples: int, fs: float) -> int:
    return math.floor(samples * 1000 / fs + 0.5)


def _duration(milliseconds: int) -> str:
    return format_time(milliseconds / 1000, digits=3) if milliseconds else "0.000"


def format_episodes(comparison: EpisodeComparison) -> str:
    """Return Se and +P of the episodes of one record and of their duration as text, two lines."""

    def duration(samples: int) -> str:
        return _duration(_milliseconds(samples, comparison.fs))

    r, kind = comparison.ratios, comparison.kind
    return (
        f"{kind} {'episodes':<10} Se {ratio_text(r.episode_se)}  +P {ratio_text(r.episode_pp)}\n"
        f"{kind} {'duration':<10} Se {ratio_text(r.duration_se, write=duration)}"
        f"  +P {ratio_text(r.duration_pp, write=duration)}"
    )


def format_episode_summary(summary: EpisodeSummary) -> str:
    """Return the episodes of a set of records as text: a line per record, gross and average.

    Parameters
    ----------
    summary : EpisodeSummary
        The result of `summarize_episodes`.

    Returns
    -------
    str
        The counts of EC57, Se and +P of episodes (E) and of duration (D) in whole percent, and
        the duration of the episodes, as in the line format of epicmp and sumstats. Gross and
        average of durations are those of sumstats, see `_gross`; the exact ones are in `summary`.
    """
    records = summary.comparisons
    reference = [_milliseconds(c.reference_samples, c.fs) for c in records]
    test = [_milliseconds(c.test_samples, c.fs) for c in records]
    shares = [[whole_percent(r) for r in c.ratios] for c in records]

    def line(name: str, cells: Iterable[object]) -> str:
        texts = (f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=False))
        return f"{name:<10}{''.join(texts)}".rstrip()

    lines = [line("Record", _HEADS)]
    for c, share, ref_ms, test_ms in zip(records, shares, reference, test, strict=True):
        lines.append(
            line(c.name, [*c.counts.values(), *share, _duration(ref_ms), _duration(test_ms)])
        )
    sums = [_duration(sum(reference)), _duration(sum(test))]
    episodes = [rounded_percent(r.value) for r in summary.gross.ratios[:2]]
    average = [rounded_percent(v) for v in list(summary.average.values())[:2]]
    # sumstats has no other figure of a duration's share than the whole percents of the lines.
    columns = list(zip(*shares, strict=True))[2:]
    average += [rounded_percent(mean_of_defined(map(_share, column))) for column in columns]
    blank = [""] * 4
    return "\n".join(
        [
            f"Episodes of {summary.gross.kind}",
            *lines,
            line("Sum", [*summary.gross.counts.values(), *blank, *sums]),
            line("Gross", [*blank, *episodes, *_gross(columns[0], reference, test)]),
            line("Average", [*blank, *average]),
        ]
    )


def _share(whole: str) -> float:
    return math.nan if whole == "-" else int(whole) / 100


def _gross(se: Sequence[str], reference: Sequence[int], test: Sequence[int]) -> list[str]:
    """Return gross Se and +P of durations as sumstats derives them from the lines of records.

    It takes the overlap of each record as the whole percent of Se times the reference's duration,
    for +P, too. This can be a percent off the exact figure.
    """
    overlap = sum(
        int(share) / 100 * duration
        for share, duration in zip(se, reference, strict=True)
        if share != "-"
    )
    return [
        rounded_percent(overlap / total if total else math.nan)
        for total in (sum(reference), sum(test))
    ]
