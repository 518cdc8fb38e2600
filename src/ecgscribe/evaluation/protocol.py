"""Every metric of the protocol, from annotations alone.

A condition is one mapping, one start and one set of records. R-peaks are scored separately, as they
have no classes and include the paced records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from ecgscribe.datasets.catalogue import DATABASES, PACED
from ecgscribe.evaluation.beat_figures import beat_counts
from ecgscribe.evaluation.counts import Count, figures
from ecgscribe.evaluation.groups import (
    Compared,
    Group,
    Scored,
    compare_all,
    estimate,
    group,
    names_in_mitdb,
    subsets,
)
from ecgscribe.evaluation.results import (
    AbnormalMetrics,
    AnnotatorResults,
    ClassMetrics,
    ConditionResults,
    Ec57Metrics,
    Ec57Ratios,
    RecordMetrics,
    RPeakMetrics,
)
from ecgscribe.metrics import bootstrap, performance
from ecgscribe.metrics.comparison import summarize
from ecgscribe.metrics.performance import Detections
from ecgscribe.symbols import AAMI_CLASSES, MAPPINGS, Mapping

__all__ = ["STARTS", "WINDOWS", "evaluate_records", "r_peak_metrics", "starts_within"]


STARTS = (0.0, 300.0)
"""Start of the comparison, in s: at 0, as in papers, and after the standard's learning period."""


WINDOWS = (0.15, 0.05)
"""Largest distance of two beats that match, in s."""


HEAVY = DATABASES["mitdb"].dominant
"""The record with most beats of a rare class of DS2; the class is also scored without it."""


CURVE_POINTS = 400
"""Most points of a precision-recall curve that are kept."""


def starts_within(items: Iterable[Scored]) -> tuple[float, ...]:
    """Return those of `STARTS` that are before the end of a record; 0 in any case."""
    longest = max((item.n_samples / item.test.fs for item in items), default=0.0)
    return tuple(start for start in STARTS if start == 0 or start < longest)


def r_peak_metrics(
    items: Sequence[Scored],
    *,
    annotator: str,
    resamples: int = 1000,
    windows: Sequence[float] = WINDOWS,
    starts: Sequence[float] = STARTS,
) -> tuple[RPeakMetrics, ...]:
    """Score R-peaks at every window and start, with and without 202 and the paced records.

    Parameters
    ----------
    items : sequence of Scored
        One per record.
    annotator : str
        Name of the annotator.
    resamples : int
        Bootstrap resamples of patients.
    windows, starts : sequence of float
        Largest distances of matching beats and starts of the comparison, in s.

    Returns
    -------
    tuple of RPeakMetrics
        For each window, start and set of records.
    """
    names = names_in_mitdb(items)
    sets = subsets(names)
    if names & set(PACED):
        sets.append(("without paced", PACED))
    metrics = []
    for window in windows:
        for start in starts:
            compared = compare_all(items, start=start, window=window, mapping="ec57")
            for title, left_out in sets:
                chosen = group(compared, without=left_out, resamples=resamples)
                if chosen is not None:
                    metrics.append(_r_peaks(chosen, annotator, title, start, window))
    return tuple(metrics)


def _r_peaks(
    chosen: Group, annotator: str, title: str, start: float, window: float
) -> RPeakMetrics:
    summary = summarize([c.comparison for c in chosen.compared])
    gross = summary.gross
    offsets = np.concatenate(
        [
            performance.offsets_ms(c.comparison, c.scored.reference, c.scored.test)
            for c in chosen.compared
        ]
    )
    median, p95 = np.quantile(offsets, [0.5, 0.95]) if len(offsets) else (np.nan, np.nan)
    return RPeakMetrics(
        annotator=annotator,
        set=title,
        start=start,
        window=window,
        records=len(chosen.compared),
        reference=gross.qrs_se.total,
        missed=gross.qrs_se.total - gross.qrs_se.hits,
        extra=gross.qrs_pp.total - gross.qrs_pp.hits,
        se=chosen.estimate(lambda m: performance.qrs_scores(m)[0]),
        pp=chosen.estimate(lambda m: performance.qrs_scores(m)[1]),
        f1=chosen.estimate(performance.qrs_f1),
        average_se=summary.average["qrs_se"],
        average_pp=summary.average["qrs_pp"],
        median_ms=float(median),
        p95_ms=float(p95),
        rr_error_ms=summary.rr_error_ms,
    )


def _class_metrics(chosen: Group, index: int) -> ClassMetrics:
    total = chosen.counts.sum(axis=0)
    return ClassMetrics(
        records=len(chosen.compared),
        reference=int(total[index].sum()),
        test=int(total[:, index].sum()),
        right=int(total[index, index]),
        se=chosen.estimate(lambda m: performance.class_scores(m).se[..., index]),
        pp=chosen.estimate(lambda m: performance.class_scores(m).pp[..., index]),
        f1=chosen.estimate(lambda m: performance.class_scores(m).f1[..., index]),
    )


def _classes(chosen: Group, *, resamples: int) -> dict[str, ClassMetrics]:
    """Score every class, and S and F also without the record that has most of their beats."""
    names = names_in_mitdb(c.scored for c in chosen.compared)
    classes = {c: _class_metrics(chosen, k) for k, c in enumerate(AAMI_CLASSES)}
    for name, heavy in HEAVY.items():
        if heavy not in names:
            continue
        rest = group(chosen.compared, without={heavy}, resamples=resamples)
        if rest is not None:
            classes[f"{name} without {heavy}"] = _class_metrics(rest, AAMI_CLASSES.index(name))
    return classes


