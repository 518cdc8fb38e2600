from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe.analysis.ectopy import Ectopy, ectopy
from ecgscribe.analysis.rr_intervals import BeatSeries
from ecgscribe.symbols import AAMI_CLASSES

FS = 100.0
V = AAMI_CLASSES.index("V")


def made(letters: str) -> BeatSeries:
    """Make a beat a second of the classes named; before one after ``|`` nothing is known."""
    classes = [AAMI_CLASSES.index(c) for c in letters if c != "|"]
    known = [k > 0 and letters[k - 1] != "|" for k, c in enumerate(letters) if c != "|"]
    n = len(classes)
    return BeatSeries(
        sample=np.arange(n, dtype=np.int64) * 100,
        class_index=np.array(classes, dtype=np.int8),
        index=np.arange(n, dtype=np.int64),
        rr=np.where(np.array(known, dtype=bool), 1.0, np.nan),
        fs=FS,
        in_noise=0,
    )


def spans(found: Ectopy) -> dict[str, list[tuple[int, int, int]]]:
    names = ("isolated", "couplets", "runs", "bigeminy", "trigeminy")
    return {n: [(e.first, e.last, e.ectopic) for e in getattr(found, n)] for n in names}


def slow(letters: str) -> dict[str, list[tuple[int, int, int]]]:
    """Walk along each stretch of known intervals, letter by letter."""
    found: dict[str, list[tuple[int, int, int]]] = {
        name: [] for name in ("isolated", "couplets", "runs", "bigeminy", "trigeminy")
    }
    offset = 0
    for stretch in letters.split("|"):
        single = []
        k = 0
        while k < len(stretch):
            end = k
            while end < len(stretch) and stretch[end] == "V":
                end += 1
            length = end - k
            if length:
                kind = "isolated" if length == 1 else "couplets" if length == 2 else "runs"
                found[kind].append((offset + k, offset + end - 1, length))
            if length == 1:
                single.append(k)
            k = max(end, k + 1)
        for period, kind in ((2, "bigeminy"), (3, "trigeminy")):
            used: set[int] = set()
            for first in single:
                if first in used:
                    continue
                chain = [first]
                while chain[-1] + period in single and stretch[
                    chain[-1] + 1 : chain[-1] + period
                ] == "N" * (period - 1):
                    chain.append(chain[-1] + period)
                used.update(chain)
                if len(chain) >= 3:
                    found[kind].append((offset + chain[0], offset + chain[-1], len(chain)))
        offset += len(stretch)
    return found


letters = st.lists(
    st.sampled_from(["N", "V", "VV", "VVV", "NV" * 3, "NNV" * 3, "S", "F", "Q", "|"]), max_size=25
).map("".join)


@settings(deadline=None)
@given(letters)
def test_structure_is_what_a_slow_walk_finds(text: str) -> None:
    assert spans(ectopy(made(text), V)) == slow(text)


@settings(deadline=None)
@given(letters)
def test_every_ectopic_beat_is_isolated_in_a_couplet_or_in_a_run(text: str) -> None:
    found = ectopy(made(text), V)
    parts = (*found.isolated, *found.couplets, *found.runs)
    assert sum(e.ectopic for e in parts) == text.count("V")
    covered = sorted(k for e in parts for k in range(e.first, e.last + 1))
    assert len(covered) == len(set(covered))


def test_each_pattern_by_hand() -> None:
    found = spans(ectopy(made("NVNVNVNN" + "VV" + "N" + "VVVV" + "N" + "NNVNNVNNV"), V))
    assert found["isolated"] == [(k, k, 1) for k in (1, 3, 5, 18, 21, 24)]
    assert found["couplets"] == [(8, 9, 2)]
    assert found["runs"] == [(11, 14, 4)]
    assert found["bigeminy"] == [(1, 5, 3)]
    assert found["trigeminy"] == [(18, 24, 3)]


def test_a_couplet_or_another_class_between_is_no_bigeminy() -> None:
    assert spans(ectopy(made("VNVVNVNSVNV"), V))["bigeminy"] == []


def test_nothing_reaches_over_a_gap() -> None:
    found = spans(ectopy(made("VV|VNV|NV"), V))
    assert found["couplets"] == [(0, 1, 2)]
    assert found["runs"] == found["bigeminy"] == []


def test_the_rate_is_from_the_first_beat_to_the_last() -> None:
    (run,) = ectopy(made("NVVVV"), V).runs
    assert run.rate == 60.0
    assert run.length == 4
    assert ectopy(made("NVN"), V).isolated[0].rate is None
    assert ectopy(made(""), V) == Ectopy((), (), (), (), ())
