from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import formats
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.report.build import report
from ecgscribe.report.strips import MOST_STRIPS, STRIP_S, usual_interval
from ecgscribe.symbols import AAMI_CLASSES
from support.command_line import complaints, ecgscribe, only_error
from support.wfdb_files import save

HEADINGS = [
    "Recording", "Beats", "Heart rate", "RR intervals", "Heart rate variability", "Ectopy",
    "Pauses", "Beat shapes", "Strips",
]  # fmt: skip


class Shown(HTMLParser):
    """The text of a page, its headings, pictures, links and whether its tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.headings: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.scopes = 0
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.links += [value or "" for key, value in attrs if key in ("src", "href")]
        self.scopes += tag == "th" and given.get("scope") in ("col", "row")
        if tag == "img":
            self.pictures.append(given)
            self.text.append(given["alt"] or "")
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)
            if self.open[-1] == "h2":
                self.headings.append(data)


def numbers_in(text: str) -> set[str]:
    """Numbers of a text, without the separators of thousands; of -5 and +5 the 5."""
    return {n.replace(",", "") for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


def numbers_of(content: Any) -> set[str]:
    """Every number of a JSON value, as it may be written, and those in its texts."""
    if isinstance(content, dict):
        return set().union(*map(numbers_of, content.values()))
    if isinstance(content, list):
        return set().union(*map(numbers_of, content))
    if isinstance(content, bool) or content is None:
        return set()
    if isinstance(content, int | float):
        written = f"{abs(content)}"
        digits = {f"{abs(content):.1f}", f"{abs(content):.2f}"}
        # No rounding here: what is written with fewer digits than it has is not the same number.
        same = {text for text in digits if float(text) == abs(content)}
        return {written, written.removesuffix(".0"), *same}
    return numbers_in(str(content))


def only_in_page(html: str, content: dict[str, Any]) -> set[str]:
    """Numbers that a page shows and its JSON does not hold."""
    text = " ".join(Shown(html).text)
    for words in ("SHA-256", "pNN50", "printed at 100%"):  # names and a rule, not results
        text = text.replace(words, "")
    return numbers_in(text) - numbers_of(content)


def with_probabilities(annotation: Annotation) -> Annotation:
    index = annotation.class_index
    probability = np.full((len(index), 5), np.nan, dtype=np.float32)
    probability[index >= 0] = 0.02
    probability[index >= 0, index[index >= 0]] = 0.92
    return dataclasses.replace(
        annotation,
        probability=probability,
        score=np.ones(len(index), dtype=np.float32),
        quality=np.where(index >= 0, 0.9, np.nan).astype(np.float32),
    )


def made(
    duration: float = 400.0, *, name: str = "made", start: datetime | None = None, **settings: Any
) -> tuple[Record, Annotation]:
    """A recording with ectopy, noise marks and the probabilities of its beats."""
    record, known = synthesize(duration=duration, seed=3, name=name, noise=0.2, **settings)
    record = dataclasses.replace(record, start=start, comments=("Jane Doe 1931",))
    return record, with_probabilities(known)


def marked(annotation: Annotation, begin: int, end: int) -> Annotation:
    """Mark a stretch as noise, and its beats as in noise."""
    inside = (annotation.sample >= begin) & (annotation.sample < end)
    assert annotation.quality is not None
    quality = np.where(inside, 0.1, annotation.quality).astype(np.float32)
    annotation = dataclasses.replace(annotation, quality=quality)
    at = np.searchsorted(annotation.sample, [begin, end])
    assert annotation.probability is not None
    assert annotation.score is not None
    return Annotation(
        np.insert(annotation.sample, at, [begin, end]),
        np.insert(annotation.symbol, at, "~"),
        annotation.fs,
        subtype=np.insert(annotation.subtype, at, [3, 0]),
        probability=np.insert(annotation.probability, at, np.nan, axis=0),
        score=np.insert(annotation.score, at, np.nan),
        quality=np.insert(quality, at, np.nan),
        name=annotation.name,
    )


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The numbers and the page of a recording that has some of everything."""
    record, known = made(start=datetime(2026, 3, 1, 22, 15, 30))
    fs = round(record.fs)
    known = marked(known, 100 * fs, 112 * fs)
    out = tmp_path_factory.mktemp("rich") / "made.html"
    content = report(record, known, out=out)
    assert json.loads(out.with_suffix(".json").read_text()) == content
    return content, out.read_text(encoding="utf-8")


