"""The settings of a training: what a TOML file may set, and the line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe.errors import ModelError
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture
from ecgscribe.training.config import TrainingConfig, complete, load_config, synthetic_config

EXPERIMENTS = sorted((Path(__file__).resolve().parents[2] / "experiments").glob("*.toml"))


def _write(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def test_without_a_file_come_the_defaults() -> None:
    assert load_config(None) == TrainingConfig()


def test_settings_that_are_absent_keep_their_defaults(tmp_path: Path) -> None:
    text = 'databases = ["mitdb"]\n[trunk]\nwindow_s = 10\n[imbalance]\naugment = false\n'
    config = load_config(str(_write(tmp_path, text)))
    assert config.databases == ("mitdb",)
    assert config.trunk.window_s == 10.0
    assert isinstance(config.trunk.window_s, float)
    assert not config.imbalance.augment
    assert config.trunk.epochs == TrainingConfig().trunk.epochs
    assert config.beats == TrainingConfig().beats


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.name)
def test_every_experiment_loads(path: Path) -> None:
    assert load_config(path).fold == TrainingConfig().fold


def test_experiments_are_there() -> None:
    assert {"classic.toml", "default.toml"} <= {path.name for path in EXPERIMENTS}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sede = 1", "run.toml: expected a known setting, found 'sede'; did you mean seed?"),
        ("[trunk]\nepoch = 1", "run.toml [trunk]: expected a known setting, found 'epoch'; did"),
        ("[trunk]\npases = 1", "run.toml [trunk]: expected a known setting, found 'pases'; "),
        ("[trunk]\npasses = 1", "[trunk]: expected a known setting, found 'passes'; did you mean"),
        ("[beats]\npasses = 1", "known setting, found 'passes'; did you mean epochs?"),
        ("passes = 1", "expected a known setting, found 'passes'; remove it or use seed, "),
        ("zzz = 1", "run.toml: expected a known setting, found 'zzz'; remove it or use seed, "),
        ("trunk = 3", "run.toml: expected a table [trunk], found 3; make it one"),
        ("seed = 1.5", "run.toml: expected seed to be int, found 1.5; correct it"),
        ("seed = true", "run.toml: expected seed to be int, found True; correct it"),
        ("[trunk]\nwindow_s = 'x'", "run.toml [trunk]: expected window_s to be float, found 'x'"),
        ("[imbalance]\naugment = 1", "expected augment to be bool, found 1; correct it"),
        ("databases = 'mitdb'", "expected databases to be a list of names, found 'mitdb'"),
        ("databases = [1]", "expected databases to be a list of names, found [1]; correct it"),
        ("[architecture]\npreset = 'big'", "expected preset to be one of default, classic, found"),
        ("[imbalance]\npeak = 3", "expected peak to be one of weighted, none, found 3; choose"),
        ("[trunk]\nepochs = 0", "expected epochs to be more than 0, found 0; correct it"),
        ("[trunk]\nlearning_rate = nan", "expected learning_rate to be more than 0, found nan"),
        ("[trunk]\nlearning_rate = inf", "expected learning_rate to be more than 0, found inf"),
        ("[trunk]\nwindow_s = 0.1", "expected window_s to be 1 or more, found 0.1; correct it"),
        ("[trunk]\npeak_width = 0", "expected peak_width to be a number other than 0, found 0"),
        ("[trunk]\nrhythms = 1.2", "expected rhythms to be from 0 to 1, found 1.2; correct it"),
        ("seed = -1", "expected seed to be 0 or more, found -1; correct it"),
        ("seed =", "run.toml: expected TOML, found: "),
    ],
)
def test_each_mistake_has_its_line(text: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_config(_write(tmp_path, text))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_that_cannot_be_read_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.toml: expected a TOML file, found none; check"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ModelError, match="expected a regular file, found a folder"):
        load_config(tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes(b'x = "\xe9"')
    with pytest.raises(ModelError, match=r"latin\.toml: expected TOML, found: "):
        load_config(path)


def test_zero_is_a_number_where_it_means_none(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, "seed = 0\nlimit = 0\n[beats]\ncopies = 0\n"))
    assert (config.seed, config.limit, config.beats.copies) == (0, 0, 0)


def test_default_is_allowed_even_outside_its_range(tmp_path: Path) -> None:
    text = "[architecture]\nn_facts = {}\n"
    assert load_config(_write(tmp_path, text.format(0))).architecture == Architecture()
    with pytest.raises(ModelError, match="expected n_facts to be more than 0, found -1"):
        load_config(_write(tmp_path, text.format(-1)))


def test_sizes_that_follow_from_other_settings() -> None:
    assert complete(TrainingConfig()).architecture == Architecture(n_facts=len(FEATURE_NAMES))
    classic = TrainingConfig(architecture=Architecture(preset="classic", lstm_units=20))
    assert complete(classic).architecture == Architecture(
        preset="classic", lstm_units=20, lstm_layers=1
    )
    assert complete(complete(classic)) == complete(classic)


def test_synthetic_training_needs_no_database() -> None:
    assert synthetic_config().databases == ()
