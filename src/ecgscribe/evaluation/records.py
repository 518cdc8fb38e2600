"""The records of an evaluation, and their annotation one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ecgscribe import datasets
from ecgscribe.datasets.database import BY_TABLE, MARKS, Database, Marks
from ecgscribe.datasets.resequenced import resequence
from ecgscribe.errors import DatasetError, FormatError, ModelError, warn
from ecgscribe.evaluation.groups import Scored
from ecgscribe.formatting import did_you_mean
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
        Names of the database and of the split.
    names : tuple of str
        Names of the records.
    data_dir : str or Path, optional
        Folder that holds the databases; see `ecgscribe.datasets.locate`.
    marks : str
        What is marked in the records, a key of `ecgscribe.datasets.MARKS`.
    own : Database, optional
        The database, if it is a folder of one's own recordings.
    plan : str, optional
        Rhythm in which their beats are placed anew; see `ecgscribe.datasets.resequenced`.
    """

    db: str
    split: str
    names: tuple[str, ...]
    data_dir: str | Path | None = None
    marks: Marks = "beats"
    own: Database | None = None
    plan: str | None = None

    @property
    def database(self) -> str | Database:
        """The database, for the functions of `ecgscribe.datasets`."""
        return self.own or self.db

    def files(self) -> list[Path]:
        """Return the files in the folder of the database that have the name of a record."""
        stems = {Path(name).name for name in self.names}
        folder = datasets.locate(self.database, data_dir=self.data_dir)
        return [path for path in folder.rglob("*") if path.stem in stems]


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
    db: str | Database,
    split: str | None,
    model: Model,
    *,
    data_dir: str | Path | None = None,
    records: Sequence[str] | None = None,
    plan: str | None = None,
) -> RecordSet:
    """Return the records to evaluate a model on.

    Parameters
    ----------
    db : str or Database
        A database, or its name.
    split : str, optional
        See `ecgscribe.datasets.catalogue.split_records`; or the split `HELD_OUT`. By default ds2
        of mitdb and all records of others; all of any database if `records` are named.
    model : Model
        Defines the patients of `HELD_OUT`.
    data_dir : str or Path, optional
        Folder that holds the databases.
    records : sequence of str, optional
        Of the split, only these records.
    plan : str, optional
        Rhythm in which their beats are placed anew; see `ecgscribe.datasets.resequenced`.

    Returns
    -------
    RecordSet
        In order. Of other databases than mitdb, the records in the folder.

    Raises
    ------
    DatasetError
        If the database or split does not exist, a database other than mitdb is missing or has
        no signals here, or `records` are not in the split.
    ModelError
        If the model held out no patient of `db`.
    """
    database = datasets.find_database(db)
    split = split or ("all" if records else database.default_split)
    if split == HELD_OUT:
        names = _held_out(database.name, model)
    else:
        names = tuple(datasets.split_records(database, split))
    marks: Marks = "beats"
    if database.name != "mitdb" or database.path is not None:
        marks = datasets.marked(database, data_dir=data_dir)
        if split != HELD_OUT:
            names = _recorded(database, split, names, data_dir)
    title = split
    if records:
        names = _chosen(database.name, split, names, records)
        title = f"{split}, in part"
    if plan is not None:
        title = f"{title}, {plan}"
        if marks != "beats":
            raise DatasetError(
                f"{database.name}: expected marked beats to place anew, found {marks} "
                f"({MARKS[marks]}); choose another database"
            )
    own = None if database.path is None else database
    return RecordSet(database.name, title, names, data_dir, marks, own, plan)


def _recorded(
    database: Database, split: str, names: Sequence[str], data_dir: str | Path | None
) -> tuple[str, ...]:
    """Return those of the records that are there with their signals."""
    recorded = set(datasets.recorded(database, data_dir=data_dir))
    left = tuple(name for name in names if name in recorded)
    if not left:
        folder = datasets.locate(database, data_dir=data_dir)
        raise DatasetError(
            f"{database.name}, {split}: expected recordings in {folder}, found none with its "
            f"signals; run `ecgscribe fetch {database.name}`"
        )
    return left


def _chosen(db: str, split: str, names: Sequence[str], records: Sequence[str]) -> tuple[str, ...]:
    """Return those of the names that are in `records`, all of which must be among them."""
    for record in records:
        if record not in names:
            hint = did_you_mean(record, names, otherwise="choose others, or fetch what is missing")
            raise DatasetError(
                f"{db}, {split}: expected records among the {len(names)} there, found {record}; "
                f"{hint}"
            )
    return tuple(name for name in names if name in set(records))


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
    db: str | Database = "mitdb",
    marks: Marks = "beats",
    data_dir: str | Path | None = None,
    plan: str | None = None,
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
    db : str or Database
        The database, or its name.
    marks : str
        What is marked in its records.
    data_dir : str or Path, optional
        Folder that holds the databases; see `ecgscribe.datasets.locate`.
    plan : str, optional
        Rhythm in which the beats of a record are placed anew, before it is prepared.
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

    Warns
    -----
    SignalWarning
        If a record is left out, as it has too few beats for the plan.
    """
    datasets.locate(db, data_dir=data_dir)
    all_names = list(names)
    labels = datasets.read_labels(db, data_dir=data_dir) if marks == "labels" else {}
    windows = datasets.read_windows(db, data_dir=data_dir) if marks == "windows" else {}
    for number, name in enumerate(all_names, start=1):
        if marks in BY_TABLE:
            record = datasets.read_record(db, name, data_dir=data_dir)
            reference = _no_annotations(record)
        else:
            record, reference = datasets.load(db, name, data_dir=data_dir)
        if plan is not None:
            try:
                record, reference = resequence(record, reference, plan=plan, data_dir=data_dir)
            except FormatError as error:
                warn(f"left out: {error}")
                continue
        if prepare is not None:
            record = prepare(record, reference)
        test = annotator(record)
        scored = Scored(
            name,
            datasets.subject(db, name),
            reference,
            _within(test, reference) if marks == "waves" else test,
            record.n_samples,
            label=labels.get(name),
            windows=windows.get(name),
        )
        if progress is not None:
            progress(number, len(all_names))
        yield scored


def _no_annotations(record: Record) -> Annotation:
    return Annotation(
        np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.str_), record.fs, name=record.name
    )


def _within(test: Annotation, reference: Annotation) -> Annotation:
    """Return the annotations from the first to the last wave that is marked."""
    if not len(reference):
        return test.select(slice(0, 0))
    first, last = reference.sample[[0, -1]] / reference.fs
    time = test.sample / test.fs
    return test.select((time >= first) & (time <= last))


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
                db=run.records.database,
                marks=run.records.marks,
                data_dir=run.records.data_dir,
                plan=run.records.plan,
                prepare=run.prepare,
                progress=progress and partial(progress, f"{number}/{total} {run.title}"),
            )
            scored[part].append(list(items))
    return scored
