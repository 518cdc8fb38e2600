"""Edits: what they do to beats, rhythms and measures; undone, redone, and exported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe import formats
from ecgscribe.cli.main import main
from ecgscribe.record import Annotation
from ecgscribe.web.changes import apply_edits
from ecgscribe.web.edits import Edit, EditFile
from ecgscribe.web.envelopes import BLOCKS, TILE, Envelopes, build_envelopes
from web.conftest import Page


def test_each_edit_changes_counts_and_undo_takes_it_back(page: Page) -> None:
    before, summary = page.get("/beats"), page.get("/summary")
    first, second, third = page.normal(3)
    page.edit("relabel", samples=[first, second], **{"class": "V"})
    page.edit("delete", samples=[third])
    page.edit("add", sample=third + 9, **{"class": "S"})
    page.edit("move", sample=first, to=first + 2)
    after, changed = page.get("/beats"), page.get("/summary")
    letter = dict(zip(after["sample"], after["class"], strict=True))
    assert (letter[first + 2], letter[second], letter[third + 9]) == ("V", "V", "S")
    assert third not in letter
    assert after["ghosts"] == [first, third]
    edited = [s for s, e in zip(after["sample"], after["edited"], strict=True) if e == "1"]
    assert edited == [first + 2, second, third + 9]
    assert changed["counts"]["V"] == summary["counts"]["V"] + 2
    assert changed["burden"]["V"] > summary["burden"]["V"]
    assert changed["sdnn"] != summary["sdnn"]
    for _ in range(4):
        assert page.post("undo") == 200
    assert page.get("/beats") == before
    assert page.get("/summary")["undone"] == 4
    for _ in range(4):
        assert page.post("redo") == 200
    assert page.get("/beats") == after


def test_a_new_edit_ends_redoing(page: Page) -> None:
    sample = page.get("/beats")["sample"][3]
    page.edit("delete", samples=[sample])
    page.post("undo")
    page.edit("relabel", samples=[sample], **{"class": "V"})
    page.post("redo")
    summary = page.get("/summary")
    assert (summary["edits"], summary["undone"]) == (1, 0)


def test_spans_change_rhythm_and_what_is_readable(page: Page) -> None:
    before = page.get("/summary")
    page.edit("span", begin=2500, end=5000, **{"as": "AFIB"})
    page.edit("span", begin=7500, end=10_000, **{"as": "unreadable"})
    after = page.get("/summary")
    assert after["rhythmSeconds"]["AFIB"] == pytest.approx(10.0)
    assert after["readableS"] == pytest.approx(before["readableS"] - 10)
    assert after["unreadable"] == [[7500, 10_000]]
    assert after["beats"] < before["beats"]
    page.edit("span", begin=7500, end=10_000, **{"as": "readable"})
    assert page.get("/summary")["readableS"] == pytest.approx(before["readableS"])


def test_a_pause_has_no_beats_inside(page: Page) -> None:
    samples = page.get("/beats")["sample"]
    page.edit("span", begin=samples[4] + 1, end=samples[8], **{"as": "pause"})
    kept = page.get("/beats")
    assert kept["sample"][3:6] == [samples[3], samples[4], samples[8]]
    assert any(event["kind"] == "pause" for event in page.get("/events")["events"])


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "add", "sample": 10**9, "class": "N"},
        {"kind": "add", "sample": 5, "class": "X"},
        {"kind": "add", "sample": True, "class": "N"},
        {"kind": "delete", "samples": []},
        {"kind": "delete", "samples": [1, "2"]},
        {"kind": "delete", "samples": [-1]},
        {"kind": "span", "begin": 5, "end": 5, "as": "N"},
        {"kind": "span", "begin": 5, "end": 9, "as": "<b>"},
        {"kind": "explode"},
    ],
)
def test_an_edit_of_another_form_is_refused(page: Page, content: dict[str, object]) -> None:
    assert page.post("edits", **content) == 400
    assert page.get("/summary")["edits"] == 0


def test_who_and_when_is_kept_and_reviewers_do_not_mix(page: Page, folder: Path) -> None:
    sample = page.get("/beats")["sample"][3]
    page.edit("delete", samples=[sample])
    other = Page(page.client, reviewer="Joe")
    assert sample in other.get("/beats")["sample"]
    (edit,) = EditFile(folder / "made.hea.review.sqlite").edits("Jane")
    assert (edit.reviewer, edit.kind) == ("Jane", "delete")
    assert edit.made.startswith("20")
    assert page.get("")["reviewers"] == ["Jane"]


def test_marks_say_what_was_seen(page: Page) -> None:
    samples = page.get("/beats")["sample"]
    page.edit("relabel", samples=samples[5:9], **{"class": "V"})
    event = next(e for e in page.get("/events")["events"] if e["kind"] == "run of V")
    assert not event["seen"]
    for on in (True, False):
        assert page.post("marks", kind="seen", key=event["key"], on=on) == 200
        found = [e for e in page.get("/events")["events"] if e["key"] == event["key"]]
        assert [e["seen"] for e in found] == [on]
    assert page.post("marks", kind="other", key="x", on=True) == 400
    assert page.post("marks", kind="strip", key="x", on=True) == 400
    assert page.post("marks", kind="strip", key="12.00 8.00", on=True) == 200
    first = page.get("/events")["events"][0]
    assert (first["kind"], first["begin"], first["end"]) == ("strip", 3000, 5000)


def test_a_click_moves_to_the_r_peak(page: Page) -> None:
    sample = page.get("/beats")["sample"][10]
    for away in (-20, -7, 0, 7, 20):
        found = page.get("/snap", sample=sample + away)["sample"]
        assert abs(found - sample) <= 3
    assert page.client.get(page.address + "/snap?sample=x").status_code == 400


def test_exports_are_the_reviewed_annotations_and_a_report_reads_them(
    page: Page, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = page.get("/beats")
    samples = beats["sample"]
    page.edit("relabel", samples=page.normal(4), **{"class": "V"})
    burden = page.get("/summary")["burden"]
    assert page.post("marks", kind="strip", key="30.00 20.00", on=True) == 200
    query = {"reviewer": "Jane"}
    data = page.client.get(page.address + "/export/wfdb", params=query)
    assert 'filename="made.reviewed"' in data.headers["content-disposition"]
    (folder / "made.reviewed").write_bytes(data.content)
    read = formats.read_annotation(folder / "made.reviewed", fs=250)
    assert read.beats().sample.tolist() == samples
    assert read.counts()["V"] == beats["class"].count("V") + 4
    table = page.client.get(page.address + "/export/csv", params=query).text.splitlines()
    assert len(table) > len(samples)
    assert page.client.get(page.address + "/export/parquet", params=query).content[:4] == b"PAR1"
    assert page.client.get(page.address + "/export/exe", params=query).status_code == 404
    monkeypatch.chdir(tmp_path)
    code = main(
        ["report", str(folder / "made"), "--annotations", str(folder / "made.reviewed"),
         "-o", "made.html", "--quiet"]
    )  # fmt: skip
    assert code == 0
    numbers = json.loads((tmp_path / "made.json").read_text())
    assert numbers["annotations"]["corrected_by"] == "Jane"
    strips = [(strip["title"], strip["at"]["seconds"]) for strip in numbers["strips"]]
    assert strips[:2] == [("Kept by Jane, part 1 of 2", 30.0), ("Kept by Jane, part 2 of 2", 40.0)]
    assert numbers["beats"]["pvc_percent"] == pytest.approx(burden["V"], abs=0.051)


def test_the_original_is_never_changed(page: Page, folder: Path) -> None:
    file = EditFile(folder / "made.hea.review.sqlite")
    sums = {p.name: p.read_bytes() for p in folder.glob("made.*") if "sqlite" not in p.name}
    states = [(folder / f"made.{suffix}").stat() for suffix in ("hea", "dat")]
    stamp = " ".join(f"{state.st_size} {state.st_mtime_ns}" for state in states)
    name = f"annotation {_model_hash()} {stamp}"
    before = file.arrays(name)
    page.edit("delete", samples=page.get("/beats")["sample"])
    after = file.arrays(name)
    assert before is not None
    assert after is not None
    assert np.array_equal(before["sample"], after["sample"])
    assert np.array_equal(before["symbol"], after["symbol"])
    assert {p.name: p.read_bytes() for p in folder.glob("made.*") if "sqlite" not in p.name} == sums


def _model_hash() -> str:
    from ecgscribe.model.runtime import load_model

    return load_model().hash


WRITER = """
import sys
from pathlib import Path
from ecgscribe.web.edits import EditFile
file = EditFile(Path(sys.argv[1]))
for k in range(int(sys.argv[2]), 10**6):
    file.add("Jane", "delete", {"samples": [k]})
    print(k, flush=True)
