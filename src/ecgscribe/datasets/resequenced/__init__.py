"""Recordings whose own beats are placed at other RR intervals, to evaluate with.

A plan sets the rhythm: a rate that rises and falls, runs, fibrillation, pauses, standstill, pacing.
Each beat keeps its own waves. What is made here is only for evaluation: training makes its
recordings in another way, and must not draw the settings of `PLANS` nor the RR intervals of
`FIBRILLATION_RECORDS`.
"""

from __future__ import annotations

from ecgscribe.datasets.resequenced.fibrillation import (
    FIBRILLATION_RECORDS,
    fibrillation_intervals,
)
from ecgscribe.datasets.resequenced.plans import (
    PLANS,
    Exercise,
    Fibrillation,
    Gradual,
    Paced,
    Pauses,
    Plan,
    Standstill,
    Sudden,
    find_plan,
    resequenced_names,
)
from ecgscribe.datasets.resequenced.records import resequence, resequenced_records

__all__ = [
    "FIBRILLATION_RECORDS",
    "PLANS",
    "Exercise",
    "Fibrillation",
    "Gradual",
    "Paced",
    "Pauses",
    "Plan",
    "Standstill",
    "Sudden",
    "fibrillation_intervals",
    "find_plan",
    "resequence",
    "resequenced_names",
    "resequenced_records",
]
