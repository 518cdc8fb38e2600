"""Synthetic recordings with known beats, for the demo, the tests and a quick start.

Every beat is a sum of Gaussian waves (P, QRS, T), as in McSharry et al., IEEE Trans Biomed Eng
50(3):289-294, 2003, with amplitudes of its own in each lead. It is not a model of physiology:
results on such a recording do not apply to recordings of people.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic_settings import SyntheticSettings
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS

__all__ = ["synthesize"]


Doubles = NDArray[np.float64]


_SHORTEST_RR = 0.28  # s; shortest distance of two beats, whatever the rate and the prematurity
_BEFORE, _AFTER = 0.45, 0.85  # s of signal of one beat, before and after its R-peak


def synthesize(
    settings: SyntheticSettings | None = None,
    *,
    duration: float = 60.0,
    seed: int = 0,
    name: str = "synthetic",
    **overrides: Any,
) -> tuple[Record, Annotation]:
    """Return a synthetic recording and its beats.

    Parameters
    ----------
    settings : SyntheticSettings, optional
        Settings of the recording; the defaults if omitted.
    duration : float
        Seconds, at least one sample.
    seed : int
        Seed of the rhythm, the noise and the details of morphology that the settings leave open.
    name : str
        Name of the record.
    **overrides
        Fields of `SyntheticSettings` to replace, such as ``fs=250, noise=0``.

    Returns
    -------
    record : Record
        Signal in mV, shape (duration * fs, leads).
    annotation : Annotation
        One annotation per beat, at the largest deflection of its QRS in lead 0, with the symbols
        ``N``, ``A`` (class S), ``V`` and ``F``.

    Raises
    ------
    ValueError
        If a setting is out of range or `duration` is too short.
    TypeError
        If an override is not a setting.
    """
    s = dataclasses.replace(settings or SyntheticSettings(), **overrides)
    n = round(duration * s.fs)
    if n < 1:
        raise ValueError(
            f"synthesize: expected a duration of at least one sample, found {duration} s; "
            "choose a longer one"
        )
    rhythm, shape, disturbance = (np.random.default_rng((seed, k)) for k in (2, 3, 4))
    time, kind, fibrillating = _rhythm(rhythm, s, n / s.fs)
    sample = np.rint(time * s.fs).astype(np.int64)
    signal = _beats(shape, s, n, sample, kind, fibrillating)
    signal += _fibrillatory_waves(shape, s, n, sample, fibrillating)
    signal = s.polarity * signal + s.noise * _noise(disturbance, s, n)
    inside = (sample >= 0) & (sample < n)
    record = Record(
        signal=signal.astype(np.float32),
        fs=s.fs,
        leads=tuple(f"ECG{k + 1}" for k in range(s.leads)),
        name=name,
    )
    index = [AAMI_CLASSES.index(name) for name in kind[inside].tolist()]
    symbol = CLASS_SYMBOLS[np.array(index, dtype=np.int64)]
    return record, Annotation(sample=sample[inside], symbol=symbol, fs=s.fs, name=name)


def _rhythm(
    rng: np.random.Generator, s: SyntheticSettings, duration: float
) -> tuple[Doubles, NDArray[np.str_], NDArray[np.bool_]]:
    """Draw time (s), class and "in atrial fibrillation" of each beat, 1 s beyond both ends."""
    phase = rng.uniform(0, 2 * np.pi, 2)
    in_bigeminy = _episodes(rng, s.bigeminy if "V" in s.classes else 0.0, duration)
    in_fibrillation = _episodes(rng, s.fibrillation, duration)
    rate = {k: r for k, r in (("S", s.s_rate), ("V", s.v_rate), ("F", s.f_rate)) if k in s.classes}
    time, kind, fibrillating = [-rng.uniform(0.1, 1.0)], ["N"], [bool(in_fibrillation[0])]
    coupling = 1.0
    while (t := time[-1]) < duration + 1:
        breath = s.sinus_arrhythmia * np.sin(2 * np.pi * s.respiration * t + phase[0])
        slow = s.drift * np.sin(2 * np.pi * t / 97.0 + phase[1])
        sinus = 60 / s.heart_rate * (1 + breath + slow + s.jitter * rng.standard_normal())
        second = int(np.clip(t, 0, duration))
        last, chaotic = kind[-1], bool(in_fibrillation[second])
        k = _next_kind(rng, last, rate, s.couplets, bigeminy=bool(in_bigeminy[second]))
        if chaotic and k in "SF":
            k = "N"  # no beat is premature if the atria have no rhythm
        before, coupling = coupling, 1.0
        if chaotic:
            step = rng.lognormal(-0.02, 0.2) * (0.7 if k == "V" else 1.0)
        elif k in "SV":
            step = coupling = rng.uniform(0.55, 0.72) if k == "V" else rng.uniform(0.58, 0.8)
        elif last == "V":
            step = 2.0 - before  # full pause: the sinus node was not reset
        elif last == "S":
            step = rng.uniform(1.0, 1.12)  # partial pause: it was
        else:
            step = 1.0
        time.append(t + max(_SHORTEST_RR, float(step * sinus)))
        kind.append(k)
        fibrillating.append(chaotic)
    return np.array(time), np.array(kind), np.array(fibrillating)


def _next_kind(
    rng: np.random.Generator, last: str, rate: dict[str, float], couplets: float, *, bigeminy: bool
) -> str:
    if last in "SV":
        return last if rng.random() < couplets else "N"
    if bigeminy:
        return "V"
    draw = rng.random()
    for kind, chance in rate.items():
        if draw < chance:
            return kind
        draw -= chance
    return "N"


def _episodes(rng: np.random.Generator, share: float, duration: float) -> NDArray[np.bool_]:
    """Draw whether each second is in an episode: 20 s long on average, `share` of the time."""
    n = int(duration) + 1
    slots = rng.random(n // 20 + 2) < share
    return np.repeat(slots, 20)[rng.integers(20) :][:n]


@dataclass(frozen=True, eq=False)
class _Waves:
    """Gaussian waves of one kind of beat: P, those of the QRS, T."""

    centre: Doubles  # s after the R-peak, shape (n_waves,)
    width: Doubles  # standard deviation in s, shape (n_waves,)
    amplitude: Doubles  # mV, shape (n_waves, leads)

    def aligned(self) -> _Waves:
        """Shift so that the largest QRS deflection of lead 0 is at 0."""
        t = np.arange(-0.2, 0.2, 0.0005)
        wave = np.exp(-0.5 * ((t[:, None] - self.centre[1:-1]) / self.width[1:-1]) ** 2)
        peak = t[np.argmax(np.abs(wave @ self.amplitude[1:-1, 0]))]
        return dataclasses.replace(self, centre=self.centre - peak)


def _shapes(rng: np.random.Generator, s: SyntheticSettings) -> dict[str, _Waves]:
    """Draw the amplitude of each wave of each class in each lead, which the settings leave open."""
    first = np.arange(s.leads) == 0
    u = rng.uniform
    height = s.amplitude * np.where(first, 1.0, u(0.4, 1.0, s.leads) * rng.choice((1, -1), s.leads))
    q, r, post = u(-0.15, 0.0, s.leads), np.ones(s.leads), u(-0.35, -0.05, s.leads)
    p, t = np.full(s.leads, s.p_amplitude), np.full(s.leads, s.t_amplitude)
    w, pr, qt = s.qrs_width, u(0.13, 0.19), u(0.28, 0.34)
    centre = np.array([-pr, -0.3 * w, 0.0, 0.3 * w, qt])
    width = np.array([0.022, 0.09 * w, 0.13 * w, 0.1 * w, 0.055])
    normal = _Waves(centre, width, np.stack([p, q, r, post, t]) * height).aligned()

    early = np.stack([u(-1.0, 0.3) * p, q, r, u(0.9, 1.1) * post, 0.9 * t]) * height
    early_centre = centre + np.array([u(0.0, 0.04), 0, 0, 0, -0.02])
    supraventricular = _Waves(early_centre, width, early).aligned()

    w = s.v_width
    main = s.amplitude * u(1.0, 1.7, s.leads) * rng.choice((1, -1), s.leads)
    notch, rebound, none = u(0.1, 0.5), u(-0.45, -0.1), np.zeros(s.leads)
    wide = np.stack([none, notch * main, main, rebound * main, u(-0.5, -0.25) * main])
    v_centre = np.array([-pr, -0.3 * w, 0.0, 0.38 * w, qt + 0.04])
    v_width = np.array([0.022, 0.13 * w, 0.17 * w, 0.14 * w, 0.07])
    ventricular = _Waves(v_centre, v_width, wide).aligned()

    # A fusion beat is between its two parents in width and in its amplitude in each lead.
    share = u(0.4, 0.6)
    mixed = [
        share * getattr(ventricular, key) + (1 - share) * getattr(normal, key)
        for key in ("centre", "width", "amplitude")
    ]
    mixed[2][0] = normal.amplitude[0]
    return {"N": normal, "S": supraventricular, "V": ventricular, "F": _Waves(*mixed).aligned()}


def _beats(
    rng: np.random.Generator,
    s: SyntheticSettings,
    n: int,
    sample: NDArray[np.int64],
    kind: NDArray[np.str_],
    fibrillating: NDArray[np.bool_],
) -> Doubles:
    """Add the waves of every beat to a signal; shape (n, leads)."""
    offset = np.arange(-round(_BEFORE * s.fs), round(_AFTER * s.fs) + 1)
    t = offset / s.fs
    breath = 0.05 * np.sin(2 * np.pi * s.respiration * sample / s.fs)
    gain = 1 + breath + 0.02 * rng.standard_normal(len(sample))
    rr = np.diff(sample, prepend=sample[0] - 60 / s.heart_rate * s.fs) / s.fs
    qt_factor = np.sqrt(np.clip(rr, 0.4, 1.5))  # Bazett: QT grows with the root of the RR interval
    margin = len(offset) + int(2.5 * s.fs)  # beats just outside reach into the signal
    signal = np.zeros((n + 2 * margin, s.leads))
    for name, waves in _shapes(rng, s).items():
        mine = kind == name
        if not mine.any():
            continue
        at = np.clip(sample[mine] + margin, -offset[0], len(signal) - offset[-1] - 1)
        where = at[:, None] + offset
        fixed = np.exp(-0.5 * ((t[:, None] - waves.centre[:-1]) / waves.width[:-1]) ** 2)
        late = waves.centre[-1] * qt_factor[mine]
        repolarisation = np.exp(-0.5 * ((t - late[:, None]) / waves.width[-1]) ** 2)
        for lead in range(s.leads):
            p, *qrs, after = waves.amplitude[:, lead]
            block = np.where(fibrillating[mine], 0.0, p)[:, None] * fixed[:, 0]
            block = block + fixed[:, 1:] @ np.array(qrs) + after * repolarisation
            np.add.at(signal[:, lead], where, gain[mine][:, None] * block)
    return signal[margin : margin + n]


def _fibrillatory_waves(
    rng: np.random.Generator,
    s: SyntheticSettings,
    n: int,
    sample: NDArray[np.int64],
    fibrillating: NDArray[np.bool_],
) -> Doubles:
    """Make the f-waves of 4 to 9 Hz that replace P-waves; shape (n, leads)."""
    if not fibrillating.any():
        return np.zeros((n, s.leads))
    last = np.clip(np.searchsorted(sample, np.arange(n), side="right") - 1, 0, None)
    level = 0.5 * s.p_amplitude * s.amplitude * fibrillating[last]
    return level[:, None] * _band(rng, n, s, 4.0, 9.0)


def _noise(rng: np.random.Generator, s: SyntheticSettings, n: int) -> Doubles:
    """Make the noise of every lead; shape (n, leads)."""
    t = np.arange(n)[:, None] / s.fs
    hum = 2 * np.pi * s.mains_frequency * t + rng.uniform(0, 2 * np.pi, s.leads)
    # The anti-aliasing filter of a converter removes hum above half of fs.
    mains = s.mains * np.sqrt(2) * np.sin(hum) * (s.mains_frequency < s.fs / 2)
    wander = s.wander * _band(rng, n, s, 0.05, 0.5)
    tension = np.exp(0.5 * _band(rng, n, s, 0.02, 0.2))
    muscle = s.muscle * tension * _band(rng, n, s, 20.0, 150.0)
    burst = _episodes(rng, 0.15, 4 * n / s.fs)[(4 * t[:, 0]).astype(np.int64)]  # 5 s each
    swell = np.clip(np.convolve(burst, np.hanning(round(s.fs) + 2), "same")[:n] * 2 / s.fs, 0, 1)
    motion = s.motion * swell[:, None] * _band(rng, n, s, 0.7, 8.0)
    noise: Doubles = mains + wander + muscle + motion
    return noise


def _band(
    rng: np.random.Generator, n: int, s: SyntheticSettings, low: float, high: float
) -> Doubles:
    """Gaussian noise between two frequencies in Hz, root mean square 1; shape (n, leads)."""
    size = max(n, round(60 * s.fs))  # long enough for the slowest band
    frequency = np.fft.rfftfreq(size, 1 / s.fs)
    keep = (frequency >= low) & (frequency <= min(high, 0.45 * s.fs))
    spectrum = np.zeros((len(frequency), s.leads), dtype=np.complex128)
    draw = rng.standard_normal((2, int(keep.sum()), s.leads))
    spectrum[keep] = draw[0] + 1j * draw[1]
    noise = np.fft.irfft(spectrum, size, axis=0)
    scaled: Doubles = noise[:n] / noise.std(axis=0)
    return scaled
