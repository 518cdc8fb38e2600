"""Evaluate a model on a database according to the protocol, and write the results."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from ecgscribe import datasets
from ecgscribe._version import __version__
from ecgscribe.datasets.own import open_database
from ecgscribe.errors import ModelError
from ecgscribe.evaluation.baselines import baseline_metrics, baseline_runs, require_baselines
from ecgscribe.evaluation.fold_networks import (
    in_order,
    networks_of_folds,
    networks_of_one,
    runs,
    seen_subjects,
)
from ecgscribe.evaluation.measured import Measure, measure_of
from ecgscribe.evaluation.noise_stress import noise_metrics, noise_runs
from ecgscribe.evaluation.output import (
    log_ds2,
    prepare_outputs,
    write_benchmarks,
    write_evaluation,
)
from ecgscribe.evaluation.records import (
    HELD_OUT,
    AnnotationRun,
    Annotator,
    RecordSet,
    StageProgress,
    annotate_runs,
    records_of_split,
)
from ecgscribe.evaluation.results import EvaluationResult, ModelIdentity, OtherModel
from ecgscribe.evaluation.rhythm_figures import measure_resequenced
from ecgscribe.live.annotate import annotate_live
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Record

__all__ = ["evaluate", "measure"]


ONE_LEAD = "ecgscribe, lead 0 only"
LIVE = "ecgscribe, live"
_OF_MODEL = ("model", "one_lead", "live")


def evaluate(
    model: Model | str | Path | None = None,
    *,
    db: str = "mitdb",
    split: str | None = None,
    records: Sequence[str] | None = None,
    annotator: str | None = None,
    folds: bool = False,
    plan: str | None = None,
    data_dir: str | Path | None = None,
    out: str | Path | None = None,
    benchmarks: str | Path | None = None,
    baselines: bool = False,
    live: bool = False,
    compare_with: Sequence[str | Path] = (),
    snrs_db: Sequence[float] = (),
    force: bool = False,
    ds2_log: str | Path | None = None,
    purpose: str = "evaluation",
    command: str = "",
    progress: StageProgress | None = None,
    resamples: int = 1000,
) -> EvaluationResult:
    """Evaluate a model on what is marked in a database, with beats detected, not given.

    Parameters
    ----------
    model : Model, str or Path, optional
        A loaded model, the name of a model in the package, or the path of a model; by default the
        model in the package.
    db : str
        Name of a database, or a folder of one's own annotated recordings; see
        `ecgscribe.datasets.open_database`.
    split : str, optional
        Records to evaluate on; see `ecgscribe.datasets.split_records`. ``held-out`` stands for the
        patients of `db` that the model's own training held out. By default ds2 of mitdb and all
        records of others.
    records : sequence of str, optional
        Of the split, only these records; by default of all records of `db`.
    annotator : str, optional
        Suffix of the reference annotations, if `db` is a folder.
    folds : bool
        Annotate each record by a network that has not seen its patient: of the folds of the run
        whose model is given, or by that model itself if it has not.
    plan : str, optional
        Rhythm in which the beats of each record are placed anew before it is annotated; see
        `ecgscribe.datasets.resequenced`.
    data_dir : str or Path, optional
        Folder that holds the databases.
    out : str or Path, optional
        Folder for evaluation.json, evaluation.md, the plots, and all tables as CSV in ``results``.
    benchmarks : str or Path, optional
        File for the text of evaluation.md, such as BENCHMARKS.md; all tables are written as CSV
        into ``benchmarks/results`` next to it.
    baselines : bool
        Also evaluate XQRS, gqrs, NeuroKit and sleepecg.
    live : bool
        Also evaluate the live path (`ecgscribe.Stream`).
    compare_with : sequence of str or Path
        Other models to evaluate on the same records.
    snrs_db : sequence of float
        Also score R-peaks with the noise ``em`` of nstdb added at these SNRs, in dB.
    force : bool
        Replace existing files.
    ds2_log : str or Path, optional
        Log of runs on DS2; by default experiments/ds2.csv if the current folder has a folder
        ``experiments``. A model whose hash is in the log is not logged again.
    purpose : str
        Purpose of the run on DS2, for the log.
    command : str
        Command line that evaluates the model again, for the text.
    progress : callable, optional
        Called after each record with the title of the stage (``"1/2 annotate"``), the number of
        records done and the number of records in the stage.
    resamples : int
        Bootstrap resamples of patients.

    Returns
    -------
    EvaluationResult
        All metrics; `ecgscribe.evaluation.results.to_json` turns them into what evaluation.json
        holds.

    Raises
    ------
    EcgScribeError
        If the model, the database or a baseline is missing, or a file cannot be written.
    """
    folder = None if out is None else Path(out)
    page = None if benchmarks is None else Path(benchmarks)
    loaded = load_model(model)
    database = open_database(db, annotator=annotator)
    chosen = records_of_split(
        database, split, loaded, data_dir=data_dir, records=records, plan=plan
    )
    others = [load_model(other) for other in compare_with]
    read = [*chosen.files(), *(path for each in (loaded, *others) for path in each.paths)]
    prepare_outputs(folder, page, read, force=force)
    if split == HELD_OUT:
        _refuse_seen(others, chosen)
    result = measure(
        loaded,
        chosen,
        others=others,
        folds=folds,
        live=live,
        baselines=baselines,
        snrs_db=snrs_db,
        resamples=resamples,
        progress=progress,
    )
    result = dataclasses.replace(result, command=command)
    log = _log_path(ds2_log)
    if log is not None and db == "mitdb" and set(chosen.names) & set(datasets.DS2):
        for measured in (loaded, *others):
            log_ds2(log, model_hash=measured.hash, purpose=purpose)
    if folder is not None:
        write_evaluation(result, folder, force=force)
    if page is not None:
        write_benchmarks(result, page, force=force)
    return result


def measure(
    model: Model,
    records: RecordSet,
    *,
    others: Sequence[Model] = (),
    folds: bool = False,
    live: bool = False,
    baselines: bool = False,
    snrs_db: Sequence[float] = (),
    resamples: int = 1000,
    progress: StageProgress | None = None,
) -> EvaluationResult:
    """Annotate records with a model, and with all that it is compared with, and score them.

    Reads the databases and writes nothing.

    Parameters
    ----------
    model : Model
        The model.
    records : RecordSet
        Records to evaluate on.
    others : sequence of Model
        Other models.
    folds, live, baselines, snrs_db, resamples, progress
        See `evaluate`.

    Returns
    -------
    EvaluationResult
        With an empty ``command``.

    Raises
    ------
    EcgScribeError
        If the database or a baseline is missing.
    """
    measure_records: Measure = measure_resequenced
    if records.plan is None:
        r_peaks = baselines or len(snrs_db) > 0
        measure_records = measure_of(records.db, records.marks, r_peaks=r_peaks)
    if baselines:
        require_baselines()
    networks = (networks_of_folds if folds else networks_of_one)(model, records)
    seen = frozenset() if folds else seen_subjects(model)
    stages = {
        "model": runs("annotate", _whole, networks, records),
        "one_lead": runs("annotate lead 0", _on_first_lead, networks, records),
        "live": runs("annotate live", _live, networks, records) if live else [],
        "others": [
            AnnotationRun(f"annotate {_name(other)}", _whole(other), records) for other in others
        ],
        "noise": noise_runs(_whole(model), records, snrs_db),
        "baselines": baseline_runs(records) if baselines else [],
    }
    scored = annotate_runs(stages, progress=progress)
    score = partial(measure_records, seen=seen, resamples=resamples)
    of_model = {part: in_order(scored[part], records.names) for part in _OF_MODEL if scored[part]}
    return EvaluationResult(
        model=_identity(model),
        version=__version__,
        command="",
        db=records.db,
        split=records.split,
        results=score(of_model["model"]),
        one_lead=score(of_model["one_lead"], annotator=ONE_LEAD),
        live=score(of_model["live"], annotator=LIVE) if live else None,
        others=tuple(
            OtherModel(
                _identity(other), score(items, annotator=_name(other), seen=seen_subjects(other))
            )
            for other, items in zip(others, scored["others"], strict=True)
        ),
        noise=noise_metrics(snrs_db, scored["noise"], resamples=resamples) if snrs_db else None,
        baselines=baseline_metrics(scored["baselines"], resamples=resamples) if baselines else None,
        marks=None if records.marks == "beats" else records.marks,
    )


def _whole(model: Model) -> Annotator:
    return partial(annotate, model=model)


def _live(model: Model) -> Annotator:
    return partial(annotate_live, model=model)


def _on_first_lead(model: Model) -> Annotator:
    return lambda record: annotate(_first_lead(record), model=model)


def _first_lead(record: Record) -> Record:
    return dataclasses.replace(
        record, signal=record.signal[:, :1], leads=record.leads[:1], units=record.units[:1]
    )


def _name(model: Model) -> str:
    """Return the name of a model file, or of the run folder if training named it model.json."""
    stem = model.path.stem
    return model.path.parent.name or stem if stem == "model" else stem


def _identity(model: Model) -> ModelIdentity:
    return ModelIdentity(_name(model), model.hash)


def _refuse_seen(models: Iterable[Model], records: RecordSet) -> None:
    """Raise ModelError if a model was trained on some of the records."""
    names = {f"{records.db}/{name}" for name in records.names}
    for model in models:
        seen = sorted(names & set(model.meta.get("split", {}).get("training", [])))
        if seen:
            raise ModelError(
                f"{_name(model)}: expected a model that has not seen the held-out patients, found "
                f"{len(seen)} of them in its training ({seen[0]} is the first); compare with a "
                "model that held them out, too"
            )


def _log_path(path: str | Path | None) -> Path | None:
    if path is not None:
        return Path(path)
    experiments = Path("experiments")
    return experiments / "ds2.csv" if experiments.is_dir() else None
