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

_Entry = tuple[str, int | None]
"""A name in a folder, with its bytes; None for a folder."""


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
    waiting = [(folder, "")]
    at_once = _AT_ONCE if system.async_impl else 1
    page_of = partial(_page if _has_pages(system) else _whole, system)
    with ThreadPoolExecutor(at_once) as pool:
        while waiting:
            some, waiting[-at_once:] = waiting[-at_once:], []
            pages = pool.map(page_of, *zip(*some, strict=True))
            for (home, _), (entries, mark) in zip(some, pages, strict=True):
                if mark:
                    waiting.append((home, mark))
                for name, size in entries:
                    if name == home.rstrip("/"):
                        continue  # some stores list a folder in itself
                    if size is not None:
                        yield name, size
                    elif enter(name):
                        waiting.append((name, ""))


def _whole(system: Any, folder: str, _: str) -> tuple[list[_Entry], str]:
    """Return all entries of a folder as one page."""
    entries: list[_Entry] = []
    for each in system.ls(folder, detail=True):
        size = None if each["type"] == "directory" else int(each.get("size") or 0)
        entries.append((each["name"].rstrip("/"), size))
    return entries, ""


def _has_pages(system: Any) -> bool:
    """Return whether a folder can be listed page by page, as S3 is through the package s3fs."""
    return "s3" in system.protocol and hasattr(system, "call_s3")


def _page(system: Any, folder: str, mark: str) -> tuple[list[_Entry], str]:
    """Return a thousand entries of a folder of S3, and the mark of the next page, if any."""
    bucket, key, _ = system.split_path(folder)
    if not bucket:
        return _whole(system, folder, mark)
    request = {"Bucket": bucket, "Prefix": f"{key.rstrip('/')}/" if key else "", "Delimiter": "/"}
    if mark:
        request["ContinuationToken"] = mark
    answer = system.call_s3("list_objects_v2", **request, **system.req_kw)
    sizes: list[_Entry] = [(each["Prefix"], None) for each in answer.get("CommonPrefixes", [])]
    sizes += [(each["Key"], each["Size"]) for each in answer.get("Contents", [])]
    entries = [(f"{bucket}/{name}".rstrip("/"), size) for name, size in sizes]
    return entries, answer.get("NextContinuationToken", "")
