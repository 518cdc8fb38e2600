"""`ecgscribe adapt`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecgscribe import formats
from support.command_line import ecgscribe, only_error


def test_adapt_writes_an_annotation_file_and_tells_what_it_learned(
    good: Path, tmp_path: Path
) -> None:
    run = ecgscribe("adapt", good, "--ref", ".ref", "--minutes", "0.25", "-o", tmp_path, "--json")
    told = json.loads(run.stdout)
    reference = formats.read_annotation(good.with_suffix(".ref"))
    early = int((reference.time < 15).sum())
    assert early - 2 <= told["learned_from"] <= early
    adapted = formats.read_annotation(tmp_path / "good.adapted")
    assert adapted.counts() == told["beats"]
    assert len(adapted.beats()) > len(reference) - 3


def test_adapt_does_not_overwrite_without_force(good: Path, tmp_path: Path) -> None:
    (tmp_path / "good.adapted").write_text("mine")
    arguments = ("adapt", good, "--ref", "ref", "-o", tmp_path)
    assert "found one already there" in only_error(ecgscribe(*arguments))
    assert (tmp_path / "good.adapted").read_text() == "mine"
    assert "changed the class of" in ecgscribe(*arguments, "--force").stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--ref", "absent"), "good.absent"),
        (("--ref", "ref", "--minutes", "0"), "expected beats of ref in the first 0 minutes"),
    ],
)
def test_adapt_names_a_mistake_in_one_line(
    good: Path, tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    assert expected in only_error(ecgscribe("adapt", good, *options, "-o", tmp_path))
    assert not list(tmp_path.iterdir())


def test_adapt_never_replaces_what_it_reads(good: Path) -> None:
    before = good.with_suffix(".ref").read_bytes()
    run = ecgscribe(
        "adapt", good, "--ref", "ref", "--annotator", "ref", "-o", good.parent, "--force"
    )
    assert "found one that is read" in only_error(run)
    assert good.with_suffix(".ref").read_bytes() == before
