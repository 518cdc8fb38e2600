"""Which signals of a recording are ECG, and which leads serve best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecgscribe.errors import FormatError
from ecgscribe.formatting import did_you_mean

__all__ = ["MILLIVOLTS", "N_LEADS", "LeadChoice", "best_leads", "is_ecg", "pick_leads"]


N_LEADS = 2
"""Leads that the model sees."""
MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3}
"""Millivolts per unit of voltage, by its name in lower case."""


# Signals that patient monitors and polysomnographs store next to the ECG.
_NOT_ECG = re.compile(
    r"pleth|ppg|spo2|sao2|resp|abp|\bart|bp\b|pap|cvp|icp|co2|emg|eeg|eog|temp|flow|thor|abdo"
    r"|marker|event|trigger|status|noise|accel|\bacc",
    re.IGNORECASE,
)
# Not NU: that is also the unit of a file that names none.
_NOT_ECG_UNITS = {"mmhg", "%", "pm", "bpm", "cmh2o", "l/min", "degc", "ohm", "kohm", "g"}
# Leads in which the QRS is clearest, in order of preference.
_PREFERRED = ("mlii", "ii", "v5", "v4", "v2", "v1", "i", "v3", "v6", "avf", "iii", "avl", "avr")


@dataclass(frozen=True)
class LeadChoice:
    """Leads to choose from.

    Parameters
    ----------
    columns : tuple of int
        Columns of the leads in the record: those that were asked for, one or two, or all that are
        ECG.
    left_out : tuple of str
        Names of the signals that are not ECG.
    """

    columns: tuple[int, ...]
    left_out: tuple[str, ...] = ()


def is_ecg(name: str, unit: str) -> bool:
    """Return whether a signal may be ECG, judged by its name and its unit."""
    return not _NOT_ECG.search(name) and unit.strip().lower() not in _NOT_ECG_UNITS


def pick_leads(
    names: Sequence[str],
    units: Sequence[str],
    leads: Sequence[str | int] | None = None,
    *,
    record: str = "record",
) -> LeadChoice:
    """Find the leads that were asked for, or all ECG leads.

    Parameters
    ----------
    names, units : sequence of str
        Of each signal of the record.
    leads : sequence of str or int, optional
        Names or numbers of one or two leads to use.
    record : str
        Name of the record, for messages.

    Returns
    -------
    LeadChoice
        Its columns are in the order of `leads`, or in the record's order. `best_leads` chooses
        among more than two.

    Raises
    ------
    FormatError
        If a lead of `leads` is missing, or no signal is ECG.
    """
    if leads is not None:
        return LeadChoice(_named_leads(names, leads, record=record))
    ecg = tuple(k for k in range(len(names)) if is_ecg(names[k], units[k]))
    if not ecg:
        raise FormatError(
            f"{record}: expected an ECG lead, found only {', '.join(names) or 'none'}; "
            "name the lead to use with --leads if one of them is ECG"
        )
    return LeadChoice(ecg, tuple(name for k, name in enumerate(names) if k not in ecg))


def _named_leads(
    names: Sequence[str], leads: Sequence[str | int], *, record: str
) -> tuple[int, ...]:
    lower = [name.lower() for name in names]
    columns = []
    for lead in leads:
        text = str(lead).strip().lower()
        if text in lower:
            columns.append(lower.index(text))
        elif text.isdecimal() and int(text) < len(names):
            columns.append(int(text))
        else:
            hint = did_you_mean(text, names, otherwise="name one of those")
            raise FormatError(
                f"{record}: expected leads among {', '.join(names)}, found {lead!r}; {hint}"
            )
    if not 1 <= len(columns) <= N_LEADS or len(set(columns)) < len(columns):
        raise FormatError(
            f"{record}: expected one or two different leads, "
            f"found {', '.join(map(str, leads)) or 'none'}; name one or two"
        )
    return tuple(columns)


def best_leads(
    names: Sequence[str], columns: Sequence[int], shares_lost: Sequence[float]
) -> tuple[int, ...]:
    """Choose the two leads that serve best.

    Parameters
    ----------
    names : sequence of str
        Of each signal of the record.
    columns : sequence of int
        Leads to choose from.
    shares_lost : sequence of float
        Share of each of these leads that is lost, 0 to 1.

    Returns
    -------
    tuple of int
        The columns with the smallest share lost, in percent, and among equals those of the usual
        rhythm leads; in the record's order.
    """
    share = dict(zip(columns, shares_lost, strict=True))

    def rank(k: int) -> tuple[float, int, int]:
        name = names[k].lower()
        preference = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
        return round(share[k], 2), preference, k

    return tuple(sorted(sorted(columns, key=rank)[:N_LEADS]))
