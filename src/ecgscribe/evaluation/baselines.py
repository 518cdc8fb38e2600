"""Other R-peak detectors, measured beside ours on the same records; imported only if asked for.

Each sees lead 0 in mV at the record's own sampling frequency, with its default settings.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import EcgScribeError
from ecgscribe.record import Annotation, Record

__all__ = ["PEERS", "detect", "require_peers", "shift"]


_PACKAGES = ("wfdb", "neurokit2", "sleepecg")


def _xqrs(signal: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
    from wfdb.processing import xqrs_detect

    return np.asarray(xqrs_detect(signal, fs, verbose=False), dtype=np.int64)


def _gqrs(signal: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
    from wfdb.processing import gqrs_detect

    return np.asarray(gqrs_detect(signal, fs), dtype=np.int64)


def _neurokit(signal: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
    import neurokit2

    cleaned = neurokit2.ecg_clean(signal, sampling_rate=int(fs))
    _, found = neurokit2.ecg_peaks(cleaned, sampling_rate=int(fs))
    return np.asarray(found["ECG_R_Peaks"], dtype=np.int64)


def _sleepecg(signal: NDArray[np.float64], fs: float) -> NDArray[np.int64]:
    from sleepecg.heartbeats import detect_heartbeats

    return np.asarray(detect_heartbeats(signal, fs), dtype=np.int64)


PEERS: dict[str, Callable[[NDArray[np.float64], float], NDArray[np.int64]]] = {
    "XQRS (wfdb Python)": _xqrs,
    "gqrs (wfdb Python)": _gqrs,
    "NeuroKit": _neurokit,
    "sleepecg": _sleepecg,
}
"""From a lead, shape (n_samples,), and its fs to the samples of its R-peaks."""


def require_peers() -> None:
    """Look whether every peer is installed.

    Raises
    ------
    EcgScribeError
        If one is not.
    """
    absent = [name for name in _PACKAGES if find_spec(name) is None]
    if absent:
        raise EcgScribeError(
            f"peers: expected the packages {', '.join(_PACKAGES)}, found no {', '.join(absent)}; "
            "install ecgscribe[peers], or measure without peers"
        )


def detect(record: Record, *, peer: str) -> Annotation:
    """Let one of `PEERS` find the R-peaks of lead 0; every beat is given the symbol N.

    Parameters
    ----------
    record : Record
        What is annotated.
    peer : str
        A name of `PEERS`.

    Returns
    -------
    Annotation
    """
    with warnings.catch_warnings():
        # Their warnings are about their own code; nothing the reader of a table can act on.
        warnings.simplefilter("ignore")
        found = PEERS[peer](record.signal[:, 0].astype(np.float64), record.fs)
    sample = np.unique(found)
    return Annotation(sample, np.full(len(sample), "N"), record.fs, name=record.name)


def shift(annotation: Annotation, *, ms: float) -> Annotation:
    """Move every annotation `ms` milliseconds later, to the nearest sample of the record."""
    step = round(ms * annotation.fs / 1000.0)
    return dataclasses.replace(annotation, sample=annotation.sample + step)
