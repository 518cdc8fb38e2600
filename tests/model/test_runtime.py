"""Scores in windows against scores of the whole, and models that are not to be trusted."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import ModelError
from ecgscribe.files import file_hash
from ecgscribe.model.features import FEATURE_NAMES
from ecgscribe.model.runtime import MODELS, load_model
from ecgscribe.model.scoring import (
    BATCH,
    BEAT_HALO,
    HALO_S,
    WINDOW_S,
    Scores,
    score_beats,
    score_signal,
)
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.signal.windows import FS, STEPS_PER_FRAME
from ecgscribe.symbols import AAMI_CLASSES

Floats = NDArray[np.float32]
few = settings(max_examples=20, deadline=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model in the package that a test may spoil."""
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    meta = json.loads(path.read_text(encoding="utf-8"))
    change(meta)
    path.write_text(json.dumps(meta), encoding="utf-8")


def refused(model: str | Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        load_model(model)
    assert "\n" not in str(caught.value)


# --- windows ---


def moving_sum(x: Floats, reach: int) -> Floats:
    """Sum over `reach` positions to each side along the second axis; zeros stand outside."""
    padded = np.pad(x, ((0, 0), (reach + 1, reach), (0, 0)))
    total = np.cumsum(padded, axis=1, dtype=np.float64)
    return (total[:, 2 * reach + 1 :] - total[:, : -2 * reach - 1]).astype(np.float32)


class MovingSums:
    """A network whose scores are sums over as much as the halos hold."""

    def __init__(self, steps_per_frame: int) -> None:
        self.steps_per_frame = steps_per_frame
        self.batches: list[int] = []

    def predict_trunk(self, windows: Floats) -> tuple[Floats, Floats]:
        self.batches.append(len(windows))
        wide = moving_sum(windows, HALO_S * FS - self.steps_per_frame)
        return wide[:, :, :1], wide[:, :: self.steps_per_frame][:, :, [0, 1, 0, 1, 0]]

    def predict_beats(self, logit_features: Floats, features: Floats) -> Floats:
        return moving_sum(logit_features + 2 * features, BEAT_HALO)


@few
@given(
    n=st.one_of(st.integers(1, 3 * WINDOW_S * FS), st.just(BATCH * WINDOW_S * FS + 17)),
    frame=st.sampled_from([1, 8]),
)
def test_windows_score_a_signal_as_the_whole_is_scored(n: int, frame: int) -> None:
    signal = np.random.default_rng(n).normal(size=(n, 2)).astype(np.float32)
    network = MovingSums(frame)
    scores = score_signal(network, signal)
    assert max(network.batches) <= BATCH
    whole = moving_sum(signal[None], HALO_S * FS - frame)[0]
    np.testing.assert_allclose(scores.peak, whole[:, 0], atol=1e-3)
    by_frame = whole[::frame][:, [0, 1, 0, 1, 0]]
    np.testing.assert_allclose(scores.frame_class, by_frame, atol=1e-3)


@few
@given(n=st.integers(0, 900))
def test_windows_of_beats_score_as_the_whole_is_scored(n: int) -> None:
    rng = np.random.default_rng(n)
    logit_features = rng.normal(size=(n, 6)).astype(np.float32)
    features = rng.normal(size=(n, 6)).astype(np.float32)

    network = MovingSums(8)
    whole = np.zeros((0, 6))
    if n:
        whole = network.predict_beats(logit_features[None], features[None])[0]
    np.testing.assert_allclose(score_beats(network, logit_features, features), whole, atol=1e-4)


def test_class_logits_are_those_of_the_frame_that_holds_the_r_peak() -> None:
    frames = np.arange(10, dtype=np.float32)[:, None]
    r_peaks = np.array([0.0, 7.4, 7.6, 40.0, 79.0, 500.0])
    at_frames = Scores(np.zeros(80, np.float32), frames, STEPS_PER_FRAME).class_logits_at(r_peaks)
    assert at_frames[:, 0].tolist() == [0, 0, 1, 5, 9, 9]
    at_steps = Scores(np.zeros(10, np.float32), frames, 1).class_logits_at(r_peaks / 13)
    assert at_steps[:, 0].tolist() == [0, 1, 1, 3, 6, 9]


@pytest.mark.parametrize("n", [FS, 8 * FS + 3, 150 * FS])
def test_the_model_in_the_package_scores_any_length(n: int) -> None:
    signal = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    model = load_model()
    scores = score_signal(model.network, signal)
    assert scores.peak.shape == (n,)
    assert scores.peak.min() >= 0
    assert scores.peak.max() <= 1
    n_frames = -(-n // model.network.steps_per_frame)
    assert scores.frame_class.shape == (n_frames, len(AAMI_CLASSES))


def test_a_grid_from_step_0_scores_the_beginning_alike_however_long_the_rest_is() -> None:
    signal = np.random.default_rng(0).normal(size=(3 * WINDOW_S * FS, 2)).astype(np.float32)
    network = load_model().network
    long, short = (score_signal(network, signal[:n]) for n in (len(signal), 2 * WINDOW_S * FS))
    answered = 2 * (WINDOW_S - 2 * HALO_S) * FS  # two windows lie in both wholly
    np.testing.assert_allclose(long.peak[:answered], short.peak[:answered], atol=1e-5)


# --- models ---


def test_the_model_in_the_package_is_what_its_description_says() -> None:
    model = load_model()
    assert model.meta["classes"] == list(AAMI_CLASSES)
    assert model.meta["fs"] == FS
    assert model.weight_file("weights").is_file()
    assert model.has_beat_head
    assert model.hash == "09f286465d612bad05b600c04e45aa6383a1355ade60b4214ff84582871bdfb2"
    assert model.meta["facts"] == list(FEATURE_NAMES)
    assert load_model(model) is model


def test_rhythm_networks_of_another_version_are_refused(folder: Path) -> None:
    path = folder / "default.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    del meta["files"]["rhythm_intervals"]
    path.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(ModelError, match="found no rhythm_intervals; use the version"):
        load_model(folder / "default.json")


def test_a_model_is_loaded_by_file_and_by_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_model(folder / "default.json").hash == load_model().hash
    (folder / "default.json").rename(folder / "model.json")
    assert load_model(folder).hash == load_model().hash
    monkeypatch.chdir(folder.parent)
    assert load_model("models").hash == load_model().hash  # a relative folder is no name


def test_file_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"beats" * 100_000)
    assert file_hash(tmp_path / "a") == hashlib.sha256(b"beats" * 100_000).hexdigest()


@pytest.mark.parametrize("part", ["default-trunk.onnx", "default-beats.onnx"])
def test_one_changed_byte_is_found(folder: Path, part: str) -> None:
    data = bytearray((folder / part).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / part).write_bytes(data)
    refused(folder / "default.json", f"{part}: expected SHA-256 [0-9a-f]+…, found [0-9a-f]+…")


@pytest.mark.parametrize("part", ["default-trunk.onnx", "default-beats.onnx"])
def test_a_missing_file_is_named(folder: Path, part: str) -> None:
    (folder / part).unlink()
    refused(folder / "default.json", f"expected the file {part} next to it, found none")


def test_keras_weights_are_not_needed_to_annotate(folder: Path) -> None:
    (folder / "default.weights.h5").unlink()
    model = load_model(folder / "default.json")
    with pytest.raises(ModelError, match="found none"):
        model.weight_file("weights")


@pytest.mark.parametrize("name", ["../secret.onnx", "/etc/passwd", "..", "", "a/../../secret.onnx"])
def test_a_file_name_does_not_lead_out_of_the_folder(folder: Path, name: str) -> None:
    secret = folder.parent / "secret.onnx"
    secret.write_bytes(b"secret")

    def change(meta: dict[str, Any]) -> None:
        meta["files"]["trunk"] = {"name": name, "sha256": file_hash(secret)}

    edit(folder / "default.json", change)
    refused(folder / "default.json", "expected the file .* next to it, found none")


def test_weights_are_not_taken_for_a_description(tmp_path: Path) -> None:
    (tmp_path / "x.weights.h5").write_bytes(b"\x89HDF")
    refused(tmp_path / "x.weights.h5", "expected the JSON file .* found its weights")


@pytest.mark.parametrize("name", ["defualt", "no/such.json", "no/such", ""])
def test_an_unknown_model_is_refused_and_the_known_ones_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(name, r"expected a model in the package \(.*default.*\) or the path of its JSON file")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "{}", '{"files": 3}', '{"files": []}', "\ufeff\x00"]
)
def test_a_description_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text, encoding="utf-8")
    refused(tmp_path / "model.json", "expected a model description in JSON, found something else")


