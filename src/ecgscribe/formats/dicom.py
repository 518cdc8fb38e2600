"""DICOM waveforms, through pydicom. DICOM PS3.3, C.10.9 (waveform module)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import (
    NO_DATE_TEXT,
    UNKNOWN_UNIT,
    check_size,
    clock_time,
    format_errors,
    read_whole_file,
    resolve_fs,
    resolve_gain,
    to_float32,
)
from ecgscribe.formats.lead_names import leads_of_one_fs, short_names
from ecgscribe.leads import is_standard
from ecgscribe.record import LazyRecord, Record, has_date

__all__ = ["is_dicom_without_preamble", "open_dicom"]


_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_PLAIN = {_IMPLICIT, _EXPLICIT, _BIG_ENDIAN}
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_LINEAR = {(8, "SB"), (8, "UB"), (16, "SS"), (16, "US"), (32, "SL"), (32, "UL")}


_FIRST_ELEMENTS = {2: range(0x20), 8: range(0x60)}
"""Groups and elements that files begin with."""
_PAD_S = 1.0
"""Shortest run of the padding value that is padding, if the value is one that samples take, too."""
_STARTS = ("Acquisition", "Content", "Series", "Study")
"""Where the start is looked for, as a date and a time."""


def is_dicom_without_preamble(head: bytes) -> bool:
    """Return whether `head` begins with elements of DICOM, as some writers leave out the rest."""
    group, element = (int.from_bytes(head[k : k + 2], "little") for k in (0, 2))
    if len(head) < 16 or element not in _FIRST_ELEMENTS.get(group, ()):
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or int.from_bytes(head[4:8], "little") <= 64


@dataclass(frozen=True, eq=False)
class _Channel:
    """One channel of a multiplex group: its physical values and how it was sampled."""

    name: str
    unit: str
    fs: float
    offset_ms: float
    signal: NDArray[np.float32]


def open_dicom(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read the recorded waveforms of a DICOM file, not the averaged beats it may also hold.

    If groups of leads differ in length or offset, the longest group is read, or the first of those
    that are as long. A compressed file is an error. See `ecgscribe.formats.reading.Reader`.

    Warns
    -----
    SignalWarning
        If other groups of leads are left out.
    """
    import pydicom

    with format_errors(path, "a DICOM file with a waveform"):
        file = read_whole_file(path)
        # Before parsing, because a deflated file can inflate to any size.
        deflated = _DEFLATED in file.getvalue()
        dataset = None if deflated else pydicom.dcmread(file, force=True)  # without a preamble, too
        syntax = "deflated"
        if dataset is not None:
            implicit, little = dataset.original_encoding
            guessed = _IMPLICIT if implicit else _EXPLICIT
            stated = dataset.file_meta.get("TransferSyntaxUID")
            syntax = str(stated or (guessed if little else _BIG_ENDIAN))
        if dataset is None or syntax not in _PLAIN:
            raise FormatError(
                f"{path}: expected a DICOM file that is not compressed, found transfer syntax "
                f"{syntax[:64]}; convert it first"
            )
        groups = _items(path, dataset, "WaveformSequence")
        recorded = [k for k, g in enumerate(groups) if g.get("WaveformOriginality") != "DERIVED"]
        channels = [channel for k in recorded for channel in _channels(path, dataset, k)]
        names = short_names([channel.name for channel in channels])
        units = [channel.unit for channel in channels]
        keep = leads_of_one_fs(path, names, units, [c.fs for c in channels], leads)
        shapes = [(len(channels[k].signal), -channels[k].offset_ms) for k in keep]
        others = [names[k] for k, shape in zip(keep, shapes, strict=True) if shape != max(shapes)]
        keep = [k for k, shape in zip(keep, shapes, strict=True) if shape == max(shapes)]
        if leads is not None and len(keep) < len(leads):
            raise FormatError(
                f"{path}: expected leads recorded at the same time, found others in "
                f"{', '.join(leads)}; choose leads of one group"
            )
        if others:
            warn(
                f"{path}: only the longest of several waveforms is read, left out: "
                f"{', '.join(others)}"
            )
        return Record(
            signal=np.stack([channels[k].signal for k in keep], axis=1),
            fs=resolve_fs(path, channels[keep[0]].fs, fs),
            leads=tuple(names[k] for k in keep),
            units=tuple(units[k] for k in keep),
            name=path.stem,
            start=_start(dataset, channels[keep[0]].offset_ms),
        ).lazy()


