"""Load a trained model: check its files, and parse what it decides by."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ecgscribe.errors import ModelError
from ecgscribe.files import check_regular, file_hash
from ecgscribe.model.beat_head import BeatHead, IdentityHead, NetworkHead
from ecgscribe.model.decision import Calibration, Thresholds
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.onnx_networks import OnnxNetwork, OnnxRhythm
from ecgscribe.model.rhythm import RhythmNetwork
from ecgscribe.model.scoring import Network
from ecgscribe.model.sessions import loading

__all__ = ["MODELS", "RHYTHM_PARTS", "Model", "load_model"]


logger = logging.getLogger(__name__)
MODELS = Path(__file__).parent / "weights"
RHYTHM_PARTS = ("rhythm_lead", "rhythm_head", "rhythm_intervals")
"""Files of the rhythm networks: a model has all or none."""


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network, with what it was trained on and how it decides.

    Parameters
    ----------
    path : Path
        The JSON file that names the weight files and their hashes.
    meta : dict
        Its content.
    thresholds : Thresholds
    calibration : Calibration
    network : Network
    rhythm : RhythmNetwork, optional
        What recognises rhythms; a model may lack it, and then annotates beats alone.
    """

    path: Path
    meta: dict[str, Any]
    thresholds: Thresholds
    calibration: Calibration
    network: Network
    rhythm: RhythmNetwork | None = None

    def __repr__(self) -> str:
        return f"<Model {self.meta['name']!r}, {self.hash[:12]}>"

    @classmethod
    def from_meta(cls, path: Path, meta: dict[str, Any]) -> Model:
        """Make the model that the content of a JSON file describes.

        Raises
        ------
        ModelError
            If a weight file is missing or was altered, or the model was trained on features that
            this version does not compute.
        AttributeError, KeyError, TypeError, ValueError
            If the content is incomplete.
        """
        beat_head = "beat_head" in meta["files"]
        parts = ("trunk", "beat_head") if beat_head else ("trunk",)
        if beat_head:
            _check_feature_names(path, meta["facts"])
        found = [part for part in RHYTHM_PARTS if part in meta["files"]]
        if found and len(found) < len(RHYTHM_PARTS):
            missing = next(part for part in RHYTHM_PARTS if part not in found)
            raise ModelError(
                f"{path.name}: expected the rhythm networks of this version, found no {missing}; "
                "use the version of ecgscribe that trained the model, or train it again"
            )
        rhythm = [_weight_file(path, meta, part) for part in found]
        return cls(
            path,
            meta,
            Thresholds.from_json(meta["thresholds"], beat_head=beat_head),
            Calibration.from_json(meta["calibration"]),
            OnnxNetwork(*(_weight_file(path, meta, part) for part in parts)),
            OnnxRhythm(*rhythm) if rhythm else None,
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle a model as its name and hash; one that was changed since it was loaded, whole."""
        name = self.path.stem if self.path.parent == MODELS else self.path.absolute()
        with suppress(ModelError):
            if load_model(name) is self:
                return _of_hash, (name, self.hash)
        return object.__reduce__(self)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the model: its description, and those next to it."""
        names = (Path(each["name"]).name for each in self.meta["files"].values())
        return self.path, *(self.path.parent / name for name in names)

    @property
    def hash(self) -> str:
        """SHA-256 over all in the file that decides: ONNX files, thresholds and calibration."""
        files = self.meta["files"]
        deciding = {
            "sha256": [files[part]["sha256"] for part in sorted(files) if part != "weights"],
            "thresholds": self.meta["thresholds"],
            "calibration": self.meta["calibration"],
        }
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()

    @property
    def has_beat_head(self) -> bool:
        """Whether the network has a head over beats (``classic`` has none)."""
        return "beat_head" in self.meta["files"]

    @cached_property
    def head(self) -> BeatHead:
        """What classifies R-peak candidates."""
        if self.has_beat_head:
            return NetworkHead(self.network, self.calibration)
        return IdentityHead(self.calibration)

    def weight_file(self, part: str) -> Path:
        """Return the path of one file of the model: trunk, beat_head, rhythm_lead, … or weights.

        Raises
        ------
        ModelError
            If the file is missing or was altered.
        """
        return _weight_file(self.path, self.meta, part)


def _weight_file(path: Path, meta: Mapping[str, Any], part: str) -> Path:
    """Return the path of one file of a model after checking its hash."""
    entry = meta["files"][part]
    file = path.parent / Path(entry["name"]).name
    if not file.is_file():
        raise ModelError(
            f"{path.name}: expected the file {file.name} next to it, found none; "
            "install or copy the model again"
        )
    sha256 = file_hash(file)
    if sha256 != entry["sha256"]:
        raise ModelError(
            f"{file.name}: expected SHA-256 {entry['sha256'][:12]}…, found {sha256[:12]}…; "
            "the file was altered: install or copy the model again"
        )
    return file


def _check_feature_names(path: Path, names: list[str]) -> None:
    """Check that a model was trained on the features that this version computes."""
    if list(names) == list(FEATURE_NAMES):
        return
    unknown = [name for name in names if name not in FEATURE_NAMES]
    missing = [name for name in FEATURE_NAMES if name not in names]
    difference = [f"unknown: {name}" for name in unknown[:1]]
    difference += [f"missing: {name}" for name in missing[:1]]
    raise ModelError(
        f"{path.name}: expected the {len(FEATURE_NAMES)} beat features of this version, found "
        f"{len(names)} others ({', '.join(difference) or 'in another order'}); "
        "use the version of ecgscribe that trained the model, or train it again"
    )


def load_model(model: Model | str | Path | None = None) -> Model:
    """Load a model by the name of one in the package, or by the path of its JSON file.

    Parameters
    ----------
    model : str, Path or Model, optional
        ``"default"``, which is used where none is given, or a path such as ``run/model.json``. A
        model that is loaded is returned as it is.

    Returns
    -------
    Model
        The same object while its files stay the same. Threads can share it; it is pickled as its
        name and hash.

    Raises
    ------
    ModelError
        If there is no such model, one of its files was altered, its description is incomplete, or
        it was trained on features that this version does not compute.
    """
    if isinstance(model, Model):
        return model
    path = _find_model("default" if model is None else model)
    if path.suffix == ".h5":
        raise ModelError(
            f"{path}: expected the JSON file that describes a model, found its weights; name the "
            ".json next to them"
        )
    try:
        text = path.read_text(encoding="utf-8")
        meta = json.loads(text)
        files = [path.parent / Path(each["name"]).name for each in meta["files"].values()]
        state = tuple(
            (file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()
        )
        with loading():
            return _loaded(path.absolute(), text, state)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ModelError(
            f"{path}: expected a model description in JSON, found something else "
            f"({type(error).__name__}: {error}); install or copy the model again"
        ) from error


@lru_cache(maxsize=8)
def _loaded(path: Path, text: str, state: tuple[tuple[int, int], ...]) -> Model:
    """Load a model, or return the one that was loaded from the same files, in the same state."""
    del state
    model = Model.from_meta(path, json.loads(text))
    logger.debug("loaded the model %s, SHA-256 %s", path.stem, model.hash)
    return model


def _of_hash(model: str | Path, sha256: str) -> Model:
    """Load a model that was pickled in another process, or on another machine."""
    loaded = load_model(model)
    if loaded.hash != sha256:
        raise ModelError(
            f"{model}: expected the model with SHA-256 {sha256[:12]}…, found {loaded.hash[:12]}…; "
            "use the same version of ecgscribe and the same model files in every process"
        )
    return loaded


def _find_model(model: str | Path) -> Path:
    path = Path(model)
    if str(model).isidentifier() and (MODELS / f"{model}.json").is_file():
        path = MODELS / f"{model}.json"
    if path.is_dir():
        path = path / "model.json"
    check_regular(path, error=ModelError)
    if not path.is_file():
        in_package = ", ".join(sorted(p.stem for p in MODELS.glob("*.json")))
        raise ModelError(
            f"expected a model in the package ({in_package}) or the path of its JSON file, "
            f"found {model}; name one of those"
        )
    return path
