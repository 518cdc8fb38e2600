"""What commands read about a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe.cli.output import progress_bar

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model
    from ecgscribe.record import Annotation, LazyRecord, Record

__all__ = ["annotate_recording", "chosen_leads", "input_files", "stored_annotation"]


def annotate_recording(
    record: Record | LazyRecord, *, model: Model, leads: Sequence[str | int] | None, quiet: bool
) -> Annotation:
    """Annotate a recording, with a progress bar.

    Parameters
    ----------
    record : Record or LazyRecord
        The recording.
    model : Model
        The model to use.
    leads : sequence of str or int, optional
        What ``--leads`` named, or the columns to use.
    quiet : bool
        Show no bar.

    Returns
    -------
    Annotation
    """
    from ecgscribe.pipeline.annotate import annotate

    chosen = leads if _are_columns(leads) else chosen_leads(record, leads)
    with progress_bar(record.name, quiet=quiet) as progress:
        return annotate(record, model=model, leads=chosen, progress=progress)


def input_files(
    path: str, *, annotator: str | None = None, model: Model | None = None
) -> list[Path]:
    """List what a command reads, none of which it may replace.

    Parameters
    ----------
    path : str
        The recording.
    annotator : str, optional
        Extension of the annotation file next to it that is read.
    model : Model, optional
        The model that is used.

    Returns
    -------
    list of Path
    """
    from ecgscribe import formats
    from ecgscribe.formats.finding import with_suffix, without_suffix

    files = list(formats.recording_files(path))
    if annotator:
        files.append(with_suffix(without_suffix(Path(path)), f".{annotator}"))
    if model is not None:
        files += model.paths
    return files


def stored_annotation(record: Record | LazyRecord, path: str, annotator: str) -> Annotation:
    """Read the annotations next to a recording, and check that they are within it.

    Parameters
    ----------
    record : Record or LazyRecord
        The recording.
    path : str
        Where it was read from.
    annotator : str
        Extension of the annotation file.

    Returns
    -------
    Annotation

    Raises
    ------
    FormatError
        If they cannot be read, or lie outside the recording.
    """
    from ecgscribe import formats
    from ecgscribe.record import check_within

    annotation = formats.read_annotation(path, annotator, fs=record.fs)
    check_within(annotation, record)
    return annotation


def chosen_leads(
    record: Record | LazyRecord, asked: Sequence[str | int] | None
) -> tuple[str, ...] | None:
    """Return the one or two leads that were asked for; None where the best are to be chosen."""
    return record.leads if asked and len(record.leads) <= 2 else None


def _are_columns(leads: Sequence[str | int] | None) -> bool:
    return bool(leads) and all(isinstance(lead, int) for lead in leads or ())
