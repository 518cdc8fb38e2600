"""Arrays of samples: NumPy's ``.npy`` and ``.npz``, and MATLAB's ``.mat`` up to version 7.

Nothing in these files is run: pickled objects are refused, and of MATLAB's only arrays are read.
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
    agreed_fs,
    as_signal,
    check_size,
    reading,
)
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.formats.matlab import Numbers, variables
from ecgscribe.record import LazyRecord, Record

__all__ = ["open_npy", "read_mat", "read_npz"]


_SIGNAL_NAMES = ("signal", "val", "ecg", "data")
"""Names of the array of samples, where a file holds several: the first that is there is read."""
_BESIDE: tuple[str, ...] = ("fs", "leads", "units")


def open_npy(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an array of samples in a ``.npy`` file, to be read piece by piece.

    Parameters
    ----------
    path : Path
        Holds an array of numbers, (samples,), (samples, leads) or (leads, samples): the longer
        axis is time.
    fs : float
        Sampling frequency in Hz.
    leads : sequence of str, optional
        A name for every lead, or some of ``lead1``, ``lead2`` … to keep.

    Returns
    -------
    LazyRecord
        Units ``NU``.

    Raises
    ------
    FormatError
        If the file is damaged or cut short, holds no such array, or `fs` is missing.
    """
    with reading(path, "a NumPy array of numbers"):
        across = _mapped(path).shape[1]
        names, keep = unnamed_leads(path, across, leads)

        def read(begin: int, end: int) -> NDArray[np.float32]:
            # Mapped anew for each piece, so that what was read does not stay in memory.
            return as_signal(_mapped(path)[begin:end, keep])

        return LazyRecord(
            read=read,
            n_samples=len(_mapped(path)),
            fs=agreed_fs(path, None, fs),
            leads=tuple(names[k] for k in keep),
            units=(UNKNOWN_UNIT,) * len(keep),
            name=path.stem,
        )


def read_npz(path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None) -> Record:
    """Read arrays in a ``.npz`` file: the samples, and what is said of them.

    Parameters
    ----------
    path : Path
        Holds samples as `open_npy` takes them, the only array of numbers with more than one
        element or the one called signal, val, ecg or data; and where it has them ``fs`` in Hz,
        ``leads`` and ``units``, a text a lead.
    fs, leads
        See `open_npy`; checked against the file's own.

    Returns
    -------
    Record

    Raises
    ------
    FormatError
        If the file is damaged, holds no such array or pickled objects, or `fs` is missing.
    """
    with reading(path, "arrays of numbers in an .npz file"):
        shapes = _npz_shapes(path)
        with np.load(path, allow_pickle=False) as stored:
            name = _signal_name(path, shapes)
            beside = {key: stored[key] for key in _BESIDE if key in shapes}
            return _record(path, stored[name], beside, fs=fs, leads=leads)


def read_mat(path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None) -> Record:
    """Read arrays in a MATLAB file of version 4 to 7: the samples, and ``fs`` if it is there.

    Parameters
    ----------
    path : Path
        Holds samples as `read_npz` takes them. A WFDB header of the same name is read instead.
    fs, leads
        See `open_npy`.

    Returns
    -------
    Record

    Raises
    ------
    FormatError
        If the file is damaged, of version 7.3, holds no such array, or `fs` is missing.
    """
    with reading(path, "arrays of numbers in a MATLAB file"):
        stored = variables(path)
        numbers = {name: each for name, each in stored.items() if isinstance(each, Numbers)}
        others = [f"{name} ({each})" for name, each in stored.items() if isinstance(each, str)]
        name = _signal_name(path, {key: each.shape for key, each in numbers.items()}, others)
        beside = {"fs": numbers["fs"].load()} if "fs" in numbers else {}
        return _record(path, numbers[name].load(), beside, fs=fs, leads=leads)


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return _time_first(path, array)


def _time_first(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    """Give an array as (samples, leads)."""
    if array.dtype.kind not in "iuf" or not 1 <= array.ndim <= 2 or array.size == 0:
        raise FormatError(
            f"{path}: expected samples as an array of real numbers with one or two axes, found "
            f"{array.dtype} of shape {array.shape}; save the samples alone"
        )
    if array.ndim == 1:
        return array[:, None]
    return array if array.shape[0] >= array.shape[1] else array.T


def _npz_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Give the shape of every array, once its size has been checked against the file's."""
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


def _signal_name(
    path: Path, shapes: Mapping[str, Sequence[int]], others: Sequence[str] = ()
) -> str:
    large = [name for name, shape in shapes.items() if math.prod(shape) > 1]
    arrays = [name for name in large if name not in _BESIDE]
    if len(arrays) == 1:
        return arrays[0]
    for name in _SIGNAL_NAMES:
        if name in arrays:
            return name
    found = [name[:50] for name in (arrays or others)[:9]]
    raise FormatError(
        f"{path}: expected one array of samples or one called {', '.join(_SIGNAL_NAMES)}, found "
        f"{', '.join(found) or 'none'}; save the samples alone"
    )


def _record(
    path: Path,
    array: NDArray[Any],
    beside: Mapping[str, NDArray[Any]],
    *,
    fs: float | None,
    leads: Sequence[str] | None,
) -> Record:
    signal = _time_first(path, np.asarray(array))
    across = signal.shape[1]
    if "leads" in beside:
        names = short_names(_texts(path, beside["leads"], across))
        keep = chosen_leads(path, names, leads)
    else:
        names, keep = unnamed_leads(path, across, leads)
    units = [UNKNOWN_UNIT] * across
    if "units" in beside:
        units = [unit or UNKNOWN_UNIT for unit in _texts(path, beside["units"], across)]
    stated = float(beside["fs"].reshape(-1)[0]) if "fs" in beside else None
    return Record(
        signal=as_signal(signal[:, keep]),
        fs=agreed_fs(path, stated, fs),
        leads=tuple(names[k] for k in keep),
        units=tuple(units[k] for k in keep),
        name=path.stem,
    )


def _texts(path: Path, array: NDArray[Any], n: int) -> list[str]:
    texts = array.reshape(-1)
    if array.dtype.kind != "U" or len(texts) != n:
        raise FormatError(
            f"{path}: expected a text for each of {n} leads, found {len(texts)} of "
            f"{array.dtype}; save as many as there are leads"
        )
    return [str(text) for text in texts]
