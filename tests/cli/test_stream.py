"""`ecgscribe stream`: how the columns of the samples are named and chosen, and rhythms printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ecgscribe.cli.main import main
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live import sources, stream
from ecgscribe.model import runtime
from support.command_line import error_line
from support.rhythm_networks import PlannedNetwork, any_tachycardia


class StreamMadeError(Exception):
    """A stream was made; its settings."""

    def __init__(
        self, fs: float, leads: Sequence[str] | None, columns: Sequence[str] | None
    ) -> None:
        self.settings = (fs, leads, columns)


def settings(monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    def make(
        fs: float, leads: Sequence[str] | None, *, columns: Sequence[str] | None, model: object
    ) -> None:
        raise StreamMadeError(fs, leads, columns)

    monkeypatch.setattr(stream, "Stream", make)
    with pytest.raises(StreamMadeError) as caught:
        main(["stream", *options])
    return caught.value.settings


def test_leads_name_the_columns_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, "--fs", "250", "--leads", "II,V1") == (250.0, ("II", "V1"), None)


def test_leads_choose_among_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--fs", "250", "--columns", "II,PLETH,V1", "--leads", "V1,II")
    assert settings(monkeypatch, *options) == (250.0, ("V1", "II"), ("II", "PLETH", "V1"))
    assert settings(monkeypatch, *options[:4]) == (250.0, None, ("II", "PLETH", "V1"))


def test_leads_choose_among_the_channels_of_lsl(monkeypatch: pytest.MonkeyPatch) -> None:
    def inlet(name: str) -> object:
        nothing: Iterator[object] = iter(())
        return SimpleNamespace(fs=500.0, leads=("I", "II", "V5"), chunks=nothing)

    monkeypatch.setattr(sources, "lsl_inlet", inlet)
    assert settings(monkeypatch, "--lsl", "ECG") == (500.0, None, ("I", "II", "V5"))
    assert settings(monkeypatch, "--lsl", "ECG", "--leads", "V5")[1:] == (
        ("V5",),
        ("I", "II", "V5"),
    )
    named = ("--lsl", "ECG", "--columns", "a,b,c", "--fs", "250")
    assert settings(monkeypatch, *named) == (250.0, None, ("a", "b", "c"))


def test_two_sources_at_once_are_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(capsys, "stream", "--lsl", "ECG", "--connect", "localhost:9000", code=2)
    assert "expected --connect or --lsl, found both" in line


def test_a_line_is_printed_where_a_rhythm_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = replace(runtime.load_model(), rhythm=PlannedNetwork("n" * 10 + "t" * 10))
    record = synthesize(duration=20.0, seed=3, fs=250.0)[0]
    monkeypatch.setattr(runtime, "load_model", lambda _: model)
    monkeypatch.setattr(sources, "read_lines", lambda *_, **__: iter([record.signal]))
    with any_tachycardia():
        assert main(["stream", "--fs", "250", "--leads", "I,II"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rhythms = [line for line in printed if line["kind"] == "rhythm"]
    assert [line["rhythm"] for line in rhythms] == ["N", "VT"]
    assert rhythms[1]["time"] == pytest.approx(10, abs=1.5)
    assert all(line["delay"] <= 10 for line in rhythms)
    assert {line["kind"] for line in printed} == {"beat", "rhythm"}


@pytest.mark.parametrize(
    ("text", "line"), [(b"x\n", "1 line was no sample"), (b"x\ny\n", "2 lines were no samples")]
)
def test_lines_that_were_no_samples_are_counted(
    text: bytes, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = [text, b""]
    monkeypatch.setattr(sources, "standard_input", lambda: pieces.pop(0))
    assert main(["stream", "--fs", "250", "--leads", "I", "--skip-bad"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == f"ecgscribe: {line}"
