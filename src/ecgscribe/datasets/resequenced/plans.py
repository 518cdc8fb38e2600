"""The plans of resequenced recordings: the settings of each rhythm.

All rates are in beats per minute and all durations in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from ecgscribe.errors import DatasetError

__all__ = [
    "PLANS",
    "Exercise",
    "Fibrillation",
    "Gradual",
    "Paced",
    "Pauses",
    "Plan",
    "Standstill",
    "Sudden",
    "find_plan",
    "resequenced_names",
]


_RATES = (20.0, 220.0)
_FEWEST_SPIKES = 2


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """Base of all settings: checks that rates and durations are possible."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value: Any = getattr(self, setting.name)
            values = value if isinstance(value, tuple) else (value,)
            if setting.name.endswith(("rate", "rates")):
                low, high, expected = *_RATES, "rates of {:g} to {:g} per minute".format(*_RATES)
            elif setting.name.endswith("_s"):
                low, high, expected = 0.0, float("inf"), "no negative duration"
            elif setting.name == "every":
                low, high, expected = _FEWEST_SPIKES, float("inf"), f"at least {_FEWEST_SPIKES}"
            else:
                continue
            if not all(low <= one <= high for one in values):
                raise ValueError(
                    f"settings of a plan: expected {expected}, found {setting.name} {value}; "
                    "change it"
                )


@dataclass(frozen=True, kw_only=True)
class Exercise(_Settings):
    """Sinus rhythm whose rate rises in exercise and falls after it; every beat is normal.

    Parameters
    ----------
    rest_rate, peak_rate, recovery_rate : float
        Rate before, at the height of, and after the exercise.
    rest_s, rise_s, peak_s, fall_s : float
        Duration at rest, of the linear rise, at the peak, and of the linear fall.
    """

    rest_rate: float = 62.0
    peak_rate: float = 140.0
    recovery_rate: float = 75.0
    rest_s: float = 480.0
    rise_s: float = 240.0
    peak_s: float = 300.0
    fall_s: float = 360.0


@dataclass(frozen=True, kw_only=True)
class Gradual(_Settings):
    """Sinus tachycardia that begins and ends gradually, several times; every beat is normal.

    Parameters
    ----------
    rest_rate : float
        Rate between the episodes.
    rates : tuple of float
        Rate of each episode.
    rises_s : tuple of float
        Duration of the rise to each; the fall takes twice as long.
    rest_s, hold_s : float
        Duration before each episode, and at its rate.
    """

    rest_rate: float = 66.0
    rates: tuple[float, ...] = (105.0, 150.0, 120.0, 135.0, 160.0)
    rises_s: tuple[float, ...] = (10.0, 60.0, 20.0, 40.0, 90.0)
    rest_s: float = 90.0
    hold_s: float = 75.0


@dataclass(frozen=True, kw_only=True)
class Sudden(_Settings):
    """Paroxysmal supraventricular tachycardia: regular runs that begin and end with one beat.

    Of the published plans, ``runs`` has little else but such runs, some of them slow, with a pause
    after each, as in bradycardia-tachycardia syndrome.

    The beats of a run are S. Their P wave is hidden in the QRS, as in most atrioventricular nodal
    reentry, or inverted and close to the QRS, in turn.

    Parameters
    ----------
    rest_rate : float
        Rate between the runs.
    rates, runs_s : tuple of float
        Rate and duration of each run.
    rest_s : float
        Duration before each run, and after the last one.
    warm_up : float
        Relative lengthening of the first RR interval of a run; it falls off over four beats.
    pause : float
        RR interval after a run, relative to that of `rest_rate`.
    """

    rest_rate: float = 70.0
    rates: tuple[float, ...] = (150.0, 176.0, 138.0, 188.0, 164.0)
    runs_s: tuple[float, ...] = (20.0, 6.0, 90.0, 45.0, 240.0)
    rest_s: float = 150.0
    warm_up: float = 0.06
    pause: float = 1.3


