"""What a live stream tells: R-peaks, beats and changes; public by `ecgscribe.live.stream`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ecgscribe.symbols import AAMI_CLASSES

__all__ = ["Beat", "Change", "Peak", "What", "to_dict"]


What = Literal["unreadable", "readable", "scale", "polarity"]


@dataclass(frozen=True)
class Peak:
    """An R-peak, told before its class is known; nearly all become a `Beat`.

    Parameters
    ----------
    sample : int
        Its place in samples of the stream.
    time : float
        The same in seconds.
    score : float
        Score of the R-peak, 0 to 1.
    known : int
        Samples of the stream that had come when it was told.
    """

    sample: int
    time: float
    score: float
    known: int


@dataclass(frozen=True)
class Beat:
    """A beat with its class.

    Parameters
    ----------
    sample : int
        Its R-peak in samples of the stream; that of the `Peak` that was told before.
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
        Leads that can be read there.
    known : int
        Samples of the stream that had come when it was told.
    """

    sample: int
    time: float
    aami_class: str
    symbol: str
    probability: tuple[float, ...]
    score: float
    leads: tuple[str, ...]
    known: int


@dataclass(frozen=True)
class Change:
    """A change of the signal that its reader should know of.

    Parameters
    ----------
    sample : int
        Where it was, in samples of the stream.
    time : float
        The same in seconds.
    what : {"unreadable", "readable", "scale", "polarity"}
        Leads cannot be read (flat, saturated, no valid samples), for the time being; all can
        again; leads are of another scale; leads turned over.
    leads : tuple of str
        The leads that it is about.
    known : int
        Samples of the stream that had come when it was told.
    """

    sample: int
    time: float
    what: What
    leads: tuple[str, ...]
    known: int


def to_dict(event: Beat | Peak | Change, fs: float) -> dict[str, Any]:
    """Give what was told as JSON holds it, with its kind and the delay in seconds."""
    about: dict[str, Any] = {
        "kind": type(event).__name__.lower(),
        "sample": event.sample,
        "time": round(event.time, 4),
    }
    if isinstance(event, Beat):
        about |= {"class": event.aami_class, "symbol": event.symbol}
        about["p"] = {
            name: round(p, 6) for name, p in zip(AAMI_CLASSES, event.probability, strict=True)
        }
        about |= {"score": round(event.score, 6), "leads": list(event.leads)}
    elif isinstance(event, Change):
        about |= {"what": event.what, "leads": list(event.leads)}
    else:
        about["score"] = round(event.score, 6)
    return about | {"delay": round((event.known - event.sample) / fs, 3)}
