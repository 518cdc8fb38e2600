"""`ecgscribe stream`: what names the columns of the samples, and what chooses among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from ecgscribe.cli.main import main
from ecgscribe.live import sources as _live_input
from ecgscribe.live import stream
from support.command_line import error_line


class StreamMadeError(Exception):
    """A stream was made; its settings."""

    def __init__(self, fs: float, leads: Sequence[str], use: Sequence[str] | None) -> None:
        self.settings = (fs, tuple(leads), use)


def settings(monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    def make(fs: float, leads: Sequence[str], *, use: Sequence[str] | None, model: object) -> None:
        raise StreamMadeError(fs, leads, use)

    monkeypatch.setattr(stream, "Stream", make)
    with pytest.raises(StreamMadeError) as caught:
        main(["stream", *options])
    return caught.value.settings


def test_leads_name_the_columns_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, "--fs", "250", "--leads", "II,V1") == (250.0, ("II", "V1"), None)


def test_leads_choose_among_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--fs", "250", "--columns", "II,PLETH,V1", "--leads", "V1,II")
    assert settings(monkeypatch, *options) == (250.0, ("II", "PLETH", "V1"), ("V1", "II"))
    assert settings(monkeypatch, *options[:4]) == (250.0, ("II", "PLETH", "V1"), None)


def test_leads_choose_among_the_channels_of_lsl(monkeypatch: pytest.MonkeyPatch) -> None:
    def inlet(name: str) -> object:
        nothing: Iterator[object] = iter(())
        return SimpleNamespace(fs=500.0, leads=("I", "II", "V5"), chunks=nothing)

    monkeypatch.setattr(_live_input, "lsl_inlet", inlet)
    assert settings(monkeypatch, "--lsl", "ECG") == (500.0, ("I", "II", "V5"), None)
    assert settings(monkeypatch, "--lsl", "ECG", "--leads", "V5")[1:] == (
        ("I", "II", "V5"),
        ("V5",),
    )
    named = ("--lsl", "ECG", "--columns", "a,b,c", "--fs", "250")
    assert settings(monkeypatch, *named) == (250.0, ("a", "b", "c"), None)


def test_two_sources_at_once_are_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(capsys, "stream", "--lsl", "ECG", "--connect", "localhost:9000", code=2)
    assert "expected --connect or --lsl, found both" in line