def test_the_page_has_every_section_in_order(rich: tuple[dict[str, Any], str]) -> None:
    shown = Shown(rich[1])
    assert shown.headings == HEADINGS
    assert "research tool, not a medical device" in " ".join(shown.text)


def test_every_number_of_the_page_is_in_the_json(rich: tuple[dict[str, Any], str]) -> None:
    content, html = rich
    assert len(numbers_in(" ".join(Shown(html).text))) > 80
    assert only_in_page(html, content) == set()
    assert only_in_page(html.replace("</main>", "<p>7.77</p></main>"), content) == {"7.77"}


def test_the_page_is_one_small_file_for_any_reader(rich: tuple[dict[str, Any], str]) -> None:
    shown = Shown(rich[1])
    assert len(rich[1]) < 3e6
    assert "script" not in shown.tags
    assert len(shown.pictures) == len(shown.links) >= 6
    for picture in shown.pictures:
        head, data = (picture["src"] or "").split(",", 1)
        assert head == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert picture["alt"]
    assert shown.scopes > 40
    assert "http" not in rich[1].replace("http-equiv", "")
    for rule in ("prefers-color-scheme: dark", "@media print", 'lang="en"'):
        assert rule in rich[1]


def test_nothing_of_the_comments_is_told(rich: tuple[dict[str, Any], str]) -> None:
    assert "Jane" not in rich[1]
    assert "Jane" not in json.dumps(rich[0])


def test_counts_are_those_of_the_readable_beats(rich: tuple[dict[str, Any], str]) -> None:
    record, known = made()
    fs = round(record.fs)
    known = marked(known, 100 * fs, 112 * fs)
    counts = np.bincount(known.class_index[known.readable], minlength=5).tolist()
    beats = rich[0]["beats"]
    assert [c["count"] for c in beats["classes"]] == counts
    assert beats["counted"] == sum(counts)
    assert beats["in_noise"] == len(known.beats()) - sum(counts) > 0
    assert beats["pvc_percent"] == pytest.approx(100 * counts[2] / sum(counts), abs=0.06)
    assert rich[0]["readable"]["seconds"] == pytest.approx(record.duration - 12, abs=0.01)
    assert rich[0]["rr_intervals"]["count"] == sum(rich[0]["rr_intervals"]["normal"]) + sum(
        rich[0]["rr_intervals"]["other"]
    )


def test_times_tell_the_time_of_day(rich: tuple[dict[str, Any], str]) -> None:
    when = rich[0]["readable"]["longest_unreadable"]["at"]
    assert when == {"seconds": 100.0, "text": "22:17:10 (0:01:40)"}
    assert rich[0]["recording"]["start"] == "2026-03-01 22:15:30"


def test_strips_are_few_and_say_why(rich: tuple[dict[str, Any], str]) -> None:
    strips = rich[0]["strips"]
    assert 3 <= len(strips) <= MOST_STRIPS
    for strip in strips:
        assert strip["end_s"] - strip["begin_s"] == pytest.approx(STRIP_S)
        assert 0 <= strip["begin_s"] < strip["end_s"] <= 400.0
    certain = [s for s in strips if "beat" in s]
    assert certain
    for strip in certain:
        assert strip["probability"]["mean"] == 0.92
        assert "0.92" in strip["text"]
        assert "correlation with the dominant beat" in strip["text"]


def test_a_premature_wide_beat_is_told_as_such() -> None:
    """One wide beat 40% early in a rhythm of a beat a second, and a full pause after it."""
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
    (strip,) = (s for s in content["strips"] if s["title"].startswith("Most certain beat of"))
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


