"""Tell a file's format by what it begins with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

__all__ = ["Kind", "kind_of"]


Kind = Literal["wfdb", "edf", "dicom", "ishne", "aecg", "npy", "npz", "mat", "hdf5", "csv"]


_HEAD_BYTES = 4096
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"0       ", "edf"),
    (0, b"\xffBIOSEMI", "edf"),
    (128, b"DICM", "dicom"),
    (0, b"ISHNE1.0", "ishne"),
    (0, b"ANN  1.0", "ishne"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"PK\x03\x04", "npz"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (512, b"\x89HDF\r\n\x1a\n", "hdf5"),  # MATLAB 7.3: HDF5 after a block of its own
    (124, b"\x00\x01IM", "mat"),
    (124, b"\x01\x00MI", "mat"),
)
_RECORD_NAME = re.compile(rb"[-\w]+(?:/\d+)?")
_SIGNAL_FORMAT = re.compile(rb"\d+(?:x\d+)?(?::\d+)?(?:\+\d+)?")
_CELL = re.compile(r"[-+]?[\d.:]+(?:[eE][-+]?\d+)?|nan|-?", re.IGNORECASE)


def kind_of(path: Path) -> Kind | None:
    """Tell what a file holds.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        The format: ``ishne`` also for ISHNE annotations, ``edf`` also for BDF, ``aecg`` for any
        XML, ``csv`` for columns of numbers separated by commas, semicolons or tabs. None for any
        other content.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for offset, magic, kind in _MAGIC:
        if head[offset:].startswith(magic):
            return kind
    if _is_xml(head):
        return "aecg"
    if _is_matlab_4(head):
        return "mat"
    if _is_wfdb_header(head):
        return "wfdb"
    return "csv" if _is_table(head) else None


def _is_xml(head: bytes) -> bool:
    text = head.replace(b"\0", b"")  # UTF-16 is ASCII with these between
    return text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n").startswith(b"<")


def _is_matlab_4(head: bytes) -> bool:
    # Type, rows, columns, imaginary, length of the name; the type's thousands give the byte order.
    orders: tuple[tuple[Literal["little", "big"], int], ...] = (("little", 0), ("big", 1000))
    for order, least in orders:
        words = [int.from_bytes(head[k : k + 4], order) for k in range(0, 20, 4)]
        name = head[20 : 20 + min(words[4], 64)]
        if (
            len(head) > 20
            and least <= words[0] <= least + 52
            and words[0] % 10 <= 2
            and words[3] <= 1
            and 2 <= words[4] <= 64
            and re.fullmatch(rb"[A-Za-z]\w*\0", name) is not None
        ):
            return True
    return False


def _is_wfdb_header(head: bytes) -> bool:
    lines = [line.split() for line in head.splitlines()]
    lines = [line for line in lines if line and not line[0].startswith(b"#")][:2]
    return (
        len(lines) == 2
        and all(len(line) > 1 for line in lines)
        and _RECORD_NAME.fullmatch(lines[0][0]) is not None
        and lines[0][1].isdigit()
        and _SIGNAL_FORMAT.fullmatch(lines[1][1]) is not None
    )


def _is_table(head: bytes) -> bool:
    if b"\0" in head:
        return False
    lines = [line for line in head.decode("latin-1").splitlines() if line.strip()]
    # A row of names and one of units may come first.
    return any(_is_row(line) for line in lines[:3])


def _is_row(line: str) -> bool:
    cells = [cell.strip(" '\"") for cell in re.split("[,;\t]", line)]
    return any(cells) and all(_CELL.fullmatch(cell) for cell in cells)
