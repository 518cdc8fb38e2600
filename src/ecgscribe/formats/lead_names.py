"""Names of leads: how they are shortened, and which leads to read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ecgscribe.errors import FormatError, warn
from ecgscribe.formatting import did_you_mean
from ecgscribe.leads import ecg_columns, is_standard

__all__ = [
    "MixedFrequenciesError",
    "chosen_leads",
    "leads_of_one_fs",
    "short_names",
    "unit_in_name",
    "unnamed_leads",
]


# "ECG II" and "Lead II" in EDF and DICOM, MDC_ECG_LEAD_II in aECG: ISO/IEEE 11073-10101.
_CODE_PREFIX = re.compile(r"^mdc_ecg_(?:lead|elec_potl)_(?=\S)", re.IGNORECASE)
_LEAD_PREFIX = re.compile(
    r"^(?:(?:ecg|ekg|lead|ableitung|dérivation|derivaci[óo]n|derivazione|afleiding)[ _:-]+)+(?=\S)",
    re.IGNORECASE,
)
# "I (Einthoven)" and "aVR, augmented voltage, right" in DICOM, "V1 [mV]" in tables; not "II (2)".
_EXPLANATION = re.compile(r"\s*(?:[(\[](?!\d+[)\]]).*|,.*|[ _/][mnuµμ]V)$")


_UNIT_AFTER_NAME = re.compile(
    r"[\[(]\s*((?:[mnuµμ]|milli|micro)?V(?:olts?)?)\s*[\])]\s*$"
    r"|(?:[/_,-]| in )\s*((?:[mnuµμ]|milli|micro)V(?:olts?)?)\s*$",
    re.IGNORECASE,
)
_LEAST_FS = 40.0
"""Slower signals are no ECG, but numbers derived from it."""
_MOST_LEADS = 32
"""More are rather recordings, one in each row."""


class MixedFrequenciesError(FormatError):
    """The leads to read differ in their sampling frequency.

    Parameters
    ----------
    message : str
    signals : sequence of (str, str, float)
        Name, unit and sampling frequency in Hz of every signal of the file.
    """

    def __init__(self, message: str, signals: Sequence[tuple[str, str, float]]) -> None:
        super().__init__(message)
        self.signals = tuple(signals)


def short_names(names: Sequence[str | None]) -> list[str]:
    """Return a unique name for every lead, as short as cardiologists write it.

    Parameters
    ----------
    names : sequence of str or None
        Names in the file; None or blank if a lead has none.

    Returns
    -------
    list of str
        Without control characters, and of a standard lead without a prefix such as ``Lead`` or an
        explanation in brackets; ``lead3`` for a third lead without a name, and ``II (2)`` for the
        second of two leads called II.
    """
    unique: list[str] = []
    taken: set[str] = set()
    times: Counter[str] = Counter()
    for number, name in enumerate(names, start=1):
        short = own = _short(name or "") or f"lead{number}"
        while own.lower() in taken:
            times[short.lower()] += 1
            own = f"{short} ({1 + times[short.lower()]})"
        taken.add(own.lower())
        unique.append(own)
    return unique


def unit_in_name(name: str) -> str:
    """Return the unit of voltage that ends a name, as in ``EKG [mV]``; empty if there is none."""
    found = _UNIT_AFTER_NAME.search(name)
    return "" if found is None else found[1] or found[2]


def _short(name: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in name)
    text = _CODE_PREFIX.sub("", " ".join(text.split()))
    short = _EXPLANATION.sub("", _LEAD_PREFIX.sub("", text))
    return short if is_standard(short.partition(" (")[0]) else text


def chosen_leads(path: Path, names: Sequence[str], leads: Sequence[str] | None) -> list[int]:
    """Return the columns of the requested leads.

    Parameters
    ----------
    path : Path
        The file, for the message.
    names : sequence of str
        Leads in the file.
    leads : sequence of str or None
        Requested leads, in upper or lower case; None for all. A name that holds a comma may come
        in its parts, as a list separated by commas gives them.

    Returns
    -------
    list of int
        Indices into `names`, in the order of `leads`.

    Raises
    ------
    FormatError
        If a lead is missing, none is requested, or one is requested twice.
    """
    if leads is None:
        return list(range(len(names)))
    lower = [name.lower() for name in names]
    leads = _rejoined(leads, lower)
    requested = [_matched(lead, lower) for lead in leads]
    unknown = [lead for lead, short in zip(leads, requested, strict=True) if short not in lower]
    if unknown or not leads:
        hint = did_you_mean(unknown[0], names) if unknown else ""
        raise FormatError(
            f"{path}: expected leads out of {_few(names)}, found "
            f"{', '.join(unknown) or 'none'}; {hint or 'correct the names'}"
        )
    if len(set(requested)) < len(requested):
        raise FormatError(
            f"{path}: expected different leads, found one twice in {', '.join(leads)}; "
            "name each once"
        )
    return [lower.index(lead) for lead in requested]


def _matched(lead: str, lower: Sequence[str]) -> str:
    """Return the name of a lead as it is written, or as it is shortened, in lower case."""
    written = " ".join(lead.split()).lower()
    return written if written in lower else _short(lead).lower()


def _rejoined(leads: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Join parts of names that hold commas, as many as make a name of the file."""
    joined, at = [], 0
    while at < len(leads):
        lengths = range(len(leads) - at, 1, -1)
        whole = (
            (n, text)
            for n in lengths
            for text in (", ".join(leads[at : at + n]), ",".join(leads[at : at + n]))
            if _matched(text, lower) in lower
        )
        n, text = next(whole, (1, leads[at])) if leads[at].lower() not in lower else (1, leads[at])
        joined.append(text)
        at += n
    return joined


