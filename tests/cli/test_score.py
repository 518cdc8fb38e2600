"""`ecgscribe score`."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import ecgscribe, only_error


def test_score_of_a_reference_with_itself_is_perfect(good: Path) -> None:
    ref = good.with_suffix(".ref")
    told = json.loads(ecgscribe("score", ref, ref, "--start", "0:00", "--json").stdout)
    assert told["qrs_se"]["value"] == told["qrs_pp"]["value"] == 1
    report = ecgscribe("score", ref, ref, "--start", "0").stdout
    assert "100.00 %" in report
    assert "good" in report


def test_score_starts_where_it_is_told(good: Path) -> None:
    ref = good.with_suffix(".ref")
    whole, half = (
        json.loads(ecgscribe("score", ref, ref, "--start", start, "--json").stdout)["qrs_se"][
            "total"
        ]
        for start in ("0", "0:15")
    )
    assert 0 < half < whole


def test_score_of_a_missing_file_is_one_line(good: Path) -> None:
    run = ecgscribe("score", good.with_suffix(".ref"), good.with_suffix(".absent"))
    assert "good.absent" in only_error(run)
