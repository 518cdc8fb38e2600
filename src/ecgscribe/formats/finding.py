"""Which file a recording is read from, given a path with or without its suffix."""

from __future__ import annotations

import re
from pathlib import Path

from ecgscribe.errors import FormatError
from ecgscribe.files import check_regular
from ecgscribe.formats.checks import same_but_for_case
from ecgscribe.formats.sniffing import detect_format
from ecgscribe.formatting import did_you_mean

__all__ = [
    "NEED_HEADER", "SUFFIXES", "find_recording", "recordings_in", "with_suffix", "without_suffix",
]  # fmt: skip

SUFFIXES = (
    ".hea", ".edf", ".bdf", ".ecg", ".dcm", ".xml", ".csv", ".tsv", ".npy", ".npz", ".mat", ".dat",
)  # fmt: skip
"""Of recordings, in the order of preference if one is named without its suffix."""
NEED_HEADER = {".hea", ".dat", ".mat"}
"""Suffixes of WFDB: only a header next to a signal file describes it."""


def find_recording(path: Path) -> Path:
    """Return the file to read: the WFDB header if there is one, not its signal file.

    Parameters
    ----------
    path : Path
        A file, or a record without its suffix.

    Raises
    ------
    FormatError
        If there is no such recording.
    """
    base = without_suffix(path)
    if path.is_file() and path.suffix.lower() not in NEED_HEADER:
        header = path.with_suffix(".hea")
        return header if detect_format(path) is None and header.is_file() else path
    for name in (base, path):  # a record may itself be called r.edf
        if with_suffix(name, ".hea").is_file():
            return with_suffix(name, ".hea")
    if path.is_file():
        header = same_but_for_case(with_suffix(base, ".hea"))
        return header if header.is_file() else path
    for suffix in SUFFIXES:
        if with_suffix(base, suffix).is_file():
            return with_suffix(base, suffix)
    if base.parent.is_dir():  # suffixes in capitals, from memory cards
        there = {p.name.lower(): p for p in sorted(base.parent.iterdir()) if p.is_file()}
        for suffix in SUFFIXES:
            if base.name.lower() + suffix in there:
                return there[base.name.lower() + suffix]
    if not path.is_dir():
        check_regular(path)
    if path.is_dir():
        names = sorted(recordings_in(path))
        found = f"a folder; name a record in it{f', such as {path / names[0]}' if names else ''}"
    elif re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.IGNORECASE):
        found = "a URL; download it first"
    elif not path.parent.is_dir():
        found = f"no folder {path.parent}; check the path"
    else:
        hint = did_you_mean(base.name, recordings_in(path.parent), otherwise="check the path")
        found = f"no {base.name}.hea and no other recording of that name; {hint}"
    raise FormatError(f"{path}: expected a recording, found {found}")


def recordings_in(folder: Path) -> set[str]:
    """Return the names, without suffixes, of files in a folder that may be recordings."""
    return {p.stem for p in folder.iterdir() if p.suffix.lower() in SUFFIXES}


def without_suffix(path: Path) -> Path:
    """Return a path without its suffix if that is the suffix of a recording."""
    return path.with_suffix("") if path.suffix.lower() in SUFFIXES else path


def with_suffix(base: Path, suffix: str) -> Path:
    """Return a path with a suffix added, even if its name holds a dot."""
    return Path(f"{base}{suffix}")
