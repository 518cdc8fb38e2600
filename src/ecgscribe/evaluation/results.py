"""What an evaluation measures, as frozen dataclasses, and these as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.datasets.database import Marks
from ecgscribe.metrics.performance import PrCurve, Reliability

__all__ = [
    "PERCENT",
    "PER_1000",
    "AbnormalMetrics",
    "AnnotatorResults",
    "ClassMetrics",
    "ConditionResults",
    "Ec57Metrics",
    "Ec57Ratios",
    "Estimate",
    "EvaluationResult",
    "Figure",
    "ModelIdentity",
    "OtherModel",
    "RPeakMetrics",
    "RecordMetrics",
    "to_json",
]


PERCENT, PER_1000 = "%", "per 1,000"
"""Units of a `Figure`."""


_MERGED = {"merged": True}
"""Metadata of a field whose own fields belong to the JSON object of the dataclass around it."""


def _key(name: str) -> dict[str, str]:
    """Return metadata of a field that has another name in JSON."""
    return {"key": name}


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95% interval.

    Parameters
    ----------
    value : float
        The metric over all records; NaN where it is undefined.
    low, high : float
        Bounds of the interval; NaN without resamples.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RPeakMetrics:
    """R-peak detection of one annotator on one set of records.

    Parameters
    ----------
    annotator, set : str
        Names of the annotator and of the set of records.
    start, window : float
        Where the comparison starts, and the largest distance of two beats that match, in s.
    records, reference, missed, extra : int
        Number of records, of reference beats, of missed beats and of extra beats.
    se, pp, f1 : Estimate
        Se, +P and F1 from summed counts, 0 to 1.
    average_se, average_pp : float
        Mean of Se and +P over records, 0 to 1.
    median_ms, p95_ms : float
        Median and 95th percentile of test minus reference over matched beats, in ms.
    rr_error_ms : float
        Mean of the records' RMS RR interval errors, in ms.
    """

    annotator: str
    set: str
    start: float
    window: float
    records: int
    reference: int
    missed: int
    extra: int
    se: Estimate
    pp: Estimate
    f1: Estimate
    average_se: float
    average_pp: float
    median_ms: float
    p95_ms: float
    rr_error_ms: float


@dataclass(frozen=True)
class ClassMetrics:
    """Scores of one class.

    Parameters
    ----------
    records, reference, test, right : int
        Number of records, of reference beats of the class, of beats that were classified so, and
        of beats where both agree.
    se, pp, f1 : Estimate
        Se, +P and F1, 0 to 1.
    """

    records: int
    reference: int
    test: int
    right: int
    se: Estimate
    pp: Estimate
    f1: Estimate


@dataclass(frozen=True)
class Ec57Ratios:
    """EC57's Se and +P, 0 to 1; see `ecgscribe.metrics.comparison.Ratios`."""

    qrs_se: float
    qrs_pp: float
    veb_se: float
    veb_pp: float
    sveb_se: float
    sveb_pp: float


@dataclass(frozen=True)
class Ec57Metrics:
    """The metrics of the standard for a set of records.

    Parameters
    ----------
    gross, average : Ec57Ratios
        From summed counts, and mean over records.
    rr_error_ms : float
        Mean of the records' RMS RR interval errors, in ms.
    """

    gross: Ec57Ratios
    average: Ec57Ratios
    rr_error_ms: float


@dataclass(frozen=True, eq=False)
class AbnormalMetrics:
    """Normal (N) against abnormal (S, V, F, Q).

    Parameters
    ----------
    prevalence : float
        Share of reference beats that are abnormal.
    f1 : Estimate
        F1 of the predicted classes.
    auprc, se_at_pp_95 : Estimate, optional
        Average precision, and the sensitivity where +P is 95%; like all that follows, None where
        the annotations have no probabilities.
    curve : PrCurve, optional
        Precision-recall curve, thinned for a plot.
    brier : Estimate, optional
        Brier score of the probability that a matched beat is abnormal.
    reliability : Reliability, optional
        Calibration of that probability.
    """

    prevalence: float
    f1: Estimate
    auprc: Estimate | None = None
    se_at_pp_95: Estimate | None = None
    curve: PrCurve | None = None
    brier: Estimate | None = None
    reliability: Reliability | None = None


@dataclass(frozen=True, eq=False)
class RecordMetrics:
    """One record: its confusion matrix, EC57's ratios (0 to 1) and the RMS RR error in ms."""

    record: str
    subject: str
    matrix: NDArray[np.int64]
    qrs_se: float
    qrs_pp: float
    veb_se: float
    veb_pp: float
    sveb_se: float
    sveb_pp: float
    rr_error_ms: float


