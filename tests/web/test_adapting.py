"""Adaptation in the viewer: the beat to ask about, the layer under the labels, taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ecgscribe.adaptation.adapt import Patient
from ecgscribe.model.runtime import load_model
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS
from ecgscribe.web.adapting import adaptation_of, labels_of, with_adaptation
from ecgscribe.web.changes import apply_edits
from ecgscribe.web.edits import Edit, EditFile
from ecgscribe.web.patients import Patients
from ecgscribe.web.review import Opened
from web.conftest import Page


def annotation(classes: str, *, fs: float = 250.0) -> Annotation:
    index = [AAMI_CLASSES.index(letter) for letter in classes]
    return Annotation(
        sample=np.arange(1, len(index) + 1) * 200,
        symbol=CLASS_SYMBOLS[index],
        fs=fs,
        probability=np.eye(5, dtype=np.float32)[index],
    )


def letters(page: Page) -> dict[int, str]:
    beats = page.get("/beats")
    return dict(zip(beats["sample"], beats["class"], strict=True))


def say_v(page: Page, n: int) -> list[int]:
    """Call the first normal beats V, whatever they are."""
    samples = page.normal(n)
    page.edit("relabel", samples=samples, **{"class": "V"})
    return samples


def test_adapting_changes_beats_that_are_alike_in_one_act_that_is_undone(page: Page) -> None:
    labelled = say_v(page, 30)
    before = letters(page)
    assert page.post("adapt") == 200
    after, summary = letters(page), page.get("/summary")
    assert after.keys() == before.keys()
    changed = [s for s in before if before[s] != after[s]]
    assert len(changed) > 20  # the normal beats of a synthetic recording are alike
    assert {after[s] for s in changed} == {"V"}
    assert {after[s] for s in labelled} == {"V"}
    assert summary["adapted"] == {"labels": 30, "changed": len(changed) + 30}
    assert summary["edits"] == 2
    beats = page.get("/beats")
    adapted = [s for s, a in zip(beats["sample"], beats["adapted"], strict=True) if a == "1"]
    assert adapted == changed
    assert page.post("undo") == 200
    assert letters(page) == before
    assert page.get("/summary")["adapted"] is None
    assert page.post("redo") == 200
    assert letters(page) == after


def test_labels_are_above_adaptation_and_stay_when_it_is_taken_back(page: Page) -> None:
    say_v(page, 30)
    page.post("adapt")
    sample = next(s for s, a in letters(page).items() if a == "V" and s not in page.normal(30))
    page.edit("relabel", samples=[sample], **{"class": "S"})
    page.post("adapt")
    assert letters(page)[sample] == "S"
    labelled = letters(page)
    assert page.post("unadapt") == 200
    bare = letters(page)
    assert bare[sample] == "S"
    assert sum(a == "V" for a in bare.values()) < sum(a == "V" for a in labelled.values())
    assert page.get("/summary")["adapted"] is None
    assert page.post("undo") == 200  # taking back is an act, too
    assert letters(page) == labelled


def test_the_model_and_other_reviewers_are_as_they_were(page: Page, folder: Path) -> None:
    shipped = load_model().hash
    other = Page(page.client, reviewer="Joe")
    before = other.get("/beats")
    say_v(page, 30)
    page.post("adapt")
    assert other.get("/beats") == before
    assert load_model().hash == shipped
    edit = EditFile(folder / "made.hea.review.sqlite").edits("Jane")[-1]
    assert (edit.kind, edit.reviewer) == ("adapt", "Jane")


def test_the_program_asks_about_another_beat_after_each_answer(page: Page) -> None:
    asked = []
    for k in range(5):
        question = page.get("/question")
        assert (question["labels"], question["adapted"]) == (k, 0)
        asked.append(question["sample"])
        page.edit("relabel", samples=[question["sample"]], **{"class": "N"})
    assert len(set(asked)) == 5
    page.edit("delete", samples=[page.get("/question")["sample"]])
    assert page.get("/question")["sample"] in page.get("/beats")["sample"]
    page.post("adapt")
    assert page.get("/question")["adapted"] == 5


def test_without_labels_nothing_is_adapted(page: Page) -> None:
    answer = page.client.post(page.address + "/adapt", json={"reviewer": "Jane"})
    assert answer.status_code == 400
    assert "label some first" in answer.json()["problem"]
    assert page.post("adapt", reviewer="") == 400
    assert page.post("edits", kind="adapt", labels=1, samples=[5]) == 400
    assert page.get("/summary")["edits"] == 0


@pytest.mark.parametrize(
    ("edits", "labels", "removed"),
    [
        ([("relabel", {"samples": [200, 401], "class": "V"})], {200: "V"}, set()),
        ([("delete", {"samples": [200, 999]})], {}, {200}),
        (
            [
                ("relabel", {"samples": [200], "class": "V"}),
                ("move", {"sample": 200, "to": 210}),
                ("relabel", {"samples": [200], "class": "S"}),
            ],
            {},
            {200},
        ),
        (
            [("delete", {"samples": [200]}), ("add", {"sample": 200, "class": "F"})],
            {200: "F"},
            set(),
        ),
        ([("span", {"begin": 300, "end": 700, "as": "pause"})], {}, {400, 600}),
        ([("span", {"begin": 300, "end": 700, "as": "AFIB"})], {}, set()),
        (
            [("adjudicate", {"remove": [200, 400, 777], "beats": [[400, "S"], [777, "V"]]})],
            {400: "S"},
            {200},
        ),
    ],
)
def test_what_a_reviewer_said(
    edits: list[tuple[str, dict[str, object]]], labels: dict[int, str], removed: set[int]
) -> None:
    made = [Edit("J", "", kind, content) for kind, content in edits]
    assert labels_of(annotation("NNNN"), made) == (labels, removed)


def test_the_layer_is_what_it_was_made_from() -> None:
    before, after = annotation("NNVNS"), annotation("NVVFN")
    edit = Edit("J", "", "adapt", adaptation_of(before, after, 3))
    layered = with_adaptation(before, [edit])
    assert layered.symbol.tolist() == after.symbol.tolist()
    assert np.array_equal(np.asarray(layered.probability), np.asarray(after.probability))
    assert before.symbol.tolist() == annotation("NNVNS").symbol.tolist()
    fewer = with_adaptation(before.select(np.array([True, True, True, True, False])), [edit])
    assert (
        fewer.symbol.tolist() == after.symbol.tolist()[:4]
    )  # a beat that is not there is left out
    delete = Edit("J", "", "delete", {"samples": [400]})
    relabel = Edit("J", "", "relabel", {"samples": [800], "class": "Q"})
    for order in ([edit, delete, relabel], [delete, relabel, edit]):
        reviewed = apply_edits(before, order, 2000)
        assert reviewed.annotation.beats().sample.tolist() == [200, 600, 800, 1000]
        assert [AAMI_CLASSES[k] for k in reviewed.annotation.class_index] == ["N", "V", "Q", "N"]
        assert reviewed.adapted.tolist() == [False, False, False, True]


def test_beats_are_read_once_and_stored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(folder.glob("made.hea"))
    made = []
    for _ in range(2):
        with ThreadPoolExecutor(1) as workers:
            opened = Opened(path, load_model(), workers)
        samples = opened.base.beats().sample[:30].tolist()
        opened.edits.add("Jane", "relabel", {"samples": samples, "class": "V"})
        made.append(Patients().adaptation(opened, "Jane"))
        monkeypatch.setattr(Patient, "of", None)  # it is not called again
    assert made[0] == made[1]
    assert made[0]["samples"]


def test_names_of_nobody_are_not_kept(folder: Path) -> None:
    path = next(folder.glob("made.hea"))
    with ThreadPoolExecutor(1) as workers:
        opened = Opened(path, load_model(), workers)
    shared = opened.review("")
    for k in range(5):
        assert opened.review(f"nobody {k}") is shared
    opened.change("Jane", lambda edits: edits.add("Jane", "delete", {"samples": [1]}))
    assert opened.review("Jane") is not shared
