"""Scores of a signal, from ONNX Runtime or from Keras: the same windows, the same numbers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import ModelError
from ecgscribe.files import file_hash
from ecgscribe.model.scoring import Scores, TrunkScores, score_beats, score_signal, score_windows
from ecgscribe.signal.windows import STEPS_PER_FRAME, Grid
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["MODELS", "Model", "load_model"]

Floats = NDArray[np.float32]
MODELS = Path(__file__).parent / "weights"


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Blocks of a recording are scored side by side, which is faster than threads within one.
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise ModelError(
            f"{path}: expected a network in ONNX form, found something else "
            f"({' '.join(str(error).split())[:80]}); install or copy the model again"
        ) from error


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network in ONNX form, with what it was trained on and how it decides.

    Parameters
    ----------
    path : Path
        The JSON file that names the weight files and their hashes.
    meta : dict
        Its content.
    """

    path: Path
    meta: dict[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 over all that decides: the ONNX files' hashes, thresholds and calibration."""
        files = self.meta["files"]
        deciding = {
            "sha256": [files[part]["sha256"] for part in sorted(files) if part != "weights"],
            "thresholds": self.meta["thresholds"],
            "calibration": self.meta["calibration"],
        }
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()

    def weight_file(self, part: str) -> Path:
        """Give the path of one file of the model, after its hash was found right.

        Raises
        ------
        ModelError
            If the file is absent or was altered.
        """
        entry = self.meta["files"][part]
        path = self.path.parent / Path(entry["name"]).name
        if not path.is_file():
            raise ModelError(
                f"{self.path.name}: expected the file {path.name} beside it, found none; "
                "install or copy the model again"
            )
        found = file_hash(path)
        if found != entry["sha256"]:
            raise ModelError(
                f"{path.name}: expected SHA-256 {entry['sha256'][:12]}…, found {found[:12]}…; "
                "the file was altered: install or copy the model again"
            )
        return path

    @cached_property
    def _trunk(self) -> Any:
        return _session(self.weight_file("trunk"))

    @cached_property
    def _beat_head(self) -> Any:
        return _session(self.weight_file("beat_head"))

    @property
    def has_beat_head(self) -> bool:
        """Whether the class comes from a head over beats (``classic`` has none)."""
        return "beat_head" in self.meta["files"]

    @property
    def frame(self) -> int:
        """Steps that one frame of the trunk spans."""
        return STEPS_PER_FRAME if self.has_beat_head else 1

    def predict_trunk(self, windows: Floats) -> TrunkScores:
        """Score windows as they are, shape (n, n_steps, 2), n_steps a multiple of `frame`.

        Returns
        -------
        peak : ndarray of float32, shape (n, n_steps, 1)
        frame_class : ndarray of float32, shape (n, n_steps / frame, 5)
        """
        peak, frame_class = self._trunk.run(["peak", "frame_class"], {"signal": windows})
        return peak, frame_class

    def score_signal(self, signal: Floats) -> Scores:
        """Score a conditioned signal, shape (n_steps, 2); see `score_signal`."""
        return score_signal(self.predict_trunk, signal, frame=self.frame)

    def score_windows(
        self, signal: Floats, grid: Grid, first: int, last: int, *, begin: int
    ) -> Scores:
        """Score some windows of a conditioned signal; see `score_windows`."""
        return score_windows(
            self.predict_trunk, signal, grid, first, last, begin=begin, frame=self.frame
        )

    def predict_beats(self, logit_features: Floats, features: Floats) -> Floats:
        """Give class probabilities of runs of beats as they are, shape (n, n_beats, 6)."""
        inputs = {"class_facts": logit_features, "facts": features}
        return np.asarray(self._beat_head.run(["probability"], inputs)[0])

    def score_beats(
        self, logit_features: Floats, features: Floats, *, first: int = 0, last: int | None = None
    ) -> Floats:
        """Give class probabilities, shape (n_beats, 6); see `score_beats`."""
        return score_beats(self.predict_beats, logit_features, features, first=first, last=last)


def load_model(model: str | Path = "default") -> Model:
    """Load a model by the name of one in the package, or by the path of its JSON file.

    Parameters
    ----------
    model : str or Path
        ``"default"``, or a path such as ``run/model.json``.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If there is no such model, or one of its files was altered.
    """
    path = Path(model)
    if str(model).isidentifier() and (MODELS / f"{model}.json").is_file():
        path = MODELS / f"{model}.json"
    if path.is_dir():
        path = path / "model.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in MODELS.glob("*.json")))
        raise ModelError(
            f"expected a model in the package ({known}) or the path of its JSON file, "
            f"found {model}; name one of those"
        )
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
        loaded = Model(path, meta)
        for part in sorted({"trunk", *meta["files"]} - {"weights"}):
            loaded.weight_file(part)
        _check_decisions(meta)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ModelError(
            f"{path}: expected a model description in JSON, found something else "
            f"({type(error).__name__}: {error}); install or copy the model again"
        ) from error
    return loaded


def _check_decisions(meta: dict[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError where a number that decides is absent."""
    thresholds, calibration = meta["thresholds"], meta["calibration"]
    numbers = [thresholds["peak"], thresholds["abnormal"], calibration["temperature"]]
    numbers += [thresholds["weight"][c] for c in AAMI_CLASSES[1:]]
    if "beat_head" in meta["files"]:
        numbers += [thresholds["beat"], thresholds.get("beat_in_noise", thresholds["beat"])]
    numbers += calibration["bias"]
    if len(calibration["bias"]) != len(AAMI_CLASSES) or not np.isfinite(numbers).all():
        raise ValueError("thresholds or calibration are incomplete")
