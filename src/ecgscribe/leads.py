"""Which signals of a recording are ECG, and which leads serve best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecgscribe.errors import FormatError
from ecgscribe.formatting import did_you_mean

__all__ = [
    "MILLIVOLTS",
    "N_LEADS",
    "LeadChoice",
    "best_leads",
    "ecg_columns",
    "is_ecg",
    "is_standard",
    "pick_leads",
]


N_LEADS = 2
"""Leads that the model sees."""
MILLIVOLTS = {
    prefix + volt: factor
    for volt in ("v", "volt", "volts")
    for prefix, factor in (
        ("", 1e3), ("m", 1.0), ("milli", 1.0), ("u", 1e-3), ("µ", 1e-3), ("μ", 1e-3),
        ("mu", 1e-3), ("micro", 1e-3), ("n", 1e-6), ("nano", 1e-6),
    )
}  # fmt: skip
"""Millivolts per unit of voltage, by its name in lower case."""


# Signals that patient monitors and polysomnographs store next to the ECG. Electrodes of the EEG are
# those of the 10-20 system; C1 to C6 alone are also the chest leads of IEC 60601-2-25.
_NOT_ECG = re.compile(
    r"pleth|ppg|s[ap][o0]2|resp|abp|\bart|bp\b|pap|cvp|icp|co2|emg|eeg|eog|temp|flow|thor|abdo"
    r"|\bhrv\b|\bpvc\b|\bperf|^st[-_ ]"
    r"|marker|event|trigger|status|noise|accel|\bacc|eye|snor|\bpres|\bpos(ition)?\b|\bchin|\blegs?\b"
    r"|\bmic\b|sound|nasal|cannula|puls|\bhr\b|rate\b|batt|gyro|\b[lr]oc\b|^pol\b|time|counter"
    r"|bvp|\beda\b|gsr|breath|quality|label|annot|lead.?off|\blo[-+]|\brr\b|[_ ]id$|^fs$"
    r"|^[agm][xyz]$"
    r"|\b(?:fp|af|f|fc|ft|c|cp|t|tp|p|po|o)(?:z|\d{1,2})\s*[-:/]?\s*[am][12]\b"
    r"|^(?:fp|f|c|p|o|t)(?:z|\d)\s*-\s*(?:fp|f|c|p|o|t)(?:z|\d)$"
    r"|^(?:fp[12z]|f[3478z]|t[3456]|p[34z]|o[12z]|cz)$",
    re.IGNORECASE,
)
_CALLED_ECG = re.compile(r"e[ck]g", re.IGNORECASE)
_ABOUT_ECG = re.compile(
    r"off|hr\b|rate|quality|status|event|marker|trigger|resp|peak|phase|onset", re.IGNORECASE
)
"""What a signal derived from the ECG is called, such as ``EKG_Off``."""
_STANDARD = re.compile(
    r"i{1,3}|-?avr|av[lf]|v[1-9]r?|(?:mod\.? ?)?v\d|ml?i{1,3}|ml\d|mv\d|mcl ?\d|c[cmsb] ?\d|d\d"
    r"|v?[xyz]|[ea]-?s|a-?i",
    re.IGNORECASE,
)
# Not NU: that is also the unit of a file that names none.
_NOT_ECG_UNITS = {
    "mmhg", "%", "pm", "bpm", "cmh2o", "l/min", "degc", "°c", "ohm", "kohm", "g", "mg", "m/s2",
    "m/s^2", "m/s²", "1/min", "ms",
}  # fmt: skip
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


def is_standard(name: str) -> bool:
    """Return whether a name, such as II or V5, is one of the leads of cardiologists."""
    return _STANDARD.fullmatch(name) is not None


def is_ecg(name: str, unit: str) -> bool:
    """Return whether a signal may be ECG, judged by its name and its unit."""
    other = not _is_called_ecg(name) and _NOT_ECG.search(name)
    return not other and unit.strip().lower() not in _NOT_ECG_UNITS


def ecg_columns(names: Sequence[str], units: Sequence[str]) -> tuple[int, ...]:
    """Return the columns that are ECG, judged by their names and units.

    Parameters
    ----------
    names, units : sequence of str
        Of each signal.

    Returns
    -------
    tuple of int
        Where a signal is called ECG or EKG: all such signals and the standard leads, without X, Y
        and Z, which then are an accelerometer's. Otherwise all signals that are not known to be
        something else.
    """
    possible = [k for k, name in enumerate(names) if is_ecg(name, units[k])]
    if any(_is_called_ecg(names[k]) for k in possible):
        axes = {k for k in possible if names[k].lower() in ("x", "y", "z")}
        return tuple(
            k
            for k in possible
            if _is_called_ecg(names[k]) or (is_standard(names[k]) and k not in axes)
        )
    return tuple(possible)


def _is_called_ecg(name: str) -> bool:
    return bool(_CALLED_ECG.search(name)) and not _ABOUT_ECG.search(name)


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
        Names or numbers, from 0 on, of one or two leads to use. A text that is no name may be a
        number, too.
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
    ecg = ecg_columns(names, units)
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
        if isinstance(lead, str) and text in lower:
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
