"""A recording and its annotations: frozen dataclasses of numpy arrays, no input or output."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.notebook import annotation_html, record_html
from ecgscribe.other_packages import to_mne, to_wfdb
from ecgscribe.rhythms import RhythmSpan, decode_rhythms
from ecgscribe.symbols import AAMI_CLASSES, Mapping, class_indices

if TYPE_CHECKING:
    import pandas as pd
    import wfdb

__all__ = [
    "NO_DATE",
    "READABLE",
    "Annotation",
    "LazyRecord",
    "Mark",
    "Record",
    "check_is_record",
    "check_within",
    "clock_text",
    "clock_times",
    "has_date",
]


NO_DATE = date.min
"""The date of a `start` of which a file gives the time of day alone."""
READABLE = 0.5
"""Lowest quality of a beat that is counted; a beat below it is in noise."""


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """One recording: all leads at one sampling frequency.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_samples, n_leads)
        The samples, in `units`; NaN where the file holds no valid sample.
    fs : float
        Sampling frequency in Hz.
    leads : tuple of str
        Name of each lead.
    units : tuple of str
        Physical unit of each lead, as the file writes it.
    name : str
        Name of the record, for messages and output files.
    start : datetime, optional
        Wall-clock time of sample 0, if the file gives it; on `NO_DATE` if it gives no date.
    comments : tuple of str
        Free text of the header. It may identify a person, so no output contains it.
    paced : bool
        True if the header or the reference annotations show a pacemaker.
    """

    signal: NDArray[np.float32]
    fs: float
    leads: tuple[str, ...]
    units: tuple[str, ...] = ()
    name: str = "record"
    start: datetime | None = None
    comments: tuple[str, ...] = ()
    paced: bool = False

    def __post_init__(self) -> None:
        if self.signal.ndim != 2:
            raise FormatError(
                f"record {self.name}: expected a signal of shape (samples, leads), "
                f"found shape {self.signal.shape}; add the missing axis"
            )
        if not (np.isfinite(self.fs) and self.fs > 0):
            raise FormatError(
                f"record {self.name}: expected a sampling frequency above 0 Hz, "
                f"found {self.fs}; correct the header"
            )
        if len(self.leads) != self.signal.shape[1]:
            raise FormatError(
                f"record {self.name}: expected one name for each of {self.signal.shape[1]} leads, "
                f"found {len(self.leads)}; name every lead"
            )
        if not self.units:
            object.__setattr__(self, "units", ("mV",) * len(self.leads))

    @property
    def n_samples(self) -> int:
        """Number of samples per lead."""
        return int(self.signal.shape[0])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs

    def __eq__(self, other: object) -> bool:
        """Return whether another record has the same samples and says the same of them."""
        if not isinstance(other, Record):
            return NotImplemented
        return all(getattr(self, key) == getattr(other, key) for key in _ABOUT) and np.array_equal(
            self.signal, other.signal, equal_nan=True
        )

    def __hash__(self) -> int:
        return hash((self.fs, self.leads, self.signal.shape))

    def __repr__(self) -> str:
        return _short(self)

    def _repr_html_(self) -> str:
        return record_html(self)

    def lazy(self) -> LazyRecord:
        """Return the recording as one that is read piece by piece."""
        return LazyRecord(
            reader=lambda begin, end: self.signal[begin:end],
            n_samples=self.n_samples,
            **{key: getattr(self, key) for key in _ABOUT},
        )


@dataclass(frozen=True, eq=False, repr=False)
class LazyRecord:
    """A recording that is read piece by piece, so that it need not fit into memory.

    Parameters
    ----------
    reader : callable
        Takes the first sample and the one after the last, ``0 <= begin <= end <= n_samples``, and
        returns those samples as in `Record.signal`, shape (end - begin, n_leads). Call `read`,
        which lets only one thread read at a time.
    n_samples : int
        Number of samples per lead.
    fs, leads, units, name, start, comments, paced
        As in `Record`.
    """

    reader: Callable[[int, int], NDArray[np.float32]]
    n_samples: int
    fs: float
    leads: tuple[str, ...]
    units: tuple[str, ...] = ()
    name: str = "record"
    start: datetime | None = None
    comments: tuple[str, ...] = ()
    paced: bool = False
    # Files have one position, and parsers share state: two threads must not read at once.
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.units:
            object.__setattr__(self, "units", ("mV",) * len(self.leads))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs

    def __repr__(self) -> str:
        return _short(self)

    def _repr_html_(self) -> str:
        return record_html(self)

    def lazy(self) -> LazyRecord:
        """Return this recording, as `Record.lazy` does."""
        return self

    def read(self, begin: int, end: int) -> NDArray[np.float32]:
        """Read samples `begin` up to `end`; shape (end - begin, n_leads)."""
        with self._lock:
            return self.reader(begin, end)

    def pieces(self, length: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Read all samples, at most `length` at once.

        Yields
        ------
        begin : int
            First sample of the piece.
        piece : ndarray of float32, shape (n, n_leads)
        """
        for begin in range(0, self.n_samples, length):
            yield begin, self.read(begin, min(begin + length, self.n_samples))

    def record(self, begin: int = 0, end: int | None = None) -> Record:
        """Read samples `begin` up to `end`, by default all, into memory.

        A part keeps the name of the recording; its `start` is the time of its first sample.
        """
        signal = self.read(begin, self.n_samples if end is None else end)
        about = {key: getattr(self, key) for key in _ABOUT}
        if self.start is not None and begin:
            with contextlib.suppress(OverflowError):
                about["start"] = self.start + timedelta(seconds=begin / self.fs)
        return Record(signal=signal, **about)


