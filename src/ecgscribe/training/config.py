"""The settings of a training run: frozen dataclasses, read from TOML.

The values that a number may have stand in its type, as in ``Annotated[int, AT_LEAST_0]``; a number
without such a range must be above 0.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from ecgscribe.errors import ModelError
from ecgscribe.files import read_toml
from ecgscribe.formatting import did_you_mean
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture

__all__ = [
    "BeatTraining",
    "Imbalance",
    "RhythmTraining",
    "TrainingConfig",
    "TrunkTraining",
    "complete",
    "load_config",
    "synthetic_config",
]

RENAMED = {"passes": "epochs"}
"""Settings of earlier versions, with their names today."""


@dataclass(frozen=True)
class Range:
    """Values that a number may have: finite, from `low` to `high`, and 0 only if `zero`."""

    low: float = -math.inf
    high: float = math.inf
    zero: bool = True

    def __contains__(self, value: float) -> bool:
        inside = math.isfinite(value) and self.low <= value <= self.high
        return inside and (self.zero or value != 0)

    def __str__(self) -> str:
        if math.isfinite(self.high):
            return f"from {self.low:g} to {self.high:g}"
        if math.isfinite(self.low):
            return f"{self.low:g} or more" if self.zero or self.low else "more than 0"
        return "a number other than 0"


ABOVE_0 = Range(0, zero=False)
AT_LEAST_0 = Range(0)
AT_LEAST_1 = Range(1)
FROM_0_TO_1 = Range(0, 1)
NOT_0 = Range(zero=False)


@dataclass(frozen=True)
class Imbalance:
    """How training makes up for the small number of R-peak steps and of S, V and F beats.

    Parameters
    ----------
    peak : {"weighted", "none"}
        Whether steps near an R-peak have a larger weight in the R-peak loss.
    peak_weight : float
        That weight.
    sampling : {"balanced", "uniform"}
        Draw windows and beats by class and patient, or uniformly.
    beat_loss : {"weighted", "focal", "plain"}
        Class loss: weighted by the root of the inverse frequency of the class, focal (Lin et al.,
        ICCV 2017), or plain cross-entropy.
    augment : bool
        Augment each window; see `ecgscribe.training.augmentation`.
    """

    peak: Literal["weighted", "none"] = "weighted"
    peak_weight: float = 3.0
    sampling: Literal["balanced", "uniform"] = "balanced"
    beat_loss: Literal["weighted", "focal", "plain"] = "weighted"
    augment: bool = True


@dataclass(frozen=True)
class TrunkTraining:
    """Schedule of the trunk.

    Parameters
    ----------
    epochs : int
        Epochs, of `steps` batches each.
    steps : int
        Batches per epoch.
    batch : int
        Windows per batch.
    window_s : float
        Length of a window in seconds.
    learning_rate : float
        Highest learning rate of the schedule.
    peak_width : float
        Width of the R-peak target in seconds; see `ecgscribe.signal.windows.peak_targets`.
    class_weight : float
        Weight of the class loss relative to the R-peak loss.
    patience : int
        Epochs without a better result on held-out patients before training stops early.
    validate_every : int
        Epochs between two evaluations on held-out patients.
    rhythms : float
        Fraction of the windows drawn from records with another rhythm; see
        `ecgscribe.training.rhythm_augmentation`. Not used without augmentation.
    """

    epochs: int = 10
    steps: int = 100
    batch: int = 64
    window_s: Annotated[float, AT_LEAST_1] = 20.0
    learning_rate: float = 3e-3
    peak_width: Annotated[float, NOT_0] = 0.016
    class_weight: Annotated[float, AT_LEAST_0] = 0.5
    patience: int = 40
    validate_every: int = 5
    rhythms: Annotated[float, FROM_0_TO_1] = 0.4


@dataclass(frozen=True)
class BeatTraining:
    """Schedule of the beat head; see `TrunkTraining` for the names that both have.

    Parameters
    ----------
    window : int
        Beats per sequence.
    copies : int
        Augmented copies of each record that the head learns from, in addition to the record.
    rhythm_copies : int
        Copies with another rhythm, of the records that allow it.
    noisy_copies : int
        Copies with intermittent loud noise, used only to choose thresholds.
    lost_lead : float
        Fraction of the copies that have one lead.
    weak : float
        Fraction of the sequences drawn from recordings that are labelled as a whole, if there are
        any; see `ecgscribe.training.weak_labels`.
    weak_in_both : float
        Fraction of these recordings whose one lead stands in the place of the second, too.
    """

    epochs: int = 14
    steps: int = 50
    batch: int = 64
    window: int = 64
    learning_rate: float = 1e-3
    copies: Annotated[int, AT_LEAST_0] = 2
    rhythm_copies: Annotated[int, AT_LEAST_0] = 1
    noisy_copies: Annotated[int, AT_LEAST_0] = 1
    lost_lead: Annotated[float, FROM_0_TO_1] = 0.5
    weak: Annotated[float, FROM_0_TO_1] = 0.2
    weak_in_both: Annotated[float, FROM_0_TO_1] = 0.0


@dataclass(frozen=True)
class RhythmTraining:
    """Schedule of the rhythm network; see `TrunkTraining` for the names that both have.

    Parameters
    ----------
    databases : tuple of str
        Databases with rhythms to learn from; those that are not on disk are left out. Without
        ``vfdb`` and ``cudb`` there is no rhythm network.
    interval_epochs : int
        Epochs of the network over intervals.
    """

    databases: tuple[str, ...] = (
        "vfdb",
        "cudb",
        "mitdb",
        "svdb",
        "cinc2017",
        "afpdb",
        "aftdb",
    )
    epochs: int = 8
    interval_epochs: int = 9
    steps: int = 100
    batch: int = 32
    learning_rate: float = 3e-3


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a training run depends on, except the data.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    databases : tuple of str
        ``mitdb`` (its DS1 records) and ``svdb``.
    folds : int
        Groups of patients for cross-fitting: the five folds of the package, or fewer, merged.
    fold : int
        The one fold that ``classic`` holds out, for thresholds and early stopping. (It has no beat
        head, which would need outputs for all unseen patients.)
    limit : int
        Use only this many records of each fold; 0 for all of them.
    architecture : Architecture
    imbalance : Imbalance
    trunk : TrunkTraining
    beats : BeatTraining
    rhythm : RhythmTraining
        Not used by ``classic``.
    """

    seed: Annotated[int, AT_LEAST_0] = 1
    databases: tuple[str, ...] = ("mitdb", "svdb")
    folds: int = 5
    fold: Annotated[int, AT_LEAST_0] = 3
    limit: Annotated[int, AT_LEAST_0] = 0
    architecture: Architecture = field(default_factory=Architecture)
    imbalance: Imbalance = field(default_factory=Imbalance)
    trunk: TrunkTraining = field(default_factory=TrunkTraining)
    beats: BeatTraining = field(default_factory=BeatTraining)
    rhythm: RhythmTraining = field(default_factory=RhythmTraining)

    @property
    def is_classic(self) -> bool:
        """Whether the network is the small one without a beat head."""
        return self.architecture.preset == "classic"


