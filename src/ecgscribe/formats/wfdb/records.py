"""WFDB records, read piece by piece.

Header: https://physionet.org/physiotools/wag/header-5.htm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import format_errors, resolve_fs, same_but_for_case
from ecgscribe.formats.lead_names import leads_of_one_fs
from ecgscribe.formats.wfdb.annotations import read_annotation
from ecgscribe.formats.wfdb.header import Header, read_header
from ecgscribe.formats.wfdb.signals import open_signals
from ecgscribe.record import LazyRecord

__all__ = ["mentions_pacemaker", "open_wfdb", "wfdb_files"]


_PACED = re.compile(r"\b(paced|pacer|pacing|pacemaker)\b")
# A wandering atrial pacemaker is a rhythm (mitdb 113), not a device; a negation is neither.
_NOT_PACED = re.compile(
    r"\bwandering (atrial )?pacemaker\b"
    r"|\b(no|not|without)( an?)? (paced|pacer|pacing|pacemaker)\b"
    r"|\b(pacer|pacing|pacemaker)\s*:\s*(no|none|n/a|unknown|0)\b"
)


def mentions_pacemaker(comments: Sequence[str]) -> bool:
    """Return whether the free text of a header mentions a pacemaker of the patient.

    Parameters
    ----------
    comments : sequence of str
        Lines of the header; a phrase may continue on the next line.
    """
    text = " ".join(" ".join(comments).lower().split())
    return _PACED.search(_NOT_PACED.sub(" ", text)) is not None


def open_wfdb(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open a WFDB record by its header, to be read piece by piece.

    Signals with several samples per frame are read in full, because averaging over the frame, as
    other readers do, would blunt the QRS. Gaps between segments are NaN. The record is `paced` if
    the header or a reference annotation file (``atr``) next to it shows a pacemaker.
    `LazyRecord.read` raises an error once all samples of a signal have been read if their checksum
    differs from that in the header. See `ecgscribe.formats.reading.Reader`.
    """
    base = path.with_suffix("")
    with format_errors(base, "a WFDB record with its signal files complete"):
        header = read_header(base)
        if header.n_signals == 0:
            raise FormatError(
                f"{base}.hea: expected at least one signal, found none; choose a record with "
                "signals"
            )
        signals = open_signals(base, header)
        header = _with_first_segment(base, header)
        each_fs = [header.fs * k for k in signals.per_frame]
        keep = leads_of_one_fs(base, signals.names, signals.units, each_fs, leads)
        step = signals.per_frame[keep[0]]

        def read(begin: int, end: int) -> NDArray[np.float32]:
            if begin >= end:
                return np.empty((0, len(keep)), dtype=np.float32)
            first = begin // step
            frames = signals.read(keep, first, -(-end // step))
            return frames[begin - first * step : end - first * step]

        return LazyRecord(
            reader=read,
            n_samples=signals.n_frames * step,
            fs=resolve_fs(base, each_fs[keep[0]], fs),
            leads=tuple(signals.names[k] for k in keep),
            units=tuple(signals.units[k] for k in keep),
            name=base.name,
            start=header.start,
            comments=header.comments,
            paced=mentions_pacemaker(header.comments) or _has_paced_beats(base),
        )


def _with_first_segment(base: Path, header: Header) -> Header:
    """Return a header with the start and the comments of its first segment, if it has none."""
    first = next((each.name for each in header.segments if each.n_frames), "~")
    if first == "~":
        return header
    segment = read_header(base.with_name(first))
    return replace(
        header,
        start=header.start or segment.start,
        comments=header.comments or segment.comments,
    )


def _has_paced_beats(base: Path) -> bool:
    """Return whether a reference annotation file next to the record holds paced beats.

    Some headers do not mention the pacemaker that the annotations show. A reference that is missing
    or damaged is ignored, because the caller did not ask for it.
    """
    try:
        return bool(np.any(read_annotation(base, "atr").symbol == "/"))
    except FormatError:
        return False


def wfdb_files(base: Path) -> list[Path]:
    """List the header and the signal files of a WFDB record, and those of its segments."""
    files = [base.with_name(f"{base.name}.hea")]
    with format_errors(base, "a WFDB record with its signal files complete"):
        header = read_header(base)
        for segment in dict.fromkeys(each.name for each in header.segments):
            if segment != "~":
                files += wfdb_files(base.with_name(segment))
        names = dict.fromkeys(line.file_name for line in header.signals)
        files += [same_but_for_case(base.with_name(name)) for name in names if name != "~"]
    return list(dict.fromkeys(files))
