"""All tables of an evaluation, with the meaning of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecgscribe.evaluation.numbers import UNDEFINED, number, percent
from ecgscribe.evaluation.results import (
    AnnotatorResults,
    ConditionResults,
    Ec57Ratios,
    Estimate,
    EvaluationResult,
    RecordMetrics,
    RPeakMetrics,
)
from ecgscribe.evaluation.table_files import Table
from ecgscribe.metrics.comparison import COLUMNS, N_CLASSES, ROWS

__all__ = ["TABLE_FILES", "by_annotator", "tables"]


_ANNOTATOR = {
    "annotator": "the model on all leads (`ecgscribe`), on lead 0, live; or another model"
}
_CONDITION = {
    "mapping": "table from symbols to classes: `literature` (as in papers) or `ec57` (standard)",
    "start_s": "where the comparison starts, in seconds",
}
_SET = {"set": "set of records, and which are left out", "records": "number of records"}
_F1 = "harmonic mean of Se and +P, in percent, with its 95% interval"
_ESTIMATES = {
    "se": "sensitivity (Se) in percent, with its 95% interval",
    "pp": "positive predictivity (+P) in percent, with its 95% interval",
    "f1": _F1,
}
_RATIOS = {
    "qrs_se": "Se of all beats, in percent",
    "qrs_pp": "+P of all beats, in percent",
    "veb_se": "Se of class V, in percent",
    "veb_pp": "+P of class V in percent; an F or Q classified as V does not lower it",
    "sveb_se": "Se of class S, in percent",
    "sveb_pp": "+P of class S in percent; a Q classified as S does not lower it",
}
_RR_ERROR = {"rr_error_ms": "RMS error of the RR intervals, mean over records, in ms"}


def tables(result: EvaluationResult) -> dict[str, Table]:
    """Return all tables of an evaluation.

    Parameters
    ----------
    result : EvaluationResult
        The evaluation.

    Returns
    -------
    dict of str to Table
        By file name, without tables that would be empty.
    """
    every = {file: make(result) for file, make in _MAKERS.items()}
    return {file: table for file, table in every.items() if table.rows}


def by_annotator(result: EvaluationResult) -> list[tuple[str, AnnotatorResults]]:
    """Return the name and the results of the model on each input, and of the other models."""
    every = [result.results, result.one_lead, *([result.live] if result.live else [])]
    every += [other.results for other in result.others]
    return [(results.annotator, results) for results in every]


def _with_bounds(columns: Mapping[str, str]) -> dict[str, str]:
    """Add a column for the low and the high bound after each column."""
    return {
        name + bound: "" if bound else meaning
        for name, meaning in columns.items()
        for bound in ("", "_low", "_high")
    }


def _cells(estimate: Estimate | None, digits: int | None = None) -> list[str]:
    """Write value and bounds, in percent unless a number of digits is given."""
    if estimate is None:
        return [UNDEFINED] * 3
    bounds = (estimate.value, estimate.low, estimate.high)
    return [percent(b) if digits is None else number(b, digits) for b in bounds]


def _each_condition(result: EvaluationResult) -> Iterator[tuple[list[str], ConditionResults]]:
    for name, results in by_annotator(result):
        for condition in results.conditions:
            choice = [name, condition.mapping, f"{condition.start:g}", condition.set]
            yield choice, condition


_R_PEAK_COLUMNS = {
    **_SET,
    "window_ms": "largest distance of two beats that match, in ms",
    "start_s": _CONDITION["start_s"],
    "reference": "number of reference beats",
    "missed": "number of missed beats",
    "extra": "number of extra beats",
    **_with_bounds(_ESTIMATES),
    "average_se": "mean of Se over records, in percent",
    "average_pp": "mean of +P over records, in percent",
    "median_ms": "median of test minus reference over matched beats, in ms",
    "p95_ms": "95th percentile of test minus reference over matched beats, in ms",
    **_RR_ERROR,
}


def _r_peak_row(metrics: RPeakMetrics) -> list[str]:
    return [
        metrics.annotator,
        metrics.set,
        str(metrics.records),
        f"{1000 * metrics.window:.0f}",
        f"{metrics.start:g}",
        *map(str, (metrics.reference, metrics.missed, metrics.extra)),
        *_cells(metrics.se),
        *_cells(metrics.pp),
        *_cells(metrics.f1),
        percent(metrics.average_se),
        percent(metrics.average_pp),
        *map(number, (metrics.median_ms, metrics.p95_ms, metrics.rr_error_ms)),
    ]


def _r_peaks(result: EvaluationResult) -> Table:
    metrics = [m for _, results in by_annotator(result) for m in results.r_peaks]
    return Table(
        "the R-peak metrics of one annotator, paced records included. Baselines get lead 0; one "
        "whose median offset on DS1 is not zero is listed as it is, and without its offset",
        {"annotator": f"{_ANNOTATOR['annotator']}; or a baseline"} | _R_PEAK_COLUMNS,
        tuple(map(_r_peak_row, [*metrics, *(result.baselines or ())])),
    )


def _noise(result: EvaluationResult) -> Table:
    return Table(
        "the R-peak metrics of the model on all leads with electrode-motion noise added (`em` of "
        "nstdb, which no training uses), from 5:00 on: two minutes with noise, two minutes without",
        {"noise": "signal-to-noise ratio, and whether spans without noise are left out"}
        | _R_PEAK_COLUMNS,
        tuple(map(_r_peak_row, result.noise or ())),
    )


def _classes(result: EvaluationResult) -> Table:
    return Table(
        "the metrics of one class, from the confusion matrix with missed and extra beats",
        {
            **_ANNOTATOR,
            **_CONDITION,
            **_SET,
            "class": "AAMI class, and the record that is left out",
            "reference": "number of reference beats of the class",
            "test": "number of beats that were classified so",
            "right": "number of beats where both agree",
            **_with_bounds(_ESTIMATES),
        },
        tuple(
            [*choice, str(score.records), name]
            + [str(n) for n in (score.reference, score.test, score.right)]
            + [*_cells(score.se), *_cells(score.pp), *_cells(score.f1)]
            for choice, condition in _each_condition(result)
            for name, score in condition.classes.items()
        ),
    )


def _abnormal(result: EvaluationResult) -> Table:
    return Table(
        "the metrics of normal (N) against abnormal (S, V, F, Q), and of all classes together",
        {
            **_ANNOTATOR,
            **_CONDITION,
            **_SET,
            "prevalence": "share of reference beats that are abnormal, 0 to 1",
            **_with_bounds(
                {
                    "auprc": "average precision, 0 to 1, with its 95% interval; a missed abnormal "
                    "beat is never recalled, an extra beat is a negative",
                    "f1": f"{_F1}, of the predicted classes",
                    "se_at_pp_95": "Se where +P is 95%, in percent, with its 95% interval",
                    "brier": "Brier score of the probability of abnormal, with its 95% interval",
                    "macro_f1": "mean F1 of N, S, V and F, in percent, with its 95% interval",
                    "accuracy": "pooled accuracy, missed and extra beats included, in percent, "
                    "with its 95% interval; most beats are normal, so it means little alone",
                }
            ),
        },
        tuple(
            [*choice, str(condition.records), *_abnormal_cells(condition)]
            for choice, condition in _each_condition(result)
        ),
    )


def _abnormal_cells(condition: ConditionResults) -> list[str]:
    abnormal = condition.abnormal
    return [
        number(abnormal.prevalence, 3),
        *_cells(abnormal.auprc, 3),
        *_cells(abnormal.f1),
        *_cells(abnormal.se_at_pp_95),
        *_cells(abnormal.brier, 4),
        *_cells(condition.macro_f1),
        *_cells(condition.accuracy),
    ]


def _ec57(result: EvaluationResult) -> Table:
    return Table(
        "the metrics of the standard, ANSI/AAMI EC57",
        {
            **_ANNOTATOR,
            **_CONDITION,
            **_SET,
            "mean": "`gross` (from summed counts) or `average` (mean over records)",
            **_RATIOS,
            **_RR_ERROR,
        },
        tuple(
            [*choice, str(condition.records), mean, *_ratio_cells(ratios), number(rr_error, 2)]
            for choice, condition in _each_condition(result)
            # Each record has one RR error: it has an average, and no gross value.
            for mean, ratios, rr_error in (
                ("gross", condition.ec57.gross, float("nan")),
                ("average", condition.ec57.average, condition.ec57.rr_error_ms),
            )
        ),
    )


def _ratio_cells(ratios: Ec57Ratios | RecordMetrics) -> list[str]:
    return [percent(getattr(ratios, name)) for name in _RATIOS]


def _confusion(result: EvaluationResult) -> Table:
    return Table(
        "one row of a confusion matrix",
        {
            **_ANNOTATOR,
            **_CONDITION,
            **_SET,
            "reference": "class of the reference beats; O extra beats, X extra beats in shutdown",
            **{
                c: f"number of them with the predicted class {c.upper()}"
                for c in COLUMNS[:N_CLASSES]
            },
            "o": "number of them that were missed",
            "x": "number of them that were missed in shutdown",
        },
        tuple(
            [*choice, str(condition.records), name, *map(str, counts)]
            for choice, condition in _each_condition(result)
            for name, counts in zip(ROWS, condition.matrix.tolist(), strict=True)
        ),
    )


def _records(result: EvaluationResult) -> Table:
    cells = [row + column for row in ROWS for column in COLUMNS]
    return Table(
        "the metrics of one record",
        {
            **_ANNOTATOR,
            **_CONDITION,
            "record": "name of the record",
            "subject": "person who was recorded",
            **_RATIOS,
            "rr_error_ms": "RMS error of the RR intervals, in ms",
            cells[0]: "number of beats in row N and column n of the confusion matrix; likewise the "
            f"columns `{cells[1]}` to `{cells[-1]}`",
            **dict.fromkeys(cells[1:], ""),
        },
        tuple(
            [*choice[:3], row.record, row.subject, *_ratio_cells(row), number(row.rr_error_ms, 2)]
            + [str(n) for counts in row.matrix.tolist() for n in counts]
            for choice, condition in _each_condition(result)
            if condition.set == "all"
            for row in condition.per_record
        ),
    )


def _first(result: EvaluationResult) -> str:
    (condition,) = result.results.conditions[:1] or (None,)
    if condition is None:
        return ""
    return f"(`{condition.mapping}` classes, from {condition.start:g} s, {condition.set} records)"


def _pr_curve(result: EvaluationResult) -> Table:
    curves = [c.abnormal.curve for c in result.results.conditions[:1]]
    return Table(
        f"one point of the precision-recall curve of the model on all leads {_first(result)}",
        {
            "recall": "share of the abnormal beats above the threshold, 0 to 1",
            "precision": "share of beats above the threshold that are abnormal, 0 to 1",
            "threshold": "lowest probability of abnormal that counts as abnormal",
        },
        tuple(
            [f"{value:.5f}" for value in point]
            for curve in curves
            if curve is not None
            for point in zip(curve.recall, curve.precision, curve.threshold, strict=True)
        ),
    )


def _calibration(result: EvaluationResult) -> Table:
    curves = [c.abnormal.reliability for c in result.results.conditions[:1]]
    return Table(
        "one bin of the probability that a matched beat is abnormal, of the model on all leads "
        f"{_first(result)}",
        {
            "predicted": "mean probability of the beats in the bin, in percent",
            "observed": "share of these beats that are abnormal, in percent",
            "beats": "number of beats in the bin",
        },
        tuple(
            [percent(predicted), percent(observed), str(count)]
            for curve in curves
            if curve is not None
            for predicted, observed, count in zip(
                curve.predicted, curve.observed, curve.count, strict=True
            )
        ),
    )


def _count(value: float) -> str:
    return number(value, 0 if value.is_integer() else 3)


def _figures(result: EvaluationResult) -> Table:
    return Table(
        "one share: of beats (false ectopy, runs), of episodes, of time or of recordings, whatever "
        "is marked; without a row where there is nothing to count",
        {
            **_ANNOTATOR,
            "set": "set of records: all, which are left out, or whether the model was trained on "
            "their patients",
            "measure": "what is measured",
            "of": "kind of beats, runs, episodes, rhythm or recordings that it is measured on",
            "people": "number of people who have any of that",
            "hits": "numerator: a number, or a time in seconds",
            "total": "denominator",
            "unit": "unit of the value",
            **_with_bounds({"value": "hits over total, with its 95% interval"}),
        },
        tuple(
            [
                *(name, f.set, f.measure, f.of, str(f.people)),
                *(_count(f.hits), _count(f.total), f.unit),
                *_cells(f.value, 2),
            ]
            for name, results in by_annotator(result)
            for f in results.figures
        ),
    )


_MAKERS = {
    "figures.csv": _figures,
    "r_peaks.csv": _r_peaks,
    "noise.csv": _noise,
    "classes.csv": _classes,
    "abnormal.csv": _abnormal,
    "ec57.csv": _ec57,
    "confusion.csv": _confusion,
    "records.csv": _records,
    "pr_curve.csv": _pr_curve,
    "calibration.csv": _calibration,
}


TABLE_FILES = tuple(_MAKERS)
"""Files that the tables of an evaluation may have."""
