"""Every figure of the protocol from annotations that were compared; pure, public by `evaluate`.

A *view* is one choice of mapping, start and records; the R-peak rows stand apart, as their
figures know no classes and hold the paced records too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from ecgscribe.datasets.catalogue import DATABASES, PACED
from ecgscribe.evaluation.groups import Compared, Group, Scored, compare_all, figure, group, subsets
from ecgscribe.metrics import bootstrap, performance
from ecgscribe.metrics.comparison import summarize
from ecgscribe.metrics.performance import Detections
from ecgscribe.symbols import AAMI_CLASSES, MAPPINGS, Mapping

__all__ = ["STARTS", "WINDOWS", "evaluate_records", "r_peak_rows"]


STARTS = (0.0, 300.0)
"""Where comparison starts, in s: what papers report, and the standard's learning period."""


WINDOWS = (0.15, 0.05)
"""Largest distance of two matching beats, in s."""


HEAVY = DATABASES["mitdb"].dominant
"""The record that carries most of a rare class of DS2, which is also scored without it."""


CURVE_POINTS = 400


def r_peak_rows(
    items: Sequence[Scored],
    *,
    annotator: str,
    resamples: int = 1000,
    windows: Sequence[float] = WINDOWS,
    starts: Sequence[float] = STARTS,
) -> list[dict[str, Any]]:
    """Score R-peaks at every window and start, with and without 202 and the paced records.

    Parameters
    ----------
    items : sequence of Scored
        One a record.
    annotator : str
        Name for the rows.
    resamples : int
        Bootstrap resamples of patients.
    windows, starts : sequence of float
        Of `WINDOWS` and `STARTS`, those to score at.

    Returns
    -------
    list of dict
        One a row: counts, ``se`` and ``pp`` with intervals, their means over records, and the
        median and 95th percentile of test minus reference in ms.
    """
    names = {s.name for s in items}
    sets = subsets(names)
    if names & set(PACED):
        sets.append(("without paced", PACED))
    rows = []
    for window in windows:
        for start in starts:
            compared = compare_all(items, start=start, window=window, mapping="ec57")
            for title, left_out in sets:
                chosen = group(compared, without=left_out, resamples=resamples)
                if chosen is not None:
                    row = {"annotator": annotator, "set": title, "start": start, "window": window}
                    rows.append(row | _r_peaks(chosen))
    return [_plain(row) for row in rows]


def _r_peaks(chosen: Group) -> dict[str, Any]:
    summary = summarize([c.comparison for c in chosen.compared])
    gross = summary.gross
    offsets = np.concatenate(
        [
            performance.offsets_ms(c.comparison, c.scored.reference, c.scored.test)
            for c in chosen.compared
        ]
    )
    median, p95 = np.quantile(offsets, [0.5, 0.95]) if len(offsets) else (np.nan, np.nan)
    return {
        "records": len(chosen.compared),
        "reference": gross.qrs_se.total,
        "missed": gross.qrs_se.total - gross.qrs_se.hits,
        "extra": gross.qrs_pp.total - gross.qrs_pp.hits,
        "se": chosen.figure(lambda m: performance.qrs_scores(m)[0]),
        "pp": chosen.figure(lambda m: performance.qrs_scores(m)[1]),
        "average_se": summary.average["qrs_se"],
        "average_pp": summary.average["qrs_pp"],
        "median_ms": median,
        "p95_ms": p95,
        "rr_error_ms": summary.rr_error_ms,
    }


def _class_scores(chosen: Group, index: int) -> dict[str, Any]:
    total = chosen.counts.sum(axis=0)
    return {
        "records": len(chosen.compared),
        "reference": total[index].sum(),
        "test": total[:, index].sum(),
        "right": total[index, index],
        "se": chosen.figure(lambda m: performance.class_scores(m).se[..., index]),
        "pp": chosen.figure(lambda m: performance.class_scores(m).pp[..., index]),
        "f1": chosen.figure(lambda m: performance.class_scores(m).f1[..., index]),
    }


def _view(
    compared: Sequence[Compared], *, left_out: Collection[str], mapping: Mapping, resamples: int
) -> dict[str, Any] | None:
    chosen = group(compared, without=left_out, resamples=resamples)
    if chosen is None:
        return None
    names = {c.scored.name for c in chosen.compared}
    classes = {c: _class_scores(chosen, k) for k, c in enumerate(AAMI_CLASSES)}
    for name, heavy in HEAVY.items():
        if heavy not in names:
            continue
        rest = group(chosen.compared, without={heavy}, resamples=resamples)
        if rest is not None:
            classes[f"{name} without {heavy}"] = _class_scores(rest, AAMI_CLASSES.index(name))
    summary = summarize([c.comparison for c in chosen.compared])
    return {
        "records": len(chosen.compared),
        "subjects": len(chosen.counts),
        "matrix": summary.matrix,
        "classes": classes,
        "macro_f1": chosen.figure(performance.macro_f1),
        "accuracy": chosen.figure(performance.accuracy),
        "ec57": {
            "gross": {k: r.value for k, r in summary.gross._asdict().items()},
            "average": summary.average,
            "rr_error_ms": summary.rr_error_ms,
        },
        "abnormal": _abnormal(chosen, mapping),
        "per_record": [
            {
                "record": c.scored.name,
                "subject": c.scored.subject,
                "matrix": c.comparison.matrix,
                **{k: r.value for k, r in c.comparison.ratios._asdict().items()},
                "rr_error_ms": c.comparison.rr_error_ms,
            }
            for c in chosen.compared
        ],
    }


