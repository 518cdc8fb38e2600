from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.analysis.ectopy import PATTERNS, Ectopy, ectopy
from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.symbols import AAMI_CLASSES

FS = 100.0


def beats_of(letters: str) -> BeatSeries:
    """Make one beat per second of these classes; the interval after ``|`` does not count."""
    classes = [AAMI_CLASSES.index(c) for c in letters if c != "|"]
    counted = [k > 0 and letters[k - 1] != "|" for k, c in enumerate(letters) if c != "|"]
    n = len(classes)
    return BeatSeries(
        sample=np.arange(n, dtype=np.int64) * 100,
        class_index=np.array(classes, dtype=np.int8),
        index=np.arange(n, dtype=np.int64),
        rr=np.where(np.array(counted, dtype=bool), 1.0, np.nan),
        fs=FS,
        in_noise=0,
    )


def as_tuples(patterns: Ectopy) -> dict[str, list[tuple[int, int, int]]]:
    return {n: [(e.first, e.last, e.ectopic) for e in getattr(patterns, n)] for n in PATTERNS}


def slow_ectopy(letters: str) -> dict[str, list[tuple[int, int, int]]]:
    """Walk along each series of counted intervals, letter by letter."""
    patterns: dict[str, list[tuple[int, int, int]]] = {name: [] for name in PATTERNS}
    offset = 0
    for series in letters.split("|"):
        single = []
        k = 0
        while k < len(series):
            end = k
            while end < len(series) and (
                series[end] == "V" or (end > k and series[end - 1 : end + 2] == "VFV")
            ):
                end += 1
            length = end - k
            if length:
                kind = "isolated" if length == 1 else "couplets" if length == 2 else "runs"
                n_ectopic = series[k:end].count("V")
                patterns[kind].append((offset + k, offset + end - 1, n_ectopic))
            if length == 1:
                single.append(k)
            k = max(end, k + 1)
        for period, kind in ((2, "bigeminy"), (3, "trigeminy")):
            used: set[int] = set()
            for first in single:
                if first in used:
                    continue
                chain = [first]
                while chain[-1] + period in single and series[
                    chain[-1] + 1 : chain[-1] + period
                ] == "N" * (period - 1):
                    chain.append(chain[-1] + period)
                used.update(chain)
                if len(chain) >= 3:
                    patterns[kind].append((offset + chain[0], offset + chain[-1], len(chain)))
        offset += len(series)
    return patterns


letters = st.lists(
    st.sampled_from(["N", "V", "VV", "VVV", "VFV", "NV" * 3, "NNV" * 3, "S", "F", "Q", "|"]),
    max_size=25,
).map("".join)


@settings(deadline=None)
@given(letters)
def test_patterns_equal_those_of_a_slow_walk(text: str) -> None:
    assert as_tuples(ectopy(beats_of(text), "V")) == slow_ectopy(text)


@settings(deadline=None)
@given(letters)
def test_every_ectopic_beat_is_isolated_in_a_couplet_or_in_a_run(text: str) -> None:
    patterns = ectopy(beats_of(text), "V")
    parts = (*patterns.isolated, *patterns.couplets, *patterns.runs)
    assert sum(e.ectopic for e in parts) == text.count("V")
    covered = sorted(k for e in parts for k in range(e.first, e.last + 1))
    assert len(covered) == len(set(covered))


def test_each_pattern_by_hand() -> None:
    patterns = as_tuples(
        ectopy(beats_of("NVNVNVNN" + "VV" + "N" + "VVVV" + "N" + "NNVNNVNNV"), "V")
    )
    assert patterns["isolated"] == [(k, k, 1) for k in (1, 3, 5, 18, 21, 24)]
    assert patterns["couplets"] == [(8, 9, 2)]
    assert patterns["runs"] == [(11, 14, 4)]
    assert patterns["bigeminy"] == [(1, 5, 3)]
    assert patterns["trigeminy"] == [(18, 24, 3)]


def test_a_couplet_or_another_class_between_is_no_bigeminy() -> None:
    assert as_tuples(ectopy(beats_of("VNVVNVNSVNV"), "V"))["bigeminy"] == []


def test_no_pattern_crosses_a_gap() -> None:
    patterns = as_tuples(ectopy(beats_of("VV|VNV|NV"), "V"))
    assert patterns["couplets"] == [(0, 1, 2)]
    assert patterns["runs"] == patterns["bigeminy"] == []


def test_the_rate_is_from_the_first_beat_to_the_last() -> None:
    (run,) = ectopy(beats_of("NVVVV"), "V").runs
    assert run.rate == 60.0
    assert run.length == 4
    assert ectopy(beats_of("NVN"), "V").isolated[0].rate is None
    assert ectopy(beats_of(""), "V") == Ectopy((), (), (), (), ())


def test_a_fusion_beat_between_two_of_v_does_not_break_a_run() -> None:
    assert as_tuples(ectopy(beats_of("NVFVVN"), "V"))["runs"] == [(1, 4, 3)]
    assert as_tuples(ectopy(beats_of("NVFFVN"), "V"))["runs"] == []
    assert as_tuples(ectopy(beats_of("NVF|VN"), "V"))["runs"] == []
    assert as_tuples(ectopy(beats_of("NSFSN"), "S"))["runs"] == []


def test_an_episode_is_doubtful_where_the_model_is_not_certain() -> None:
    beats = beats_of("NVVVNNVVNNVN")
    sure, unsure = ectopy(beats, "V"), np.full(len(beats), 0.9, dtype=np.float32)
    assert not any(e.is_doubtful for e in (*sure.runs, *sure.couplets))
    unsure[[1, 2, 3]] = [0.9, 0.7, 0.6]
    found = ectopy(beats, "V", probability=unsure)
    assert [e.is_doubtful for e in found.runs] == [True]
    assert [e.is_doubtful for e in found.couplets] == [False]
    assert found.runs[0].certainty == pytest.approx((0.9 + 0.7 + 0.6) / 3)
