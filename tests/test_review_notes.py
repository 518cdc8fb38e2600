"""Who reviewed, and what was kept, survives every format that is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.record import Annotation
from ecgscribe.review_notes import kept_strips, review_notes, reviewer_of

STRIPS = [(0.0, 7.0), (30.5, 12.25)]


@pytest.mark.parametrize("suffix", [".reviewed", ".csv", ".parquet", ".edf"])
def test_notes_survive_a_file(tmp_path: Path, suffix: str) -> None:
    notes = review_notes("Jane Doe, 100%", STRIPS[::-1], fs=250.0)
    path = formats.write(notes, tmp_path / f"r{suffix}")
    read = formats.read_annotation(path, fs=250.0)
    assert reviewer_of(read) == "Jane Doe, 100%"
    found = kept_strips(read)
    assert [begin for begin, _ in found] == pytest.approx([0.0, 30.5], abs=0.005)
    assert [end - begin for begin, end in found] == [7.0, 12.25]


@pytest.mark.parametrize("name", ["Иван Петров", "Zoë", "李", "a%20b"])
def test_a_name_of_any_letters_fits_into_wfdb(tmp_path: Path, name: str) -> None:
    path = formats.write(review_notes(name, [], fs=250.0), tmp_path / "r.reviewed")
    assert reviewer_of(formats.read_annotation(path, fs=250.0)) == name


def test_a_long_name_is_cut_off_and_an_empty_one_left_out(tmp_path: Path) -> None:
    notes = review_notes("ü" * 80, [], fs=250.0)
    formats.write(notes, tmp_path / "r.reviewed")
    name = reviewer_of(notes)
    assert name is not None
    assert set(name) == {"ü"}
    assert len(review_notes("", [], fs=250.0)) == 0


def test_other_comments_are_no_notes() -> None:
    other = Annotation(
        sample=np.array([5, 9]),
        symbol=np.array(['"', "N"]),
        fs=250.0,
        aux_note=np.array(["kept strip of many", "reviewed by Joe"]),
    )
    assert (reviewer_of(other), kept_strips(other)) == (None, [])
