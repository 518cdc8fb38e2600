"""DICOM waveforms, through pydicom. DICOM PS3.3, C.10.9 (waveform module)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import (
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
from ecgscribe.record import LazyRecord, Record

__all__ = ["open_dicom"]


_LITTLE_ENDIAN = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_LINEAR = {(8, "SB"), (8, "UB"), (16, "SS"), (16, "US"), (32, "SL"), (32, "UL")}


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

    If groups of leads differ in length or offset, the longest group is read. A compressed file is
    an error. See `ecgscribe.formats.reading.Reader`.
    """
    import pydicom

    with format_errors(path, "a DICOM file with a waveform"):
        file = read_whole_file(path)
        # Before parsing, because a deflated file can inflate to any size.
        deflated = _DEFLATED in file.getvalue()
        dataset = None if deflated else pydicom.dcmread(file)
        syntax = "deflated" if dataset is None else dataset.file_meta.get("TransferSyntaxUID")
        if dataset is None or syntax not in _LITTLE_ENDIAN:
            raise FormatError(
                f"{path}: expected a little-endian DICOM file that is not compressed, found "
                f"transfer syntax {str(syntax)[:64]}; convert it first"
            )
        groups = list(dataset.get("WaveformSequence") or ())
        recorded = [k for k, g in enumerate(groups) if g.get("WaveformOriginality") != "DERIVED"]
        channels = [channel for k in recorded for channel in _channels(path, dataset, k)]
        names = short_names([channel.name for channel in channels])
        units = [channel.unit for channel in channels]
        keep = leads_of_one_fs(path, names, units, [c.fs for c in channels], leads)
        shapes = [(len(channels[k].signal), channels[k].offset_ms) for k in keep]
        keep = [k for k, shape in zip(keep, shapes, strict=True) if shape == max(shapes)]
        if leads is not None and len(keep) < len(leads):
            raise FormatError(
                f"{path}: expected leads recorded at the same time, found others in "
                f"{', '.join(leads)}; choose leads of one group"
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
    bits, kind = int(group.WaveformBitsAllocated), str(group.WaveformSampleInterpretation)[:16]
    if (bits, kind) not in _LINEAR:
        raise FormatError(
            f"{path}: expected linear samples of 8, 16 or 32 bits, found {bits} bits of "
            f"type {kind}; convert the file first"
        )
    n_channels, n_samples = int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples)
    definitions = group.ChannelDefinitionSequence
    if n_channels != len(definitions) or n_channels < 1 or n_samples < 1:
        raise FormatError(
            f"{path}: expected a definition of each of {n_channels} channels with samples, found "
            f"{len(definitions)} and {n_samples} samples; get a fresh copy"
        )
    check_size(path, n_channels * n_samples * bits // 8, len(group.WaveformData))
    raw = multiplex_array(dataset, index, as_raw=True)
    padding = group.get("WaveformPaddingValue")
    if isinstance(padding, bytes):
        padding = np.frombuffer(padding, raw.dtype, 1)[0]
    fs, offset = float(group.SamplingFrequency), float(group.get("MultiplexGroupTimeOffset") or 0)
    channels = []
    for k, definition in enumerate(definitions):
        gain, unit = _gain(definition)
        baseline = 0.0 if unit == UNKNOWN_UNIT else float(definition.get("ChannelBaseline") or 0)
        signal = to_float32(raw[:, k] * gain + baseline)
        if padding is not None:
            signal[raw[:, k] == padding] = np.nan
        channels.append(_Channel(_name(definition), unit, fs, offset, signal))
    return channels


def _gain(definition: Any) -> tuple[float, str]:
    correction = definition.get("ChannelSensitivityCorrectionFactor")
    gain = float(definition.get("ChannelSensitivity") or 0)
    coded = definition.get("ChannelSensitivityUnitsSequence")
    unit = str(coded[0].get("CodeValue", "")) if coded else ""
    return resolve_gain(gain * (1.0 if correction is None else float(correction)), unit)


def _name(definition: Any) -> str:
    source = definition.get("ChannelSourceSequence")
    meaning = str(source[0].get("CodeMeaning", "")) if source else ""
    return meaning or str(definition.get("ChannelLabel") or "")


def _start(dataset: Any, offset_ms: float) -> datetime | None:
    text = str(dataset.get("AcquisitionDateTime") or "")
    if not text:
        date, time = (dataset.get(f"Content{part}") or "" for part in ("Date", "Time"))
        text = f"{date}{time}" if date and time else ""
    start = clock_time(text)
    return start and start + timedelta(milliseconds=offset_ms)
