"""The Markdown of an evaluation: the text of evaluation.md and of BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ecgscribe.formatting import format_time
from ecgscribe.metrics.comparison import COLUMNS, ROWS

__all__ = ["markdown"]


RULES = """\
Beats classified are the beats *detected*: a missed beat is a miss of its class and an extra one a
false alarm of whatever it was called. Beats are matched as ANSI/AAMI EC57 says, one to one within
150 ms unless a table says otherwise. `literature` is the table of classes that papers use, `ec57`
the standard's. Figures are in percent unless a unit stands beside them, with 95% intervals from a
bootstrap over patients in brackets. Paced records are in the R-peak tables only."""


RECALLS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _number(value: float | None, digits: int = 1) -> str:
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _with_interval(figure: dict[str, float | None]) -> str:
    value = _percent(figure["value"])
    if figure["low"] is None or value == "-":
        return value
    return f"{value} [{_percent(figure['low'])}, {_percent(figure['high'])}]"


def _score(figure: dict[str, float | None], digits: int = 3) -> str:
    """Give a figure that is no share of beats, such as an area, as a plain number."""
    value = _number(figure["value"], digits)
    if figure["low"] is None or value == "-":
        return value
    return f"{value} [{_number(figure['low'], digits)}, {_number(figure['high'], digits)}]"


def _choice(view: dict[str, Any]) -> list[str]:
    return [view["mapping"], format_time(view["start"]), f"{view['set']} ({view['records']})"]


def _summary(report: dict[str, Any]) -> str:
    head = ["input", "mapping", "from", "records", "prevalence", "AUPRC", "F1 as shipped"]
    head += ["Se at +P ≥ 95", "Brier score", "macro-F1 (N S V F)", "accuracy"]
    rows = [
        [source, *_choice(view), *_abnormal(view["abnormal"])]
        + [_with_interval(view[key]) for key in ("macro_f1", "accuracy")]
        for source, views in _inputs(report)
        for view in views
    ]
    return _table(head, rows)


def _abnormal(figures: dict[str, Any]) -> list[str]:
    prevalence, f1 = _number(figures["prevalence"], 3), _with_interval(figures["f1"])
    if "auprc" not in figures:
        return [prevalence, "-", f1, "-", "-"]
    high = _with_interval(figures["se_at_pp_95"])
    return [prevalence, _score(figures["auprc"]), f1, high, _score(figures["brier"], 4)]


def _inputs(report: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    inputs = [("all leads", report["views"])]
    if "one_lead" in report:
        inputs.append(("lead 0", report["one_lead"]["views"]))
    if "live" in report:
        inputs.append(("all leads, live", report["live"]["views"]))
    inputs += [(f"model {o['model']['name']}", o["views"]) for o in report.get("others", [])]
    return inputs


def _classes(report: dict[str, Any]) -> str:
    head = ["class", "input", "mapping", "from", "records", "reference", "Se", "+P", "F1"]
    rows = [
        [name, source, *_choice(view | {"records": score["records"]}), f"{score['reference']:,}"]
        + [_with_interval(score[key]) for key in ("se", "pp", "f1")]
        for source, views in _inputs(report)
        for view in views
        for name, score in view["classes"].items()
    ]
    return _table(head, rows)


def _ec57(views: list[dict[str, Any]]) -> str:
    head = ["mapping", "from", "records", "mean", "VEB Se", "VEB +P", "SVEB Se", "SVEB +P"]
    keys = ("veb_se", "veb_pp", "sveb_se", "sveb_pp")
    rows = []
    for view in views:
        # The RR error is one figure a record: it has an average, and no sum.
        for mean, error in (("gross", None), ("average", view["ec57"]["rr_error_ms"])):
            shares = [_percent(view["ec57"][mean][k]) for k in keys]
            rows.append([*_choice(view), mean, *shares, _number(error, 2)])
    return _table([*head, "RMS RR error (ms)"], rows)


def _title(view: dict[str, Any]) -> str:
    return f"{view['mapping']}, from {format_time(view['start'])}, {view['set']}"


def _matrix(view: dict[str, Any]) -> str:
    rows = [
        [f"**{name}**", *(f"{count:,}" for count in row)]
        for name, row in zip(ROWS, view["matrix"], strict=True)
    ]
    return f"{_title(view)}\n\n" + _table(["", *COLUMNS], rows)


def _curve(view: dict[str, Any]) -> str:
    curve = view["abnormal"]["curve"]
    points = list(zip(curve["recall"], curve["precision"], strict=True))
    best = [
        max((p for r, p in points if r is not None and r >= wanted), default=None)
        for wanted in RECALLS
    ]
    return _table(
        ["recall of abnormal beats", *(_percent(r) for r in RECALLS)],
        [["precision", *(_percent(p) for p in best)]],
    )


def _reliability(view: dict[str, Any]) -> str:
    bins = view["abnormal"]["reliability"]
    return _table(
        ["probability of abnormal, mean of bin", "share abnormal", "matched beats"],
        [
            [_percent(said), _percent(seen), f"{count:,}"]
            for said, seen, count in zip(
                bins["predicted"], bins["observed"], bins["count"], strict=True
            )
        ],
    )


def _r_peaks(rows: list[dict[str, Any]]) -> str:
    head = ["annotator", "records", "beats", "missed", "extra", "Se", "+P", "mean Se", "mean +P"]
    return _table(
        [*head, "median (ms)", "p95 (ms)", "RMS RR error (ms)"],
        [
            [row["annotator"], f"{row['set']} ({row['records']})"]
            + [f"{row[k]:,}" for k in ("reference", "missed", "extra")]
            + [_with_interval(row["se"]), _with_interval(row["pp"])]
            + [_percent(row["average_se"]), _percent(row["average_pp"])]
            + [_number(row[k]) for k in ("median_ms", "p95_ms", "rr_error_ms")]
            for row in rows
        ],
    )


def _per_record(view: dict[str, Any]) -> str:
    keys = ("qrs_se", "qrs_pp", "veb_se", "veb_pp", "sveb_se", "sveb_pp")
    head = ["record", "QRS Se", "QRS +P", "VEB Se", "VEB +P", "SVEB Se", "SVEB +P"]
    rows = []
    for row in view["per_record"]:
        shares = [_percent(row[k]) for k in keys]
        rows.append([row["record"], *shares, _number(row["rr_error_ms"], 2), _cells(row["matrix"])])
    return f"{_title(view)}\n\n" + _table([*head, "RMS RR error (ms)", "counts"], rows)


def _cells(matrix: list[list[int]]) -> str:
    return ", ".join(
        f"{row}{column} {count}"
        for row, counts in zip(ROWS, matrix, strict=True)
        for column, count in zip(COLUMNS, counts, strict=True)
        if count
    )


def _classification(report: dict[str, Any]) -> list[str]:
    views = report["views"]
    shown = [v for v in views if v["set"] == "all"]
    parts = [
        "## Normal and abnormal, and all classes together",
        "Abnormal is S, V, F and Q. AUPRC is average precision; a missed abnormal beat is never "
        "recalled and an extra detection is a negative. F1 as shipped takes the classes as they "
        "are written. Accuracy is pooled, misses and extras included, and says little by itself: "
        "most beats are normal.",
        _summary(report),
        "## Classes",
        "From the plain matrix with misses and extras.",
        _classes(report),
        "## The standard's own figures",
        "EC57 does not charge F or Q called V to VEB +P, nor Q called S to SVEB +P. Gross: from "
        "summed counts; average: mean over records.",
        _ec57(views),
        "## Confusion matrices",
        "Rows are the reference (O extra, X extra in shutdown), columns the test (o missed, x "
        "missed in shutdown).",
        *(_matrix(view) for view in views),
    ]
    if "curve" in views[0]["abnormal"]:
        parts += [f"## Precision-recall and calibration ({_title(views[0])})"]
        parts += [_curve(views[0]), _reliability(views[0])]
    parts += ["## Records"]
    parts += [
        "Counts name the reference class and the test class: `Vn 3` is three V beats called N."
    ]
    return parts + [_per_record(view) for view in shown]


def markdown(report: dict[str, Any], *, plots: Sequence[str] = ()) -> str:
    """Write an evaluation as Markdown.

    Parameters
    ----------
    report : dict
        What `ecgscribe.evaluation.evaluate.evaluate` gives.
    plots : sequence of str
        Pictures that lie beside the file, to be shown in it.

    Returns
    -------
    str
        The whole file.
    """
    rows = report["r_peaks"]
    if "one_lead" in report:
        rows = rows + report["one_lead"]["r_peaks"]
    if "live" in report:
        rows = rows + report["live"]["r_peaks"]
    for other in report.get("others", []):
        rows = rows + other["r_peaks"]
    rows = rows + report.get("peers", [])
    parts = [
        f"# {report['db']}, {report['split']}: {len(report['records'])} records",
        f"Model `{report['model']['name']}`, hash `{report['model']['hash']}`, "
        f"ecgscribe {report['version']}."
        + (f" To measure it again:\n\n    {report['command']}" if report["command"] else ""),
        *(
            f"Beside it: model `{other['model']['name']}`, hash `{other['model']['hash']}`."
            for other in report.get("others", [])
        ),
        RULES,
        f"Records: {' '.join(report['records'])}.",
        *(f"![{name}]({name})" for name in plots),
    ]
    if report["views"]:
        parts += _classification(report)
    parts += [
        "## R-peaks",
        "Median and 95th percentile are those of test minus reference over matched beats. Peers "
        "see lead 0; one whose median offset on DS1 is not zero is shown raw and without it.",
    ]
    for window, start in sorted({(r["window"], r["start"]) for r in rows}, key=_widest_first):
        chosen = [r for r in rows if (r["window"], r["start"]) == (window, start)]
        parts += [f"### Within {1000 * window:.0f} ms, from {format_time(start)}", _r_peaks(chosen)]
    if "noise" in report:
        parts += [
            "## R-peaks in noise",
            "Electrode-motion noise (`em` of nstdb, which no training uses) added at a stated "
            "signal-to-noise ratio, two minutes of it and two without, from 5:00 on; scored from "
            "5:00, within 150 ms.",
            _r_peaks(report["noise"]),
        ]
    return "\n\n".join(parts) + "\n"


def _widest_first(choice: tuple[float, float]) -> tuple[float, float]:
    window, start = choice
    return -window, start
