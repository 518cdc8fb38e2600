"""Every example runs, on the synthetic recordings that it makes, and says what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
SAID = {
    "annotate_and_plot": ("60 s of ECG1, ECG2 at 360 Hz", "mine.scribe mine.scribe.csv"),
    "compare_annotators": ("ecgscribe: R-peaks Se 100.00", "XQRS: R-peaks Se "),
    "heart_rate_table": ("mean rate", "ventricular burden "),
    "live_stream": ("R-peaks: 38 of 38, at most 0.", "classes: 38 of 38, at most 2."),
    "score_a_folder": ("broken", "expected"),
    "train_on_my_records": ("on unseen patients", "beats"),
}
WRITTEN = {
    "annotate_and_plot": {"strip.png", "mine.scribe", "mine.scribe.csv"},
    "heart_rate_table": {"by_minute.csv"},
    "score_a_folder": {"archive.csv", "beats"},
    "train_on_my_records": {"run"},
}
TRAIN = [path for path in EXAMPLES if path.stem.startswith("train")]
NOT_OURS = "ignore:The inplace keyword in DataFrame:DeprecationWarning"  # see pyproject.toml


def _run(example: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, str(example)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e not in TRAIN], ids=lambda e: e.stem)
def test_example_runs(example: Path, tmp_path: Path) -> None:
    run = _run(example, tmp_path, "-W", "error", "-W", NOT_OURS)
    assert run.stderr == ""
    _check(example, run, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("example", TRAIN, ids=lambda e: e.stem)
def test_example_trains(example: Path, tmp_path: Path) -> None:
    _check(example, _run(example, tmp_path), tmp_path)  # TensorFlow greets on stderr
    assert (tmp_path / "run" / "model.json").is_file()


def _check(example: Path, run: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    assert all(words in run.stdout for words in SAID[example.stem])
    assert WRITTEN.get(example.stem, set()) <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short_and_in_cells(example: Path) -> None:
    lines = example.read_text().splitlines()
    assert len(lines) < 60
    assert sum(line.startswith("# %%") for line in lines) >= 3
