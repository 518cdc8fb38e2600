"""Arrays of samples: NumPy's ``.npy`` and ``.npz``, and MATLAB's ``.mat`` up to version 7.

No code in these files is run: pickled objects are an error, and only arrays of MATLAB are read.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.array_names import (
    DESCRIPTION,
    by_role,
    description_names,
    own_name,
    role_of,
    signal_names,
)
from ecgscribe.formats.checks import (
    MOST_DEFLATED,
    UNKNOWN_UNIT,
    check_packing,
    check_size,
    clock_time,
    format_errors,
    resolve_fs,
    to_float32,
)
from ecgscribe.formats.counters import rises_evenly
from ecgscribe.formats.labchart import side_by_side
from ecgscribe.formats.lead_names import chosen_leads, short_names, unnamed_leads
from ecgscribe.formats.matlab import Numbers, Texts, variables
from ecgscribe.formats.other_formats import name_of_zip
from ecgscribe.formats.sample_times import Timing, date_of, placed, timing
from ecgscribe.formats.table_preamble import Preamble
from ecgscribe.formats.time_names import seconds_per_unit
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.record import LazyRecord, Record

__all__ = ["lead_columns", "open_mat", "open_npy", "open_npz"]


_FIRST = 1_000_000
"""Samples that show whether a column rises evenly."""


def open_npy(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Open an array of samples in a ``.npy`` file, to be read piece by piece.

    The array has the shape (samples,), (samples, leads) or (leads, samples): the longer axis is
    time. The fields of a structured array are read into memory, as the arrays of `open_npz`. See
    `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "a NumPy array of numbers"):
        stored = _mapped(path)
        if stored.dtype.names:
            shapes = {name: stored[name].shape for name in stored.dtype.names}
            return _of_arrays(path, shapes, stored.__getitem__, fs=fs, leads=leads)
        columns, times = lead_columns(path, _time_first(path, stored), [], fs=fs)
        names, chosen = unnamed_leads(path, len(columns), leads)
        keep = [columns[k] for k in chosen]
        names = [names[k] for k in chosen]

        def read(begin: int, end: int) -> NDArray[np.float32]:
            # Mapped again for each piece, so that pages already read do not stay in memory.
            return to_float32(_time_first(path, _mapped(path))[begin:end, keep])

        if times.places is not None:
            return _record(path, np.array(stored), {}, fs=fs, leads=leads)
        return LazyRecord(
            reader=read,
            n_samples=len(_time_first(path, stored)),
            fs=resolve_fs(path, times.fs if fs is None else None, fs),
            leads=tuple(names),
            units=(UNKNOWN_UNIT,) * len(keep),
            name=path.stem,
            start=times.start,
        )


def open_npz(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read arrays in a ``.npz`` file: the samples and their description.

    The samples are the only array of numbers with more than one element, or the one called signal,
    val, ecg or data, with axes as in `open_npy`, or arrays of equal length that are named like
    leads. The file may also hold ``fs`` in Hz (or ``sampling_rate``, ``sfreq`` …), ``leads`` and
    ``units``, one text per lead, ``start``, and times. See `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "arrays of numbers in an .npz file"):
        other = name_of_zip(path)
        if other is not None:
            raise FormatError(f"{path}: expected a recording that ecgscribe reads, found {other}")
        shapes, objects = _npz_shapes(path)
        with np.load(path, allow_pickle=False) as stored:
            return _of_arrays(path, shapes, stored.__getitem__, objects, fs=fs, leads=leads)


def open_mat(
    path: Path, *, fs: float | None = None, leads: Sequence[str] | None = None
) -> LazyRecord:
    """Read arrays in a MATLAB file of version 4 to 7: the samples and their description.

    The samples are chosen as in `open_npz`, also from the fields of structs. If there is a WFDB
    header of the same name, the recording is read by that instead. See
    `ecgscribe.formats.reading.Reader`.
    """
    with format_errors(path, "arrays of numbers in a MATLAB file"):
        stored = side_by_side(path, variables(path))
        numbers = {name: each for name, each in stored.items() if isinstance(each, Numbers)}
        texts = {
            name: np.array(each.values)
            for name, each in stored.items()
            if isinstance(each, Texts) and role_of(name) is not None
        }
        kinds = {name: "char" if isinstance(each, Texts) else each for name, each in stored.items()}
        rest = [f"{name} ({kind})" for name, kind in kinds.items() if isinstance(kind, str)]
        shapes = {key: each.shape for key, each in numbers.items()}
        shapes |= {key: each.shape for key, each in texts.items()}

        def load(name: str) -> NDArray[Any]:
            return texts[name] if name in texts else numbers[name].load()

        return _of_arrays(path, shapes, load, rest, fs=fs, leads=leads)


def _of_arrays(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    load: Callable[[str], NDArray[Any]],
    rest: Sequence[str] = (),
    *,
    fs: float | None,
    leads: Sequence[str] | None,
) -> LazyRecord:
    """Read the samples among several arrays, of which `load` returns one by its name."""
    chosen = signal_names(path, shapes, rest)
    keys = description_names(path, chosen, shapes, max(shapes[chosen[0]]))
    others = by_role({key: load(key) for key in keys})
    array, others = _stacked({name: load(name) for name in chosen}, others)
    return _record(path, array, others, fs=fs, leads=leads)


def _mapped(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if "Object arrays" in str(error) or "Python objects" in str(error):
            raise _pickled(path) from error
        raise
    return array


def _pickled(path: Path) -> FormatError:
    return FormatError(
        f"{path}: expected an array of numbers, found Python objects, which can run code; save "
        "the samples as numbers"
    )


def _time_first(path: Path, array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as (samples, leads)."""
    if array.dtype.hasobject:
        raise _pickled(path)
    if array.ndim > 2:
        array = array.squeeze()
    if array.dtype.kind not in "iuf" or not 1 <= array.ndim <= 2 or array.size == 0:
        raise FormatError(
            f"{path}: expected samples as an array of real numbers with one or two axes, found "
            f"{array.dtype} of shape {array.shape}; save the samples alone"
        )
    if array.ndim == 1:
        return array[:, None]
    return array if array.shape[0] >= array.shape[1] else array.T


