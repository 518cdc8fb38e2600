"""Conditioning: what it preserves, what it does not depend on, and what it refuses."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Record
from ecgscribe.signal.conditioning import Conditioner, choose_leads, condition
from ecgscribe.signal.filters import DELAY, filter_lead, invalid_samples
from ecgscribe.signal.windows import FS, rate_ratio

few = settings(max_examples=50, deadline=None)
Floats = NDArray[np.float32]
nan = float("nan")


def ecg(fs: float, duration: float = 40.0, *, offset: float = 0.0) -> Floats:
    """A regular ECG of two leads as an exact function of time, in mV: bumps of P, QRS and T."""
    t = np.arange(int(duration * fs)) / fs
    phase = np.mod(t - 0.5 + 0.4, 0.8) - 0.4  # seconds from the nearest R-peak; 75 a minute
    waves = ((-0.16, 0.02, 0.1), (0.0, 0.014, 1.0), (0.03, 0.012, -0.2), (0.25, 0.05, 0.25))
    beat = sum(a * np.exp(-0.5 * ((phase - c) / w) ** 2) for c, w, a in waves)
    breath = 0.05 * np.sin(2 * np.pi * 0.3 * t)
    return (np.stack([beat + breath, -0.5 * beat], axis=1) + offset).astype(np.float32)


def record(signal: Floats, fs: float = 360.0) -> Record:
    return Record(signal, fs, ("II", "V1", "V5")[: signal.shape[1]])


def named(leads: Sequence[str], units: Sequence[str] = (), seconds: float = 2.0) -> Record:
    """A record of noise with these leads."""
    signal = np.random.default_rng(0).normal(size=(int(200 * seconds), len(leads)))
    return Record(signal.astype(np.float32), 200.0, tuple(leads), tuple(units))


# --- filters ---


@few
@given(fs=st.floats(100, 2000), place=st.floats(0.3, 0.7))
def test_an_impulse_stays_in_its_place(fs: float, place: float) -> None:
    lead = np.zeros(int(4 * fs), dtype=np.float32)
    at = int(place * len(lead))
    lead[at] = 1
    steps = filter_lead(lead, fs)
    where = at * float(rate_ratio(fs))
    top = int(np.argmax(steps))
    assert abs(top - where) <= 0.5 + 1e-6
    # The parabola through the three highest steps has its top where the impulse was.
    before, at_top, after = (float(x) for x in steps[top - 1 : top + 2])
    between = 0.5 * (before - after) / (before - 2 * at_top + after)
    assert abs(top + between - where) < 0.15


@pytest.mark.parametrize("fs", [100.0, 128.0, 200.0, 250.0, 360.0, 500.0, 1000.0, 2000.0])
def test_the_impulse_response_is_symmetric(fs: float) -> None:
    lead = np.zeros(int(8 * fs), dtype=np.float32)
    lead[int(4 * fs)] = 1  # on a step, as every whole second is
    steps = filter_lead(lead, fs)
    around = steps[4 * FS - 100 : 4 * FS + 101]
    assert len(steps) == 8 * FS
    np.testing.assert_allclose(around, around[::-1], atol=1e-6)


@pytest.mark.parametrize("fs", [100.0, 257.0, 360.0, 1000.0])
def test_the_impulse_response_is_no_longer_than_the_delay(fs: float) -> None:
    lead = np.zeros(int(8 * fs), dtype=np.float32)
    lead[int(4 * fs) :] = np.random.default_rng(0).normal(size=len(lead) - int(4 * fs))
    steps = filter_lead(lead, fs)
    first = int((4 - DELAY) * FS) - 1
    np.testing.assert_allclose(steps[:first], 0, atol=1e-6)


@pytest.mark.parametrize("fs", [250.0, 360.0, 1000.0])
@pytest.mark.parametrize(("hz", "gain"), [(0.1, 0.0), (5.0, 1.0), (25.0, 1.0), (60.0, 0.0)])
def test_the_band_of_the_qrs_passes_and_baseline_and_mains_do_not(
    fs: float, hz: float, gain: float
) -> None:
    lead = np.sin(2 * np.pi * hz * np.arange(int(20 * fs)) / fs).astype(np.float32)
    inner = filter_lead(lead, fs)[5 * FS : 15 * FS]
    assert np.sqrt(2) * inner.std() == pytest.approx(gain, abs=0.03)


@pytest.mark.parametrize("fs", [128.0, 360.0])
def test_each_of_several_leads_is_filtered_on_its_own(fs: float) -> None:
    leads = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    each = np.stack([filter_lead(lead, fs) for lead in leads.T], axis=1)
    np.testing.assert_allclose(filter_lead(leads, fs), each, atol=1e-6)


# --- what a conditioned signal does not depend on ---


@pytest.mark.parametrize("fs", [100.0, 128.0, 250.0, 360.0, 500.0, 2000.0])
def test_the_same_ecg_at_any_frequency_has_nearly_the_same_signal(fs: float) -> None:
    expected = condition(record(ecg(1000.0), 1000.0)).signal
    signal = condition(record(ecg(fs), fs)).signal
    assert signal.shape == expected.shape
    assert signal.dtype == np.float32
    # At 128 Hz nothing is resampled, and so the low-pass is left out.
    np.testing.assert_allclose(signal, expected, atol=0.06)


@pytest.mark.parametrize(
    ("gain", "offset"),
    [(1e3, 0), (1e-3, 0), (200, 1024), (1e3, 5e4), (1e3, -3e5), (5e-4, 2), (1e6, 1e8)],
)
def test_unit_scale_and_offset_do_not_matter(gain: float, offset: float) -> None:
    signal = ecg(360.0)
    expected = condition(record(signal)).signal
    other = (signal.astype(np.float64) * gain + offset).astype(np.float32)
    np.testing.assert_allclose(condition(record(other)).signal, expected, atol=0.01)


def test_a_qrs_spans_about_2() -> None:
    signal = condition(record(ecg(360.0))).signal
    assert np.ptp(signal[5 * FS : -5 * FS], axis=0) == pytest.approx([2, 2], rel=0.1)


def test_the_scale_follows_a_lead_that_changes_its_height() -> None:
    signal = ecg(250.0, 180.0)
    signal[90 * 250 :] *= 4
    conditioned = condition(record(signal, 250.0)).signal
    for begin in (20, 130):
        part = conditioned[begin * FS : (begin + 30) * FS]
        assert np.ptp(part, axis=0) == pytest.approx([2, 2], rel=0.1)


def test_polarity_is_kept() -> None:
    signal = ecg(360.0)
    np.testing.assert_array_equal(
        condition(record(-signal)).signal, -condition(record(signal)).signal
    )


def test_a_single_lead_is_the_first_and_the_other_zero() -> None:
    signal = ecg(360.0)
    conditioned = condition(record(signal[:, :1]))
    np.testing.assert_array_equal(conditioned.signal[:, 0], condition(record(signal)).signal[:, 0])
    assert not conditioned.signal[:, 1].any()
    assert conditioned.leads == ("II",)
    assert conditioned.readable.all()


def test_the_record_is_left_as_it_was() -> None:
    signal = ecg(360.0)
    signal[100:200] = nan
    before = signal.copy()
    condition(record(signal))
    np.testing.assert_array_equal(signal, before)


# --- lost leads ---


def slow_invalid_samples(lead: Floats, fs: float) -> list[bool]:
    """Go through runs of equal samples, and of samples at either rail, one by one."""
    finite = [x for x in lead.tolist() if np.isfinite(x)]
    lost = [not np.isfinite(x) for x in lead.tolist()]
    for least, key in (
        (int(fs), lambda x: x),
        (int(0.2 * fs), lambda x: x in (max(finite, default=0), min(finite, default=0))),
    ):
        at = 0
        for value, run in groupby(lead.tolist(), key=key):
            length = len(list(run))
            if length >= least and (value if least < fs else True) and np.isfinite(value):
                lost[at : at + length] = [True] * length
            at += length
    return lost


span = st.tuples(
    st.sampled_from(["noise", "flat", "high", "low", "nan", "inf"]), st.integers(1, 250)
)


@few
@given(spans=st.lists(span, min_size=1, max_size=8), seed=st.integers(0, 99))
def test_invalid_samples_are_those_of_a_loop_over_runs(
    spans: list[tuple[str, int]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    value = {"flat": 0.5, "high": 9, "low": -9, "nan": nan, "inf": np.inf}
    lead = np.concatenate(
        [rng.normal(size=n) if k == "noise" else np.full(n, value[k]) for k, n in spans]
    ).astype(np.float32)
    assert invalid_samples(lead, 100.0).tolist() == slow_invalid_samples(lead, 100.0)


@pytest.mark.parametrize("kind", ["nan", "flat", "saturated", "inf"])
def test_a_span_without_a_signal_is_not_readable(kind: str) -> None:
    signal = ecg(360.0)
    signal[3600:5400] = {"nan": nan, "flat": 0.3, "saturated": 5.0, "inf": np.inf}[kind]
    conditioned = condition(record(signal))
    assert np.isfinite(conditioned.signal).all()
    lost = np.flatnonzero(~conditioned.readable)
    assert (lost[0], lost[-1], len(lost)) == (10 * FS, 15 * FS - 1, 5 * FS)


def test_a_span_with_one_lead_lost_is_readable() -> None:
    signal = ecg(360.0)
    signal[3600:5400, 0] = nan
    signal[7200:9000, 1] = 0.0
    assert condition(record(signal)).readable.all()


@pytest.mark.parametrize("dead", [nan, 0.0, 1.23, 1000.7])
def test_a_dead_lead_next_to_a_good_one_is_zero(dead: float) -> None:
    signal = ecg(360.0)
    signal[:, 0] = dead
    with pytest.warns(SignalWarning, match="lead II cannot be read for 100% of the recording"):
        conditioned = condition(record(signal))
    assert not conditioned.signal[:, 0].any()
    assert conditioned.readable.all()
    np.testing.assert_array_equal(
        conditioned.signal[:, 1], condition(record(ecg(360.0))).signal[:, 1]
    )


def noise_of(kind: str, n: int, fs: float = 360.0) -> Floats:
    rng = np.random.default_rng(5)
    lead = rng.normal(0, 0.5, n)
    if kind == "last bit":
        lead = 0.005 * rng.integers(-1, 2, n).astype(np.float64)
    elif kind == "hum":
        lead = 0.04 * lead + 5 * np.sin(2 * np.pi * 50 * np.arange(n) / fs)
    return np.asarray(lead, dtype=np.float32)


@pytest.mark.parametrize("kind", ["white", "last bit", "hum"])
@pytest.mark.parametrize("k", [0, 1])
def test_a_lead_of_noise_next_to_a_good_one_is_lost_and_zero(kind: str, k: int) -> None:
    signal = ecg(360.0)
    signal[7200:, k] = noise_of(kind, 7200)
    conditioned = condition(record(signal))
    begin = np.flatnonzero(conditioned.lost[:, k])[0]
    assert abs(begin - 20 * FS) <= 2 * FS
    assert conditioned.lost[begin:, k].all()
    assert not conditioned.signal[begin:, k].any()
    assert conditioned.signal[: 20 * FS, k].any()
    good = condition(record(ecg(360.0))).signal[:, 1 - k]
    np.testing.assert_array_equal(conditioned.signal[:, 1 - k], good)


def smooth_tachycardia(n: int) -> Floats:
    turn = 2 * np.pi * np.cumsum(np.linspace(2.5, 5, n)) / 360
    return np.asarray(np.sin(turn) + 0.01 * noise_of("white", n), dtype=np.float32)


@pytest.mark.parametrize(
    "lead",
    [smooth_tachycardia, lambda n: 0.1 * ecg(360.0)[:n, 1] + 0.02 * noise_of("white", n)],
    ids=["tachycardia", "low"],
)
def test_a_lead_that_shows_a_heart_is_no_noise(lead: Callable[[int], Floats]) -> None:
    signal = ecg(360.0)
    signal[:, 1] = lead(len(signal))
    assert not condition(record(signal)).lost.any()


def test_without_beats_in_either_lead_neither_is_noise() -> None:
    noise = noise_of("white", 14400)
    assert not condition(record(np.stack([noise, smooth_tachycardia(14400)], axis=1))).lost.any()


@few
@given(begin=st.integers(0, 119 * FS), seconds=st.integers(1, 40), fs=st.sampled_from([200, 360]))
def test_a_part_is_what_it_is_in_the_whole(begin: int, seconds: int, fs: int) -> None:
    signal = ecg(fs, 120.0)
    signal[30 * fs : 77 * fs, 0] = noise_of("white", 47 * fs)
    signal[70 * fs : 90 * fs, 1] = noise_of("last bit", 20 * fs)
    conditioner = Conditioner.for_record(record(signal, fs))
    whole = conditioner.condition(0, conditioner.n_steps)
    end = min(begin + seconds * FS, conditioner.n_steps)
    part = conditioner.condition(begin, end)
    np.testing.assert_array_equal(part.lost, whole.lost[begin:end])
    np.testing.assert_allclose(part.signal, whole.signal[begin:end], atol=1e-5)


def test_a_wholly_dead_record_is_zero_and_not_readable() -> None:
    with pytest.warns(SignalWarning, match="cannot be read"):
        conditioned = condition(record(np.full((3600, 2), nan, dtype=np.float32)))
    assert not conditioned.signal.any()
    assert not conditioned.readable.any()


@pytest.mark.parametrize("dead", [nan, 0.3])
@pytest.mark.parametrize("good", [slice(0, 8), slice(60, 70), slice(112, 120)])
def test_what_is_left_of_a_mostly_dead_lead_keeps_its_scale(dead: float, good: slice) -> None:
    fs = 250
    signal = ecg(fs, 120.0)
    whole = condition(record(signal, fs)).signal
    kept = slice(good.start * fs, good.stop * fs)
    broken = np.full_like(signal, dead)
    broken[kept] = signal[kept]
    with pytest.warns(SignalWarning):
        rest = condition(record(broken, fs)).signal
    inner = slice((good.start + 2) * FS, (good.stop - 2) * FS)
    np.testing.assert_allclose(rest[inner], whole[inner], atol=0.3)
    assert np.abs(rest[: max(good.start - 2, 0) * FS]).max(initial=0) < 0.01
    assert np.abs(rest[(good.stop + 2) * FS :]).max(initial=0) < 0.01


def test_a_short_rest_of_signal_after_a_gap_is_scaled_on_its_own() -> None:
    signal = ecg(200.0, 3.0)
    signal[:400] = nan
    with pytest.warns(SignalWarning):
        conditioned = condition(record(signal, 200.0))
    assert 1 < np.ptp(conditioned.signal[:, 0]) < 3
    assert conditioned.readable[2 * FS :].all()


@pytest.mark.parametrize("fs", [100.0, 128.0, 360.0, 2000.0])
def test_readable_has_the_clock_of_the_signal(fs: float) -> None:
    signal = ecg(fs, 10.0)
    signal[int(4 * fs) : int(6 * fs)] = nan
    conditioned = condition(record(signal, fs))
    assert conditioned.readable.shape == (len(conditioned.signal),) == (10 * FS,)
    lost = np.flatnonzero(~conditioned.readable)
    assert lost[[0, -1]] == pytest.approx([4 * FS, 6 * FS], abs=2)


# --- leads ---


@pytest.mark.parametrize(
    ("leads", "asked", "chosen"),
    [
        (["MLII", "V5"], None, (0, 1)),
        (["I"], None, (0,)),
        (["V5", "MLII"], ["MLII"], (1,)),
        (["V5", "MLII"], ["mlii", " v5 "], (1, 0)),
        (["V5", "MLII"], [1], (1,)),
        (["V5", "MLII"], ["0", 1], (0, 1)),
        (["1", "0"], ["1"], (0,)),  # a name goes before a number
        (["PLETH", "II"], ["PLETH"], (0,)),  # whoever names it wants it
    ],
)
def test_leads_are_chosen(
    leads: list[str], asked: list[str | int] | None, chosen: tuple[int, ...]
) -> None:
    assert choose_leads(named(leads), asked) == chosen


@pytest.mark.parametrize(
    "other", ["PLETH", "Resp", "ABP", "ART", "SpO2", "EMG chin", "Fp1 EEG", "Event marker", "CO2"]
)
def test_a_signal_with_the_name_of_another_kind_is_left_out(other: str) -> None:
    with pytest.warns(SignalWarning, match=f"not ECG by name or unit, left out: {other}"):
        assert choose_leads(named([other, "II", "V1"])) == (1, 2)


@pytest.mark.parametrize("unit", ["mmHg", " MMHG", "%", "bpm", "Ohm"])
def test_a_signal_with_the_unit_of_another_kind_is_left_out(unit: str) -> None:
    with pytest.warns(SignalWarning, match="left out: X"):
        assert choose_leads(named(["X", "II"], [unit, "mV"])) == (1,)


@pytest.mark.parametrize("unit", ["mV", "uV", "V", "NU", "adu", ""])
def test_an_ecg_lead_may_have_any_unit_of_voltage_or_none(unit: str) -> None:
    assert choose_leads(named(["II"], [unit])) == (0,)


TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_of_twelve_leads_the_rhythm_leads_are_chosen() -> None:
    assert choose_leads(named(TWELVE)) == (1, 10)


def test_of_twelve_leads_those_that_are_not_lost_are_chosen() -> None:
    twelve = named(TWELVE)
    signal = twelve.signal.copy()
    signal[:, 1] = nan
    signal[:300, 10] = 0
    assert choose_leads(replace(twelve, signal=signal)) == (7, 9)


def test_of_twelve_leads_those_that_are_no_noise_are_chosen() -> None:
    beat = ecg(200.0, 10.0)[:, :1]
    signal = beat * np.linspace(-1, 1.2, 12).astype(np.float32)
    signal[:, 1] = noise_of("white", len(signal))
    assert choose_leads(replace(named(TWELVE), signal=signal)) == (9, 10)


def test_many_leads_are_read_twice_before_they_are_conditioned() -> None:
    twelve = named(TWELVE, seconds=60)
    n_read = 0

    def read(begin: int, end: int) -> Floats:
        nonlocal n_read
        n_read += end - begin
        return twelve.signal[begin:end]

    conditioner = Conditioner.for_record(replace(twelve.lazy(), reader=read))
    assert conditioner.leads == ("II", "V5")
    assert n_read == 2 * twelve.n_samples


@pytest.mark.parametrize("use", [condition, annotate])
def test_warnings_name_the_line_that_called_the_package(use: Callable[[Record], object]) -> None:
    signal = ecg(360.0)
    signal[:, 0] = nan
    other = Record(np.pad(signal, ((0, 0), (0, 1))), 360.0, ("II", "V1", "Resp"))
    with pytest.warns(SignalWarning) as caught:
        use(other)
    assert "left out: Resp" in str(caught[0].message)
    assert "lead II cannot be read" in str(caught[1].message)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(
    ("leads", "asked", "message"),
    [
        (["II"], ["V9"], "expected leads among II, found 'V9'"),
        (["II"], [1], "found 1"),
        (["II"], [-1], "found -1"),
        (["II"], ["²"], "found '²'"),
        (["II"], [], "expected one or two different leads, found none"),
        (["II", "V1"], ["II", 0], "expected one or two different leads, found II, 0"),
        (["I", "II", "V1"], [0, 1, 2], "found 0, 1, 2"),
        (["PLETH", "ABP"], None, "expected an ECG lead, found only PLETH, ABP"),
        ([], None, "expected an ECG lead, found only none"),
    ],
)
def test_leads_that_are_missing_or_too_many_are_refused(
    leads: list[str], asked: list[str | int] | None, message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        condition(named(leads), leads=asked)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# --- records that are refused ---


@pytest.mark.parametrize("fs", [50.0, 99.9, 2000.1, 8000.0])
def test_a_frequency_out_of_range_is_refused(fs: float) -> None:
    with pytest.raises(FormatError, match="expected fs from 100 to 2000 Hz, found"):
        condition(record(np.zeros((20_000, 1), dtype=np.float32), fs))


@pytest.mark.parametrize("n", [0, 1, 359])
def test_a_record_shorter_than_a_second_is_refused(n: int) -> None:
    with pytest.raises(FormatError, match=r"expected at least 1 s of signal, found \d\.\d\d s"):
        condition(record(np.zeros((n, 1), dtype=np.float32)))


@few
@given(fs=st.floats(100, 2000), seconds=st.floats(1.01, 6), leads=st.integers(1, 3))
def test_any_record_from_a_second_on_is_conditioned(fs: float, seconds: float, leads: int) -> None:
    rng = np.random.default_rng(int(fs))
    signal = rng.normal(size=(int(np.ceil(seconds * fs)), leads)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conditioned = condition(record(signal, fs))
    n_steps = math.ceil(len(signal) * conditioned.ratio)
    assert conditioned.signal.shape == (n_steps, 2)
    assert conditioned.readable.shape == (n_steps,)
    assert np.isfinite(conditioned.signal).all()
    assert np.abs(conditioned.signal).max() <= 20
