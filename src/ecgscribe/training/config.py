"""What a training run is told: one frozen dataclass, read from TOML."""

from __future__ import annotations

import dataclasses
import math
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from ecgscribe.errors import ModelError
from ecgscribe.formatting import did_you_mean
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture

__all__ = [
    "BeatTraining",
    "Imbalance",
    "TrainingConfig",
    "TrunkTraining",
    "complete",
    "load_config",
    "synthetic_config",
]


Number = TypeVar("Number", int, float)


LEAST = {
    **dict.fromkeys(
        (
            "seed",
            "fold",
            "limit",
            "n_facts",
            "copies",
            "rhythm_copies",
            "noisy_copies",
            "class_weight",
        ),
        0,
    ),
    "window_s": 1,
}
"""Least values of the numbers that are not just positive."""


@dataclass(frozen=True)
class Imbalance:
    """How the rare is made to count.

    Parameters
    ----------
    peak : {"weighted", "none"}
        Weight of the steps near an R-peak in the sigmoid's loss.
    peak_weight : float
        That weight.
    sampling : {"balanced", "uniform"}
        Windows and beats drawn by class and patient, or as they come.
    beat_loss : {"weighted", "focal", "plain"}
        Loss of the class: weighted by the root of the inverse frequency, focal (Lin et al., ICCV
        2017), or plain cross-entropy.
    augment : bool
        Change each window as `ecgscribe.training.augmentation` does.
    """

    peak: Literal["weighted", "none"] = "weighted"
    peak_weight: float = 3.0
    sampling: Literal["balanced", "uniform"] = "balanced"
    beat_loss: Literal["weighted", "focal", "plain"] = "weighted"
    augment: bool = True


@dataclass(frozen=True)
class TrunkTraining:
    """Schedule of the trunk: `passes` of `steps` batches each.

    Parameters
    ----------
    window_s : float
        Seconds of a window.
    peak_width : float
        Width of the R-peak target in seconds; see `ecgscribe.signal.windows.peak_targets`.
    class_weight : float
        Weight of the class loss beside the R-peak loss.
    patience : int
        Passes without a better held-out figure before training stops early.
    validate_every : int
        Passes between two looks at the held-out patients.
    rhythms : float
        Part of the windows that is drawn from records with another rhythm; see
        `ecgscribe.training.rhythm_augmentation`. None without augmentation.
    """

    passes: int = 10
    steps: int = 100
    batch: int = 64
    window_s: float = 20.0
    learning_rate: float = 3e-3
    peak_width: float = 0.016
    class_weight: float = 0.5
    patience: int = 40
    validate_every: int = 5
    rhythms: float = 0.4


@dataclass(frozen=True)
class BeatTraining:
    """Schedule of the beat head; see `TrunkTraining` for the common names.

    Parameters
    ----------
    window : int
        Beats of a sequence.
    copies : int
        Copies of every record that the head learns from beside the unchanged one, with leads and
        stretches changed.
    rhythm_copies : int
        Copies with another rhythm, of the records that allow it.
    noisy_copies : int
        Copies in loud noise that comes and goes, to choose thresholds by.
    """

    passes: int = 14
    steps: int = 50
    batch: int = 64
    window: int = 64
    learning_rate: float = 1e-3
    copies: int = 2
    rhythm_copies: int = 1
    noisy_copies: int = 1


@dataclass(frozen=True)
class TrainingConfig:
    """Everything a run depends on, the data apart.

    Parameters
    ----------
    databases : tuple of str
        ``mitdb`` (its DS1 records) and ``svdb``.
    folds : int
        Groups of patients for cross-fitting: the five folds of the package, or fewer, merged.
    fold : int
        ``classic``, which has no second stage that must learn from unseen patients, holds out
        this fold alone, for thresholds and early stopping.
    limit : int
        Use only so many records of each fold; 0 for all of them.
    """

    seed: int = 1
    databases: tuple[str, ...] = ("mitdb", "svdb")
    folds: int = 5
    fold: int = 3
    limit: int = 0
    architecture: Architecture = field(default_factory=Architecture)
    imbalance: Imbalance = field(default_factory=Imbalance)
    trunk: TrunkTraining = field(default_factory=TrunkTraining)
    beats: BeatTraining = field(default_factory=BeatTraining)

    @property
    def is_classic(self) -> bool:
        """Whether the network is the small one without a head over beats."""
        return self.architecture.preset == "classic"


