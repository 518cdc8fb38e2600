"""The columns of an annotation."""

from __future__ import annotations

import dataclasses
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import wfdb
from numpy.typing import NDArray

from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.record import Annotation, LazyRecord, Mark, Record


def full() -> Annotation:
    """Return an annotation with every column."""
    return Annotation(
        sample=np.array([10, 20, 30]),
        symbol=np.array(["N", "~", "V"]),
        fs=250.0,
        subtype=np.array([0, -1, 1]),
        aux_note=np.array(["a", "b", "c"]),
        probability=np.arange(15, dtype=np.float32).reshape(3, 5),
        score=np.array([0.1, 0.2, 0.3], dtype=np.float32),
        quality=np.array([0.9, 0.8, 0.7], dtype=np.float32),
    )


COLUMNS = ("sample", "symbol", "subtype", "aux_note", "probability", "score", "quality")


def test_every_column_is_selected() -> None:
    whole, part = full(), full().select(np.array([True, False, True]))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[[0, 2]])
    others = {f.name for f in dataclasses.fields(Annotation)} - set(COLUMNS)
    assert all(getattr(part, name) == getattr(whole, name) for name in others)


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "sample"])
def test_every_column_must_have_a_value_per_annotation(name: str) -> None:
    with pytest.raises(FormatError, match=f"expected 3 values of {name}, found 2"):
        dataclasses.replace(full(), **{name: getattr(full(), name)[:2]})


def test_items_and_iteration() -> None:
    marks = list(full())
    assert marks[2] == full()[2] == full()[-1] == Mark(30, 0.12, "V", "V")
    assert marks[1].beat_class is None
    assert len(marks) == len(full())
    assert full()[1:] == full()[np.array([False, True, True])] == full()[np.array([1, 2])]


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Annotation) if f.init])
def test_equal_in_every_field(name: str) -> None:
    one = full()
    assert one == full()
    assert hash(one) == hash(full())
    changes: dict[str, Any] = {
        "symbol": np.array(["N", "~", "N"]), "aux_note": np.array(["a", "b", "d"]), "name": "other",
        "start": datetime(2000, 1, 1), "mapping": "ec57", "n_samples": 99, "fs": 360.0,
    }  # fmt: skip
    changed: Any = changes[name] if name in changes else np.asarray(getattr(one, name)) + 1
    assert dataclasses.replace(one, **{name: changed}) != one
    assert one != "something else"


def test_nan_equals_nan() -> None:
    one, other = (
        dataclasses.replace(full(), score=np.array([np.nan, 1, 2], np.float32)) for _ in range(2)
    )
    assert one == other


def test_rr_intervals_end_with_their_beats() -> None:
    np.testing.assert_array_equal(full().rr, [np.nan, np.nan, 20 / 250])
    beats = full().beats()
    np.testing.assert_array_equal(beats.rr, [np.nan, 20 / 250])
    assert len(beats[beats.rr < 0.1]) == 1
    assert len(full()[:0].rr) == 0


def with_rhythms() -> Annotation:
    """Return a beat, and fibrillation from 1 s to 3 s."""
    return Annotation(
        sample=np.array([0, 250, 300, 750]),
        symbol=np.array(["+", "+", "N", "+"]),
        fs=250.0,
        aux_note=np.array(["(N", "(AFIB", "", "(N"]),
        name="<b>x</b>",
        start=datetime(1999, 12, 31, 23, 59),
        n_samples=1000,
    )


def test_episodes() -> None:
    every = with_rhythms().episodes()
    assert [(span.kind, span.begin, span.end) for span in every] == [("AFIB", 250, 750)]
    assert with_rhythms().episodes("AFIB") == every
    assert len(with_rhythms().episodes("N")) == 2
    assert with_rhythms().episodes("AFL", "AFIB") == every
    assert with_rhythms().episodes("VT") == ()


