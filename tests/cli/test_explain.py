"""`ecgscribe explain`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.command_line import ecgscribe, only_error
from support.report_pages import recording_with_ectopy
from support.wfdb_files import save


def test_explain_says_why_and_draws_it(good: Path, tmp_path: Path) -> None:
    run = ecgscribe("explain", good, "--at", "0:10", "-o", tmp_path / "why.png")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("good, 0:00:")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads(ecgscribe("explain", good, "--at", "10", "--json").stdout)
    assert {"class", "probability", "stretches", "facts", "model"} <= set(content)
    assert f": {content['class']}, " in run.stdout.splitlines()[0]


def test_explain_outside_the_recording_is_one_line(good: Path) -> None:
    assert "expected a time within" in only_error(ecgscribe("explain", good, "--at", "5:00"))


def test_explain_takes_a_time_of_day(tmp_path: Path) -> None:
    record, _ = recording_with_ectopy(30.0, name="clock")
    path = save(record, tmp_path)
    header = path.with_suffix(".hea")
    first, rest = header.read_text().split("\n", 1)
    header.write_text(f"{' '.join(first.split()[:4])} 22:16:32\n{rest}")
    at = [
        json.loads(ecgscribe("explain", path, "--at", time, "--json").stdout)
        for time in ("@22:16:44", "12")
    ]
    assert at[0] == at[1]
    first = ecgscribe("explain", path, "--at", "12").stdout.splitlines()[0]
    assert re.match(r"clock, 22:16:4\d \(0:00:1\d\.\d{3} from the start\): ", first)
    assert "expected a time within" in only_error(ecgscribe("explain", path, "--at", "@22:16:00"))
