"""Progress bars."""

from __future__ import annotations

import io
import sys
import time

import pytest

from ecgscribe.cli import output


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
