"""Measure a model end to end on a database and write the tables, by the rules of the protocol."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe import datasets
from ecgscribe._version import __version__
from ecgscribe.errors import ModelError
from ecgscribe.evaluation import noise_stress
from ecgscribe.evaluation.baselines import PEERS, detect, require_peers, shift
from ecgscribe.evaluation.groups import Scored
from ecgscribe.evaluation.markdown import markdown
from ecgscribe.evaluation.output import log_ds2, refuse_overwriting, write_evaluation
from ecgscribe.evaluation.protocol import STARTS, WINDOWS, evaluate_records, r_peak_rows
from ecgscribe.evaluation.records import HELD_OUT, Annotator, annotate_records, records_of_split
from ecgscribe.files import write_text
from ecgscribe.live.annotate import annotate_live
from ecgscribe.metrics import performance
from ecgscribe.metrics.ec57 import compare
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record

__all__ = ["evaluate", "noise_rows", "peer_rows"]


ONE_LEAD = "ecgscribe, lead 0 only"
LIVE = "ecgscribe, live"


Progress = Callable[[int, int], None]
Stage = Callable[[str], Progress]


def _silent(title: str) -> Progress:
    return lambda done, total: None


def _numbered(n: int, progress: Callable[[str, int, int], None] | None) -> Stage:
    """Return a function that begins the next of `n` stages and returns its `progress`."""
    number = count(1)

    def stage(title: str) -> Progress:
        numbered = f"{next(number)}/{n} {title}"
        return _silent(title) if progress is None else partial(progress, numbered)

    return stage


def _first_lead(record: Record) -> Record:
    return dataclasses.replace(
        record, signal=record.signal[:, :1], leads=record.leads[:1], units=record.units[:1]
    )


def peer_rows(
    names: Sequence[str],
    *,
    db: str = "mitdb",
    data_dir: str | Path | None = None,
    resamples: int = 1000,
    stage: Stage = _silent,
) -> list[dict[str, Any]]:
    """Score other detectors on the same records: raw, and with their constant offset removed.

    A detector may mark another point of the QRS complex than the reference does. Where its median
    offset on DS1 of mitdb, taken at 150 ms, is not zero, it is removed in a second row.

    Parameters
    ----------
    names, db, data_dir, resamples
        As for `annotate_records` and `evaluate_records`.
    stage : callable
        Takes the title of a stage and returns the `progress` of `annotate_records` for it.

    Returns
    -------
    list of dict
        Rows as those of ``r_peaks`` in `evaluate_records`.

    Raises
    ------
    EcgScribeError
        If a peer is not installed.
    DatasetError
        If the records, or DS1, are not there.
    """
    require_peers()
    rows = []
    for peer in PEERS:
        run = partial(detect, peer=peer)
        learnt = annotate_records(
            run, datasets.DS1, data_dir=data_dir, progress=stage(f"{peer} on DS1")
        )
        offset = float(np.median(np.concatenate([_offsets(item) for item in learnt])))
        items = list(annotate_records(run, names, db=db, data_dir=data_dir, progress=stage(peer)))
        rows += r_peak_rows(items, annotator=peer, resamples=resamples)
        if offset == 0:
            continue
        moved = [dataclasses.replace(i, test=shift(i.test, ms=-offset)) for i in items]
        name = f"{peer}, offset of {offset:.1f} ms removed"
        rows += r_peak_rows(moved, annotator=name, resamples=resamples)
    return rows


def _offsets(item: Scored) -> performance.FloatArray:
    comparison = compare(item.reference, item.test, start=0.0)
    return performance.offsets_ms(comparison, item.reference, item.test)


def noise_rows(
    annotator: Annotator,
    names: Sequence[str],
    snrs_db: Sequence[float],
    *,
    db: str = "mitdb",
    data_dir: str | Path | None = None,
    resamples: int = 1000,
    stage: Stage = _silent,
) -> list[dict[str, Any]]:
    """Score R-peaks with the noise ``em`` of nstdb added; see `ecgscribe.evaluation.noise_stress`.

    Parameters
    ----------
    annotator : callable
        From a record to its annotation.
    names, db, data_dir, resamples
        As for `annotate_records` and `evaluate_records`.
    snrs_db : sequence of float
        Signal-to-noise ratios in dB.
    stage : callable
        Takes the title of a stage and returns the `progress` of `annotate_records` for it.

    Returns
    -------
    list of dict
        Two rows an SNR, as those of ``r_peaks`` in `evaluate_records`, from 5:00 at 150 ms: noisy
        and quiet stretches together, and the noisy ones alone.

    Raises
    ------
    DatasetError
        If the records, or the noise, are not there.
    """
    noise = datasets.noise("em", data_dir=data_dir)
    rows = []
    for snr_db in snrs_db:

        def noisy(record: Record, reference: Annotation, snr_db: float = snr_db) -> Record:
            gain = noise_stress.gains(record, reference, noise, snr_db=snr_db)
            return noise_stress.add_noise(record, noise, gain)

        where: dict[str, Any] = {"db": db, "data_dir": data_dir, "prepare": noisy}
        where["progress"] = stage(f"em at {snr_db:g} dB")
        items = list(annotate_records(annotator, names, **where))
        alone = [
            dataclasses.replace(i, reference=_in_noise(i.reference), test=_in_noise(i.test))
            for i in items
        ]
        for scored, what in ((items, ""), (alone, ", noisy stretches alone")):
            title = f"{snr_db:g} dB{what}"
            found = r_peak_rows(
                scored,
                annotator=title,
                resamples=resamples,
                windows=WINDOWS[:1],
                starts=STARTS[1:],
            )
            rows += [row for row in found if row["set"] == "all"]
    return rows


def _in_noise(annotation: Annotation) -> Annotation:
    return annotation.select(noise_stress.in_noise(annotation.sample, annotation.fs))


def _log_path(given: str | Path | None) -> Path | None:
    if given is not None:
        return Path(given)
    here = Path("experiments")
    return here / "ds2.csv" if here.is_dir() else None


def _on_first_lead(model: Model) -> Annotator:
    return lambda record: annotate(_first_lead(record), model=model)


def _name(model: Model) -> str:
    """Name a model by its file, and one that training left as model.json by its run folder."""
    stem = model.path.stem
    return model.path.parent.name or stem if stem == "model" else stem


def _identity(model: Model) -> dict[str, str]:
    return {"name": _name(model), "hash": model.hash}


def _refuse_seen(model: Model, names: Sequence[str]) -> None:
    """Raise ModelError where a model was trained on records that it is to be measured on."""
    seen = sorted(set(names) & set(model.meta.get("split", {}).get("training", [])))
    if seen:
        raise ModelError(
            f"{_name(model)}: expected a model that has not seen the held-out patients, found "
            f"{len(seen)} of them in its training, {seen[0]} the first; compare with one that held "
            "them out too"
        )


def evaluate(
    model: Model | str | Path | None = None,
    *,
    db: str = "mitdb",
    split: str = "ds2",
    data_dir: str | Path | None = None,
    out: str | Path | None = None,
    benchmarks: str | Path | None = None,
    peers: bool = False,
    live: bool = False,
    compare_with: Sequence[str | Path] = (),
    snrs_db: Sequence[float] = (),
    force: bool = False,
    ds2_log: str | Path | None = None,
    purpose: str = "evaluation",
    command: str = "",
    progress: Callable[[str, int, int], None] | None = None,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Measure a model on a database, beats detected and classified end to end.

    Parameters
    ----------
    model : Model, str or Path, optional
        A loaded model, the name of one in the package or the path of one; by default the one in
        the package.
    db, split : str
        Records to measure on; see `ecgscribe.datasets.split_records`. ``held-out`` names the
        patients of `db` that the model's own training held out.
    data_dir : str or Path, optional
        Folder that holds the databases.
    out : str or Path, optional
        Folder for evaluation.json, evaluation.md and the plots.
    benchmarks : str or Path, optional
        File that is given the text of evaluation.md, such as BENCHMARKS.md.
    peers : bool
        Measure XQRS, gqrs, NeuroKit and sleepecg on the same records too.
    live : bool
        Measure the live path (`ecgscribe.Stream`) on the same records too.
    compare_with : sequence of str or Path
        Other models to measure on the same records, in rows of their own.
    snrs_db : sequence of float
        Measure R-peaks also with the noise ``em`` of nstdb added at these SNRs, in dB.
    force : bool
        Overwrite files that are there.
    ds2_log : str or Path, optional
        Log of runs on DS2; by default experiments/ds2.csv where the current folder has a folder
        ``experiments``. A hash that it holds already is not noted again.
    purpose : str
        Why DS2 was run, for the log.
    command : str
        Command line that measures the model again, to be written into the tables.
    progress : callable, optional
        Called after each record with the title of the stage (``"1/2 annotate"``), the number of
        records done and the number of records in the stage.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    dict
        What evaluation.json holds: that of `evaluate_records`, with ``model``, ``command``,
        ``one_lead`` (the same model on lead 0 alone), ``others`` and, if asked for, ``live``,
        ``noise`` and ``peers``.

    Raises
    ------
    EcgScribeError
        If the model, the database or a peer is not there, or a file cannot be written.
    """
    folder = None if out is None else Path(out)
    page = None if benchmarks is None else Path(benchmarks)
    if not force:
        refuse_overwriting(folder, page)
    if peers:
        require_peers()
    loaded = load_model(model)
    names = records_of_split(db, split, loaded, data_dir=data_dir)
    where: dict[str, Any] = {"db": db, "data_dir": data_dir}
    others = [load_model(other) for other in compare_with]
    if split == HELD_OUT:
        for other in others:
            _refuse_seen(other, [f"{db}/{name}" for name in names])
    run = partial(annotate, model=loaded)
    n_stages = 2 + live + len(others) + len(snrs_db) + 2 * len(PEERS) * peers
    stage = _numbered(n_stages, progress)
    items = list(annotate_records(run, names, progress=stage("annotate"), **where))
    log = _log_path(ds2_log)
    if log is not None and db == "mitdb" and set(names) & set(datasets.DS2):
        for measured in (loaded, *others):
            log_ds2(log, model_hash=measured.hash, purpose=purpose)
    alone = annotate_records(
        _on_first_lead(loaded), names, progress=stage("annotate lead 0"), **where
    )
    report: dict[str, Any] = {
        "model": _identity(loaded),
        "version": __version__,
        "command": command,
        "db": db,
        "split": split,
        **evaluate_records(items, resamples=resamples),
        "one_lead": evaluate_records(alone, annotator=ONE_LEAD, resamples=resamples),
    }
    if live:
        run_live = partial(annotate_live, model=loaded)
        told = annotate_records(run_live, names, progress=stage("annotate live"), **where)
        report["live"] = evaluate_records(told, annotator=LIVE, resamples=resamples)
    report["others"] = [
        {"model": _identity(other)}
        | evaluate_records(
            annotate_records(
                partial(annotate, model=other),
                names,
                progress=stage(f"annotate {_name(other)}"),
                **where,
            ),
            annotator=_name(other),
            resamples=resamples,
        )
        for other in others
    ]
    if snrs_db:
        report["noise"] = noise_rows(run, names, snrs_db, resamples=resamples, stage=stage, **where)
    if peers:
        report["peers"] = peer_rows(names, resamples=resamples, stage=stage, **where)
    if folder is not None:
        write_evaluation(report, folder, force=force)
    if page is not None:
        write_text(page, markdown(report), force=force)
    return report
