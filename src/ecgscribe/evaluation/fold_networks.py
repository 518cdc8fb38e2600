"""The networks of a run's folds: each annotates the patients that it has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ecgscribe import datasets
from ecgscribe.errors import ModelError
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.records import AnnotationRun, Annotator, RecordSet
from ecgscribe.model.runtime import Model, load_model

__all__ = ["Network", "in_order", "networks_of_folds", "networks_of_one", "runs", "seen_subjects"]


@dataclass(frozen=True, eq=False)
class Network:
    """A network, and the records that it annotates.

    Parameters
    ----------
    model : Model
    names : tuple of str
        Names of the records.
    """

    model: Model
    names: tuple[str, ...]


def networks_of_one(model: Model, records: RecordSet) -> list[Network]:
    """Return the model as the network that annotates all records."""
    return [Network(model, records.names)]


def networks_of_folds(model: Model, records: RecordSet) -> list[Network]:
    """Return the networks of a run's folds, each with the patients that it has not seen.

    Parameters
    ----------
    model : Model
        The final model of the run, ``RUN/model.json``. It annotates the patients that no network
        of the run has seen.
    records : RecordSet

    Returns
    -------
    list of Network
        Every record belongs to one.

    Raises
    ------
    ModelError
        If there are no networks of folds next to the model.
    """
    folders = sorted(model.path.parent.glob("fold-*/model.json"))
    if not folders:
        raise ModelError(
            f"{model.path}: expected the networks of its folds (fold-0/model.json) next to it, "
            "found none; name the model of a run folder"
        )
    left = {name: datasets.subject(records.database, name) for name in records.names}
    seen = seen_subjects(model)
    networks = []
    for path in folders:
        network = load_model(path)
        own_seen = seen_subjects(network)
        names = tuple(name for name, subject in left.items() if subject in seen - own_seen)
        left = {name: subject for name, subject in left.items() if name not in names}
        networks.append(Network(network, names))
    networks.append(Network(model, tuple(name for name in left if left[name] not in seen)))
    if both := [name for name, subject in left.items() if subject in seen]:
        raise ModelError(
            f"{model.path}: expected a network of a fold that has not seen {both[0]}, found none; "
            "use the networks of all folds of the run"
        )
    return [network for network in networks if network.names]


def runs(
    title: str,
    annotator_of: Callable[[Model], Annotator],
    networks: Iterable[Network],
    records: RecordSet,
) -> list[AnnotationRun]:
    """Return one run for each network, on its records."""
    return [
        AnnotationRun(
            title, annotator_of(network.model), dataclasses.replace(records, names=network.names)
        )
        for network in networks
    ]


def in_order(scored: Iterable[Iterable[Scored]], names: Sequence[str]) -> list[Scored]:
    """Return the records of several runs as one list, in the order of `names`."""
    by_name = {item.name: item for items in scored for item in items}
    return [by_name[name] for name in names if name in by_name]


def seen_subjects(model: Model) -> frozenset[str]:
    """Return the subjects that a model was trained on."""
    names = (name.partition("/") for name in model.meta.get("split", {}).get("training", []))
    return frozenset(
        datasets.subject(db, record) for db, _, record in names if db in datasets.DATABASES
    )
