"""Resequenced recordings: each beat where the annotation has it, with its own waves around it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe import formats
from ecgscribe.cli import evaluate as cli_evaluate
from ecgscribe.datasets.resequenced import (
    FIBRILLATION_RECORDS,
    PLANS,
    Exercise,
    Fibrillation,
    Gradual,
    Paced,
    Pauses,
    Plan,
    Standstill,
    Sudden,
    find_plan,
    resequence,
    resequenced_names,
)
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import DatasetError
from ecgscribe.flags import runs
from ecgscribe.record import Annotation, Record

SHORT: dict[str, Plan] = {
    "exercise": Exercise(rest_s=40, rise_s=30, peak_s=40, fall_s=40),
    "exercise-160": Exercise(rest_s=20, rise_s=30, peak_s=20, fall_s=30, peak_rate=160),
    "exercise-steep": Exercise(rest_s=20, rise_s=10, peak_s=20, fall_s=20),
    "gradual": Gradual(rates=(120.0,), rises_s=(20.0,), rest_s=30, hold_s=20),
    "sudden": Sudden(rates=(150.0, 176.0), runs_s=(12.0, 8.0), rest_s=20),
    "runs": Sudden(rest_rate=58, rates=(84.0, 128.0), runs_s=(12.0, 6.0), rest_s=4, pause=1.6),
    "fibrillation": Fibrillation(episodes_s=(30.0, 20.0), rest_s=20),
    "pauses": Pauses(pauses_s=(2.2, 5.0), rest_s=15),
    "standstill": Standstill(standstills_s=(6.0, 12.0), rest_s=20),
    "paced": Paced(episodes_s=(30.0, 40.0), rest_s=20, every=10),
}
"""The plans, shorter."""
RR_IN_FIBRILLATION = np.array([0.6, 0.92, 0.45, 1.1, 0.71, 0.55, 0.83, 0.5, 1.3, 0.66, 0.78])


@pytest.fixture(scope="module")
def afdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotations as those of afdb: after 4 s, all is fibrillation with the RR intervals above."""
    folder = tmp_path_factory.mktemp("data") / "afdb"
    folder.mkdir()
    rr = np.concatenate((np.ones(5), np.tile(RR_IN_FIBRILLATION, 10)))
    sample = np.rint(np.cumsum(rr) * 250).astype(np.int64)
    rhythms = Annotation(
        sample=np.array([10, 1100]),
        symbol=np.array(["+", "+"]),
        fs=250.0,
        aux_note=np.array(["(N", "(AFIB"]),
    )
    for name in FIBRILLATION_RECORDS:
        formats.write(rhythms, folder / f"{name}.atr")
        formats.write(Annotation(sample, np.full(len(sample), "N"), 250.0), folder / f"{name}.qrs")
    return folder.parent


def normal(
    fs: float = 360.0, duration: float = 150.0, heart_rate: float = 60.0, **more: float
) -> tuple[Record, Annotation]:
    """A record of normal beats alone, without noise unless `more` has some."""
    steady: dict[str, Any] = {
        "sinus_arrhythmia": 0.0,
        "drift": 0.0,
        "noise": 0.0,
        "p_amplitude": 0.2,
    } | more
    return synthesize(
        seed=3,
        duration=duration,
        fs=fs,
        heart_rate=heart_rate,
        classes=("N",),
        **steady,
    )


def largest_deflection(record: Record, sample: int, reach_s: float = 0.05) -> int:
    """Sample of the largest deflection of lead 0 around a sample."""
    reach = round(reach_s * record.fs)
    around = record.signal[sample - reach : sample + reach + 1, 0]
    return sample - reach + int(np.argmax(np.abs(around - np.median(around[[0, -1]]))))


def notes_of(annotation: Annotation) -> list[tuple[int, str]]:
    change = annotation.symbol == "+"
    return list(
        zip(annotation.sample[change].tolist(), annotation.aux_note[change].tolist(), strict=True)
    )


