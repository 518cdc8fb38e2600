"""Decode WFDB signal files, a part at a time.

Signal files: https://physionet.org/physiotools/wag/signal-5.htm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.formats.wfdb.header import SignalLine

__all__ = ["BYTES_PER_SAMPLE", "FLAC", "INVALID", "SignalFile"]


BYTES_PER_SAMPLE = {
    "8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0, "212": 1.5,
    "310": 4 / 3, "311": 4 / 3,
}  # fmt: skip
"""Of each format but those in FLAC."""
FLAC = frozenset({"508", "516", "524"})
"""Formats of files in FLAC."""
INVALID = {
    "80": -(2**7), "508": -(2**7), "310": -(2**9), "311": -(2**9), "212": -(2**11),
    "16": -(2**15), "61": -(2**15), "160": -(2**15), "516": -(2**15), "24": -(2**23),
    "524": -(2**23), "32": -(2**31), "8": -(2**31),
}  # fmt: skip
"""The value that stands for no valid sample; format 8 has none, and this is out of its reach."""
_PLAIN = {
    "8": "i1", "16": "<i2", "32": "<i4", "61": ">i2", "80": "u1", "160": "<u2",
}  # fmt: skip
_OFFSET = {"80": 128, "160": 32_768}
_GROUPS = {"212": (2, 3), "310": (3, 4), "311": (3, 4), "24": (1, 3)}
"""Samples, and the bytes that hold them."""
_STEP_FRAMES = 65_536
_FLAC_READ = 1 << 20  # libsndfile fails from 2**24 samples on


Integers = NDArray[np.int64]


@dataclass(eq=False)
class SignalFile:
    """A signal file and the signals in it.

    Parameters
    ----------
    path : Path
    lines : sequence of SignalLine
        Of its signals, all in one format.
    n_frames : int
        Length of the record in frames.
    """

    path: Path
    lines: Sequence[SignalLine]
    n_frames: int
    _sums: list[Integers] = field(default_factory=list, init=False)

    @property
    def fmt(self) -> str:
        """Format of the samples."""
        return self.lines[0].fmt

    @property
    def samples_per_frame(self) -> int:
        """Samples of all signals in a frame."""
        return sum(line.per_frame for line in self.lines)

    def frames(self, begin: int, end: int) -> Integers:
        """Read frames as they are stored, shape (end - begin, samples_per_frame)."""
        if self.fmt in FLAC:
            return self._flac_frames(begin, end)
        per_frame = self.samples_per_frame
        flat = _decoded(
            self.path, self.fmt, self.lines[0].byte_offset, begin * per_frame, end * per_frame
        )
        return flat.reshape(end - begin, per_frame)

    def signals(self, wanted: Sequence[int], begin: int, end: int) -> list[Integers]:
        """Read the samples of some signals from frame `begin` up to `end`, without their skew.

        Where the skew wants frames beyond the end, they are invalid.
        """
        skews = sorted({self.lines[k].skew for k in wanted})
        read = {skew: self._frames_at(begin + skew, end + skew) for skew in skews}
        return [read[self.lines[k].skew][:, self._columns(k)].reshape(-1) for k in wanted]

    def _columns(self, k: int) -> slice:
        first = sum(line.per_frame for line in self.lines[:k])
        return slice(first, first + self.lines[k].per_frame)

    def _frames_at(self, begin: int, end: int) -> Integers:
        inside = max(min(end, self.n_frames) - begin, 0)
        shape = (end - begin, self.samples_per_frame)
        frames = np.full(shape, INVALID[self.fmt], dtype=np.int64)
        if inside:
            stored = self.frames(begin, begin + inside)
            frames[:inside] = self._summed(stored, begin) if self.fmt == "8" else stored
        return frames

    def _summed(self, differences: Integers, begin: int) -> Integers:
        """Sum differences from frame `begin` on; sums at every step are kept for later parts."""
        step, offset = divmod(begin, _STEP_FRAMES)
        while len(self._sums) <= step:
            before = len(self._sums) - 1
            if before < 0:
                self._sums.append(np.array([line.first_value for line in self.lines]))
                continue
            part = self.frames(before * _STEP_FRAMES, (before + 1) * _STEP_FRAMES)
            self._sums.append(self._sums[-1] + self._totals(part))
        start = self._sums[step]
        if offset:
            start = start + self._totals(self.frames(step * _STEP_FRAMES, begin))
        summed = np.empty_like(differences)
        for k in range(len(self.lines)):
            own = differences[:, self._columns(k)]
            summed[:, self._columns(k)] = start[k] + own.cumsum().reshape(own.shape)
        return summed

    def _totals(self, frames: Integers) -> Integers:
        return np.array([frames[:, self._columns(k)].sum() for k in range(len(self.lines))])

    def _flac_frames(self, begin: int, end: int) -> Integers:
        """Read frames of a FLAC file, whose channels are the signals."""
        import soundfile

        per_frame = self.lines[0].per_frame
        with self.path.open("rb") as stream, soundfile.SoundFile(stream) as file:
            shifts = {"PCM_S8": 8, "PCM_16": 0, "PCM_24": 8}
            if (
                file.format != "FLAC"
                or file.subtype not in shifts
                or file.channels != len(self.lines)
                or any(line.per_frame != per_frame for line in self.lines)
            ):
                raise ValueError(f"{file.format}, {file.subtype}, {file.channels} channels")
            dtype = "int32" if file.subtype == "PCM_24" else "int16"
            file.seek(begin * per_frame + self.lines[0].byte_offset)
            left, parts = (end - begin) * per_frame, []
            while left:
                part: NDArray[Any] = file.read(min(left, _FLAC_READ), dtype=dtype, always_2d=True)
                if not len(part):
                    raise ValueError("the end of the file")
                parts.append(part >> shifts[file.subtype])
                left -= len(part)
        channels = np.concatenate(parts).astype(np.int64)
        by_frame = channels.reshape(end - begin, per_frame, len(self.lines))
        return by_frame.transpose(0, 2, 1).reshape(end - begin, -1)


def _decoded(path: Path, fmt: str, offset: int, begin: int, end: int) -> Integers:
    """Read samples `begin` up to `end` of a file, all signals in turn."""
    if fmt in _PLAIN:
        dtype = np.dtype(_PLAIN[fmt])
        raw = np.fromfile(path, dtype, end - begin, offset=offset + begin * dtype.itemsize)
        return raw.astype(np.int64) - _OFFSET.get(fmt, 0)
    n_samples, n_bytes = _GROUPS[fmt]
    first, last = begin // n_samples, math.ceil(end / n_samples)
    raw = np.fromfile(path, np.uint8, (last - first) * n_bytes, offset=offset + first * n_bytes)
    whole = np.zeros((last - first, n_bytes), dtype=np.int64)
    whole.reshape(-1)[: len(raw)] = raw  # the last group may be shorter
    samples = np.stack(_unpacked(fmt, *whole.T), axis=1).reshape(-1)
    return samples[begin - first * n_samples : end - first * n_samples]


def _unpacked(fmt: str, *byte: Integers) -> list[Integers]:
    """Return the samples of each group of bytes."""
    if fmt == "24":
        return [_signed(byte[0] | byte[1] << 8 | byte[2] << 16, 24)]
    if fmt == "212":
        first, second = byte[0] | (byte[1] & 0xF) << 8, byte[2] | (byte[1] & 0xF0) << 4
        return [_signed(first, 12), _signed(second, 12)]
    if fmt == "310":
        first = byte[0] >> 1 | (byte[1] & 7) << 7
        second = byte[2] >> 1 | (byte[3] & 7) << 7
        third = byte[1] >> 3 | byte[3] >> 3 << 5
    else:
        first = byte[0] | (byte[1] & 3) << 8
        second = byte[1] >> 2 | (byte[2] & 0xF) << 6
        third = byte[2] >> 4 | (byte[3] & 0x3F) << 4
    return [_signed(value, 10) for value in (first, second, third)]


def _signed(value: Integers, bits: int) -> Integers:
    return value - ((value >> (bits - 1) & 1) << bits)
