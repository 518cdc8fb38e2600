"""Events of a stream: R-peaks, beats with their class, rhythms, and changes of the signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ecgscribe.rhythms import RhythmKind
from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["ChangeKind", "Event", "LiveBeat", "RPeak", "RhythmChange", "SignalChange", "to_dict"]


ChangeKind = Literal["unreadable", "readable", "scale", "polarity"]


@dataclass(frozen=True)
class RPeak:
    """An R-peak whose class is not known yet; nearly all become a `LiveBeat`.

    Parameters
    ----------
    sample : int
        Position in samples of the stream.
    time : float
        The same in seconds.
    score : float
        Score of the R-peak, 0 to 1.
    samples_received : int
        Samples of the stream that had come when it was detected.
    """

    sample: int
    time: float
    score: float
    samples_received: int


@dataclass(frozen=True)
class LiveBeat:
    """A beat with its class.

    Parameters
    ----------
    sample : int
        Its R-peak in samples of the stream, the same as that of the earlier `RPeak`.
    time : float
        The same in seconds.
    aami_class : str
        One of `ecgscribe.symbols.AAMI_CLASSES`.
    symbol : str
        WFDB symbol of the class.
    probability : tuple of float
        Of each class, in the order of `ecgscribe.symbols.AAMI_CLASSES`.
    score : float
        Probability that it is a beat.
    leads : tuple of str
        Leads that are not lost there.
    samples_received : int
        Samples of the stream that had come when it was classified.
    """

    sample: int
    time: float
    aami_class: str
    symbol: str
    probability: tuple[float, ...]
    score: float
    leads: tuple[str, ...]
    samples_received: int


@dataclass(frozen=True)
class SignalChange:
    """A change of the signal.

    Parameters
    ----------
    sample : int
        Position in samples of the stream.
    time : float
        The same in seconds.
    kind : {"unreadable", "readable", "scale", "polarity"}
        Leads are lost (flat, saturated, no valid samples); no lead is lost any more; leads have
        another scale; leads are inverted.
    leads : tuple of str
        The leads that are concerned; none if `kind` is ``"readable"``.
    samples_received : int
        Samples of the stream that had come when it was detected.
    """

    sample: int
    time: float
    kind: ChangeKind
    leads: tuple[str, ...]
    samples_received: int


@dataclass(frozen=True)
class RhythmChange:
    """A rhythm that begins; it holds until the next one.

    Parameters
    ----------
    sample : int
        Its begin in samples of the stream, later than that of the rhythm before.
    time : float
        The same in seconds.
    kind : {"N", "AFIB", "SVTA", "VT", "VFL", "ASYS"}
        See `ecgscribe.rhythms.RHYTHM_NAMES`; ``"N"`` is none of the others, and ``"AFIB"`` may be
        flutter.
    probability : float
        Of the rhythm, from its begin up to when it was recognised.
    samples_received : int
        Samples of the stream that had come when it was recognised.
    """

    sample: int
    time: float
    kind: RhythmKind
    probability: float
    samples_received: int


Event = RPeak | LiveBeat | SignalChange | RhythmChange


def to_dict(event: Event, fs: float) -> dict[str, Any]:
    """Return an event as JSON holds it, with its kind and its delay in seconds.

    Parameters
    ----------
    event : RPeak, LiveBeat, SignalChange or RhythmChange
    fs : float
        Sampling frequency in Hz.
    """
    place = {"sample": event.sample, "time": round(event.time, 4)}
    delay = {"delay": round((event.samples_received - event.sample) / fs, 3)}
    if isinstance(event, RPeak):
        return {"kind": "peak", **place, "score": round(event.score, 6), **delay}
    if isinstance(event, RhythmChange):
        rhythm = {"rhythm": event.kind, "probability": round(event.probability, 6)}
        return {"kind": "rhythm", **place, **rhythm, **delay}
    leads = list(event.leads)
    if isinstance(event, SignalChange):
        return {"kind": "change", **place, "what": event.kind, "leads": leads, **delay}
    probability = zip(AAMI_CLASSES, event.probability, strict=True)
    return {
        "kind": "beat",
        **place,
        "class": event.aami_class,
        "symbol": event.symbol,
        "p": {name: round(p, 6) for name, p in probability},
        "score": round(event.score, 6),
        "leads": leads,
        **delay,
    }
