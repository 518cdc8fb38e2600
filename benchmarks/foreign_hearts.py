"""Measure a model on other databases and other rhythms, and write the page of foreign hearts.

``python benchmarks/foreign_hearts.py [--data-dir DIR] [--model M] [--folds]`` writes
foreign_hearts.md next to this file, and all tables into results/foreign_hearts. A database that is
not there is left out, and the page names it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from ecgscribe.datasets import DATABASES
from ecgscribe.errors import DatasetError, EcgScribeError, SignalWarning
from ecgscribe.evaluation.evaluate import evaluate
from ecgscribe.evaluation.markdown import figure_table, results_text
from ecgscribe.evaluation.results import EvaluationResult, Figure
from ecgscribe.evaluation.table_files import table_csv
from ecgscribe.evaluation.tables import tables
from ecgscribe.files import make_folder, write_text

HERE = Path(__file__).parent
TABLES = Path("results") / "foreign_hearts"
DATABASES_MEASURED = {
    "vfdb": "all", "cudb": "all", "cinc2017": "tenth", "svdb": "all", "ludb": "all"
}  # fmt: skip
"""Databases, and the split of each: of cinc2017 a tenth, by number, is kept from training."""
STEADY = ("101", "112", "115", "122", "124", "220", "230")
"""Records of DS1 that hold sinus rhythm nearly throughout, for `PLANS`."""
PLANS = (
    "exercise", "exercise-160", "exercise-steep", "gradual", "runs", "fibrillation", "standstill"
)  # fmt: skip
"""Rhythms in which the beats of `STEADY` are placed anew."""
TABLE_FILES = ("figures.csv", "r_peaks.csv", "classes.csv")
FIRST = (
    ("vfdb", "time shown as ventricular", "VF"),
    ("vfdb", "time shown as ventricular", "VT"),
    ("vfdb", "time shown as ventricular", "sinus"),
    ("vfdb", "time shown as ventricular", "supraventricular"),
    ("vfdb", "time shown as unreadable", "VF"),
    ("vfdb", "time shown as unreadable", "VT"),
    ("vfdb", "time shown as unreadable", "ASYS"),
    ("vfdb", "time shown as unreadable", "sinus"),
    ("vfdb", "time with an event", "ASYS"),
    ("cudb", "time shown as ventricular", "ventricular window"),
    ("cudb", "time shown as ventricular", "other window"),
    ("svdb", "classified as S, V or F", "N"),
    ("svdb", "recordings with more than 5 false S, V or F per 1,000 N", "recordings with N"),
    ("cinc2017", "recordings with any S, V or F", "labelled N"),
    ("cinc2017", "beats classified as S", "labelled A"),
    ("cinc2017", "F1", "label A"),
    ("exercise", "classified as S, V or F", "N"),
    ("exercise-160", "classified as S, V or F", "N"),
    ("exercise-steep", "classified as S, V or F", "N"),
    ("gradual", "classified as S, V or F", "N"),
    ("runs", "classified as S, V or F", "N"),
    ("fibrillation", "classified as S, V or F", "N"),
    ("standstill", "time with an event", "ASYS"),
)
"""Figures of the first table."""


def main() -> int:
    """Measure every database and write the page."""
    parser = argparse.ArgumentParser(description="Measure a model on other databases than mitdb.")
    parser.add_argument("--data-dir", help="folder that holds the databases")
    parser.add_argument("--model", default="default", help="model (default: the shipped one)")
    parser.add_argument(
        "--folds", action="store_true", help="each record by a network that has not seen it"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    results, absent = {}, []
    measure = partial(evaluate, options.model, data_dir=options.data_dir, folds=options.folds)
    todo = {db: partial(measure, db=db, split=split) for db, split in DATABASES_MEASURED.items()}
    todo |= {plan: partial(measure, split="ds1", records=STEADY, plan=plan) for plan in PLANS}
    for name, run in todo.items():
        sys.stderr.write(f"{name}\n")
        try:
            results[name] = run()
        except DatasetError:
            absent.append(name)
    if not results:
        raise DatasetError("expected the databases, found none; run `ecgscribe fetch --list`")
    for name, result in results.items():
        make_folder(HERE / TABLES / name)
        every = tables(result)
        for file in TABLE_FILES:
            if file in every:
                write_text(HERE / TABLES / name / file, table_csv(every[file]), force=True)
    text = "\n\n".join(_page(results, absent, folds=options.folds)) + "\n"
    write_text(HERE / "foreign_hearts.md", text, force=True)
    return 0


def _page(
    results: Mapping[str, EvaluationResult], absent: list[str], *, folds: bool
) -> Iterator[str]:
    model = next(iter(results.values())).model
    yield "# Foreign hearts"
    yield (
        "What the model does on recordings of other databases than mitdb, and in rhythms that it "
        "has not learned. Each figure has the number of people that it is measured on and, in "
        "brackets, its 95% interval by bootstrap over patients. "
        "[The protocol](../docs/protocol.md) defines them."
    )
    if folds:
        yield (
            "Patients of the training are measured by the networks of its folds, each on those "
            "that it has not seen. The shipped model is another network, trained on all of them."
        )
    else:
        yield (
            "Where the model was trained on some of the patients, the tables give these and the "
            "others apart; the first table has the others alone. Of the resequenced recordings it "
            "has seen every patient, in the recorded rhythm."
        )
    first = [figure for key in FIRST for figure in _figures(results, *key)]
    yield figure_table(first)
    if absent:
        yield f"Not measured, as not there: {'; '.join(absent)}."
    for name, result in results.items():
        n_records = len(result.results.records)
        if name in DATABASES_MEASURED:
            database = DATABASES[name]
            yield f"## {database.title} ({name}): {n_records} records"
            yield f"{database.citation}. Licence: {database.licence}."
        else:
            yield f"## Resequenced, {name}: {n_records} records of DS1"
            yield (
                f"The beats of {', '.join(result.results.records)}, placed anew; see "
                "`ecgscribe.datasets.resequenced`."
            )
        yield results_text(result, level=3)
        every = tables(result)
        links = (
            f"[{file}]({(TABLES / name / file).as_posix()})"
            for file in TABLE_FILES
            if file in every
        )
        yield f"As CSV: {', '.join(links)}."
    yield "## How it was measured"
    own = " --model RUN" * (model.name != "default")
    command = f"python benchmarks/foreign_hearts.py{own}{' --folds' * folds}"
    yield f"Model `{model.name}`, hash `{model.hash}`. To measure again:\n\n    {command}"


def _figures(
    results: Mapping[str, EvaluationResult], name: str, measure: str, of: str
) -> Iterator[Figure]:
    """Return the figure on patients that the model has not seen."""
    figures = results[name].results.figures if name in results else ()
    by_set = {f.set: f for f in figures if (f.measure, f.of) == (measure, of)}
    chosen = by_set.get("not seen in training", by_set.get("all"))
    if chosen is not None:
        yield Figure(**{**vars(chosen), "set": f"{name}, {chosen.set}"})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EcgScribeError as error:
        sys.exit(f"foreign_hearts: {error}")