@pytest.mark.parametrize("fs", [128.0, 360.0, 500.0])
@pytest.mark.parametrize("name", list(SHORT))
def test_every_annotated_beat_is_an_r_peak_and_every_r_peak_is_annotated(
    name: str, fs: float, afdb: Path
) -> None:
    made, annotation = resequence(*normal(fs), plan=SHORT[name], data_dir=afdb)
    beats = annotation.beats()
    assert made.fs == annotation.fs == fs
    assert np.isfinite(made.signal).all()
    assert made.signal.dtype == np.float32
    for sample in beats.sample.tolist():
        assert abs(largest_deflection(made, sample) - sample) <= 1
    # Away from the beats and from the spikes before them, nothing is half as high as a QRS.
    height = np.abs(made.signal[beats.sample, 0] - np.median(made.signal[:, 0]))
    away = np.ones(made.n_samples, dtype=bool)
    for sample in annotation.sample[annotation.symbol != "+"].tolist():
        away[max(sample - round(0.16 * fs), 0) : sample + round(0.15 * fs)] = False
    rest = np.abs(made.signal[away, 0] - np.median(made.signal[:, 0]))
    assert rest.max() < 0.5 * height.min()
    if name == "paced":
        lone = annotation.sample[annotation.symbol == "^"]
        assert len(lone) == 3 + 4  # every tenth of 36 and of 48


def test_the_rate_of_exercise_is_as_planned() -> None:
    plan = Exercise(
        rest_rate=62,
        peak_rate=140,
        recovery_rate=75,
        rest_s=60,
        rise_s=60,
        peak_s=60,
        fall_s=60,
    )
    made, annotation = resequence(*normal(), plan=plan)
    time = annotation.beats().sample / made.fs
    rate = 60 / np.diff(time)

    def mean_rate(begin: float, end: float) -> float:
        return float(np.mean(rate[(time[:-1] >= begin) & (time[:-1] < end)]))

    assert made.duration == pytest.approx(240, abs=2)
    assert set(annotation.beats().symbol) == {"N"}
    assert notes_of(annotation) == [(0, "(N")]
    assert mean_rate(2, 60) == pytest.approx(62, abs=0.7)
    assert mean_rate(122, 180) == pytest.approx(140, abs=1)
    # Half-way up (62 + 140) / 2 = 101; half-way down (140 + 75) / 2 = 107.5.
    assert mean_rate(85, 95) == pytest.approx(101, abs=2)
    assert mean_rate(205, 215) == pytest.approx(107.5, abs=2)
    assert np.max(np.abs(np.diff(rate) / rate[1:])) < 0.06


def test_at_its_own_rate_a_record_keeps_its_waves_sample_by_sample() -> None:
    record, reference = normal(jitter=0.0)
    rest = Exercise(rest_rate=60, peak_rate=60, recovery_rate=60)
    made, annotation = resequence(record, reference, plan=rest)
    waves = np.arange(-80, 110)  # from before the P wave to after the T wave
    usual = np.median(record.signal[reference.sample[5:-5, None] + waves], axis=0)
    for sample in annotation.beats().sample[10:200:10]:
        part = made.signal[sample + waves]
        gain = np.sum(part * usual) / np.sum(usual**2)  # breath changes the height of beats
        assert np.abs(part - gain * usual).max() < 0.02 * np.ptp(usual)


def test_p_and_t_waves_follow_the_rate() -> None:
    record, reference = normal(jitter=0.0)
    fast = Exercise(rest_rate=60, peak_rate=100, recovery_rate=100, peak_s=400, fall_s=1)
    made, annotation = resequence(record, reference, plan=fast)

    def peaks(of: Record, sample: NDArray[np.int64]) -> tuple[float, float]:
        """Seconds from the R-peak to the peaks of P and T."""
        p, t = np.arange(-90, -30), np.arange(50, 130)
        mean = [of.signal[sample[:, None] + span, 0].mean(axis=0) for span in (p, t)]
        return float(p[mean[0].argmax()]) / 360, float(t[mean[1].argmax()]) / 360

    p_at_60, t_at_60 = peaks(record, reference.sample[5:-5])
    at_100 = annotation.beats().sample
    at_100 = at_100[(at_100 > 980 * 360) & (at_100 < 1100 * 360)]  # rate 100 for 260 s and more
    p_at_100, t_at_100 = peaks(made, at_100)
    # RR is 0.6 of what it was. What is 0.12 s and more after the R-peak: 0.6 ** (1/3) = 0.843;
    # what is 0.08 s and more before it: 0.6 ** 0.2 = 0.903.
    assert t_at_100 == pytest.approx(0.12 + 0.843 * (t_at_60 - 0.12), abs=0.006)
    assert p_at_100 == pytest.approx(-0.08 + 0.903 * (p_at_60 + 0.08), abs=0.006)


