"""Which leads of a recording are ECG, and which of those serve best."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formatting import did_you_mean
from ecgscribe.record import LazyRecord

__all__ = ["MILLIVOLTS", "N_LEADS", "is_ecg", "pick_leads"]


N_LEADS = 2

MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3}
"""Millivolts per unit of voltage, by its name in lower case."""


# Signals that patient monitors and polysomnographs store beside the ECG.
_NOT_ECG = re.compile(
    r"pleth|ppg|spo2|sao2|resp|abp|\bart|bp\b|pap|cvp|icp|co2|emg|eeg|eog|temp|flow|thor|abdo"
    r"|marker|event|trigger|status|noise|accel|\bacc",
    re.IGNORECASE,
)
# Not NU: that is also what a file that names no unit is given.
_NOT_ECG_UNITS = {"mmhg", "%", "pm", "bpm", "cmh2o", "l/min", "degc", "ohm", "kohm", "g"}
# Leads in which the QRS stands out best, in the order in which they are preferred.
_PREFERRED = ("mlii", "ii", "v5", "v4", "v2", "v1", "i", "v3", "v6", "avf", "iii", "avl", "avr")


def is_ecg(name: str, unit: str) -> bool:
    """Tell whether a signal may be ECG, going by its name and its unit."""
    return not _NOT_ECG.search(name) and unit.strip().lower() not in _NOT_ECG_UNITS


def pick_leads(
    source: LazyRecord,
    leads: Sequence[str | int] | None = None,
    *,
    shares_lost: Callable[[list[int]], list[float]],
) -> tuple[int, ...]:
    """Choose up to two leads to annotate from.

    Parameters
    ----------
    source : LazyRecord
    leads : sequence of str or int, optional
        Names or numbers of the leads to use; by default the ECG leads that have the least
        unreadable signal, and of several such the usual rhythm leads.
    shares_lost : callable
        From columns to the share of each that cannot be read; asked only where there are more than
        two leads to choose from.

    Returns
    -------
    tuple of int
        One or two columns, in the record's order unless `leads` gives one.

    Raises
    ------
    FormatError
        If a named lead is absent, or no lead is ECG.
    """
    if leads is not None:
        names = [name.lower() for name in source.leads]
        chosen = []
        for lead in leads:
            text = str(lead).strip().lower()
            if text in names:
                chosen.append(names.index(text))
            elif text.isdecimal() and int(text) < len(names):
                chosen.append(int(text))
            else:
                hint = did_you_mean(text, source.leads, otherwise="name one of those")
                raise FormatError(
                    f"{source.name}: expected leads among {', '.join(source.leads)}, "
                    f"found {lead!r}; {hint}"
                )
        if not 1 <= len(chosen) <= N_LEADS or len(set(chosen)) < len(chosen):
            raise FormatError(
                f"{source.name}: expected one or two different leads, "
                f"found {', '.join(map(str, leads)) or 'none'}; name one or two"
            )
        return tuple(chosen)
    ecg = [k for k in range(len(source.leads)) if is_ecg(source.leads[k], source.units[k])]
    if not ecg:
        raise FormatError(
            f"{source.name}: expected an ECG lead, found only {', '.join(source.leads) or 'none'}; "
            "name the lead to use with --leads if one of them is ECG"
        )
    others = [source.leads[k] for k in range(len(source.leads)) if k not in ecg]
    if others:
        warnings.warn(
            f"{source.name}: not ECG by name or unit, left out: {', '.join(others)}",
            SignalWarning,
            stacklevel=5,
        )
    if len(ecg) > N_LEADS:
        shares = dict(zip(ecg, shares_lost(ecg), strict=True))

        def rank(k: int) -> tuple[float, int, int]:
            name = source.leads[k].lower()
            preferred = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
            return round(shares[k], 2), preferred, k

        ecg = sorted(ecg, key=rank)[:N_LEADS]
    return tuple(sorted(ecg))
