"""Which rhythm each database marks in each second, and which patients belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe.model.rhythm import Rhythm
from ecgscribe.record import Annotation
from ecgscribe.training.rhythm_labels import (
    UNKNOWN,
    label_seconds,
    labels_of_annotation,
    record_labels,
    rhythm_fold,
    rhythm_records,
)


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def test_a_second_has_the_rhythm_that_holds_for_all_of_it() -> None:
    annotation = Annotation(
        sample=np.array([50, 250, 420, 600]),
        symbol=np.array(["+"] * 4),
        aux_note=np.array(["(N", "(VT", "(IVR", "(ASYS"]),
        fs=100.0,
    )
    label = labels_of_annotation(annotation, 8)
    expected = [
        UNKNOWN,  # begins with nothing
        Rhythm.PLAIN,
        UNKNOWN,  # changes at 2.5 s
        Rhythm.TACHYCARDIA,
        UNKNOWN,  # changes at 4.2 s
        UNKNOWN,  # an escape rhythm
        Rhythm.STANDSTILL,
        Rhythm.STANDSTILL,
    ]
    assert label.tolist() == expected


def test_flutter_lasts_from_bracket_to_bracket() -> None:
    annotation = Annotation(sample=np.array([250, 470]), symbol=np.array(["[", "]"]), fs=100.0)
    label = labels_of_annotation(annotation, 6, start=Rhythm.PLAIN)
    flutter = Rhythm.FLUTTER
    assert label.tolist() == [0, 0, flutter, flutter, flutter, 0]


def test_windows_of_cudb_are_read_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "windows.csv").write_text(
        "record,start_s,end_s,ventricular\ncu01,0,5,0\ncu01,5,10,1\ncu03,0,5,1\n"
    )
    label = label_seconds("cudb/cu01", tmp_path / "cu01", 12, {})
    assert label.tolist() == [0] * 5 + [Rhythm.FLUTTER] * 5 + [UNKNOWN] * 2


@pytest.mark.parametrize(
    ("name", "rhythm"),
    [
        ("svdb/800", Rhythm.PLAIN),
        ("afpdb/p02", Rhythm.PLAIN),
        ("aftdb/learning-set-n01", Rhythm.FIBRILLATION),
        ("cinc2017/A00001", Rhythm.NOISE),
    ],
)
def test_some_databases_have_one_rhythm_per_recording(name: str, rhythm: Rhythm) -> None:
    label = label_seconds(name, Path("nowhere"), 3, {"A00001": "~"})
    assert label.tolist() == [rhythm] * 3


def test_records_of_one_patient_share_their_fold() -> None:
    assert rhythm_fold("afpdb/p01", 5) == rhythm_fold("afpdb/p02", 5)
    assert rhythm_fold("afpdb/p02", 5) != rhythm_fold("afpdb/p03", 5)
    assert rhythm_fold("aftdb/learning-set-s07", 5) == rhythm_fold("aftdb/learning-set-t07", 5)
    assert rhythm_fold("mitdb/201", 5) == 3  # of folds.json
    assert rhythm_fold("mitdb/217", 5) == 3
    assert {rhythm_fold(f"vfdb/{name}", 5) for name in (418, 419, 420, 421, 422)} == set(range(5))
    assert all(0 <= (rhythm_fold(f"cudb/cu{k:02}", 2) or 0) < 2 for k in range(1, 36))


def test_a_tenth_of_the_hand_held_recordings_is_held_out() -> None:
    assert rhythm_fold("cinc2017/A00013", 5) is None
    assert rhythm_fold("cinc2017/A00014", 5) == 4


def test_only_records_with_a_rhythm_are_used(tmp_path: Path) -> None:
    mitdb = ("mitdb/100", "mitdb/101", "mitdb/102")
    for name in ("afpdb/p02", "afpdb/p02c", *mitdb, "aftdb/a/n01", "vfdb/418"):
        touch(tmp_path / f"{name}.hea")
    touch(tmp_path / "cinc2017/training2017/A00001.hea")
    touch(tmp_path / "cinc2017/training2017/A00002.hea")
    reference = tmp_path / "cinc2017/training2017/REFERENCE.csv"
    reference.write_text("A00001,A\nA00002,O\n")
    labels = record_labels(tmp_path)
    assert labels == {"A00001": "A", "A00002": "O"}

    def names(db: str) -> list[str]:
        return list(rhythm_records(db, tmp_path, labels))

    assert names("afpdb") == ["afpdb/p02"]
    assert names("mitdb") == ["mitdb/101", "mitdb/102"]  # 100 is in DS2
    assert names("cinc2017") == ["cinc2017/A00001"]
    assert names("aftdb") == ["aftdb/a-n01"]
    assert names("vfdb") == ["vfdb/418"]
    assert names("cudb") == []
    assert record_labels(tmp_path / "nowhere") == {}
