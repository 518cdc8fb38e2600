"""Recordings that a worker gets together: a task takes seconds, or Dask's share grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ecgscribe.archive.dest_folder import LOCK
from ecgscribe.archive.on_disk import Source
from ecgscribe.archive.sources import is_url, load_store
from ecgscribe.archive.tables import FOLDERS, result_file
from ecgscribe.archive.task import Options, annotate_source, key_of
from ecgscribe.archive.time_limit import time_limit
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import EcgScribeError
from ecgscribe.files import make_folder

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

__all__ = ["annotate_bundle", "bundles", "first_unfinished"]

_LEAST_S = 3.0
"""Seconds that a task takes, at least: between two, a worker waits some ms for the scheduler."""
_MOST, _FOR_EACH_THREAD = 200, 8
"""Recordings in a group, at most, and groups for each thread, at least, if there are enough."""
_EACH_S, _BYTES_PER_S = 0.05, 4e6
"""Seconds that a recording takes at least, and bytes of its files that a core reads in one."""
_MADE_S = 20.0
"""Of the recording that a worker annotates to load what it needs."""


def bundles(sources: Iterable[Source], *, number: int, threads: int) -> Iterator[list[str]]:
    """Group recordings, in their order, so that each group takes about three seconds or more.

    Parameters
    ----------
    sources : iterable of Source
    number : int
        Of them.
    threads : int
        Of the workers. Where there are few recordings for each, groups are smaller.

    Yields
    ------
    list of str
        Paths; one alone where it is long.
    """
    most = min(number // (_FOR_EACH_THREAD * max(threads, 1)) + 1, _MOST)
    bundle: list[str] = []
    seconds = 0.0
    for source in sources:
        bundle.append(source.path)
        seconds += _EACH_S + source.size / _BYTES_PER_S
        if seconds >= _LEAST_S or len(bundle) == most:
            yield bundle
            bundle, seconds = [], 0.0
    if bundle:
        yield bundle


def annotate_bundle(
    paths: Sequence[str], dest: str, model: Model, options: Options, limit_s: float
) -> list[bool | str]:
    """Annotate recordings one after the other; what runs on a worker.

    Parameters
    ----------
    paths : sequence of str
    dest : str
        Folder of the archive.
    model : Model
    options : Options
    limit_s : float
        Seconds after which a recording ends its worker.

    Returns
    -------
    list of bool or str
        Of each recording, whether it was annotated now, or its error.
    """
    _load(model, options)
    if is_url(paths[0]):
        load_store(paths[0])
    outcomes: list[bool | str] = []
    for path in paths:
        try:
            with time_limit(limit_s):
                outcomes.append(annotate_source(path, dest, model, options))
        except EcgScribeError as error:
            outcomes.append(str(error))
        except Exception as error:  # a fault of ours is one recording's, not the bundle's
            outcomes.append(f"{type(error).__name__}: {error}")
    return outcomes


@lru_cache(maxsize=1)
def _load(model: Model, options: Options) -> None:
    """Load all that recordings need: the clock of the first one is not for that.

    A made recording is annotated. What goes wrong there is said of the recordings.
    """
    with TemporaryDirectory(prefix="ecgscribe-") as scratch, suppress(Exception):
        for folder in FOLDERS:
            make_folder(Path(scratch) / folder)
        record, _ = synthesize(duration=_MADE_S, leads=1)
        np.save(f"{scratch}/made.npy", record.signal)
        made = replace(options, fs=record.fs, leads=None)
        annotate_source(f"{scratch}/made.npy", scratch, model, made)


def first_unfinished(paths: Sequence[str], dest: Path) -> str | None:
    """Return the recording of a bundle at which its worker died: the first without a result.

    None if one before it has its result from an earlier run: it may have been passed over, as it
    still holds, or the worker died as it read the recording again.
    """
    if len(paths) == 1:
        return paths[0]
    begun = (dest / LOCK).stat().st_mtime_ns
    for path in paths:
        result = result_file(dest, key_of(path))
        if not result.is_file():
            return path
        if result.stat().st_mtime_ns < begun:
            return None
    return None
