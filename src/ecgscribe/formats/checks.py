"""What every reader needs: one-line errors, and checks of sizes, gains and sampling frequency."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, SignalWarning, lacks_memory, warn

__all__ = [
    "MOST_DEFLATED",
    "NO_DATE_TEXT",
    "UNKNOWN_UNIT",
    "check_packing",
    "check_size",
    "clock_time",
    "format_errors",
    "month_number",
    "read_whole_file",
    "resolve_fs",
    "resolve_gain",
    "same_but_for_case",
    "to_float32",
    "without_parser_warnings",
]


_FLOAT32_TINY = 1e-30
_LARGEST = 1e30
"""Of samples: sums and differences of such are still float32, and no electrode measures any."""
_LARGEST_GAIN = 1e20  # times a count of 32 bits, below it
MOST_DEFLATED = 1032
"""Largest ratio of the deflate compression that ZIP and MATLAB use."""
NO_DATE_TEXT = "00010101"
"""`ecgscribe.record.NO_DATE`, as `clock_time` reads it."""
UNKNOWN_UNIT = "NU"
"""The unit, in WFDB, of a signal without a physical unit."""


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_LARGE_BYTES = 128 * 2**20
_MOST_PACKED = 50
"""Largest ratio to which samples are compressed: flat lines are more than that, ECG is not."""


@contextmanager
def format_errors(path: Path, expected: str) -> Iterator[None]:
    """Raise every failure inside the block as a `FormatError` of one line.

    Parameters
    ----------
    path : Path
        The file or record being read.
    expected : str
        What a sound file would hold, for the message.
    """
    try:
        yield
    except FormatError:
        raise
    except FileNotFoundError as error:
        absent = Path(error.filename or path).name
        raise FormatError(
            f"{path}: expected {expected}, found no file {absent}; put it next to the others"
        ) from error
    except OSError as error:
        if lacks_memory(error):
            raise _too_little_memory(path) from error
        if error.errno is None:  # of a parser, such as that of Parquet or gzip, not of the system
            found = " ".join(str(error).split())[:150]
            raise FormatError(
                f"{path}: expected {expected}, found it damaged or cut short ({found}); "
                "get a fresh copy"
            ) from error
        raise FormatError(
            f"{path}: expected {expected}, cannot read it ({error.strerror or error}); "
            "check the path and its permissions"
        ) from error
    except (MemoryError, ImportError) as error:
        if lacks_memory(error):
            raise _too_little_memory(path) from error
        raise FormatError(
            f"{path}: expected a package that reads it, found none that works ({error}); see "
            "ecgscribe doctor"
        ) from error
    # The parsers raise IndexError, KeyError, TypeError and bare exceptions on damaged files.
    except Exception as error:
        if isinstance(error, _MISTAKES) and _is_ours(error):
            raise FormatError(
                f"{path}: expected to read {expected}, found a fault in ecgscribe or a package "
                f"that it does not fit ({type(error).__name__}: "
                f"{' '.join(str(error).split())[:100]}); please report this line"
            ) from error
        found = " ".join(str(error).split())[:150] or type(error).__name__
        raise FormatError(
            f"{path}: expected {expected}, found it damaged or cut short ({found}); "
            "get a fresh copy"
        ) from error


def _too_little_memory(path: Path) -> FormatError:
    return FormatError(
        f"{path}: expected enough memory to read it, found too little; choose leads (--leads), or "
        "close other programs"
    )


_MISTAKES = (AttributeError, TypeError, NameError, AssertionError, NotImplementedError)
"""What a program raises, not what is wrong with a file, if our own code raises it."""


def _is_ours(error: Exception) -> bool:
    """Return whether an error was raised in this package, not in a parser that it calls."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    name = "" if traceback is None else str(traceback.tb_frame.f_globals.get("__name__"))
    return name.partition(".")[0] == __name__.partition(".")[0]


