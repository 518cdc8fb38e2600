"""Runs and episodes equal what the programs rxr, epicmp and sumstats print for 48 real records."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from ecgscribe import formats, metrics
from ecgscribe.metrics.comparison import Ratio
from ecgscribe.metrics.episodes import EpisodeKind
from ecgscribe.record import Annotation

START = {"default": 300.0, "f0": 0.0}
N_RECORDS = 48

pytestmark = pytest.mark.mitdb

both_starts = pytest.mark.parametrize("start", START)
both_kinds = pytest.mark.parametrize("kind", ["AF", "VF"])

Pairs = dict[str, tuple[Annotation, Annotation]]


@pytest.fixture(scope="module")
def tables(reference_dir: Path) -> Path:
    return reference_dir / "episodes"


@pytest.fixture(scope="module")
def real(data_dir: Path, tables: Path) -> Pairs:
    """Return reference and test annotation of every record of mitdb."""
    [test] = [folder for folder in tables.iterdir() if folder.is_dir()]
    pairs = {
        path.stem: (
            formats.read_annotation(path),
            formats.read_annotation(test / path.stem, test.name, fs=360.0),
        )
        for path in sorted((data_dir / "mitdb").glob("*.atr"))
    }
    assert len(pairs) == N_RECORDS
    return pairs


@pytest.fixture(scope="module")
def n_samples(data_dir: Path, real: Pairs) -> dict[str, int]:
    return {name: formats.open_record(data_dir / "mitdb" / name).n_samples for name in real}


def whole(ratio: Ratio) -> str:
    return "-" if ratio.total == 0 else str(math.floor(100 * ratio.hits / ratio.total + 0.5))


def reports(path: Path) -> list[str]:
    """Return the reports in a file, one per record and kind."""
    parts = re.split(r"^(?=\w+ (?:run|episode)-by-)", path.read_text(), flags=re.MULTILINE)
    return [part for part in parts if part.strip()]


def run_matrix(rows: Iterable[str]) -> list[list[int]]:
    matrix = [[int(cell) for cell in row.split()] for row in rows]
    return [[0, *matrix[0]], *matrix[1:]]  # a run that is in neither has no cell


@both_starts
def test_every_run_matrix_equals_the_reference_program(
    real: Pairs, tables: Path, start: str
) -> None:
    every = reports(tables / f"runs.{start}.std")
    assert len(every) == 2 * N_RECORDS
    for report in every:
        [(kind, name)] = re.findall(r"^(S?VE) run-by-run .* record (\w+)$", report, re.M)
        runs = metrics.compare_runs(*real[name], start=START[start])
        matrices = runs.ventricular if kind == "VE" else runs.supraventricular
        rows = re.findall(r"^ *>?\d \|(.*)$", report, re.M)
        assert matrices.sensitivity.tolist() == run_matrix(rows[:7]), (name, kind)
        assert matrices.predictivity.tolist() == run_matrix(rows[7:]), (name, kind)
        shares = re.findall(r"(?:sensitivity|predictivity): +(\S+?)%? +\((\d+)/(\d+)\)", report)
        assert [(whole(r), str(r.hits), str(r.total)) for r in matrices.ratios] == shares


@both_starts
@both_kinds
def test_every_episode_report_equals_the_reference_program(
    real: Pairs, n_samples: dict[str, int], tables: Path, start: str, kind: EpisodeKind
) -> None:
    every = reports(tables / f"{kind.lower()}.{start}.matrix")
    assert len(every) == N_RECORDS
    for report in every:
        [name] = re.findall(r"record (\w+)", report)
        comparison = metrics.compare_episodes(
            *real[name], kind=kind, start=START[start], n_samples=n_samples[name]
        )
        expected = re.findall(r"(?:sensitivity|predictivity): +(\S+?)%? +\((\S+)/(\S+)\)", report)
        r = comparison.ratios
        assert [(whole(x), str(x.hits), str(x.total)) for x in r[:2]] == expected[:2], name
        for ratio, (share, hits, total) in zip(r[2:], expected[2:], strict=True):
            assert whole(ratio) == share, name
            assert [milliseconds(hits), milliseconds(total)] == [
                math.floor(1000 * samples / 360 + 0.5) for samples in ratio
            ], name


def milliseconds(text: str) -> int:
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return round(1000 * seconds)


def cells(text: str) -> dict[str, list[str]]:
    """Return the cells of each line that begins with a record's name, Sum, Gross or Average."""
    lines = (line.split() for line in text.splitlines())
    wanted = re.compile(r"\d{3}|Sum|Gross|Average")
    return {line[0]: line[1:] for line in lines if line and wanted.fullmatch(line[0])}


@both_starts
def test_every_line_of_runs_sum_gross_and_average_equal_the_reference_programs(
    real: Pairs, tables: Path, start: str
) -> None:
    summary = metrics.summarize_runs(
        metrics.compare_runs(*pair, start=START[start]) for pair in real.values()
    )
    texts = metrics.format_run_summary(summary).split("\n\n")
    for letter, text in zip("vs", texts, strict=True):
        table = (tables / f"runs-{letter}.{start}.line.sum").read_text()
        assert cells(text) == cells(table)
        assert len(cells(text)) == N_RECORDS + 3
        totals = [int(count) for count in re.findall(r"Total [a-z ]+: (\d+)", table)]
        matrices = summary.ventricular if letter == "v" else summary.supraventricular
        assert [r.total for r in matrices.ratios[::2]] == totals


@both_starts
@both_kinds
def test_every_line_of_episodes_sum_gross_and_average_equal_the_reference_programs(
    real: Pairs, n_samples: dict[str, int], tables: Path, start: str, kind: EpisodeKind
) -> None:
    summary = metrics.summarize_episodes(
        metrics.compare_episodes(*pair, kind=kind, start=START[start], n_samples=n_samples[name])
        for name, pair in real.items()
    )
    text = metrics.format_episode_summary(summary)
    assert cells(text) == cells((tables / f"{kind.lower()}.{start}.line.sum").read_text())
    assert len(cells(text)) == N_RECORDS + 3


def test_all_records_score_in_under_three_seconds(real: Pairs, n_samples: dict[str, int]) -> None:
    began = time.process_time()
    for name, pair in real.items():
        metrics.compare(*pair, start=0)
        metrics.compare_runs(*pair, start=0)
        for kind in ("AF", "VF"):
            metrics.compare_episodes(*pair, kind=kind, start=0, n_samples=n_samples[name])
    assert time.process_time() - began < 3.0