def _npz_shapes(path: Path) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Return the shape of every array, after checking its size, and what is left out.

    Warns
    -----
    SignalWarning
        If there are arrays of Python objects next to others.
    """
    shapes, objects = {}, []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".npy"):
                check_size(path, member.file_size, member.compress_size * MOST_DEFLATED + 64)
                check_packing(path, member.file_size, member.compress_size)
                with archive.open(member) as stream:
                    version = np.lib.format.read_magic(stream)
                    header = (
                        np.lib.format.read_array_header_1_0(stream)
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0(stream)
                    )
                name = member.filename.removesuffix(".npy")
                if header[2].hasobject:
                    objects.append(f"{name} (Python objects, which can run code)")
                    continue
                check_size(path, math.prod(header[0]) * header[2].itemsize, member.file_size)
                shapes[name] = header[0]
    if objects and shapes:
        warn(f"{path}: left out: {', '.join(objects)}")
    return shapes, objects


def _stacked(
    arrays: Mapping[str, NDArray[Any]], others: dict[str, NDArray[Any]]
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Return one array of the samples; of several leads, their names are those of the arrays."""
    if len(arrays) == 1:
        return next(iter(arrays.values())), others
    signal = np.stack([array.reshape(-1) for array in arrays.values()], axis=1)
    return signal, {**others, "leads": np.array([own_name(name) for name in arrays])}


def lead_columns(
    path: Path, signal: NDArray[Any], names: Sequence[str], *, fs: float | None
) -> tuple[list[int], Timing]:
    """Return the columns that are leads, and what a column of times says.

    Parameters
    ----------
    path : Path
        The file, for messages.
    signal : ndarray, shape (samples, columns)
    names : sequence of str
        Of the columns; empty if they have none.
    fs : float or None
        Sampling frequency in Hz, if it is known.

    Returns
    -------
    columns : list of int
    times : Timing

    Warns
    -----
    SignalWarning
        If a column is left out because it rises evenly, like a time.
    """
    n_columns = signal.shape[1]
    evenly = [k for k in range(n_columns) if n_columns > 1 and rises_evenly(signal[:_FIRST, k])]
    if not evenly or len(evenly) == n_columns:
        return list(range(n_columns)), Timing()
    listed = [names[k] if names else f"column {k + 1}" for k in evenly]
    warn(f"{path}: rises evenly like a time or a counter, left out: {', '.join(listed)}")
    values = np.asarray(signal[:, evenly[0]], dtype=np.float64)
    times = timing(path, listed[0], values, unit=None, given=fs)
    return [k for k in range(n_columns) if k not in evenly], times


