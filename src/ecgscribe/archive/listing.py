"""The files of a folder or a glob, wherever it is, one by one: a folder may hold any number."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

__all__ = ["below", "matching"]

_AT_ONCE = 16
"""Folders that a store which can do so is asked for at once: each request takes a while."""


def below(
    system: Any, folder: str, *, enter: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[str, int]]:
    """Yield each file below a folder with its bytes.

    Parameters
    ----------
    system : fsspec.AbstractFileSystem
        One that keeps no listings.
    folder : str
        Its path there.
    enter : callable, optional
        Called with the path of each folder below; one for which it returns false is left out.

    Raises
    ------
    OSError
        If a folder cannot be listed: none is passed over.
    """
    return (_here if "file" in system.protocol else _there)(system, folder, enter)


def matching(system: Any, pattern: str) -> Iterator[tuple[str, int]]:
    """Yield each file that matches a glob, and those below folders that match, with its bytes.

    Parameters
    ----------
    system : fsspec.AbstractFileSystem
        One that keeps no listings.
    pattern : str
        With ``*``, ``?`` and ``[...]`` within a name, and ``**`` for any folders.

    Raises
    ------
    OSError
        If a folder cannot be listed.
    ValueError
        If a part of the pattern has ``**`` and more.
    """
    from fsspec.core import has_magic
    from fsspec.utils import glob_translate

    parts = pattern.split("/")
    fixed = next(k for k, part in enumerate(parts) if has_magic(part))

    @cache
    def matches_of(number: int) -> Callable[[str], object]:
        return re.compile(glob_translate("/".join(parts[:number]))).match

    def enter(name: str) -> bool:
        number = name.count("/") + 1
        open_end = number > len(parts) or "**" in parts[:number]
        return open_end or matches_of(number)(name) is not None

    def is_wanted(name: str) -> bool:
        names = name.split("/")
        heads = ("/".join(names[:number]) for number in range(len(names), fixed, -1))
        return any(matches_of(len(parts))(head) for head in heads)

    for name, size in below(system, "/".join(parts[:fixed]), enter=enter):
        if is_wanted(name):
            yield name, size


def _here(system: Any, folder: str, enter: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    with os.scandir(folder or "/") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if enter(entry.path):
                    yield from _here(system, entry.path, enter)
            elif entry.is_file():
                yield entry.path, entry.stat().st_size


def _there(system: Any, folder: str, enter: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    """Yield the files of a store: not by its own search, which collects all, or leaves out some."""
    folders = [folder]
    at_once = _AT_ONCE if system.async_impl else 1
    listed = partial(system.ls, detail=True)
    with ThreadPoolExecutor(at_once) as pool:
        while folders:
            some, folders[-at_once:] = folders[-at_once:], []
            for home, entries in zip(some, pool.map(listed, some), strict=True):
                for each in entries:
                    name = each["name"].rstrip("/")
                    if name == home.rstrip("/"):
                        continue  # some stores list a folder in itself
                    if each["type"] != "directory":
                        yield name, int(each.get("size") or 0)
                    elif enter(name):
                        folders.append(name)
