"""HL7 annotated ECG (aECG, XML). HL7 V3 Annotated ECG, release 1, 2004 (ANSI/HL7 V3 ECG)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import (
    UNKNOWN_UNIT,
    clock_time,
    format_errors,
    resolve_fs,
    resolve_gain,
    to_float32,
)
from ecgscribe.formats.lead_names import chosen_leads, short_names
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord, Record

__all__ = ["is_xml", "open_aecg"]


_NAMESPACE = "{urn:hl7-org:v3}"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_MILLIVOLTS = {**MILLIVOLTS, "nv": 1e-6}
_TIMES = {"TIME_ABSOLUTE", "TIME_RELATIVE"}


class _PlainTree(ET.TreeBuilder):
    """A tree without entities, which can name files or grow to any size."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise FormatError(
            f"expected XML without a document type, found <!DOCTYPE {name[:30]}>; remove it"
        )


@dataclass(frozen=True, eq=False)
class _Lead:
    name: str
    unit: str
    signal: NDArray[np.float32]


def is_xml(head: bytes) -> bool:
    """Return whether a file that begins with `head` is XML."""
    text = head.replace(b"\0", b"")  # UTF-16 is ASCII with these between
    return text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n").startswith(b"<")


def open_aecg(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read the first series of recorded waveforms, not the beats derived from them.

    A document type is an error, because entities can read files or exhaust memory. See
    `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "an HL7 annotated ECG"):
        parser = ET.XMLParser(target=_PlainTree())
        try:
            root = ET.parse(path, parser).getroot()
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from error
        if root is None or _tag(root) != "AnnotatedECG":
            found = "nothing" if root is None else _tag(root)[:40]
            raise FormatError(
                f"{path}: expected an HL7 annotated ECG, found XML of {found}; convert it first"
            )
        sequences = _recorded(root)
        times = [s for s in sequences if _code(s) in _TIMES]
        channels = [_lead(s) for s in sequences if _code(s) not in _TIMES]
        if not times or not channels:
            raise FormatError(
                f"{path}: expected a series with its times and leads, found {len(times)} times "
                f"and {len(channels)} leads; get a fresh copy"
            )
        if len({len(lead.signal) for lead in channels}) > 1 or not len(channels[0].signal):
            raise FormatError(
                f"{path}: expected leads of equal length, found different ones; get a fresh copy"
            )
        names = short_names([lead.name for lead in channels])
        keep = chosen_leads(path, names, leads)
        return Record(
            signal=np.stack([channels[k].signal for k in keep], axis=1),
            fs=resolve_fs(path, _fs(path, times[0]), fs),
            leads=tuple(names[k] for k in keep),
            units=tuple(channels[k].unit for k in keep),
            name=path.stem,
            start=_start(times[0]),
        ).lazy()


def _recorded(root: ET.Element) -> list[ET.Element]:
    """Return the sequences of the first recorded series, from its first set."""
    series = root.findall(f"{_NAMESPACE}component/{_NAMESPACE}series")
    rhythm = [s for s in series if _code(s) == "RHYTHM"] or series
    for one in rhythm:
        sequence_set = one.find(f"{_NAMESPACE}component/{_NAMESPACE}sequenceSet")
        if sequence_set is not None:
            return sequence_set.findall(f"{_NAMESPACE}component/{_NAMESPACE}sequence")
    return []


def _tag(element: ET.Element) -> str:
    return element.tag.removeprefix(_NAMESPACE)


def _code(element: ET.Element) -> str:
    return element.find(f"{_NAMESPACE}code").get("code", "")  # type: ignore[union-attr]


def _part(sequence: ET.Element, name: str) -> ET.Element:
    part = sequence.find(f"{_NAMESPACE}value/{_NAMESPACE}{name}")
    if part is None:
        raise ValueError(f"no {name} in {_code(sequence)[:40]}")
    return part


def _lead(sequence: ET.Element) -> _Lead:
    origin, scale = _part(sequence, "origin"), _part(sequence, "scale")
    counts = np.array((_part(sequence, "digits").text or "").split(), dtype=np.float64)
    unit = scale.get("unit", "")
    gain, resolved = resolve_gain(float(scale.get("value", "0")), unit)
    offset = float(origin.get("value", "0"))
    if resolved == UNKNOWN_UNIT:
        offset = 0.0
    elif offset and origin.get("unit", unit) != unit:
        offset *= _MILLIVOLTS[origin.get("unit", "").lower()] / _MILLIVOLTS[unit.lower()]
    return _Lead(_code(sequence), resolved, to_float32(counts * gain + offset))


def _fs(path: Path, times: ET.Element) -> float:
    increment = _part(times, "increment")
    unit, value = increment.get("unit", ""), float(increment.get("value", "0"))
    if unit not in _SECONDS or not value > 0:
        raise FormatError(
            f"{path}: expected the time between samples in s, ms or us, found {value:g} "
            f"{unit or 'without a unit'}; correct the file"
        )
    return round(1 / (value * _SECONDS[unit]), 9)


def _start(times: ET.Element) -> datetime | None:
    head = times.find(f"{_NAMESPACE}value/{_NAMESPACE}head")
    text = "" if head is None or _code(times) != "TIME_ABSOLUTE" else head.get("value", "")
    return clock_time(text)