@pytest.mark.parametrize("name", ["exercise", "gradual", "pauses", "standstill"])
def test_no_seam_is_steeper_than_the_waves(name: str) -> None:
    record, reference = normal(jitter=0.02)
    made, annotation = resequence(record, reference, plan=SHORT[name])

    def steepest(of: Record, beats: Annotation) -> float:
        """Largest step between samples away from the QRS."""
        step = np.abs(np.diff(of.signal, axis=0)).max(axis=1)
        near = np.arange(-29, 43)
        step[np.clip(beats.sample[:, None] + near, 0, len(step) - 1)] = 0
        return float(step.max())

    # The T wave is steeper the shorter it is, and the P wave may lie on it.
    assert steepest(made, annotation.beats()) < 1.8 * steepest(record, reference)


def test_the_baseline_stays_where_it_was() -> None:
    record, reference = normal()
    course = 5 + np.sin(2 * np.pi * np.arange(record.n_samples) / (30 * 360))[:, None]
    moved = dataclasses.replace(record, signal=(record.signal + course).astype(np.float32))
    made, annotation = resequence(moved, reference, plan=SHORT["standstill"])
    kept = np.arange(10 * 360, made.n_samples - 10 * 360)
    away = np.ones(made.n_samples, dtype=bool)
    for sample in annotation.beats().sample.tolist():
        away[sample - 100 : sample + 200] = False
    kept = kept[away[kept]]
    assert np.abs(made.signal[kept] - course[kept]).max() < 0.1


def test_noise_between_beats_is_as_loud_as_it_was() -> None:
    noise = {"wander": 0.0, "mains": 0.0, "muscle": 0.05, "motion": 0.0, "noise": 1.0}
    record, reference = normal(**noise)
    made, annotation = resequence(record, reference, plan=Standstill(standstills_s=(60.0,)))
    begin, end = (sample for sample, note in notes_of(annotation)[1:3])
    before_p = reference.sample[5:-5, None] - np.arange(100, 140)

    def loudness(signal: NDArray[np.float32]) -> NDArray[np.float64]:
        loud: NDArray[np.float64] = np.std(np.diff(signal, axis=0), axis=0, dtype=np.float64)
        return loud

    of_record = np.mean([loudness(record.signal[part[::-1]]) for part in before_p], axis=0)
    ratio = loudness(made.signal[begin:end]) / of_record
    assert np.all((ratio > 0.65) & (ratio < 1.2))  # less rather than more: bursts are left out


def test_standstill_is_as_long_as_planned_and_holds_no_beat() -> None:
    record, reference = normal(noise=0.3)
    made, annotation = resequence(record, reference, plan=SHORT["standstill"])
    notes = notes_of(annotation)
    assert [note for _, note in notes] == ["(N", "(ASYS", "(N", "(ASYS", "(N"]
    amplitude = np.ptp(record.signal[reference.sample[5] + np.arange(-30, 31), 0])
    for (begin, _), (end, _), planned_s in zip(notes[1::2], notes[2::2], (6.0, 12.0), strict=True):
        assert (end - begin) / 360 == pytest.approx(planned_s, abs=2 / 360)
        for first in range(begin, end - 54, 18):  # 150 ms each
            assert np.ptp(made.signal[first : first + 54, 0]) < 0.15 * amplitude
        beats = annotation.beats().sample
        assert not np.any((beats > begin) & (beats < end))
        # The first missing beat would have come a beat after the last; the next is 0.3 s later.
        assert (begin - beats[beats < begin][-1]) / 360 == pytest.approx(60 / 64, abs=0.01)
        assert (beats[beats > end][0] - end) / 360 == pytest.approx(0.3, abs=0.01)


def test_pauses_are_as_long_as_planned() -> None:
    made, annotation = resequence(*normal(), plan=SHORT["pauses"])
    rr = np.diff(annotation.beats().sample) / made.fs
    np.testing.assert_allclose(rr[rr > 1.5], [2.2, 5.0], atol=1 / 360)


def test_runs_begin_and_end_with_one_beat_and_have_another_p_wave() -> None:
    made, annotation = resequence(*normal(), plan=SHORT["sudden"])
    beats = annotation.beats()
    rr = np.diff(beats.sample) / made.fs
    run = runs(beats.symbol == "A")
    assert [beats.sample[k] for k in run[:, 0]] == [
        sample for sample, note in notes_of(annotation) if note == "(SVTA"
    ]
    for (begin, end), rate, p_is in zip(run, (150, 176), ("none", "inverted"), strict=True):
        inside = rr[begin : end - 1]
        assert np.median(inside) == pytest.approx(60 / rate, rel=0.01)
        assert rr[begin - 2] == pytest.approx(60 / 70, rel=0.06)
        assert rr[begin - 1] == pytest.approx(1.06 * 60 / rate, rel=0.03)
        assert rr[end - 1] == pytest.approx(1.3 * 60 / 70, rel=0.01)
        # A P wave of 0.2 of the R-peak, times -0.8, with 0.7 of the PR interval.
        before = beats.sample[begin + 3 : end, None] - np.arange(35, 55)
        level = made.signal[beats.sample[begin + 3 : end] - 31, 0]
        deflection = np.mean(made.signal[before, 0], axis=0) - level.mean()
        assert (deflection.min() < -0.08) == (p_is == "inverted")


