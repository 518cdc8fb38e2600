"""What a worker does with one recording."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgscribe._version import __version__
from ecgscribe.archive.sources import fetch, is_url
from ecgscribe.archive.tables import (
    SCHEMA_VERSION,
    Episode,
    result_file,
    table_file,
    write_beats,
    write_episodes,
    write_result,
)
from ecgscribe.errors import EcgScribeError, FormatError, SignalWarning

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model
    from ecgscribe.record import Annotation, LazyRecord

__all__ = ["Options", "annotate_source", "key_of", "write_failure"]


@dataclass(frozen=True)
class Options:
    """What a recording is annotated with, apart from the model.

    Parameters
    ----------
    fs : float, optional
        Sampling frequency in Hz, where recordings do not state it.
    leads : tuple of str, optional
        As of the command ``annotate``.
    """

    fs: float | None = None
    leads: tuple[str, ...] | None = None

    def text(self) -> str:
        """Return them as JSON, with the version of ecgscribe: where it differs, a row is redone."""
        return json.dumps({"fs": self.fs, "leads": self.leads, "version": __version__})


def key_of(path: str) -> str:
    """Return the name of the files of a recording: its own, and a hash of where it is."""
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(path).stem)[:60]
    return f"{name}-{hashlib.sha256(path.encode()).hexdigest()[:12]}"


def annotate_source(path: str, dest: str, model: Model, options: Options) -> bool:
    """Annotate a recording and write its tables, unless they are there and still hold.

    Parameters
    ----------
    path : str
        Absolute path or URL.
    dest : str
        Folder of the archive.
    model : Model
        Sent to workers as its name and hash; each loads it once.
    options : Options

    Returns
    -------
    bool
        Whether it was annotated now.

    Raises
    ------
    FormatError
        If it cannot be read or annotated.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="ecgscribe-") as scratch:
        warnings.simplefilter("ignore", SignalWarning)
        try:
            local = fetch(path, Path(scratch)) if is_url(path) else Path(path)
            return _annotate(path, local, Path(dest), model, options)
        except (EcgScribeError, OSError) as error:
            # Plain text: it is sent to the client, and names no folder of this worker.
            said = " ".join(str(error).split()).replace(f"{scratch}/", "")
            raise FormatError(said) from None


def write_failure(path: str, dest: Path, model: Model, options: Options, error: str) -> None:
    """Keep in the archive that a recording failed, and remove tables of it that no longer hold."""
    key = key_of(path)
    for table in ("beats", "episodes"):
        table_file(dest, table, key).unlink(missing_ok=True)
    about = {"model": model.hash, "options": options.text()}
    write_result(dest, {"recording": path, "key": key, "status": "failed", "error": error} | about)


def _annotate(path: str, local: Path, dest: Path, model: Model, options: Options) -> bool:
    from ecgscribe import formats
    from ecgscribe.files import file_sums
    from ecgscribe.pipeline.annotate import annotate
    from ecgscribe.signal.conditioning import choose_leads

    key = key_of(path)
    sums = sorted(
        f"{each['name']} {each['sha256']}" for each in file_sums(formats.recording_files(local))
    )
    about = {
        "recording": path,
        "key": key,
        "sha256": hashlib.sha256("\n".join(sums).encode()).hexdigest(),
        "model": model.hash,
        "options": options.text(),
    }
    if _is_done(dest, about):
        return False
    result_file(dest, key).unlink(missing_ok=True)  # it no longer holds
    record = formats.open_record(local, fs=options.fs, leads=options.leads)
    chosen = record.leads if options.leads and len(record.leads) <= 2 else None
    columns = choose_leads(record, chosen)
    annotation = annotate(record, model=model, leads=columns)
    figures, episodes = _measures(record, annotation, columns)
    write_beats(dest, key, path, annotation)
    write_episodes(dest, key, path, episodes, annotation.fs)
    write_result(dest, about | {"status": "done"} | figures)
    return True


def _is_done(dest: Path, about: dict[str, str]) -> bool:
    try:
        row = json.loads(result_file(dest, about["key"]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    there = all(table_file(dest, each, about["key"]).is_file() for each in ("beats", "episodes"))
    wanted = about | {"status": "done", "schema": SCHEMA_VERSION}
    return there and all(row.get(name) == value for name, value in wanted.items())


def _measures(
    record: LazyRecord, annotation: Annotation, columns: tuple[int, ...]
) -> tuple[dict[str, Any], list[Episode]]:
    """Return the figures of a recording, and its episodes."""
    from ecgscribe.analysis.ectopy import ECTOPIC_CLASSES, ectopy
    from ecgscribe.analysis.measures import usual_extremes
    from ecgscribe.analysis.pauses import times_without_beats
    from ecgscribe.analysis.rhythm_episodes import rhythm_episodes
    from ecgscribe.analysis.rr_intervals import PAUSE_S, beat_series, mean_rate
    from ecgscribe.quality_annotations import readable_seconds, unreadable_spans

    beats = beat_series(annotation, record.n_samples)
    rhythms = rhythm_episodes(record, beats, annotation.rhythms, columns)
    runs = {name: ectopy(beats, name).runs for name in ECTOPIC_CLASSES}
    pauses = times_without_beats(record, annotation, beats, columns, apart_from=rhythms)
    extremes, _ = usual_extremes(beats, PAUSE_S)
    spans = unreadable_spans(annotation, record.n_samples).tolist()
    episodes: list[Episode] = [(r.kind, r.begin, r.end) for r in rhythms if r.kind != "N"]
    episodes += [("unreadable", begin, end) for begin, end in spans]
    episodes += [("gap" if p.is_gap else "pause", p.begin, p.end) for p in pauses]
    episodes += [
        (f"{name} run", int(beats.sample[run.first]), int(beats.sample[run.last]) + 1)
        for name, found in runs.items()
        for run in found
    ]
    counts = annotation.counts()
    total = sum(counts.values())
    fibrillation = sum(r.end - r.begin for r in rhythms if r.kind == "AFIB")
    return {
        "leads": ",".join(record.leads[k] for k in columns),
        "fs": float(record.fs),
        "duration": record.duration,
        "readable": readable_seconds(annotation, record.n_samples),
        "paced": record.paced,
        "beats": total,
        **counts,
        "beats_in_noise": len(annotation.beats()) - total,
        "pvc_burden": counts["V"] / total if total else None,
        "afib_burden": fibrillation / record.n_samples if annotation.rhythms else None,
        "mean_rate": mean_rate(beats),
        "lowest_rate": extremes[0].rate if extremes else None,
        "highest_rate": extremes[1].rate if extremes else None,
        "v_runs": len(runs["V"]),
        "s_runs": len(runs["S"]),
        "pauses": sum(not pause.is_gap for pause in pauses),
    }, episodes
