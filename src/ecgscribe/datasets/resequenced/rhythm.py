"""The new sequence of beats that a plan asks for: when each comes, and what is special about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ecgscribe.datasets.resequenced.plans import (
    Exercise,
    Fibrillation,
    Gradual,
    Paced,
    Pauses,
    Plan,
    Standstill,
    Sudden,
)

__all__ = ["BeatSequence", "beat_sequence"]

Doubles = NDArray[np.float64]

_BREATH = 0.03  # relative swing of the RR interval with respiration at _BREATH_RATE and below
_BREATH_RATE = 65.0  # per minute; the swing falls with the square of the rate above it
_BREATHS_HZ = 0.23
_JITTER = 0.005  # relative spread from beat to beat
_P_WAVE_S = 0.3  # from the end of a standstill to the R-peak after it
_HIDDEN, _INVERTED = (0.0, 1.0), (-0.8, 0.7)  # P wave of a focus: factor, part of the PR interval


@dataclass(frozen=True, kw_only=True, eq=False)
class BeatSequence:
    """When each beat of a resequenced record comes.

    Parameters
    ----------
    sample : ndarray of int64, shape (n,)
        R-peak of each.
    symbol : ndarray of str, shape (n,)
        WFDB symbol; empty where a beat keeps the symbol that it has.
    p_wave : ndarray of float64, shape (n,)
        Factor of the P wave: 0 where there is none.
    p_time : ndarray of float64, shape (n,)
        Factor of its distance from the QRS, besides that of the rate.
    paced : ndarray of bool, shape (n,)
        Whether a spike comes before the QRS.
    fibrillating : ndarray of bool, shape (n,)
        Whether the atria fibrillate before the QRS.
    notes : tuple of (int, str)
        Sample and text of each change of rhythm.
    lone_spikes : tuple of int
        Samples of spikes without a beat.
    n_samples : int
        Length of the record.
    """

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    p_wave: Doubles
    p_time: Doubles
    paced: NDArray[np.bool_]
    fibrillating: NDArray[np.bool_]
    notes: tuple[tuple[int, str], ...]
    lone_spikes: tuple[int, ...]
    n_samples: int


@dataclass
class _Writer:
    """Puts one beat after another."""

    fs: float
    rng: Generator
    phase: float = field(init=False)
    time: float = 0.0  # of the last beat, or of the start
    beats: list[tuple[int, str, float, float, bool, bool]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    lone_spikes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.phase = self.rng.uniform(0, 2 * np.pi)

    def samples(self, time: float) -> int:
        return round(time * self.fs)

    def sinus_rr(self, rate: float) -> float:
        """Draw the RR interval in s after the last beat."""
        swing = _BREATH * min(_BREATH_RATE / rate, 1.0) ** 2
        breath = swing * np.sin(2 * np.pi * _BREATHS_HZ * self.time + self.phase)
        return float(60 / rate * (1 + breath + _JITTER * self.rng.standard_normal()))

    def beat(
        self,
        rr: float,
        *,
        note: str = "",
        symbol: str = "",
        p: tuple[float, float] = (1.0, 1.0),
        paced: bool = False,
        fibrillating: bool = False,
    ) -> None:
        """Put a beat at `rr` seconds after the last one, with a note if its rhythm is another."""
        self.time += rr
        if note:
            self.note(note)
        self.beats.append((self.samples(self.time), symbol, *p, paced, fibrillating))

    def sinus(self, duration: float, rate: Callable[[float], float] | float) -> None:
        """Put normal beats for a duration; a varying rate is a function of the time since then."""
        begin = self.time
        while (since := self.time - begin) < duration:
            self.beat(self.sinus_rr(rate(since) if callable(rate) else rate))

    def note(self, text: str) -> None:
        self.notes.append((self.samples(self.time), text))

    def sequence(self) -> BeatSequence:
        sample, symbol, p_wave, p_time, paced, fibrillating = zip(*self.beats, strict=True)
        return BeatSequence(
            sample=np.array(sample, dtype=np.int64),
            symbol=np.array(symbol, dtype=np.str_),
            p_wave=np.array(p_wave, dtype=np.float64),
            p_time=np.array(p_time, dtype=np.float64),
            paced=np.array(paced, dtype=np.bool_),
            fibrillating=np.array(fibrillating, dtype=np.bool_),
            notes=tuple(self.notes),
            lone_spikes=tuple(self.lone_spikes),
            n_samples=self.samples(self.time + 1.0),
        )


def beat_sequence(
    plan: Plan, fs: float, rng: Generator, *, intervals: Sequence[Doubles] = ()
) -> BeatSequence:
    """Return the beats of a plan.

    Parameters
    ----------
    plan : Plan
        The settings.
    fs : float
        Sampling frequency of the record in Hz.
    rng : numpy.random.Generator
        Draws what the settings leave open: respiration, jitter, places of pauses, the passage of
        afdb.
    intervals : sequence of ndarray of float64
        RR intervals of fibrillation in s, of different people; only for `Fibrillation`.

    Returns
    -------
    BeatSequence
        The first beat comes within the first 2 s, the last one 1 s before the end.
    """
    writer = _Writer(fs, rng)
    writer.note("(N")
    if isinstance(plan, Fibrillation):
        _fibrillation(writer, plan, intervals)
    else:
        _WRITE[type(plan)](writer, plan)
    return writer.sequence()


def _exercise(writer: _Writer, plan: Exercise) -> None:
    knots = np.cumsum([0.0, plan.rest_s, plan.rise_s, plan.peak_s, plan.fall_s])
    rates = [plan.rest_rate, plan.rest_rate, plan.peak_rate, plan.peak_rate, plan.recovery_rate]
    writer.sinus(knots[-1], lambda since: float(np.interp(since, knots, rates)))


def _gradual(writer: _Writer, plan: Gradual) -> None:
    knots, rates = [0.0], [plan.rest_rate]
    for rate, rise_s in zip(plan.rates, plan.rises_s, strict=True):
        for duration, end in (
            (plan.rest_s, plan.rest_rate),
            (rise_s, rate),
            (plan.hold_s, rate),
            (2 * rise_s, plan.rest_rate),
        ):
            knots.append(knots[-1] + duration)
            rates.append(end)
    writer.sinus(knots[-1] + plan.rest_s, lambda since: float(np.interp(since, knots, rates)))


def _sudden(writer: _Writer, plan: Sudden) -> None:
    for number, (rate, run_s) in enumerate(zip(plan.rates, plan.runs_s, strict=True)):
        writer.sinus(plan.rest_s, plan.rest_rate)
        p, note = (_HIDDEN, _INVERTED)[number % 2], "(SVTA"
        begin, warm_up = writer.time, plan.warm_up
        while writer.time - begin < run_s:
            rr = 60 / rate * (1 + warm_up + _JITTER * writer.rng.standard_normal())
            writer.beat(rr, note=note, symbol="A", p=p)
            note, warm_up = "", max(warm_up - plan.warm_up / 4, 0.0)
        writer.beat(plan.pause * 60 / plan.rest_rate, note="(N")
    writer.sinus(plan.rest_s, plan.rest_rate)


def _fibrillation(writer: _Writer, plan: Fibrillation, intervals: Sequence[Doubles]) -> None:
    for episode_s in plan.episodes_s:
        writer.sinus(plan.rest_s, plan.rest_rate)
        of_person = intervals[int(writer.rng.integers(len(intervals)))]
        first = int(writer.rng.integers(len(of_person)))
        begin, note = writer.time, "(AFIB"
        for rr in itertools.chain(of_person[first:], itertools.cycle(of_person)):
            writer.beat(float(rr), note=note, p=_HIDDEN, fibrillating=True)
            note = ""
            if writer.time - begin >= episode_s:
                break
        writer.beat(plan.pause * 60 / plan.rest_rate, note="(N")
    writer.sinus(plan.rest_s, plan.rest_rate)


def _pauses(writer: _Writer, plan: Pauses) -> None:
    for pause_s in plan.pauses_s:
        writer.sinus(plan.rest_s * writer.rng.uniform(2 / 3, 4 / 3), plan.rest_rate)
        writer.beat(pause_s)
    writer.sinus(plan.rest_s, plan.rest_rate)


def _standstill(writer: _Writer, plan: Standstill) -> None:
    for standstill_s in plan.standstills_s:
        writer.sinus(plan.rest_s, plan.rest_rate)
        writer.time += 60 / plan.rest_rate
        writer.note("(ASYS")
        writer.time += standstill_s
        writer.note("(N")
        writer.beat(_P_WAVE_S)
    writer.sinus(plan.rest_s, plan.rest_rate)


def _paced(writer: _Writer, plan: Paced) -> None:
    rr = 60 / plan.paced_rate
    for episode_s in plan.episodes_s:
        writer.sinus(plan.rest_s, plan.rest_rate)
        note = "(P"
        for number in range(1, round(episode_s / rr) + 1):
            if number % plan.every == 0:
                writer.time += rr
                before = writer.samples(plan.spike_before_s)
                writer.lone_spikes.append(writer.samples(writer.time) - before)
            else:
                writer.beat(rr, note=note, symbol="/", p=_HIDDEN, paced=True)
                note = ""
        writer.beat(60 / plan.rest_rate, note="(N")
    writer.sinus(plan.rest_s, plan.rest_rate)


_WRITE: dict[type[Any], Callable[..., None]] = {
    Exercise: _exercise,
    Gradual: _gradual,
    Sudden: _sudden,
    Pauses: _pauses,
    Standstill: _standstill,
    Paced: _paced,
}
