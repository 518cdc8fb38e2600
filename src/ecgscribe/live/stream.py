"""Find and classify the beats of a live signal; the sizes of its chunks make no difference.

A stream uses the weights and most functions of `ecgscribe.annotate`, but it cannot look ahead:

- Every `ecgscribe.live.hop_filter.HOP` (0.31 s) of the stream's own clock, the trunk scores the
  last `WINDOW_S`. An R-peak is detected once `PEAK_AHEAD` follows it, **at most 1.0 s** after it;
  the filters take 0.45 s of that.
- It is classified **at most 2.5 s** after it. At 60 beats per minute or more, the next R-peak is
  known by then. It is compared with the beats so far, not with later ones: with the past 128
  while there are no more, then with the past 2,048.
- The scale is that of the past half minute. A sudden change of the scale and an inverted lead are
  detected and reported, and beats are found again less than 5 s later.
- The first beats come after 2.7 s, when the scale is known.
- Rhythms are recognised if the model has a rhythm network: ventricular tachycardia, ventricular
  flutter or fibrillation, standstill and their end within 10 s, atrial fibrillation,
  supraventricular tachyarrhythmia and their end within 30 s; see
  `ecgscribe.live.rhythm_changes`. While atrial fibrillation is in force, no beat is S. No other
  rhythm changes a beat: its class comes before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgscribe.errors import FormatError, warn
from ecgscribe.leads import N_LEADS, best_leads, pick_leads
from ecgscribe.live.beats import CLASS_AHEAD, HISTORY_STEPS, PEAK_AHEAD, BeatHistory
from ecgscribe.live.changes import LeadLossMonitor, PolarityMonitor, all_lost_at
from ecgscribe.live.conditioner import LiveSignal
from ecgscribe.live.events import (
    ChangeKind,
    Event,
    LiveBeat,
    RhythmChange,
    RPeak,
    SignalChange,
)
from ecgscribe.live.rhythm import LiveRhythm
from ecgscribe.live.rhythm_changes import RhythmReporter
from ecgscribe.model.decision import decide
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.model.scoring import Scores
from ecgscribe.model.shape_features import AFTER, ALIKE, BEFORE
from ecgscribe.pipeline.peaks import find_beats
from ecgscribe.signal.conditioning import FS_RANGE, MIN_DURATION
from ecgscribe.signal.windows import FS, steps_to_samples
from ecgscribe.symbols import AAMI_CLASSES, CLASS_SYMBOLS

__all__ = ["Stream"]


WINDOW_S = 4
"""Seconds that the trunk sees; on DS1, 8 s change only one or two beats."""
SECOND_LOOK = 16
"""Steps before the end of the last look that are searched again for R-peaks."""
BEATS_OF_CHANGE = 2
"""Typical beats that a lead must show at a new scale before that is used."""
S = AAMI_CLASSES.index("S")


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class Stream:
    """Finds and classifies the beats of a live signal.

    Rhythms are recognised if the model can do so. Of these, atrial fibrillation alone changes
    beats, once it is known: `ecgscribe.annotate` of the recording changes those of all rhythms.

    Parameters
    ----------
    fs : float
        Sampling frequency in Hz, 100 to 2,000.
    leads : sequence of str or int, optional
        If `columns` is given, one or two of these to analyse. Otherwise a name for each column of
        the samples. By default, and if there are more than two, the ECG leads are chosen by their
        names.
    columns : sequence of str, optional
        A name for each column of the samples, if they hold more than the leads to analyse.
    model : Model, str or Path, optional
        As for `ecgscribe.annotate`. Several streams can share one.

    Attributes
    ----------
    leads : tuple of str
        The leads that are analysed, one or two.

    Raises
    ------
    FormatError
        If fs or the leads cannot be used.
    ModelError
        If the model is missing or was altered.

    Examples
    --------
    >>> stream = Stream(360, ["MLII", "V1"])  # doctest: +SKIP
    >>> for chunk in chunks:  # arrays of shape (n, 2)  # doctest: +SKIP
    ...     for event in stream.push(chunk):
    ...         if isinstance(event, LiveBeat):
    ...             print(event.time, event.aami_class)
    """

    def __init__(
        self,
        fs: float,
        leads: Sequence[str | int] | None = None,
        *,
        columns: Sequence[str] | None = None,
        model: Model | str | Path | None = None,
    ) -> None:
        low, high = FS_RANGE
        if not low <= fs <= high:
            raise FormatError(
                f"stream: expected fs from {low:g} to {high:g} Hz, found {fs:g} Hz; "
                "give the sampling frequency of the samples"
            )
        self.fs = float(fs)
        self._columns, chosen = _names_and_choice(leads, columns)
        self._used = _choose_leads(self._columns, chosen)
        self.leads = tuple(self._columns[k] for k in self._used)
        self.model = load_model(model)
        self._signal = LiveSignal(self.fs, len(self.leads), history=HISTORY_STEPS)
        self._history = BeatHistory()
        self._losses = LeadLossMonitor()
        self._polarity = PolarityMonitor(len(self.leads))
        network = self.model.rhythm
        self._rhythm = None if network is None else LiveRhythm(network, len(self.leads))
        self._rhythms = RhythmReporter()
        self._searched = 0
        self._closed = False

    def push(self, chunk: ArrayLike) -> list[Event]:
        """Add samples, and return the events that they make known.

        Parameters
        ----------
        chunk : array_like, shape (n_samples, n_columns)
            Any number of samples in any unit that stays the same; NaN where a sample is missing,
            as in a gap. With one column, the shape (n_samples,) is accepted.

        Returns
        -------
        list of RPeak, LiveBeat, RhythmChange and SignalChange
            In the order of detection; see `ecgscribe.live.events`. Each beat comes once.

        Raises
        ------
        FormatError
            If the chunk does not have one column per lead, or the stream is closed.
        """
        samples = self._checked(chunk)
        signal = self._signal
        signal.push(samples[:, self._used])
        events: list[Event] = []
        while signal.n_samples >= signal.samples_needed(signal.next_end):
            events += self._hop()
        signal.release()
        return events

    def close(self) -> list[Event]:
        """End the stream, and return the events that remain; a second call returns none.

        A stream that ends within one second has no events, as such a recording has no beats.

        Returns
        -------
        list of RPeak, LiveBeat, RhythmChange and SignalChange
            R-peaks and changes come before beats.
        """
        signal = self._signal
        self._closed |= signal.n_steps < MIN_DURATION * FS
        events: list[Event] = []
        while not self._closed and signal.end - CLASS_AHEAD < signal.n_steps:
            events += self._hop()
        if not self._closed and self._rhythm is not None and self._rhythm.finish(self._signal):
            events += self._rhythm_changes(self._rhythm, ended=True)
        self._closed = True
        return sorted(events, key=lambda event: isinstance(event, LiveBeat))

    def _checked(self, chunk: ArrayLike) -> Floats:
        if self._closed:
            raise FormatError("stream: expected no samples after the end; open another stream")
        n_columns = len(self._columns)
        try:
            samples = np.asarray(chunk, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise FormatError(
                f"stream: expected an array of numbers, found something else ({error}); "
                f"push arrays of shape (samples, {n_columns})"
            ) from error
        if samples.ndim == 1 and n_columns == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] != n_columns:
            raise FormatError(
                f"stream: expected a chunk of shape (samples, {n_columns}), found shape "
                f"{samples.shape}; push one column per lead"
            )
        return samples

    def _hop(self) -> list[Event]:
        """Condition the next hop, and return what it shows."""
        signal = self._signal
        events: list[Event] = []
        signal.advance()
        window = signal.window(WINDOW_S * FS)
        scores = self._score(window)
        rescaled = self._use_new_scales()
        if rescaled is not None:
            events.append(rescaled)
            window = signal.window(WINDOW_S * FS)
            scores = self._score(window)
        events += self._detect_r_peaks(scores, window)
        self._history.update_logits(scores, begin=signal.end - len(window), end=signal.end)
        for lead, begin in self._polarity.inversions(signal):
            signal.invert(lead, begin)
            self._history.invert(lead, begin)
            events.append(self._change("polarity", begin, [lead]))
        if self._rhythm is not None and self._rhythm.advance(signal):
            events += self._rhythm_changes(self._rhythm)
        rhythm = self._rhythms
        for step, lost in self._losses.changes(signal, rhythm.begin, kills=rhythm.kills):
            events.append(self._change("unreadable" if lost else "readable", step, lost))
        events += self._classify()
        self._history.drop_old(signal)
        return events

    def _score(self, window: Floats) -> Scores:
        network = self.model.network
        peak, frame_class = network.predict_trunk(window[None])
        return Scores(peak[0, :, 0], frame_class[0], network.steps_per_frame)

    def _r_peaks_in(self, scores: Scores, window: Floats, *, since: int) -> tuple[Doubles, Floats]:
        """Return R-peaks in steps of the stream, and their scores."""
        begin = self._signal.end - len(window)
        threshold = self.model.thresholds.peak
        r_peaks, peak_scores = find_beats(
            scores.peak, window, threshold=threshold, since=since - begin
        )
        return r_peaks + begin, peak_scores

    def _use_new_scales(self) -> SignalChange | None:
        """Change the scale of leads that show their typical beats at the new scale.

        The height of the signal alone does not suffice: a pause with nothing but noise, or an
        artefact, does not change the scale.
        """
        signal = self._signal
        new_scales = signal.new_scales()
        if not new_scales:
            return None
        window = signal.window_at(WINDOW_S * FS, new_scales)
        r_peaks, _ = self._r_peaks_in(self._score(window), window, since=0)
        begins = {}
        for lead, scale in new_scales.items():
            begin = signal.begin_of_change(lead, scale)
            if self._count_typical(lead, window, r_peaks[r_peaks >= begin]) >= BEATS_OF_CHANGE:
                begins[lead] = begin
                ratio = signal.change_scale(lead, scale, begin=begin)
                if self._rhythm is not None:
                    self._rhythm.rescale(lead, ratio)
        if not begins:
            return None
        begin = min(begins.values())
        self._searched = min(self._searched, begin)
        return self._change("scale", begin, sorted(begins))

    def _count_typical(self, lead: int, window: Floats, r_peaks: Doubles) -> int:
        """Count the R-peaks in a window at which a lead shows its typical beat."""
        first = self._signal.end - len(window)
        begins = np.rint(r_peaks).astype(np.int64) - first - BEFORE
        beats = [window[begin : begin + BEFORE + AFTER, lead] for begin in begins if begin >= 0]
        return sum(self._polarity.correlation(lead, beat) > ALIKE for beat in beats)

    def _detect_r_peaks(self, scores: Scores, window: Floats) -> list[RPeak]:
        """Detect the R-peaks that enough of the signal follows."""
        signal = self._signal
        until = min(signal.end - PEAK_AHEAD, signal.n_steps)
        since = max(self._searched - SECOND_LOOK, 0)
        r_peaks, peak_scores = self._r_peaks_in(scores, window, since=since)
        readable = ~all_lost_at(signal, r_peaks)
        r_peaks, peak_scores = self._history.add(
            r_peaks[readable], peak_scores[readable], since=since, until=until
        )
        self._searched = until
        if self._rhythm is not None:
            self._rhythm.add_candidates(r_peaks, peak_scores, end=signal.end)
        for r_peak in r_peaks.tolist():
            self._polarity.add(r_peak)
        received = self._samples_received
        return [
            RPeak(sample, sample / self.fs, score, received)
            for sample, score in zip(self._samples(r_peaks), peak_scores.tolist(), strict=True)
        ]

    def _classify(self) -> list[LiveBeat]:
        """Classify the beats that enough of the signal follows."""
        until = self._signal.end - CLASS_AHEAD
        r_peaks, class_probability, beat_probability = self._history.classify(
            self.model, self._signal, until=until, fibrillates=self._rhythms.kind == "AFIB"
        )
        index = decide(class_probability, self.model.thresholds)
        if self._rhythm is not None:
            of_s = np.where(index == S, class_probability[:, S], np.float32(0))
            self._rhythm.add_beats(r_peaks, beat_probability, of_s, end=self._signal.end)
        received = self._samples_received
        return [
            LiveBeat(
                sample=sample,
                time=sample / self.fs,
                aami_class=AAMI_CLASSES[k],
                symbol=str(CLASS_SYMBOLS[k]),
                probability=tuple(probability),
                score=score,
                leads=self._readable_leads(int(r_peak)),
                samples_received=received,
            )
            for sample, r_peak, k, probability, score in zip(
                self._samples(r_peaks),
                r_peaks.tolist(),
                index.tolist(),
                class_probability.tolist(),
                beat_probability.tolist(),
                strict=True,
            )
        ]

    def _rhythm_changes(self, rhythm: LiveRhythm, *, ended: bool = False) -> list[RhythmChange]:
        """Decide on the rhythm of the seconds that are predicted."""
        received = self._samples_received
        now = self._signal.clock.n_steps(received)
        events = []
        for span in self._rhythms.changes(
            rhythm.probability,
            rhythm.beats,
            classified=rhythm.classified,
            first=rhythm.first,
            now=now,
            ended=ended,
        ):
            (sample,) = self._samples(np.array([span.begin], dtype=np.float64))
            time = sample / self.fs
            events.append(RhythmChange(sample, time, span.kind, span.probability, received))
        return events

    def _readable_leads(self, step: int) -> tuple[str, ...]:
        lost = self._signal.lost_since(step)[0]
        return tuple(name for name, is_lost in zip(self.leads, lost, strict=True) if not is_lost)

    @property
    def _samples_received(self) -> int:
        """Samples that this hop needed, however many have come in the chunk."""
        return min(self._signal.samples_needed(self._signal.end), self._signal.n_samples)

    def _samples(self, steps: Doubles) -> list[int]:
        ratio = self._signal.clock.ratio
        return [int(sample) for sample in steps_to_samples(steps, ratio, self._signal.n_samples)]

    def _change(self, kind: ChangeKind, step: int, leads: Sequence[int]) -> SignalChange:
        (sample,) = self._samples(np.array([step], dtype=np.float64))
        names = tuple(self.leads[k] for k in leads)
        return SignalChange(sample, sample / self.fs, kind, names, self._samples_received)


def _names_and_choice(
    leads: Sequence[str | int] | None, columns: Sequence[str] | None
) -> tuple[tuple[str, ...], Sequence[str | int] | None]:
    """Return the names of the columns, and the leads that are chosen among them."""
    if columns is not None:
        return ((columns,) if isinstance(columns, str) else tuple(columns)), leads
    names = (leads,) if isinstance(leads, str) else tuple(map(str, leads or ()))
    if not names:
        raise FormatError(
            "stream: expected a name for each column of the samples, found none; "
            "give leads or columns"
        )
    return names, None


def _choose_leads(names: Sequence[str], leads: Sequence[str | int] | None) -> tuple[int, ...]:
    """Return the columns of one or two leads; before the first sample, only names can decide."""
    choice = pick_leads(names, [""] * len(names), leads, record="stream")
    if choice.left_out:
        warn(f"stream: not ECG by name, left out: {', '.join(choice.left_out)}")
    if len(choice.columns) <= N_LEADS:
        return choice.columns
    return best_leads(names, choice.columns, [0.0] * len(choice.columns))
