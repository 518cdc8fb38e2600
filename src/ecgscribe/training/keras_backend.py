"""Import Keras with its backend; report in one line what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecgscribe.errors import ModelError

__all__ = ["import_keras"]

BACKENDS = ("tensorflow", "jax", "torch")
"""Keras backends that can train."""


def import_keras() -> Any:
    """Import Keras with its backend, and tf2onnx, so that a missing package shows before training.

    Returns
    -------
    module
        ``keras``.

    Raises
    ------
    ModelError
        If a package of ``ecgscribe[train]`` is missing, or ``KERAS_BACKEND`` names a backend that
        cannot train.
    """
    try:
        with _quiet_import():
            import keras
            import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"training expects the packages of ecgscribe[train], found no {error.name or error}; "
            "run: pip install 'ecgscribe[train]'"
        ) from error
    except ValueError as error:
        raise ModelError(
            f"KERAS_BACKEND: expected one of {', '.join(BACKENDS)}, found another ({error}); "
            "choose one of those"
        ) from error
    if (backend := keras.backend.backend()) not in BACKENDS:
        raise ModelError(
            f"KERAS_BACKEND: expected one of {', '.join(BACKENDS)}, found {backend}, which cannot "
            "train; choose one of those"
        )
    return keras


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Keep TensorFlow's messages off the terminal, unless its log level is set."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # While it loads, TensorFlow writes to the file descriptor itself, whatever the level.
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