def synthetic_config() -> TrainingConfig:
    """Return the settings that train a small model on synthetic recordings in a few minutes."""
    return TrainingConfig(
        databases=(),
        folds=2,
        trunk=TrunkTraining(
            epochs=4, steps=40, batch=32, window_s=10, learning_rate=4e-3, validate_every=2
        ),
        beats=BeatTraining(epochs=5, steps=25, copies=1),
    )


def complete(config: TrainingConfig) -> TrainingConfig:
    """Return the configuration with the sizes of the network that follow from other settings."""
    sizes = config.architecture
    if sizes.preset == "default":
        sizes = dataclasses.replace(sizes, n_facts=len(FEATURE_NAMES))
    else:
        sizes = dataclasses.replace(sizes, lstm_layers=1, n_facts=0)
    return dataclasses.replace(config, architecture=sizes)


def load_config(path: str | Path | None) -> TrainingConfig:
    """Read a configuration from a TOML file; settings that it leaves out keep their defaults.

    Parameters
    ----------
    path : str or Path, optional
        Without it, all settings have their defaults.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    ModelError
        If the file cannot be read, is not TOML, names a setting that does not exist, or sets one
        to a value that it cannot have.
    """
    if path is None:
        return TrainingConfig()
    path = Path(path)
    table = read_toml(path, error=ModelError)
    config: TrainingConfig = _from_table(TrainingConfig, table, path.name)
    return config


def _from_table(kind: type, table: dict[str, Any], where: str) -> Any:
    """Make a dataclass from a TOML table, or raise one clear line."""
    hints = typing.get_type_hints(kind, include_extras=True)
    defaults = {setting.name: setting.default for setting in dataclasses.fields(kind)}
    values = {}
    for key, value in table.items():
        if key not in hints:
            raise ModelError(
                f"{where}: expected a known setting, found {key!r}; {_hint(key, hints)}"
            )
        hint, allowed = hints[key], ABOVE_0
        if typing.get_origin(hint) is Annotated:
            hint, allowed = typing.get_args(hint)
        values[key] = _value(hint, key, value, where)
        # A default is always allowed, even the 0 of n_facts, which has no range of its own.
        if hint in (int, float) and value != defaults[key] and value not in allowed:
            raise ModelError(f"{where}: expected {key} to be {allowed}, found {value}; correct it")
    return kind(**values)


def _hint(key: str, known: dict[str, Any]) -> str:
    """Suggest what to do about a setting that does not exist."""
    if (renamed := RENAMED.get(key)) in known:
        return f"did you mean {renamed}?"
    return did_you_mean(key, known, otherwise=f"remove it or use {', '.join(known)}")


def _value(hint: Any, key: str, value: Any, where: str) -> Any:
    """Return a TOML value as the type of its setting, or raise one clear line."""
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ModelError(f"{where}: expected a table [{key}], found {value!r}; make it one")
        return _from_table(typing.cast(type, hint), value, f"{where} [{key}]")
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise ModelError(
                f"{where}: expected {key} to be one of {', '.join(typing.get_args(hint))}, "
                f"found {value!r}; choose one of those"
            )
        return value
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ModelError(
                f"{where}: expected {key} to be a list of names, found {value!r}; correct it"
            )
        return tuple(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ModelError(
            f"{where}: expected {key} to be {hint.__name__}, found {value!r}; correct it"
        )
    return value
