"""A live signal, end to end: beats as they come, the same ones however the signal is cut.

The functions are those of `ecgscribe.pipeline.annotate.annotate`, and so are the weights. What
differs is what can be known in time:

- Every `HOP` (0.31 s) on the stream's own clock, the trunk scores the last `WINDOW_S`. An R-peak
  is taken once `PEAK_AHEAD` follows it: it is told **at most 1.0 s** after it, of which the
  conditioning filters take 0.45 s.
- The class is told **at most 2.5 s** after the R-peak. Where the heart beats at 60/min or faster
  the next R-peak is then known. Rhythm and shape are told against the `HISTORY` beats before, not
  against what is to come.
- The scale is that of the last half minute. One that changes at once, or a lead that turns over,
  is noticed and told, and beats are read again less than 5 s later.
- The first beats are told after 2.7 s: before, the scale is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.errors import FormatError
from ecgscribe.live.beats import CLASS_AHEAD, HISTORY_STEPS, LiveBeats
from ecgscribe.live.changes import Losses, Shapes, hidden
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.live.events import Beat, Change, Peak, What
from ecgscribe.model.decision import decide
from ecgscribe.model.features import AFTER, ALIKE, BEFORE
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.scoring import Scores
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.quality_annotations import encode_subtype
from ecgscribe.record import Annotation, Record
from ecgscribe.signal.conditioning import FS_RANGE, MIN_DURATION, choose_leads
from ecgscribe.signal.windows import FS, steps_to_samples
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS

__all__ = ["Stream", "annotate_live"]


WINDOW_S = 4
"""Seconds that the trunk sees; on DS1, 8 change but a beat or two."""
PEAK_AHEAD = 24
"""Steps that follow an R-peak before it is taken (0.19 s)."""
SECOND_LOOK = 16
"""Steps before the last look's end where an R-peak may turn up that was not seen then."""
BEATS_OF_CHANGE = 2
"""Usual beats that a lead must show at a new scale before it is taken."""


Floats = NDArray[np.float32]


