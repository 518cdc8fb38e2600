"""A folder of one's own annotated recordings."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import datasets, formats
from ecgscribe.errors import DatasetError, FormatError
from ecgscribe.record import Annotation
from support import format_files
from support.physionet_server import write_record


def test_recordings_with_annotations_are_a_database(tmp_path: Path) -> None:
    for name in ("anna", "ben-2", "cleo"):
        write_record(tmp_path / "clinic", name)
    (tmp_path / "clinic" / "cleo.atr").unlink()  # is left out

    own = datasets.own_database(tmp_path / "clinic")

    assert (own.name, own.records, own.splits) == (
        "clinic", ("anna", "ben-2"), {"all": ("anna", "ben-2")},
    )  # fmt: skip
    assert datasets.marked(own) == "beats"
    assert datasets.recorded(own) == own.records
    assert datasets.subject(own, "anna") != datasets.subject(own, "ben-2")
    record, annotation = datasets.load(own, "ben-2")
    assert (record.name, annotation.symbol.tolist()) == ("ben-2", list("+NVN"))
    with pytest.raises(DatasetError, match="found cleo"):
        datasets.load(own, "cleo")


def test_other_annotations_are_named_by_their_extension(tmp_path: Path) -> None:
    path = write_record(tmp_path, "anna")
    path.with_suffix(".atr").rename(path.with_suffix(".qrs"))

    with pytest.raises(
        DatasetError, match=r"found 1 recordings and no annotations; put NAME\.atr next"
    ):
        datasets.own_database(tmp_path)
    for extension in ("qrs", ".qrs"):
        own = datasets.own_database(tmp_path, annotator=extension)
        assert datasets.load(own, "anna")[1].symbol.tolist() == list("+NVN")


def test_the_models_own_annotations_are_no_reference(tmp_path: Path) -> None:
    path = write_record(tmp_path, "anna")
    path.with_suffix(".atr").rename(path.with_suffix(f".{formats.DEFAULT_ANNOTATOR}"))

    with pytest.raises(DatasetError, match="expected annotated recordings"):
        datasets.own_database(tmp_path)


def test_annotations_next_to_a_file_of_another_format_are_read(tmp_path: Path) -> None:
    path = write_record(tmp_path / "wfdb", "anna")
    np.save(tmp_path / "anna.npy", np.zeros((720, 1), dtype=np.float32))
    shutil.copy(path.with_suffix(".atr"), tmp_path / "anna.atr")

    own = datasets.own_database(tmp_path)

    assert own.records == ("anna",)
    with pytest.raises(FormatError, match="sampling frequency"):  # which an array does not have
        datasets.load(own, "anna")


def test_annotations_next_to_holters_and_within_edf_are_read(tmp_path: Path) -> None:
    format_files.ishne(tmp_path)
    beats = Annotation(np.array([100, 300]), np.array(["N", "V"]), format_files.FS)
    formats.write(beats, tmp_path / "r.atr")
    format_files.edf(tmp_path).rename(tmp_path / "plus.edf")
    (tmp_path / "other").mkdir()
    format_files.edf(tmp_path / "other", annotations=False).rename(tmp_path / "plain.edf")

    own = datasets.own_database(tmp_path)

    assert "plus" in own.records
    assert "plain" not in own.records
    assert len(own.records) == 2
    for name in own.records:
        record, annotation = datasets.load(own, name)
        assert record.name == name
        assert len(annotation) > 0


def test_rhythms_are_marked_if_no_recording_has_beats(tmp_path: Path) -> None:
    path = write_record(tmp_path, "anna")
    rhythm = Annotation(
        np.array([0, 300]), np.array(["+", "+"]), 360.0, aux_note=np.array(["(N", "(VT"])
    )
    formats.write(rhythm, path.with_suffix(".atr"), force=True)
    assert datasets.marked(datasets.own_database(tmp_path)) == "rhythms"

    write_record(tmp_path, "ben")
    assert datasets.marked(datasets.own_database(tmp_path)) == "beats"


def test_annotations_after_the_end_are_one_line(tmp_path: Path) -> None:
    write_record(tmp_path, "anna", n_samples=720)
    write_record(tmp_path / "longer", "anna", n_samples=1440)
    shutil.copy(tmp_path / "longer" / "anna.atr", tmp_path / "anna.atr")

    with pytest.raises(FormatError, match=r"within the 2\.000 s of record anna"):
        datasets.load(datasets.own_database(tmp_path), "anna")


def test_a_name_is_a_database_before_it_is_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "svdb", "mine")
    monkeypatch.chdir(tmp_path)

    assert datasets.open_database("svdb") is datasets.DATABASES["svdb"]
    assert datasets.open_database("./svdb").records == ("mine",)
    assert datasets.open_database(datasets.DATABASES["svdb"]) is datasets.DATABASES["svdb"]
    with pytest.raises(DatasetError, match=r"or a folder of annotated .*did you mean mitdb"):
        datasets.open_database("mitb")
    with pytest.raises(DatasetError, match="found qrs; leave it out"):
        datasets.open_database("svdb", annotator="qrs")


def test_a_folder_without_recordings_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(DatasetError, match="found no recordings and no annotations"):
        datasets.own_database(tmp_path)
