"""Which records an evaluation takes, and what annotates them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ecgscribe import datasets
from ecgscribe.errors import ModelError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation, Record

__all__ = ["HELD_OUT", "Annotator", "annotate_records", "records_of_split"]


HELD_OUT = "held-out"
"""Split of the patients on whom the model's training chose thresholds and stopped."""


Annotator = Callable[[Record], Annotation]
Prepare = Callable[[Record, Annotation], Record]


def records_of_split(
    db: str, split: str, model: Model, *, data_dir: str | Path | None = None
) -> list[str]:
    """Name the records that a model is measured on.

    Parameters
    ----------
    db, split : str
        See `ecgscribe.datasets.loading.catalogue.split_records`; or the split `HELD_OUT`.
    model : Model
        Names the patients of `HELD_OUT`.
    data_dir : str or Path, optional
        Folder that holds the databases.

    Returns
    -------
    list of str
        In order. Of svdb, those at hand, as the tables list.

    Raises
    ------
    DatasetError
        If there is no such database or split, or svdb is not at hand.
    ModelError
        If the model held out no patient of `db`.
    """
    if split == HELD_OUT:
        return _held_out(db, model)
    names = datasets.split_records(db, split)
    if db == "mitdb":
        return list(names)
    at_hand = datasets.available(db, data_dir=data_dir)
    return [name for name in names if name in at_hand]


def _held_out(db: str, model: Model) -> list[str]:
    found = model.meta.get("split", {}).get("held_out", [])
    names = [name.removeprefix(f"{db}/") for name in found if name.startswith(f"{db}/")]
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
        From a record to its annotation: a model, a peer, or a network being trained.
    names : iterable of str
        Records of `db`.
    db : str
        The database.
    data_dir : str or Path, optional
        Folder that holds the databases; see `ecgscribe.datasets.locate`.
    prepare : callable, optional
        Changes a record, known with its reference, before it is annotated.
    progress : callable, optional
        Called with the number of records done and of all records, after each record.

    Yields
    ------
    Scored

    Raises
    ------
    DatasetError
        If the database, or one of the records, is not there.
    """
    datasets.locate(db, data_dir=data_dir)
    wanted = list(names)
    for number, name in enumerate(wanted, start=1):
        record, reference = datasets.load(db, name, data_dir=data_dir)
        if prepare is not None:
            record = prepare(record, reference)
        scored = Scored(name, datasets.subject(db, name), reference, annotator(record))
        if progress is not None:
            progress(number, len(wanted))
        yield scored
