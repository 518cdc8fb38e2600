"""What every reader needs: errors of one line, an agreed frequency, the leads asked for."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.signal import is_ecg

__all__ = [
    "agreed_fs",
    "as_signal",
    "check_size",
    "chosen_leads",
    "known_gain",
    "leads_of_one_fs",
    "quiet",
    "reading",
    "short_names",
    "unnamed_leads",
    "whole",
]

_FLOAT32_TINY = 1e-30
UNKNOWN_UNIT = "NU"
"""What WFDB calls a signal without a physical unit."""

# "ECG II" and "Lead II" in EDF and DICOM, MDC_ECG_LEAD_II in aECG: ISO/IEEE 11073-10101.
_LEAD_PREFIX = re.compile(
    r"^(mdc_ecg_lead_|ecg[ _:-]+|ekg[ _:-]+|lead[ _:-]+)+(?=\S)", re.IGNORECASE
)


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Raise every failure inside the block as a `FormatError` of one line.

    Parameters
    ----------
    path : Path
        The file or record being read.
    expected : str
        What a good file would have held, for the message.
    """
    try:
        yield
    except FormatError:
        raise
    except FileNotFoundError as error:
        absent = Path(error.filename or path).name
        raise FormatError(
            f"{path}: expected {expected}, found no file {absent}; put it beside the others"
        ) from error
    except OSError as error:
        raise FormatError(
            f"{path}: expected {expected}, cannot read it ({error.strerror or error}); "
            "check the path and its permissions"
        ) from error
    # The parsers raise IndexError, KeyError, TypeError and bare exceptions on damaged files.
    except Exception as error:
        found = " ".join(str(error).split())[:150] or type(error).__name__
        raise FormatError(
            f"{path}: expected {expected}, found it damaged or cut short ({found}); "
            "get a fresh copy"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back what parsers warn of: it is harmless here, or the readers check it themselves.

    Not for pieces of a signal, which may be read in threads: these share the filters of warnings.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def whole(path: Path) -> io.BytesIO:
    """Read a file into memory, for parsers that ask for as many bytes as a damaged length says.

    A file on disk would have memory set aside for all of them; this gives what is there.
    """
    return io.BytesIO(path.read_bytes())


def agreed_fs(path: Path, stated: float | None, given: float | None) -> float:
    """Settle the sampling frequency between what a file states and what the caller gives.

    Parameters
    ----------
    path : Path
        The file, for the message.
    stated : float or None
        Frequency in the file in Hz, if it holds one.
    given : float or None
        Frequency from the caller in Hz, if any.

    Returns
    -------
    float
        The frequency in Hz.

    Raises
    ------
    FormatError
        If there is none, or the two differ.
    """
    if stated is None and given is None:
        raise FormatError(
            f"{path}: expected a sampling frequency, found none in the file; give it (--fs)"
        )
    agreed = stated if stated is not None else given
    if agreed is None or not (math.isfinite(agreed) and agreed > 0):
        raise FormatError(
            f"{path}: expected a sampling frequency above 0 Hz, found {agreed}; correct it"
        )
    if stated is not None and given is not None and not abs(stated - given) <= 1e-6 * stated:
        raise FormatError(
            f"{path}: expected {given:g} Hz as given, found {stated:g} Hz in the file; "
            "leave the given frequency out or correct the file"
        )
    return float(agreed)


def short_names(names: Sequence[str | None]) -> list[str]:
    """Give every lead a name of its own, as short as cardiologists write it.

    Parameters
    ----------
    names : sequence of str or None
        Names as a file gives them; None or blank where it gives none.

    Returns
    -------
    list of str
        Without prefixes such as ``Lead`` and control characters; ``lead3`` for a third lead
        without a name, and ``II (2)`` for the second of two leads called II.
    """
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        short = _short(name or "") or f"lead{number}"
        again = 1 + sum(short == earlier or earlier.startswith(f"{short} (") for earlier in found)
        found.append(short if again == 1 else f"{short} ({again})")
    return found


def _short(name: str) -> str:
    text = "".join(c if c.isprintable() else " " for c in name)
    return _LEAD_PREFIX.sub("", " ".join(text.split()))


def chosen_leads(path: Path, names: Sequence[str], leads: Sequence[str] | None) -> list[int]:
    """Find the columns of the leads asked for.

    Parameters
    ----------
    path : Path
        The file, for the message.
    names : sequence of str
        The leads that the file holds.
    leads : sequence of str or None
        The leads asked for, upper or lower case; None for all.

    Returns
    -------
    list of int
        Indices into `names`, in the order of `leads`.

    Raises
    ------
    FormatError
        If one is not there, none is asked for, or one is asked for twice.
    """
    if leads is None:
        return list(range(len(names)))
    lower = [name.lower() for name in names]
    asked = [_short(lead).lower() for lead in leads]
    unknown = [lead for lead, short in zip(leads, asked, strict=True) if short not in lower]
    if unknown or not leads:
        raise FormatError(
            f"{path}: expected leads out of {_few(names)}, found "
            f"{', '.join(unknown) or 'none'}; correct the names"
        )
    if len(set(asked)) < len(asked):
        raise FormatError(
            f"{path}: expected different leads, found one twice in {', '.join(leads)}; "
            "name each once"
        )
    return [lower.index(lead) for lead in asked]


def unnamed_leads(
    path: Path, n_leads: int, leads: Sequence[str] | None
) -> tuple[list[str], list[int]]:
    """Name the columns of a file that names none, or choose from them.

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
        One a column.
    keep : list of int
        The columns to keep.

    Raises
    ------
    FormatError
        If `leads` is neither.
    """
    names = short_names([None] * n_leads)
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
    """Find the columns of the leads asked for where a file holds several frequencies.

    Parameters
    ----------
    path : Path
        The file, for the message.
    names, units, fs : sequence
        Of each signal of the file; frequencies in Hz.
    leads : sequence of str or None
        The leads asked for. By default all, if they share a frequency; else those that share it
        with the ECG leads, which those not ECG by name or unit need not.

    Returns
    -------
    list of int
        At least one column.

    Raises
    ------
    FormatError
        If there is none, or the leads (or, where none are asked for, the ECG leads) differ in
        their frequencies. Averaging or repeating samples would change the QRS or its place.
    """
    if not names:
        raise FormatError(
            f"{path}: expected at least one signal, found none; choose a record with signals"
        )
    keep = chosen_leads(path, names, leads)
    if len({fs[k] for k in keep}) == 1:
        return keep
    deciding = keep if leads is not None else [k for k in keep if is_ecg(names[k], units[k])]
    shared = {fs[k] for k in deciding}
    if len(shared) != 1:
        found = " and ".join(f"{value:g}" for value in sorted(shared or set(fs)))
        raise FormatError(
            f"{path}: expected leads of one sampling frequency, found {found} Hz; "
            "choose leads of one frequency (--leads)"
        )
    return [k for k in keep if fs[k] in shared]


def _few(names: Sequence[str]) -> str:
    listed = ", ".join(names[:15])
    return listed if len(names) <= 15 else f"{listed} and {len(names) - 15} more"


def check_size(path: Path, needed: float, found: int) -> None:
    """Make sure that a file holds what its header claims, before anything is allocated.

    Parameters
    ----------
    path : Path
        The file, for the message.
    needed, found : int
        Bytes.

    Raises
    ------
    FormatError
        If fewer than `needed` are found.
    """
    if needed > found:
        raise FormatError(
            f"{path}: expected {needed:.0f} bytes as its header says, found {found}: "
            "damaged or cut short; get a fresh copy"
        )


def known_gain(gain: float, unit: str) -> tuple[float, str]:
    """Give the gain of a lead and its unit: raw counts where the file's gain is none.

    Parameters
    ----------
    gain : float
        Units per count; 0, not finite or out of all proportion where it is unknown.
    unit : str
        Its unit, or nothing.

    Returns
    -------
    tuple of float and str
        ``(1.0, "NU")`` for raw counts.
    """
    if not _FLOAT32_TINY <= abs(gain) <= 1 / _FLOAT32_TINY:
        return 1.0, UNKNOWN_UNIT
    return gain, " ".join(unit.split()) or UNKNOWN_UNIT


def as_signal(values: NDArray[Any]) -> NDArray[np.float32]:
    """Give samples as float32, NaN for those that are no finite number."""
    with np.errstate(over="ignore", invalid="ignore"):
        signal = np.asarray(values, dtype=np.float32)
    if not signal.flags.writeable or signal is values:
        signal = signal.copy()
    signal[~np.isfinite(signal)] = np.nan
    return signal
