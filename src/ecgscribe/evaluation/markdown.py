"""The Markdown page of an evaluation: the text of evaluation.md and of BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ecgscribe.datasets.database import MARKS, Marks
from ecgscribe.evaluation.numbers import (
    UNDEFINED,
    number,
    number_with_interval,
    percent,
    percent_with_interval,
)
from ecgscribe.evaluation.published import PUBLISHED, PUBLISHED_ELSEWHERE
from ecgscribe.evaluation.results import (
    ConditionResults,
    EvaluationResult,
    Figure,
    RPeakMetrics,
)
from ecgscribe.evaluation.tables import by_annotator
from ecgscribe.metrics.comparison import COLUMNS, N_CLASSES, ROWS

__all__ = ["figure_table", "markdown", "results_text"]


CLASS_ROWS = {
    "V": "V (ventricular ectopic)",
    "S": "S (supraventricular ectopic)",
    "F": "F (fusion)",
}
"""Classes of the first table, in its order."""


BEAT_RULES = """\
The beats are *detected*, not given: a missed beat counts against its class, and an extra beat
against the class it was given. Beats match one to one within 150 ms according to ANSI/AAMI EC57,
unless a table names another window. `literature` is the mapping of symbols to classes in papers,
`ec57` that of the standard. Intervals come from a bootstrap over patients. Paced records are in the
R-peak metrics only."""


TIME_RULES = """\
Each second belongs to the rhythm in force; 2 s on either side of a change are left out, and of
labelled windows those count whose neighbours have the same label. A second is shown as ventricular
from `[` to `]`, where a `(VT`, `(VFL` or `(VF` is in force, and in a run of at least 3 V at most
2 s apart, none of them unreadable. Se and Sp are those of pieces of 4 s of one rhythm, as papers on
shock advice give them. VF includes flutter; sinus includes block, bigeminy and nodal rhythm;
supraventricular is atrial fibrillation, supraventricular tachycardia and paced rhythm. Intervals
come from a bootstrap over patients."""


LABEL_RULES = """\
A label is that of a recording as a whole, and weak: one labelled N may hold single ectopic beats.
Beats in unreadable signal do not count. A recording is called A where atrial fibrillation or
flutter covers more than half of its readable time; F1 is that of the Challenge 2017. No recording
names its patient, so each counts as one."""


_RULES: Mapping[Marks, str] = {
    "rhythms": TIME_RULES,
    "windows": TIME_RULES,
    "labels": LABEL_RULES,
}


COMPARABLE = """\
- Published F1 are for beats cut out at the reference R-peaks. Here a missed beat is a miss, and an
  extra beat a false positive.
- Higher published figures exist. Most of them have beats of one patient in training and test,
  select or balance the test beats, leave out classes, or choose the best epoch on the test records.
- Baselines detect R-peaks in one lead and do not classify them. The table of the other annotators
  has the model on one lead.
