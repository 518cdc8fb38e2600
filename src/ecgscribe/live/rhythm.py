"""The rhythm of a stream, second by second: a network that looks both ways, a little late.

Once a second, the rhythm network sees the last `ecgscribe.model.rhythm.WINDOW_S` seconds of which
all that describes them is known, 2 s ago and more, and predicts the rhythm of the second that
`AHEAD_S` others follow. What is predicted of a second does not change any more. Memory and work do
not grow with the length of the stream.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgscribe.live.beats import HISTORY_STEPS, PEAK_AHEAD
from ecgscribe.live.conditioner import RECENT, LiveSignal
from ecgscribe.live.tail import Tail
from ecgscribe.model.features import FEATURE_NAMES, segment_features
from ecgscribe.model.rhythm import EMBEDDING, N_RHYTHMS, WINDOW_S, RhythmNetwork
from ecgscribe.model.second_features import COUNTED_S, shapes_of
from ecgscribe.model.seconds import Seconds, embed_windows, typical_heights
from ecgscribe.model.shape_features import waveforms
from ecgscribe.pipeline.rhythm_by_second import beats_not_still, predict_seconds
from ecgscribe.signal.windows import FS, Grid

__all__ = ["AHEAD_S", "LiveRhythm"]


AHEAD_S = 2
"""Seconds that follow a second, besides those of `COUNTED_S`, before its rhythm is predicted."""
EMBEDDED_S = RECENT // FS - 1
"""Latest seconds of the signal that are described anew each second."""
SETTLED_S = 4
"""Seconds at the begin of those whose description stays, as what was before them is missing."""
TYPICAL_S = 600
"""Latest seconds whose median height is typical of a lead."""


Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class _Peaks:
    """The latest R-peaks, and a value of each."""

    def __init__(self) -> None:
        self.r_peaks: Doubles = np.zeros(0)
        self.values = np.zeros(0, dtype=np.float32)

    def add(self, r_peaks: Doubles, values: Floats, *, since: int) -> None:
        """Add the next ones, and drop those before step `since`."""
        self.r_peaks = np.concatenate([self.r_peaks, r_peaks])
        self.values = np.concatenate([self.values, values])
        kept = slice(int(np.searchsorted(self.r_peaks, since)), None)
        self.r_peaks, self.values = self.r_peaks[kept], self.values[kept]


class LiveRhythm:
    """Predicts the rhythm of each second of a stream.

    Parameters
    ----------
    network : RhythmNetwork
    n_leads : int
        One or two.
    """

    def __init__(self, network: RhythmNetwork, n_leads: int) -> None:
        self._network = network
        self.n_predicted = 0
        """Seconds whose rhythm is predicted."""
        self._n_described = 0
        self._embedding = Tail(WINDOW_S, np.zeros((0, EMBEDDING), dtype=np.float32))
        self._height = Tail(TYPICAL_S, np.zeros((0, n_leads), dtype=np.float32))
        self._lost = Tail(TYPICAL_S, np.zeros((0, n_leads), dtype=np.bool_))
        self._probability = Tail(WINDOW_S, np.zeros((0, N_RHYTHMS), dtype=np.float32))
        self._candidates, self._beats, self._classified = _Peaks(), _Peaks(), _Peaks()

    @property
    def first(self) -> int:
        """First second whose probability is kept."""
        return max(self.n_predicted - WINDOW_S, 0)

    @property
    def probability(self) -> Floats:
        """Probability of each rhythm in the seconds that are kept, shape (n, `N_RHYTHMS`)."""
        return self._probability.since(self.first)

    @property
    def beats(self) -> Doubles:
        """R-peaks within no standstill, in steps from the first second that is kept."""
        r_peaks = self._beats.r_peaks - self.first * FS
        inside = (r_peaks >= 0) & (r_peaks < len(self.probability) * FS)
        return beats_not_still(r_peaks[inside], self._beats.values[inside], self.probability)

    @property
    def classified(self) -> tuple[Doubles, Floats]:
        """All beats in the seconds that are kept, in steps from the first, and P(S) of each S.

        Of a beat of another class that is 0.
        """
        r_peaks = self._classified.r_peaks - self.first * FS
        inside = (r_peaks >= 0) & (r_peaks < len(self.probability) * FS)
        return r_peaks[inside], self._classified.values[inside]

    def add_candidates(self, r_peaks: Doubles, peak_scores: Floats, *, end: int) -> None:
        """Add the R-peaks that were detected by step `end`, and their scores, shape (n,) each."""
        self._candidates.add(r_peaks, peak_scores, since=end - HISTORY_STEPS)

    def add_beats(
        self, r_peaks: Doubles, beat_probability: Floats, s_probability: Floats, *, end: int
    ) -> None:
        """Add those that are beats, the probability of that, and P(S) of each S, shape (n,) each.

        Of a beat of another class that is 0.
        """
        self._beats.add(r_peaks, beat_probability, since=end - HISTORY_STEPS)
        self._classified.add(r_peaks, s_probability, since=end - HISTORY_STEPS)

    def rescale(self, lead: int, ratio: float) -> None:
        """Count a lead as if it had always had its new scale, `ratio` times as large."""
        self._height.since(0)[:, lead] *= ratio

    def advance(self, signal: LiveSignal) -> bool:
        """Predict the rhythm of the seconds that enough of the signal follows.

        Returns
        -------
        bool
            Whether there were any.
        """
        self._describe(signal, min(signal.end - PEAK_AHEAD, signal.n_steps) // FS)
        counted = self._n_described - COUNTED_S[1]
        return self._predict(signal, counted, until=counted - AHEAD_S)

    def finish(self, signal: LiveSignal) -> bool:
        """Predict the rhythm of the last whole seconds, once the last hop of a stream is done.

        Returns
        -------
        bool
            Whether there were any.
        """
        return self._predict(signal, self._n_described, until=self._n_described)

    def _describe(self, signal: LiveSignal, end: int) -> None:
        """Describe the latest seconds, up to second `end`."""
        if end <= self._n_described:
            return
        begin = max(end - EMBEDDED_S, 0)
        n_steps = (end - begin) * FS
        latest = embed_windows(
            self._network,
            signal.since(begin * FS)[:n_steps],
            signal.filtered_since(begin * FS)[:n_steps],
            signal.lost_since(begin * FS)[:n_steps],
            Grid(n_steps, n_steps, 0),
            0,
            1,
        )
        known, settled = self._n_described - begin, SETTLED_S if begin else 0
        self._embedding.since(begin + settled)[:] = latest.embedding[settled:known]
        self._height.since(begin)[:], self._lost.since(begin)[:] = (
            latest.height[:known],
            latest.lost[:known],
        )
        self._embedding.append(latest.embedding[known:])
        self._height.append(latest.height[known:])
        self._lost.append(latest.lost[known:])
        self._n_described = end

    def _predict(self, signal: LiveSignal, end: int, *, until: int) -> bool:
        """Predict the rhythm up to second `until` from the seconds up to `end`."""
        if until <= self.n_predicted:
            return False
        begin = max(end - WINDOW_S, 0)
        height, lost = self._height.since(0), self._lost.since(0)
        recent = slice(begin - self._height.first, end - self._height.first)
        seconds = Seconds(self._embedding.since(begin)[: end - begin], height[recent], lost[recent])
        probability = predict_seconds(
            self._network,
            seconds,
            self._candidates.r_peaks - begin * FS,
            self._candidates.values,
            self._shapes(signal),
            typical=typical_heights(height[: recent.stop], lost[: recent.stop]),
        )
        self._probability.append(probability[self.n_predicted - begin : until - begin])
        self.n_predicted = until
        return True

    def _shapes(self, signal: LiveSignal) -> Floats:
        """Return the shapes of the candidates, as far as the signal is kept."""
        r_peaks = self._candidates.r_peaks - signal.first
        beats = waveforms(signal.since(signal.first), r_peaks)
        return shapes_of(segment_features(r_peaks, slice(0, len(r_peaks)), beats), FEATURE_NAMES)
