"""The summary that `ecgscribe info` prints, and what it leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.analysis.summary import summarize
from ecgscribe.formats.reading import read, read_annotation
from ecgscribe.record import Annotation, LazyRecord
from support.physionet_server import write_record


@pytest.fixture
def record_path(tmp_path: Path) -> Path:
    return write_record(tmp_path, "100")


def test_a_summary_contains_no_name_of_a_person(tmp_path: Path) -> None:
    path = write_record(tmp_path, "100", comments=("Name: Jane Roe", "dob 1.2.1903"))
    record, reference = read(path), read_annotation(path, "atr")
    content = summarize(record, reference)
    assert content["duration"] == 2.0
    assert content["symbols"] == {"+": 1, "N": 2, "V": 1}
    assert content["classes"] == {"N": 2, "S": 0, "V": 1, "F": 0, "Q": 0}
    assert (content["annotations"], content["beats"], content["paced"]) == (4, 3, False)
    assert "Jane" not in json.dumps(content)
    assert "Jane" in json.dumps(summarize(record, comments=True))


def test_paced_beats_mean_a_pacemaker(record_path: Path) -> None:
    record = read(record_path)
    paced = Annotation(sample=np.array([1]), symbol=np.array(["/"]), fs=360.0)
    assert summarize(record, paced)["paced"] is True


def test_a_long_recording_is_read_piece_by_piece() -> None:
    asked: list[int] = []

    def read(begin: int, end: int) -> NDArray[np.float32]:
        asked.append(end - begin)
        return np.where(np.arange(begin, end)[:, None] % 3, np.float32(0), np.float32(np.nan))

    n = 3 << 20
    content = summarize(LazyRecord(read, n, 250.0, ("II",)))
    assert content["invalid_samples"] == [n // 3]
    assert sum(asked) == n
    assert max(asked) <= 1 << 20
