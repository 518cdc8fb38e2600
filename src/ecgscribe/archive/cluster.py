"""The Dask cluster that annotates an archive: processes on this computer, or one that is there."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from ecgscribe.archive.versions import refuse_other_scheduler, refuse_other_versions
from ecgscribe.errors import EcgScribeError

__all__ = ["RETRIES", "check_cluster", "cluster_client", "dashboard_of"]

RETRIES = 2
"""How often a recording is tried again: if it fails, and if its worker dies."""
LEAST_MEMORY = 2**28
"""Bytes below which a worker is ended before it has annotated anything."""
_CLOSING_S = 15
_SETTINGS = {
    "distributed.scheduler.allowed-failures": RETRIES,
    # Else each process looks at its own stack a hundred times a second: some percent of its time.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    # Dask's own also returns memory to the system at once, which takes a sixth more time.
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1
    ),
    # Else a worker that takes longer to start again is given up, with all that was left for it.
    "distributed.deploy.lost-worker-timeout": "7 days",
}


@contextmanager
def cluster_client(scheduler: str | None, *, workers: int, memory: str) -> Iterator[Any]:
    """Connect to a scheduler, or to a cluster of processes that is made and ended here.

    Parameters
    ----------
    scheduler : str, optional
        Its address.
    workers : int
        Processes of a cluster that is made, each with one thread.
    memory : str
        What each of them may use.

    Yields
    ------
    distributed.Client

    Raises
    ------
    EcgScribeError
        If there is no scheduler of this version of Dask, or the memory is none.
    """
    import dask
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_SETTINGS))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", VersionMismatchWarning)  # `check_cluster` says it in a line
        # What it would say of a lost scheduler is said in one line, at the end.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        cluster = scheduler or stack.enter_context(_processes(workers, memory))
        try:
            client = Client(cluster, timeout="20s")
        except (OSError, ValueError, TypeError) as error:
            if scheduler is not None:
                refuse_other_scheduler(scheduler)
            raise EcgScribeError(
                f"{scheduler}: expected the address of a Dask scheduler, cannot connect "
                f"({error}); check the address, and that it runs dask {dask.__version__}"
            ) from error
        yield stack.enter_context(client)


@contextmanager
def _processes(workers: int, memory: str) -> Iterator[Any]:
    """Make a cluster of processes on this computer."""
    from distributed import LocalCluster
    from distributed.utils import LoopRunner
    from distributed.worker_memory import parse_memory_limit

    with ExitStack() as stack:
        runner = LoopRunner()
        with _without_ctrl_c():
            runner.start()
        stack.callback(runner.stop)
        try:
            limit = parse_memory_limit(memory, 1, workers, logger=logging.getLogger("distributed"))
            if limit is not None and limit < LEAST_MEMORY and memory != "auto":
                raise ValueError("less than the 256 MiB that a process needs")
            cluster = LocalCluster(
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
                f"--memory: expected a size such as 2GiB, found {memory!r} ({error}); correct it"
            ) from error
        except (OSError, RuntimeError) as error:
            raise EcgScribeError(
                f"archive: expected processes of workers to start, they do not "
                f"({_reason(error)}); allow more open files and processes (ulimit -n, -u), "
                "or take fewer --workers"
            ) from error
        stack.callback(_close, cluster)
        yield cluster


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


def dashboard_of(client: Any) -> str:
    """Return the address of the cluster's dashboard; an empty text if it has none."""
    try:
        return client.dashboard_link or ""
    except KeyError:
        return ""


def check_cluster(client: Any, scheduler: str, file: Path) -> None:
    """Raise an error if workers differ from this process, or do not see a file that it wrote.

    Parameters
    ----------
    client : distributed.Client
    scheduler : str
        Its address.
    file : Path
        In the folder of the archive.
    """
    versions = client.get_versions(packages=["ecgscribe"])
    refuse_other_versions(scheduler, versions)
    if not versions["workers"]:
        raise EcgScribeError(f"{scheduler}: expected workers, found none; start some")
    seen = client.run(_sees, str(file))
    if blind := sorted(address for address, there in seen.items() if not there):
        raise EcgScribeError(
            f"{file.parent}: expected a folder that every worker sees under this path, found none "
            f"on {blind[0]}; choose one on a file system that they share"
        )


def _sees(path: str) -> bool:
    return Path(path).is_file()
