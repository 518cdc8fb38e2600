"""Annotations as an EDF+ file without signals, written by edfio."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from ecgscribe.errors import FormatError
from ecgscribe.record import Annotation, has_date

__all__ = ["check_writable", "write_edf"]


# The header holds two digits of the year, counted from 1985 (EDF, additional specification 2).
FIRST_DAY, LAST_DAY = date(1985, 1, 1), date(2084, 12, 31)


def check_writable(annotation: Annotation, path: Path) -> None:
    """Raise an error for what an EDF+ file cannot hold, before anything is written.

    Raises
    ------
    FormatError
        If there are no annotations, a note holds a control character, or the recording begins
        before 1985 or after 2084.
    """
    if len(annotation) == 0:
        raise FormatError(
            f"{path}: expected at least one annotation, as EDF+ requires, found none; write .csv"
        )
    for note in set(annotation.aux_note.tolist()):
        if any(ord(character) < 32 for character in note):
            raise FormatError(
                f"{path}: expected notes without control characters, found {note[:30]!r}; "
                "change the note, or write .json"
            )
    day = _day(annotation)
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise FormatError(
            f"{path}: expected a recording that begins from 1985 to 2084, found {day}; write .csv"
        )


def write_edf(annotation: Annotation, path: Path) -> None:
    """Write each annotation with its time in seconds and, as its text, symbol and note.

    Parameters
    ----------
    annotation : Annotation
        Already checked. Times are written precisely enough to recover the samples.
    path : Path
    """
    import edfio

    seconds = np.round(annotation.sample / annotation.fs, 6).tolist()
    texts = [
        f"{symbol} {note}" if note else symbol
        for symbol, note in zip(
            annotation.symbol.tolist(), annotation.aux_note.tolist(), strict=True
        )
    ]
    start = annotation.start
    edfio.Edf(
        [],
        annotations=(
            edfio.EdfAnnotation(onset, None, text)
            for onset, text in zip(seconds, texts, strict=True)
        ),
        recording=edfio.Recording(startdate=_day(annotation)),
        starttime=None if start is None else start.time(),
    ).write(path)


def _day(annotation: Annotation) -> date | None:
    start = annotation.start
    return start.date() if start is not None and has_date(start) else None
