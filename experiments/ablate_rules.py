"""Measure what each stage after the beat head is worth: ``python experiments/ablate_rules.py RUN``.

RUN is the ``model.json`` of a finished ``ecgscribe train``; each record is annotated by the network
of its folds that has not seen the patient, with one stage left out. Needs ``ECGSCRIBE_DATA``. Each
variant adds a row to ``experiments/ablation_rules.csv``; variants that are in it are skipped.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest.mock import patch

import numpy as np

from ecgscribe.errors import SignalWarning
from ecgscribe.evaluation.evaluate import evaluate
from ecgscribe.evaluation.results import EvaluationResult
from ecgscribe.files import write_csv
from ecgscribe.pipeline import beats_by_sequence, rhythm, rhythm_by_second, written

TABLE = Path(__file__).parent / "ablation_rules.csv"
STEADY = ("101", "112", "115", "122", "124", "220", "230")
"""Records of DS1 in sinus rhythm nearly throughout, for the plans."""
FALSE = ("classified as S, V or F", "N")
FOUND = ("time with an event", "ASYS")


def _same(first: object, *_: object, **__: object) -> object:
    return first


def _no_rhythms(*_: object) -> rhythm.FoundRhythms:
    # One value stands for every second: there is no noise of which a rhythm network knows.
    nothing = np.zeros(0, dtype=np.float32)
    return rhythm.FoundRhythms([], nothing, nothing)


def _none_leaps(rr: np.ndarray) -> np.ndarray:
    return np.zeros(len(rr), dtype=np.bool_)


VARIANTS: Mapping[str, tuple[tuple[object, str, Callable[..., object]], ...]] = {
    "all of it": (),
    "no rhythms": ((written, "find_rhythms", _no_rhythms),),
    "rhythms without intervals": ((rhythm_by_second, "fibrillation_by_second", lambda *_: None),),
    "no quiet standstill": ((rhythm_by_second, "still_where_quiet", _same),),
    "no likeness": ((written, "apply_likeness", _same),),
    "no sequence": ((written, "apply_sequence", _same),),
    "runs of S may begin by and by": ((beats_by_sequence, "begins_suddenly", lambda *_: True),),
    "no sudden tachycardia": ((beats_by_sequence, "sudden_tachycardia", _none_leaps),),
    "no runs that stand out": ((beats_by_sequence, "stands_out", lambda *_: False),),
}


def _figure(result: EvaluationResult, key: tuple[str, str]) -> str:
    figures = result.results.figures
    (value,) = (f.value.value for f in figures if (f.set, f.measure, f.of) == ("all", *key))
    return f"{value:.1f}"


def _classes(result: EvaluationResult) -> dict[str, str]:
    (whole,) = (
        c
        for c in result.results.conditions
        if (c.mapping, c.start, c.set) == ("literature", 0.0, "all")
    )
    auprc = whole.abnormal.auprc
    assert auprc is not None
    f1 = {name: f"{100 * whole.classes[name].f1.value:.1f}" for name in "SV"}
    return {**f1, "AUPRC": f"{auprc.value:.3f}", "false": _figure(result, FALSE)}


def measure(run: str) -> dict[str, str]:
    """Evaluate on DS1, on svdb, and on records of DS1 whose beats are placed anew."""
    row: dict[str, str] = {}
    for db, split in (("mitdb", "ds1"), ("svdb", None)):
        result = evaluate(run, db=db, split=split, folds=True, resamples=1)
        row |= {f"{db}_{name}": value for name, value in _classes(result).items()}
    for plan in ("exercise", "runs", "fibrillation", "standstill"):
        result = evaluate(run, split="ds1", records=STEADY, plan=plan, folds=True, resamples=1)
        if plan == "runs":
            row["runs_S"] = _classes(result)["S"]
        elif plan == "standstill":
            row["standstill_found"] = _figure(result, FOUND)
        else:
            row[f"{plan}_false"] = _figure(result, FALSE)
    return row


def main(run: str) -> None:
    """Measure every variant that the table lacks."""
    warnings.simplefilter("ignore", SignalWarning)
    for name, changes in VARIANTS.items():
        rows = []
        if TABLE.is_file():
            with TABLE.open(newline="") as file:
                rows = list(csv.DictReader(file))
        if any(row["variant"] == name for row in rows):
            continue
        sys.stderr.write(f"{name}\n")
        patches = [patch.object(module, what, new) for module, what, new in changes]
        for each in patches:
            each.start()
        row = measure(run)
        patch.stopall()
        write_csv(TABLE, [*rows, {"variant": name, **row}])


if __name__ == "__main__":
    main(sys.argv[1])
