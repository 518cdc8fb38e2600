"""`ecgscribe stream`: what names the columns of the samples, and what chooses among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from ecgscribe.cli.main import main
from ecgscribe.live import sources, stream
from support.command_line import error_line


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