@dataclass(frozen=True, eq=False)
class ConditionResults:
    """Classification under one condition: a mapping, a start and a set of records.

    Parameters
    ----------
    mapping : str
        Table from symbols to classes: ``literature`` or ``ec57``.
    start : float
        Where the comparison starts, in s.
    set : str
        Name of the set of records.
    records, subjects : int
        Number of records and of subjects.
    matrix : ndarray of int64, shape (7, 7)
        Confusion matrix; see `ecgscribe.metrics.comparison`.
    classes : mapping of str to ClassMetrics
        By class, and by class without the record that has most of its beats.
    macro_f1, accuracy : Estimate
        Mean F1 of N, S, V and F; pooled accuracy.
    ec57 : Ec57Metrics
        The metrics of the standard.
    abnormal : AbnormalMetrics
        Normal against abnormal.
    per_record : tuple of RecordMetrics
        One per record.
    """

    mapping: str
    start: float
    set: str
    records: int
    subjects: int
    matrix: NDArray[np.int64]
    classes: Mapping[str, ClassMetrics]
    macro_f1: Estimate
    accuracy: Estimate
    ec57: Ec57Metrics
    abnormal: AbnormalMetrics
    per_record: tuple[RecordMetrics, ...]


@dataclass(frozen=True)
class Figure:
    """One share, of a kind of beats, of time or of recordings.

    Parameters
    ----------
    set : str
        Name of the set of records.
    measure, of : str
        What is measured, and of what.
    people : int
        Number of people who have any of that.
    hits, total : float
        The share's two counts: of beats, recordings or pieces of 4 s, or times in s.
    unit : str
        `PERCENT` or `PER_1000`.
    value : Estimate
        The share in that unit.
    """

    set: str
    measure: str
    of: str
    people: int
    hits: float
    total: float
    unit: str
    value: Estimate


@dataclass(frozen=True, eq=False)
class AnnotatorResults:
    """All metrics of one annotator.

    Parameters
    ----------
    annotator : str
        Its name.
    records : tuple of str
        Names of the records.
    r_peaks : tuple of RPeakMetrics
        R-peaks at each window and start, for each set of records.
    conditions : tuple of ConditionResults
        Classification under each condition (``views`` in JSON); empty if all records are paced.
    figures : tuple of Figure
        False ectopy, runs, episodes, times and labels, as far as they are marked.
    """

    annotator: str
    records: tuple[str, ...]
    r_peaks: tuple[RPeakMetrics, ...] = ()
    conditions: tuple[ConditionResults, ...] = field(default=(), metadata=_key("views"))
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class ModelIdentity:
    """Name and SHA-256 of a model."""

    name: str
    hash: str


@dataclass(frozen=True, eq=False)
class OtherModel:
    """Another model, measured on the same records."""

    model: ModelIdentity
    results: AnnotatorResults = field(metadata=_MERGED)


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """All metrics of an evaluation.

    Parameters
    ----------
    model : ModelIdentity
        The model.
    version : str
        Version of ecgscribe.
    command : str
        Command line that measures the model again; may be empty.
    db, split : str
        Database, and the split whose records were annotated.
    results : AnnotatorResults
        The model on all leads. In JSON its fields stand next to ``model``.
    one_lead : AnnotatorResults
        The model on lead 0 alone.
    live : AnnotatorResults, optional
        The live path.
    others : tuple of OtherModel
        Other models.
    noise : tuple of RPeakMetrics, optional
        R-peaks with noise added; ``annotator`` holds the signal-to-noise ratio.
    baselines : tuple of RPeakMetrics, optional
        R-peaks of other detectors (``peers`` in JSON).
    marks : str, optional
        What is marked in the records, a key of `ecgscribe.datasets.MARKS`; None for beats.
    """

    model: ModelIdentity
    version: str
    command: str
    db: str
    split: str
    results: AnnotatorResults = field(metadata=_MERGED)
    one_lead: AnnotatorResults
    live: AnnotatorResults | None
    others: tuple[OtherModel, ...]
    noise: tuple[RPeakMetrics, ...] | None
    baselines: tuple[RPeakMetrics, ...] | None = field(metadata=_key("peers"))
    marks: Marks | None = None


def to_json(value: Any) -> Any:
    """Turn results into JSON types: NaN becomes None, and a field that is None is left out.

    Parameters
    ----------
    value : object
        A dataclass of this module, or a part of one.

    Returns
    -------
    object
        Dicts, lists, strings and numbers.
    """
    if is_dataclass(value):
        content: dict[str, Any] = {}
        for item in fields(value):
            part = getattr(value, item.name)
            if "merged" in item.metadata:
                content |= to_json(part)
            elif part is not None:
                content[item.metadata.get("key", item.name)] = to_json(part)
        return content
    if isinstance(value, Mapping):
        return {key: to_json(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return to_json(value.tolist())
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