# PDF


def test_the_pdf_shows_the_text_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rich: tuple[dict[str, Any], str]
) -> None:
    from fpdf import FPDF

    written: list[str] = []
    cell, multi_cell = FPDF.cell, FPDF.multi_cell

    def note_cell(self: Any, *args: Any, **kwargs: Any) -> Any:
        written.extend(a for a in args if isinstance(a, str))
        return cell(self, *args, **kwargs)

    def note_cells(self: Any, *args: Any, **kwargs: Any) -> Any:
        written.extend(a for a in (*args, kwargs.get("text")) if isinstance(a, str))
        return multi_cell(self, *args, **kwargs)

    monkeypatch.setattr(FPDF, "cell", note_cell)
    monkeypatch.setattr(FPDF, "multi_cell", note_cells)
    record, known = made(start=datetime(2026, 3, 1, 22, 15, 30))
    fs = round(record.fs)
    out = tmp_path / "made.pdf"
    assert report(record, marked(known, 100 * fs, 112 * fs), out=out) == rich[0]
    assert out.read_bytes().startswith(b"%PDF-")
    assert len(out.read_bytes()) < 3e6
    text = " ".join(written)
    shown = Shown(rich[1])
    visible = [line.strip() for line in shown.text if line.strip()]
    alts = {picture["alt"] for picture in shown.pictures}
    assert [line for line in visible if line not in alts and line not in text] == []


# Odd recordings


def silent(duration: float, fs: float = 250.0, leads: int = 1) -> Record:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((round(duration * fs), leads)).astype(np.float32) * 0.05
    return Record(signal, fs, tuple(f"L{k}" for k in range(leads)), name="odd")


def annotated(record: Record, symbols: str, *, every: float = 1.0) -> Annotation:
    sample = (np.arange(1, len(symbols) + 1) * every * record.fs).astype(np.int64)
    return Annotation(sample, np.array(list(symbols), dtype=np.str_), record.fs, name=record.name)


