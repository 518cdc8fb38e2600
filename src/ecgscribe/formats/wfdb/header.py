"""The header of a WFDB record through the wfdb library, with what the library loses of it.

Header: https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import reading

__all__ = ["header_fs", "read_header"]


_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_NO_LINE_ENDS = dict.fromkeys((0x85, 0x2028, 0x2029))
"""What ends a line to Python, but not to wfdb."""


def read_header(base: Path) -> Any:
    """Read a header; letters that are not ASCII, which wfdb drops, are as they were written.

    Parameters
    ----------
    base : Path
        The record's or segment's path without a suffix.

    Returns
    -------
    wfdb.Record or wfdb.MultiRecord
        Its names, units and comments in UTF-8 or, where the file is not that, Latin-1.
    """
    import wfdb
    from wfdb.io.header import parse_header_content, rx_signal

    # An absolute path, because wfdb takes some relative ones for addresses in a cloud.
    header = wfdb.rdheader(str(base.absolute()))
    text = _text(base)
    if text.isascii():
        return header
    lines, comments = parse_header_content(text)
    header.comments = [comment.strip(" \t#") for comment in comments]
    if not hasattr(header, "seg_name") and len(lines) == 1 + header.n_sig:
        for k, line in enumerate(lines[1:]):
            # wfdb's pattern takes some letters for the end of a unit, none of them ASCII.
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
    """Read the number of frames a second from a header's first line.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.

    Raises
    ------
    FormatError
        If it gives none, or no signal.
    """
    # wfdb puts 250 Hz where the header has no frequency or a negative one: a wrong clock for
    # every beat, so the record line is read here as well.
    header = Path(f"{base}.hea")
    with reading(header, "a WFDB header"):
        text = header.read_text(encoding="utf-8", errors="replace")
    lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    fields = next((line for line in lines if line), [])
    found = re.split(r"[/(]", fields[2])[0] if len(fields) > 2 else "nothing"
    try:
        fs = float(found)
    except ValueError:
        fs = math.nan
    if not (math.isfinite(fs) and fs > 0):
        raise FormatError(
            f"{header}: expected a sampling frequency above 0 Hz, found {found}; "
            "correct the header's first line"
        )
    if fields[1] == "0":
        raise FormatError(
            f"{header}: expected at least one signal, found none; choose a record with signals"
        )
    return fs
