from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import formats
from ecgscribe.analysis import measures
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.report.beat_comparison import usual_interval
from ecgscribe.report.build import report
from ecgscribe.report.paper_rows import ROW_S
from ecgscribe.symbols import AAMI_CLASSES
from support.report_pages import (
    ShownPage,
    numbers_in,
    only_in_page,
    recording_with_ectopy,
    with_noise,
    with_probabilities,
)

HEADINGS = [
    "Findings", "Recording", "Overview", "Rhythms", "Beats", "Heart rate", "RR intervals",
    "Heart rate variability", "Ectopy", "Pauses", "Beat shapes", "Strips", "Interpretation",
]  # fmt: skip


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The numbers and the page of a recording with some of everything."""
    record, reference = recording_with_ectopy(start=datetime(2026, 3, 1, 22, 15, 30))
    fs = round(record.fs)
    reference = with_noise(reference, 100 * fs, 112 * fs)
    out = tmp_path_factory.mktemp("rich") / "made.html"
    content = report(record, reference, out=out)
    assert json.loads(out.with_suffix(".json").read_text()) == content
    return content, out.read_text(encoding="utf-8")


def test_the_page_has_every_section_in_order(rich: tuple[dict[str, Any], str]) -> None:
    shown = ShownPage(rich[1])
    assert shown.headings == HEADINGS
    assert "research tool, not a medical device" in " ".join(shown.text)


def test_every_number_of_the_page_is_in_the_json(rich: tuple[dict[str, Any], str]) -> None:
    content, html = rich
    assert len(numbers_in(" ".join(ShownPage(html).text))) > 80
    assert only_in_page(html, content) == set()
    assert only_in_page(html.replace("</main>", "<p>7.77</p></main>"), content) == {"7.77"}


def test_the_page_is_one_small_file_for_any_reader(rich: tuple[dict[str, Any], str]) -> None:
    shown = ShownPage(rich[1])
    assert len(rich[1]) < 3e6
    assert "script" not in shown.tags
    assert len(shown.pictures) == len(shown.sources) >= 6
    for picture in shown.pictures:
        head, data = (picture["src"] or "").split(",", 1)
        assert head == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert picture["alt"]
    assert shown.scopes > 40
    assert "http" not in rich[1].replace("http-equiv", "")
    for rule in ("prefers-color-scheme: dark", "@media print", 'lang="en"'):
        assert rule in rich[1]


def test_the_comments_of_a_recording_are_not_shown(rich: tuple[dict[str, Any], str]) -> None:
    assert "Jane" not in rich[1]
    assert "Jane" not in json.dumps(rich[0])


def test_counts_are_those_of_the_readable_beats(rich: tuple[dict[str, Any], str]) -> None:
    record, reference = recording_with_ectopy()
    fs = round(record.fs)
    reference = with_noise(reference, 100 * fs, 112 * fs)
    counts = np.bincount(reference.class_index[reference.readable], minlength=5).tolist()
    beats = rich[0]["beats"]
    assert [c["count"] for c in beats["classes"]] == counts
    assert beats["counted"] == sum(counts)
    assert beats["in_noise"] == len(reference.beats()) - sum(counts) > 0
    assert beats["pvc_percent"] == pytest.approx(100 * counts[2] / sum(counts), abs=0.06)
    assert rich[0]["readable"]["seconds"] == pytest.approx(record.duration - 12, abs=0.01)
    assert rich[0]["rr_intervals"]["count"] == sum(rich[0]["rr_intervals"]["normal"]) + sum(
        rich[0]["rr_intervals"]["other"]
    )


def test_times_include_the_time_of_day(rich: tuple[dict[str, Any], str]) -> None:
    when = rich[0]["readable"]["longest_unreadable"]["at"]
    assert (when["seconds"], when["text"]) == (100.0, "22:17:10 (0:01:40)")
    assert rich[0]["strips"][when["strip"] - 1]["title"] == "Unreadable"
    assert rich[0]["recording"]["start"] == "2026-03-01 22:15:30"


def test_strips_say_what_they_show(rich: tuple[dict[str, Any], str]) -> None:
    strips = rich[0]["strips"]
    assert [strip["number"] for strip in strips] == list(range(1, len(strips) + 1))
    for strip in strips:
        rows = [(row["begin_s"], row["end_s"]) for row in strip["rows"]]
        assert all(end - begin == pytest.approx(ROW_S) for begin, end in rows)
        assert all(0 <= begin < end <= 400.0 for begin, end in rows)
        assert any(begin <= strip["at"]["seconds"] < end for begin, end in rows)
    certain = [s for s in strips if "beat" in s]
    assert certain
    for strip in certain:
        assert strip["probability"]["mean"] == 0.92
        assert "0.92" in strip["text"]
        assert "correlation with the dominant beat" in strip["text"]


def test_a_premature_wide_beat_is_described_as_such() -> None:
    """One wide beat, 40% early in a rhythm of one beat per second, and a full pause after it."""
    fs, at = 250.0, [*range(1, 21), 20.6, *range(22, 40)]
    time = np.arange(40 * 250) / fs
    signal = np.zeros((len(time), 1), dtype=np.float32)
    for r in at:
        width = 0.16 if r == 20.6 else 0.08
        sign = -1 if r == 20.6 else 1
        signal[:, 0] += sign * np.clip(1 - np.abs(time - r) / (width / 2), 0, None)
    symbols = np.where(np.array(at) == 20.6, "V", "N")
    annotation = with_probabilities(
        Annotation((np.array(at) * fs).round().astype(np.int64), symbols, fs)
    )
    content = report(Record(signal, fs, ("II",)), annotation)
    (strip,) = (s for s in content["strips"] if s["title"] == "Most certain beat of class V")
    beat = strip["beat"]
    assert beat["early_percent"] == 40
    assert beat["pause_percent"] == 140
    assert beat["usual_rr_s"] == 1.0
    assert beat["qrs_ms"] == pytest.approx(160, abs=20)
    assert beat["usual_qrs_ms"] == pytest.approx(80, abs=20)
    assert beat["likeness"] < 0
    assert content["ectopy"]["V"]["isolated"]["count"] == 1
    beats = beat_series(annotation, len(time))
    assert usual_interval(beats, 20) == 1.0
    assert usual_interval(beat_series(annotation.select(slice(0, 3)), len(time)), 1) is None


def test_the_pdf_shows_the_text_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rich: tuple[dict[str, Any], str]
) -> None:
    from fpdf import FPDF

    written: list[str] = []
    cell, multi_cell, write = FPDF.cell, FPDF.multi_cell, FPDF.write

    def note_cell(self: Any, *args: Any, **kwargs: Any) -> Any:
        written.extend(a for a in args if isinstance(a, str))
        return cell(self, *args, **kwargs)

    def note_cells(self: Any, *args: Any, **kwargs: Any) -> Any:
        written.extend(a for a in (*args, kwargs.get("text")) if isinstance(a, str))
        return multi_cell(self, *args, **kwargs)

    def note_write(self: Any, height: float, text: str, **kwargs: Any) -> Any:
        written.append(text)
        return write(self, height, text, **kwargs)

    monkeypatch.setattr(FPDF, "write", note_write)
    monkeypatch.setattr(FPDF, "cell", note_cell)
    monkeypatch.setattr(FPDF, "multi_cell", note_cells)
    record, reference = recording_with_ectopy(start=datetime(2026, 3, 1, 22, 15, 30))
    fs = round(record.fs)
    out = tmp_path / "made.pdf"
    assert report(record, with_noise(reference, 100 * fs, 112 * fs), out=out) == rich[0]
    assert out.read_bytes().startswith(b"%PDF-")
    assert len(out.read_bytes()) < 3e6
    text = " ".join(written)
    shown = ShownPage(rich[1])
    visible = [line.strip() for line in shown.text if line.strip()]
    alts = {picture["alt"] for picture in shown.pictures}
    assert [line for line in visible if line not in alts and line not in text] == []


def test_annotations_at_another_frequency_are_the_same_beats() -> None:
    record, reference = recording_with_ectopy(60.0)
    twice = dataclasses.replace(reference, sample=2 * reference.sample, fs=2 * reference.fs)
    assert report(record, twice) == report(record, reference)


def test_an_existing_page_or_another_suffix_is_refused(tmp_path: Path) -> None:
    record, reference = recording_with_ectopy(20.0)
    with pytest.raises(FormatError, match=r"\.html or \.pdf"):
        report(record, reference, out=tmp_path / "x.txt")
    with pytest.raises(FormatError, match="expected a folder"):
        report(record, reference, out=tmp_path / "no" / "x.html")
    (tmp_path / "x.json").write_text("mine")
    with pytest.raises(FormatError, match="--force"):
        report(record, reference, out=tmp_path / "x.html")
    assert (tmp_path / "x.json").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json"]
    report(record, reference, out=tmp_path / "x.html", force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.html", "x.json"]


def test_only_the_pdf_needs_another_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record, reference = recording_with_ectopy(20.0)
    monkeypatch.setattr("ecgscribe.report.build.find_spec", lambda name: None)
    with pytest.raises(EcgScribeError, match=r"fpdf2.*pip install 'ecgscribe\[report\]'"):
        report(record, reference, out=tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []
    report(record, reference, out=tmp_path / "x.html")
    assert (tmp_path / "x.html").exists()


def test_each_measure_is_computed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return function(*args, **kwargs)

        return wrapper

    names = ("beat_series", "ectopy", "times_without_beats", "shapes", "variability")
    for name in names:
        monkeypatch.setattr(measures, name, counting(name, getattr(measures, name)))
    record, reference = recording_with_ectopy(60.0)
    report(record, reference, out=tmp_path / "x.html")
    assert {name: calls.count(name) for name in names} == {
        name: 2 if name == "ectopy" else 1  # of V and of S
        for name in names
    }


def test_a_long_recording_is_read_in_pieces_only(tmp_path: Path) -> None:
    """Of ten hours, less than a hundredth is read."""
    fs, hours, read = 250.0, 10.0, 0

    def piece(begin: int, end: int) -> NDArray[np.float32]:
        nonlocal read
        read += end - begin
        time = np.arange(begin, end) / fs
        wave = np.exp(-(((time + 0.5) % 1.0 - 0.5) ** 2) / (2 * 0.012**2))
        return wave[:, None].astype(np.float32)

    n = round(hours * 3600 * fs)
    record = LazyRecord(piece, n, fs, ("II",), ("mV",), name="long")
    second = np.arange(1, int(hours * 3600) - 1)
    symbols = np.where(second % 997 < 3, "V", "N")
    annotation = Annotation((second * fs).astype(np.int64), symbols, fs)
    content = report(record, annotation, out=tmp_path / "long.html")
    assert read < n / 100
    assert len(content["hours"]) == 10
    assert sum(hour["V"] for hour in content["hours"]) == np.sum(symbols == "V")
    assert sum(hour["beats"] for hour in content["hours"]) == len(second)
    runs = content["ectopy"]["V"]["runs"]
    assert sum(hour["V_runs"] for hour in content["hours"]) == runs["count"] > 30
    assert (tmp_path / "long.html").stat().st_size < 3e6
    html = (tmp_path / "long.html").read_text(encoding="utf-8")
    assert only_in_page(html, content) == set()


@pytest.mark.mitdb
def test_a_real_recording_with_ectopy(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "mitdb" / "119"
    record = formats.open_record(path)
    annotation = formats.read_annotation(path, "atr")
    content = report(
        record, annotation, out=tmp_path / "119.html", annotator="atr",
        files=formats.recording_files(path),
    )  # fmt: skip
    counts = {c["class"]: c["count"] for c in content["beats"]["classes"]}
    assert counts == {"N": 1543, "S": 0, "V": 444, "F": 0, "Q": 0}
    assert content["heart_rate"]["mean"] == 66
    # mitdb's own notes: bigeminy and trigeminy throughout.
    assert content["ectopy"]["V"]["bigeminy"]["count"] > 20
    assert content["ectopy"]["V"]["trigeminy"]["count"] > 20
    narrow, wide = content["shapes"]["classes"]
    assert narrow["qrs_ms"] < 110 < wide["qrs_ms"]
    assert {f["name"] for f in content["recording"]["files"]} == {"119.hea", "119.dat"}
    html = (tmp_path / "119.html").read_text(encoding="utf-8")
    assert only_in_page(html, content) == set()
    assert {c for strip in content["strips"] for c in strip["title"].split()} & set(AAMI_CLASSES)
