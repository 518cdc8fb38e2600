"""The page of an evaluation, and its tables as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import pytest

from ecgscribe.evaluation.markdown import markdown
from ecgscribe.evaluation.protocol import evaluate_records
from ecgscribe.evaluation.results import (
    AnnotatorResults,
    EvaluationResult,
    ModelIdentity,
    OtherModel,
)
from ecgscribe.evaluation.table_files import Table, table_csv, tables_page
from ecgscribe.evaluation.tables import TABLE_FILES, tables
from support.annotations import HASH, scored


def of_model(name: str) -> AnnotatorResults:
    return evaluate_records(scored("100", "202", "213", "232"), annotator=name, resamples=20)


@pytest.fixture(scope="module")
def result() -> EvaluationResult:
    results = of_model("ecgscribe")
    others = (OtherModel(ModelIdentity("twin", "b" * 64), of_model("twin")),)
    in_noise = tuple(dataclasses.replace(m, annotator="6 dB") for m in results.r_peaks[:1])
    worse = [
        dataclasses.replace(m, annotator="XQRS", f1=dataclasses.replace(m.f1, value=0.5))
        for m in results.r_peaks
    ]
    return EvaluationResult(
        model=ModelIdentity("default", HASH),
        version="0",
        command="ecgscribe evaluate",
        db="mitdb",
        split="ds2",
        results=results,
        one_lead=of_model("ecgscribe, lead 0 only"),
        live=None,
        others=others,
        noise=in_noise,
        baselines=tuple(worse),
    )


def rows_of(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table_csv(table))))


def test_page_opens_with_the_table_a_reader_wants(result: EvaluationResult) -> None:
    lines = markdown(result).splitlines()
    opening = lines[: lines.index("", 6)]

    assert opening[0] == "# mitdb, ds2: 4 records"
    assert [line.split("|")[1].strip() for line in opening if line.startswith("|")] == [
        "",
        "---",
        "R-peaks within 150 ms",
        "R-peaks within 50 ms",
        "V (ventricular ectopic)",
        "S (supraventricular ectopic)",
        "S without 232",
        "F (fusion)",
        "F without 213",
        "abnormal (S, V, F or Q)",
    ]
    assert opening[6].endswith("| XQRS 50.00 |")
    v = result.results.conditions[0].classes["V"]
    f1 = f"{100 * v.f1.value:.2f} [{100 * v.f1.low:.2f}, {100 * v.f1.high:.2f}]"
    assert opening[8].endswith(f"| {f1} | Mondéjar-Guerra 2019 94 |")


def test_page_has_every_section(result: EvaluationResult) -> None:
    text = markdown(result, tables="results")

    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# mitdb, ds2: 4 records",
        "## False ectopy, runs and episodes",
        "## What is not comparable",
        "## Published figures",
        "## All annotators",
        "## R-peaks in noise",
        "## Confusion matrix",
        "## How it was measured",
    ]
    assert "[results](results/README.md)" in text
    assert "| classified as S, V or F | N | all |" in text
    assert "| N | without 202 |" not in text  # but in figures.csv
    assert "| twin |" in text
    assert f"hash `{HASH}`" in text
    assert f"hash `{'b' * 64}`" in text
    assert "To evaluate again:\n\n    ecgscribe evaluate\n" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_published_figures_are_for_ds2_only(result: EvaluationResult) -> None:
    text = markdown(dataclasses.replace(result, split="all"))

    assert "## Published figures" not in text
    assert "RA-CNN" not in text


def test_page_without_classes_has_r_peaks_only(result: EvaluationResult) -> None:
    paced = evaluate_records(scored("102"), resamples=5)
    only = dataclasses.replace(
        result, results=paced, one_lead=paced, others=(), noise=None, baselines=None
    )

    text = markdown(only)
    assert "R-peaks within 50 ms" in text
    assert "## Confusion matrix" not in text
    assert list(tables(only)) == ["r_peaks.csv"]


def test_nothing_undefined_is_written_as_nan_or_none(result: EvaluationResult) -> None:
    without = evaluate_records(scored("100", "202"), resamples=0)
    text = markdown(dataclasses.replace(result, results=without))
    text += "".join(map(table_csv, tables(dataclasses.replace(result, results=without)).values()))

    assert "nan" not in text
    assert "None" not in text


def test_tables_hold_every_result(result: EvaluationResult) -> None:
    by_file = tables(result)
    assert tuple(by_file) == TABLE_FILES
    rows = {file: rows_of(table) for file, table in by_file.items()}

    assert all(len(row) == len(by_file[file].columns) for file in rows for row in rows[file])
    names = ["ecgscribe", "ecgscribe, lead 0 only", "twin"]
    assert list(dict.fromkeys(r["annotator"] for r in rows["r_peaks.csv"])) == [*names, "XQRS"]
    for file in ("classes.csv", "abnormal.csv", "ec57.csv", "confusion.csv", "records.csv"):
        assert list(dict.fromkeys(r["annotator"] for r in rows[file])) == names
    conditions, n_records = 8, 4
    assert len(rows["classes.csv"]) == 3 * (4 * 7 + 4 * 7)
    assert len(rows["abnormal.csv"]) == 3 * conditions
    assert len(rows["ec57.csv"]) == 3 * conditions * 2
    assert len(rows["confusion.csv"]) == 3 * conditions * 7
    assert len(rows["records.csv"]) == 3 * conditions // 2 * n_records
    assert [r["noise"] for r in rows["noise.csv"]] == ["6 dB"]


def test_cells_are_the_results(result: EvaluationResult) -> None:
    by_file = tables(result)
    first = result.results.conditions[0]

    row = rows_of(by_file["classes.csv"])[2]
    assert (row["class"], row["mapping"], row["start_s"]) == ("V", "literature", "0")
    assert row["reference"] == str(first.classes["V"].reference)
    assert row["se_high"] == f"{100 * first.classes['V'].se.high:.2f}"
    confusion = [[int(r[c]) for c in "nsvfqox"] for r in rows_of(by_file["confusion.csv"])[:7]]
    assert confusion == first.matrix.tolist()
    record = rows_of(by_file["records.csv"])[0]
    assert record["record"] == "100"
    assert int(record["Vv"]) == first.per_record[0].matrix[2, 2]
    assert rows_of(by_file["ec57.csv"])[0]["rr_error_ms"] == ""
    assert first.abnormal.auprc is not None
    assert rows_of(by_file["abnormal.csv"])[0]["auprc"] == f"{first.abnormal.auprc.value:.3f}"
    assert first.abnormal.curve is not None
    assert len(rows_of(by_file["pr_curve.csv"])) == len(first.abnormal.curve.recall)
    assert len(rows_of(by_file["calibration.csv"])) == 10


def test_page_of_the_tables_explains_every_file_and_column(result: EvaluationResult) -> None:
    by_file = tables(result)
    page = tables_page(by_file, about="mitdb, ds2")

    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(by_file)
    for section, table in zip(page.split("\n## ")[1:], by_file.values(), strict=True):
        explained = set(re.findall(r"^\| `(\w+)` \| \S", section, flags=re.MULTILINE))
        bounds = {c for c in table.columns if c.endswith(("_low", "_high"))}
        cells = {c for c in table.columns if re.fullmatch("[NSVFQOX][nsvfqox]", c)} - {"Nn"}
        assert explained == set(table.columns) - bounds - cells