def _record(
    path: Path,
    array: NDArray[Any],
    others: Mapping[str, NDArray[Any]],
    *,
    fs: float | None,
    leads: Sequence[str] | None,
) -> LazyRecord:
    signal = _time_first(path, np.asarray(array))
    n_leads = signal.shape[1]
    every_fs = _frequencies(others["fs"]) if "fs" in others else set()
    if len(every_fs) > 1:
        listed = ", ".join(f"{each:g}" for each in sorted(every_fs))
        raise FormatError(
            f"{path}: expected one sampling frequency, found {listed}; save the leads of one alone"
        )
    stated = every_fs.pop() if every_fs else None
    start = _start(others["start"]) if "start" in others else None
    texts = _texts(path, others["leads"], n_leads) if "leads" in others else []
    columns, times = lead_columns(path, signal, texts, fs=fs if stated is None else stated)
    for key in others.keys() - set(DESCRIPTION):
        values, begins = _seconds(others[key].reshape(-1))
        start = begins or start
        if len(values) == len(signal):
            given = fs if stated is None else stated
            unit = seconds_per_unit(key) if others[key].dtype.kind not in "mMUS" else 1.0
            times = timing(path, key, values, unit=unit, given=given)
    if texts:
        names = short_names([texts[k] for k in columns])
        keep = chosen_leads(path, names, leads)
    else:
        names, keep = unnamed_leads(path, len(columns), leads)
    units = [UNKNOWN_UNIT] * n_leads
    if "units" in others and others["units"].size == 1:
        units = [str(others["units"].reshape(-1)[0]) or UNKNOWN_UNIT] * n_leads
    elif "units" in others:
        texts = _texts(path, others["units"], n_leads)
        units = [unit or UNKNOWN_UNIT for unit in texts] or units
    if stated is None and fs is None:
        stated = times.fs
    kept = to_float32(signal[:, [columns[k] for k in keep]])
    record = Record(
        signal=kept,
        fs=resolve_fs(path, stated, fs),
        leads=tuple(names[k] for k in keep),
        units=tuple(units[columns[k]] for k in keep),
        name=path.stem,
        start=start or times.start,
    )
    return placed(record, times.places)


def _seconds(times: NDArray[Any]) -> tuple[NDArray[np.float64], datetime | None]:
    """Return times as numbers; of dates, the seconds since the first, and that."""
    if times.dtype.kind in "US":
        return parse_times([str(each) for each in times.astype(str)])
    if times.dtype.kind not in "mM" or not len(times):
        return np.asarray(times, dtype=np.float64), None
    start = times[0].astype("datetime64[us]").item() if times.dtype.kind == "M" else None
    return np.asarray((times - times[0]) / np.timedelta64(1, "s"), np.float64), start


def _start(array: NDArray[Any]) -> datetime | None:
    if not array.size or array.dtype.kind in "iuf":
        return date_of(float(array.flat[0])) if array.size else None
    text = str(array.astype(str).flat[0])
    return clock_time(text) or (parse_times([text])[1] if ":" in text else None)


def _frequencies(array: NDArray[Any]) -> set[float]:
    """Return sampling frequencies in Hz, which may be texts such as ``0.25 kHz``."""
    if array.dtype.kind in "US":
        found = [Preamble.of([f"fs: {text}"]).fs for text in array.astype(str).flat]
        return {each for each in found if each is not None}
    return {float(each) for each in array.flat}


def _texts(path: Path, array: NDArray[Any], n: int) -> list[str]:
    """Return a text for each of `n` leads; none where there is another number of them.

    Warns
    -----
    SignalWarning
        If there is.
    """
    texts = array.reshape(-1)
    if array.dtype.kind == "S":
        texts = np.array([text.decode("utf-8", errors="replace") for text in texts.tolist()])
    if texts.dtype.kind != "U" or len(texts) != n:
        warn(
            f"{path}: expected a text for each of {n} leads, found {len(texts)} of "
            f"{array.dtype}; left out"
        )
        return []
    return [str(text) for text in texts]
