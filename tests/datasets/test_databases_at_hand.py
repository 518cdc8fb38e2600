"""The real databases, as far as they are at hand: records, patients, and what is marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets
from ecgscribe.datasets.database import BY_TABLE

FS = {
    "mitdb": 360.0, "svdb": 128.0, "nstdb": 360.0, "cinc2017": 300.0, "afdb": 250.0,
    "afpdb": 128.0, "aftdb": 128.0, "vfdb": 250.0, "cudb": 250.0, "ludb": 500.0,
}  # fmt: skip


@pytest.mark.parametrize("name", datasets.DATABASES)
@pytest.mark.mitdb
def test_a_record_is_read_with_what_is_marked(data_dir: Path, name: str) -> None:
    kind = datasets.marked(name, data_dir=data_dir)
    assert kind in datasets.DATABASES[name].marks
    record = datasets.available(name, data_dir=data_dir)[-4]  # no noise of nstdb
    if name != "afdb":  # whose signals may not be at hand
        signal = datasets.read_record(name, record, data_dir=data_dir)
        assert signal.fs == FS[name]
        assert np.isfinite(signal.signal).mean() > 0.99
    if kind not in BY_TABLE:
        annotation = datasets.read_annotation(name, record, data_dir=data_dir)
        assert annotation.fs == FS[name]
        assert len(annotation) > 0
        assert annotation.name == record


@pytest.mark.mitdb
def test_rhythms_are_those_that_the_databases_are_made_for(data_dir: Path) -> None:
    notes = {
        name: set(
            np.concatenate(
                [
                    datasets.read_annotation(name, record, data_dir=data_dir).aux_note
                    for record in datasets.available(name, data_dir=data_dir)
                ]
            ).tolist()
        )
        for name in ("afdb", "vfdb")
    }
    assert {"(AFIB", "(AFL", "(N"} <= notes["afdb"]
    assert {"(VT", "(VFL", "(ASYS", "(NOISE"} <= notes["vfdb"]


@pytest.mark.mitdb
def test_afdb_has_both_annotations_of_25_recordings(data_dir: Path) -> None:
    assert datasets.available("afdb", data_dir=data_dir) == datasets.DATABASES["afdb"].records
    peaks = datasets.read_annotation("afdb", "00735", marks="peaks", data_dir=data_dir)
    rhythms = datasets.read_annotation("afdb", "00735", data_dir=data_dir)
    assert len(peaks) > 30_000  # of ten hours
    assert 0 < len(rhythms) < 1000


@pytest.mark.mitdb
def test_every_recording_of_cinc2017_has_a_label(data_dir: Path) -> None:
    labels = datasets.read_labels(data_dir=data_dir)
    assert set(datasets.available("cinc2017", data_dir=data_dir)) <= set(labels)
    assert labels["A00001"] == "N"
    assert labels["A00004"] == "A"


@pytest.mark.mitdb
def test_the_windows_of_cudb_cover_each_record(data_dir: Path) -> None:
    if datasets.marked("cudb", data_dir=data_dir) != "windows":
        pytest.skip("cudb is at hand as published, without windows.csv")
    windows = datasets.read_windows(data_dir=data_dir)
    assert set(windows) == set(datasets.available("cudb", data_dir=data_dir))
    assert sum(int(of_record.ventricular.sum()) for of_record in windows.values()) == 348
    for of_record in windows.values():
        assert of_record.start[0] == 0
        np.testing.assert_array_equal(of_record.start[1:], of_record.end[:-1])


@pytest.mark.mitdb
def test_ludb_marks_p_qrs_and_t(data_dir: Path) -> None:
    _, waves = datasets.load("ludb", "1", data_dir=data_dir)
    assert set(waves.symbol.tolist()) == {"(", "p", "N", "t", ")"}


@pytest.mark.parametrize("name", ["afpdb", "aftdb", "afdb", "nstdb"])
@pytest.mark.mitdb
def test_local_files_are_as_published(data_dir: Path, name: str) -> None:
    result = datasets.verify(name, data_dir=data_dir)
    assert result.bad == ()
    assert len(result.ok) > 40
