"""What a report counts, computed beat by beat from the entries of a reference annotation.

Nothing of the package is used; seconds are fractions, so that no sum is rounded.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

CLASS_OF = dict.fromkeys("NLRejB", "N") | dict.fromkeys("AaJSn", "S") | dict.fromkeys("VEr", "V")
CLASS_OF |= {"F": "F"} | dict.fromkeys("/fQ?", "Q")
BEATS_OF_A_RATE = 8
PAUSE_S = 2


@dataclass
class Beat:
    """A readable beat; `rr` is None where no interval counts."""

    sample: int
    name: str
    rr: Fraction | None
    fibrillation: bool


@dataclass
class Stretch:
    """Samples in one state."""

    begin: int
    end: int
    rhythm: str
    readable: bool


class SlowReport:
    """Entries of a reference: sample, symbol, subtype and note."""

    def __init__(self, entries: list[tuple[int, str, int, str]], n_samples: int, fs: int) -> None:
        self.entries, self.n_samples, self.fs = entries, n_samples, fs
        self.stretches = list(self._stretches())
        self.beats = self._beats()

    def _stretches(self) -> Iterator[Stretch]:
        """Yield what is between one change and the next."""
        changes = {0, self.n_samples}
        changes |= {at for at, symbol, _, _ in self.entries if symbol in "~+["}
        changes |= {at + 1 for at, symbol, _, _ in self.entries if symbol == "]"}
        edges = sorted(edge for edge in changes if edge <= self.n_samples)
        rhythm, flutter, readable = "", False, True
        entries = iter([*self.entries, (self.n_samples + 1, "", 0, "")])
        at, symbol, subtype, note = next(entries)
        for begin, end in itertools.pairwise(edges):
            while at + (symbol == "]") <= begin:
                if symbol == "+" and note.startswith("("):
                    rhythm = note[1:]
                elif symbol in ("[", "]"):
                    flutter = symbol == "["
                elif symbol == "~":
                    first, second = subtype & 0x11, subtype & 0x22
                    readable = not (first and second)
                at, symbol, subtype, note = next(entries)
            yield Stretch(begin, end, "VFL" if flutter else rhythm, readable)

    def _state(self, sample: int) -> Stretch:
        return next(s for s in reversed(self.stretches) if s.begin <= sample)

    def _beats(self) -> list[Beat]:
        beats: list[Beat] = []
        before: int | None = None  # the beat before, if an interval from it may count
        for at, symbol, _, _ in self.entries:
            if symbol in "[!]":
                before = None
            if symbol not in CLASS_OF:
                continue
            state = self._state(at)
            if not state.readable:
                before = None
                continue
            rr = None
            if before is not None and before < at and self._is_readable(before, at):
                rr = Fraction(at - before, self.fs)
            beats.append(Beat(at, CLASS_OF[symbol], rr, state.rhythm in ("AFIB", "AFL")))
            before = at
        return beats

    def _is_readable(self, begin: int, end: int) -> bool:
        return all(s.readable for s in self.stretches if s.begin < end and s.end > begin)

    def names(self, of: str) -> list[str]:
        """Return the classes of the beats as ectopy of class `of` is counted."""
        beats = self.beats
        names = ["Q" if of == "S" and b.fibrillation else b.name for b in beats]
        for k in range(1, len(beats) - 1):
            around = names[k - 1] == names[k + 1] == of == "V"
            if beats[k].name == "F" and around and beats[k].rr and beats[k + 1].rr:
                names[k] = "fused"
        return names

    def patterns(self, of: str) -> dict[str, tuple[int, int]]:
        """Return the number of episodes of each pattern, and the ectopic beats in them."""
        names = self.names(of)
        groups: list[list[int]] = []
        for k, name in enumerate(names):
            if name not in (of, "fused"):
                continue
            if groups and groups[-1][-1] == k - 1 and self.beats[k].rr is not None:
                groups[-1].append(k)
            else:
                groups.append([k])
        single = {group[0] for group in groups if len(group) == 1}
        found = {
            "isolated": [group for group in groups if len(group) == 1],
            "couplets": [group for group in groups if len(group) == 2],
            "runs": [group for group in groups if len(group) > 2],
            "bigeminy": self._repeated(names, single, 2),
            "trigeminy": self._repeated(names, single, 3),
        }
        return {
            name: (len(episodes), sum(names[k] == of for group in episodes for k in group))
            for name, episodes in found.items()
        }

    def _repeated(self, names: list[str], single: set[int], period: int) -> list[list[int]]:
        found: list[list[int]] = []
        for k in sorted(single):
            between = range(k - period + 1, k)
            follows = (
                k - period in single
                and all(names[i] == "N" for i in between)
                and all(self.beats[i].rr is not None for i in (*between, k))
            )
            if follows and (open_series := [s for s in found if s[-1] == k - period]):
                open_series[0].append(k)
            else:
                found.append([k])
        return [series for series in found if len(series) >= 3]

    def r_on_t(self) -> int:
        """Count early beats of V by the square of the estimated QT interval."""
        count = 0
        for last, beat in zip(self.beats[1:], self.beats[2:], strict=False):
            if beat.name == "V" and last.name != "V" and beat.rr and last.rr:
                count += beat.rr**2 < Fraction(4, 10) ** 2 * last.rr
        return count

    def pauses(self) -> list[tuple[int, Fraction]]:
        """Return the last sample and the seconds of each pause."""
        return [(b.sample, b.rr) for b in self.beats if b.rr is not None and b.rr > PAUSE_S]

    def rates(self) -> dict[str, float | None]:
        """Return the rates per minute and the times of the report."""
        rr = [beat.rr for beat in self.beats if beat.rr is not None]
        means, normal = [], []
        for k in range(BEATS_OF_A_RATE, len(self.beats)):
            intervals = [beat.rr for beat in self.beats[k - BEATS_OF_A_RATE + 1 : k + 1]]
            counted = [i for i in intervals if i is not None]
            if len(counted) < BEATS_OF_A_RATE:
                continue
            rate = 60 * BEATS_OF_A_RATE / sum(counted)
            means.append((rate, counted[-1]))
            named = {beat.name for beat in self.beats[k - BEATS_OF_A_RATE : k + 1]}
            if named == {"N"} and max(counted) <= PAUSE_S:
                normal.append(rate)
        usual = normal or [rate for rate, _ in means]
        return {
            "mean": float(60 * len(rr) / sum(rr)) if rr else None,
            "min": float(min(usual)) if usual else None,
            "max": float(max(usual)) if usual else None,
            "min_of_all": float(min(rate for rate, _ in means)) if normal else None,
            "max_of_all": float(max(rate for rate, _ in means)) if normal else None,
            "fast_s": float(sum(last for rate, last in means if rate > 100)),
            "slow_s": float(sum(last for rate, last in means if rate < 50)),
        }

    def rhythm(self, *labels: str) -> dict[str, Any]:
        """Return episodes, seconds and share of the readable time of a rhythm."""
        own = [s for s in self.stretches if s.rhythm in labels]
        begins = [s.begin for s in own if not any(other.end == s.begin for other in own)]
        readable = sum(s.end - s.begin for s in self.stretches if s.readable)
        inside = sum(s.end - s.begin for s in own if s.readable)
        return {
            "count": len(begins),
            "seconds": sum(s.end - s.begin for s in own) / self.fs,
            "percent": 100 * inside / readable,
        }
