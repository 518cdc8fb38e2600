"""Arrays of samples: NumPy's ``.npy`` and ``.npz``, and MATLAB's ``.mat`` up to version 7.

No code in these files is run: pickled objects are an error, and only arrays of MATLAB are read.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import (
    MOST_DEFLATED,
    UNKNOWN_UNIT,
    check_size,
    format_errors,
    resolve_fs,
    to_float32,
)
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.formats.matlab import Numbers, variables
from ecgscribe.record import LazyRecord, Record

__all__ = ["open_mat", "open_npy", "open_npz"]


_SIGNAL_NAMES = ("signal", "val", "ecg", "data")
"""Names of the array of samples, in this order, if a file holds several arrays."""
_DESCRIPTION: tuple[str, ...] = ("fs", "leads", "units")


def open_npy(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an array of samples in a ``.npy`` file, to be read piece by piece.

    The array has the shape (samples,), (samples, leads) or (leads, samples): the longer axis is
    time. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "a NumPy array of numbers"):
        names, keep = unnamed_leads(path, _mapped(path).shape[1], leads)

        def read(begin: int, end: int) -> NDArray[np.float32]:
            # Mapped again for each piece, so that pages already read do not stay in memory.
            return to_float32(_mapped(path)[begin:end, keep])

        return LazyRecord(
            reader=read,
            n_samples=len(_mapped(path)),
            fs=resolve_fs(path, None, fs),
            leads=tuple(names[k] for k in keep),
            units=(UNKNOWN_UNIT,) * len(keep),
            name=path.stem,
        )


def open_npz(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read arrays in a ``.npz`` file: the samples and their description.

    The samples are the only array of numbers with more than one element, or the one called signal,
    val, ecg or data, with axes as in `open_npy`. The file may also hold ``fs`` in Hz, ``leads`` and
    ``units``, one text per lead. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "arrays of numbers in an .npz file"):
        shapes = _npz_shapes(path)
        with np.load(path, allow_pickle=False) as stored:
            name = _signal_name(path, shapes)
            others = {key: stored[key] for key in _DESCRIPTION if key in shapes}
            return _record(path, stored[name], others, fs=fs, leads=leads).lazy()


def open_mat(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read arrays in a MATLAB file of version 4 to 7: the samples and, if present, ``fs``.

    The samples are chosen as in `open_npz`. If there is a WFDB header of the same name, the
    recording is read by that instead. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "arrays of numbers in a MATLAB file"):
        stored = variables(path)
        numbers = {name: each for name, each in stored.items() if isinstance(each, Numbers)}
        rest = [f"{name} ({each})" for name, each in stored.items() if isinstance(each, str)]
        name = _signal_name(path, {key: each.shape for key, each in numbers.items()}, rest)
        others = {"fs": numbers["fs"].load()} if "fs" in numbers else {}
        return _record(path, numbers[name].load(), others, fs=fs, leads=leads).lazy()


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return _time_first(path, array)


def _time_first(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as (samples, leads)."""
    if array.dtype.kind not in "iuf" or not 1 <= array.ndim <= 2 or array.size == 0:
        raise FormatError(
            f"{path}: expected samples as an array of real numbers with one or two axes, found "
            f"{array.dtype} of shape {array.shape}; save the samples alone"
        )
    if array.ndim == 1:
        return array[:, None]
    return array if array.shape[0] >= array.shape[1] else array.T


def _npz_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array, after checking its size against that of the file."""
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                check_size(path, member.file_size, member.compress_size * MOST_DEFLATED + 64)
                with archive.open(member) as stream:
                    version = np.lib.format.read_magic(stream)
                    header = (
                        np.lib.format.read_array_header_1_0(stream)
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0(stream)
                    )
                check_size(path, math.prod(header[0]) * header[2].itemsize, member.file_size)
                shapes[member.filename.removesuffix(".npy")] = header[0]
    return shapes


def _signal_name(path: Path, shapes: Mapping[str, Sequence[int]], rest: Sequence[str] = ()) -> str:
    large = [name for name, shape in shapes.items() if math.prod(shape) > 1]
    arrays = [name for name in large if name not in _DESCRIPTION]
    if len(arrays) == 1:
        return arrays[0]
    for name in _SIGNAL_NAMES:
        if name in arrays:
            return name
    found = [name[:50] for name in (arrays or rest)[:9]]
    raise FormatError(
        f"{path}: expected one array of samples or one called {', '.join(_SIGNAL_NAMES)}, found "
        f"{', '.join(found) or 'none'}; save the samples alone"
    )


def _record(
    path: Path,
    array: NDArray[Any],
    others: Mapping[str, NDArray[Any]],
    *,
    fs: float | None,
    leads: Sequence[str] | None,
) -> Record:
    signal = _time_first(path, np.asarray(array))
    n_leads = signal.shape[1]
    if "leads" in others:
        names = short_names(_texts(path, others["leads"], n_leads))
        keep = chosen_leads(path, names, leads)
    else:
        names, keep = unnamed_leads(path, n_leads, leads)
    units = [UNKNOWN_UNIT] * n_leads
    if "units" in others:
        units = [unit or UNKNOWN_UNIT for unit in _texts(path, others["units"], n_leads)]
    stated = float(others["fs"].reshape(-1)[0]) if "fs" in others else None
    return Record(
        signal=to_float32(signal[:, keep]),
        fs=resolve_fs(path, stated, fs),
        leads=tuple(names[k] for k in keep),
        units=tuple(units[k] for k in keep),
        name=path.stem,
    )


def _texts(path: Path, array: NDArray[Any], n: int) -> list[str]:
    texts = array.reshape(-1)
    if array.dtype.kind != "U" or len(texts) != n:
        raise FormatError(
            f"{path}: expected a text for each of {n} leads, found {len(texts)} of "
            f"{array.dtype}; save one text per lead"
        )
    return [str(text) for text in texts]
