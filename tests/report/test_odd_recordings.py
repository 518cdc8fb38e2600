from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, Record
from ecgscribe.report.build import report
from support.report_pages import (
    ShownPage,
    only_in_page,
    recording_with_ectopy,
)


def noise(duration: float, fs: float = 250.0, leads: int = 1) -> Record:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((round(duration * fs), leads)).astype(np.float32) * 0.05
    return Record(signal, fs, tuple(f"L{k}" for k in range(leads)), name="odd")


def annotated(record: Record, symbols: str, *, every: float = 1.0) -> Annotation:
    sample = (np.arange(1, len(symbols) + 1) * every * record.fs).astype(np.int64)
    return Annotation(sample, np.array(list(symbols), dtype=np.str_), record.fs, name=record.name)


ODD: dict[str, tuple[Record, Annotation, tuple[str, ...]]] = {
    "no beats": (
        noise(30),
        annotated(noise(30), ""),
        ("No readable beat", "no heart rate", "No beats to show", "no two beats are readable"),
    ),
    "one beat": (
        noise(30),
        annotated(noise(30), "N"),
        ("No two successive beats are readable", "No RR interval is readable"),
    ),
    "no two normal": (
        noise(30),
        annotated(noise(30), "NVNVNVNVNVNVNVNVNVNV"),
        ("0 intervals from N to N", "Too few for heart rate variability", "Bigeminy"),
    ),
    "ten seconds": (
        noise(10),
        annotated(noise(10), "NNNNNNNNN"),
        ("0:00:10", "8 intervals from N to N", "Too few"),
    ),
    "a strip short": (
        noise(3),
        annotated(noise(3), "NN"),
        ("0:00:03", "no 8 consecutive"),
    ),
    "only Q": (
        noise(30),
        annotated(noise(30), "Q" * 28),
        ("Q: paced", "No beats of class V"),
    ),
    "three leads": (noise(30, leads=3), annotated(noise(30), "N" * 28), ("L0, L1, L2",)),
    "all unreadable": (
        noise(30),
        dataclasses.replace(
            annotated(noise(30), "~NNNN", every=0.001), subtype=np.array([-1, 0, 0, 0, 0])
        ),
        ("One span is unreadable", "4 more beats are in noise", "No readable beat"),
    ),
    "pauses": (
        noise(60),
        annotated(noise(60), "N" * 20, every=2.5),
        ("19 RR intervals exceed 2 s",),
    ),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_an_odd_recording_has_a_report(case: str, suffix: str, tmp_path: Path) -> None:
    record, annotation, texts = ODD[case]
    out = tmp_path / f"odd{suffix}"
    content = report(record, annotation, out=out)
    assert json.loads(out.with_suffix(".json").read_text()) == content
    if suffix == ".html":
        html = out.read_text(encoding="utf-8")
        text = " ".join(ShownPage(html).text)
        for words in texts:
            assert words in text
        assert only_in_page(html, content) == set()
        assert "nan" not in text.lower().split()
        assert "None" not in text


def test_flat_and_missing_samples_are_no_obstacle(tmp_path: Path) -> None:
    record = noise(30, leads=2)
    record.signal[:, 1] = np.nan
    record.signal[1000:3000] = np.nan
    content = report(
        record, annotated(record, "NNNVNNNNSNNNNN".replace("S", "A")), out=tmp_path / "a.html"
    )
    assert content["beats"]["counted"] == 14


def test_names_are_escaped(tmp_path: Path) -> None:
    record, reference = recording_with_ectopy(60.0, name="<b>&name</b>")
    record = dataclasses.replace(record, leads=("<i>II</i>", '"V1"'))
    out = tmp_path / "x.html"
    report(record, reference, out=out, annotator="<script>", files=[])
    html = out.read_text(encoding="utf-8")
    shown = ShownPage(html)
    assert shown.tags.isdisjoint({"b", "i", "script"})
    assert "<b>&name</b>" in " ".join(shown.text)
    assert "<i>II</i>" in " ".join(shown.text)
    report(dataclasses.replace(record, name="Ärzte µ 心"), reference, out=tmp_path / "y.pdf")


def test_names_are_not_read_as_mathematics(tmp_path: Path) -> None:
    record, reference = recording_with_ectopy(20.0)
    record = dataclasses.replace(record, name=r"$\frac$", leads=(r"$\x$", "心$"))
    report(record, reference, out=tmp_path / "x.html")
    assert r"$\x$" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_a_report_without_strips_is_refused() -> None:
    with pytest.raises(FormatError, match="expected at least 1 strip of each kind, found 0"):
        report(noise(30), annotated(noise(30), ""), strips=0)
