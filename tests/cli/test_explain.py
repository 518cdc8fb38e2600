"""`ecgscribe explain`."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import ecgscribe, only_error


def test_explain_says_why_and_draws_it(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("explain", good, "--at", "0:10", "-o", tmp_path / "why.png")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("good at 0:")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads(ecgscribe("explain", good, "--at", "10", "--json").stdout)
    assert {"class", "probability", "stretches", "facts", "model"} <= set(content)
    assert f": {content['class']}, " in run.stdout.splitlines()[0]


def test_explain_outside_the_recording_is_one_line(good: Path) -> None:
    assert "expected a time within" in only_error(ecgscribe("explain", good, "--at", "5:00"))
