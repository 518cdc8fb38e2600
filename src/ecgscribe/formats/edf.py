"""EDF, EDF+ and BDF: the header and annotations through edfio, data records piece by piece.

EDF: Kemp et al., Electroencephalogr Clin Neurophysiol 82:391-393, 1992; EDF+: Kemp & Olivan,
Clin Neurophysiol 114:1755-1761, 2003. BDF is EDF with samples of 24 bits.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import check_size, format_errors, resolve_fs, resolve_gain, to_float32
from ecgscribe.formats.lead_names import leads_of_one_fs, short_names
from ecgscribe.record import Annotation, LazyRecord

__all__ = ["open_edf", "read_annotation"]


_HEADER_BYTES = 256  # of the file, and again of each signal
_FIELD_BYTES = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Widths of the header's fields of a signal; each field is written for all signals in a row."""
_PIECE_RECORDS = 1000
"""Data records that are mapped at once."""
_ONSET = re.compile(rb"([+-]\d+(?:\.\d*)?)[\x14\x15]")
_ANNOTATIONS = {"EDF Annotations", "BDF Annotations"}
_MAX_SIGNALS = 10_000


@dataclass(frozen=True, eq=False)
class _File:
    """An EDF file whose header has been read and agrees with the size of the file.

    Parameters
    ----------
    path : Path
    edf : edfio.Edf or edfio.Bdf
        Holds the header and the first data record only.
    n_records : int
        Number of data records.
    width : int
        Bytes per sample: 2 or 3.
    counts : tuple of int
        Samples per data record of each signal.
    """

    path: Path
    edf: Any
    n_records: int
    width: int
    counts: tuple[int, ...]

    @property
    def record_bytes(self) -> int:
        return sum(self.counts) * self.width

    @property
    def labels(self) -> list[str]:
        return [signal.label for signal in self.edf._signals]

    def column(self, k: int) -> slice:
        """Return the bytes of signal `k` in a data record."""
        begin = sum(self.counts[:k]) * self.width
        return slice(begin, begin + self.counts[k] * self.width)

    def records(self, begin: int, end: int) -> NDArray[np.uint8]:
        """Map data records, shape (end - begin, record_bytes); unmapped when released."""
        return np.memmap(
            self.path,
            dtype=np.uint8,
            mode="r",
            offset=_HEADER_BYTES * (1 + len(self.counts)) + begin * self.record_bytes,
            shape=(end - begin, self.record_bytes),
        )