class Stream:
    """Beats of a live signal.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz, 100 to 2,000.
    leads : sequence of str
        One name for each column of the samples.
    use : sequence of str or int, optional
        One or two leads to use; by default the ECG leads among `leads` by their names, of several
        the usual rhythm leads. See `ecgscribe.signal.conditioning.choose_leads`.
    model : Model, str or Path, optional
        As for `ecgscribe.pipeline.annotate.annotate`. Streams that live side by side share one.

    Raises
    ------
    FormatError
        If fs or the leads cannot be used.
    ModelError
        If the model is absent or was altered.

    Examples
    --------
    >>> stream = Stream(360, ["MLII", "V1"])  # doctest: +SKIP
    >>> for chunk in chunks:  # arrays of shape (n, 2)  # doctest: +SKIP
    ...     for beat in stream.push(chunk):
    ...         print(beat.time, beat.aami_class)
    """

    def __init__(
        self,
        fs: float,
        leads: Sequence[str],
        *,
        use: Sequence[str | int] | None = None,
        model: Model | str | Path | None = None,
    ) -> None:
        names = (leads,) if isinstance(leads, str) else tuple(leads)
        low, high = FS_RANGE
        if not low <= fs <= high:
            raise FormatError(
                f"stream: expected fs from {low:g} to {high:g} Hz, found {fs:g} Hz; "
                "give the sampling frequency of the samples"
            )
        nothing = np.zeros((1, len(names)), dtype=np.float32)
        self.fs = float(fs)
        self.columns = choose_leads(Record(nothing, fs, names, name="stream"), use)
        self.leads = tuple(names[k] for k in self.columns)
        self.events: tuple[Peak | Change, ...] = ()
        """What the last `push` or `close` told beside beats: R-peaks, early, and changes."""
        self.model = load_model(model)
        self._n_columns = len(names)
        self._live = LiveSignal(self.fs, len(self.leads), history=HISTORY_STEPS)
        self._beats = LiveBeats()
        self._losses = Losses()
        self._shapes = Shapes(len(self.leads))
        self._found_to = 0
        self._told: list[Peak | Change] = []
        self._closed = False

    def push(self, chunk: ArrayLike) -> list[Beat]:
        """Take samples and give the beats whose class they make known.

        Parameters
        ----------
        chunk : array_like, shape (n_samples, n_leads)
            Samples in any unit, the same throughout; NaN where there is no valid one, as in a gap.
            Of one lead, shape (n_samples,) will do. Any length.

        Returns
        -------
        list of Beat
            In time order. Every beat is given once.

        Raises
        ------
        FormatError
            If the chunk does not have one column a lead, or the stream is closed.
        """
        samples = self._checked(chunk)
        self._told = []
        self._live.push(samples[:, self.columns])
        beats = []
        while self._live.n_samples >= self._live.needed(self._live.next_end):
            beats += self._hop()
        self._live.release()
        self.events = tuple(self._told)
        return beats

    def close(self) -> list[Beat]:
        """End the stream and give the beats that are left; a second call gives none.

        Nothing is told of a stream that ends within a second, as of such a recording.
        """
        self._told = []
        beats: list[Beat] = []
        n_steps = self._live.n_steps
        self._closed |= n_steps < MIN_DURATION * FS
        while not self._closed and self._live.end - CLASS_AHEAD < n_steps:
            beats += self._hop()
        self._closed = True
        self.events = tuple(self._told)
        return beats

    def _checked(self, chunk: ArrayLike) -> Floats:
        if self._closed:
            raise FormatError("stream: expected no samples after the end; open another stream")
        try:
            samples = np.asarray(chunk, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise FormatError(
                f"stream: expected an array of numbers, found something else ({error}); "
                f"push arrays of shape (samples, {self._n_columns})"
            ) from error
        if samples.ndim == 1 and self._n_columns == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != self._n_columns:
            raise FormatError(
                f"stream: expected a chunk of shape (samples, {self._n_columns}), found shape "
                f"{samples.shape}; give one column a lead"
            )
        return samples

    def _hop(self) -> list[Beat]:
        """Look at the next hop: R-peaks, changes, and classes that are due."""
        live = self._live
        live.advance()
        window = live.window(WINDOW_S * FS)
        peak, frames = self._score(window)
        if self._took_new_scale():
            window = live.window(WINDOW_S * FS)
            peak, frames = self._score(window)
        self._find(peak, window)
        begin = live.end - len(window)
        scores = Scores(peak, frames, self.model.network.steps_per_frame)
        self._beats.look_again(scores, begin=begin, end=live.end)
        for lead, first in self._shapes.turns(live):
            live.turn(lead, first)
            self._tell("polarity", first, [lead])
        for step, lost in self._losses.look(live):
            self._tell("unreadable" if lost else "readable", step, lost)
        beats = self._classify()
        self._beats.forget(live)
        return beats

    def _score(self, window: Floats) -> tuple[Floats, Floats]:
        peak, frames = self.model.network.predict_trunk(window[None])
        return peak[0, :, 0], frames[0]

    def _peaks_of(
        self, peak: Floats, window: Floats, *, since: int
    ) -> tuple[NDArray[np.float64], Floats]:
        threshold = self.model.thresholds.peak
        begin = self._live.end - len(window)
        step, height = find_beats(peak, window, threshold=threshold, since=since - begin)
        return step + begin, height

    def _took_new_scale(self) -> bool:
        """Take another scale of leads that show their usual beats at it, and not only its height.

        So neither a pause, with noise alone, nor an artefact changes the scale.
        """
        live = self._live
        scales = live.new_scales()
        if not scales:
            return False
        trial = live.window_at(WINDOW_S * FS, scales)
        step, _ = self._peaks_of(self._score(trial)[0], trial, since=0)
        taken = {}
        for lead, scale in scales.items():
            begin = live.change_begins(lead, scale)
            if self._usual_beats(lead, trial, step[step >= begin]) >= BEATS_OF_CHANGE:
                taken[lead] = begin
                live.change_scale(lead, scale, begin=begin)
        if not taken:
            return False
        begin = min(taken.values())
        self._found_to = min(self._found_to, begin)
        self._tell("scale", begin, sorted(taken))
        return True

    def _usual_beats(self, lead: int, window: Floats, step: NDArray[np.float64]) -> int:
        """Count the R-peaks in a window at which a lead shows its usual beat."""
        begins = np.rint(step).astype(np.int64) - (self._live.end - len(window)) - BEFORE
        beats = [window[begin : begin + BEFORE + AFTER, lead] for begin in begins if begin >= 0]
        return sum(self._shapes.likeness(lead, beat) > ALIKE for beat in beats)

    def _find(self, peak: Floats, window: Floats) -> None:
        """Take the R-peaks that have come far enough into the window."""
        live = self._live
        until = min(live.end - PEAK_AHEAD, live.n_steps)
        since = max(self._found_to - SECOND_LOOK, 0)
        step, height = self._peaks_of(peak, window, since=since)
        seen = ~hidden(live, step)
        taken = self._beats.add(step[seen], height[seen], since=since, until=until)
        self._found_to = until
        for sample, at, score in zip(self._samples(taken[0]), *taken, strict=True):
            self._shapes.add(float(at))
            self._told.append(Peak(sample, sample / self.fs, float(score), self._known))

    def _classify(self) -> list[Beat]:
        """Give the beats that are due."""
        live = self._live
        until = live.end - CLASS_AHEAD
        step, probability, of_beat = self._beats.classify(self.model, live, until=until)
        classes = decide(probability, self.model.thresholds)
        return [
            Beat(
                sample,
                sample / self.fs,
                AAMI_CLASSES[k],
                str(CLASS_SYMBOLS[k]),
                tuple(p),
                score,
                self._readable_leads(at),
                self._known,
            )
            for sample, at, k, p, score in zip(
                self._samples(step),
                step.astype(np.int64).tolist(),
                classes.tolist(),
                probability.tolist(),
                of_beat.tolist(),
                strict=True,
            )
        ]

    def _readable_leads(self, step: int) -> tuple[str, ...]:
        lost = self._live.lost_since(step)[0]
        return tuple(name for name, gone in zip(self.leads, lost, strict=True) if not gone)

    @property
    def _known(self) -> int:
        """Samples that had come by this hop, however they came."""
        return min(self._live.needed(self._live.end), self._live.n_samples)

    def _samples(self, step: NDArray[np.float64]) -> list[int]:
        sample = steps_to_samples(step, self._live.ratio, self._live.n_samples)
        return [int(value) for value in sample]

    def _tell(self, what: What, step: int, leads: Sequence[int]) -> None:
        (sample,) = self._samples(np.array([step]))
        names = tuple(self.leads[k] for k in leads)
        self._told.append(Change(sample, sample / self.fs, what, names, self._known))


def annotate_live(record: Record, *, model: Model | None = None) -> Annotation:
    """Annotate a recording as if it came live: what the live path is measured by.

    Parameters
    ----------
    record : Record
    model : Model, optional
        The one in the package by default.

    Returns
    -------
    Annotation
        As `ecgscribe.annotate` returns it, with ``~`` where leads are lost or come back.
    """
    stream = Stream(record.fs, record.leads, model=model)
    beats = stream.push(record.signal)
    events = stream.events
    beats += stream.close()
    marks = [
        e
        for e in (*events, *stream.events)
        if isinstance(e, Change) and e.what in ("unreadable", "readable")
    ]
    rows = [(b.sample, b.symbol, 0, b.probability, b.score) for b in beats]
    nothing = (np.nan,) * len(AAMI_CLASSES)
    rows += [(m.sample, "~", _subtype(m, stream.leads), nothing, np.nan) for m in marks]
    rows.sort(key=lambda row: row[0])
    sample, symbol, subtype, probability, score = zip(*rows, strict=True) if rows else ((),) * 5
    return Annotation(
        np.array(sample, dtype=np.int64),
        np.array(symbol, dtype=np.str_),
        record.fs,
        subtype=np.array(subtype, dtype=np.int64),
        probability=np.array(probability, dtype=np.float32).reshape(len(rows), -1),
        score=np.array(score, dtype=np.float32),
        name=record.name,
        start=record.start,
    )


def _subtype(mark: Change, leads: Sequence[str]) -> int:
    """Give the subtype of a ``~``, as the MIT-BIH database has it; see `ecgscribe.annotate`."""
    return int(encode_subtype(np.array([[name in mark.leads for name in leads]]))[0])
