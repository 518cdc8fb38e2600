"""How the samples of a file are stored: its format, counts per unit, and bits."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgscribe.formats.checks import format_errors
from ecgscribe.formats.edf_header import read_header as read_edf_header
from ecgscribe.formats.finding import find_recording
from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.sniffing import detect_format
from ecgscribe.formats.wfdb.header import read_header as read_wfdb_header

__all__ = ["SignalStorage", "Storage", "read_storage"]


_BITS = {
    "8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10,
    "311": 10, "508": 8, "516": 16, "524": 24,
}  # fmt: skip
"""Bits per sample of the signal formats of WFDB."""


@dataclass(frozen=True)
class SignalStorage:
    """How one signal is stored.

    Parameters
    ----------
    gain : float or None
        Counts per unit; None where the file does not say.
    bits : int or None
        Resolution of the converter; where the file does not state it, bits per stored sample.
    """

    gain: float | None
    bits: int | None


@dataclass(frozen=True)
class Storage:
    """How a recording is stored.

    Parameters
    ----------
    format : str
        Such as ``WFDB``, ``EDF+C`` or ``CSV``.
    signals : dict
        By the name of the lead; empty for a format that stores numbers in their unit.
    """

    format: str
    signals: dict[str, SignalStorage]

    def of(self, leads: Sequence[str]) -> list[SignalStorage]:
        """Return how each lead is stored."""
        return [self.signals.get(lead, SignalStorage(None, None)) for lead in leads]


def read_storage(path: str | Path) -> Storage:
    """Read how a recording is stored.

    Parameters
    ----------
    path : str or Path
        As `ecgscribe.formats.open_record` takes it.

    Raises
    ------
    FormatError
        If there is no recording of that name, or its header is damaged.
    """
    file = find_recording(Path(path))
    with warnings.catch_warnings(), format_errors(file, "a recording"):
        warnings.simplefilter("ignore")  # who opens the recording is warned of its header
        if file.suffix.lower() == ".hea":
            return _of_wfdb(file)
        detected = detect_format(file)
        if detected == "edf":
            return _of_edf(file)
        return Storage({"dicom": "DICOM", "aecg": "HL7 aECG", "ishne": "ISHNE"}.get(
            detected or "", (detected or "unknown").upper()
        ), {})  # fmt: skip


def _of_wfdb(file: Path) -> Storage:
    header = read_wfdb_header(file.with_suffix(""))
    names = short_names([line.name for line in header.signals])
    signals = {
        name: SignalStorage(line.gain, line.resolution or _BITS.get(line.fmt))
        for name, line in zip(names, header.signals, strict=True)
    }
    kinds = list(dict.fromkeys(line.fmt for line in header.signals))
    about = f"format {', '.join(kinds)}" if kinds else f"{header.n_segments} segments"
    return Storage(f"WFDB, {about}", signals)


def _of_edf(file: Path) -> Storage:
    header = read_edf_header(file)
    kind = header.reserved[:5] if header.is_plus else "BDF" if header.width == 3 else "EDF"
    signals = {}
    names = short_names([signal.label for signal in header.signals])
    for name, signal in zip(names, header.signals, strict=True):
        physical, digital = (high - low for low, high in (signal.physical, signal.digital))
        gain = digital / physical if physical else math.nan
        signals[name] = SignalStorage(gain if math.isfinite(gain) else None, 8 * header.width)
    return Storage(kind, signals)
