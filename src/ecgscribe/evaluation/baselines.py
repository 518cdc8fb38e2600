"""Other R-peak detectors, evaluated on the same records; imported only on request.

Each gets lead 0 in mV at the record's own sampling frequency and runs with its default settings.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.errors import DatasetError, EcgScribeError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.protocol import r_peak_metrics, starts_within
from ecgscribe.evaluation.records import AnnotationRun, RecordSet
from ecgscribe.evaluation.results import RPeakMetrics
from ecgscribe.metrics import performance
from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.performance import Doubles
from ecgscribe.record import Annotation, Record

__all__ = [
    "BASELINES",
    "baseline_metrics",
    "baseline_runs",
    "detect",
    "require_baselines",
    "shift",
]


_PACKAGES = ("wfdb", "neurokit2", "sleepecg")


def _xqrs(signal: Doubles, fs: float) -> NDArray[np.int64]:
    from wfdb.processing import xqrs_detect

    return np.asarray(xqrs_detect(signal, fs, verbose=False), dtype=np.int64)


def _gqrs(signal: Doubles, fs: float) -> NDArray[np.int64]:
    from wfdb.processing import gqrs_detect

    return np.asarray(gqrs_detect(signal, fs), dtype=np.int64)


def _neurokit(signal: Doubles, fs: float) -> NDArray[np.int64]:
    import neurokit2

    cleaned = neurokit2.ecg_clean(signal, sampling_rate=int(fs))
    _, peaks = neurokit2.ecg_peaks(cleaned, sampling_rate=int(fs))
    return np.asarray(peaks["ECG_R_Peaks"], dtype=np.int64)


def _sleepecg(signal: Doubles, fs: float) -> NDArray[np.int64]:
    from sleepecg.heartbeats import detect_heartbeats

    return np.asarray(detect_heartbeats(signal, fs), dtype=np.int64)


BASELINES: dict[str, Callable[[Doubles, float], NDArray[np.int64]]] = {
    "XQRS (wfdb Python)": _xqrs,
    "gqrs (wfdb Python)": _gqrs,
    "NeuroKit": _neurokit,
    "sleepecg": _sleepecg,
}
"""From a lead, shape (n_samples,), and its fs to the samples of its R-peaks."""


def require_baselines() -> None:
    """Check that the packages of all baselines are installed.

    Raises
    ------
    EcgScribeError
        If one is missing.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise EcgScribeError(
            f"baselines: expected the packages {', '.join(_PACKAGES)}, found no "
            f"{', '.join(missing)}; install ecgscribe[baselines], or evaluate without baselines"
        )


def detect(record: Record, *, baseline: str) -> Annotation:
    """Detect the R-peaks of lead 0 with one of `BASELINES`; every beat gets the symbol N.

    Parameters
    ----------
    record : Record
        The recording.
    baseline : str
        A name in `BASELINES`.

    Returns
    -------
    Annotation
    """
    with warnings.catch_warnings():
        # They warn about their own code, which the reader of a table cannot change.
        warnings.simplefilter("ignore")
        peaks = BASELINES[baseline](record.signal[:, 0].astype(np.float64), record.fs)
    sample = np.unique(peaks)
    return Annotation(sample, np.full(len(sample), "N"), record.fs, name=record.name)


def shift(annotation: Annotation, *, ms: float) -> Annotation:
    """Move every annotation `ms` milliseconds later, to the nearest sample of the record."""
    step = round(ms * annotation.fs / 1000.0)
    return dataclasses.replace(annotation, sample=annotation.sample + step)


def baseline_runs(records: RecordSet) -> list[AnnotationRun]:
    """Return two runs per baseline: on DS1, to measure its offset, and on the records.

    Parameters
    ----------
    records : RecordSet
        The records to evaluate.

    Returns
    -------
    list of AnnotationRun
        For `baseline_metrics`. Without mitdb no offset is measured: one run per baseline.
    """
    try:
        datasets.locate("mitdb", data_dir=records.data_dir)
    except DatasetError:
        return [
            AnnotationRun(baseline, partial(detect, baseline=baseline), records)
            for baseline in BASELINES
        ]
    ds1 = RecordSet("mitdb", "ds1", datasets.DS1, records.data_dir)
    return [
        AnnotationRun(title, partial(detect, baseline=baseline), of_records)
        for baseline in BASELINES
        for title, of_records in ((f"{baseline} on DS1", ds1), (baseline, records))
    ]


def baseline_metrics(
    scored: Sequence[Sequence[Scored]], *, resamples: int = 1000
) -> tuple[RPeakMetrics, ...]:
    """Score the baselines as they are, and with their constant offset removed.

    A detector may place R-peaks at another point of the QRS complex than the reference. If its
    median offset on DS1, measured within 150 ms, is not zero, it is also scored without the offset.
    Without mitdb the offset is unknown, and each is scored as it is.

    Parameters
    ----------
    scored : sequence of sequence of Scored
        The results of `baseline_runs`.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    tuple of RPeakMetrics
    """
    metrics: list[RPeakMetrics] = []
    per_baseline = len(scored) // len(BASELINES)
    for number, baseline in enumerate(BASELINES):
        *on_ds1, items = scored[number * per_baseline : (number + 1) * per_baseline]
        offsets = [_offsets(item) for ds1 in on_ds1 for item in ds1]
        offset = float(np.median(np.concatenate(offsets))) if offsets else 0.0
        score = partial(r_peak_metrics, resamples=resamples, starts=starts_within(items))
        metrics += score(items, annotator=baseline)
        if offset != 0:
            moved = [dataclasses.replace(i, test=shift(i.test, ms=-offset)) for i in items]
            name = f"{baseline}, offset of {offset:.1f} ms removed"
            metrics += score(moved, annotator=name)
    return tuple(metrics)


def _offsets(item: Scored) -> Doubles:
    comparison = compare(item.reference, item.test, start=0.0)
    return performance.offsets_ms(comparison, item.reference, item.test)
