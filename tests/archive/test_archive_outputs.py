"""What an archive contains of a recording: its row, annotations, report and page of all."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet

from ecgscribe import formats
from ecgscribe.archive.dest_folder import make_archive_folder, only_run
from ecgscribe.archive.summary import read_summary, summary_text, urgent_first
from ecgscribe.archive.summary_page import write_page
from ecgscribe.archive.tables import FOLDERS, write_recordings
from ecgscribe.archive.task import Options, annotate_source, key_of, write_failure
from ecgscribe.cli.main import main
from ecgscribe.errors import FormatError
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.report.build import report
from support.command_line import made
from support.wfdb_files import save

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ALL = Options(wfdb=True, reports=True)


def flat(signal: Any, fs: int) -> None:
    signal[10 * fs : 14 * fs] = signal[10 * fs]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings ``a`` and ``b``, the latter with a gap, and the archive ``out`` of them."""
    folder = tmp_path_factory.mktemp("outputs")
    save(made("a"), folder / "in")
    save(made("b", change=flat), folder / "in")
    for table in FOLDERS:
        (folder / "out" / table).mkdir(parents=True)
    for name in ("a", "b"):
        assert annotated(folder, name)
    write_failure("/in/c<b>.hea", folder / "out", load_model(), ALL, "expected <x>, found y")
    write_recordings(folder / "out")
    return folder


def annotated(folder: Path, name: str, options: Options = ALL) -> bool:
    return annotate_source(
        str(folder / "in" / f"{name}.hea"), str(folder / "out"), load_model(), options
    )


def row_of(folder: Path, name: str) -> dict[str, Any]:
    table = pyarrow.parquet.read_table(folder / "out" / "recordings.parquet")
    (row,) = (row for row in table.to_pylist() if row["recording"].endswith(f"/{name}.hea"))
    return dict(row)


def files(folder: Path, key: str) -> dict[str, bytes]:
    found = (p for p in (folder / "out").rglob(f"{key}.*") if p.is_file())
    return {str(p.relative_to(folder / "out")): p.read_bytes() for p in found}


@pytest.mark.filterwarnings("ignore::ecgscribe.errors.SignalWarning")
@pytest.mark.parametrize("name", ["a", "b"])
def test_row_is_what_the_report_says(root: Path, name: str) -> None:
    row = row_of(root, name)
    said = report(formats.open_record(root / "in" / name))
    sentences = [
        each["text"] if each["at"] is None else f"{each['text']} {each['at']['text']}."
        for each in said["findings"]
    ]
    assert len(row["findings"]) > 1
    # A strip is a link on the page only, so the text is the same without strips.
    assert row["findings"] == sentences
    counts = {each["class"]: each["count"] for each in said["beats"]["classes"]}
    assert {each: row[each] for each in counts} == counts
    assert row["readable"] == pytest.approx(said["readable"]["seconds"], abs=0.001)
    assert 100 * row["pvc_burden"] == pytest.approx(said["beats"]["pvc_percent"], abs=0.05)
    assert 100 * row["sve_burden"] == pytest.approx(said["beats"]["sve_percent"], abs=0.05)
    assert row["mean_rate"] == pytest.approx(said["heart_rate"]["mean"], abs=0.5)
    assert (row["pauses"], row["gaps"]) == (said["pauses"]["count"], said["pauses"]["gaps"])


def test_annotations_and_report_are_those_of_the_commands(root: Path) -> None:
    key = key_of(str(root / "in" / "a.hea"))
    written = formats.read_annotation(root / "out" / "wfdb" / f"{key}.scribe", fs=360)
    expected = annotate(formats.open_record(root / "in" / "a"))
    assert (written.sample == expected.sample).all()
    assert (written.symbol == expected.symbol).all()
    numbers = json.loads((root / "out" / "reports" / f"{key}.json").read_text())
    assert numbers["beats"] == report(formats.open_record(root / "in" / "a"))["beats"]
    assert [file["name"] for file in numbers["recording"]["files"]] == ["a.hea", "a.dat"]


def test_what_is_missing_is_made_again_and_is_the_same(root: Path) -> None:
    key = key_of(str(root / "in" / "a.hea"))
    before = files(root, key)
    assert not annotated(root, "a")
    (root / "out" / "reports" / f"{key}.json").unlink()
    (root / "out" / "wfdb" / f"{key}.scribe").unlink()
    assert annotated(root, "a")
    assert files(root, key) == before


def test_what_is_no_longer_asked_for_is_removed(root: Path) -> None:
    key = key_of(str(root / "in" / "a.hea"))
    before = files(root, key)
    assert annotated(root, "a", Options())
    assert sorted(name.split("/")[0] for name in files(root, key)) == sorted(FOLDERS)
    assert annotated(root, "a")
    assert files(root, key) == before


