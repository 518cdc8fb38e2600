"""HL7 annotated ECG (aECG, XML). HL7 V3 Annotated ECG, release 1, 2004 (ANSI/HL7 V3 ECG)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.checks import (
    UNKNOWN_UNIT,
    clock_time,
    format_errors,
    resolve_fs,
    resolve_gain,
    to_float32,
)
from ecgscribe.formats.lead_names import chosen_leads, short_names
from ecgscribe.formats.other_formats import other_xml
from ecgscribe.formats.time_names import seconds_per_unit
from ecgscribe.leads import MILLIVOLTS
from ecgscribe.record import LazyRecord, Record

__all__ = ["is_xml", "open_aecg"]


_ROOT = "AnnotatedECG"
_TIMES = {"TIME_ABSOLUTE", "TIME_RELATIVE"}


class _PlainTree(ET.TreeBuilder):
    """A tree without entities, which can name files or grow to any size, and without namespaces."""

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> ET.Element:
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: Any, /) -> ET.Element:
        return super().end(tag.rpartition("}")[2])

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        if name.rpartition("}")[2].rpartition(":")[2] != _ROOT:
            raise FormatError(f"expected an HL7 annotated ECG, found {other_xml(name)}")
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
    """Read the recorded waveforms, not the beats derived from them.

    Of several sets of leads, which were recorded at different times, the longest is read, or the
    longest that has all the leads requested. A document type is an error, because entities can
    read files or exhaust memory. See `ecgscribe.formats.reading.Reader`.

    Warns
    -----
    SignalWarning
        If other sets are left out.
    """
    with format_errors(path, "an HL7 annotated ECG"):
        parser = ET.XMLParser(target=_PlainTree())
        try:
            root = ET.fromstring(path.read_bytes().lstrip(), parser)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from error
        if root.tag.lower() != _ROOT.lower():
            raise FormatError(f"{path}: expected an HL7 annotated ECG, found {other_xml(root.tag)}")
        sets = [_set(path, *each) for each in _recorded(root)]
        whole = [each for each in sets if each is not None]
        if not whole:
            raise FormatError(
                f"{path}: expected a series with its times and leads of equal length, found "
                f"{len(sets)} sets without them; get a fresh copy"
            )
        wanted = [each for each in whole if _has(path, each, leads)] or whole
        chosen = max(wanted, key=lambda each: each.duration)
        left_out = [each for each in whole if each is not chosen]
        if left_out or len(whole) < len(sets):
            listed = [f"{', '.join(each.names)} ({each.duration:.1f} s)" for each in left_out]
            listed += ["sets without times or leads"] * (len(whole) < len(sets))
            warn(f"{path}: one of {len(sets)} sets of leads is read, left out: {'; '.join(listed)}")
        keep = chosen_leads(path, chosen.names, leads)
        return Record(
            signal=np.stack([chosen.leads[k].signal for k in keep], axis=1),
            fs=resolve_fs(path, chosen.fs, fs),
            leads=tuple(chosen.names[k] for k in keep),
            units=tuple(chosen.leads[k].unit for k in keep),
            name=path.stem,
            start=chosen.start,
        ).lazy()


@dataclass(frozen=True, eq=False)
class _Set:
    """Leads that were recorded at the same time."""

    leads: tuple[_Lead, ...]
    names: tuple[str, ...]
    fs: float
    start: datetime | None

    @property
    def duration(self) -> float:
        return len(self.leads[0].signal) / self.fs


def _recorded(root: ET.Element) -> list[tuple[list[ET.Element], datetime | None]]:
    """Return the sequences of every set of the recorded series, and the start of the series."""
    series = root.findall("component/series")
    rhythm = [s for s in series if _code(s) == "RHYTHM"] or series
    return [
        (each.findall("component/sequence"), _effective(one, root))
        for one in rhythm
        for each in one.findall("component/sequenceSet")
    ]


def _effective(series: ET.Element, root: ET.Element) -> datetime | None:
    for element in (series, root):
        for part in ("/low", "/center", ""):
            found = element.find(f"effectiveTime{part}")
            start = None if found is None else clock_time(found.get("value", ""))
            if start is not None:
                return start
    return None


def _set(path: Path, sequences: list[ET.Element], start: datetime | None) -> _Set | None:
    """Return the leads of a set; None if it has no times or no leads.

    Warns
    -----
    SignalWarning
        If leads are left out because the others have another length.
    """
    times = [s for s in sequences if _code(s) in _TIMES]
    every = [_lead(s) for s in sequences if _code(s) not in _TIMES]
    lengths = Counter(len(lead.signal) for lead in every if len(lead.signal))
    if not times or not lengths:
        return None
    length = max(lengths, key=lambda n: (lengths[n], n))
    leads = tuple(lead for lead in every if len(lead.signal) == length)
    if len(leads) < len(every):
        others = [f"{each.name} ({len(each.signal)})" for each in every if each not in leads]
        warn(f"{path}: leads of another length than {length}, left out: {', '.join(others)}")
    absolute = [each for each in times if _code(each) == "TIME_ABSOLUTE"]
    if absolute:
        start = _start(absolute[0]) or start
    names = tuple(short_names([lead.name for lead in leads]))
    return _Set(leads, names, _fs(path, times[0]), start)


def _has(path: Path, part: _Set, leads: Sequence[str] | None) -> bool:
    try:
        return bool(chosen_leads(path, part.names, leads))
    except FormatError:
        return False


def _code(element: ET.Element) -> str:
    code = element.find("code")
    return "" if code is None else code.get("code", "")


def _name(sequence: ET.Element) -> str:
    """Return the code of a lead, or what is displayed for one that is a number."""
    code = _code(sequence)
    shown = sequence.find("code[@displayName]")
    return shown.get("displayName", "") if shown is not None and code.isdigit() else code


def _part(sequence: ET.Element, name: str) -> ET.Element:
    part = sequence.find(f"value/{name}")
    if part is None:
        raise ValueError(f"no {name} in {_code(sequence)[:40]}")
    return part


def _digits(text: str) -> NDArray[np.float64]:
    """Return numbers that blanks separate, or commas and perhaps blanks."""
    cells = text.split()
    if len(cells) == 1 or all(cell.endswith(",") for cell in cells[:-1]):
        cells = text.replace(",", " ").split()
    return np.array([cell.replace(",", ".") for cell in cells], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"{text[:40]!r}, which is no number") from None


def _lead(sequence: ET.Element) -> _Lead:
    origin, scale = sequence.find("value/origin"), _part(sequence, "scale")
    counts = _digits(_part(sequence, "digits").text or "")
    unit = scale.get("unit", "")
    gain, resolved = resolve_gain(_number(scale.get("value", "0")), unit)
    offset = 0.0 if origin is None else _number(origin.get("value", "0"))
    if resolved == UNKNOWN_UNIT:
        offset = 0.0
    elif origin is not None and offset and origin.get("unit", unit) != unit:
        offset *= MILLIVOLTS[origin.get("unit", "").lower()] / MILLIVOLTS[unit.lower()]
    return _Lead(_name(sequence), resolved, to_float32(counts * gain + offset))


def _fs(path: Path, times: ET.Element) -> float:
    increment = _part(times, "increment")
    unit, value = increment.get("unit", "").lower(), _number(increment.get("value", "0"))
    step = 1 / value if unit == "hz" and value else value * (seconds_per_unit("", unit) or 0.0)
    fs = round(1 / step, 9) if step > 0 else 0.0
    if not fs > 0:
        raise FormatError(
            f"{path}: expected the time between samples in s, ms or us, found {value:g} "
            f"{unit or 'without a unit'}; correct the file"
        )
    return fs


def _start(times: ET.Element) -> datetime | None:
    head = times.find("value/head")
    return None if head is None else clock_time(head.get("value", ""))
