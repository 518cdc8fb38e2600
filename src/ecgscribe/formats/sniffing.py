"""Detect the format of a file from its first bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ecgscribe.formats.aecg import is_xml
from ecgscribe.formats.matlab import is_level_4
from ecgscribe.formats.table_layout import is_table
from ecgscribe.formats.wfdb.header import is_header

__all__ = ["Format", "detect_format"]


Format = Literal["wfdb", "edf", "dicom", "ishne", "aecg", "npy", "npz", "mat", "hdf5", "csv"]


_HEAD_BYTES = 65_536
_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
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


def detect_format(path: Path) -> Format | None:
    """Detect the format of a file from its content.

    Formats without a magic number are tried by their own rules, the strictest first.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        The format: ``ishne`` also for ISHNE annotations, ``edf`` also for BDF, ``aecg`` for any
        XML, ``csv`` for columns of numbers. None for any
        other content.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for offset, magic, name in _MAGIC:
        if head[offset:].startswith(magic):
            return name
    if is_xml(head):
        return "aecg"
    if is_level_4(head):
        return "mat"
    if is_header(head):
        return "wfdb"
    return "csv" if is_table(head) else None