"""


@pytest.mark.slow
def test_nothing_is_lost_by_kill_9(tmp_path: Path) -> None:
    path, stored = tmp_path / "edits.sqlite", 0
    for round_ in range(20):
        command = [sys.executable, "-c", WRITER, str(path), str(stored)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            for _ in range(3 + round_ % 5):
                stored = int(run.stdout.readline()) + 1
            os.kill(run.pid, signal.SIGKILL)
            rest = run.stdout.read().split("\n")
        stored = max([stored, *(int(line) + 1 for line in rest[:-1])])
        kept = [edit.content["samples"][0] for edit in EditFile(path).edits("Jane")]
        assert kept[:stored] == list(range(stored))
        assert len(kept) <= stored + 1  # one may have been stored, and not yet reported
        stored = len(kept)


def test_edits_of_an_empty_annotation() -> None:
    empty = Annotation(sample=np.zeros(0, np.int64), symbol=np.zeros(0, np.str_), fs=250.0)
    edits = [
        Edit("J", "", "add", {"sample": 100, "class": "V"}),
        Edit("J", "", "span", {"begin": 10, "end": 200, "as": "VFL"}),
        Edit("J", "", "relabel", {"samples": [7], "class": "S"}),
    ]
    reviewed = apply_edits(empty, edits, 1000)
    assert reviewed.annotation.beats().sample.tolist() == [100]
    assert [(s.kind, s.begin, s.end) for s in reviewed.annotation.rhythms] == [
        ("N", 0, 10), ("VFL", 10, 200), ("N", 200, 1000)
    ]  # fmt: skip


def test_a_baseline_leans_away_from_the_waves() -> None:
    from ecgscribe.record import Record

    signal_ = np.zeros((20_000, 3), np.float32)
    signal_[::200, 0], signal_[::200, 1], signal_[:, 2] = 2.0, -1.0, np.nan
    record = Record(signal=signal_ + np.float32(0.5), fs=250.0, leads=("II", "V1", "V2")).lazy()
    assert Envelopes(record, build_envelopes(record)).lean == pytest.approx((1.0, -0.5, 0.0))


def test_tiles_hold_the_lowest_and_the_highest_of_every_block() -> None:
    from ecgscribe.record import Record

    signal_ = np.random.default_rng(1).normal(size=(150_001, 2)).astype(np.float32)
    signal_[5000:9000, 1] = np.nan
    record = Record(signal=signal_, fs=250.0, leads=("II", "V1")).lazy()
    envelopes = Envelopes(record, build_envelopes(record))
    for level, size in enumerate(BLOCKS):
        got: list[NDArray[np.float32]] = []
        while len(got) * TILE * size < record.n_samples:
            got.append(envelopes.tile(level, len(got)))
        found = np.concatenate(got, axis=1)
        for k in range(0, found.shape[1], 7):
            block = signal_[k * size : (k + 1) * size].T
            for lead in range(2):
                valid = block[lead][np.isfinite(block[lead])]
                if len(valid):
                    assert found[lead, k, 0] == valid.min()
                    assert found[lead, k, -1] == valid.max()
                else:
                    assert np.isnan(found[lead, k]).all()
        with pytest.raises(IndexError):
            envelopes.tile(level, len(got))


def test_findings_follow_an_edit_at_once(page: Page) -> None:
    assert not any("fibrillation" in each["text"] for each in page.get("/summary")["findings"])
    page.edit("span", begin=2500, end=12_500, **{"as": "AFIB"})
    found = [each for each in page.get("/summary")["findings"] if "fibrillation" in each["text"]]
    assert [each["at"] for each in found[:1]] == [10.0]
    page.post("undo")
    assert not any("fibrillation" in each["text"] for each in page.get("/summary")["findings"])
