"""The report equals a slow computation on the reference annotations of 48 real records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wfdb

from ecgscribe import formats
from ecgscribe.formatting import format_time
from ecgscribe.report.build import report
from support.slow_report import SlowReport

pytestmark = [pytest.mark.mitdb, pytest.mark.slow]

N_RECORDS = 48


@dataclass
class Both:
    slow: SlowReport
    report: dict[str, Any]


@pytest.fixture(scope="module")
def both(data_dir: Path) -> dict[str, Both]:
    records = {path.stem: path.with_suffix("") for path in (data_dir / "mitdb").glob("*.atr")}
    assert len(records) == N_RECORDS
    return {name: _both(path) for name, path in sorted(records.items())}


def _both(path: Path) -> Both:
    record = formats.open_record(path)
    content = report(record, formats.read_annotation(path, "atr"), annotator="atr")
    read = wfdb.rdann(str(path), "atr")
    entries = zip(
        read.sample.tolist(),
        read.symbol,
        read.subtype.tolist(),
        (note.strip("\0 ") for note in read.aux_note),
        strict=True,
    )
    return Both(SlowReport(list(entries), record.n_samples, round(record.fs)), content)


def test_the_beats_are_the_same(both: dict[str, Both]) -> None:
    for name, one in both.items():
        beats = one.report["beats"]
        counts = {c: sum(b.name == c for b in one.slow.beats) for c in "NSVFQ"}
        assert {c["class"]: c["count"] for c in beats["classes"]} == counts, name
        outside = [b.name for b in one.slow.beats if not b.fibrillation]
        assert beats["in_fibrillation"] == len(one.slow.beats) - len(outside), name
        if outside:
            share = 100 * outside.count("S") / len(outside)
            assert beats["sve_percent"] == pytest.approx(share, abs=0.051), name


@pytest.mark.parametrize("of", ["V", "S"])
def test_the_patterns_of_ectopy_are_the_same(both: dict[str, Both], of: str) -> None:
    found = 0
    for name, one in both.items():
        entry, expected = one.report["ectopy"][of], one.slow.patterns(of)
        assert {p: (entry[p]["count"], entry[p]["beats"]) for p in expected} == expected, name
        found += sum(count for count, _ in expected.values())
    assert found > 1000


def test_r_on_t_is_the_same(both: dict[str, Both]) -> None:
    counts = {name: one.slow.r_on_t() for name, one in both.items()}
    assert {name: one.report["ectopy"]["V"]["r_on_t"] for name, one in both.items()} == counts
    assert sum(counts.values()) > 0


def test_the_pauses_are_the_same(both: dict[str, Both]) -> None:
    found = 0
    for name, one in both.items():
        pauses, expected = one.report["pauses"], one.slow.pauses()
        listed = [p["length_s"] for p in pauses["all"] if p["what"] == "pause"]
        lengths = sorted((float(length) for _, length in expected), reverse=True)
        assert listed == pytest.approx(lengths, abs=0.0051), name
        assert pauses["count"] == len(expected), name
        found += len(expected)
    assert found > 10


def test_the_heart_rates_are_the_same(both: dict[str, Both]) -> None:
    for name, one in both.items():
        rate, expected = one.report["heart_rate"], one.slow.rates()
        assert rate["mean"] == pytest.approx(expected["mean"], abs=0.501), name
        for extreme in ("min", "max"):
            assert rate[extreme]["rate"] == pytest.approx(expected[extreme], abs=0.501), name
        for extreme in ("min_of_all", "max_of_all"):
            shown = rate[extreme] and rate[extreme]["rate"]
            assert shown == pytest.approx(expected[extreme], abs=0.501), name
        for time in ("fast", "slow"):
            seconds = expected[f"{time}_s"] or 0.0
            assert rate[f"{time}_time"] == format_time(seconds, hours=True), name


@pytest.mark.parametrize(
    ("kind", "labels", "records"), [("AFIB", ("AFIB", "AFL"), 8), ("VFL", ("VFL",), 1)]
)
def test_the_time_in_fibrillation_is_the_same(
    both: dict[str, Both], kind: str, labels: tuple[str, ...], records: int
) -> None:
    found = 0
    for name, one in both.items():
        expected = one.slow.rhythm(*labels)
        entries = [r for r in one.report["rhythms"]["urgent"] if r["kind"] == kind]
        assert len(entries) == (expected["count"] > 0), name
        for entry in entries:
            assert entry["count"] == expected["count"], name
            assert entry["seconds"] == pytest.approx(expected["seconds"], abs=0.001), name
            assert entry["percent"] == pytest.approx(expected["percent"], abs=0.051), name
            found += 1
    assert found == records


@pytest.mark.parametrize(("of", "others", "records"), [("V", "F[", 21), ("S", "ej", 24)])
def test_couplets_and_runs_are_those_of_the_reference_program(
    both: dict[str, Both], reference_dir: Path, of: str, others: str, records: int
) -> None:
    """The program rxr counts F as V, e and j as S, fibrillation as a run, and beats in noise."""
    table = (reference_dir / "episodes" / f"runs-{of.lower()}.f0.line.sum").read_text("utf-8")
    lines = [line.split() for line in table.splitlines() if line.split()[:1] > ["000"]]
    rows = {line[0]: [int(n) for n in line[1:13]] for line in lines if line[0] in both}
    assert len(rows) == N_RECORDS
    compared = 0
    for name, counts in rows.items():
        one = both[name]
        symbols = {symbol for _, symbol, _, _ in one.slow.entries}
        beats = one.report["beats"]
        if symbols & set(others) or beats["in_noise"] or (of == "S" and beats["in_fibrillation"]):
            continue
        couplets, missed, _, _, short, missed_short, _, _, long, missed_long, _, _ = counts
        entry = one.report["ectopy"][of]
        assert entry["couplets"]["count"] == couplets + missed, name
        assert entry["runs"]["count"] == short + missed_short + long + missed_long, name
        compared += 1
    assert compared == records
