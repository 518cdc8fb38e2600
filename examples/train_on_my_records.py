"""Train a model on recordings of your own, with annotations of your own. Needs ecgscribe[train].

The functions used here are those of ``ecgscribe train``, which itself takes only mitdb and svdb.
They are not public yet and may change in any version.
"""

# %% Recordings with reference beats. Here they are synthetic; read your own with
# ecgscribe.read("my/100") and formats.read_annotation("my/100", "atr").
import dataclasses
from pathlib import Path

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import patient
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.network import Architecture
from ecgscribe.training.config import BeatTraining, TrainingConfig, TrunkTraining, complete
from ecgscribe.training.cross_fitting import cross_fit, fit_final
from ecgscribe.training.data import TrainingData
from ecgscribe.training.examples import make_example
from ecgscribe.training.export import export_model

recordings = {f"my/{k}": synthesize(patient(k), duration=40, seed=k) for k in range(4)}
examples = [make_example(name, *pair) for name, pair in recordings.items()]

# %% Folds of patients: all recordings of one person belong in one fold. Thresholds
# and calibration are chosen on patients that a network has not seen.
n_folds = 2
data = TrainingData(examples, [k % n_folds for k in range(len(examples))], noise=[], hashes={})

# %% Settings. These take a minute and learn next to nothing. The model in the package was trained
# with complete(TrainingConfig()), which takes an hour on 28 hours of signal.
config = complete(
    TrainingConfig(
        folds=n_folds,
        architecture=Architecture(lstm_units=8, lstm_layers=1, beat_features=8, beat_units=4),
        trunk=TrunkTraining(epochs=1, steps=4, batch=8, window_s=8),
        beats=BeatTraining(epochs=1, steps=4, batch=8, window=16, copies=1),
    )
)

# %% Train: one network per fold, on the other folds, and a final one on all.
run = Path("run")
run.mkdir()
fitted = cross_fit(data, config, run, print)
print({name: round(value, 3) for name, value in fitted.metrics.items()}, "on unseen patients")
network = fit_final(data, fitted.tables, config, run, print)

# %% Write it, with what it is and what it has seen, so that nobody evaluates it on these people.
about = {
    "name": "mine", "thresholds": fitted.thresholds.to_json(beat_head=True),
    "calibration": fitted.calibration.to_json(),
    "facts": list(FEATURE_NAMES), "split": {"training": list(recordings), "held_out": []},
    "config": dataclasses.asdict(config),
}  # fmt: skip
model = export_model(network, config.architecture, about, run, "model")
record, _ = synthesize(duration=20, seed=99)
print(model.hash[:12], len(ecgscribe.annotate(record, model="run/model.json").beats()), "beats")
