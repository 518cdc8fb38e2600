"""Small annotations with rhythms, written as text or drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from ecgscribe.record import Annotation

FS = 100.0
LOST, FOUND = -1, 0  # subtypes of `~`


def annotation_of(
    entries: list[tuple[int, str]], *, fs: float = FS, name: str = "made"
) -> Annotation:
    """Make an annotation of (sample, text): a symbol, a rhythm such as ``(AFIB``, or ``~lost``."""
    texts = [text for _, text in entries]
    return Annotation(
        np.array([at for at, _ in entries], dtype=np.int64),
        np.array(["+" if t.startswith("(") else t[0] for t in texts], dtype=np.str_),
        fs,
        subtype=np.array([LOST if t == "~lost" else FOUND for t in texts], dtype=np.int64),
        aux_note=np.array([t if t.startswith("(") else "" for t in texts], dtype=np.str_),
        name=name,
    )


def spaced(text: str, *, first: int = 100, step: int = 50) -> Annotation:
    """Make an annotation of the words of a text, one each half second, from 1 s on."""
    return annotation_of([(first + step * k, word) for k, word in enumerate(text.split())])


def shifted(annotation: Annotation, by: int) -> Annotation:
    """Move an annotation by some samples."""
    return Annotation(
        annotation.sample + by,
        annotation.symbol,
        annotation.fs,
        subtype=annotation.subtype,
        aux_note=annotation.aux_note,
        name=annotation.name,
    )


def joined(one: Annotation, other: Annotation) -> Annotation:
    """Put one annotation after another."""
    return Annotation(
        np.concatenate([one.sample, other.sample]),
        np.concatenate([one.symbol, other.symbol]),
        one.fs,
        subtype=np.concatenate([one.subtype, other.subtype]),
        aux_note=np.concatenate([one.aux_note, other.aux_note]),
        name=one.name,
    )


_TEXTS = st.sampled_from(
    [*"NNNLVVVFAAaeQ", "[", "]", "(AFIB", "(AFL", "(VFL", "(N", "(SVTA", "~lost", "~", "|"]
)


@st.composite
def drawn_annotations(draw: st.DrawFn, *, first: int = 0, size: int = 40) -> Annotation:
    """Draw an annotation: beats of every class, rhythms, flutter and lost signal, in any order."""
    texts = draw(st.lists(_TEXTS, max_size=size))
    gaps = draw(st.lists(st.integers(1, 40), min_size=len(texts), max_size=len(texts)))
    samples = (first + np.cumsum(gaps, dtype=np.int64)).tolist() if gaps else []
    return annotation_of(list(zip(samples, texts, strict=True)))
