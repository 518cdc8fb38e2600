"""`ecgscribe demo`: the recording, its beats and the page."""

from __future__ import annotations

import base64
import errno
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ecgscribe import formats, metrics
from ecgscribe.cli import demonstration
from ecgscribe.cli.demo_page import NOTE
from ecgscribe.cli.demonstration import demonstrate
from ecgscribe.cli.main import main
from ecgscribe.datasets.synthetic_settings import DEMO
from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record
from support.command_line import error_line

FILES = {"demo.dat", "demo.hea", "demo.html", "demo.ref", "demo.scribe"}


class _Page(HTMLParser):
    """What a page links to, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a demo whose model finds the beats 5 ms late and calls every tenth V."""
    folder = tmp_path / "new" / "demo"

    def annotate(record: Record, **_: Any) -> Annotation:
        known = formats.read_annotation(min(folder.rglob("demo.ref")), fs=record.fs)
        symbol = known.symbol.copy()
        symbol[::10] = "V"
        return Annotation(known.sample + round(0.005 * record.fs), symbol, record.fs, name="demo")

    monkeypatch.setattr(demonstration, "annotate", annotate)
    monkeypatch.setattr(demonstration, "load_model", lambda: SimpleNamespace(hash="<ab12>"))
    return folder


def test_the_demo_leaves_a_record_its_beats_and_a_page(out: Path) -> None:
    text = demonstrate(out)
    assert {path.name for path in out.iterdir()} == FILES
    assert NOTE in text
    assert "QRS" in text
    record = formats.read(out / "demo")
    known = formats.read_annotation(out / "demo", "ref")
    assert (record.fs, record.duration, len(record.leads)) == (DEMO.fs, 300.0, 2)
    assert set(known.symbol) == {"N", "A", "V"}
    comparison = metrics.compare(known, formats.read_annotation(out / "demo", "scribe"), start=0.0)
    assert metrics.format_report("demo", "ref", "scribe", comparison) in text


def test_the_page_is_one_file_with_the_note_and_whole_pictures(out: Path) -> None:
    demonstrate(out)
    html = (out / "demo.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == []
    pictures = [link for link in page.links if not link.startswith("#")]  # the contents apart
    assert len(pictures) >= 4
    for link in pictures:
        head, data = link.split(",", 1)
        assert head == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert NOTE in html
    assert "The first mistake" in html
    assert "http" not in re.sub('base64,[^"]*', "", html)


def test_text_in_the_page_is_escaped(out: Path) -> None:
    demonstrate(out)
    html = (out / "demo.html").read_text(encoding="utf-8")
    assert "&lt;ab12&gt;" in html
    assert "<ab12>" not in html


def test_an_earlier_demo_is_kept_unless_forced(out: Path) -> None:
    out.mkdir(parents=True)
    (out / "demo.ref").write_text("mine")
    with pytest.raises(FormatError, match=r"found demo\.ref; .*--force"):
        demonstrate(out)
    assert [path.name for path in out.iterdir()] == ["demo.ref"]
    demonstrate(out, force=True)
    assert {path.name for path in out.iterdir()} == FILES


def test_a_demo_whose_page_cannot_be_written_leaves_nothing_in_the_way(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ecgscribe.cli.demonstration.html", full)
    assert "No space left on device" in error_line(capsys, "demo", "-o", out, code=1)
    assert list(out.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="expected a folder") as caught:
        demonstrate(tmp_path / "file" / "demo")
    assert "\n" not in str(caught.value)


def test_the_demo_is_the_same_every_time(out: Path) -> None:
    demonstrate(out)
    first = {name: (out / name).read_bytes() for name in ("demo.dat", "demo.hea", "demo.ref")}
    demonstrate(out, force=True)
    assert first == {name: (out / name).read_bytes() for name in first}


def test_the_model_in_the_package_finds_the_beats_of_the_demo(tmp_path: Path) -> None:
    demonstrate(tmp_path)
    known, found = (formats.read_annotation(tmp_path / "demo", name) for name in ("ref", "scribe"))
    ratios = metrics.compare(known, found, start=0.0).ratios
    assert ratios.qrs_se.value > 0.98
    assert ratios.qrs_pp.value > 0.98
    np.testing.assert_array_less(found.sample, round(300 * DEMO.fs))


def test_page_shows_the_figures_of_the_table(out: Path) -> None:
    text = demonstrate(out)
    html = (out / "demo.html").read_text(encoding="utf-8")
    figures = re.findall(r"([\d.]+) % \((\d+/\d+)\)", text)
    assert len(figures) >= 6
    for figure, counts in figures:
        assert f"<td>{figure}%</td><td>{counts}</td>" in html


def test_demo_needs_no_extra(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fpdf", "neurokit2", "tensorflow", "keras", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it is an error
    assert main(["demo", "-o", str(out)]) == 0
    assert (out / "demo.html").is_file()
    assert main(["demo", "-o", str(out)]) == 1


def test_quiet_demo_prints_nothing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--quiet", "-o", str(out)]) == 0
    assert capsys.readouterr() == ("", "")
