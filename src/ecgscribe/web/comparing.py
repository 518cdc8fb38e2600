"""Two reviewers of one recording: where they differ, and what a third one decides.

They are compared beat by beat as EC57 compares a test annotation with a reference; the first
reviewer's is the reference. Each decision is an edit of kind ``adjudicate`` of the one who decides,
and so is taking over what the two agree on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.metrics.comparison import Comparison
from ecgscribe.metrics.ec57 import compare
from ecgscribe.record import Annotation
from ecgscribe.symbols import AAMI_CLASSES
from ecgscribe.web.edits import Edit

__all__ = [
    "ADJUDICATE",
    "Compared",
    "Disagreement",
    "adjudicated",
    "compare_reviewers",
    "listed",
]


ADJUDICATE = "adjudicate"
"""Kind of the edits."""
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


@dataclass(frozen=True, eq=False)
class Compared:
    """How the beats of two reviewers compare.

    Parameters
    ----------
    comparison : Comparison
    agreed : dict of int to str
        Class by sample, as the first reviewer has it, of each beat that both have alike.
    disagreements : dict of str to Disagreement
        By key, in time order.
    """

    comparison: Comparison
    agreed: dict[int, str]
    disagreements: dict[str, Disagreement]


def compare_reviewers(first: Annotation, second: Annotation) -> Compared:
    """Compare two annotations of one recording from its start on.

    Parameters
    ----------
    first, second : Annotation
        The first is the reference.

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
    return Compared(comparison, agreed, {each.key: each for each in different})


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
        ``matrix`` and ``ratios`` as EC57 defines them; ``agreed``, ``disagreed`` and ``decided``,
        counts; ``takenOver``, whether the agreed beats were; ``rows``, the disagreements: those
        that are open first, at most 500 of these and of the others.
    """
    made = {
        edit.content["key"]: edit
        for edit in decisions
        if edit.kind == ADJUDICATE and (edit.content["first"], edit.content["second"]) == names
    }
    is_open = [d for d in compared.disagreements.values() if d.key not in made]
    decided = [d for d in compared.disagreements.values() if d.key in made]
    rows = [_row(d, None) for d in is_open[:_MOST_LISTED]]
    rows += [_row(d, made[d.key]) for d in decided[:_MOST_LISTED]]
    return {
        "matrix": compared.comparison.matrix.tolist(),
        "ratios": {k: v.to_dict() for k, v in compared.comparison.ratios._asdict().items()},
        "agreed": len(compared.agreed),
        "disagreed": len(compared.disagreements),
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
        ``key`` of the disagreement and the ``class`` of its beat, None for no beat; or ``agreed``
        as the key, to take over all beats that the two agree on. Those that they disagree on stay.

    Returns
    -------
    dict
        ``first``, ``second``, ``key``; ``remove``, samples without a beat; ``beats``, pairs of a
        sample and a class.

    Raises
    ------
    FormatError
        If there is no such disagreement, or no such class.
    """
    key, name = request.get("key"), request.get("class")
    content = {"first": names[0], "second": names[1], "key": key}
    if key == _AGREED:
        mine = dict(_beats(own))
        disputed = {s for d in compared.disagreements.values() for s in d.at}
        gone = sorted(set(mine) - disputed - set(compared.agreed))
        new = [[s, c] for s, c in compared.agreed.items() if mine.get(s) != c]
        return content | {"remove": gone, "beats": new}
    found = compared.disagreements.get(key) if isinstance(key, str) else None
    if found is None:
        raise FormatError("adjudicate: expected a disagreement of the two, found none; reload it")
    if name is not None and name not in AAMI_CLASSES:
        raise FormatError(f"adjudicate: expected {', '.join(AAMI_CLASSES)} or null, found another")
    if name is None:
        return content | {"remove": found.at, "beats": []}
    is_second = name == found.classes[1] or found.samples[0] is None
    return content | {"remove": found.at, "beats": [[found.at[-1 if is_second else 0], name]]}


def _beats(annotation: Annotation) -> list[tuple[int, str]]:
    beats = annotation.beats()
    names = [AAMI_CLASSES[k] for k in beats.class_index.tolist()]
    return list(zip(beats.sample.tolist(), names, strict=True))


def _row(found: Disagreement, decision: Edit | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": found.key,
        "sample": found.at[0],
        "first": found.classes[0],
        "second": found.classes[1],
        "made": None,
        "class": None,
    }
    if decision is not None:
        beats = decision.content["beats"]
        row |= {"made": decision.made, "class": beats[0][1] if beats else None}
    return row
