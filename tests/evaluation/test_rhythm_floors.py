"""What the model in the package must show of the rhythms that kill, by the second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import datasets, formats
from ecgscribe.metrics.rhythm_time import GROUPS, MEASURES, rhythm_time, window_time
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate

VENTRICULAR_OF_VFDB = 0.95
VENTRICULAR_OF_CUDB = 0.95
"""Least share of the time in ventricular tachycardia, flutter and fibrillation, and of the
ventricular windows, that is shown as ventricular."""
SINUS = 0.01
"""Largest share of the time in sinus rhythm, block, bigeminy and nodal rhythm that is shown so."""

pytestmark = [
    pytest.mark.mitdb,
    pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning"),
]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def names(folder: Path) -> list[str]:
    return sorted(header.stem for header in folder.glob("*.hea"))


def shown_as_ventricular(counts: NDArray[np.int64], *groups: str) -> float:
    rows = counts[[GROUPS.index(group) for group in groups]]
    seconds, shown = (rows[:, MEASURES.index(m)].sum() for m in ("seconds", "ventricular"))
    assert seconds > 0
    return float(shown / seconds)


def test_vfdb_shows_what_kills_and_little_else(data_dir: Path, model: Model) -> None:
    counts = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for name in names(data_dir / "vfdb"):
        record, reference = datasets.load("vfdb", name, data_dir=data_dir)
        annotation = annotate(record, model=model)
        counts += rhythm_time(reference, annotation, n_samples=record.n_samples)
    assert shown_as_ventricular(counts, "VT", "VF") >= VENTRICULAR_OF_VFDB
    assert shown_as_ventricular(counts, "sinus") <= SINUS


def test_cudb_shows_what_kills(data_dir: Path, model: Model) -> None:
    windows = datasets.read_windows("cudb", data_dir=data_dir)
    counts = np.zeros((len(GROUPS), len(MEASURES)), dtype=np.int64)
    for name in names(data_dir / "cudb"):
        record = formats.read(data_dir / "cudb" / name)
        annotation = annotate(record, model=model)
        counts += window_time(windows[name].ventricular, annotation, n_samples=record.n_samples)
    assert shown_as_ventricular(counts, "ventricular window") >= VENTRICULAR_OF_CUDB
