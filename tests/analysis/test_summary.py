"""What `ecgscribe info` tells, and what it keeps to itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.analysis.summary import info
from ecgscribe.formats.reading import read, read_annotation
from ecgscribe.record import Annotation
from support.physionet_server import write_record


@pytest.fixture
def record_path(tmp_path: Path) -> Path:
    return write_record(tmp_path, "100")


def test_info_tells_what_is_there_and_nobody_s_name(tmp_path: Path) -> None:
    path = write_record(tmp_path, "100", comments=("Name: Jane Roe", "dob 1.2.1903"))
    record, reference = read(path), read_annotation(path, "atr")
    content = info(record, reference)
    assert content["duration"] == 2.0
    assert content["symbols"] == {"+": 1, "N": 2, "V": 1}
    assert content["classes"] == {"N": 2, "S": 0, "V": 1, "F": 0, "Q": 0}
    assert (content["annotations"], content["beats"], content["paced"]) == (4, 3, False)
    assert "Jane" not in json.dumps(content)
    assert "Jane" in json.dumps(info(record, comments=True))


def test_info_knows_paced_beats_as_a_pacemaker(record_path: Path) -> None:
    record = read(record_path)
    paced = Annotation(sample=np.array([1]), symbol=np.array(["/"]), fs=360.0)
    assert info(record, paced)["paced"] is True
