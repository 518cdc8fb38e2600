"""From a network's outputs to decisions: probabilities, their calibration, thresholds, classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.symbols import AAMI_CLASSES, NO_BEAT

__all__ = [
    "Calibration",
    "Floats",
    "Thresholds",
    "calibrate",
    "decide",
    "softmax",
    "split_no_beat",
]


Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The values from which a model decides, chosen on patients that its training held out.

    `from_json` checks them once, when a model is loaded.
    """

    peak: float = 0.5
    """Least score of an R-peak candidate."""
    beat: float = 0.0
    """Least probability of a beat that a candidate needs to be one."""
    beat_in_noise: float = 0.0
    """The same in seconds that are noise."""
    abnormal: float = 0.5
    """Least 1 - P(N) of an abnormal beat."""
    weight: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    """Factors of P(S), P(V), P(F) and P(Q) when the class of an abnormal beat is chosen."""
    least: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    """Least P(S), P(V), P(F) and P(Q) of a beat of that class; below, it is N."""
    noise: float = 0.8
    """Signal quality index below which a second is noise. ``benchmarks/README.md`` holds the table
    from which the default was chosen."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any], *, beat_head: bool) -> Thresholds:
        """Read the ``thresholds`` of a model file.

        Parameters
        ----------
        content : mapping
            ``weight`` and ``least`` are mappings from S, V, F and Q. ``noise`` may be missing, and
            ``beat_in_noise``, which is then ``beat``, and ``least``, which is then 0.
        beat_head : bool
            Whether the model has a beat head; without one, it has neither ``beat`` nor
            ``beat_in_noise``, and every candidate is a beat.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a number is missing or not finite.
        """
        beat = _number(content, "beat") if beat_head else 0.0
        in_noise = _number(content, "beat_in_noise", default=beat) if beat_head else 0.0
        return cls(
            peak=_number(content, "peak"),
            beat=beat,
            beat_in_noise=in_noise,
            abnormal=_number(content, "abnormal"),
            weight=tuple(_number(content["weight"], name) for name in AAMI_CLASSES[1:]),
            least=tuple(
                _number(content.get("least", {}), name, default=0.0) for name in AAMI_CLASSES[1:]
            ),
            noise=_number(content, "noise", default=cls.noise),
        )

    def to_json(self, *, beat_head: bool) -> dict[str, Any]:
        """Return the ``thresholds`` of a model file: what `from_json` needs to read these."""
        content = asdict(self)
        for name in ("weight", "least"):
            content[name] = dict(zip(AAMI_CLASSES[1:], content[name], strict=True))
        left_out = set() if beat_head else {"beat", "beat_in_noise"}
        usual = type(self)()
        left_out |= {name for name in ("least", "noise") if vars(self)[name] == vars(usual)[name]}
        return {name: value for name, value in content.items() if name not in left_out}


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Temperature scaling with a prior per class; the default changes nothing.

    Fitted on patients that the training held out, as by Guo et al., ICML 2017. `from_json` checks
    it once, when a model is loaded.
    """

    temperature: float = 1.0
    """Divisor of the logarithms of the probabilities."""
    bias: tuple[float, ...] = (0.0,) * len(AAMI_CLASSES)
    """What is added to them, one value per class."""

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Calibration:
        """Read the ``calibration`` of a model file.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a number is missing or not finite, or the temperature is not positive.
        """
        temperature = _number(content, "temperature")
        if temperature <= 0:
            raise ValueError(f"temperature: expected a positive number, found {temperature:g}")
        bias = dict(enumerate(content["bias"]))
        if len(bias) != len(AAMI_CLASSES):
            raise ValueError(f"bias: expected {len(AAMI_CLASSES)} numbers, found {len(bias)}")
        return cls(temperature=temperature, bias=tuple(_number(bias, k) for k in bias))

    def to_json(self) -> dict[str, Any]:
        """Return the ``calibration`` of a model file."""
        return {"temperature": self.temperature, "bias": list(self.bias)}


def _number(content: Mapping[Any, Any], key: str | int, *, default: float | None = None) -> float:
    value = content[key] if default is None else content.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{key}: expected a finite number, found {value!r}")
    return float(value)


def softmax(logits: NDArray[np.floating[Any]]) -> Floats:
    """Turn logits, shape (..., classes), into probabilities."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float32)


def split_no_beat(probability: Floats) -> tuple[Floats, Floats]:
    """Split the output of the beat head into the class, if there is a beat, and whether there is.

    Parameters
    ----------
    probability : ndarray of float32, shape (..., 6)

    Returns
    -------
    class_probability : ndarray of float32, shape (..., 5)
    beat_probability : ndarray of float32, shape (...)
    """
    beat_probability = np.maximum(1 - probability[..., NO_BEAT], np.float32(1e-9))
    class_probability = probability[..., :NO_BEAT] / beat_probability[..., None]
    return class_probability.astype(np.float32), beat_probability.astype(np.float32)


def calibrate(probability: Floats, calibration: Calibration) -> Floats:
    """Correct class probabilities for the balance of classes that the training drew.

    Parameters
    ----------
    probability : ndarray of float32, shape (..., 5)
        As the network returns it.
    calibration : Calibration

    Returns
    -------
    ndarray of float32, shape (..., 5)
    """
    logits = np.log(np.maximum(probability, 1e-9)) / calibration.temperature
    return softmax(logits + np.asarray(calibration.bias))


def decide(probability: Floats, thresholds: Thresholds) -> NDArray[np.int8]:
    """Choose the class of each beat.

    A beat is abnormal if 1 - P(N) reaches `Thresholds.abnormal`; its class is then the one of S,
    V, F and Q whose probability times `Thresholds.weight` is greatest, if that probability reaches
    `Thresholds.least`.

    Parameters
    ----------
    probability : ndarray of float32, shape (n_beats, 5)
        Calibrated.
    thresholds : Thresholds

    Returns
    -------
    ndarray of int8, shape (n_beats,)
        Index into `ecgscribe.symbols.AAMI_CLASSES`.
    """
    ectopic = np.argmax(probability[:, 1:] * np.asarray(thresholds.weight), axis=1)
    abnormal = 1 - probability[:, 0] >= thresholds.abnormal
    sure = (
        probability[np.arange(len(ectopic)), 1 + ectopic] >= np.asarray(thresholds.least)[ectopic]
    )
    return np.where(abnormal & sure, 1 + ectopic, 0).astype(np.int8)
