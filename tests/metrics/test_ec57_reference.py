"""The comparison equals what the programs bxb and sumstats print for 48 real records."""

from __future__ import annotations

import math
import re
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.metrics.comparison import Comparison, summarize
from ecgscribe.metrics.ec57 import compare
from ecgscribe.record import Annotation
from support.slow_matcher import slow_compare

FS = 360.0
OPTIONS: dict[str, dict[str, float]] = {
    "default": {},
    "f0": {"start": 0.0},
    "f0w05": {"start": 0.0, "window": 0.05},
}
ANNOTATORS = {"muta": "muta", "gqrs": "qrs"}
N_RECORDS = 48

pytestmark = pytest.mark.mitdb

everything = pytest.mark.parametrize("options", OPTIONS)
both_annotators = pytest.mark.parametrize("folder", ANNOTATORS)

Annotations = dict[tuple[str, str], Annotation]


@pytest.fixture(scope="module")
def real(data_dir: Path, reference_dir: Path) -> Annotations:
    """Return the annotations of mitdb, keyed by (record, "atr", "muta" or "gqrs")."""
    annotations: Annotations = {}
    with warnings.catch_warnings():
        # wfdb 4.3 calls pandas in a way that pandas 3.1 warns of.
        warnings.simplefilter("ignore", DeprecationWarning)
        import wfdb

        for path in sorted((data_dir / "mitdb").glob("*.atr")):
            name = path.stem
            sources = {"atr": (path.parent, "atr")} | {
                folder: (reference_dir / "bxb" / folder, extension)
                for folder, extension in ANNOTATORS.items()
            }
            for key, (folder, extension) in sources.items():
                read = wfdb.rdann(str(folder / name), extension)
                annotations[name, key] = Annotation(
                    read.sample, read.symbol, FS, subtype=read.subtype, name=name
                )
    assert len(annotations) == 3 * N_RECORDS
    return annotations


def compare_all(real: Annotations, folder: str, options: str) -> list[Comparison]:
    names = sorted({name for name, _ in real})
    return [compare(real[n, "atr"], real[n, folder], **OPTIONS[options]) for n in names]  # type: ignore[arg-type]


def standard_reports(path: Path) -> dict[str, str]:
    blocks = path.read_text().split("Beat-by-beat comparison results for record ")[1:]
    return {block.split()[0]: block for block in blocks}


def percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"


@both_annotators
@everything
def test_every_report_equals_the_reference_program(
    real: Annotations, reference_dir: Path, folder: str, options: str
) -> None:
    reports = standard_reports(reference_dir / "bxb" / folder / f"{options}.std")
    comparisons = compare_all(real, folder, options)
    assert len(comparisons) == len(reports) == N_RECORDS
    for comparison in comparisons:
        report = reports[comparison.name]
        matrix = np.zeros((7, 7), dtype=np.int64)
        for row, cells in zip(
            matrix, re.findall(r"^ [NSVFQOX] \|(.*)$", report, re.M), strict=True
        ):
            values = [int(cell) for cell in cells.split()]
            row[: len(values)] = values
        np.testing.assert_array_equal(comparison.matrix, matrix, err_msg=comparison.name)
        shares = re.findall(r"(?:sensitivity|predictivity):\s+(\S+?)%?\s+\((\d+)/(\d+)\)", report)
        assert [(percent(r.value), str(r.hits), str(r.total)) for r in comparison.ratios] == shares
        [rr_error] = re.findall(r"RMS RR interval error:\s+(\S+) ms", report)
        assert f"{comparison.rr_error_ms:.2f}" == rr_error, comparison.name


def line_counts(matrix: np.ndarray[Any, np.dtype[np.int64]]) -> list[int]:
    """Return the 19 counts of a line: Nn' … Os', Nv … Ov', No' … Fo'."""
    rows = np.stack([*matrix[:3], matrix[3] + matrix[4], matrix[5] + matrix[6]])
    columns = [rows[:, [0, 3, 4]].sum(axis=1), rows[:, 1], rows[:, 2], rows[:4, 5:].sum(axis=1)]
    return [int(v) for v in np.concatenate(columns)]


@both_annotators
@everything
def test_every_line_sum_gross_and_average_equal_the_reference_program(
    real: Annotations, reference_dir: Path, folder: str, options: str
) -> None:
    text = (reference_dir / "bxb" / folder / f"{options}.sum").read_text()
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    summary = summarize(compare_all(real, folder, options))
    for c in summary.comparisons:
        expected = [*map(str, line_counts(c.matrix)), *(percent(r.value) for r in c.ratios)]
        assert lines[c.name] == [*expected, f"{c.rr_error_ms:.2f}"], c.name
    assert lines["Sum"] == [str(v) for v in line_counts(summary.matrix)]
    assert lines["Gross"] == [percent(r.value) for r in summary.gross]
    average = [percent(v) for v in summary.average.values()]
    assert lines["Average"] == [*average, f"{summary.rr_error_ms:.2f}"]
    beats, vebs, svebs = map(int, re.findall(r"Total \w+ ?\w*: (\d+)", text))
    assert beats == summary.gross.qrs_se.total
    assert (vebs, svebs) == (summary.gross.veb_se.total, summary.gross.sveb_se.total)


@both_annotators
@everything
def test_beats_missed_in_shutdown_equal_the_reference_program(
    real: Annotations, reference_dir: Path, folder: str, options: str
) -> None:
    text = (reference_dir / "bxb" / folder / f"{options}.shutdown").read_text()
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    for c in compare_all(real, folder, options):
        cells = lines[c.name]
        assert [int(v) for v in cells[1:6]] == c.matrix[:5, 6].tolist(), c.name
        # The reference beats of each class follow the shutdown time.
        assert [int(v) for v in cells[-5:]] == c.matrix[:5].sum(axis=1).tolist(), c.name


@both_annotators
def test_reference_tables_equal_the_slow_matcher(real: Annotations, folder: str) -> None:
    for name in ("105", "207"):  # shutdown; flutter
        reference, test = real[name, "atr"], real[name, folder]
        # Only a part: the slow one is quadratic.
        part, test_part = (a.select(a.sample < 130_000) for a in (reference, test))
        slow = slow_compare(part, test_part, start=0.0)
        fast = compare(part, test_part, start=0.0)
        assert fast.matrix.tolist() == slow.matrix
        assert fast.rr_error_ms == pytest.approx(slow.rr_error_ms)


def test_all_records_score_in_under_a_second(real: Annotations) -> None:
    began = time.process_time()
    compare_all(real, "muta", "f0")
    assert time.process_time() - began < 1.0
