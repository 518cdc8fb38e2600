"""ISHNE Holter recordings (``.ecg``) and their annotations (``.ann``).

Badilini, Ann Noninvasive Electrocardiol 3:263-266, 1998; annotations as in the THEW repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import check_size, format_errors, resolve_fs, resolve_gain
from ecgscribe.formats.lead_names import chosen_leads, short_names
from ecgscribe.record import NO_DATE, Annotation, LazyRecord

__all__ = ["open_ishne", "read_annotation"]


_MAX_LEADS = 12
_HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("checksum", "<u2"),
        ("variable_bytes", "<i4"),
        ("n_samples", "<i4"),
        ("variable_at", "<i4"),
        ("data_at", "<i4"),
        ("version", "<i2"),
        ("names", "S80"),
        ("identifier", "S20"),
        ("sex", "<i2"),
        ("race", "<i2"),
        ("birth", "<i2", 3),
        ("date", "<i2", 3),
        ("file_date", "<i2", 3),
        ("time", "<i2", 3),
        ("n_leads", "<i2"),
        ("leads", "<i2", _MAX_LEADS),
        ("quality", "<i2", _MAX_LEADS),
        ("resolution", "<i2", _MAX_LEADS),
        ("pacemaker", "<i2"),
        ("recorder", "S40"),
        ("fs", "<i2"),
        ("other", "S248"),
    ]
)
# Codes from 2 on; 0 is an unknown lead, 1 any bipolar one.
_NAMES = (
    "X", "Y", "Z", "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6",
    "ES", "AS", "AI",
)  # fmt: skip
_LEADS = dict(enumerate(_NAMES, start=2))
_BEAT = np.dtype([("code", "S1"), ("inner", "S1"), ("interval", "<u2")])
# Normal, ventricular, supraventricular, bundle branch block, paced, artefact, unknown.
_SYMBOLS = {"N": "N", "V": "V", "S": "S", "B": "B", "P": "/", "X": "|", "U": "Q"}
_CENTURY, _FIRST_YEAR = 100, 85  # of two digits: 1985 to 2084, as in EDF
_TIMEOUT = "!"  # written between beats whose interval exceeds 16 bits


def open_ishne(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an ISHNE Holter recording, to be read piece by piece, in mV.

    Its checksum is not compared, because many writers leave it out. See
    `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "an ISHNE Holter recording"):
        header = _header(path, b"ISHNE1.0")
        n_leads, data_at = int(header["n_leads"]), int(header["data_at"])
        n_samples = _n_samples(path, header)
        if not 1 <= n_leads <= _MAX_LEADS or n_samples < 1 or data_at < _HEADER.itemsize:
            raise FormatError(
                f"{path}: expected one to {_MAX_LEADS} leads with samples, found {n_leads} leads "
                f"of {n_samples} samples from byte {data_at} on; get a fresh copy"
            )
        check_size(path, data_at + 2 * n_leads * n_samples, path.stat().st_size)
        codes = header["leads"][:n_leads].tolist()
        names = short_names([_LEADS.get(code) for code in codes])
        # Nanovolts per count; resolve_gain makes raw counts of a missing resolution (-9).
        gains = [
            resolve_gain(max(value, 0) / 1e6, "mV")
            for value in header["resolution"][:n_leads].tolist()
        ]
        keep = chosen_leads(path, names, leads)
        gain = np.array([gains[k][0] for k in keep])

        def read(begin: int, end: int) -> NDArray[np.float32]:
            if begin >= end:
                return np.empty((0, len(keep)), dtype=np.float32)
            digital = np.memmap(
                path,
                dtype="<i2",
                mode="r",
                offset=data_at + 2 * n_leads * begin,
                shape=(end - begin, n_leads),
            )
            return np.asarray(digital[:, keep] * gain, dtype=np.float32)

        return LazyRecord(
            reader=read,
            n_samples=n_samples,
            fs=resolve_fs(path, float(header["fs"]) if header["fs"] > 0 else None, fs),
            leads=tuple(names[k] for k in keep),
            units=tuple(gains[k][1] for k in keep),
            name=path.stem,
            start=_start(header),
            paced=int(header["pacemaker"]) > 0,
        )


def read_annotation(path: Path, *, fs: float | None = None) -> Annotation:
    """Read ISHNE annotations.

    Parameters
    ----------
    path : Path
        The file.
    fs : float, optional
        Sampling frequency in Hz, if the file gives none.

    Returns
    -------
    Annotation
        A code that WFDB does not have becomes a note (``"``) with the code.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    with format_errors(path, "ISHNE annotations"):
        header = _header(path, b"ANN  1.0")
        data = path.read_bytes()
        at = _HEADER.itemsize + int(header["variable_bytes"])
        if at < _HEADER.itemsize or (len(data) - at) % _BEAT.itemsize or len(data) - at < 4:
            raise FormatError(
                f"{path}: expected ISHNE annotations of 4 bytes each, found "
                f"{len(data) - at} bytes of them; damaged or cut short: get a fresh copy"
            )
        origin = int(np.frombuffer(data, "<i4", 1, at)[0])
        beats = np.frombuffer(data, _BEAT, -1, at + 4)
        sample = origin + np.cumsum(beats["interval"], dtype=np.int64)
        if len(sample) and sample[0] < 0:
            raise FormatError(
                f"{path}: expected samples from 0 on, found {sample[0]}; get a fresh copy"
            )
        codes = [code.decode("latin-1") for code in beats["code"].tolist()]
        symbol = np.array([_SYMBOLS.get(code, '"') for code in codes], np.str_)
        note = np.array(["" if code in _SYMBOLS else code for code in codes], np.str_)
        stated = int(header["fs"])
        return Annotation(
            sample=sample,
            symbol=symbol,
            fs=resolve_fs(path, float(stated) if stated > 0 else fs, None),
            aux_note=note,
            name=path.stem,
            start=_start(header),
        ).select(np.array([code != _TIMEOUT for code in codes], dtype=np.bool_))


def _header(path: Path, magic: bytes) -> Any:
    check_size(path, _HEADER.itemsize, path.stat().st_size)
    header: Any = np.fromfile(path, dtype=_HEADER, count=1)[0]
    if header["magic"] != magic:
        raise FormatError(
            f"{path}: expected {magic.decode()} at its beginning, found "
            f"{header['magic'].decode('latin-1')!r}; name the other file"
        )
    return header


def _n_samples(path: Path, header: Any) -> int:
    """Return the samples of each lead; some writers count those of all leads, or leave it out."""
    stated, n_leads = int(header["n_samples"]), int(header["n_leads"])
    available = (path.stat().st_size - int(header["data_at"])) // (2 * max(n_leads, 1))
    is_total = n_leads > 1 and stated == n_leads * available
    if available < 1 or (stated > 0 and not is_total):
        fs = max(int(header["fs"]), 1)
        if available > stated + fs:
            warn(
                f"{path}: only {stated / fs:.1f} s are read, as its header says, of "
                f"{available / fs:.1f} s in the file"
            )
        return stated
    warn(
        f"{path}: expected the samples of one lead in the header, found {stated}; all {available} "
        "in the file are read"
    )
    return available


def _start(header: Any) -> datetime | None:
    day, month, year = header["date"].tolist()
    if 0 < year < _CENTURY:
        year += _CENTURY * (19 if year >= _FIRST_YEAR else 20)
    elif _CENTURY <= year < 2 * _CENTURY:  # counted from 1900, as C does
        year += 19 * _CENTURY
    try:  # negative numbers mean an unknown date or time
        clock = time(*header["time"].tolist())
    except ValueError:
        return None
    try:
        return datetime.combine(date(year, month, day), clock)
    except ValueError:
        return datetime.combine(NO_DATE, clock) if clock != time() else None
