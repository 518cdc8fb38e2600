"""Hand the recordings of an archive to a Dask cluster, and collect what became of each."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from asyncio import CancelledError, wait_for
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ecgscribe._version import __version__
from ecgscribe.archive.bundles import annotate_bundle, bundles, first_unfinished
from ecgscribe.archive.on_disk import SourceTable
from ecgscribe.archive.tables import EXTRAS, FOLDERS, write_recordings
from ecgscribe.archive.task import Options, write_failure
from ecgscribe.errors import EcgScribeError
from ecgscribe.files import make_folder, remove_scratch

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

__all__ = ["LIMIT_S", "NAMED", "Done", "check_packages", "version_differences", "write_archive"]

RETRIES = 2
"""How often a recording is tried again: if it fails, and if its worker dies."""
NAMED = 20
"""Failures that a run names; ``recordings.parquet`` has all."""
LOCK = ".lock"
_CLOSING_S = 15
_ASKING_S = 20
_SETTINGS = {
    "distributed.scheduler.allowed-failures": RETRIES,
    # Else each process looks at its own stack a hundred times a second: some percent of its time.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # Else a worker that takes longer to start again is given up, with all that was left for it.
    "distributed.deploy.lost-worker-timeout": "7 days",
}
_COMPARED = ("dask", "distributed")
LIMIT_S = 3600.0
"""Seconds that a recording may take, unless more are given: a day takes half a minute."""
_KILLED = (
    f"expected a recording that a worker can annotate, found that {RETRIES + 1} workers died of it "
    "or were ended as it took too long; give them more memory (--memory) or time (--time-limit), "
    "or look at the file"
)


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


def check_packages() -> None:
    """Raise an error if a package of the extra ``archive`` is missing.

    Raises
    ------
    EcgScribeError
        That names those missing.
    """
    missing = [name for name in (*_COMPARED, "fsspec", "pyarrow") if find_spec(name) is None]
    if missing:
        raise EcgScribeError(
            f"archive: expected the packages {', '.join(missing)}, found none; "
            "pip install 'ecgscribe[archive]'"
        )


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
    for folder in FOLDERS:
        make_folder(dest / folder)
    with ExitStack() as stack:
        stack.enter_context(_only_run(dest))
        _remove_unfinished(dest)
        client = stack.enter_context(_client(scheduler, workers, memory))
        if scheduler is not None:
            _check_cluster(client, scheduler, dest)
        if address := _dashboard_of(client):
            dashboard(address)
        annotated = unchanged = failed = 0
        errors: dict[str, str] = {}
        total = len(sources)
        for path, result in _results(client, sources, (str(dest), model, options, limit_s)):
            if isinstance(result, str):
                failed += 1
                if failed <= NAMED:
                    errors[path] = result
                write_failure(path, dest, model, options, result)
            else:
                annotated, unchanged = annotated + result, unchanged + (not result)
            progress(annotated + unchanged + failed, total, failed)
        _remove_unfinished(dest)  # of workers that were killed
        write_recordings(dest)
    return Done(annotated, unchanged, failed, errors)


def version_differences(versions: Mapping[str, Any]) -> list[str]:
    """Return how a cluster differs from this process, from `distributed.Client.get_versions`.

    Parameters
    ----------
    versions : mapping
        With ``packages`` of the ``client``, the ``scheduler`` and each of the ``workers``.

    Returns
    -------
    list of str
        Such as ``the scheduler has dask 2025.1.0, this process 2026.8.0``.
    """
    mine = versions["client"]["packages"]
    others: list[tuple[str, Any, tuple[str, ...]]] = [
        ("the scheduler", versions["scheduler"], _COMPARED)
    ]
    others += [
        (f"the worker {address}", each, (*_COMPARED, "ecgscribe"))
        for address, each in sorted(versions["workers"].items())
    ]
    return [
        f"{who} has {name} {theirs or '(none)'}, this process {wanted}"
        for who, each, names in others
        for name in names
        if (theirs := each["packages"].get(name))
        != (wanted := __version__ if name == "ecgscribe" else mine[name])
    ]


@contextmanager
def _only_run(dest: Path) -> Iterator[None]:
    """Hold the lock of an archive; the system lets go of it if this process is killed."""
    import fcntl

    with (dest / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EcgScribeError(
                f"{dest}: expected an archive that no other run writes, found one at work; wait "
                "for it, or choose another folder"
            ) from None
        yield


def _remove_unfinished(dest: Path) -> None:
    """Remove what a run or a worker that was killed left half-written."""
    for folder in (dest, *(dest / name for name in (*FOLDERS, *EXTRAS))):
        remove_scratch(folder)


@contextmanager
def _client(scheduler: str | None, workers: int, memory: str) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import LoopRunner

    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_SETTINGS))
        # What it would say of a lost scheduler is said in one line, at the end.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        if scheduler is None:
            runner = LoopRunner()
            with _without_ctrl_c():
                runner.start()
            stack.callback(runner.stop)
            try:
                cluster: Any = LocalCluster(
                    loop=runner.loop,
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=memory,
                    silence_logs=logging.CRITICAL,
                )
            except ValueError as error:
                raise EcgScribeError(
                    f"archive: expected a memory such as 2GiB, found {memory} ({error})"
                ) from error
            except (OSError, RuntimeError) as error:
                raise EcgScribeError(
                    f"archive: expected processes of workers to start, they do not "
                    f"({_reason(error)}); allow more open files and processes (ulimit -n, -u), "
                    "or take fewer --workers"
                ) from error
            stack.callback(_close, cluster)
        else:
            cluster = scheduler
        try:
            client = Client(cluster, timeout="20s")
        except (OSError, ValueError, TypeError) as error:
            _refuse_other_versions(cluster, _scheduler_alone(cluster))
            raise EcgScribeError(
                f"{scheduler}: expected the address of a Dask scheduler, cannot connect "
                f"({error}); check the address, and that it runs dask {dask.__version__}"
            ) from error
        yield stack.enter_context(client)


def _reason(error: BaseException) -> str:
    """Return what led to an error in the first place, as the system says it."""
    while earlier := error.__cause__ or error.__context__:
        error = earlier
    return " ".join(str(getattr(error, "strerror", None) or error).split())


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from the threads begun within, and from the processes that these start.

    A terminal sends it to all processes. This one ends the others in good order; they alone would
    each print a traceback.
    """
    resource_tracker.ensure_running()  # its first start ends by letting Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _close(cluster: Any) -> None:
    """Close a local cluster; one whose worker is just being started again may never answer."""
    with suppress(TimeoutError):
        cluster.close(timeout=_CLOSING_S)