ODD: dict[str, tuple[Record, Annotation, tuple[str, ...]]] = {
    "no beats": (
        silent(30),
        annotated(silent(30), ""),
        ("No beat was found", "no heart rate", "No beats to show", "Nothing to show"),
    ),
    "one beat": (silent(30), annotated(silent(30), "N"), ("No two beats", "No interval between")),
    "no two normal": (
        silent(30),
        annotated(silent(30), "NVNVNVNVNVNVNVNVNVNV"),
        ("0 intervals from N to N", "Too few for heart rate variability", "Bigeminy"),
    ),
    "ten seconds": (
        silent(10),
        annotated(silent(10), "NNNNNNNNN"),
        ("0:00:10", "8 intervals from N to N", "Too few"),
    ),
    "a strip short": (silent(3), annotated(silent(3), "NN"), ("0:00:03", "Nowhere do 8")),
    "only Q": (silent(30), annotated(silent(30), "Q" * 28), ("Q: paced", "No beats of class V")),
    "three leads": (silent(30, leads=3), annotated(silent(30), "N" * 28), ("L0, L1, L2",)),
    "all unreadable": (
        silent(30),
        dataclasses.replace(
            annotated(silent(30), "~NNNN", every=0.001), subtype=np.array([-1, 0, 0, 0, 0])
        ),
        ("One stretch", "4 more beats lie in noise", "No beat was found"),
    ),
    "pauses": (silent(60), annotated(silent(60), "N" * 20, every=2.5), ("19 intervals are",)),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_an_odd_recording_is_told_of(case: str, suffix: str, tmp_path: Path) -> None:
    record, annotation, said = ODD[case]
    out = tmp_path / f"odd{suffix}"
    content = report(record, annotation, out=out)
    assert json.loads(out.with_suffix(".json").read_text()) == content
    if suffix == ".html":
        html = out.read_text(encoding="utf-8")
        text = " ".join(Shown(html).text)
        for words in said:
            assert words in text
        assert only_in_page(html, content) == set()
        assert "nan" not in text.lower().split()
        assert "None" not in text


def test_flat_and_missing_samples_are_no_obstacle(tmp_path: Path) -> None:
    record = silent(30, leads=2)
    record.signal[:, 1] = np.nan
    record.signal[1000:3000] = np.nan
    content = report(
        record, annotated(record, "NNNVNNNNSNNNNN".replace("S", "A")), out=tmp_path / "a.html"
    )
    assert content["beats"]["counted"] == 14


def test_names_are_escaped(tmp_path: Path) -> None:
    record, known = made(60.0, name="<b>&name</b>")
    record = dataclasses.replace(record, leads=("<i>II</i>", '"V1"'))
    out = tmp_path / "x.html"
    report(record, known, out=out, annotator="<script>", files=[])
    html = out.read_text(encoding="utf-8")
    shown = Shown(html)
    assert shown.tags.isdisjoint({"b", "i", "script"})
    assert "<b>&name</b>" in " ".join(shown.text)
    assert "<i>II</i>" in " ".join(shown.text)
    report(dataclasses.replace(record, name="Ärzte µ 心"), known, out=tmp_path / "y.pdf")


def test_names_are_not_read_as_mathematics(tmp_path: Path) -> None:
    record, known = made(20.0)
    record = dataclasses.replace(record, name=r"$\frac$", leads=(r"$\x$", "心$"))
    report(record, known, out=tmp_path / "x.html")
    assert r"$\x$" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_annotations_at_another_frequency_are_the_same_beats() -> None:
    record, known = made(60.0)
    twice = dataclasses.replace(known, sample=2 * known.sample, fs=2 * known.fs)
    assert report(record, twice) == report(record, known)


def test_a_page_that_is_there_or_has_another_suffix_is_refused(tmp_path: Path) -> None:
    record, known = made(20.0)
    with pytest.raises(FormatError, match=r"\.html or \.pdf"):
        report(record, known, out=tmp_path / "x.txt")
    with pytest.raises(FormatError, match="expected a folder"):
        report(record, known, out=tmp_path / "no" / "x.html")
    (tmp_path / "x.json").write_text("mine")
    with pytest.raises(FormatError, match="--force"):
        report(record, known, out=tmp_path / "x.html")
    assert (tmp_path / "x.json").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json"]
    report(record, known, out=tmp_path / "x.html", force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.html", "x.json"]


def test_absent_packages_are_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record, known = made(20.0)
    monkeypatch.setattr("ecgscribe.report.build.find_spec", lambda name: None)
    with pytest.raises(EcgScribeError, match=r"pip install 'ecgscribe\[report\]'"):
        report(record, known, out=tmp_path / "x.html")


def test_a_long_recording_is_read_in_pieces_only(tmp_path: Path) -> None:
    """Ten hours of which little is read: less than a hundredth."""
    fs, hours, read = 250.0, 10.0, 0

    def piece(begin: int, end: int) -> NDArray[np.float32]:
        nonlocal read
        read += end - begin
        time = np.arange(begin, end) / fs
        wave = np.exp(-(((time + 0.5) % 1.0 - 0.5) ** 2) / (2 * 0.012**2))
        return wave[:, None].astype(np.float32)

    n = round(hours * 3600 * fs)
    source = LazyRecord(piece, n, fs, ("II",), ("mV",), name="long")
    second = np.arange(1, int(hours * 3600) - 1)
    symbols = np.where(second % 997 < 3, "V", "N")
    annotation = Annotation((second * fs).astype(np.int64), symbols, fs)
    content = report(source, annotation, out=tmp_path / "long.html")
    assert read < n / 100
    assert len(content["hours"]) == 10
    assert sum(hour["V"] for hour in content["hours"]) == np.sum(symbols == "V")
    assert sum(hour["beats"] for hour in content["hours"]) == len(second)
    runs = content["ectopy"]["V"]["runs"]
    assert sum(hour["V_runs"] for hour in content["hours"]) == runs["count"] > 30
    assert (tmp_path / "long.html").stat().st_size < 3e6
    html = (tmp_path / "long.html").read_text(encoding="utf-8")
    assert only_in_page(html, content) == set()


# The command


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record, known = synthesize(duration=60, seed=5, name="rec", noise=0.2)
    path = save(record, tmp_path_factory.mktemp("saved"))
    formats.write(known, path.with_suffix(".ref"))
    return path


def test_the_command_annotates_and_writes_both_files(saved: Path, tmp_path: Path) -> None:
    run = ecgscribe("report", saved, cwd=tmp_path)
    assert run.returncode == 0
    assert complaints(run) == []
    assert run.stdout == "rec.html\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rec.html", "rec.json"]
    content = json.loads((tmp_path / "rec.json").read_text())
    assert content["annotations"]["model"]["name"] == "default"
    sums = {f["name"]: f["sha256"] for f in content["recording"]["files"]}
    assert sums == {
        f"rec{suffix}": hashlib.sha256(saved.with_suffix(suffix).read_bytes()).hexdigest()
        for suffix in (".hea", ".dat")
    }
    html = (tmp_path / "rec.html").read_text(encoding="utf-8")
    assert content["annotations"]["model"]["sha256"] in html
    summary = ecgscribe("annotate", saved, "-o", tmp_path / "out", "--json", "--quiet").stdout
    counts = {c["class"]: c["count"] for c in content["beats"]["classes"]}
    assert counts == json.loads(summary)["beats"]
    assert only_error(ecgscribe("report", saved, cwd=tmp_path)).startswith("rec.html: expected")


def test_the_command_takes_stored_annotations(saved: Path, tmp_path: Path) -> None:
    lead = formats.open_record(saved).leads[1]
    run = ecgscribe(
        "report", saved, "--annotator", "ref", "-o", tmp_path / "a.pdf", "--leads", lead, "--quiet",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["annotations"] == {
        "text": "stored, annotator ref", "annotator": "ref", "model": None, "probabilities": False,
    }  # fmt: skip
    assert content["recording"]["leads"] == [lead]
    known = formats.read_annotation(saved, "ref")
    assert content["beats"]["counted"] == len(known.beats())
    assert all(strip["probability"] is None for strip in content["strips"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere"),
        (["REC", "-o", "x.doc"], "rename it"),
        (["REC", "-o", "no/x.html"], "expected a folder"),
        (["REC", "--annotator", "atr"], "expected"),
        (["REC", "--leads", "X9"], "X9"),
        (["REC", "--model", "nothing"], "nothing"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, saved: Path, tmp_path: Path
) -> None:
    named = [str(saved) if a == "REC" else a for a in arguments]
    run = ecgscribe("report", *named, cwd=tmp_path)
    assert said in only_error(run)
    assert list(tmp_path.iterdir()) == []


# Real recordings, by their reference annotations


@pytest.mark.mitdb
def test_a_real_recording_with_ectopy(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "mitdb" / "119"
    source = formats.open_record(path)
    annotation = formats.read_annotation(path, "atr")
    content = report(
        source, annotation, out=tmp_path / "119.html", annotator="atr",
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


def test_the_files_of_a_recording_are_header_segments_and_signals(tmp_path: Path) -> None:
    (tmp_path / "m.hea").write_text("m/3 1 250 2000\na 1000\n~ 500\nb 500\n")
    (tmp_path / "a.hea").write_text("a 1 250 1000\na.dat 16 200 16 0 0 0 0 II\n")
    (tmp_path / "b.hea").write_text("b 1 250 500\nb.dat 16 200 16 0 0 0 0 II\n")
    found = formats.recording_files(tmp_path / "m")
    assert [f.name for f in found] == ["m.hea", "a.hea", "a.dat", "b.hea", "b.dat"]
    np.save(tmp_path / "x.npy", np.zeros(10))
    assert formats.recording_files(tmp_path / "x.npy") == [tmp_path / "x.npy"]
    with pytest.raises(FormatError, match="nothing"):
        formats.recording_files(tmp_path / "nothing")
