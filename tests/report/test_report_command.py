from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from ecgscribe import formats
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from support.command_line import complaints, ecgscribe, only_error
from support.wfdb_files import save


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record, reference = synthesize(duration=60, seed=5, name="rec", noise=0.2)
    path = save(record, tmp_path_factory.mktemp("saved"))
    formats.write(reference, path.with_suffix(".ref"))
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
        "text": "stored, annotator ref", "annotator": "ref", "corrected_by": None, "model": None,
        "probabilities": False,
    }  # fmt: skip
    assert content["recording"]["leads"] == [lead]
    reference = formats.read_annotation(saved, "ref")
    assert content["beats"]["counted"] == len(reference.beats())
    assert all(strip["probability"] is None for strip in content["strips"])


def test_the_command_takes_corrected_annotations(saved: Path, tmp_path: Path) -> None:
    reviewed = tmp_path / "reviewed.scribe"
    reviewed.write_bytes(saved.with_suffix(".ref").read_bytes())
    run = ecgscribe(
        "report", saved, "--annotations", reviewed, "--by", "Jane Doe", "--pause", "2.5", "--json",
        "-o", tmp_path / "a.html",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    content = json.loads(run.stdout)
    assert content["annotations"]["text"].endswith("reviewed.scribe, corrected by Jane Doe")
    assert content["pauses"]["longer_than_s"] == 2.5


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["nowhere"], "nowhere"),
        (["REC", "-o", "x.doc"], "rename it"),
        (["REC", "-o", "no/x.html"], "expected a folder"),
        (["REC", "--annotator", "atr"], "expected"),
        (["REC", "--leads", "X9"], "X9"),
        (["REC", "--pause", "0"], "pauses of more than 0 s, found 0 s"),
        (["REC", "--pause", "inf"], "pauses of more than 0 s, found inf s"),
        (["REC", "--by", "Jane"], "expected --annotations FILE"),
        (["REC", "--annotator", "ref", "--annotations", "x.ref"], "leave one out"),
        (["REC", "--model", "nothing"], "nothing"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], texts: str, saved: Path, tmp_path: Path
) -> None:
    named = [str(saved) if a == "REC" else a for a in arguments]
    run = ecgscribe("report", *named, cwd=tmp_path)
    assert texts in only_error(run)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_a_recording_are_header_segments_and_signals(tmp_path: Path) -> None:
    (tmp_path / "m.hea").write_text("m/3 1 250 2000\na 1000\n~ 500\nb 500\n")
    (tmp_path / "a.hea").write_text("a 1 250 1000\na.dat 16 200 16 0 0 0 0 II\n")
    (tmp_path / "b.hea").write_text("b 1 250 500\nb.dat 16 200 16 0 0 0 0 II\n")
    files = formats.recording_files(tmp_path / "m")
    assert [f.name for f in files] == ["m.hea", "a.hea", "a.dat", "b.hea", "b.dat"]
    np.save(tmp_path / "x.npy", np.zeros(10))
    assert formats.recording_files(tmp_path / "x.npy") == [tmp_path / "x.npy"]
    with pytest.raises(FormatError, match="nothing"):
        formats.recording_files(tmp_path / "nothing")