def _channels(path: Path, dataset: Any, index: int) -> list[_Channel]:
    from pydicom.waveforms.numpy_handler import multiplex_array

    group = dataset.WaveformSequence[index]
    bits = int(_number(path, group, "WaveformBitsAllocated"))
    kind = str(group.get("WaveformSampleInterpretation"))[:16]
    if (bits, kind) not in _LINEAR:
        raise FormatError(
            f"{path}: expected linear samples of 8, 16 or 32 bits, found {bits} bits of "
            f"type {kind}; convert the file first"
        )
    n_channels = int(_number(path, group, "NumberOfWaveformChannels"))
    n_samples = int(_number(path, group, "NumberOfWaveformSamples"))
    definitions = _items(path, group, "ChannelDefinitionSequence")
    if n_channels != len(definitions) or n_channels < 1 or n_samples < 1:
        raise FormatError(
            f"{path}: expected a definition of each of {n_channels} channels with samples, found "
            f"{len(definitions)} and {n_samples} samples; get a fresh copy"
        )
    data = group.get("WaveformData")
    if not isinstance(data, bytes):
        raise _damaged(path, "bytes", "WaveformData", data)
    check_size(path, n_channels * n_samples * bits // 8, len(data))
    raw = multiplex_array(dataset, index, as_raw=True)
    stored = raw.dtype
    if not dataset.original_encoding[1]:  # pydicom takes the samples for little-endian
        stored = stored.newbyteorder(">")
        raw = raw.byteswap()
    padding = group.get("WaveformPaddingValue")
    if isinstance(padding, bytes):
        padding = np.frombuffer(padding, stored, 1)[0]
    elif padding is not None:
        padding = int(_number(path, group, "WaveformPaddingValue"))
    fs = _number(path, group, "SamplingFrequency")
    offset = _number(path, group, "MultiplexGroupTimeOffset", 0.0)
    channels = []
    for k, definition in enumerate(definitions):
        gain, unit = _gain(path, definition)
        baseline = _number(path, definition, "ChannelBaseline", 0.0)
        baseline = 0.0 if unit == UNKNOWN_UNIT else baseline
        signal = to_float32(raw[:, k] * gain + baseline)
        if padding is not None:
            signal[_is_padding(raw[:, k], padding, fs)] = np.nan
        channels.append(_Channel(_name(path, definition), unit, fs, offset, signal))
    return channels


def _is_padding(raw: NDArray[Any], padding: int, fs: float) -> NDArray[np.bool_]:
    """Return where samples are padding: a value that samples take, too, only in long runs."""
    equal = np.asarray(raw == padding)
    limits = np.iinfo(raw.dtype)
    if padding in (limits.min, limits.max):
        return equal
    edges = np.flatnonzero(np.diff(equal, prepend=False, append=False)).reshape(-1, 2)
    for begin, end in edges.tolist():
        equal[begin:end] = end - begin >= _PAD_S * fs
    return equal


def _number(path: Path, dataset: Any, keyword: str, absent: float | None = None) -> float:
    """Return the one number of an element; `absent` where there is none, if that may be."""
    value = dataset.get(keyword)
    if absent is not None and (value is None or value == ""):
        return absent
    try:
        number = float(value)
    except (TypeError, ValueError) as error:  # nothing, several values, or a text
        raise _damaged(path, "one number", keyword, value) from error
    if absent is None and not math.isfinite(number):
        raise _damaged(path, "one number", keyword, value)
    return number


def _items(path: Path, dataset: Any, keyword: str) -> list[Any]:
    """Return the items of a sequence; none where it is absent."""
    from pydicom.sequence import Sequence as Items

    value = dataset.get(keyword)
    if value is not None and not isinstance(value, Items):
        raise _damaged(path, "a sequence", keyword, value)
    return list(value or ())


def _damaged(path: Path, expected: str, keyword: str, value: object) -> FormatError:
    found = "nothing" if value is None else repr(str(value)[:40])
    return FormatError(
        f"{path}: expected {expected} as {keyword}, found {found}: damaged; get a fresh copy"
    )


def _gain(path: Path, definition: Any) -> tuple[float, str]:
    correction = _number(path, definition, "ChannelSensitivityCorrectionFactor", 1.0)
    gain = _number(path, definition, "ChannelSensitivity", 0.0)
    coded = _items(path, definition, "ChannelSensitivityUnitsSequence")
    unit = str(coded[0].get("CodeValue") or coded[0].get("CodeMeaning") or "") if coded else ""
    return resolve_gain(gain * correction, unit)


def _name(path: Path, definition: Any) -> str:
    """Return what a channel is called: its meaning, or its label if only that is a lead."""
    source = _items(path, definition, "ChannelSourceSequence")
    coded = source[0] if source else {}
    values = (coded.get("CodeMeaning"), definition.get("ChannelLabel"), coded.get("CodeValue"))
    meaning, label, code = (str(value or "") for value in values)
    leads = [each for each in (meaning, label) if is_standard(short_names([each])[0])]
    return leads[0] if leads else meaning or label or code


def _start(dataset: Any, offset_ms: float) -> datetime | None:
    texts = [str(dataset.get("AcquisitionDateTime") or "")]
    for kind in _STARTS:
        day, hour = (str(dataset.get(f"{kind}{part}") or "") for part in ("Date", "Time"))
        if hour:
            texts.append(f"{day or NO_DATE_TEXT}{hour}")
    starts = [start for text in texts if (start := clock_time(text)) is not None]
    # Any date is better than none.
    start = next((each for each in starts if has_date(each)), starts[0] if starts else None)
    texts = [str(dataset.get(f"{kind}Date") or "") for kind in _STARTS]
    if start is not None and not has_date(start):  # the day of the study is that of the recording
        dated = [each for text in texts if (each := clock_time(f"{text}0000")) is not None]
        start = datetime.combine(dated[0].date(), start.time()) if dated else start
    return start and start + timedelta(milliseconds=offset_ms)
