"""Times and numbers as text."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.formatting import did_you_mean, format_time, percent, rounded


@pytest.mark.parametrize(
    ("seconds", "text", "with_hours"),
    [
        (0, "0:00", "0:00:00"),
        (0.4999, "0:00", "0:00:00"),
        (0.5, "0:01", "0:00:01"),
        (1.5, "0:02", "0:00:02"),
        (2.5, "0:03", "0:00:03"),
        (59.6, "1:00", "0:01:00"),
        (300, "5:00", "0:05:00"),
        (3599.5, "1:00:00", "1:00:00"),
        (90_061, "25:01:01", "25:01:01"),
        (-0.3, "0:00", "0:00:00"),
        (-61.2, "-1:01", "-0:01:01"),
    ],
)
def test_times_are_rounded_to_the_nearest_second(
    seconds: float, text: str, with_hours: str
) -> None:
    assert format_time(seconds) == text
    assert format_time(seconds, hours=True) == with_hours


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [
        (59.9996, 3, "1:00.000"),
        (59.9994, 3, "0:59.999"),
        (7.25, 1, "0:07.3"),
        (3600.04, 2, "1:00:00.04"),
    ],
)
def test_fractions_of_a_second_are_rounded_with_the_second(
    seconds: float, digits: int, text: str
) -> None:
    assert format_time(seconds, digits=digits) == text


@given(sample=st.integers(0, 14 * 86_400 * 128), fs=st.sampled_from([100, 128, 250, 360]))
def test_a_time_is_off_by_half_a_second_at_most(sample: int, fs: int) -> None:
    hour, minute, second = map(int, format_time(sample / fs, hours=True).split(":"))
    assert max(minute, second) < 60
    off = (hour * 60 + minute) * 60 + second - Fraction(sample, fs)
    assert -Fraction(1, 2) < off <= Fraction(1, 2)


def test_the_time_of_day_is_rounded_the_same_way_and_starts_again_at_midnight() -> None:
    start = datetime(2020, 5, 1, 23, 59, 0)
    assert format_time(59.4, start=start) == "23:59:59"
    assert format_time(59.5, start=start) == "00:00:00"


def test_what_is_missing_is_no_number() -> None:
    assert rounded(None, 1) is None
    assert rounded(float("nan"), 0) is None
    assert rounded(float("inf"), 2) is None
    assert str(rounded(-0.01, 1)) == "0.0"
    assert rounded(3.7, 0) == 4


def test_small_shares_have_two_digits() -> None:
    assert percent(1, 3) == 33.3
    assert percent(1, 1000) == 0.1
    assert percent(1, 3000) == 0.03
    assert percent(1, 0) == 0.0


def test_only_similar_names_are_asked_for() -> None:
    leads = ["MLII", "V1", "V2"]
    assert did_you_mean("mli", leads) == "did you mean MLII?"
    assert did_you_mean("ptbdb", ["mitdb"], otherwise="choose one") == "choose one"
    assert did_you_mean("outt", ["out"], prefix="--") == "did you mean --out?"