def synthetic_config() -> TrainingConfig:
    """Give the settings that train a small model on generated recordings in a few minutes."""
    return TrainingConfig(
        databases=(),
        folds=2,
        trunk=TrunkTraining(
            passes=4, steps=40, batch=32, window_s=10, learning_rate=4e-3, validate_every=2
        ),
        beats=BeatTraining(passes=5, steps=25, copies=1),
    )


def complete(config: TrainingConfig) -> TrainingConfig:
    """Set the sizes of the network that follow from others."""
    sizes = config.architecture
    if sizes.preset == "default":
        sizes = dataclasses.replace(sizes, n_facts=len(FEATURE_NAMES))
    else:
        sizes = dataclasses.replace(sizes, lstm_layers=1, n_facts=0)
    return dataclasses.replace(config, architecture=sizes)


def _fill(kind: type, table: dict[str, Any], where: str) -> Any:
    """Make a dataclass from a TOML table, with a clear line for what does not fit."""
    hints = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in hints:
            hint = did_you_mean(key, hints, otherwise=f"remove it or use {', '.join(hints)}")
            raise ModelError(f"{where}: expected a known setting, found {key!r}; {hint}")
        hint_type = hints[key]
        if dataclasses.is_dataclass(hint_type):
            if not isinstance(value, dict):
                raise ModelError(f"{where}: expected a table [{key}], found {value!r}; make it one")
            values[key] = _fill(typing.cast(type, hint_type), value, f"{where} [{key}]")
        elif typing.get_origin(hint_type) is Literal:
            if value not in typing.get_args(hint_type):
                options = ", ".join(map(str, typing.get_args(hint_type)))
                raise ModelError(
                    f"{where}: expected {key} to be one of {options}, found {value!r}; "
                    "choose one of those"
                )
            values[key] = value
        elif typing.get_origin(hint_type) is tuple:
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise ModelError(
                    f"{where}: expected {key} to be a list of names, found {value!r}; correct it"
                )
            values[key] = tuple(value)
        elif hint_type is float and type(value) in (int, float):
            values[key] = _checked(key, float(value), where)
        elif hint_type is int and type(value) is int:
            values[key] = _checked(key, value, where)
        elif hint_type is bool and type(value) is bool:
            values[key] = value
        else:
            raise ModelError(
                f"{where}: expected {key} to be {hint_type.__name__}, found {value!r}; correct it"
            )
    return kind(**values)


def _checked(key: str, value: Number, where: str) -> Number:
    """Give back a number that is in the range of its setting."""
    if key == "peak_width":
        fits, expected = value != 0, "a width other than 0"
    elif key == "rhythms":
        fits, expected = 0 <= value <= 1, "from 0 to 1"
    elif key in LEAST:
        fits, expected = value >= LEAST[key], f"{LEAST[key]} or more"
    else:
        fits, expected = value > 0, "more than 0"
    if not fits or not math.isfinite(value):
        raise ModelError(f"{where}: expected {key} to be {expected}, found {value}; correct it")
    return value


def load_config(path: str | Path | None) -> TrainingConfig:
    """Read a configuration from a TOML file; absent settings keep their defaults.

    Parameters
    ----------
    path : str or Path, optional
        Without it, the defaults.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    ModelError
        If the file cannot be read, is not TOML, names a setting that does not exist or gives one
        a value that it cannot have.
    """
    if path is None:
        return TrainingConfig()
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: expected a TOML file, found none; check the name") from error
    except OSError as error:
        raise ModelError(
            f"{path}: expected a TOML file, the system refused ({error.strerror}); check the name"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: expected TOML, found: {error}; correct the file") from error
    config: TrainingConfig = _fill(TrainingConfig, table, path.name)
    return config