@contextmanager
def without_parser_warnings() -> Iterator[None]:
    """Suppress the warnings of parsers: they are harmless here, or the readers check the cause.

    A `SignalWarning` of a reader is issued when the block has ended. Not for pieces of a signal,
    which threads may read: warning filters belong to the process.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", SignalWarning)
        yield
    for each in caught:
        warn(str(each.message))


def read_whole_file(path: Path) -> io.BytesIO:
    """Read a file into memory, for parsers that request as many bytes as a damaged length states.

    Reading from disk would allocate memory for all of them; this returns those that exist.
    """
    return io.BytesIO(path.read_bytes())


def same_but_for_case(path: Path) -> Path:
    """Return the file of a name, or the only one whose name differs from it in capitals alone."""
    if path.exists() or not path.parent.is_dir():
        return path
    alike = [each for each in path.parent.iterdir() if each.name.lower() == path.name.lower()]
    return alike[0] if len(alike) == 1 else path


def resolve_fs(path: Path, stated: float | None, given: float | None) -> float:
    """Return the sampling frequency that a file states or the caller gives.

    Parameters
    ----------
    path : Path
        The file, for the message.
    stated : float or None
        Frequency in the file in Hz, if it states one.
    given : float or None
        Frequency from the caller in Hz, if any.

    Returns
    -------
    float
        The frequency in Hz.

    Raises
    ------
    FormatError
        If both are missing, the frequency is not above 0 Hz, or the two differ.
    """
    if stated is None and given is None:
        raise FormatError(
            f"{path}: expected a sampling frequency, found none in the file; give it (--fs)"
        )
    fs = stated if stated is not None else given
    if fs is None or not (math.isfinite(fs) and fs > 0):
        raise FormatError(
            f"{path}: expected a sampling frequency above 0 Hz, found {fs}; correct it"
        )
    if stated is not None and given is not None and not abs(stated - given) <= 1e-6 * stated:
        raise FormatError(
            f"{path}: expected {given:g} Hz as given, found {stated:g} Hz in the file; "
            "leave the given frequency out or correct the file"
        )
    return float(fs)


def check_size(path: Path, needed: float, found: int) -> None:
    """Raise an error if a file is shorter than its header states, before memory is allocated.

    Parameters
    ----------
    path : Path
        The file, for the message.
    needed, found : int
        Bytes.

    Raises
    ------
    FormatError
        If there are fewer than `needed`.
    """
    if needed > found:
        raise FormatError(
            f"{path}: expected {needed:.0f} bytes as its header says, found {found}: "
            "damaged or cut short; get a fresh copy"
        )


def check_packing(path: Path, unpacked: int, packed: int) -> None:
    """Raise an error for a compressed file that would fill the memory with what is no signal.

    Parameters
    ----------
    path : Path
        The file, for the message.
    unpacked, packed : int
        Bytes.

    Raises
    ------
    FormatError
        If it is large, and much larger than any signal becomes.
    """
    if unpacked > _LARGE_BYTES and unpacked > _MOST_PACKED * packed:
        raise FormatError(
            f"{path}: expected compressed samples, found {unpacked} bytes in {packed}, which no "
            "signal fits into; save it without compression if it is one"
        )


def clock_time(text: str) -> datetime | None:
    """Parse a time such as ``20030201102030.5+0100`` of DICOM and HL7, or of ISO 8601.

    None if it is not one. The offset from UTC is dropped: times are those of the wall clock.
    """
    if _ISO_TIME.match(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=None)
        return None
    digits = text.split("+")[0].split("-")[0]
    whole = digits.split(".")[0]
    form = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(whole))  # a date alone is no time
    if form is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(digits, form if whole == digits else f"{form}.%f")
    return None


def month_number(text: str) -> int:
    """Return the number of a month that is written as one, or in English as three letters.

    Raises
    ------
    ValueError
        If it is neither.
    """
    return int(text) if text.isdigit() else 1 + _MONTHS.index(text.lower())


def resolve_gain(gain: float, unit: str) -> tuple[float, str]:
    """Return the gain of a lead and its unit: raw counts if the gain is unknown.

    Parameters
    ----------
    gain : float
        Units per count; unknown if 0, not finite or absurdly small or large.
    unit : str
        Its unit, or an empty text.

    Returns
    -------
    tuple of float and str
        ``(1.0, "NU")`` for raw counts.
    """
    if not _FLOAT32_TINY <= abs(gain) <= _LARGEST_GAIN:
        return 1.0, UNKNOWN_UNIT
    return gain, " ".join(unit.strip(" []()").split()) or UNKNOWN_UNIT


def to_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return samples as float32, with NaN for values that are not finite or absurdly large."""
    with np.errstate(over="ignore", invalid="ignore"):
        signal = np.asarray(values, dtype=np.float32)
    if not signal.flags.writeable or signal is values:
        signal = signal.copy()
    signal[~((signal >= -_LARGEST) & (signal <= _LARGEST))] = np.nan
    return signal