@dataclass(frozen=True, kw_only=True)
class Fibrillation(_Settings):
    """Sinus rhythm with episodes of atrial fibrillation; every beat is normal.

    RR intervals of fibrillation are those of afdb; see `fibrillation_intervals`.

    Parameters
    ----------
    rest_rate : float
        Rate between the episodes.
    episodes_s : tuple of float
        Duration of each episode.
    rest_s : float
        Duration before each episode, and after the last one.
    pause : float
        RR interval after an episode, relative to that of `rest_rate`.
    f_wave : float
        Root mean square of the f-waves in the lead where they are largest, relative to the QRS
        amplitude.
    """

    rest_rate: float = 72.0
    episodes_s: tuple[float, ...] = (45.0, 120.0, 300.0, 540.0)
    rest_s: float = 120.0
    pause: float = 1.3
    f_wave: float = 0.02


@dataclass(frozen=True, kw_only=True)
class Pauses(_Settings):
    """Sinus rhythm with sinus pauses: nothing but the baseline, then a normal beat.

    Parameters
    ----------
    rest_rate : float
        Rate between the pauses.
    pauses_s : tuple of float
        RR interval of each pause.
    rest_s : float
        Mean duration before each pause, and after the last one; it varies by a third.
    """

    rest_rate: float = 66.0
    pauses_s: tuple[float, ...] = (
        2.2, 3.1, 2.6, 4.2, 3.4, 2.4, 5.5, 3.0, 2.8, 6.5, 3.7, 2.0,
    )  # fmt: skip
    rest_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Standstill(_Settings):
    """Sinus rhythm that stops: only the baseline of the record remains.

    Parameters
    ----------
    rest_rate : float
        Rate between the standstills.
    standstills_s : tuple of float
        Duration of each standstill, from where the first missing beat should have been to the P
        wave of the next one.
    rest_s : float
        Duration before each standstill, and after the last one.
    """

    rest_rate: float = 64.0
    standstills_s: tuple[float, ...] = (6.0, 20.0, 10.0, 40.0, 15.0, 60.0, 30.0)
    rest_s: float = 100.0


@dataclass(frozen=True, kw_only=True)
class Paced(_Settings):
    """Sinus rhythm with episodes of ventricular pacing.

    In pacing the QRS follows a spike, is wide and has no P wave before it, and the T wave is
    opposite to it, made from those of the record's own beats.

    Parameters
    ----------
    rest_rate, paced_rate : float
        Rate between the episodes and in them.
    episodes_s : tuple of float
        Duration of each episode.
    rest_s : float
        Duration before each episode, and after the last one.
    spike_before_s : float
        Time of the spike before the R-peak.
    spike : float
        Height of the spike relative to the QRS amplitude.
    widening : float
        Factor by which the QRS is widened.
    t_wave : float
        Factor of the T wave.
    every : int
        Of so many spikes of an episode the last has no beat; at least 2.
    """

    rest_rate: float = 58.0
    paced_rate: float = 72.0
    episodes_s: tuple[float, ...] = (60.0, 300.0, 420.0)
    rest_s: float = 120.0
    spike_before_s: float = 0.13
    spike: float = 1.5
    widening: float = 1.7
    t_wave: float = -1.2
    every: int = 40


Plan = Exercise | Gradual | Sudden | Fibrillation | Pauses | Standstill | Paced
"""Settings of a rhythm."""


PLANS: Mapping[str, Plan] = MappingProxyType(
    {
        "exercise": Exercise(),
        "exercise-160": Exercise(peak_rate=160),
        "exercise-steep": Exercise(rise_s=60),
        "gradual": Gradual(),
        "sudden": Sudden(),
        "runs": Sudden(
            rest_rate=58,
            rates=(84, 96, 112, 90, 104, 128) * 12,
            runs_s=(8, 20, 5, 60, 12, 30) * 12,
            rest_s=4,
            warm_up=0,
            pause=1.6,
        ),
        "fibrillation": Fibrillation(),
        "pauses": Pauses(),
        "standstill": Standstill(),
        "paced": Paced(),
    }
)
"""The plans by name, with the settings that published figures use."""


def resequenced_names() -> tuple[str, ...]:
    """Return the names of the plans, in order."""
    return tuple(PLANS)


def find_plan(name: str) -> Plan:
    """Return the plan of a name.

    Parameters
    ----------
    name : str
        A key of `PLANS`.

    Returns
    -------
    Plan

    Raises
    ------
    DatasetError
        If there is no such plan.
    """
    if name not in PLANS:
        raise DatasetError(
            f"expected a plan out of {', '.join(PLANS)}, found {name}; choose one of them"
        )
    return PLANS[name]
