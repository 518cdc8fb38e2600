from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.formats.writing import write
from ecgscribe.record import Record
from support.wfdb_files import save


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that nothing is wrong with; its header names the person."""
    record, known = synthesize(duration=30, seed=5, name="good", noise=0.2)
    named = Record(record.signal, record.fs, record.leads, name="good", comments=("Jane Doe 1931",))
    path = save(named, tmp_path_factory.mktemp("good"))
    write(known, path.with_suffix(".ref"))
    return path
