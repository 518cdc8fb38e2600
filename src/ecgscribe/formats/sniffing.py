"""Detect the format of a file from its first bytes."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ecgscribe.formats.aecg import is_xml
from ecgscribe.formats.dicom import is_dicom_without_preamble
from ecgscribe.formats.matlab import is_level_4
from ecgscribe.formats.other_formats import other_format
from ecgscribe.formats.table_layout import is_table
from ecgscribe.formats.wfdb.header import is_header

__all__ = ["Format", "detect_format", "head_of"]


Format = Literal["wfdb", "edf", "dicom", "ishne", "aecg", "npy", "npz", "mat", "gzip", "csv"]


_HEAD_BYTES = 65_536
_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"0       ", "edf"),
    (0, b"\xffBIOSEMI", "edf"),
    (128, b"DICM", "dicom"),
    (0, b"ISHNE1.0", "ishne"),
    (0, b"ANN  1.0", "ishne"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"PK\x03\x04", "npz"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (124, b"\x00\x01IM", "mat"),
    (124, b"\x01\x00MI", "mat"),
)
_EDF = re.compile(rb"(?s)[ \0]*0[ \0]*\Z")
_EDF_START = re.compile(rb"\d\d[.:/-]\d\d[.:/-]\d\d\d\d[.:]\d\d[.:]\d\d")
"""The date and the time, which show that a version in other characters is that of EDF."""


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
    return _format_of(head_of(path))


@lru_cache(maxsize=4)
def _format_of(head: bytes) -> Format | None:
    """Detect a format from the first bytes, once: who opens a recording asks several times."""
    for offset, magic, name in _MAGIC:
        if head[offset:].startswith(magic):
            return name
    if _EDF.match(head[:8]) and _EDF_START.match(head[168:184]):
        return "edf"
    if is_xml(head):
        return "aecg"
    if is_dicom_without_preamble(head):
        return "dicom"
    if other_format(head) is not None:
        return None
    if is_level_4(head):
        return "mat"
    if is_header(head):
        return "wfdb"
    return "csv" if is_table(head) else None


def head_of(path: Path) -> bytes:
    """Read the first bytes of a file, enough to detect its format."""
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)