def test_fibrillation_has_the_intervals_of_a_person_and_no_p_wave(afdb: Path) -> None:
    plan = Fibrillation(episodes_s=(30.0, 20.0), rest_s=20, f_wave=0.0)
    made, annotation = resequence(*normal(), plan=plan, data_dir=afdb)
    beats = annotation.beats()
    notes = notes_of(annotation)
    assert [note for _, note in notes] == ["(N", "(AFIB", "(N", "(AFIB", "(N"]
    for (begin, _), (end, _) in zip(notes[1::2], notes[2::2], strict=True):
        inside = beats.sample[(beats.sample >= begin) & (beats.sample < end)]
        rr = np.diff(inside) / made.fs
        turns = [np.roll(RR_IN_FIBRILLATION, k) for k in range(len(RR_IN_FIBRILLATION))]
        off = [np.abs(np.resize(turn, len(rr)) - rr).max() for turn in turns]
        assert min(off) < 2.5 / 250  # of one sample of each sampling frequency
        slow = inside[1:][rr > 0.9]
        p = made.signal[slow[:, None] - np.arange(45, 80), 0]
        assert np.ptp(p, axis=1).max() < 0.05 * np.ptp(made.signal[:, 0])
    assert set(beats.symbol) == {"N"}


def test_f_waves_are_there_in_fibrillation_alone(afdb: Path) -> None:
    plan = Fibrillation(episodes_s=(30.0,), rest_s=20, f_wave=0.03)
    made, annotation = resequence(*normal(), plan=plan, data_dir=afdb)
    flat = dataclasses.replace(plan, f_wave=0.0)
    without, _ = resequence(*normal(), plan=flat, data_dir=afdb)
    waves = (made.signal - without.signal)[:, 0]
    begin, end = (sample for sample, _ in notes_of(annotation)[1:])
    inside = waves[begin:end]
    assert np.abs(waves[: begin - 2 * 360]).max() == 0 == np.abs(waves[end:]).max()
    assert np.std(inside) > 0.01
    power = np.abs(np.fft.rfft(inside)) ** 2
    frequency = np.fft.rfftfreq(len(inside), 1 / 360)
    in_band = (frequency > 3.5) & (frequency < 9)
    assert power[in_band].sum() > 0.95 * power.sum()


def test_spikes_are_at_their_samples() -> None:
    made, annotation = resequence(*normal(noise=0.2), plan=SHORT["paced"])
    paced = annotation.sample[annotation.symbol == "/"]
    lone = annotation.sample[annotation.symbol == "^"]
    spikes = np.sort(np.append(paced - round(0.13 * 360), lone))
    assert made.paced
    assert set(annotation.beats().class_index[annotation.beats().symbol == "/"]) == {4}
    for lead in range(2):
        step = np.abs(np.diff(made.signal[:, lead], prepend=0))
        # The step up to a spike or, as high, the one down from it.
        assert set(np.flatnonzero(step > 0.6 * step.max())) <= set(spikes) | set(spikes + 1)
        assert np.all(step[spikes] > 0.6 * step.max())
    apart = np.diff(spikes) / 360
    np.testing.assert_allclose(apart[apart < 2], 60 / 72, atol=1.01 / 360)
    assert notes_of(annotation)[1] == (int(paced[0]), "(P")


def test_a_paced_qrs_is_wide_and_has_no_p_wave_and_an_opposite_t_wave() -> None:
    record, reference = normal()
    made, annotation = resequence(record, reference, plan=SHORT["paced"])

    def mean_beat(of: Record, sample: NDArray[np.int64]) -> NDArray[np.float32]:
        """Lead 0 from 0.3 s before the R-peak to 0.5 s after it."""
        mean: NDArray[np.float32] = of.signal[sample[:, None] + np.arange(-108, 181), 0].mean(
            axis=0
        )
        return mean - np.median(mean)

    own = mean_beat(record, reference.sample[5:-5])
    paced = mean_beat(made, annotation.sample[annotation.symbol == "/"])

    def width(beat: NDArray[np.float32]) -> int:
        """Samples around the R-peak above half its height."""
        return int(np.sum(beat[108 - 40 : 108 + 40] > beat[108] / 2))

    assert width(paced) == pytest.approx(1.7 * width(own), abs=2)
    t_wave = slice(108 + 80, 289)
    assert own[t_wave].max() > 0.15 * own[108]
    assert paced[t_wave].min() < -0.15 * paced[108]
    p_wave = slice(20, 108 - 50)  # before the spike, which is 47 samples before the R-peak
    assert own[p_wave].max() > 0.15 * own[108]
    assert np.abs(paced[p_wave]).max() < 0.03 * paced[108]