def _dashboard_of(client: Any) -> str:
    """Return the address of the cluster's dashboard; an empty text if it has none."""
    try:
        return client.dashboard_link or ""
    except KeyError:
        return ""


def _check_cluster(client: Any, scheduler: str, dest: Path) -> None:
    versions = client.get_versions(packages=["ecgscribe"])
    if not versions["workers"]:
        raise EcgScribeError(f"{scheduler}: expected workers, found none; start some")
    _refuse_other_versions(scheduler, versions)
    seen = client.run(_sees, str(dest / LOCK))
    if blind := sorted(address for address, there in seen.items() if not there):
        raise EcgScribeError(
            f"{dest}: expected a folder that every worker sees under this path, found none on "
            f"{blind[0]}; choose one on a file system that they share"
        )


def _refuse_other_versions(scheduler: str, versions: Mapping[str, Any]) -> None:
    if differences := version_differences(versions):
        raise EcgScribeError(
            f"{scheduler}: expected the same versions everywhere, found that {differences[0]}; "
            "install the same ones"
        )


def _scheduler_alone(address: str) -> dict[str, Any]:
    """Return the versions of a scheduler that this Dask cannot work with; ours if it is none."""
    import dask
    import distributed
    from distributed.core import rpc

    async def ask() -> Any:
        async with rpc(address) as scheduler:
            return await wait_for(scheduler.versions(), _ASKING_S)

    mine = {"packages": {"dask": dask.__version__, "distributed": distributed.__version__}}
    try:
        theirs = asyncio.run(ask())
    except (OSError, TimeoutError, ValueError, TypeError):
        theirs = mine
    return {"client": mine, "scheduler": theirs, "workers": {}}


def _sees(path: str) -> bool:
    return Path(path).is_file()


@dataclass(frozen=True)
class _Task:
    """Recordings with the scheduler, and how often they may be tried again."""

    paths: list[str]
    retries: int = RETRIES


def _results(
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
