"""Which rhythm each database marks in each second, and which patients belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgscribe.datasets import Windows
from ecgscribe.model.rhythm import Rhythm
from ecgscribe.record import Annotation
from ecgscribe.training.rhythm_labels import (
    UNKNOWN,
    RhythmMarks,
    find_marks,
    labels_of_annotation,
    labels_of_windows,
    rhythm_fold,
)
from support.physionet_server import write_record


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


def test_windows_have_the_rhythm_at_their_end() -> None:
    start = np.array([0.0, 5.0])
    windows = Windows(start=start, end=start + 5, ventricular=np.array([False, True]))
    label = labels_of_windows(windows, 12)
    assert label.tolist() == [0] * 5 + [Rhythm.FLUTTER] * 5 + [UNKNOWN] * 2


@pytest.mark.parametrize(
    ("db", "labels", "rhythm"),
    [
        ("svdb", {}, Rhythm.PLAIN),
        ("afpdb", {}, Rhythm.PLAIN),
        ("aftdb", {}, Rhythm.FIBRILLATION),
        ("cinc2017", {"a": "~"}, Rhythm.NOISE),
    ],
)
def test_some_databases_have_one_rhythm_per_recording(
    db: str, labels: dict[str, str], rhythm: Rhythm
) -> None:
    marks = RhythmMarks(db, ("a",), labels, {}, None)
    assert marks.seconds("a", 3).tolist() == [rhythm] * 3


def test_records_of_one_patient_share_their_fold() -> None:
    assert rhythm_fold("afpdb", "p01", 5) == rhythm_fold("afpdb", "p02", 5)
    assert rhythm_fold("afpdb", "p02", 5) != rhythm_fold("afpdb", "p03", 5)
    assert rhythm_fold("aftdb", "s07", 5) == rhythm_fold("aftdb", "t07", 5)
    assert rhythm_fold("mitdb", "201", 5) == 3  # of folds.json
    assert rhythm_fold("mitdb", "217", 5) == 3
    assert {rhythm_fold("vfdb", str(k), 5) for k in range(418, 423)} == set(range(5))
    assert all(0 <= rhythm_fold("cudb", f"cu{k:02}", 2) < 2 for k in range(1, 36))


def test_only_records_with_a_rhythm_are_used(tmp_path: Path) -> None:
    for name in ("afpdb/p02", "afpdb/p02c", "mitdb/100", "mitdb/101", "mitdb/102", "vfdb/418"):
        write_record(tmp_path / name.partition("/")[0], name.rpartition("/")[2])
    write_record(tmp_path / "aftdb" / "learning-set", "n01")
    labels = {"A00001": "A", "A00002": "O", "A00003": "A"}
    for name in labels:
        write_record(tmp_path / "cinc2017" / "training2017", name).with_suffix(".mat").touch()
    table = "".join(f"{name},{label}\n" for name, label in labels.items())
    (tmp_path / "cinc2017" / "REFERENCE-v3.csv").write_text(table)

    def records(db: str) -> tuple[str, ...]:
        return find_marks(db, data_dir=tmp_path).records

    assert records("afpdb") == ("p02",)
    assert records("mitdb") == ("101", "102")  # 100 is in DS2
    assert records("cinc2017") == ("A00001",)  # A00003 is of the tenth that no training sees
    assert records("aftdb") == ("n01",)
    assert records("vfdb") == ("418",)
    assert records("cudb") == ()