@pytest.mark.parametrize("name", list(SHORT))
def test_the_same_seed_gives_the_same_recording_and_another_seed_another(
    name: str, afdb: Path
) -> None:
    record, reference = normal(jitter=0.02, noise=0.5)
    first, beats = resequence(record, reference, plan=SHORT[name], data_dir=afdb)
    again, beats_again = resequence(record, reference, plan=SHORT[name], data_dir=afdb)
    other, _ = resequence(record, reference, plan=SHORT[name], seed=1, data_dir=afdb)
    namesake = dataclasses.replace(record, name="another")
    of_another, _ = resequence(namesake, reference, plan=SHORT[name], data_dir=afdb)
    np.testing.assert_array_equal(first.signal, again.signal)
    np.testing.assert_array_equal(beats.sample, beats_again.sample)
    for different in (other, of_another):
        n = min(first.n_samples, different.n_samples)
        assert not np.array_equal(first.signal[:n], different.signal[:n])


def test_nothing_is_shared_with_the_record_or_changed_in_it() -> None:
    record, reference = normal()
    before, at = record.signal.copy(), reference.sample.copy()
    made, annotation = resequence(record, reference, plan=SHORT["exercise"])
    made.signal[:] = 7
    annotation.sample[:] = 7
    np.testing.assert_array_equal(record.signal, before)
    np.testing.assert_array_equal(reference.sample, at)


@settings(max_examples=25, deadline=None)
@given(
    rest=st.floats(30, 120),
    peak=st.floats(40, 200),
    heart_rate=st.floats(50, 100),
    seed=st.integers(0, 99),
)
def test_at_any_rate_beats_are_in_order_within_the_record(
    rest: float, peak: float, heart_rate: float, seed: int
) -> None:
    plan = Exercise(rest_rate=rest, peak_rate=peak, rest_s=5, rise_s=10, peak_s=5, fall_s=10)
    record, reference = normal(128.0, 60.0, heart_rate, jitter=0.01)
    made, annotation = resequence(record, reference, plan=plan, seed=seed)
    rr = np.diff(annotation.beats().sample) / made.fs
    assert rr.min() > 0.9 * 60 / max(rest, peak, 75)
    assert rr.max() < 1.1 * 60 / min(rest, peak, 75)
    assert annotation.sample[-1] < made.n_samples
    assert np.abs(made.signal).max() < 1.5 * np.abs(record.signal).max()


@pytest.mark.parametrize("name", list(SHORT))
def test_the_annotation_can_be_written_and_read_back(name: str, afdb: Path, tmp_path: Path) -> None:
    _, annotation = resequence(*normal(), plan=SHORT[name], data_dir=afdb)
    formats.write(annotation, tmp_path / "made.atr")
    back = formats.read_annotation(tmp_path / "made.atr")
    np.testing.assert_array_equal(back.sample, annotation.sample)
    np.testing.assert_array_equal(back.symbol, annotation.symbol)
    np.testing.assert_array_equal(back.aux_note, annotation.aux_note)


def test_plans_have_names() -> None:
    assert resequenced_names() == tuple(SHORT) == tuple(PLANS) == cli_evaluate.PLANS
    assert find_plan("exercise") == Exercise()
    with pytest.raises(DatasetError, match=r"exercise, .*gradual, .* found sprint; choose one"):
        find_plan("sprint")


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="20 to 220 per minute, found peak_rate 300"):
        Exercise(peak_rate=300)
    with pytest.raises(ValueError, match="no negative duration, found rest_s -1"):
        Standstill(rest_s=-1)
    with pytest.raises(ValueError, match="at least 2, found every 1"):
        Paced(every=1)


def test_fibrillation_without_afdb_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run `ecgscribe fetch afdb`") as caught:
        resequence(*normal(), plan="fibrillation", data_dir=tmp_path)
    assert "\n" not in str(caught.value)
