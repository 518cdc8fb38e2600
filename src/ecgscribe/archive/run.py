"""One run of an archive: from its sources to its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.archive.cluster import check_cluster, cluster_client, dashboard_of
from ecgscribe.archive.dest_folder import (
    LOCK,
    make_archive_folder,
    only_run,
    remove_unfinished,
)
from ecgscribe.archive.on_disk import SourceTable
from ecgscribe.archive.scheduling import annotate_all
from ecgscribe.archive.tables import write_recordings
from ecgscribe.archive.task import Options, write_failure

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

__all__ = ["LIMIT_S", "NAMED", "Done", "write_archive"]

NAMED = 20
"""Failures that a run names; ``recordings.parquet`` has all."""
LIMIT_S = 3600.0
"""Seconds that a recording may take, unless more are given: a day takes half a minute."""


@dataclass(frozen=True)
class Done:
    """What a run did.

    Parameters
    ----------
    annotated, unchanged, failed : int
        Recordings that were annotated, that an earlier run had, and that failed.
    errors : mapping of str to str
        Of the first `NAMED` that failed, the error by recording.
    """

    annotated: int
    unchanged: int
    failed: int
    errors: Mapping[str, str]


def write_archive(
    sources: SourceTable,
    dest: Path,
    *,
    model: Model,
    options: Options,
    scheduler: str | None = None,
    workers: int = 1,
    memory: str = "auto",
    limit_s: float = LIMIT_S,
    progress: Callable[[int, int, int], object] = lambda done, total, failed: None,
    dashboard: Callable[[str], object] = lambda address: None,
) -> Done:
    """Annotate recordings on a cluster; those that the archive has already are left as they are.

    Parameters
    ----------
    sources : SourceTable
        In the order in which they are begun.
    dest : Path
        Folder of the archive, which all workers see under this path.
    model : Model
    options : Options
    scheduler : str, optional
        Address of a Dask scheduler; by default a cluster of processes is made on this computer.
    workers : int
        Processes of that cluster, each with one thread.
    memory : str
        Memory that each of them may use, such as ``2GiB``; one that uses more is ended.
    limit_s : float
        Seconds that one recording may take; then its worker is ended.
    progress : callable, optional
        Called with how many recordings are done, how many there are, and how many failed.
    dashboard : callable, optional
        Called once, with the address of the cluster's dashboard, if it has one.

    Returns
    -------
    Done

    Raises
    ------
    EcgScribeError
        If another run writes this archive, or the cluster cannot be used or is lost.
    """
    dest = dest.absolute()
    make_archive_folder(dest)
    with ExitStack() as stack:
        stack.enter_context(only_run(dest))
        remove_unfinished(dest)
        client = stack.enter_context(cluster_client(scheduler, workers=workers, memory=memory))
        if scheduler is not None:
            check_cluster(client, scheduler, dest / LOCK)
        if address := dashboard_of(client):
            dashboard(address)
        annotated = unchanged = failed = 0
        errors: dict[str, str] = {}
        total = len(sources)
        progress(0, total, 0)
        for path, result in annotate_all(client, sources, (str(dest), model, options, limit_s)):
            if isinstance(result, str):
                failed += 1
                if failed <= NAMED:
                    errors[path] = result
                write_failure(path, dest, model, options, result)
            else:
                annotated, unchanged = annotated + result, unchanged + (not result)
            progress(annotated + unchanged + failed, total, failed)
        remove_unfinished(dest)  # of workers that were killed
        write_recordings(dest)
    return Done(annotated, unchanged, failed, errors)
