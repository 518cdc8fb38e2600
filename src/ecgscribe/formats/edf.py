"""EDF, EDF+ and BDF: signals piece by piece, and annotations."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import format_errors, resolve_fs, resolve_gain, to_float32
from ecgscribe.formats.edf_header import ANNOTATIONS, Header, Signal, decoded, read_header
from ecgscribe.formats.lead_names import leads_of_one_fs, short_names
from ecgscribe.formats.sample_times import check_gaps
from ecgscribe.record import Annotation, LazyRecord

__all__ = ["open_edf", "read_annotation"]


_PIECE_RECORDS = 1000
"""Data records that are mapped at once."""
_LEAST_GAP_S = 1.0
_DRIFT = 1e-3
"""Share of a recording by which clocks may differ, which is no gap."""
_DURATION_STEP = 1e-6
"""To what s the duration of a data record can be written, such as 0.333333."""
_ONSET = re.compile(rb"([+-]? *(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[Ee][+-]?\d+)?)[\x14\x15]")


def open_edf(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an EDF, EDF+ or BDF file, to be read piece by piece.

    A signal whose physical range is empty is read as raw counts. Gaps of EDF+D are NaN. `start` is
    None if the date and time are withheld. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "an EDF or BDF file"):
        header = read_header(path)
        columns = [k for k, each in enumerate(header.signals) if each.label not in ANNOTATIONS]
        if not columns or not (math.isfinite(header.duration) and header.duration > 0):
            raise FormatError(
                f"{path}: expected signals in data records longer than 0 s, found {len(columns)} "
                f"signals and records of {header.duration:g} s; choose a recording, or correct "
                "its header"
            )
        names = short_names([header.signals[k].label for k in columns])
        scales = [_scale(header.signals[k]) for k in columns]
        units = [unit for _, _, unit in scales]
        each_fs = [_frequency(header.signals[k].n_samples, header.duration) for k in columns]
        keep = leads_of_one_fs(path, names, units, each_fs, leads)
        count = header.signals[columns[keep[0]]].n_samples
        first_onset, places = _places(path, header, each_fs[keep[0]], count)

        def read(begin: int, end: int) -> NDArray[np.float32]:
            signal = np.full((max(end - begin, 0), len(keep)), np.nan, dtype=np.float32)
            first = int(np.searchsorted(places, begin, "right")) - 1
            last = int(np.searchsorted(places, end, "left"))
            if begin >= end:
                return signal
            data = _records(path, header, first, last)
            for lead, k in enumerate(keep):
                gain, offset, _ = scales[k]
                digital = _digital(data[:, header.column(columns[k])], header.width)
                low, high = header.signals[columns[k]].digital
                if low >= 0 and high >= 256**header.width // 2:  # counts without a sign
                    digital %= 256**header.width
                values = to_float32((digital + offset) * gain)
                _copy_records(signal[:, lead], places[first:last] - begin, values)
            return signal

        return LazyRecord(
            reader=read,
            n_samples=int(places[-1]) + count,
            fs=resolve_fs(path, each_fs[keep[0]], fs),
            leads=tuple(names[k] for k in keep),
            units=tuple(units[k] for k in keep),
            name=path.stem,
            start=_later(header.start, first_onset),
            comments=tuple(text for text in (header.patient, header.recording) if text.strip("X ")),
        )


def _frequency(n_samples: int, duration: float) -> float:
    """Return a frequency in Hz: a whole one if the duration, written in 8 letters, is of that."""
    whole = round(n_samples / duration)
    is_whole = abs(n_samples - whole * duration) <= _DURATION_STEP * whole
    return float(whole) if is_whole else n_samples / duration


def read_annotation(path: Path, *, fs: float | None = None) -> Annotation:
    """Read the annotations of an EDF+ or BDF+ file.

    Parameters
    ----------
    path : Path
        The file.
    fs : float, optional
        Sampling frequency of the returned positions in Hz; by default that of the ECG leads.

    Returns
    -------
    Annotation
        A text that is a WFDB symbol becomes that symbol; in a file without signals, such as
        ecgscribe writes, a note may follow it. Any other text becomes a note (``"``).

    Raises
    ------
    FormatError
        If the file is damaged, or has no signals and `fs` is not given.

    Warns
    -----
    SignalWarning
        If annotations before the start, which EDF+ allows, are left out.
    """
    from wfdb.io.annotation import ann_label_table

    with format_errors(path, "an EDF+ or BDF+ file with annotations"):
        header = read_header(path)
        columns = [k for k, each in enumerate(header.signals) if each.label in ANNOTATIONS]
        if not columns:
            raise FormatError(
                f"{path}: expected an EDF+ file with annotations, found none in it; "
                "name the annotation file"
            )
        has_signals = len(columns) < len(header.signals)
        if fs is None:
            fs = resolve_fs(path, None if not has_signals else open_edf(path).fs, None)
        first_onset = _first_onset(path, header, columns[0])
        texts = sorted(_texts(path, header, columns), key=lambda each: each[0])
        texts = [(round(onset - first_onset, 12), text) for onset, text in texts]
        inside = [each for each in texts if each[0] >= 0]
        if len(inside) < len(texts):
            warn(
                f"{path}: {len(texts) - len(inside)} annotations before the start are left out, "
                f"the first at {texts[0][0]:g} s"
            )
        symbols = set(ann_label_table["symbol"]) - {" "}
        parts = [_symbol_and_note(text, symbols, with_notes=not has_signals) for _, text in inside]
        return Annotation(
            sample=np.array([round(onset * fs) for onset, _ in inside], np.int64),
            symbol=np.array([symbol for symbol, _ in parts], np.str_),
            fs=fs,
            aux_note=np.array([note for _, note in parts], np.str_),
            name=path.stem,
            start=_later(header.start, first_onset),
        )


def _records(path: Path, header: Header, begin: int, end: int) -> NDArray[np.uint8]:
    """Map data records, shape (end - begin, record_bytes); unmapped when released."""
    return np.memmap(
        path,
        dtype=np.uint8,
        mode="r",
        offset=header.n_bytes + begin * header.record_bytes,
        shape=(end - begin, header.record_bytes),
    )


def _column_bytes(path: Path, header: Header, k: int) -> Iterator[bytes]:
    """Return the bytes of signal `k`, data record by data record."""
    for begin in range(0, header.n_records, _PIECE_RECORDS):
        data = _records(path, header, begin, min(begin + _PIECE_RECORDS, header.n_records))
        for row in data[:, header.column(k)]:
            yield row.tobytes()


def _texts(path: Path, header: Header, columns: Sequence[int]) -> list[tuple[float, str]]:
    """Return the onset in s and the text of each annotation; the times of records have none.

    Warns
    -----
    SignalWarning
        If some are left out, because they do not begin with their time.
    """
    found: list[tuple[float, str]] = []
    odd: list[bytes] = []
    for k in columns:
        for part in (part for data in _column_bytes(path, header, k) for part in data.split(b"\0")):
            onset = _ONSET.match(part)
            if onset is not None:
                texts = part[onset.end() - 1 :].split(b"\x14")[1:]
                found += [(_seconds(onset), decoded(text)) for text in texts if text]
            elif part.strip(b"\x14\x15 "):
                odd.append(part[:20])
    if odd and not found:
        raise FormatError(
            f"{path}: expected annotations that begin with their time, found {odd[0]!r}; get a "
            "fresh copy"
        )
    if odd:
        warn(
            f"{path}: {len(odd)} annotations that do not begin with their time are left out, the "
            f"first is {odd[0]!r}"
        )
    return found


def _seconds(onset: re.Match[bytes]) -> float:
    return float(onset[1].replace(b",", b".").replace(b" ", b""))


def _symbol_and_note(text: str, symbols: set[str], *, with_notes: bool) -> tuple[str, str]:
    symbol, _, note = text.strip().partition(" ")
    is_symbol = symbol in symbols and (with_notes or not note)
    return (symbol, note) if is_symbol else ('"', text)


def _scale(signal: Signal) -> tuple[float, float, str]:
    """Return gain, offset and unit: a sample is ``(digital + offset) * gain``."""
    (low, high), (least, most) = signal.digital, signal.physical
    stated = 0.0 if low == high else (most - least) / (high - low)
    gain, unit = resolve_gain(0.0 if math.isnan(stated) else stated, signal.unit)
    return gain, most / gain - high if gain == stated else 0.0, unit


def _timekeeping(header: Header) -> int | None:
    """Return the signal whose first annotation in each data record is the time of the record."""
    labels = [each.label for each in header.signals]
    return next((k for k, label in enumerate(labels) if label in ANNOTATIONS), None)


def _first_onset(path: Path, header: Header, k: int | None) -> float:
    if k is None or not header.is_plus or header.n_records < 1:
        return 0.0
    onset = _ONSET.match(next(_column_bytes(path, header, k)))
    return 0.0 if onset is None else _seconds(onset)


def _is_longer(path: Path, header: Header, timekeeping: int | None) -> bool:
    """Return whether a file that is said to have no gaps lasts longer by the times of its records.

    Warns
    -----
    SignalWarning
        If it does.
    """
    if timekeeping is None or not header.is_plus or header.n_records < 2:
        return False
    column = header.column(timekeeping)
    last = _records(path, header, header.n_records - 1, header.n_records)[0, column].tobytes()
    ends = [_ONSET.match(next(_column_bytes(path, header, timekeeping))), _ONSET.match(last)]
    first, late = (math.nan if each is None else _seconds(each) for each in ends)
    missing = late - first - (header.n_records - 1) * header.duration
    if not missing > max(_LEAST_GAP_S, _DRIFT * (late - first)):
        return False
    warn(
        f"{path}: it is said to be without gaps, but lasts {missing:.1f} s longer by the times of "
        "its data records; these are used"
    )
    return True


def _places(path: Path, header: Header, fs: float, count: int) -> tuple[float, NDArray[np.int64]]:
    """Return the first onset in s, and the first sample of every data record.

    EDF+D may have gaps between records. Their times may be off by less than a sample each, because
    clocks drift and writers round.
    """
    timekeeping = _timekeeping(header)
    even = np.arange(header.n_records, dtype=np.int64) * count
    if not header.is_discontinuous and not _is_longer(path, header, timekeeping):
        return _first_onset(path, header, timekeeping), even
    if timekeeping is None:
        raise FormatError(
            f"{path}: expected the times of data records, because it is not continuous, found "
            "none; get a fresh copy"
        )
    onsets = np.empty(header.n_records)
    n_missing = 0
    for record, data in enumerate(_column_bytes(path, header, timekeeping)):
        onset = _ONSET.match(data)
        if onset is None and not record:
            raise FormatError(
                f"{path}: expected the time of the first data record, found {data[:20]!r}; "
                "get a fresh copy"
            )
        n_missing += onset is None
        following = onsets[record - 1] + header.duration
        onsets[record] = following if onset is None else _seconds(onset)
    if n_missing:
        warn(
            f"{path}: {n_missing} data records without a time are read as following the one before"
        )
    excess = np.diff(onsets) * fs - count  # of the time from one record to the next, in samples
    if np.any(excess <= -1.0 - 1e-6 * fs):
        late = int(np.flatnonzero(excess <= -1.0)[0]) + 1
        raise FormatError(
            f"{path}: expected data records in time order, found record {late} to overlap the one "
            "before it; get a fresh copy"
        )
    check_gaps(path, float(np.maximum(excess, 0).sum()), fs)
    places = np.round((onsets - onsets[0]) * fs).astype(np.int64)
    return float(onsets[0]), even + np.maximum.accumulate(places - even)


def _later(start: datetime | None, seconds: float) -> datetime | None:
    with contextlib.suppress(OverflowError):
        return start and start + timedelta(seconds=seconds)
    return None


def _digital(data: NDArray[np.uint8], width: int) -> NDArray[np.float64]:
    """Decode little-endian integers of 2 or 3 bytes, shape (records, samples)."""
    if width == 2:
        return np.ascontiguousarray(data).view("<i2").astype(np.float64)
    low, middle, high = (data[:, k::3].astype(np.int32) for k in range(3))
    value = low | middle << 8 | high << 16
    return np.asarray(value - ((value & 0x800000) << 1), dtype=np.float64)


def _copy_records(
    lead: NDArray[np.float32], places: NDArray[np.int64], data: NDArray[np.float32]
) -> None:
    """Copy data records to their places in a piece of a lead; drop what is outside it."""
    count = data.shape[1]
    if places[-1] - places[0] == (len(places) - 1) * count:  # one after the other
        places, data = places[:1], data.reshape(1, -1)
    for place, values in zip(places.tolist(), data, strict=True):
        begin, end = max(place, 0), min(place + len(values), len(lead))
        if begin < end:
            lead[begin:end] = values[begin - place : end - place]