def test_a_description_that_is_no_text_is_refused(folder: Path) -> None:
    refused(folder / "default-trunk.onnx", "expected a model description in JSON")


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.pop("thresholds"),
        lambda meta: meta["thresholds"].pop("peak"),
        lambda meta: meta["thresholds"].pop("beat"),
        lambda meta: meta["thresholds"]["weight"].pop("F"),
        lambda meta: meta["thresholds"].update(abnormal="high"),
        lambda meta: meta.pop("calibration"),
        lambda meta: meta.pop("facts"),
        lambda meta: meta["thresholds"].update(noise=None),
        lambda meta: meta["calibration"].update(temperature=None),
        lambda meta: meta["calibration"].update(temperature=0),
        lambda meta: meta["calibration"].update(bias=[0, 0]),
        lambda meta: meta["calibration"].update(bias=[0, 0, 0, 0, float("nan")]),
        lambda meta: meta["files"]["trunk"].pop("sha256"),
        lambda meta: meta["files"]["trunk"].update(name=3),
        lambda meta: meta["files"]["trunk"].update(sha256=3),
        lambda meta: meta["files"].pop("trunk"),
    ],
)
def test_a_description_with_a_part_missing_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    edit(folder / "default.json", change)
    refused(folder / "default.json", "expected a model description in JSON")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda names: names[:-1], r"found 43 others \(missing: distance_near_2\)"),
        (lambda names: [*names, "age"], r"found 45 others \(unknown: age\)"),
        (lambda names: ["rr", *names[1:]], r"\(unknown: rr, missing: rr_before/near\)"),
        (lambda names: names[::-1], r"found 44 others \(in another order\)"),
        (lambda names: [], r"found 0 others"),
    ],
)
def test_a_model_of_other_features_is_refused(
    folder: Path, change: Callable[[list[str]], list[str]], match: str
) -> None:
    edit(folder / "default.json", lambda meta: meta.update(facts=change(meta["facts"])))
    refused(folder / "default.json", "expected the 44 beat features of this version, .*" + match)


