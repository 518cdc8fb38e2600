"""Which of several arrays in a file are the samples, and which describe them, by their names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.time_names import is_time_name
from ecgscribe.leads import is_standard

__all__ = ["DESCRIPTION", "by_role", "description_names", "own_name", "role_of", "signal_names"]


_SIGNAL_NAMES = ("signal", "val", "ecg", "data")
"""Names of the array of samples, in this order, if a file holds several arrays."""
DESCRIPTION: tuple[str, ...] = ("fs", "leads", "units", "start")
"""What an array may say of the samples; times are found by other rules."""
_OTHER_NAMES = {
    "fs": {"sfreq", "freq", "frequency", "samplingrate", "samplerate", "samplingfrequency",
           "samplefrequency", "samplingfreq", "samplefreq", "srate", "sr", "sf", "hz", "fsamp",
           "fsample", "samprate", "sampfreq"},
    "leads": {"channels", "leadnames", "channelnames", "signame", "signames", "lead", "chnames",
              "titles"},
    "units": {"unit"},
    "start": {"starttime", "startdate", "basedatetime"},
}  # fmt: skip
"""Of the description, without capitals and underscores."""
_KINDS = {"fs": "iufUS", "start": "iufUSM"}
"""What NumPy calls the kinds of numbers, texts and dates that may be one; only texts otherwise."""


def own_name(name: str) -> str:
    """Return the name of a field without that of its struct."""
    return name.rpartition(".")[2]


def role_of(name: str) -> str | None:
    """Return what an array of this name describes: ``fs``, ``leads``, ``units``, ``start``."""
    plain = own_name(name).lower().replace("_", "").replace(" ", "")
    for role in DESCRIPTION:
        if plain == role or plain in _OTHER_NAMES[role]:
            return role
    return "fs" if re.sub("e[ck]g|hz$", "", plain) in _OTHER_NAMES["fs"] | {"fs"} else None


def by_role(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Name the arrays of the description by what they describe; drop others of such names."""
    found: dict[str, NDArray[Any]] = {}
    for key, array in arrays.items():
        role = role_of(key)
        fits = array.dtype.kind in _KINDS.get(role or "", "US")
        if role is None:
            found[key] = array
        elif key == role or (fits and role not in arrays):
            found[role] = array
    return found


def _is_time(name: str) -> bool:
    return is_time_name(own_name(name)) or own_name(name).lower() in ("t", "tm")


def signal_names(
    path: Path, shapes: Mapping[str, Sequence[int]], rest: Sequence[str] = ()
) -> list[str]:
    """Return the array of samples, or the arrays that are one lead each.

    Parameters
    ----------
    path : Path
        The file, for messages.
    shapes : mapping of str to sequence of int
        Shape of every array, by its name.
    rest : sequence of str
        Names of what is no array of numbers, for messages.

    Raises
    ------
    FormatError
        If no array, or more than one, may be the samples.
    """
    large = [name for name, shape in shapes.items() if math.prod(shape) > 1]
    arrays = [name for name in large if role_of(name) is None]
    arrays = [name for name in arrays if not _is_time(name)] or arrays
    if len(arrays) == 1:
        return arrays
    lower = [own_name(name).lower() for name in arrays]
    for name in _SIGNAL_NAMES:
        if lower.count(name) == 1:
            return [arrays[lower.index(name)]]
    called = [name for name in arrays if re.search("e[ck]g", own_name(name), re.IGNORECASE)]
    if len(called) == 1:
        return called
    sizes = {math.prod(shapes[name]) for name in arrays}
    are_rows = all(math.prod(shapes[name]) == max(shapes[name]) for name in arrays)
    short = short_names([own_name(name) for name in arrays])
    if len(sizes) == 1 and are_rows and all(map(is_standard, short)):
        return arrays
    found = [name[:50] for name in (arrays or rest)[:9]]
    raise FormatError(
        f"{path}: expected one array of samples or one called {', '.join(_SIGNAL_NAMES)}, found "
        f"{', '.join(found) or 'none'}; save the samples alone"
    )


def description_names(
    path: Path, chosen: Sequence[str], shapes: Mapping[str, Sequence[int]], n_samples: int
) -> list[str]:
    """Return the arrays that describe the samples, and that of their times.

    Parameters
    ----------
    path : Path
        The file, for messages.
    chosen : sequence of str
        Names of the arrays of samples.
    shapes : mapping of str to sequence of int
        Shape of every array, by its name.
    n_samples : int

    Warns
    -----
    SignalWarning
        If other arrays are as long as the samples: they are left out.
    """
    long = [key for key, shape in shapes.items() if key not in chosen and max(shape, default=0) > 1]
    long = [key for key in long if role_of(key) is None and max(shapes[key]) == n_samples]
    times = [key for key in long if _is_time(key)]
    others = [key for key in long if key not in times]
    if others:
        warn(f"{path}: only the array {chosen[0]} is read, left out: {', '.join(others)}")
    return [key for key in shapes if role_of(key) is not None and key not in chosen] + times[:1]
