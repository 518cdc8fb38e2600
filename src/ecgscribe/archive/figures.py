"""The figures of one recording, as its report has them: its row, and its episodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES
from ecgscribe.analysis.rhythm_episodes import EPISODE_KINDS, readable_length
from ecgscribe.archive.tables import Episode
from ecgscribe.report.content import findings_of
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["episodes_of", "figures_of"]


def figures_of(inputs: ReportInputs) -> dict[str, Any]:
    """Return the columns of ``recordings.parquet`` that describe a recording.

    Parameters
    ----------
    inputs : ReportInputs
        Without strips.

    Returns
    -------
    dict
        Seconds, shares (0 to 1), rates per minute and counts; None where there is no such figure,
        as for the burdens of a paced recording.
    """
    record, measures = inputs.record, inputs.measures
    extremes = measures.rate_extremes
    return {
        "leads": ",".join(record.leads[k] for k in inputs.columns),
        "fs": float(record.fs),
        "duration": record.duration,
        "readable": measures.readable_s,
        "paced": record.paced,
        "mean_rate": measures.mean_rate,
        "lowest_rate": extremes[0].rate if extremes else None,
        "highest_rate": extremes[1].rate if extremes else None,
        **_beats(inputs),
        **_rhythms(inputs),
        **_runs_and_pauses(inputs),
        "findings": [finding.sentence for finding in findings_of(inputs)],
    }


def _beats(inputs: ReportInputs) -> dict[str, Any]:
    beats, fibrillation = inputs.measures.beats, inputs.measures.in_fibrillation
    numbers = np.bincount(beats.class_index, minlength=len(AAMI_CLASSES)).tolist()
    counts = dict(zip(AAMI_CLASSES, numbers, strict=True))
    inside = fibrillation & (beats.class_index == AAMI_CLASSES.index("S"))
    total, outside = len(beats), len(beats) - int(fibrillation.sum())
    judged = not inputs.classes_withheld
    return {
        "beats": total,
        **counts,
        "beats_in_noise": beats.in_noise,
        "pvc_burden": counts["V"] / total if total and judged else None,
        "sve_burden": (counts["S"] - int(inside.sum())) / outside if outside and judged else None,
    }


def _rhythms(inputs: ReportInputs) -> dict[str, float | None]:
    """Return the seconds of each kind of rhythm, and the share of readable time in fibrillation."""
    measures, fs = inputs.measures, inputs.record.fs
    of = {kind: [r for r in measures.rhythms if r.kind == kind] for kind in EPISODE_KINDS}
    seconds = {
        f"{kind.lower()}_seconds": sum(r.end - r.begin for r in own) / fs
        for kind, own in of.items()
    }
    if not measures.rhythms:
        return dict.fromkeys([*seconds, "afib_burden"])
    readable = readable_length(of["AFIB"], measures.unreadable) / fs
    share = readable / measures.readable_s if measures.readable_s else None
    return {**seconds, "afib_burden": share}


def _runs_and_pauses(inputs: ReportInputs) -> dict[str, Any]:
    measures, fs = inputs.measures, inputs.record.fs
    columns: dict[str, Any] = {}
    for name in ECTOPIC_CLASSES:
        runs = measures.ectopy[name].runs
        columns[f"{name.lower()}_runs"] = len(runs)
        longest = max((run.ectopic for run in runs), default=None)
        columns[f"longest_{name.lower()}_run"] = longest
    for one, is_gap in (("pause", False), ("gap", True)):
        lengths = [(p.end - p.begin) / fs for p in measures.pauses if p.is_gap == is_gap]
        columns[f"{one}s"] = len(lengths)
        columns[f"longest_{one}"] = max(lengths, default=None)
    return columns


def episodes_of(inputs: ReportInputs) -> list[Episode]:
    """Return the rhythms, runs, pauses, gaps and unreadable spans of a recording.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    list of Episode
    """
    measures = inputs.measures
    sample = measures.beats.sample
    episodes: list[Episode] = [(r.kind, r.begin, r.end) for r in measures.rhythms if r.kind != "N"]
    episodes += [("unreadable", begin, end) for begin, end in measures.unreadable.tolist()]
    episodes += [("gap" if p.is_gap else "pause", p.begin, p.end) for p in measures.pauses]
    episodes += [
        (f"{name} run", int(sample[run.first]), int(sample[run.last]) + 1)
        for name in ECTOPIC_CLASSES
        for run in measures.ectopy[name].runs
    ]
    return episodes
