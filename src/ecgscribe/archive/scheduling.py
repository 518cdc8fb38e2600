"""Hand the recordings of an archive to a scheduler, and collect what became of each."""

from __future__ import annotations

import dataclasses
from asyncio import CancelledError
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ecgscribe.archive.bundles import annotate_bundle, bundles, first_unfinished
from ecgscribe.archive.cluster import RETRIES
from ecgscribe.archive.on_disk import SourceTable
from ecgscribe.archive.task import Options
from ecgscribe.errors import EcgScribeError

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

__all__ = ["annotate_all"]

_KILLED = (
    f"expected a recording that a worker can annotate, found that {RETRIES + 1} workers died of it "
    "or were ended as it took too long; give them more memory (--memory) or time (--time-limit), "
    "or look at the file"
)


@dataclass(frozen=True)
class _Task:
    """Recordings with the scheduler, and how often they may be tried again."""

    paths: list[str]
    retries: int = RETRIES


def annotate_all(
    client: Any, sources: SourceTable, arguments: tuple[str, Model, Options, float]
) -> Iterator[tuple[str, bool | str]]:
    """Yield each recording and whether it was annotated, or its error, as they end.

    No more tasks are with the scheduler than there are threads. So its memory does not grow with
    the archive; and no task waits on a worker that another one kills, for which Dask would blame
    both.
    """
    from distributed import as_completed

    threads = sum(client.nthreads().values())
    waiting = map(_Task, bundles(sources, number=len(sources), threads=threads))
    again: deque[_Task] = deque()
    tasks: dict[str, _Task] = {}
    # Of one prefix, by which the scheduler keeps statistics for ever, and of no other run.
    keys = map(f"archive-{uuid4().hex}-{{}}".format, count())
    at_work = as_completed(loop=client.loop, raise_errors=False)

    def fill() -> None:
        threads = max(sum(client.nthreads().values()), 1)
        while len(tasks) < threads:
            task = again.popleft() if again else next(waiting, None)
            if task is None:
                return
            future = client.submit(
                annotate_bundle, task.paths, *arguments, key=next(keys), pure=False
            )
            tasks[future.key] = task
            at_work.add(future)

    with _lost_scheduler():
        fill()
    for future in at_work:
        task = tasks.pop(future.key)
        with _lost_scheduler():
            outcomes, more = _outcomes(future, task, Path(arguments[0]))
            future.release()
        again.extend(more)
        yield from outcomes
        with _lost_scheduler():
            fill()


@contextmanager
def _lost_scheduler() -> Iterator[None]:
    """Say in one line that there is no scheduler any more."""
    lost = EcgScribeError(
        "archive: expected the scheduler to stay, lost it; run the same command again to go on"
    )
    try:
        yield
    except (OSError, TimeoutError, CancelledError) as error:
        raise lost from error


def _outcomes(
    future: Any, task: _Task, dest: Path
) -> tuple[list[tuple[str, bool | str]], list[_Task]]:
    """Return what became of the recordings of a task, and what has to be tried again."""
    from distributed.scheduler import KilledWorker

    if future.status == "error" and isinstance(future.exception(), KilledWorker):
        # A recording that was done is passed over when its task is tried again, so that all workers
        # died of the same one.
        poison = first_unfinished(task.paths, dest)
        if poison is None:
            return [], [dataclasses.replace(task, paths=[path]) for path in task.paths]
        rest = [path for path in task.paths if path != poison]
        return [(poison, _KILLED)], [dataclasses.replace(task, paths=rest)] if rest else []
    if future.status == "error":
        raise EcgScribeError(f"archive: a worker cannot annotate ({future.exception()})")
    if future.status != "finished":
        raise CancelledError
    done, more = [], []
    for path, outcome in zip(task.paths, future.result(), strict=True):
        if isinstance(outcome, str) and task.retries:
            more.append(_Task([path], task.retries - 1))
        else:
            done.append((path, outcome))
    return done, more
