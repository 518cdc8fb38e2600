"""The rows of a table as a stream of bytes, without what follows the last of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ecgscribe.errors import warn
from ecgscribe.formats.table_layout import FILLING, WIDE, Layout, begin_with_numbers, is_closing

__all__ = ["open_rows"]


_BLOCK = 65_536


class _Until(io.RawIOBase):
    """A file that ends at a byte."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file, self._left = file, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


@contextmanager
def open_rows(path: Path, layout: Layout) -> Iterator[BinaryIO]:
    """Open a table, to be read up to its last row.

    Parameters
    ----------
    path : Path
    layout : Layout

    Warns
    -----
    SignalWarning
        If lines after the last row are left out.
    """
    with path.open("rb") as file:
        if layout.encoding.startswith(WIDE):
            yield file
            return
        end, lines = _end_of_rows(file, path.stat().st_size)
        if lines:
            listed = ", ".join(repr(line[:40]) for line in lines[:3])
            warn(f"{path}: no rows of numbers, left out at the end: {listed}")
        file.seek(0)
        yield io.BufferedReader(_Until(file, end), _BLOCK)


def _end_of_rows(file: BinaryIO, size: int) -> tuple[int, list[str]]:
    """Return where the last row ends, and the lines that follow it."""
    end = size
    while end:
        begin = max(end - _BLOCK, 0)
        file.seek(begin)
        block = file.read(end - begin)
        end = begin + len(block.rstrip(FILLING))
        if end > begin:
            break
    file.seek(max(end - _BLOCK, 0))
    tail = file.read(end - max(end - _BLOCK, 0))
    closing: list[str] = []
    lines = tail.splitlines(keepends=True)
    after_numbers = begin_with_numbers([line.decode("latin-1") for line in lines])
    for line in reversed(lines):
        text = line.decode("latin-1").strip()
        if text and not is_closing(text, after_numbers=after_numbers):
            break
        end -= len(line)
        closing += [text] if text else []
    return end, closing[::-1]
