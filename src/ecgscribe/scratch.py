"""Folders for what is not finished, removed at the end, also after a process that was killed."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

__all__ = ["remove_scratch", "scratch_folder", "scratch_path"]


def _pid_namespace() -> str:
    """Return 8 letters for the set of processes among which a process id means one."""
    names = [platform.node()]
    with suppress(OSError):  # Linux; containers may share a folder and a name
        names.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]


_ANY_SCRATCH = ".ecgscribe-"
_SCRATCH = f"{_ANY_SCRATCH}{_pid_namespace()}-"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for what is not finished, and remove it at the end.

    Parameters
    ----------
    parent : Path
        Folder in which it is made. What processes that were killed left there is removed.

    Yields
    ------
    Path
    """
    folder = scratch_path(parent)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)  # first: a signal may come
        folder.mkdir(mode=0o700)
        yield folder


def scratch_path(parent: Path) -> Path:
    """Return the path of a `scratch_folder` that is yet to be made."""
    _remove_leftovers(parent.absolute())
    return parent / f"{_SCRATCH}{os.getpid()}-{secrets.token_hex(8)}"


@lru_cache(maxsize=256)
def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed left in a folder, once: it may be a large one."""
    remove_scratch(folder, _SCRATCH, unless=_is_at_work)


def remove_scratch(
    folder: Path, prefix: str = _ANY_SCRATCH, *, unless: Callable[[str], bool] = lambda name: False
) -> None:
    """Remove the folders in which files of a folder were being written.

    Parameters
    ----------
    folder : Path
        It need not exist.
    prefix : str
        How their names begin; by default those of any process on any computer.
    unless : callable
        Takes a name, and returns whether it stays.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and not unless(entry.name):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_at_work(name: str) -> bool:
    """Return whether the process that writes into a folder is, or may be, still running."""
    pid = name.removeprefix(_SCRATCH).partition("-")[0]
    return not pid.isdecimal() or _is_running(int(pid))


def _is_running(pid: int) -> bool:
    if os.name != "posix":  # there, os.kill would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of another user
        return True
    return True
