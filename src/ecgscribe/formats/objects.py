"""Recordings from objects of Python: arrays, tables, and the records of other packages.

Objects are known by what they have, so that no package is imported for them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.formats.arrays import lead_columns
from ecgscribe.formats.checks import UNKNOWN_UNIT, to_float32
from ecgscribe.formats.counters import rises_evenly
from ecgscribe.formats.lead_names import leads_of_one_fs, short_names, unit_in_name
from ecgscribe.formats.reading import open_record
from ecgscribe.formats.sample_times import Timing, placed, timing
from ecgscribe.formats.time_names import is_time_name, seconds_per_unit
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.record import NO_DATE, LazyRecord, Record

__all__ = ["as_leads", "as_record"]


_TAKEN = (
    "a path, a Record, an array of shape (samples,) or (samples, leads), a pandas Series or "
    "DataFrame, an xarray DataArray, a wfdb.Record or an mne.io.Raw"
)


class _Parts(NamedTuple):
    """What an object holds; None for what it does not say."""

    signal: Any
    names: Sequence[Any] | None = None
    units: Sequence[str] | None = None
    fs: float | None = None
    start: datetime | None = None
    name: str = "record"
    places: NDArray[np.int64] | None = None
    """Position of each sample, if samples are missing."""


def as_record(
    recording: Any,
    *,
    fs: float | None = None,
    leads: str | int | Sequence[str | int] | None = None,
    units: str | Sequence[str] | Mapping[str, str] | None = None,
) -> Record | LazyRecord:
    """Return a recording from whatever holds one.

    Parameters
    ----------
    recording : path, Record, array, Series, DataFrame, DataArray, wfdb.Record or mne.io.Raw
        An array has the shape (samples,), (samples, leads) or (leads, samples): the longer axis is
        time. The columns of a table are leads; a column or index of times gives the frequency and
        where samples are missing, and a DatetimeIndex the start. Masked samples are missing.
    fs : float, optional
        Sampling frequency in Hz. Required if the object does not give it, else checked against it.
    leads : str, int or sequence of them, optional
        If the object names no leads, and there are as many: their names. Of a file: the leads to
        read, by their names.
    units : str, sequence or mapping of str, optional
        Unit of all leads, of each, or by their names.

    Returns
    -------
    Record or LazyRecord

    Raises
    ------
    FormatError
        If the object is of another type, holds no real numbers, or its frequency is missing or
        differs from `fs`.

    Warns
    -----
    SignalWarning
        If a column is left out because it holds no numbers, or times.
    """
    given = None if fs is None else _frequency(fs)
    leads = as_leads(leads)
    if isinstance(recording, str | os.PathLike):
        recording = Path(recording)
        names = [lead for lead in leads or () if isinstance(lead, str)]
        are_names = leads is not None and len(names) == len(leads) > 0
        return open_record(recording, fs=given, leads=names if are_names else None)
    if isinstance(recording, Record | LazyRecord):
        _agreed(recording.fs, given)
        return recording
    parts = _parts(recording, given)
    signal = _samples(parts.signal, parts.names)
    named = parts.names
    if named is None and parts.fs is None and parts.places is None:
        columns, times = lead_columns(Path("array"), signal, [], fs=given)
        signal = signal[:, columns]
        parts = parts._replace(fs=times.fs, start=times.start, places=times.places)
    n_leads = signal.shape[1]
    if named is None and leads is not None and len(leads) == n_leads:
        named = leads if all(isinstance(lead, str) for lead in leads) else None
    short = tuple(short_names([None] * n_leads if named is None else list(map(str, named))))
    record = Record(
        signal=to_float32(signal),
        fs=_agreed(parts.fs, given),
        leads=short,
        units=_units(units, short, parts),
        name=parts.name,
        start=parts.start,
    )
    return record if parts.places is None else placed(record, parts.places)


def as_leads(leads: Any) -> tuple[str | int, ...] | None:
    """Return the leads that a user chose, one or several, as a tuple; None if none were named.

    Raises
    ------
    FormatError
        If they are neither names nor numbers.
    """
    if leads is None:
        return None
    if isinstance(leads, str | int | np.integer):
        return (leads if isinstance(leads, str) else int(leads),)
    if not isinstance(leads, Iterable) or isinstance(leads, bytes | bytearray):
        raise FormatError(f"expected leads as names or numbers, found {leads!r}; name one or two")
    return tuple(int(lead) if isinstance(lead, np.integer) else lead for lead in leads)


def _parts(recording: Any, fs: float | None) -> _Parts:
    if hasattr(recording, "dask"):
        recording = recording.compute()
    if hasattr(recording, "sig_name") and hasattr(recording, "fs"):
        return _of_wfdb(recording)
    if hasattr(recording, "ch_names") and hasattr(recording, "get_data"):
        return _of_mne(recording)
    if hasattr(recording, "columns") and hasattr(recording, "iloc"):
        return _of_frame(recording, fs)
    if hasattr(recording, "index") and hasattr(recording, "iloc"):
        times, start = _of_index(recording.index, fs)
        names = None if isinstance(recording.name, int | None) else [recording.name]
        return _Parts(recording.to_numpy(), names, fs=times.fs, start=start, places=times.places)
    if hasattr(recording, "data_vars"):
        raise FormatError(
            f"expected a DataArray, found a Dataset of {', '.join(map(str, recording.data_vars))}; "
            "pass one of those"
        )
    if hasattr(recording, "dims") and hasattr(recording, "coords"):
        return _of_xarray(recording, fs)
    if hasattr(recording, "to_pandas"):  # of Polars and Arrow
        return _parts(_as_pandas(recording), fs)
    if hasattr(recording, "__array__") or (
        isinstance(recording, Sequence) and not isinstance(recording, bytes | bytearray)
    ):
        return _Parts(recording)
    raise FormatError(f"expected {_TAKEN}, found {type(recording).__name__}; pass one of those")


def _as_pandas(table: Any) -> Any:
    try:
        return table.to_pandas()
    except ImportError as error:
        raise FormatError(
            f"expected a package that converts a {type(table).__name__} to pandas, found none "
            f"({error}); install it, or pass a pandas DataFrame"
        ) from error


def _of_wfdb(record: Any) -> _Parts:
    signal = getattr(record, "p_signal", None)
    if signal is None and getattr(record, "d_signal", None) is not None:
        signal = record.dac()
    names, units = record.sig_name, getattr(record, "units", None)
    fs = None if record.fs is None else _frequency(record.fs)
    if signal is None and units and fs and getattr(record, "e_p_signal", None) is not None:
        each_fs = [fs * n for n in record.samps_per_frame]
        columns = leads_of_one_fs(Path(str(record.record_name)), names, units, each_fs, None)
        signal = np.stack([record.e_p_signal[k] for k in columns], axis=1)
        names, units = [names[k] for k in columns], [units[k] for k in columns]
        fs = each_fs[columns[0]]
    if signal is None:
        raise FormatError(
            "expected a wfdb.Record with its samples in p_signal, found none; read it with "
            "wfdb.rdrecord(name), or pass its path"
        )
    start, name = _start_of_wfdb(record), str(record.record_name)
    return _Parts(np.asarray(signal), names, units, fs, start, name)


def _start_of_wfdb(record: Any) -> datetime | None:
    start, clock = getattr(record, "base_datetime", None), getattr(record, "base_time", None)
    if start is not None or clock is None:
        return start
    return datetime.combine(getattr(record, "base_date", None) or NO_DATE, clock)


def _of_mne(raw: Any) -> _Parts:
    """Return the channels of type ECG, or all if none is; in volts, as MNE holds them."""
    kinds = list(raw.get_channel_types())
    picks = [k for k, kind in enumerate(kinds) if kind == "ecg"] or list(range(len(kinds)))
    picks = [k for k in picks if raw.ch_names[k] not in raw.info["bads"]] or picks
    start = raw.info["meas_date"]
    if start is not None:
        start += timedelta(seconds=float(getattr(raw, "first_time", 0.0)))
    return _Parts(
        np.asarray(raw.get_data(picks=picks)).T,
        [raw.ch_names[k] for k in picks],
        ["V"] * len(picks),
        float(raw.info["sfreq"]),
        None if start is None else start.replace(tzinfo=None),
    )


def _of_frame(frame: Any, fs: float | None) -> _Parts:
    times, start = _of_index(frame.index, fs)
    leads: list[tuple[Any, NDArray[Any]]] = []
    text = []
    for k, name in enumerate(frame.columns):
        values = _numbers(frame.iloc[:, k])
        dated = None if values is not None else _dates(frame.iloc[:, k])
        if dated is not None:
            start = start or dated[1]
            if times.fs is None:
                times = timing(Path("table"), str(name), dated[0], unit=1.0, given=fs)
                start = None if start is None else start - timedelta(seconds=times.behind)
        elif values is None:
            text.append(str(name))
        elif is_time_name(str(name)) or (len(frame.columns) > 1 and rises_evenly(values.real)):
            if times.fs is None:
                seconds, unit = values.real.astype(np.float64), seconds_per_unit(str(name))
                times = timing(Path("table"), str(name), seconds, unit=unit, given=fs)
        else:
            leads.append((name, values))
    if not leads:
        raise FormatError(
            "expected a table with a column of samples, found "
            f"{', '.join(map(str, frame.columns)) or 'no columns'}; name its columns after leads, "
            "and convert them to numbers"
        )
    if text:
        warn(f"table: no numbers, left out: {', '.join(text)}")
    names: list[Any] | None = [name for name, _ in leads]
    if all(isinstance(name, int | np.integer) for name in names or ()):
        names = None
    signal = np.stack([values for _, values in leads], axis=1)
    return _Parts(signal, names, fs=times.fs, start=start or times.start, places=times.places)


def _dates(column: Any) -> tuple[NDArray[np.float64], datetime | None] | None:
    """Return a column of dates or times as seconds, and the start; None if it holds others."""
    if column.dtype.kind in "mM" and len(column) and not column.isna().any():
        since = (column - column.iloc[0]).dt.total_seconds()
        first = column.iloc[0].to_pydatetime() if column.dtype.kind == "M" else None
        start = None if first is None else first.replace(tzinfo=None)
        return np.asarray(since, dtype=np.float64), start
    if column.dtype.kind in "biufcmM":
        return None
    seconds, start = parse_times([str(cell) for cell in column])
    return None if np.isnan(seconds).any() or not len(seconds) else (seconds, start)


def _numbers(column: Any) -> NDArray[Any] | None:
    """Return a column as numbers, NaN where they are missing; None if it holds others."""
    if column.dtype.kind in "iufc":
        dtype = complex if column.dtype.kind == "c" else float
        return np.asarray(column.to_numpy(dtype=dtype, na_value=math.nan))
    if column.dtype.kind != "O":
        return None
    try:
        return np.asarray(column.to_numpy(dtype=float, na_value=math.nan))
    except (TypeError, ValueError):
        return None


def _of_index(index: Any, fs: float | None) -> tuple[Timing, datetime | None]:
    """Return what an index of times says, and the start that it gives."""
    if hasattr(index, "to_timestamp"):  # of periods
        index = index.to_timestamp()
    kind = index.dtype.kind
    if len(index) < 2:
        return Timing(), None
    if kind in "iuf" and index.name is not None and is_time_name(str(index.name)):
        numbers = np.asarray(index, dtype=np.float64)
        unit = seconds_per_unit(str(index.name))
        return timing(Path("table"), str(index.name), numbers, unit=unit, given=fs), None
    if kind in "iu" and np.all(np.diff(np.asarray(index)) > 0):  # of rows that may be left out
        return timing(Path("table"), "its index", np.asarray(index, np.float64), given=fs), None
    if kind not in "mM":
        return Timing(), None
    if not index.is_monotonic_increasing:
        raise FormatError(
            "expected an index of times that rise, found others; sort the table, and leave out "
            "rows without a time"
        )
    seconds = np.asarray((index - index[0]).total_seconds(), dtype=np.float64)
    start = index[0].to_pydatetime(warn=False).replace(tzinfo=None) if kind == "M" else None
    return timing(Path("table"), "its index", seconds, unit=1.0, given=fs), start


def _of_xarray(array: Any, fs: float | None) -> _Parts:
    """Return an array whose longer dimension is time; the coordinates of the other are names."""
    values = np.asarray(array.values)
    if values.ndim not in (1, 2):
        return _Parts(values)
    time = int(np.argmax(values.shape))
    times, names, start = Timing(), None, None
    if array.dims[time] in array.coords:
        seconds = np.asarray(array.coords[array.dims[time]].values)
        unit = None
        if seconds.dtype.kind == "M":
            start = seconds[0].astype("datetime64[us]").item()
        if seconds.dtype.kind in "mM":
            seconds, unit = (seconds - seconds[0]) / np.timedelta64(1, "s"), 1.0
        else:
            about = getattr(array.coords[array.dims[time]], "attrs", {})
            unit = seconds_per_unit("", str(about.get("units", "")))
        numbers = np.asarray(seconds, dtype=np.float64)
        times = timing(Path("array"), str(array.dims[time]), numbers, unit=unit, given=fs)
    if values.ndim == 2 and array.dims[1 - time] in array.coords:
        names = [str(name) for name in array.coords[array.dims[1 - time]].values]
    signal = values if time == 0 else values.T
    return _Parts(signal, names, fs=times.fs, start=start or times.start, places=times.places)


def _samples(values: Any, names: Sequence[Any] | None) -> NDArray[Any]:
    """Return samples as an array of shape (samples, leads), NaN where they are masked.

    Without a name for each lead, the longer axis is time.
    """
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), math.nan)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "OSU":
            array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # the last of PyTorch
        raise FormatError(
            "expected samples that are numbers, in leads of equal length, found others "
            f"({' '.join(str(error).split())[:120]}); convert them first"
        ) from error
    if array.dtype.kind not in "iufb" or not 1 <= array.ndim <= 2 or array.size == 0:
        raise FormatError(
            "expected samples as an array of real numbers of shape (samples,) or (samples, leads), "
            f"found {array.dtype} of shape {array.shape}; convert it first"
        )
    if array.ndim == 1:
        return array[:, None]
    is_upright = array.shape[0] >= array.shape[1] or (names and len(names) == array.shape[1])
    return array if is_upright else array.T


def _units(units: Any, names: Sequence[str], parts: _Parts) -> tuple[str, ...]:
    """Return the unit of each lead: as given, of the object, or in the name of its column."""
    if units is None:
        named = [unit_in_name(str(name)) for name in parts.names or names]
        units = [unit or UNKNOWN_UNIT for unit in named] if parts.units is None else parts.units
    if isinstance(units, str):
        return (units or UNKNOWN_UNIT,) * len(names)
    if isinstance(units, Mapping):
        by_name = {_short(name): unit for name, unit in units.items()}
        given = [by_name.pop(_short(name), UNKNOWN_UNIT) for name in names]
        if by_name:
            raise FormatError(
                f"expected units of {', '.join(names)}, found one of {next(iter(by_name))}; name "
                "those leads"
            )
    else:
        given = list(units) if isinstance(units, Iterable) else [units]
    if len(given) != len(names):
        raise FormatError(
            f"expected a unit for each of {len(names)} leads, found {len(given)}; give one for "
            "all, or one for each"
        )
    return tuple(UNKNOWN_UNIT if unit is None else str(unit) for unit in given)


def _short(name: Any) -> str:
    return short_names([str(name)])[0].lower()


def _frequency(fs: Any) -> float:
    try:
        value = float(fs)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(fs, str | bool) or not (math.isfinite(value) and value > 0):
        raise FormatError(f"expected a sampling frequency above 0 Hz, found {fs!r}; correct it")
    return value


def _agreed(stated: float | None, given: float | None) -> float:
    fs = stated if given is None else given
    if fs is None:
        raise FormatError(
            "expected a sampling frequency, found none in the recording; give it (fs=360)"
        )
    if stated is not None and abs(stated - fs) > 0.01 * stated:
        raise FormatError(
            f"expected {fs:g} Hz as given, found {stated:g} Hz in the recording; leave fs out"
        )
    return fs if stated is None else stated
