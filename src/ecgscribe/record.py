"""A recording and its annotations: frozen dataclasses of numpy arrays, no input or output."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.symbols import AAMI_CLASSES, Mapping, class_indices

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READABLE", "Annotation", "LazyRecord", "Record", "check_within"]


def check_within(annotation: Annotation, record: Record | LazyRecord) -> None:
    """Make sure that annotations belong to a recording of that length.

    Parameters
    ----------
    annotation : Annotation
        May be at another sampling frequency.
    record : Record or LazyRecord
        The recording.

    Raises
    ------
    FormatError
        If an annotation lies before the first or after the last sample.
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


READABLE = 0.5
"""Least quality of a beat that counts; what is below lies in noise."""


@dataclass(frozen=True, eq=False)
class Record:
    """One recording: all leads at one sampling frequency.

    Parameters
    ----------
    signal : ndarray of float32, shape (n_samples, n_leads)
        The samples, in `units`; NaN where the file holds no valid sample.
    fs : float
        Sampling frequency in Hz.
    leads : tuple of str
        One name a lead.
    units : tuple of str
        One physical unit a lead, as the file gives it.
    name : str
        Name of the record, for messages and output files.
    start : datetime, optional
        Wall-clock time of sample 0, where the file gives one.
    comments : tuple of str
        Free text of the header. It may identify a person, and is not written to any output.
    paced : bool
        True where the header says that the patient has a pacemaker.
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
        """Number of samples a lead."""
        return int(self.signal.shape[0])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs

    def lazy(self) -> LazyRecord:
        """Give the recording as one that is read piece by piece."""
        return LazyRecord(
            read=lambda begin, end: self.signal[begin:end],
            n_samples=self.n_samples,
            **{key: getattr(self, key) for key in _ABOUT},
        )


Read = Callable[[int, int], NDArray[np.float32]]


def _one_at_a_time(read: Read) -> Read:
    """Let no two threads read at once: a file has one position."""
    lock = Lock()

    def locked(begin: int, end: int) -> NDArray[np.float32]:
        with lock:
            return read(begin, end)

    return locked


@dataclass(frozen=True, eq=False)
class LazyRecord:
    """A recording that is read piece by piece, so that it need not be in memory as a whole.

    Parameters
    ----------
    read : callable
        From the first sample and the one after the last, ``0 <= begin <= end <= n_samples``, to
        what `Record.signal` holds there, shape (end - begin, n_leads). Only one thread reads at a
        time.
    n_samples : int
        Number of samples a lead.
    fs, leads, units, name, start, comments, paced
        As of a `Record`.
    """

    read: Read
    n_samples: int
    fs: float
    leads: tuple[str, ...]
    units: tuple[str, ...] = ()
    name: str = "record"
    start: datetime | None = None
    comments: tuple[str, ...] = ()
    paced: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", _one_at_a_time(self.read))
        if not self.units:
            object.__setattr__(self, "units", ("mV",) * len(self.leads))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs

    def record(self, begin: int = 0, end: int | None = None) -> Record:
        """Read samples `begin` up to `end`, by default all, into memory.

        A part keeps the name; its `start` is that of its own first sample.
        """
        signal = self.read(begin, self.n_samples if end is None else end)
        about = {key: getattr(self, key) for key in _ABOUT}
        if self.start is not None:
            about["start"] = self.start + timedelta(seconds=begin / self.fs)
        return Record(signal=signal, **about)


_ABOUT = ("fs", "leads", "units", "name", "start", "comments", "paced")
"""What a `Record` and a `LazyRecord` say alike of a recording."""


def _strings(values: Any) -> NDArray[np.str_]:
    return np.asarray(values, dtype=np.str_).reshape(-1)


@dataclass(frozen=True, eq=False)
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
        WFDB subtypes; zeros if not given.
    aux_note : ndarray of str, shape (n,)
        WFDB auxiliary strings; empty if not given.
    probability : ndarray of float32, shape (n, 5), optional
        Probability of each AAMI class (columns as `AAMI_CLASSES`); NaN rows where an annotation
        is not a beat. Absent for annotations made by hand.
    score : ndarray of float32, shape (n,), optional
        Probability that there is a beat; NaN where an annotation is not one.
    quality : ndarray of float32, shape (n,), optional
        How well the signal around each beat can be read, 0 to 1, and below `READABLE` where it
        is noise; NaN where an annotation is not a beat. See `ecgscribe.pipeline.signal_quality`.
    name : str
        Name of the record.
    start : datetime, optional
        Wall-clock time of sample 0.
    mapping : {"literature", "ec57"}
        Table that gives a symbol its class.
    """

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    fs: float
    subtype: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    aux_note: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, np.str_))
    probability: NDArray[np.float32] | None = None
    score: NDArray[np.float32] | None = None
    quality: NDArray[np.float32] | None = None
    name: str = "record"
    start: datetime | None = None
    mapping: Mapping = "literature"

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "sample", np.asarray(self.sample, dtype=np.int64).reshape(-1))
        set_(self, "symbol", _strings(self.symbol))
        n = len(self.sample)
        set_(self, "subtype", np.asarray(self.subtype, dtype=np.int64).reshape(-1))
        set_(self, "aux_note", _strings(self.aux_note))
        if len(self.subtype) == 0:
            set_(self, "subtype", np.zeros(n, dtype=np.int64))
        if len(self.aux_note) == 0:
            set_(self, "aux_note", np.full(n, "", dtype=np.str_))
        for key in ("symbol", "subtype", "aux_note", "probability", "score", "quality"):
            value = getattr(self, key)
            if value is not None and len(value) != n:
                raise FormatError(
                    f"annotation {self.name}: expected {n} values of {key}, found {len(value)}; "
                    "give one a sample"
                )
        if np.any(np.diff(self.sample) < 0):
            raise FormatError(
                f"annotation {self.name}: expected samples in time order, found a step back; "
                "sort them first"
            )

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def class_index(self) -> NDArray[np.int8]:
        """Index of each annotation's AAMI class, -1 where it is not a beat; shape (n,)."""
        return class_indices(self.symbol, mapping=self.mapping)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each beat lies where the signal can be read, shape (n,).

        True of all beats where no quality is known, and false of what is not a beat.
        """
        beat = self.class_index >= 0
        return beat if self.quality is None else np.asarray(beat & (self.quality >= READABLE))

    def beats(self) -> Annotation:
        """Only the annotations that are beats."""
        return self.select(self.class_index >= 0)

    def select(self, keep: NDArray[np.bool_] | slice) -> Annotation:
        """Only the annotations where `keep`, shape (n,), is true, or that a slice names."""
        return dataclasses.replace(
            self,
            sample=self.sample[keep],
            symbol=self.symbol[keep],
            subtype=self.subtype[keep],
            aux_note=self.aux_note[keep],
            probability=None if self.probability is None else self.probability[keep],
            score=None if self.score is None else self.score[keep],
            quality=None if self.quality is None else self.quality[keep],
        )

    def to_frame(self) -> pd.DataFrame:
        """Give the beats as a pandas table, one row a beat.

        Returns
        -------
        pandas.DataFrame
            Columns ``sample`` (the record's own samples), ``time`` (seconds), ``clock``
            (wall-clock time, only where the record has one), ``class``, ``symbol``, ``normal``,
            and, for beats found by a model, ``score``, ``quality``, ``readable`` and the
            probabilities ``p_N`` … ``p_Q``.
        """
        import pandas as pd

        beats = self.beats()
        index = beats.class_index
        columns: dict[str, Any] = {"sample": beats.sample, "time": beats.sample / beats.fs}
        if beats.start is not None:
            columns["clock"] = [beats.start + timedelta(seconds=float(t)) for t in columns["time"]]
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
