"""How soon the model in the package reports what kills, on recordings that mark it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe import datasets, formats
from ecgscribe.live.events import RhythmChange
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.record import Record

VENTRICULAR = ("VT", "VFL")
LEAST_S, AT_MOST_S = 10, 10
"""Shortest ventricular rhythm that is looked for, and the longest delay."""


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def rhythms(record: Record, model: Model, *, end: float) -> list[RhythmChange]:
    """Return the rhythms that are reported of the first `end` seconds."""
    stream = Stream(record.fs, columns=record.leads, model=model)
    events = stream.push(record.signal[: round(end * record.fs)])
    return [event for event in events if isinstance(event, RhythmChange)]


def delay(events: list[RhythmChange], begin: float, fs: float) -> float:
    """Return the seconds from a begin until a ventricular rhythm is in force."""
    known = [e for e in events if e.samples_received <= begin * fs]
    if known and known[-1].kind in VENTRICULAR:
        return 0.0
    later = [e.samples_received / fs - begin for e in events if e.kind in VENTRICULAR]
    return min((late for late in later if late > 0), default=float("inf"))


@pytest.mark.mitdb
def test_tachycardia_and_flutter_of_vfdb_are_reported_in_time(data_dir: Path, model: Model) -> None:
    record, reference = datasets.load("vfdb", "430", data_dir=data_dir)
    end = 900.0
    events = rhythms(record, model, end=end)
    spans = [
        span
        for span in reference.rhythms
        if span.kind in ("VT", "VF", "VFL") and span.end - span.begin >= LEAST_S * record.fs
        and span.begin < (end - AT_MOST_S) * record.fs
    ]  # fmt: skip
    assert len(spans) == 5
    late = [delay(events, span.begin / record.fs, record.fs) for span in spans]
    assert sum(seconds <= AT_MOST_S for seconds in late) >= 0.8 * len(spans)


@pytest.mark.mitdb
def test_fibrillation_of_cudb_is_reported_in_time(data_dir: Path, model: Model) -> None:
    record = formats.read(data_dir / "cudb" / "cu09")
    windows = datasets.read_windows("cudb", data_dir=data_dir)["cu09"]
    begin = float(windows.start[windows.ventricular][0])
    events = rhythms(record, model, end=begin + 30)
    # A window has the rhythm of its end, so that it may begin later by its length.
    assert delay(events, begin, record.fs) <= AT_MOST_S + 5


@pytest.mark.mitdb
def test_an_ordinary_recording_has_none_of_these(data_dir: Path, model: Model) -> None:
    record, _ = datasets.load("mitdb", "101", data_dir=data_dir)
    assert [e.kind for e in rhythms(record, model, end=300.0)] == ["N"]