def _abnormal(chosen: Group, mapping: Mapping) -> dict[str, Any]:
    """Tell normal from abnormal; curve and calibration only where there are probabilities."""
    total = chosen.counts.sum(axis=0)
    beats, normal = total[:5].sum(), total[0].sum()
    answer = {
        "prevalence": performance.ratio(beats - normal, beats),
        "f1": chosen.figure(performance.abnormal_f1),
    }
    if any(c.scored.test.probability is None for c in chosen.compared):
        return answer
    patients = _by_patient(chosen, mapping)
    score = np.concatenate([p.score for p in patients])
    ill = np.concatenate([p.abnormal for p in patients])
    matched = np.concatenate([p.matched for p in patients])
    curve = performance.pr_curve(score, ill, missed=sum(p.missed for p in patients))
    auprc, sensitivity = bootstrap.bootstrap_abnormal(patients, chosen.weights)
    squares = np.array([np.sum((p.score - p.abnormal)[p.matched] ** 2) for p in patients])
    found = np.array([p.matched.sum() for p in patients])
    brier = performance.ratio(chosen.weights @ squares, chosen.weights @ found)
    return answer | {
        "auprc": figure(performance.average_precision(curve), auprc),
        "se_at_pp_95": figure(performance.sensitivity_at(curve, precision=0.95), sensitivity),
        "curve": _thinned(curve),
        "brier": figure(performance.brier_score(score[matched], ill[matched]), brier),
        "reliability": vars(performance.reliability(score[matched], ill[matched])),
    }


def _by_patient(chosen: Group, mapping: Mapping) -> list[Detections]:
    records = [
        performance.detections(c.comparison, c.scored.reference, c.scored.test, mapping=mapping)
        for c in chosen.compared
    ]
    mine = [
        [records[k] for k in np.flatnonzero(chosen.subject == p)] for p in range(len(chosen.counts))
    ]
    return [
        Detections(
            score=np.concatenate([r.score for r in group]),
            abnormal=np.concatenate([r.abnormal for r in group]),
            matched=np.concatenate([r.matched for r in group]),
            missed=sum(r.missed for r in group),
        )
        for group in mine
    ]


def _thinned(curve: performance.PrCurve) -> dict[str, Any]:
    """Keep the best points at equal steps of recall: enough for a plot, not 50,000 of them."""
    last = len(curve.recall) - 1
    at = np.arange(last + 1)
    if last > CURVE_POINTS and curve.positives:
        wanted = np.linspace(curve.recall[0], curve.recall[last], CURVE_POINTS)
        at = np.unique(np.append(np.searchsorted(curve.recall, wanted), last))
    return {key: getattr(curve, key)[at] for key in ("recall", "precision", "threshold")}


def _plain(value: Any) -> Any:
    """Turn arrays and numpy scalars into what JSON holds, and NaN into None."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def evaluate_records(
    items: Iterable[Scored], *, annotator: str = "ecgscribe", resamples: int = 1000
) -> dict[str, Any]:
    """Take every figure of the protocol, end to end, from annotated records.

    Reads and writes nothing, and asks only for annotations: the shipped model, a network being
    trained and a research run are measured by the same lines.

    Parameters
    ----------
    items : iterable of Scored
        One a record; the paced records of mitdb are left out of beat classification.
    annotator : str
        Name for the R-peak rows.
    resamples : int
        Bootstrap resamples of patients; 0 leaves the intervals out.

    Returns
    -------
    dict
        What JSON holds, undefined figures as None: ``records``; ``r_peaks``, the rows of
        `r_peak_rows`; ``views``, one dict for each mapping, start and set of records, with
        ``classes``, ``matrix``, ``macro_f1``, ``accuracy``, ``ec57``, ``abnormal`` and
        ``per_record``. A figure is a dict of ``value``, ``low`` and ``high``.
    """
    scored = list(items)
    classed = [s for s in scored if s.name not in PACED]
    views = []
    for mapping in MAPPINGS:
        for start in STARTS:
            compared = compare_all(classed, start=start, window=WINDOWS[0], mapping=mapping)
            for title, left_out in subsets({s.name for s in classed}):
                view = _view(compared, left_out=left_out, mapping=mapping, resamples=resamples)
                if view is not None:
                    views.append({"mapping": mapping, "start": start, "set": title} | view)
    return {
        "records": [s.name for s in scored],
        "r_peaks": r_peak_rows(scored, annotator=annotator, resamples=resamples),
        "views": [_plain(view) for view in views],
    }