def unnamed_leads(
    path: Path, n_leads: int, leads: Sequence[str] | None
) -> tuple[list[str], list[int]]:
    """Name the columns of a file without names, or choose from them.

    Parameters
    ----------
    path : Path
        The file, for the message.
    n_leads : int
        Number of its columns.
    leads : sequence of str or None
        A name for every column in order, or some of ``lead1``, ``lead2`` … to keep.

    Returns
    -------
    names : list of str
        Name of each column.
    keep : list of int
        The columns to keep.

    Raises
    ------
    FormatError
        If `leads` does neither.

    Warns
    -----
    SignalWarning
        If there are more columns than a recording has leads.
    """
    names = short_names([None] * n_leads)
    if leads is None and n_leads > _MOST_LEADS:
        warn(
            f"{path}: its {n_leads} columns are read as leads of one recording; save each alone if "
            "they are recordings"
        )
    if leads is None or {_short(lead).lower() for lead in leads} <= set(names):
        return names, chosen_leads(path, names, leads)
    if len(leads) != n_leads:
        raise FormatError(
            f"{path}: expected a name for each of {n_leads} columns, as the file names none, found "
            f"{len(leads)}; name them all, or choose from {_few(names)}"
        )
    return short_names(leads), list(range(n_leads))


def leads_of_one_fs(
    path: Path,
    names: Sequence[str],
    units: Sequence[str],
    fs: Sequence[float],
    leads: Sequence[str] | None,
) -> list[int]:
    """Return the columns of the requested leads, which must share a sampling frequency.

    Parameters
    ----------
    path : Path
        The file, for the message.
    names, units, fs : sequence
        Of each signal of the file; frequencies in Hz.
    leads : sequence of str or None
        Requested leads. By default all if they share a frequency, else those at the frequency of
        the ECG leads (by name and unit).

    Returns
    -------
    list of int
        At least one column.

    Raises
    ------
    FormatError
        If there is no signal; `MixedFrequenciesError` if the requested leads (by default the ECG
        leads) differ in frequency: averaging or repeating samples would change the QRS or move it.

    Warns
    -----
    SignalWarning
        If signals of other frequencies are left out.
    """
    if not names:
        raise FormatError(
            f"{path}: expected at least one signal, found none; choose a record with signals"
        )
    keep = chosen_leads(path, names, leads)
    if len({fs[k] for k in keep}) == 1:
        return keep
    deciding = keep if leads is not None else ecg_columns(names, units)
    shared = {fs[k] for k in deciding}
    if leads is None:
        shared = {value for value in shared if value >= _LEAST_FS} or shared
    if len(shared) != 1:
        raise MixedFrequenciesError(
            f"{path}: expected leads of one sampling frequency, found "
            f"{_by_fs(names, fs, deciding or keep)}; choose leads of one frequency (--leads)",
            list(zip(names, units, fs, strict=True)),
        )
    others = [k for k in keep if fs[k] not in shared]
    warn(f"{path}: of another sampling frequency, left out: {_by_fs(names, fs, others)}")
    return [k for k in keep if fs[k] in shared]


def _by_fs(names: Sequence[str], fs: Sequence[float], columns: Sequence[int]) -> str:
    values = sorted({fs[k] for k in columns})
    each = [(_few([names[k] for k in columns if fs[k] == value]), value) for value in values]
    return " and ".join(f"{listed} ({value:g} Hz)" for listed, value in each)


def _few(names: Sequence[str]) -> str:
    listed = ", ".join(names[:15])
    return listed if len(names) <= 15 else f"{listed} and {len(names) - 15} more"
