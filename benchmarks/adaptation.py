"""Measure what a person's labels of a few beats change, and write the page of adaptation.

``python benchmarks/adaptation.py [--data-dir DIR] [--model M] [--folds]`` writes adaptation.md next
to this file: DS2 by the model. With ``--folds`` it writes adaptation_folds.md: DS1 and svdb by the
networks of a run's folds, each on the patients that it has not seen. `ecgscribe.adaptation` was
chosen with these.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgscribe import datasets
from ecgscribe.adaptation.adapt import Patient, corrections_from
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.evaluation.fold_networks import networks_of_folds, networks_of_one
from ecgscribe.evaluation.groups import Compared, Scored, group
from ecgscribe.evaluation.numbers import percent, percent_with_interval
from ecgscribe.evaluation.output import log_ds2
from ecgscribe.evaluation.records import RecordSet, records_of_split
from ecgscribe.files import write_text
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.metrics.performance import class_scores, macro_f1
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES

HERE = Path(__file__).parent
LEARNING = 300.0
"""Seconds with reference labels; only what follows is scored, in every row."""
ASKED = 20
HARM = 0.01
"""Fall of an F1 above which a record is listed."""
NOT_ADAPTED = "not adapted"
FIRST_MINUTES = "first 5 minutes labelled"
CHOSEN = f"{ASKED} beats, chosen by the program"
NOT_COUNTED = "the same, those beats not counted"
WITHOUT = ("202", "213", "232")
"""Records that DS2 is also measured without: 202 is of a patient of DS1; 213 has most F, 232 most
S."""


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description="Measure adaptation to the patient.")
    parser.add_argument("--data-dir", help="folder that holds the databases")
    parser.add_argument("--model", default="default", help="model (default: the shipped one)")
    parser.add_argument(
        "--folds", action="store_true", help="DS1 and svdb, by networks that have not seen them"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    model = load_model(options.model)
    sets = [("mitdb", "ds1"), ("svdb", "all")] if options.folds else [("mitdb", "ds2")]
    parts = []
    for db, split in sets:
        records = records_of_split(db, split, model, data_dir=options.data_dir)
        parts += [f"## {db}, {split}", *_tables(measure(model, records, folds=options.folds))]
    log = HERE.parent / "experiments" / "ds2.csv"
    if not options.folds and log.is_file():
        log_ds2(log, model_hash=model.hash, purpose="adaptation")
    page = [*_head(folds=options.folds), *parts, *_foot(model, folds=options.folds)]
    name = "adaptation_folds.md" if options.folds else "adaptation.md"
    write_text(HERE / name, "\n\n".join(page) + "\n", force=True)
    return 0


def measure(model: Model, records: RecordSet, *, folds: bool) -> dict[str, list[Compared]]:
    """Compare every record with its reference after each kind of adaptation."""
    rows: dict[str, list[Compared]] = {
        name: [] for name in (NOT_ADAPTED, FIRST_MINUTES, CHOSEN, NOT_COUNTED)
    }
    for network in (networks_of_folds if folds else networks_of_one)(model, records):
        for name in network.names:
            sys.stderr.write(f"adaptation: {records.db} {name}\n")
            record, reference = datasets.load(records.db, name, data_dir=records.data_dir)
            before = annotate(record, model=network.model)
            subject = datasets.subject(records.db, name)
            for title, (after, comparison) in _adaptations(record, before, reference):
                scored = Scored(name, subject, reference, after, record.n_samples)
                rows[title].append(Compared(scored, comparison))
    return {
        title: sorted(compared, key=lambda one: one.scored.name) for title, compared in rows.items()
    }


def _adaptations(
    record: Record, before: Annotation, reference: Annotation
) -> Iterator[tuple[str, tuple[Annotation, Comparison]]]:
    """Yield what each row of the table is called, the adapted annotation, and how it compares."""
    patient = Patient.of(record, before)
    known = corrections_from(before, reference)
    first = corrections_from(before, reference, end=LEARNING)
    asked = ask(patient, known)
    kinds: dict[str, dict[int, str]] = {NOT_ADAPTED: {}, FIRST_MINUTES: first, CHOSEN: asked}
    for title, corrections in kinds.items():
        after = patient.adapt(corrections)
        comparison = compare(reference, after, start=LEARNING, mapping="literature")
        yield title, (after, comparison)
    matrix = comparison.matrix.copy()
    for index in comparison.pairs.test_index[comparison.pairs.reference_index >= 0].tolist():
        if index >= 0 and (label := asked.get(int(after.beats().sample[index]))):
            k = AAMI_CLASSES.index(label)
            matrix[k, k] -= 1
    yield NOT_COUNTED, (after, dataclasses.replace(comparison, matrix=matrix))


def ask(patient: Patient, known: dict[int, str]) -> dict[int, str]:
    """Answer for the beats that the program asks about, as a person with the reference would.

    A beat that the reference does not have is a false detection: it counts as asked and is skipped.
    """
    answers: dict[int, str] = {}
    skipped: list[int] = []
    while len(answers) + len(skipped) < ASKED:
        sample = patient.next_beat(answers, skipped=skipped)
        if sample is None:
            break
        if sample in known:
            answers[sample] = known[sample]
        else:
            skipped.append(sample)
    return answers


def _tables(rows: Mapping[str, Sequence[Compared]]) -> Iterator[str]:
    lines = ["| labels | " + " | ".join(f"F1 {c}" for c in "NSVF") + " | macro-F1 |"]
    lines.append("| --- |" + " ---: |" * 5)
    for title, compared in rows.items():
        lines.append(_row(title, compared, ()))
        lines += [
            _row(f"{title}, without {left_out}", compared, (left_out,))
            for left_out in WITHOUT
            if compared[0].scored.subject.startswith("mitdb")
            and any(c.scored.name == left_out for c in compared)
        ]
    yield "\n".join(lines)
    for title in (FIRST_MINUTES, CHOSEN):
        harmed = list(_harmed(rows[NOT_ADAPTED], rows[title]))
        listed = "; ".join(harmed) or "none"
        yield f"**An F1 falls by more than 1 point** ({title}): {listed}."
    names = [c.scored.name for c in rows[NOT_ADAPTED]]
    head = "| record | " + " | ".join(f"{title}: N, S, V, F" for title in rows) + " |"
    by_record = [head, "| --- |" + " ---: |" * len(rows)]
    for k, name in enumerate(names):
        cells = (_f1_cells(compared[k].comparison.matrix) for compared in rows.values())
        by_record.append(f"| {name} | " + " | ".join(cells) + " |")
    yield "\n".join(by_record)


def _row(title: str, compared: Sequence[Compared], without: Sequence[str]) -> str:
    of = group(compared, without=without, resamples=1000)
    if of is None:
        return f"| {title} |" + " - |" * 5
    estimates = [of.estimate(partial(_f1, index=k)) for k in range(4)]
    cells = [percent_with_interval(e) for e in [*estimates, of.estimate(macro_f1)]]
    return f"| {title} | " + " | ".join(cells) + " |"


def _f1(counts: NDArray[np.int64], *, index: int) -> NDArray[np.float64]:
    return np.asarray(class_scores(counts).f1[..., index])


def _f1_cells(counts: NDArray[np.int64]) -> str:
    return ", ".join(percent(value) for value in class_scores(counts).f1[:4].tolist())


def _harmed(before: Sequence[Compared], after: Sequence[Compared]) -> Iterator[str]:
    for one, other in zip(before, after, strict=True):
        was, now = (class_scores(c.comparison.matrix).f1 for c in (one, other))
        for k, name in enumerate("NSVF"):
            if was[k] - now[k] > HARM:
                of = one.comparison.matrix[k].sum()
                change = f"{percent(was[k])} to {percent(now[k])}"
                yield f"{one.scored.name}, {name} ({of} beats): {change}"


def _head(*, folds: bool) -> Iterator[str]:
    yield "# Adaptation to the patient"
    yield (
        "What labels of some beats of a recording change in its other beats; see "
        "`ecgscribe adapt`. Beats are detected, everything is scored from 5:00 on, in percent, "
        "with the literature's mapping of symbols and 95% intervals by bootstrap over patients. "
        "A person with labels has helped here: none of this compares with the benchmarks of the "
        "model alone."
    )
    yield (
        f"*{FIRST_MINUTES.capitalize()}*: the reference classes of the detected beats before 5:00. "
        f"*{CHOSEN}*: of the whole recording; a false detection among them counts as asked and "
        "teaches nothing. Those beats then have the right class, and count; the last row leaves "
        "them out."
    )
    if folds:
        yield "Each record is annotated by a network that has not seen its patient."


def _foot(model: Model, *, folds: bool) -> Iterator[str]:
    yield "## How it was measured"
    own = " --model RUN" * (model.path.stem != "default")
    command = f"python benchmarks/adaptation.py{own}{' --folds' * folds}"
    yield f"Model `{model.path.stem}`, hash `{model.hash}`. To measure again:\n\n    {command}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EcgScribeError as error:
        sys.exit(f"adaptation: {error}")