def test_beats_keep_the_rhythms_that_they_were_taken_from() -> None:
    one = with_rhythms()
    beats = one.beats()
    assert len(beats) == 1
    assert beats.rhythms == beats[:0].rhythms == beats.beats().rhythms == one.rhythms
    assert beats.episodes() == one.episodes()
    moved = dataclasses.replace(beats, sample=beats.sample + 1)
    assert moved.rhythms == ()  # those of other samples would be wrong


def test_wfdb_writes_and_reads_them(tmp_path: Path) -> None:
    one = dataclasses.replace(full(), name="100", sample=np.array([10, 200, 3000]))
    one.to_wfdb("tst").wrann(write_fs=True, write_dir=str(tmp_path))
    again = wfdb.rdann(str(tmp_path / "100"), "tst")
    assert again.sample.tolist() == one.sample.tolist()
    assert again.symbol == one.symbol.tolist()
    assert again.fs == one.fs


def test_mne_shows_rhythms_with_their_length() -> None:
    mne = pytest.importorskip("mne")
    marks = with_rhythms().to_mne()
    raw = mne.io.RawArray(
        np.zeros((1, 1000)), mne.create_info(["ECG"], 250.0, "ecg"), verbose="error"
    )
    raw.set_annotations(marks)
    shown = {str(a["description"]): (a["onset"], a["duration"]) for a in raw.annotations}
    assert shown["AFIB"] == (1.0, 2.0)
    assert shown["N"] in [(1.2, 0.0), (0.0, 1.0), (3.0, 1.0)]


def test_mne_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(EcgScribeError, match="package mne"):
        full().to_mne()


def test_in_a_notebook_annotations_are_a_picture_and_a_table() -> None:
    html = with_rhythms()._repr_html_()
    ElementTree.fromstring(f"<div>{html}</div>")  # well-formed
    assert "0:00:01 to 0:00:03" in html
    assert "atrial fibrillation" in html
    assert "1999" not in html
    html = full()._repr_html_()
    assert "V 1" in html
    assert html.count("<circle") == 1
    assert "<svg" not in full()[:0]._repr_html_()


@pytest.mark.parametrize("lazy", [False, True])
def test_in_a_notebook_a_recording_shows_nothing_that_identifies(lazy: bool) -> None:
    signal = np.sin(np.arange(5000, dtype=np.float32))[:, None].repeat(3, axis=1)
    signal[100:200] = np.nan
    signal[:, 1] = np.nan
    record = Record(
        signal, 250.0, ("<I>", "II", "III"), name="100", start=datetime(1999, 12, 31),
        comments=("Jane Doe, born 1950",),
    )  # fmt: skip
    html = (record.lazy() if lazy else record)._repr_html_()
    root = ElementTree.fromstring(f"<div>{html}</div>")
    assert "&lt;I&gt; (mV), II (mV), III (mV)" in html
    assert "0:00:20" in html
    path = root.find(".//path")
    assert path is not None
    assert path.attrib["d"].count("M") == 2  # a gap where samples are missing
    assert not {"Jane", "1950", "1999"} & set(html.replace(",", " ").split())
    assert "Jane" not in repr(record)


def test_a_damaged_recording_still_has_a_table() -> None:
    def read(begin: int, end: int) -> NDArray[np.float32]:
        raise FormatError("cut short")

    html = LazyRecord(read, 5000, 250.0, ("I",))._repr_html_()
    assert "<svg" not in html
    assert "250 Hz" in html


def test_equal_recordings() -> None:
    signal = np.array([[1.0, np.nan]], dtype=np.float32)
    one = Record(signal, 250.0, ("I", "II"))
    assert one == Record(signal.copy(), 250.0, ("I", "II"))
    assert hash(one) == hash(Record(signal.copy(), 250.0, ("I", "II")))
    assert one != dataclasses.replace(one, paced=True)
    assert one != dataclasses.replace(one, signal=signal + 1)
