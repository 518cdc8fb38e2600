"""What every reader needs: errors of one line, sizes and gains that can be, an agreed frequency."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError

__all__ = [
    "MOST_DEFLATED",
    "UNKNOWN_UNIT",
    "agreed_fs",
    "as_signal",
    "check_size",
    "clock_time",
    "known_gain",
    "quiet",
    "reading",
    "whole",
]


_FLOAT32_TINY = 1e-30
MOST_DEFLATED = 1032
"""Most bytes that one of the deflate format, which ZIP and MATLAB use, can stand for."""
UNKNOWN_UNIT = "NU"
"""What WFDB calls a signal without a physical unit."""


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


def clock_time(text: str) -> datetime | None:
    """Read a time as DICOM and HL7 write it, like ``20030201102030.5+0100``.

    The offset from UTC is dropped: times here are those of the clock on the wall.
    """
    digits = text.split("+")[0].split("-")[0]
    for form in ("%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S", "%Y%m%d%H%M"):
        with suppress(ValueError):
            return datetime.strptime(digits, form)
    return None


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