def _short(record: Record | LazyRecord) -> str:
    """Describe a recording without its samples, comments or dates."""
    about = f"{record.duration:.1f} s of {', '.join(record.leads)} at {record.fs:g} Hz"
    return f"<{type(record).__name__} {record.name!r}: {about}>"


_ABOUT = ("fs", "leads", "units", "name", "start", "comments", "paced")
"""Fields that a `Record` and a `LazyRecord` share."""


class Mark(NamedTuple):
    """One annotation."""

    sample: int
    """Position in samples of the record."""
    time: float
    """Position in s."""
    symbol: str
    """WFDB annotation symbol."""
    beat_class: str | None
    """AAMI class; None if it is not a beat."""


_COLUMN = {"is_column": True}
"""Marks a field of `Annotation` that holds one value per annotation."""
_DTYPES = {"sample": np.int64, "symbol": np.str_, "subtype": np.int64, "aux_note": np.str_}


@dataclass(frozen=True, eq=False, repr=False)
class Annotation:
    """Annotations of one recording, in time order.

    Parameters
    ----------
    sample : ndarray of int64, shape (n,)
        Position of each annotation in samples of the record.
    symbol : ndarray of str, shape (n,)
        WFDB annotation symbols.
    fs : float
        Sampling frequency of the record in Hz.
    subtype : ndarray of int64, shape (n,)
        WFDB subtypes; zeros by default.
    aux_note : ndarray of str, shape (n,)
        WFDB auxiliary strings; empty by default.
    probability : ndarray of float32, shape (n, 5), optional
        Probability of each AAMI class (columns as `AAMI_CLASSES`); NaN for an annotation that is
        not a beat. None for annotations that no model made.
    score : ndarray of float32, shape (n,), optional
        Probability that the beat is one, or of the rhythm that begins at a ``+``; NaN for other
        annotations.
    quality : ndarray of float32, shape (n,), optional
        Signal quality around each beat, 0 to 1, below `READABLE` in noise; NaN for an annotation
        that is not a beat. See `ecgscribe.pipeline.signal_quality`.
    name : str
        Name of the record.
    start : datetime, optional
        Wall-clock time of sample 0.
    mapping : {"literature", "ec57"}
        Table from symbols to classes.
    n_samples : int, optional
        Length of the recording, where it is known; the last rhythm ends there.
    """

    sample: NDArray[np.int64] = field(metadata=_COLUMN)
    symbol: NDArray[np.str_] = field(metadata=_COLUMN)
    fs: float
    subtype: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, np.int64), metadata=_COLUMN
    )
    aux_note: NDArray[np.str_] = field(
        default_factory=lambda: np.zeros(0, np.str_), metadata=_COLUMN
    )
    probability: NDArray[np.float32] | None = field(default=None, metadata=_COLUMN)
    score: NDArray[np.float32] | None = field(default=None, metadata=_COLUMN)
    quality: NDArray[np.float32] | None = field(default=None, metadata=_COLUMN)
    name: str = "record"
    start: datetime | None = None
    mapping: Mapping = "literature"
    n_samples: int | None = None
    # Those of `beats`, which have no `+`; `dataclasses.replace` drops them, as they may not fit.
    _rhythms: tuple[RhythmSpan, ...] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        n = np.size(self.sample)
        for key, dtype in _DTYPES.items():
            values: NDArray[Any] = np.asarray(getattr(self, key), dtype=dtype).reshape(-1)
            if len(values) == 0 and key in ("subtype", "aux_note"):
                values = np.zeros(n, dtype=dtype)
            object.__setattr__(self, key, values)
        for key, values in self._columns().items():
            if len(values) != n:
                raise FormatError(
                    f"annotation {self.name}: expected {n} values of {key}, found {len(values)}; "
                    "give one per sample"
                )
        if np.any(np.diff(self.sample) < 0):
            raise FormatError(
                f"annotation {self.name}: expected samples in time order, found a step back; "
                "sort them first"
            )

    def __len__(self) -> int:
        return len(self.sample)

    @overload
    def __getitem__(self, keep: NDArray[Any] | slice) -> Annotation: ...
    @overload
    def __getitem__(self, keep: int) -> Mark: ...
    def __getitem__(self, keep: NDArray[Any] | slice | int) -> Annotation | Mark:
        """Return the annotations of a slice or where a mask is true, or a single one."""
        if isinstance(keep, int | np.integer):
            return Mark(
                int(self.sample[keep]),
                float(self.sample[keep] / self.fs),
                str(self.symbol[keep]),
                (*AAMI_CLASSES, None)[self.class_index[keep]],
            )
        return self.select(np.asarray(keep) if not isinstance(keep, slice) else keep)

    def __iter__(self) -> Iterator[Mark]:
        names = (*AAMI_CLASSES, None)
        rows = zip(self.sample, self.time, self.symbol, self.class_index, strict=True)
        for sample, time_s, symbol, index in rows:
            yield Mark(int(sample), float(time_s), str(symbol), names[index])

    def __eq__(self, other: object) -> bool:
        """Return whether other annotations are the same in every field."""
        if not isinstance(other, Annotation):
            return NotImplemented
        mine, others = self._columns(), other._columns()
        return (
            mine.keys() == others.keys()
            and all(getattr(self, key) == getattr(other, key) for key in _ABOUT_ANNOTATIONS)
            and all(_same(values, others[key]) for key, values in mine.items())
        )

    def __hash__(self) -> int:
        return hash((self.fs, self.name, len(self)))

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in self.counts().items() if count)
        return f"<Annotation {self.name!r}: {len(self)} annotations, beats: {counts or 'none'}>"

    def _repr_html_(self) -> str:
        return annotation_html(self)

    @property
    def time(self) -> NDArray[np.float64]:
        """Time of each annotation in s from the start, shape (n,)."""
        return self.sample / self.fs

    @property
    def rr(self) -> NDArray[np.float64]:
        """RR interval in s that ends with each beat, shape (n,); NaN for the first, and others."""
        rr = np.full(len(self), np.nan)
        is_beat = self.class_index >= 0
        rr[np.flatnonzero(is_beat)[1:]] = np.diff(self.sample[is_beat]) / self.fs
        return rr

    def counts(self) -> dict[str, int]:
        """Return the number of beats of each AAMI class that are in readable signal."""
        index = self.class_index[self.readable]
        numbers = np.bincount(index, minlength=len(AAMI_CLASSES)).tolist()
        return dict(zip(AAMI_CLASSES, numbers, strict=True))

    def _columns(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that hold one value per annotation, by the names of their fields."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata}
        return {key: value for key, value in values.items() if value is not None}

    @property
    def class_index(self) -> NDArray[np.int8]:
        """Index of each annotation's AAMI class, -1 where it is not a beat; shape (n,)."""
        return class_indices(self.symbol, mapping=self.mapping)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each annotation is a beat in readable signal, shape (n,).

        Without `quality` every beat counts as readable.
        """
        beat = self.class_index >= 0
        return beat if self.quality is None else np.asarray(beat & (self.quality >= READABLE))

    @property
    def rhythms(self) -> tuple[RhythmSpan, ...]:
        """Spans of one rhythm each, in time order; none where no ``+`` names a rhythm.

        Those of `beats` are the spans of the annotations that they were taken from.
        """
        if self._rhythms is not None:
            return self._rhythms
        return decode_rhythms(
            self.sample,
            self.symbol,
            self.aux_note,
            probability=self.score,
            n_samples=self.n_samples,
        )

    def episodes(self, *kinds: str) -> tuple[RhythmSpan, ...]:
        """Return the spans of some rhythms, or of every rhythm but ``N``.

        Parameters
        ----------
        *kinds : str
            Such as ``VT``, or ``AFIB`` and ``AFL`` for fibrillation and flutter; see `RhythmSpan`.

        Returns
        -------
        tuple of RhythmSpan
            In time order.
        """
        return tuple(
            span for span in self.rhythms if (span.kind in kinds if kinds else span.kind != "N")
        )

    def beats(self) -> Annotation:
        """Return the annotations that are beats, with the `rhythms` of all annotations."""
        beats = self.select(self.class_index >= 0)
        object.__setattr__(beats, "_rhythms", self.rhythms)
        return beats

    def select(self, keep: NDArray[np.bool_] | slice) -> Annotation:
        """Return the annotations where `keep`, shape (n,), is true, or those of a slice."""
        kept: dict[str, Any] = {key: values[keep] for key, values in self._columns().items()}
        selected = dataclasses.replace(self, **kept)
        object.__setattr__(selected, "_rhythms", self._rhythms)
        return selected

    def to_wfdb(self, extension: str = "scribe") -> wfdb.Annotation:
        """Return all annotations as an object of the wfdb package.

        Parameters
        ----------
        extension : str
            Suffix of the file that its ``wrann`` writes.

        Returns
        -------
        wfdb.Annotation
        """
        return to_wfdb(self, extension)

    def to_mne(self) -> Any:
        """Return all annotations as an object of MNE, for ``raw.set_annotations``.

        Returns
        -------
        mne.Annotations
            The symbol of each annotation without a duration; each rhythm, such as ``AFIB``, with
            its duration. Times are from the first sample.

        Raises
        ------
        EcgScribeError
            If MNE is not installed.
        """
        return to_mne(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the beats as a pandas table, one row per beat.

        Returns
        -------
        pandas.DataFrame
            Columns ``sample`` (at the sampling frequency of the record), ``time`` (seconds),
            ``clock`` (wall-clock time, only if the record has a start time; without a date if that
            is not known), ``class``,
            ``symbol``, ``normal``, and, for beats that a model found, ``score``, ``quality``,
            ``readable`` and the probabilities ``p_N`` … ``p_Q``.
        """
        import pandas as pd

        beats = self.beats()
        index = beats.class_index
        columns: dict[str, Any] = {"sample": beats.sample, "time": beats.sample / beats.fs}
        clock = clock_times(beats.start, columns["time"])
        if clock is not None:
            columns["clock"] = clock
        columns["class"] = np.array(AAMI_CLASSES)[index]
        columns["symbol"] = beats.symbol
        columns["normal"] = index == 0
        if beats.score is not None:
            columns["score"] = beats.score
        if beats.quality is not None:
            columns["quality"], columns["readable"] = beats.quality, beats.readable
        if beats.probability is not None:
            for k, name in enumerate(AAMI_CLASSES):
                columns[f"p_{name}"] = beats.probability[:, k]
        return pd.DataFrame(columns)


_ABOUT_ANNOTATIONS = ("fs", "name", "start", "mapping", "n_samples")
"""Fields of an `Annotation` that hold one value."""


def _same(values: NDArray[Any], others: NDArray[Any]) -> bool:
    return np.array_equal(values, others, equal_nan=values.dtype.kind == "f")


def has_date(start: datetime) -> bool:
    """Return whether a start is more than a time of day."""
    return start.date() > NO_DATE


def clock_times(
    start: datetime | None, seconds: NDArray[np.float64]
) -> list[datetime] | list[time] | None:
    """Return the wall-clock times of seconds from the start.

    Returns
    -------
    list of datetime or of time, or None
        Times of day if the start has no date; None without a start, or if a time is beyond the
        last year of the calendar.
    """
    if start is None:
        return None
    try:
        clock = [start + timedelta(seconds=float(t)) for t in seconds]
    except OverflowError:
        return None
    return clock if has_date(start) else [each.time() for each in clock]


def clock_text(start: datetime) -> str:
    """Return a start as ISO 8601 writes it, without a date that is not known."""
    return start.isoformat() if has_date(start) else start.time().isoformat()


def check_is_record(record: object) -> None:
    """Raise an error unless an object is a recording.

    Raises
    ------
    FormatError
        That says how to get one.
    """
    if not isinstance(record, Record | LazyRecord):
        raise FormatError(
            f"expected a Record, found {type(record).__name__}; make one, such as "
            "ecgscribe.Record(signal, fs=360, leads=('II',)), or read one with ecgscribe.read(path)"
        )


def check_within(annotation: Annotation, record: Record | LazyRecord) -> None:
    """Raise an error unless all annotations are within the recording.

    Parameters
    ----------
    annotation : Annotation
        May be at another sampling frequency.
    record : Record or LazyRecord
        The recording.

    Raises
    ------
    FormatError
        If an annotation is before the first or after the last sample.
    """
    if len(annotation) == 0:
        return
    first, last = annotation.sample[[0, -1]] * (record.fs / annotation.fs)
    if first < 0 or last >= record.n_samples:
        outside = annotation.sample[0 if first < 0 else -1] / annotation.fs
        raise FormatError(
            f"annotation {annotation.name}: expected times within the {record.duration:.3f} s of "
            f"record {record.name}, found {outside:.3f} s; take the annotation of this record"
        )
