"""Tell the class of beats as they come: run by run, and in windows of them.

However the beats come in, the answer is the one that `ecgscribe.model.features.beat_features` and
`ecgscribe.model.scoring.score_beats` give of all of them at once. Only those are kept that some
answer still waits for: a run and a half.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.model.beat_head import predict_in_windows
from ecgscribe.model.features import FAR, SEGMENT, WAVEFORM
from ecgscribe.model.runtime import Model
from ecgscribe.model.scoring import BEAT_CORE, BEAT_HALO
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["Beats", "found", "join", "tell"]


Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Beats:
    """R-peaks in time order, with all that their class is told from.

    Parameters
    ----------
    step : ndarray of float64, shape (n_beats,)
        R-peaks in steps of the whole record.
    height : ndarray of float32, shape (n_beats,)
        Scores of the R-peaks.
    logits : ndarray of float32, shape (n_beats, 5)
        What the trunk says of their class.
    waveform : ndarray of float32, shape (n_beats, `WAVEFORM`, 2)
        Conditioned signal around them; see `ecgscribe.model.features.waveforms`.
    score : ndarray of float32, shape (n_beats,)
        Probability that each is a beat, once it is told.
    probability : ndarray of float32, shape (n_beats, 5)
        Probability of each class if it is one, once it is told.
    """

    step: NDArray[np.float64]
    height: Floats
    logits: Floats
    waveform: Floats
    score: Floats
    probability: Floats

    def __len__(self) -> int:
        return len(self.step)

    def __getitem__(self, which: slice | NDArray[np.bool_]) -> Beats:
        return Beats(*(getattr(self, f.name)[which] for f in dataclasses.fields(self)))


def found(step: NDArray[np.float64], height: Floats, logits: Floats, waveform: Floats) -> Beats:
    """Give R-peaks of which nothing is told yet."""
    return Beats(step, height, logits, waveform, height, np.zeros_like(logits))


def join(parts: Sequence[Beats]) -> Beats:
    """Put beats of consecutive parts of a record in one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        shapes = ((), (), (len(AAMI_CLASSES),), (WAVEFORM, 2), (), (len(AAMI_CLASSES),))
        empty = [np.zeros((0, *shape), dtype=np.float32) for shape in shapes]
        return Beats(empty[0].astype(np.float64), *empty[1:])
    names = [f.name for f in dataclasses.fields(Beats)]
    return Beats(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def tell(model: Model, pieces: Iterable[Beats], *, rescore: bool = True) -> Iterator[Beats]:
    """Give each beat its class and the probability that it is one.

    Parameters
    ----------
    model : Model
    pieces : iterable of Beats
        All R-peaks of a record in time order, however many at a time.
    rescore : bool
        Tell the score, too, rather than keep the one that is known.

    Yields
    ------
    Beats
        The same, in other pieces, with `Beats.score` and the calibrated `Beats.probability`. Of a
        model without a beat head the score is that of the R-peak.
    """
    beats, told = join([]), np.zeros((0, 0), dtype=np.float32)
    first = 0  # window, of those over `beats`, that is to be answered next
    for run, features, is_last in _with_features(model, pieces):
        beats, told = (
            join([beats, run]),
            np.concatenate([told, features]) if len(told) else features,
        )
        windows = -(-len(beats) // BEAT_CORE) if is_last else (len(beats) - BEAT_HALO) // BEAT_CORE
        probability, score = predict_in_windows(model.head, told, first=first, last=windows)
        answered = beats[first * BEAT_CORE : first * BEAT_CORE + len(score)]
        if rescore:
            answered = dataclasses.replace(answered, score=score)
        yield dataclasses.replace(answered, probability=probability)
        # The window before is kept: the next one reaches into it.
        rest = slice((windows - 1) * BEAT_CORE, None)
        beats, told, first = beats[rest], told[rest], 1


def _with_features(model: Model, pieces: Iterable[Beats]) -> Iterator[tuple[Beats, Floats, bool]]:
    """Cut beats into runs, as `features.segments` does, and compute the facts of each."""
    held, before = join([]), np.zeros(0)
    for piece in pieces:
        held = join([held, piece])
        while len(held) > SEGMENT + SEGMENT // 2:
            run, held = held[:SEGMENT], held[SEGMENT:]
            yield run, _facts(model, before, run, held.step[:FAR]), False
            before = run.step[-FAR:]
    if len(held):
        yield held, _facts(model, before, held, np.zeros(0)), True


def _facts(
    model: Model, before: NDArray[np.float64], run: Beats, after: NDArray[np.float64]
) -> Floats:
    """Tell all facts of a run, shape (n_beats, len(CLASS_FACTS) + len(FACTS))."""
    step = np.concatenate([before, run.step, after])
    within = slice(len(before), len(before) + len(run))
    return model.head.features(
        step, within, logits=run.logits, peak_scores=run.height, waveforms=run.waveform
    )
