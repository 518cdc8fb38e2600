"""Settings of synthetic recordings, and the synthetic patients of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["DEMO", "PATIENT_RANGES", "SyntheticSettings", "patient"]


CLASSES = ("N", "S", "V", "F")
"""AAMI classes that can be synthesized."""


@dataclass(frozen=True)
class SyntheticSettings:
    """Settings of a synthetic recording; amplitudes in mV, times in seconds.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz, at least 50.
    leads : int
        Number of leads.
    classes : tuple of str
        AAMI classes that may occur, of N, S, V and F; N always occurs.
    heart_rate : float
        Mean sinus rate in beats per minute.
    sinus_arrhythmia, drift, jitter : float
        Relative variation of the RR interval: with respiration, over minutes, from beat to beat.
    respiration : float
        Breaths per second.
    s_rate, v_rate, f_rate : float
        Chance that a sinus beat is followed by a beat of that class.
    couplets : float
        Chance that an ectopic beat is followed by another of its class.
    bigeminy, fibrillation : float
        Share of the time in ventricular bigeminy, and with the irregular RR intervals and the
        missing P-waves of atrial fibrillation.
    amplitude : float
        Height of a normal R-wave in lead 0.
    polarity : {1, -1}
        Sign of all leads.
    qrs_width, v_width : float
        QRS duration of normal and of ventricular beats.
    p_amplitude, t_amplitude : float
        Height of P- and T-wave relative to `amplitude`.
    noise : float
        Factor on all the noise below; 0 gives a clean signal.
    wander, mains, muscle, motion : float
        Root mean square of each noise: baseline wander, mains hum, muscle, electrode motion
        (that of `motion` within its bursts).
    mains_frequency : float
        Hz.
    """

    fs: float = 360.0
    leads: int = 2
    classes: tuple[str, ...] = ("N", "S", "V")
    heart_rate: float = 72.0
    sinus_arrhythmia: float = 0.04
    drift: float = 0.06
    jitter: float = 0.01
    respiration: float = 0.25
    s_rate: float = 0.05
    v_rate: float = 0.06
    f_rate: float = 0.02
    couplets: float = 0.1
    bigeminy: float = 0.0
    fibrillation: float = 0.0
    amplitude: float = 1.2
    polarity: Literal[1, -1] = 1
    qrs_width: float = 0.09
    v_width: float = 0.15
    p_amplitude: float = 0.12
    t_amplitude: float = 0.25
    noise: float = 1.0
    wander: float = 0.08
    mains: float = 0.01
    muscle: float = 0.015
    motion: float = 0.1
    mains_frequency: float = 50.0

    def __post_init__(self) -> None:
        unknown = set(self.classes) - set(CLASSES)
        shares = ("s_rate", "v_rate", "f_rate", "couplets", "bigeminy", "fibrillation")
        checks = (
            ("fs", self.fs >= 50, "at least 50 Hz"),
            ("leads", self.leads >= 1, "at least 1"),
            ("classes", not unknown, "a choice of N, S, V and F"),
            ("heart_rate", 20 <= self.heart_rate <= 180, "20 to 180 beats per minute"),
            ("polarity", self.polarity in (1, -1), "1 or -1"),
            *((key, 0 <= getattr(self, key) <= 1, "a number from 0 to 1") for key in shares),
        )
        for key, holds, expected in checks:
            if not holds:
                raise ValueError(
                    f"synthetic settings: expected {key} to be {expected}, "
                    f"found {getattr(self, key)}; change it"
                )


DEMO = SyntheticSettings(
    fs=300.0,
    heart_rate=66.0,
    amplitude=1.1,
    qrs_width=0.07,
    v_width=0.2,
    wander=0.2,
    mains=0.03,
    muscle=0.01,
    mains_frequency=60.0,
)
"""Settings of the demo: fs, QRS widths, wander and mains are outside the ranges of `patient`, so no
model trained on synthetic patients has seen similar recordings."""


PATIENT_RANGES: dict[str, tuple[float, float]] = {
    "heart_rate": (50.0, 105.0),
    "sinus_arrhythmia": (0.0, 0.08),
    "drift": (0.0, 0.12),
    "jitter": (0.005, 0.03),
    "respiration": (0.15, 0.4),
    "s_rate": (0.0, 0.12),
    "v_rate": (0.0, 0.12),
    "f_rate": (0.0, 0.03),
    "couplets": (0.0, 0.3),
    "amplitude": (0.5, 2.0),
    "qrs_width": (0.075, 0.125),
    "v_width": (0.135, 0.185),
    "p_amplitude": (0.05, 0.2),
    "t_amplitude": (0.1, 0.4),
    "wander": (0.0, 0.15),
    "mains": (0.0, 0.02),
    "muscle": (0.0, 0.04),
    "motion": (0.0, 0.2),
}
"""Range of each setting from which `patient` draws uniformly."""


_PATIENT_FS = (128.0, 180.0, 250.0, 360.0, 500.0)


def patient(seed: int) -> SyntheticSettings:
    """Draw the settings of one synthetic patient, for training without a database.

    Parameters
    ----------
    seed : int
        Equal seeds give equal patients; pass it to `synthesize` as well.

    Returns
    -------
    SyntheticSettings
        Uniform over `PATIENT_RANGES`; one in six is in atrial fibrillation throughout, one in
        six has episodes of bigeminy.
    """
    rng = np.random.default_rng((seed, 1))
    drawn: dict[str, Any] = {k: float(rng.uniform(*ends)) for k, ends in PATIENT_RANGES.items()}
    return SyntheticSettings(
        fs=float(rng.choice(_PATIENT_FS)),
        classes=CLASSES,
        polarity=1 if rng.random() < 0.75 else -1,
        fibrillation=float(rng.random() < 1 / 6),
        bigeminy=0.3 * float(rng.random() < 1 / 6),
        mains_frequency=float(rng.choice((50.0, 60.0))),
        **drawn,
    )
