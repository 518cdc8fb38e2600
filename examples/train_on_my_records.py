"""Train a model on recordings of your own, with annotations of your own. Needs ecgscribe[train].

The parts used here are those of ``ecgscribe train``, which itself takes only mitdb and svdb. They
are not the public interface yet and may change with a version.
"""

# %% Recordings with reference beats, and whose they are. Here they are synthetic; read your
# own: ecgscribe.read("my/100"), formats.read_annotation("my/100", "atr").
import dataclasses
from pathlib import Path

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import patient
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture
from ecgscribe.training.config import BeatTraining, TrainingConfig, TrunkTraining, complete
from ecgscribe.training.cross_fitting import cross_fit, fit_whole
from ecgscribe.training.data import TrainingData
from ecgscribe.training.examples import make_example
from ecgscribe.training.export import export_model

recordings = {f"my/{k}": synthesize(patient(k), duration=40, seed=k) for k in range(4)}
examples = [make_example(name, *pair) for name, pair in recordings.items()]

# %% Folds of patients: all recordings of one person belong in one fold. What is chosen (thresholds,
# calibration) is chosen on patients that a network has not seen.
n_folds = 2
data = TrainingData(examples, [k % n_folds for k in range(len(examples))], noise=[], hashes={})

# %% Settings. These take a minute and teach next to nothing; complete(TrainingConfig()) is what the
# model in the package was trained with, in an hour on 28 hours of signal.
config = complete(
    TrainingConfig(
        folds=n_folds,
        architecture=Architecture(lstm_units=8, lstm_layers=1, beat_features=8, beat_units=4),
        trunk=TrunkTraining(passes=1, steps=4, batch=8, window_s=8),
        beats=BeatTraining(passes=1, steps=4, batch=8, window=16, copies=1),
    )
)

# %% Train: a network for each fold, on the others, and one on all.
run = Path("run")
run.mkdir()
found = cross_fit(data, config, run, print)
print({name: round(value, 3) for name, value in found.figures.items()}, "on unseen patients")
network = fit_whole(data, found.tables, config, run, print)

# %% Write it. Say what it is, and what it has seen, so that nobody measures it on the same people.
about = {
    "name": "mine", "thresholds": found.thresholds.to_json(beat_head=True),
    "calibration": found.calibration.to_json(),
    "facts": list(FEATURE_NAMES), "split": {"training": list(recordings), "held_out": []},
    "config": dataclasses.asdict(config),
}  # fmt: skip
model = export_model(network, config.architecture, about, run, "model")
record, _ = synthesize(duration=20, seed=99)
print(model.hash[:12], len(ecgscribe.annotate(record, model="run/model.json").beats()), "beats")
