"""ONNX Runtime sessions: one per network and process, shared by its threads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from ecgscribe.errors import ModelError

__all__ = ["loading", "shared_session"]


_LOADING = Lock()
"""Held, so that threads which ask for a model or a session at once share one."""


def _renew_lock() -> None:
    """Replace the lock in a process that was forked while another thread held it."""
    global _LOADING
    _LOADING = Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def loading() -> Lock:
    """Return the lock that is held while a model or a session is made."""
    return _LOADING


def shared_session(
    sessions: dict[tuple[object, ...], Any], path: Path, widths: Mapping[str, int]
) -> Any:
    """Return the session of a file, made once per process: ONNX Runtime promises none to a fork.

    Parameters
    ----------
    sessions : dict
        Those that were made before; a new one is added.
    path : Path
        ONNX file.
    widths : mapping of str to int
        Its inputs and outputs, and the size of the last of their three axes.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    ModelError
        If the file is not such a network.
    """
    key = (os.getpid(), path, *widths)
    if key not in sessions:
        with _LOADING:
            if key not in sessions:
                sessions[key] = _session(path, widths)
    return sessions[key]


def _session(path: Path, widths: Mapping[str, int]) -> Any:
    """Open a network, and check that its inputs and outputs are those of its part of a model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Blocks of a recording are scored in parallel, which is faster than threads within one.
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its errors have no common class
        raise ModelError(
            f"{path}: expected a network in ONNX form, found something else "
            f"({' '.join(str(error).split())[:80]}); install or copy the model again"
        ) from error
    ends = [*session.get_inputs(), *session.get_outputs()]
    found = {end.name: end.shape[-1] if len(end.shape) == 3 else end.shape for end in ends}
    if found != dict(widths):
        raise ModelError(
            f"{path.name}: expected a network of {_listed(widths)}, found {_listed(found)}; "
            "install or copy the model again"
        )
    return session


def _listed(widths: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {width}" for name, width in widths.items())