def test_a_table_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("mine")
    with only_run(tmp_path):
        assert (tmp_path / ".lock").read_text() == "mine"
    (tmp_path / "recordings.parquet").write_text("mine")
    with pytest.raises(FormatError, match="found this file of something else"):
        make_archive_folder(tmp_path)
    (tmp_path / "recordings.parquet").unlink()
    (tmp_path / "recordings.parquet").mkdir()
    with pytest.raises(FormatError, match="found a folder"):
        make_archive_folder(tmp_path)


def test_start_is_left_out_if_asked_for(tmp_path: Path) -> None:
    header = save(made("a"), tmp_path / "in").with_suffix(".hea")
    first, rest = header.read_text().split("\n", 1)
    header.write_text(f"{first} 21:00:00 01/03/2026\n{rest}")
    for table in FOLDERS:
        (tmp_path / "out" / table).mkdir(parents=True)
    key = key_of(str(tmp_path / "in" / "a.hea"))
    for no_dates in (False, True):
        assert annotated(tmp_path, "a", dataclasses.replace(ALL, no_dates=no_dates))
        numbers = json.loads((tmp_path / "out" / "reports" / f"{key}.json").read_text())
        assert (numbers["recording"]["start"] is None) == no_dates


def test_classes_of_a_paced_recording_are_not_judged(tmp_path: Path) -> None:
    header = save(made("a"), tmp_path / "in").with_suffix(".hea")
    header.write_text(header.read_text() + "# The patient has a pacemaker\n")
    for table in FOLDERS:
        (tmp_path / "out" / table).mkdir(parents=True)
    assert annotated(tmp_path, "a")
    write_recordings(tmp_path / "out")
    row = row_of(tmp_path, "a")
    assert (row["paced"], row["pvc_burden"], row["sve_burden"]) == (True, None, None)
    assert row["beats"] == row["Q"] > 0
    key = key_of(str(header))
    numbers = json.loads((tmp_path / "out" / "reports" / f"{key}.json").read_text())
    assert numbers["annotations"]["probabilities"] is False


def test_page_leads_to_the_reports_and_needs_no_script(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["archive", "--summary", str(root / "out")]) == 0
    shown = capsys.readouterr()
    assert shown.out == summary_text(read_summary(root / "out")) + "\n"
    assert len(shown.out.splitlines()) == 20
    assert "3: 2 annotated, 1 failed" in shown.out
    assert shown.err == f"ecgscribe: {root / 'out' / 'summary.html'} written\n"
    page = (root / "out" / "summary.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "c&lt;b&gt;.hea: expected &lt;x&gt;, found y" in page
    links = re.findall(r'href="(reports/[^"]+)"', page)
    assert len(links) == 2
    assert all((root / "out" / link).is_file() for link in links)
    assert "decoding=" not in page  # else a picture is blank until it is decoded
    assert page.count("<img ") == page.count('alt="Histogram. ') > 3


def test_more_urgent_recordings_come_first(root: Path) -> None:
    rows = read_summary(root / "out")
    rows = rows[rows["status"] == "done"].reset_index(drop=True)
    rows["vt_seconds"] = [0.0, 2.0]
    assert urgent_first(rows)["vt_seconds"].tolist() == [2.0, 0.0]
    rows["vfl_seconds"] = [1.0, 0.0]
    assert urgent_first(rows)["vt_seconds"].tolist() == [0.0, 2.0]


def test_archive_of_failures_alone_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    write_failure("/in/a.hea", tmp_path, load_model(), Options(), "expected x, found y")
    page = write_page(read_summary(tmp_path), tmp_path).read_text(encoding="utf-8")
    assert "No recording was annotated." in page
    assert "a.hea: expected x, found y" in page


def test_documented_queries_give_the_burden(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(root)
    page = (ROOT / "docs" / "howto" / "archive.md").read_text(encoding="utf-8")
    by_beats, urgent, whole = (
        duckdb.connect().execute(query.replace("'archive/", "'out/")).fetchall()
        for query in re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    )
    rows = [row_of(root, name) for name in ("a", "b")]
    expected = {row["recording"]: (pytest.approx(row["pvc_burden"]), row["beats"]) for row in rows}
    assert {path: (burden, beats) for path, burden, beats in by_beats} == expected
    assert {path for path, *_ in urgent} <= set(expected)
    assert whole == [(pytest.approx(sum(r["V"] for r in rows) / sum(r["beats"] for r in rows)),)]


def test_pandas_and_polars_read_the_tables(root: Path) -> None:
    import pandas as pd

    beats = pd.read_parquet(root / "out" / "beats")
    assert len(beats) >= sum(row_of(root, name)["beats"] for name in ("a", "b"))
    polars = pytest.importorskip("polars", reason="Polars is not installed")
    assert len(polars.read_parquet(root / "out" / "beats" / "*.parquet")) == len(beats)