- S and F depend on one patient each. The rows without that patient's record are closer to what to
  expect of other recordings."""


def markdown(
    result: EvaluationResult,
    *,
    plots: Sequence[str] = (),
    tables: str | None = None,
    elsewhere: str | None = None,
    adapted: str | None = None,
) -> str:
    """Return the page of an evaluation as Markdown.

    Parameters
    ----------
    result : EvaluationResult
        The evaluation.
    plots : sequence of str
        Pictures next to the file, to show in the page.
    tables : str, optional
        Folder of the CSV tables, relative to the page.
    elsewhere : str, optional
        Page of the results on other databases, relative to the page.
    adapted : str, optional
        Page of the results with labels of a person, likewise.

    Returns
    -------
    str
        The whole file.
    """
    parts = [
        f"# {result.db}, {result.split}: {len(result.results.records)} records",
        results_text(result),
        *([f"**Every figure** is in [{tables}]({tables}/README.md), as CSV."] if tables else []),
        *([f"**Other databases**: [foreign hearts]({elsewhere})."] if elsewhere else []),
        *([f"**With labels of a person**: [adaptation]({adapted})."] if adapted else []),
        *(f"![{name}]({name})" for name in plots),
        *_published(result),
        *_others(result),
        *_noise(result),
        *_confusion(result),
        *_method(result),
    ]
    return "\n\n".join(parts) + "\n"


def results_text(result: EvaluationResult, *, level: int = 2) -> str:
    """Return the results of the model as Markdown: scores, figures and published figures.

    Parameters
    ----------
    result : EvaluationResult
    level : int
        Level of the headings.

    Returns
    -------
    str
    """
    parts = [
        *([f"Marked in {result.db}: {MARKS[result.marks]}."] if result.marks else []),
        *_summary(result),
        *_abnormal(result),
        *_figures(result, level),
        *_published_elsewhere(result, level),
    ]
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _r_peaks(metrics: Iterable[RPeakMetrics]) -> list[RPeakMetrics]:
    """Return the metrics of all records from 0:00, one per window and annotator."""
    return [m for m in metrics if m.set == "all" and m.start == 0]


def _summary(result: EvaluationResult) -> list[str]:
    rows: list[list[str]] = []
    for m in _r_peaks(result.results.r_peaks):
        baselines = [b for b in _r_peaks(result.baselines or ()) if b.window == m.window]
        best = max(baselines, key=lambda b: b.f1.value, default=None)
        rows.append(
            [f"R-peaks within {1000 * m.window:.0f} ms", f"{m.reference:,}"]
            + [percent_with_interval(estimate) for estimate in (m.se, m.pp, m.f1)]
            + [UNDEFINED if best is None else f"{best.annotator} {percent(best.f1.value)}"]
        )
    for condition in result.results.conditions[:1]:
        for name, score in sorted(condition.classes.items(), key=_order):
            if name[0] in CLASS_ROWS:
                rows.append(
                    [CLASS_ROWS.get(name, name), f"{score.reference:,}"]
                    + [percent_with_interval(e) for e in (score.se, score.pp, score.f1)]
                    + [_best_published(result, name)]
                )
        abnormal = condition.matrix[1:N_CLASSES].sum()
        f1 = percent_with_interval(condition.abnormal.f1)
        rows.append(
            ["abnormal (S, V, F or Q)", f"{abnormal:,}", UNDEFINED, UNDEFINED, f1, UNDEFINED]
        )
    if not rows:
        return []
    head = ["", "beats", "Se", "+P", "F1", "F1 of the best baseline, or best published F1"]
    return [
        f"F1, sensitivity (Se) and positive predictivity (+P) of the model `{result.model.name}`, "
        "in percent, with 95% intervals in brackets: all leads, `literature` classes, from 0:00.",
        _table(head, rows),
    ]


def _figures(result: EvaluationResult, level: int) -> list[str]:
    if not result.results.figures:
        return []
    of_beats = len(result.results.conditions) > 0
    return [
        f"{'#' * level} {'False ectopy, runs and episodes' if of_beats else 'Figures'}",
        f"The model `{result.model.name}` on all leads, with 95% intervals in brackets. People: "
        "those who have any of what is counted.",
        figure_table(f for f in result.results.figures if not f.set.startswith("without ")),
    ]


def figure_table(figures: Iterable[Figure]) -> str:
    """Return figures as a Markdown table.

    Parameters
    ----------
    figures : iterable of Figure

    Returns
    -------
    str
    """
    rows = [
        [
            *(f.measure, f.of, f.set, f"{f.people:,}", f"{f.hits:,.0f} / {f.total:,.0f}"),
            f"{number_with_interval(f.value, 2)} {f.unit}",
        ]
        for f in figures
    ]
    return _table(["", "of", "records", "people", "counts", "value"], rows)


def _order(item: tuple[str, object]) -> tuple[int, str]:
    """Sort classes as in `CLASS_ROWS`, each before itself without a record."""
    name = item[0]
    place = list(CLASS_ROWS).index(name[0]) if name[0] in CLASS_ROWS else len(CLASS_ROWS)
    return place, name


def _is_ds2(result: EvaluationResult) -> bool:
    return (result.db, result.split) == ("mitdb", "ds2")


def _best_published(result: EvaluationResult, name: str) -> str:
    best = [(p.f1[name], p.name) for p in PUBLISHED if name in p.f1]
    if not (best and _is_ds2(result)):
        return UNDEFINED
    f1, publication = max(best)
    return f"{publication} {f1}"


def _abnormal(result: EvaluationResult) -> list[str]:
    return [
        f"Abnormal beats: {percent(c.abnormal.prevalence)}% of all; AUPRC "
        f"{number_with_interval(c.abnormal.auprc)}; Se where +P is 95%: "
        f"{percent_with_interval(c.abnormal.se_at_pp_95)}. Mean F1 of N, S, V and F: "
        f"{percent_with_interval(c.macro_f1)}."
        for c in result.results.conditions[:1]
    ]


def _published(result: EvaluationResult) -> list[str]:
    if not _is_ds2(result):
        return []
    rows = [
        [p.name, *(str(p.f1[name]) if name in p.f1 else UNDEFINED for name in CLASS_ROWS), p.source]
        for p in PUBLISHED
    ]
    return [
        "## What is not comparable",
        COMPARABLE,
        "## Published figures",
        "F1 in percent of models that saw no patient of DS2 in training, but for that of 202.",
        _table(["", *CLASS_ROWS, "source"], rows),
    ]


def _published_elsewhere(result: EvaluationResult, level: int) -> list[str]:
    if result.db == "mitdb":
        return []
    marks = result.marks or "beats"
    rows = [
        [p.name, p.figures, p.difference, p.source] for p in PUBLISHED_ELSEWHERE if marks in p.marks
    ]
    head = ["", "published", "what is not comparable", "source"]
    return [f"{'#' * level} Published figures", _table(head, rows)] if rows else []


def _others(result: EvaluationResult) -> list[str]:
    if not result.results.r_peaks:
        return []
    rows = []
    for name, results in by_annotator(result):
        peaks = [percent_with_interval(m.f1) for m in _r_peaks(results.r_peaks)]
        rows.append([name, *peaks, *_class_cells(results.conditions[:1])])
    baselines: dict[str, list[str]] = {}
    for m in _r_peaks(result.baselines or ()):
        baselines.setdefault(m.annotator, []).append(percent_with_interval(m.f1))
    rows += [[name, *peaks, *_class_cells(())] for name, peaks in baselines.items()]
    windows = [f"R-peaks {1000 * m.window:.0f} ms" for m in _r_peaks(result.results.r_peaks)]
    text = "F1 in percent, as in the first table."
    if result.baselines:
        text += (
            " Baselines get lead 0; one whose median offset from the reference on DS1 is not zero "
            "is listed as it is, and without its offset."
        )
    return ["## All annotators", text, _table(["", *windows, *CLASS_ROWS, "abnormal"], rows)]


def _class_cells(conditions: Sequence[ConditionResults]) -> list[str]:
    if not conditions:
        return [UNDEFINED] * (len(CLASS_ROWS) + 1)
    (condition,) = conditions
    f1 = [*(condition.classes[name].f1 for name in CLASS_ROWS), condition.abnormal.f1]
    return [percent_with_interval(estimate) for estimate in f1]


def _noise(result: EvaluationResult) -> list[str]:
    if not result.noise:
        return []
    rows = [
        [m.annotator, *map(percent_with_interval, (m.se, m.pp, m.f1)), number(m.p95_ms)]
        for m in result.noise
    ]
    return [
        "## R-peaks in noise",
        "Electrode-motion noise (`em` of nstdb, which no training uses) is added at a given "
        "signal-to-noise ratio from 5:00 on, two minutes with noise and two without. Scored from "
        "5:00, within 150 ms.",
        _table(["", "Se", "+P", "F1", "95% of offsets below (ms)"], rows),
    ]


def _confusion(result: EvaluationResult) -> list[str]:
    parts = []
    for condition in result.results.conditions[:1]:
        rows = [
            [f"**{name}**", *(f"{count:,}" for count in counts)]
            for name, counts in zip(ROWS, condition.matrix, strict=True)
        ]
        parts += [
            "## Confusion matrix",
            "Rows are the reference (O extra, X extra in shutdown), columns the test (o missed, x "
            "missed in shutdown).",
            _table(["", *COLUMNS], rows),
        ]
    return parts


def _method(result: EvaluationResult) -> list[str]:
    models = [result.model, *(other.model for other in result.others)]
    named = "; ".join(f"model `{m.name}`, hash `{m.hash}`" for m in models)
    again = f" To evaluate again:\n\n    {result.command}" if result.command else ""
    return [
        "## How it was measured",
        BEAT_RULES if result.marks is None else _RULES.get(result.marks, BEAT_RULES),
        f"Records: {' '.join(result.results.records)}.",
        f"{named[0].upper()}{named[1:]}; ecgscribe {result.version}.{again}",
    ]
