"""WFDB annotation files, read through the wfdb library.

Annotations: https://physionet.org/physiotools/wag/annot-5.htm.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import check_regular, format_errors, resolve_fs
from ecgscribe.formats.wfdb.header import read_header
from ecgscribe.record import Annotation

__all__ = ["read_annotation"]


# A note begins after the byte FC; without it, these letters are the bytes of ordinary beats too
# (at 1,000 Hz, an A 803 samples after the beat before it and 800 before the next).
_DEFINITION = re.compile(rb"(.)[\xfc-\xff](?=(## .{0,252}))", re.DOTALL)
"""A note that is a definition, after the byte of its length. Two bits of the code of a note belong
to the length, but no definition is long enough to set them."""
_RESOLUTION = re.compile(rb"## time resolution: (\d+\.?\d*)")
_LABELS = [b"## annotation type definitions", b"## end of definitions"]


def read_annotation(base: Path, annotator: str, *, fs: float | None = None) -> Annotation:
    """Read a WFDB annotation file.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    annotator : str
        Suffix of the annotation file.
    fs : float, optional
        Used if neither the file nor a header next to it gives the frequency.

    Returns
    -------
    Annotation
        NUL bytes that some writers add to notes are removed; a code that the file does not define
        becomes a note (``"``).

    Raises
    ------
    FormatError
        If the file is missing, damaged or cut short, or the frequency is unknown.
    """
    import wfdb

    file = Path(f"{base}.{annotator}")
    header = Path(f"{base}.hea")
    check_regular(file)
    with format_errors(file, "a WFDB annotation file"):
        resolution = _check_annotation_bytes(file)
        raw = wfdb.rdann(str(base.absolute()), annotator)
        start = None
        if header.is_file():
            about = read_header(base)
            start, resolution = about.start, resolution or about.fs
        if len(raw.sample) and raw.sample[0] < 0:
            raise FormatError(
                f"{file}: expected samples from 0 on, found {raw.sample[0]}; get a fresh copy"
            )
        return Annotation(
            sample=raw.sample,
            symbol=np.array([s if isinstance(s, str) else '"' for s in raw.symbol], np.str_),
            fs=resolve_fs(file, resolution or fs, None),
            subtype=raw.subtype,
            aux_note=np.array([(note or "").rstrip("\0") for note in raw.aux_note], np.str_),
            name=base.name,
            start=start,
        )


def _check_annotation_bytes(file: Path) -> float | None:
    # wfdb takes the last two bytes for the end mark whatever they are, and never returns from an
    # unknown definition (a note that begins with "## ") or one that a damaged length cuts: both
    # are errors before wfdb sees the file.
    data = file.read_bytes()
    if len(data) % 2 or not data.endswith(b"\0\0"):
        raise FormatError(
            f"{file}: expected a WFDB annotation file with its end mark, found none; "
            "it was cut short or is another format: get a fresh copy"
        )
    notes = [note[: length[0]] for length, note in _DEFINITION.findall(data)]
    resolution = [found[1] for found in map(_RESOLUTION.match, notes) if found]
    others = [note for note in notes if not _RESOLUTION.match(note)]
    if len(resolution) > 1 or others not in ([], _LABELS):
        raise FormatError(
            f"{file}: expected the definitions of a WFDB annotation file, found an unknown one; "
            "write the file again without notes that begin with ##"
        )
    return float(resolution[0]) if resolution else None