def open_edf(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an EDF, EDF+ or BDF file, to be read piece by piece.

    A signal whose physical range is empty is read as raw counts. Gaps of EDF+D are NaN. `start` is
    None if the date is withheld. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "an EDF or BDF file"):
        file = _open(path)
        labels = file.labels
        duration = file.edf.data_record_duration
        columns = [k for k, label in enumerate(labels) if label not in _ANNOTATIONS]
        if not columns or not (np.isfinite(duration) and duration > 0):
            raise FormatError(
                f"{path}: expected signals in data records longer than 0 s, found {len(columns)} "
                f"signals and records of {duration:g} s; choose a recording"
            )
        names = short_names([labels[k] for k in columns])
        scales = [_scale(file.edf._signals[k]) for k in columns]
        units = [unit for _, _, unit in scales]
        each_fs = [file.counts[k] / duration for k in columns]
        keep = leads_of_one_fs(path, names, units, each_fs, leads)
        stated_fs = each_fs[keep[0]]
        places = _places(file, stated_fs)
        count = file.counts[columns[keep[0]]]

        def read(begin: int, end: int) -> NDArray[np.float32]:
            signal = np.full((max(end - begin, 0), len(keep)), np.nan, dtype=np.float32)
            first = int(np.searchsorted(places, begin, "right")) - 1
            last = int(np.searchsorted(places, end, "left"))
            if begin >= end:
                return signal
            data = file.records(first, last)
            for lead, k in enumerate(keep):
                gain, offset, _ = scales[k]
                digital = _digital(data[:, file.column(columns[k])], file.width)
                values = to_float32((digital + offset) * gain)
                _copy_records(signal[:, lead], places[first:last] - begin, values)
            return signal

        return LazyRecord(
            reader=read,
            n_samples=int(places[-1]) + count,
            fs=resolve_fs(path, stated_fs, fs),
            leads=tuple(names[k] for k in keep),
            units=tuple(units[k] for k in keep),
            name=path.stem,
            start=_start(file.edf),
            comments=tuple(
                text
                for text in (
                    file.edf.local_patient_identification,
                    file.edf.local_recording_identification,
                )
                if text.strip("X ")
            ),
        )


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
        If the file is damaged, an annotation is before the start, or the file has no signals and
        `fs` is not given.
    """
    import edfio
    from wfdb.io.annotation import ann_label_table

    with format_errors(path, "an EDF+ or BDF+ file with annotations"):
        file = _open(path)
        if not _ANNOTATIONS & set(file.labels):
            raise FormatError(
                f"{path}: expected an EDF+ file with annotations, found none in it; "
                "name the annotation file"
            )
        has_signals = not set(file.labels) <= _ANNOTATIONS
        if fs is None:
            fs = resolve_fs(path, None if not has_signals else open_edf(path).fs, None)
        read: Any = edfio.read_edf if file.width == 2 else edfio.read_bdf
        only = read(_only_annotations(file), header_encoding="latin-1")
        texts = [a for a in only.get_annotations() if a.text]
        if texts and texts[0].onset < 0:
            raise FormatError(
                f"{path}: expected annotations from the start on, found one at "
                f"{texts[0].onset:g} s; correct the file"
            )
        symbols = set(ann_label_table["symbol"]) - {" "}
        parts = [_symbol_and_note(a.text, symbols, with_notes=not has_signals) for a in texts]
        return Annotation(
            sample=np.array([round(a.onset * fs) for a in texts], np.int64),
            symbol=np.array([symbol for symbol, _ in parts], np.str_),
            fs=fs,
            aux_note=np.array([note for _, note in parts], np.str_),
            name=path.stem,
            start=_start(file.edf),
        )


def _only_annotations(file: _File) -> io.BytesIO:
    """Return the file without its signals, which edfio would read into memory too."""
    n_signals = len(file.counts)
    keep = [k for k, label in enumerate(file.labels) if label in _ANNOTATIONS]
    with file.path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES * (1 + n_signals))
    header_bytes = _HEADER_BYTES * (1 + len(keep))
    parts = [head[:184], b"%-8d" % header_bytes, head[192:252], b"%-4d" % len(keep)]
    at = _HEADER_BYTES
    for width in _FIELD_BYTES:
        parts += [head[at + k * width : at + (k + 1) * width] for k in keep]
        at += n_signals * width
    for begin in range(0, file.n_records, _PIECE_RECORDS):
        data = file.records(begin, min(begin + _PIECE_RECORDS, file.n_records))
        parts.append(np.hstack([data[:, file.column(k)] for k in keep]).tobytes())
    return io.BytesIO(b"".join(parts))


def _symbol_and_note(text: str, symbols: set[str], *, with_notes: bool) -> tuple[str, str]:
    symbol, _, note = text.partition(" ")
    is_symbol = symbol in symbols and (with_notes or not note)
    return (symbol, note) if is_symbol else ('"', text)


def _open(path: Path) -> _File:
    import edfio

    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        n_signals = int(head[252:256])
        if not 1 <= n_signals <= _MAX_SIGNALS:
            raise FormatError(
                f"{path}: expected at least one signal, found {n_signals}; get a fresh copy"
            )
        size = path.stat().st_size
        header_bytes = _HEADER_BYTES * (1 + n_signals)
        check_size(path, header_bytes, size)
        head += file.read(header_bytes - _HEADER_BYTES)
        counts = _counts(path, head, n_signals)
        bdf = head.startswith(b"\xff")
        width = 3 if bdf else 2
        record_bytes = sum(counts) * width
        available = (size - header_bytes) // record_bytes
        n_records = int(head[236:244])
        if n_records == -1:  # unknown when the header was written
            n_records = available
        check_size(path, header_bytes + record_bytes * max(n_records, 1), size)
        head += file.read(record_bytes)
    read = edfio.read_bdf if bdf else edfio.read_edf
    edf: Any = read(io.BytesIO(head), header_encoding="latin-1")
    if edf.bytes_in_header_record != header_bytes:
        raise FormatError(
            f"{path}: expected a header of {header_bytes} bytes for {n_signals} signals, found "
            f"{edf.bytes_in_header_record}; get a fresh copy"
        )
    return _File(path=path, edf=edf, n_records=n_records, width=width, counts=counts)


def _counts(path: Path, head: bytes, n_signals: int) -> tuple[int, ...]:
    at = _HEADER_BYTES + 216 * n_signals  # after label, transducer, unit, ranges and filter
    counts = tuple(int(head[at + 8 * k : at + 8 * (k + 1)]) for k in range(n_signals))
    if min(counts) < 1:
        raise FormatError(
            f"{path}: expected at least one sample of each signal in a data record, found "
            f"{min(counts)}; get a fresh copy"
        )
    return counts


def _scale(signal: Any) -> tuple[float, float, str]:
    """Return gain, offset and unit: a sample is ``(digital + offset) * gain``."""
    low, high = signal.digital_min, signal.digital_max
    stated = 0.0 if low == high else (signal.physical_max - signal.physical_min) / (high - low)
    gain, unit = resolve_gain(stated, signal.physical_dimension)
    return gain, signal.physical_max / gain - high if gain == stated else 0.0, unit


def _places(file: _File, fs: float) -> NDArray[np.int64]:
    """Return the first sample of every data record; EDF+D may have gaps between them."""
    count = round(fs * file.edf.data_record_duration)
    if not file.edf.reserved.startswith(("EDF+D", "BDF+D")):
        return np.arange(0, file.n_records * count, count, dtype=np.int64)
    timekeeping = next((k for k, name in enumerate(file.labels) if name in _ANNOTATIONS), None)
    if timekeeping is None:
        raise FormatError(
            f"{file.path}: expected the times of data records, because it is not continuous, found "
            "none; get a fresh copy"
        )
    onsets = []
    for record in range(file.n_records):
        text = file.records(record, record + 1)[0, file.column(timekeeping)].tobytes()
        onset = _ONSET.match(text)
        if onset is None:
            raise FormatError(
                f"{file.path}: expected the time of data record {record}, found {text[:20]!r}; "
                "get a fresh copy"
            )
        onsets.append(float(onset[1]))
    places = np.array([round((onset - onsets[0]) * fs) for onset in onsets], dtype=np.int64)
    if np.any(np.diff(places) < count):
        raise FormatError(
            f"{file.path}: expected data records in time order, found two that overlap; "
            "get a fresh copy"
        )
    return places


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


def _start(edf: Any) -> datetime | None:
    # A date that is withheld (X) or impossible raises ValueError.
    with contextlib.suppress(ValueError):
        start: datetime = edf.startdatetime
        return start
    return None
