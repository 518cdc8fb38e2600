"""Notes about a review among annotations: who reviewed them, and the strips that were kept.

They are annotations of the symbol ``"`` (a comment), which every format that is written can hold,
so that a report of the reviewed annotations can name the reviewer and show the strips.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

import numpy as np

from ecgscribe.record import Annotation

__all__ = ["kept_strips", "review_notes", "reviewer_of"]


_COMMENT = '"'
_REVIEWED, _STRIP = "reviewed by ", "kept strip of "
_FIRST_SAMPLE = 1  # at 0, readers of WFDB annotations look for definitions
_MOST_NAME = 200  # bytes of a name, which with what is before it fit into a note of WFDB
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def review_notes(reviewer: str, strips: Sequence[tuple[float, float]], *, fs: float) -> Annotation:
    """Make the notes.

    Parameters
    ----------
    reviewer : str
        Who reviewed; no note is made of an empty name. Other letters than those of ASCII are
        written as in the address of a web page; what is longer than a note is cut off.
    strips : sequence of tuple of float
        Begin and length of each strip in seconds.
    fs : float
        Sampling frequency in Hz.

    Returns
    -------
    Annotation
        In time order.
    """
    notes = [(_FIRST_SAMPLE, f"{_REVIEWED}{_written(reviewer)}")] if reviewer else []
    notes += [
        (max(round(begin * fs), _FIRST_SAMPLE), f"{_STRIP}{length:.2f} s")
        for begin, length in sorted(strips)
    ]
    return Annotation(
        sample=np.array([sample for sample, _ in notes], np.int64),
        symbol=np.full(len(notes), _COMMENT),
        fs=fs,
        aux_note=np.array([note for _, note in notes], np.str_),
    )


def reviewer_of(annotation: Annotation) -> str | None:
    """Return who reviewed annotations, according to their note; None without one."""
    for note in annotation.aux_note[annotation.symbol == _COMMENT].tolist():
        if note.startswith(_REVIEWED):
            return unquote(note.removeprefix(_REVIEWED))
    return None


def kept_strips(annotation: Annotation) -> list[tuple[float, float]]:
    """Return the strips that were kept: begin and end of each in seconds, in time order."""
    comments = annotation.select(annotation.symbol == _COMMENT)
    found = []
    for sample, note in zip(comments.sample.tolist(), comments.aux_note.tolist(), strict=True):
        length = re.fullmatch(rf"{_STRIP}(\d+\.\d\d) s", note)
        if length is not None:
            begin = sample / annotation.fs
            found.append((begin, begin + float(length[1])))
    return found


def _written(name: str) -> str:
    written = ""
    for letter in name:
        part = quote(letter, safe=_PLAIN)
        if len(written) + len(part) > _MOST_NAME:
            break
        written += part
    return written