def _condition_results(
    chosen: Group, mapping: Mapping, start: float, title: str, *, resamples: int
) -> ConditionResults:
    summary = summarize([c.comparison for c in chosen.compared])
    return ConditionResults(
        mapping=mapping,
        start=start,
        set=title,
        records=len(chosen.compared),
        subjects=len(chosen.counts),
        matrix=summary.matrix,
        classes=_classes(chosen, resamples=resamples),
        macro_f1=chosen.estimate(performance.macro_f1),
        accuracy=chosen.estimate(performance.accuracy),
        ec57=Ec57Metrics(
            gross=Ec57Ratios(**{k: r.value for k, r in summary.gross._asdict().items()}),
            average=Ec57Ratios(**summary.average),
            rr_error_ms=summary.rr_error_ms,
        ),
        abnormal=_abnormal(chosen, mapping),
        per_record=tuple(map(_record_metrics, chosen.compared)),
    )


def _record_metrics(compared: Compared) -> RecordMetrics:
    return RecordMetrics(
        record=compared.scored.name,
        subject=compared.scored.subject,
        matrix=compared.comparison.matrix,
        **{k: r.value for k, r in compared.comparison.ratios._asdict().items()},
        rr_error_ms=compared.comparison.rr_error_ms,
    )


def _abnormal(chosen: Group, mapping: Mapping) -> AbnormalMetrics:
    """Score normal against abnormal; curve and calibration only if there are probabilities."""
    total = chosen.counts.sum(axis=0)
    beats, normal = total[:5].sum(), total[0].sum()
    prevalence = float(performance.ratio(beats - normal, beats))
    f1 = chosen.estimate(performance.abnormal_f1)
    if any(c.scored.test.probability is None for c in chosen.compared):
        return AbnormalMetrics(prevalence, f1)
    patients = _by_patient(chosen, mapping)
    score = np.concatenate([p.score for p in patients])
    abnormal = np.concatenate([p.abnormal for p in patients])
    matched = np.concatenate([p.matched for p in patients])
    curve = performance.pr_curve(score, abnormal, missed=sum(p.missed for p in patients))
    auprc, sensitivity = bootstrap.bootstrap_abnormal(patients, chosen.weights)
    squares = np.array([np.sum((p.score - p.abnormal)[p.matched] ** 2) for p in patients])
    n_matched = np.array([p.matched.sum() for p in patients])
    brier = performance.ratio(chosen.weights @ squares, chosen.weights @ n_matched)
    return AbnormalMetrics(
        prevalence,
        f1,
        auprc=estimate(performance.average_precision(curve), auprc),
        se_at_pp_95=estimate(performance.sensitivity_at(curve, precision=0.95), sensitivity),
        curve=_thinned(curve),
        brier=estimate(performance.brier_score(score[matched], abnormal[matched]), brier),
        reliability=performance.reliability(score[matched], abnormal[matched]),
    )


def _by_patient(chosen: Group, mapping: Mapping) -> list[Detections]:
    records = [
        performance.detections(c.comparison, c.scored.reference, c.scored.test, mapping=mapping)
        for c in chosen.compared
    ]
    by_patient = [
        [records[k] for k in np.flatnonzero(chosen.subject == p)] for p in range(len(chosen.counts))
    ]
    return [
        Detections(
            score=np.concatenate([r.score for r in own]),
            abnormal=np.concatenate([r.abnormal for r in own]),
            matched=np.concatenate([r.matched for r in own]),
            missed=sum(r.missed for r in own),
        )
        for own in by_patient
    ]


def _thinned(curve: performance.PrCurve) -> performance.PrCurve:
    """Keep the first point at equal steps of recall: enough for a plot, instead of 50,000."""
    last = len(curve.recall) - 1
    at = np.arange(last + 1)
    if last > CURVE_POINTS and curve.positives:
        wanted = np.linspace(curve.recall[0], curve.recall[last], CURVE_POINTS)
        at = np.unique(np.append(np.searchsorted(curve.recall, wanted), last))
    return performance.PrCurve(
        curve.recall[at], curve.precision[at], curve.threshold[at], curve.positives
    )


def evaluate_records(
    items: Iterable[Scored],
    *,
    annotator: str = "ecgscribe",
    seen: Collection[str] = (),
    resamples: int = 1000,
) -> AnnotatorResults:
    """Compute every metric of the protocol, end to end, from annotated records.

    Reads and writes no files and depends on annotations alone, so that it evaluates the shipped
    model, a network in training and any other annotator in the same way.

    Parameters
    ----------
    items : iterable of Scored
        One per record; beat classification leaves out the paced records of mitdb.
    annotator : str
        Name of the annotator.
    seen : collection of str
        Subjects that it has learned from; see `ecgscribe.evaluation.counts.figures`.
    resamples : int
        Bootstrap resamples of patients; without any (0) the intervals are NaN.

    Returns
    -------
    AnnotatorResults
    """
    scored = list(items)
    paced = names_in_mitdb(scored) & set(PACED)
    with_classes = [s for s in scored if s.name not in paced]
    conditions = []
    counts: tuple[Count, ...] = ()
    for mapping in MAPPINGS:
        for start in STARTS:
            compared = compare_all(with_classes, start=start, window=WINDOWS[0], mapping=mapping)
            if compared and (mapping, start) == ("literature", 0):
                counts = tuple(beat_counts(compared, window=WINDOWS[0]))
            for title, left_out in subsets(names_in_mitdb(with_classes)):
                chosen = group(compared, without=left_out, resamples=resamples)
                if chosen is not None:
                    conditions.append(
                        _condition_results(chosen, mapping, start, title, resamples=resamples)
                    )
    return AnnotatorResults(
        annotator=annotator,
        records=tuple(s.name for s in scored),
        r_peaks=r_peak_metrics(scored, annotator=annotator, resamples=resamples),
        conditions=tuple(conditions),
        figures=figures(with_classes, counts, seen=seen, resamples=resamples),
    )
