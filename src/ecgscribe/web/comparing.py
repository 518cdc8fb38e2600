"""Two reviewers of one recording: where they differ, and what a third one decides.

They are compared beat by beat as EC57 compares a test annotation with a reference; the first
reviewer's is the reference. Rhythms and unreadable spans are compared over time. Each decision is
an edit of kind ``adjudicate`` of the one who decides, and so is taking over what the two agree on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.record import Annotation
from ecgscribe.rhythms import RHYTHM_KINDS
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.web.changes import READABILITY
from ecgscribe.web.comparing_spans import (
    SPAN_KINDS,
    SpanDisagreement,
    agreed_spans,
    alike,
    differing_spans,
)
from ecgscribe.web.edits import ADJUDICATE, Edit

__all__ = [
    "Compared",
    "Disagreement",
    "adjudicated",
    "compare_reviewers",
    "listed",
]


_AGREED = "agreed"
_MOST_LISTED = 500


@dataclass(frozen=True)
class Disagreement:
    """A beat that two reviewers classified differently, or that one of them does not have.

    Parameters
    ----------
    samples : tuple of int or None
        Where the first and where the second has the beat; None where one has none.
    classes : tuple of str or None
        What each calls it.
    """

    samples: tuple[int | None, int | None]
    classes: tuple[str | None, str | None]

    @property
    def key(self) -> str:
        """What requests call it."""
        return " ".join("-" if s is None else str(s) for s in self.samples)

    @property
    def at(self) -> list[int]:
        """The samples of its beats: one or two."""
        return [s for s in self.samples if s is not None]

    @property
    def begin(self) -> int:
        """Where it is first."""
        return self.at[0]


@dataclass(frozen=True, eq=False)
class Compared:
    """How two reviewers compare.

    Parameters
    ----------
    comparison : Comparison
    agreed : dict of int to str
        Class by sample, as the first reviewer has it, of each beat that both have alike.
    disagreements : dict of str to Disagreement
        In beats, by key, in time order.
    spans : dict of str to SpanDisagreement
        In rhythm and in readability, by key.
    annotations : tuple of Annotation
        The two.
    n_samples : int
        Length of the recording.
    """

    comparison: Comparison
    agreed: dict[int, str]
    disagreements: dict[str, Disagreement]
    spans: dict[str, SpanDisagreement]
    annotations: tuple[Annotation, Annotation]
    n_samples: int


def compare_reviewers(first: Annotation, second: Annotation, n_samples: int) -> Compared:
    """Compare two annotations of one recording from its start on.

    Parameters
    ----------
    first, second : Annotation
        The first is the reference.
    n_samples : int
        Length of the recording.

    Returns
    -------
    Compared
    """
    comparison = compare(first, second, start=0)
    one, other = _beats(first), _beats(second)
    agreed: dict[int, str] = {}
    different: list[Disagreement] = []
    pairs = comparison.pairs
    for i, j in zip(pairs.reference_index.tolist(), pairs.test_index.tolist(), strict=True):
        a, b = one[i] if i >= 0 else (None, None), other[j] if j >= 0 else (None, None)
        if a[0] is not None and a[1] is not None and a[1] == b[1]:
            agreed[a[0]] = a[1]
        else:
            different.append(Disagreement((a[0], b[0]), (a[1], b[1])))
    spans = differing_spans(first, second, n_samples)
    return Compared(
        comparison,
        agreed,
        {each.key: each for each in different},
        {each.key: each for each in spans},
        (first, second),
        n_samples,
    )


def listed(compared: Compared, names: tuple[str, str], decisions: Sequence[Edit]) -> dict[str, Any]:
    """Describe a comparison to the page.

    Parameters
    ----------
    compared : Compared
    names : tuple of str
        The two reviewers.
    decisions : sequence of Edit
        Of the one who decides, in order.

    Returns
    -------
    dict
        ``matrix`` and ``ratios`` as EC57 defines them; ``agreed``, the number of beats alike,
        and ``differing``, of those that are not; ``alike``, the part of the time with the same
        ``rhythm`` and the same ``quality``; ``disagreed`` and ``decided``, numbers of
        disagreements of all kinds; ``takenOver``, whether what both agree on was; ``rows``, the
        disagreements: those that are open first, at most 500 of these and of the others.
    """
    made = {
        edit.content["key"]: edit
        for edit in decisions
        if edit.kind == ADJUDICATE and (edit.content["first"], edit.content["second"]) == names
    }
    every = sorted(_all(compared), key=lambda each: each.begin)
    is_open = [d for d in every if d.key not in made]
    decided = [d for d in every if d.key in made]
    rows = [_row(d, None) for d in is_open[:_MOST_LISTED]]
    rows += [_row(d, made[d.key]) for d in decided[:_MOST_LISTED]]
    return {
        "matrix": compared.comparison.matrix.tolist(),
        "ratios": {k: v.to_dict() for k, v in compared.comparison.ratios._asdict().items()},
        "agreed": len(compared.agreed),
        "differing": len(compared.disagreements),
        "alike": {k: alike(k, *compared.annotations, compared.n_samples) for k in SPAN_KINDS},
        "disagreed": len(every),
        "decided": len(decided),
        "takenOver": _AGREED in made,
        "rows": rows,
    }


def adjudicated(
    compared: Compared, names: tuple[str, str], own: Annotation, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of the edit that a decision is.

    Parameters
    ----------
    compared : Compared
    names : tuple of str
        The two reviewers.
    own : Annotation
        Of the one who decides, as it is now.
    request : mapping
        ``key`` of the disagreement and the ``class`` of its beat, None for no beat, or what holds
        over its span; or ``agreed`` as the key, to take over all that the two agree on. What they
        disagree on stays.

    Returns
    -------
    dict
        ``first``, ``second``, ``key``; ``remove``, samples without a beat; ``beats``, pairs of a
        sample and a class; ``spans``, each with its begin, its end and what holds there.

    Raises
    ------
    FormatError
        If there is no such disagreement, or no such class.
    """
    key, name = request.get("key"), request.get("class")
    content: dict[str, Any] = {"first": names[0], "second": names[1], "key": key}
    content |= {"remove": [], "beats": [], "spans": []}
    if key == _AGREED:
        mine = dict(_beats(own))
        disputed = {s for d in compared.disagreements.values() for s in d.at}
        gone = sorted(set(mine) - disputed - set(compared.agreed))
        new = [[s, c] for s, c in compared.agreed.items() if mine.get(s) != c]
        spans = agreed_spans(*compared.annotations, own, compared.n_samples)
        return content | {"remove": gone, "beats": new, "spans": [[*each] for each in spans]}
    if isinstance(key, str) and (span := compared.spans.get(key)) is not None:
        known = RHYTHM_KINDS if span.kind == "rhythm" else READABILITY
        _check_answer(name, (*known, *span.answers))
        return content | {"spans": [[span.begin, span.end, name]]}
    found = compared.disagreements.get(key) if isinstance(key, str) else None
    if found is None:
        raise FormatError("adjudicate: expected a disagreement of the two, found none; reload it")
    if name is None:
        return content | {"remove": found.at}
    _check_answer(name, AAMI_CLASSES)
    is_second = name == found.classes[1] or found.samples[0] is None
    return content | {"remove": found.at, "beats": [[found.at[-1 if is_second else 0], name]]}


def _check_answer(name: object, known: Sequence[str]) -> None:
    if name not in known:
        listed = ", ".join(dict.fromkeys(known))
        raise FormatError(f"adjudicate: expected one of {listed}, found another")


def _all(compared: Compared) -> list[Disagreement | SpanDisagreement]:
    return [*compared.disagreements.values(), *compared.spans.values()]


def _beats(annotation: Annotation) -> list[tuple[int, str]]:
    beats = annotation.beats()
    names = [AAMI_CLASSES[k] for k in beats.class_index.tolist()]
    return list(zip(beats.sample.tolist(), names, strict=True))


def _row(found: Disagreement | SpanDisagreement, decision: Edit | None) -> dict[str, Any]:
    row: dict[str, Any] = {"key": found.key, "made": None, "class": None}
    if isinstance(found, SpanDisagreement):
        row |= {"kind": found.kind, "sample": found.begin, "end": found.end}
        row["first"], row["second"] = found.answers
    else:
        row |= {"kind": "beat", "sample": found.begin, "end": found.begin + 1}
        row["first"], row["second"] = found.classes
    if decision is not None:
        made = [*decision.content["beats"], *decision.content.get("spans", [])]
        row |= {"made": decision.made, "class": made[0][-1] if made else None}
    return row