def test_a_model_without_a_beat_head_names_no_features(folder: Path) -> None:
    edit(folder / "classic.json", lambda meta: meta.pop("facts"))
    classic = load_model(folder / "classic.json")
    assert classic.head.feature_names == ()
    with pytest.raises(ModelError, match="expected a network with a beat head, found a trunk"):
        classic.network.predict_beats(*np.zeros((2, 1, 1, 1), dtype=np.float32))


def test_a_network_that_is_none_is_refused(folder: Path) -> None:
    trunk = folder / "default-trunk.onnx"
    trunk.write_bytes(b"not a network")
    edit(folder / "default.json", lambda m: m["files"]["trunk"].update(sha256=file_hash(trunk)))
    model = load_model(folder / "default.json")
    with pytest.raises(ModelError, match="expected a network in ONNX form") as caught:
        score_signal(model.network, np.zeros((FS, 2), dtype=np.float32))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["trunk", "beat_head", "rhythm_lead", "rhythm_head"])
def test_a_network_of_other_shapes_is_refused(folder: Path, part: str) -> None:
    other = "rhythm_lead" if part == "trunk" else "trunk"

    def exchange(meta: dict[str, Any]) -> None:
        meta["files"][part] = meta["files"][other]

    edit(folder / "default.json", exchange)
    record, model = synthesize(duration=20.0, seed=1)[0], load_model(folder / "default.json")
    with pytest.raises(ModelError, match=r"onnx: expected a network of .*, found .*; install"):
        annotate(record, model=model)


def test_a_trunk_of_other_frames_is_refused(folder: Path) -> None:
    def exchange(meta: dict[str, Any]) -> None:
        name = "classic-trunk.onnx"
        meta["files"]["trunk"] = {"name": name, "sha256": file_hash(folder / name)}

    edit(folder / "default.json", exchange)
    model = load_model(folder / "default.json")
    with pytest.raises(ModelError, match=r"classic-trunk\.onnx: expected 120 peaks and 15 frames"):
        model.network.predict_trunk(np.zeros((1, 120, 2), dtype=np.float32))
