"""The header of a WFDB record, read through the wfdb library, with what the library loses.

Header: https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import format_errors

__all__ = ["header_fs", "is_header", "read_header"]


_RECORD_NAME = re.compile(rb"[-\w]+(?:/\d+)?")
_SIGNAL_FORMAT = re.compile(rb"\d+(?:x\d+)?(?::\d+)?(?:\+\d+)?")
_NUMBER = re.compile(rb"[-+]?\d+\.?\d*")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_NO_LINE_ENDS = dict.fromkeys((0x85, 0x2028, 0x2029))
"""Characters that end a line in Python, but not in wfdb."""


def is_header(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a WFDB header."""
    lines = [line.split() for line in head.splitlines()]
    lines = [line for line in lines if line and not line[0].startswith(b"#")][:2]
    return (
        len(lines) == 2
        and all(len(line) > 1 for line in lines)
        and _RECORD_NAME.fullmatch(lines[0][0]) is not None
        and lines[0][1].isdigit()
        and _SIGNAL_FORMAT.fullmatch(lines[1][1]) is not None
        and not all(_NUMBER.fullmatch(field) for line in lines for field in line)  # a table
    )


def read_header(base: Path) -> Any:
    """Read a header, with the letters beyond ASCII that wfdb drops.

    Parameters
    ----------
    base : Path
        The record's or segment's path without a suffix.

    Returns
    -------
    wfdb.Record or wfdb.MultiRecord
        Its names, units and comments are decoded as UTF-8, or else as Latin-1.
    """
    import wfdb
    from wfdb.io.header import parse_header_content, rx_signal

    # An absolute path, because wfdb takes some relative ones for cloud addresses.
    header = wfdb.rdheader(str(base.absolute()))
    text = _text(base)
    if text.isascii():
        return header
    lines, comments = parse_header_content(text)
    header.comments = [comment.strip(" \t#") for comment in comments]
    if not hasattr(header, "seg_name") and len(lines) == 1 + header.n_sig:
        for k, line in enumerate(lines[1:]):
            # Some letters beyond ASCII end a unit in the pattern of wfdb.
            signal = rx_signal.match(_NOT_ASCII.sub("_", line))
            for values, field in ((header.sig_name, "sig_name"), (header.units, "units")):
                written = line[slice(*signal.span(field))] if signal else ""
                left = _NOT_ASCII.sub("", written).strip()
                if not written.isascii() and left in ("", values[k]):
                    values[k] = written
    return header


def _text(base: Path) -> str:
    data = Path(f"{base}.hea").read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.translate(_NO_LINE_ENDS)


def header_fs(base: Path) -> float:
    """Read the number of frames per second from the first line of a header.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.

    Raises
    ------
    FormatError
        If it states none.
    """
    # wfdb assumes 250 Hz if the frequency is missing or negative, which would put every beat at a
    # wrong time, so the record line is read here as well.
    header = Path(f"{base}.hea")
    with format_errors(header, "a WFDB header"):
        text = header.read_text(encoding="utf-8", errors="replace")
    lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    fields = next((line for line in lines if line), [])
    written = re.split(r"[/(]", fields[2])[0] if len(fields) > 2 else "nothing"
    try:
        fs = float(written)
    except ValueError:
        fs = math.nan
    if not (math.isfinite(fs) and fs > 0):
        raise FormatError(
            f"{header}: expected a sampling frequency above 0 Hz, found {written}; "
            "correct the header's first line"
        )
    return fs
