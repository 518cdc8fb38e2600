"""Progress bars, and text that a terminal can show."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import pytest

from ecgscribe.cli import output
from ecgscribe.cli.main import main
from ecgscribe.cli.messages import plain
from support import format_files


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [False, True])
def test_what_takes_long_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(output, "SLOW_S", 0.0)
    with output.progress_bar("100", quiet=quiet) as progress:
        progress(50, 200)
        time.sleep(0.15)
        progress(100, 200)
    assert ("50%" in shown.getvalue() and "left" in shown.getvalue()) is not quiet


def test_each_stage_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(output, "SLOW_S", 0.0)
    with output.stage_bars(quiet=False) as progress:
        for title in ("1/2 first", "2/2 second"):
            progress(title, 50, 200)
            time.sleep(0.15)
            progress(title, 100, 200)
    assert shown.getvalue().index("1/2 first:  50%") < shown.getvalue().index("2/2 second:  50%")


def test_nothing_from_a_file_controls_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("mV", "m\x1b[31m\x9bV"))
    path = path.rename(tmp_path / "r\x1b[2J.hea")
    assert main(["info", str(path)]) == 0
    assert main(["info", str(tmp_path / "no\x1b[2J")]) == 1
    shown = capsys.readouterr()
    assert "units: m?[31m?V" in shown.out
    assert not any(c in shown.out + shown.err for c in "\x1b\x9b")


def test_what_the_terminal_cannot_show_is_replaced() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert plain("µV \udcff\n", ascii_only) == "?V ?\n"
    assert plain("µV", io.StringIO()) == "µV"
    assert plain("\x1b[2J\x9b\n", io.StringIO()) == "?[2J?\n"
    assert plain("µV", None) == "µV"
