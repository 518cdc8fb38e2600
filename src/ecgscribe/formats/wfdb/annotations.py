"""WFDB records and annotation files, read through the wfdb library.

Header: https://physionet.org/physiotools/wag/header-5.htm; annotations:
https://physionet.org/physiotools/wag/annot-5.htm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import agreed_fs, reading
from ecgscribe.formats.lead_names import leads_of_one_fs
from ecgscribe.formats.wfdb.header import header_fs, read_header
from ecgscribe.formats.wfdb.signals import open_signals
from ecgscribe.record import Annotation, LazyRecord

__all__ = ["mentions_pacemaker", "open_record", "read_annotation", "recording_files"]


_PACED = re.compile(r"\b(paced|pacer|pacing|pacemaker)\b")
# A wandering atrial pacemaker is a rhythm (mitdb 113), not a device; nor is a denial one.
_NOT_PACED = re.compile(
    r"\bwandering (atrial )?pacemaker\b"
    r"|\b(no|not|without)( an?)? (paced|pacer|pacing|pacemaker)\b"
    r"|\b(pacer|pacing|pacemaker)\s*:\s*(no|none|n/a|unknown|0)\b"
)
# A note begins after the byte FC; without it, these letters are the bytes of ordinary beats too
# (at 1,000 Hz, an A 803 samples after the beat before it and 800 before the next).
_DEFINITION = re.compile(rb"(.)[\xfc-\xff](?=(## .{0,252}))", re.DOTALL)
"""A note that defines something, behind the byte that tells its length. Two bits of the code of a
note belong to the length, but no definition is long enough to set them."""
_RESOLUTION = re.compile(rb"## time resolution: (\d+\.?\d*)")
_LABELS = [b"## annotation type definitions", b"## end of definitions"]


def mentions_pacemaker(comments: Sequence[str]) -> bool:
    """Tell whether the free text of a header says that the heart is paced by a device.

    Parameters
    ----------
    comments : sequence of str
        Lines of the header; a phrase may run over a line end.
    """
    text = " ".join(" ".join(comments).lower().split())
    return _PACED.search(_NOT_PACED.sub(" ", text)) is not None


def open_record(
    base: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open a WFDB record, to be read piece by piece.

    Signals with several samples a frame are read in full; where their frequencies differ one has
    to be chosen by `leads`, as averaging over the frame (what other readers do) would blunt the
    QRS. Signals that are not ECG by name or unit are left out where only their frequency differs.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    fs : float, optional
        Checked against the header.
    leads : sequence of str, optional
        Names of the leads to keep, in this order; all by default.

    Returns
    -------
    LazyRecord
        Samples that the file marks as invalid, and gaps between segments, are NaN. It is `paced`
        where the header, or a reference annotation file (``atr``) beside it, says so.

    Raises
    ------
    FormatError
        If a file is absent, damaged, cut short, or the header gives no frequency or no signal. So
        does ``read`` once all of a signal has been read whose checksum is not the header's.
    """
    frame_fs = header_fs(base)
    with reading(base, "a WFDB record with its signal files complete"):
        header = read_header(base)
        signals = open_signals(base, header)
        each_fs = [frame_fs * k for k in signals.per_frame]
        keep = leads_of_one_fs(base, signals.names, signals.units, each_fs, leads)
        step = signals.per_frame[keep[0]]

        def read(begin: int, end: int) -> NDArray[np.float32]:
            if begin >= end:
                return np.empty((0, len(keep)), dtype=np.float32)
            first = begin // step
            frames = signals.read(keep, first, -(-end // step))
            return frames[begin - first * step : end - first * step]

        return LazyRecord(
            read=read,
            n_samples=signals.n_frames * step,
            fs=agreed_fs(base, each_fs[keep[0]], fs),
            leads=tuple(signals.names[k] for k in keep),
            units=tuple(signals.units[k] for k in keep),
            name=base.name,
            start=header.base_datetime,
            comments=tuple(header.comments or ()),
            paced=mentions_pacemaker(header.comments or ()) or _has_paced_beats(base),
        )


def _has_paced_beats(base: Path) -> bool:
    """Tell whether a reference annotation file beside the record marks beats as paced.

    Some headers do not mention the pacemaker that the annotations show. A reference that is absent
    or damaged tells nothing: it is not what the caller asked to read.
    """
    try:
        return bool(np.any(read_annotation(base, "atr").symbol == "/"))
    except FormatError:
        return False


def read_annotation(base: Path, annotator: str, *, fs: float | None = None) -> Annotation:
    """Read a WFDB annotation file.

    Parameters
    ----------
    base : Path
        The record's path without a suffix.
    annotator : str
        Suffix of the annotation file.
    fs : float, optional
        Used if neither the file nor a header beside it gives the frequency.

    Returns
    -------
    Annotation
        Notes come without the NUL bytes that some writers put after them; a code that the file
        does not define becomes a note (``"``).

    Raises
    ------
    FormatError
        If the file is absent, damaged or cut short, or no frequency is known.
    """
    import wfdb

    file = Path(f"{base}.{annotator}")
    header = Path(f"{base}.hea")
    with reading(file, "a WFDB annotation file"):
        resolution = _check_annotation_bytes(file)
        raw = wfdb.rdann(str(base.absolute()), annotator)
        start = None
        if header.is_file():
            start = read_header(base).base_datetime
            resolution = resolution or header_fs(base)
        if len(raw.sample) and raw.sample[0] < 0:
            raise FormatError(
                f"{file}: expected samples from 0 on, found {raw.sample[0]}; get a fresh copy"
            )
        return Annotation(
            sample=raw.sample,
            symbol=np.array([s if isinstance(s, str) else '"' for s in raw.symbol], np.str_),
            fs=agreed_fs(file, resolution or fs, None),
            subtype=raw.subtype,
            aux_note=np.array([(note or "").rstrip("\0") for note in raw.aux_note], np.str_),
            name=base.name,
            start=start,
        )


def _check_annotation_bytes(file: Path) -> float | None:
    # wfdb takes the last two bytes for the end mark whatever they are, and never comes back
    # from a definition (a note that begins with "## ") it does not know, or of which a damaged
    # length leaves a part: both are caught first.
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


def recording_files(base: Path) -> list[Path]:
    """List the header and the signal files of a WFDB record, and those of its segments."""
    import wfdb

    files = [base.with_name(f"{base.name}.hea")]
    with reading(base, "a WFDB record with its signal files complete"):
        header = wfdb.rdheader(str(base.absolute()))
        if hasattr(header, "seg_name"):
            for segment in dict.fromkeys(header.seg_name):
                if segment != "~":
                    files += recording_files(base.with_name(segment))
        else:
            names = dict.fromkeys(header.file_name or ())
            files += [base.with_name(name) for name in names if name != "~"]
    return list(dict.fromkeys(files))
