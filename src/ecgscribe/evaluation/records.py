"""The records of an evaluation, and their annotation one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ecgscribe import datasets
from ecgscribe.errors import ModelError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation, Record

__all__ = [
    "HELD_OUT",
    "AnnotationRun",
    "Annotator",
    "Prepare",
    "RecordSet",
    "StageProgress",
    "annotate_records",
    "annotate_runs",
    "records_of_split",
]


HELD_OUT = "held-out"
"""Split of the patients on whom the training of a model chose its thresholds and its epoch."""


Annotator = Callable[[Record], Annotation]
"""Annotates a record."""
Prepare = Callable[[Record, Annotation], Record]
"""Changes a record, given its reference annotation, before it is annotated."""
StageProgress = Callable[[str, int, int], None]
"""Called with the title of a stage, the number of records done, and that of all in the stage."""


@dataclass(frozen=True)
class RecordSet:
    """Records of one database.

    Parameters
    ----------
    db, split : str
        Database and split.
    names : tuple of str
        Names of the records.
    data_dir : str or Path, optional
        Folder that holds the databases; see `ecgscribe.datasets.locate`.
    """

    db: str
    split: str
    names: tuple[str, ...]
    data_dir: str | Path | None = None


@dataclass(frozen=True)
class AnnotationRun:
    """One annotator on one set of records: a stage of an evaluation.

    Parameters
    ----------
    title : str
        Title of the stage, for its progress.
    annotator : callable
        Annotates a record.
    records : RecordSet
        The records.
    prepare : callable, optional
        Changes a record, given its reference annotation, before it is annotated.
    """

    title: str
    annotator: Annotator
    records: RecordSet
    prepare: Prepare | None = None


def records_of_split(
    db: str, split: str, model: Model, *, data_dir: str | Path | None = None
) -> RecordSet:
    """Return the records to evaluate a model on.

    Parameters
    ----------
    db, split : str
        See `ecgscribe.datasets.catalogue.split_records`; or the split `HELD_OUT`.
    model : Model
        Defines the patients of `HELD_OUT`.
    data_dir : str or Path, optional
        Folder that holds the databases.

    Returns
    -------
    RecordSet
        In order. Of other databases than mitdb, the records in the folder.

    Raises
    ------
    DatasetError
        If the database or split does not exist, or a database other than mitdb is missing.
    ModelError
        If the model held out no patient of `db`.
    """
    if split == HELD_OUT:
        return RecordSet(db, split, _held_out(db, model), data_dir)
    names = tuple(datasets.split_records(db, split))
    if db != "mitdb":
        available = datasets.available(db, data_dir=data_dir)
        names = tuple(name for name in names if name in available)
    return RecordSet(db, split, names, data_dir)


def _held_out(db: str, model: Model) -> tuple[str, ...]:
    held_out = model.meta.get("split", {}).get("held_out", [])
    names = tuple(n.removeprefix(f"{db}/") for n in held_out if n.startswith(f"{db}/"))
    if not names:
        raise ModelError(
            f"{model.path.name}: expected patients of {db} that its training held out, found none; "
            "choose another split or database, or the network of one fold (RUN/fold-0)"
        )
    return names


def annotate_records(
    annotator: Annotator,
    names: Iterable[str],
    *,
    db: str = "mitdb",
    data_dir: str | Path | None = None,
    prepare: Prepare | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Scored]:
    """Annotate records of a database one by one.

    Parameters
    ----------
    annotator : callable
        Annotates a record: a model, a baseline, or a network in training.
    names : iterable of str
        Records of `db`.
    db : str
        The database.
    data_dir : str or Path, optional
        Folder that holds the databases; see `ecgscribe.datasets.locate`.
    prepare : callable, optional
        Changes a record, given its reference annotation, before it is annotated.
    progress : callable, optional
        Called with the number of records done and of all records, after each record.

    Yields
    ------
    Scored

    Raises
    ------
    DatasetError
        If the database, or one of the records, is missing.
    """
    datasets.locate(db, data_dir=data_dir)
    all_names = list(names)
    for number, name in enumerate(all_names, start=1):
        record, reference = datasets.load(db, name, data_dir=data_dir)
        if prepare is not None:
            record = prepare(record, reference)
        scored = Scored(name, datasets.subject(db, name), reference, annotator(record))
        if progress is not None:
            progress(number, len(all_names))
        yield scored


def annotate_runs(
    runs: Mapping[str, Sequence[AnnotationRun]], *, progress: StageProgress | None = None
) -> dict[str, list[list[Scored]]]:
    """Annotate the records of all runs, run after run.

    Parameters
    ----------
    runs : mapping of str to sequence of AnnotationRun
        The runs of each part of an evaluation.
    progress : callable, optional
        Called after each record. The title of a stage begins with its number and the number of
        all runs: ``"1/2 annotate"``.

    Returns
    -------
    dict of str to list of list of Scored
        For each part, for each run, one `Scored` per record.
    """
    total = sum(map(len, runs.values()))
    scored: dict[str, list[list[Scored]]] = {part: [] for part in runs}
    number = 0
    for part, of_part in runs.items():
        for run in of_part:
            number += 1
            items = annotate_records(
                run.annotator,
                run.records.names,
                db=run.records.db,
                data_dir=run.records.data_dir,
                prepare=run.prepare,
                progress=progress and partial(progress, f"{number}/{total} {run.title}"),
            )
            scored[part].append(list(items))
    return scored
