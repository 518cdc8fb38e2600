"""The command ``score``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_result
from ecgscribe.cli.values import Choice, positive_seconds, seconds
from ecgscribe.errors import FormatError, warn
from ecgscribe.formatting import format_time

__all__ = ["score"]

Mapping = Literal["ec57", "literature"]
EpisodeKind = Literal["AF", "VF"]


@command("score data/mitdb/100.atr 100.scribe --start 0")
@click.argument("ref", metavar="REF", type=click.Path())
@click.argument("test", metavar="TEST", type=click.Path())
@click.option(
    "--start", metavar="TIME", type=seconds, default="5:00", show_default=True,
    help="Count from here, in seconds or m:s.",
)  # fmt: skip
@click.option(
    "-w", "--window", metavar="SECONDS", type=positive_seconds, default="0.15", show_default=True,
    help="Largest distance of two matching beats.",
)  # fmt: skip
@click.option(
    "--mapping", type=Choice(get_args(Mapping)), default="ec57", show_default=True,
    help="Which symbols belong to which class: according to the standard, or as most papers do.",
)  # fmt: skip
@click.option(
    "--any-name", is_flag=True,
    help="Also compare annotations whose names are those of different recordings.",
)  # fmt: skip
@options.as_json()
def score(
    ref: str,
    test: str,
    *,
    start: float,
    window: float,
    mapping: Mapping,
    any_name: bool,
    as_json: bool,
) -> None:
    """Compare two annotation files, according to ANSI/AAMI EC57.

    REF holds the reference annotations (such as 100.atr), TEST those to score (such as 100.scribe,
    100.scribe.csv or 100.scribe.parquet).
    Compared are beats, runs of V and of S, and episodes of atrial (AF) and ventricular (VF)
    fibrillation.
    """
    from ecgscribe import formats, metrics

    reference = formats.read_annotation(ref)
    # A test file in another folder has no header next to it, and may not state the frequency.
    tested = formats.read_annotation(test, fs=reference.fs)
    if not any_name and reference.name.lower() != tested.name.lower():
        raise FormatError(
            f"score: expected annotations of one recording, found {reference.name} and "
            f"{tested.name}; name two of the same, or compare them all the same with --any-name"
        )
    comparison = metrics.compare(reference, tested, start=start, window=window, mapping=mapping)
    if start and not comparison.matrix.any():
        warn(f"score: no beats from {format_time(start, hours=True)} on; count all with --start 0")
    runs = metrics.compare_runs(reference, tested, start=start, window=window, mapping=mapping)
    n_samples = _n_samples(ref, reference.fs)
    af, vf = (
        metrics.compare_episodes(reference, tested, kind=kind, start=start, n_samples=n_samples)
        for kind in get_args(EpisodeKind)
    )
    text = [
        f"Counted from {format_time(start, hours=True)} on (--start)",
        metrics.format_report(reference.name, ref, test, comparison),
        metrics.format_runs(runs),
        metrics.format_episodes(af),
        metrics.format_episodes(vf),
    ]
    content = comparison.to_dict() | {
        "start": start,
        "runs": runs.to_dict(),
        "episodes": {"AF": af.to_dict(), "VF": vf.to_dict()},
    }
    print_result("\n".join(text), content, as_json=as_json)


def _n_samples(ref: str, fs: float) -> int | None:
    """Return the length of the recording next to its annotations; None if it is not there."""
    from ecgscribe import formats

    try:
        record = formats.open_record(Path(ref).with_suffix(""))
    except FormatError:
        return None
    return record.n_samples if record.fs == fs else None
