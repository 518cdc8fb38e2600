"""The command ``archive``."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.messages import complain
from ecgscribe.cli.output import print_text
from ecgscribe.cli.values import number, whole
from ecgscribe.errors import printable

__all__ = ["archive"]


@command("archive data/mitdb -o archive --workers 4")
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@options.out("Folder of the archive; one that is there is resumed.", metavar="DIR")
@click.option("--workers", metavar="N", type=whole(1), help="Processes (default: one a processor).")
@click.option(
    "--memory", metavar="SIZE", default="auto", show_default=True,
    help="Memory that a process may use, such as 2GiB.",
)  # fmt: skip
@click.option(
    "--time-limit", metavar="SECONDS", type=number,
    help="Time that one recording may take before its process is ended (default: 3600).",
)  # fmt: skip
@click.option(
    "--scheduler", metavar="ADDRESS", help="Use this Dask cluster, such as tcp://10.0.0.5:8786."
)
@options.fs
@options.leads("Leads to analyse, or to choose the best two from (default: all)")
@options.model
@click.option("--wfdb", is_flag=True, help="Also write the annotations of each recording for WFDB.")
@click.option("--reports", is_flag=True, help="Also write the report of each recording.")
@options.no_dates
@click.option(
    "--summary", metavar="DIR", type=options.FILE,
    help="Only print what an archive contains, and write a page of it: DIR/summary.html.",
)  # fmt: skip
@options.quiet
def archive(
    sources: tuple[str, ...],
    *,
    out: Path | None,
    workers: int | None,
    memory: str,
    time_limit: float | None,
    scheduler: str | None,
    fs: float | None,
    leads: tuple[str, ...] | None,
    model: str,
    wfdb: bool,
    reports: bool,
    no_dates: bool,
    summary: Path | None,
    quiet: bool,
) -> None:
    """Annotate any number of recordings into Parquet tables.

    SOURCE is a folder, a glob, a recording, a URL (s3://...), or @FILE, which lists those. What an
    earlier run has done is kept; a recording that fails is listed, and the exit code is then 1.
    """
    _refuse_url(out, "--out")
    _refuse_url(summary, "--summary")
    if summary is not None:
        if sources or out is not None:
            raise click.UsageError("expected --summary DIR alone, found SOURCE or --out as well")
        _summarize(summary, quiet=quiet)
        return
    if not sources or out is None:
        raise click.UsageError("expected SOURCE and --out DIR, or --summary DIR")
    if scheduler is not None and (workers is not None or memory != "auto"):
        raise click.UsageError("expected --scheduler without --workers and --memory, found both")
    if time_limit is not None and not 1 <= time_limit < math.inf:
        raise click.UsageError(f"expected a time limit of 1 s or more, found {time_limit:g}")
    from ecgscribe.archive.run import LIMIT_S, write_archive
    from ecgscribe.archive.versions import check_packages

    check_packages()
    from ecgscribe.archive.sources import find_sources
    from ecgscribe.archive.task import Options
    from ecgscribe.model.runtime import load_model

    with _progress(quiet=quiet) as (progress, dashboard):
        done = write_archive(
            find_sources(sources),
            out,
            model=load_model(model),
            options=Options(fs, leads, no_dates, wfdb, reports),
            scheduler=scheduler,
            workers=workers or os.cpu_count() or 1,
            memory=memory,
            limit_s=LIMIT_S if time_limit is None else time_limit,
            progress=progress,
            dashboard=dashboard,
        )
    for path, error in sorted(done.errors.items()):
        named = " ".join(printable(path).split())  # as in the error
        complain(error if named in error else f"{named}: {error}")
    if more := done.failed - len(done.errors):
        complain(f"{more} more failed; see {out / 'recordings.parquet'}")
    if not quiet:
        complain(
            f"{out}: {done.annotated} annotated, {done.unchanged} there already, "
            f"{done.failed} failed"
        )
    if done.failed:
        raise click.exceptions.Exit(1)


def _refuse_url(folder: Path | None, option: str) -> None:
    """Raise an error for a URL, which would be the name of a folder here."""
    if folder is not None and (url := re.match(r"\w{2,}:/", folder.as_posix())):
        raise click.UsageError(
            f"{option}: expected a folder, found a URL ({url.group()}/...); name a folder that all "
            "workers see, and copy it to the store afterwards"
        )


def _summarize(dest: Path, *, quiet: bool) -> None:
    """Print what an archive contains, and write its page."""
    from ecgscribe.archive.versions import check_packages

    check_packages()
    from ecgscribe.archive.summary import read_summary, summary_text
    from ecgscribe.archive.summary_page import write_page

    rows = read_summary(dest)
    print_text(summary_text(rows))
    page = write_page(rows, dest)
    if not quiet:
        complain(f"{page} written")


@contextmanager
def _progress(
    *, quiet: bool
) -> Iterator[tuple[Callable[[int, int, int], None], Callable[[str], None]]]:
    """Show how much is done, how fast, how long the rest takes, how many failed, and where to look.

    Yields what shows the numbers, and what shows the address of the dashboard, above them.
    """
    from tqdm import tqdm

    off = True if quiet else None  # None: only on a terminal, not in a log
    with tqdm(desc="archive", unit="rec", disable=off, leave=False, file=sys.stderr) as bar:

        def show(done: int, total: int, failed: int) -> None:
            bar.total = total
            bar.set_postfix(failed=failed, refresh=False)
            bar.update(done - bar.n)
            if not done:
                bar.refresh()  # how many there are is known long before the first one is done

        def show_dashboard(address: str) -> None:
            if not bar.disable:
                bar.write(f"ecgscribe: the cluster's dashboard is {address}", file=sys.stderr)

        yield show, show_dashboard
