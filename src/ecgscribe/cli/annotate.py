"""The command ``annotate``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.messages import complain
from ecgscribe.cli.output import print_text
from ecgscribe.cli.recordings import annotate_recording, chosen_leads, input_files
from ecgscribe.cli.values import Choice
from ecgscribe.errors import EcgScribeError, FormatError, one_line
from ecgscribe.files import make_folder, refuse_existing, refuse_input

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, LazyRecord

__all__ = ["annotate", "rhythm_seconds"]


@command("annotate data/mitdb/100 data/mitdb/101 -o out")
@click.argument("records", metavar="RECORD...", nargs=-1, required=True, type=click.Path())
@options.fs
@options.leads("Leads to analyse, or to choose the best two from (default: all)")
@options.out_folder
@click.option(
    "-f", "--format", "kind", type=Choice(["wfdb", "csv", "json", "parquet", "edf"]),
    default="wfdb", show_default=True, help="Format to write.",
)  # fmt: skip
@options.written_annotator("scribe")
@options.model
@options.no_dates
@options.force()
@options.as_json("a summary of each recording, one JSON line per recording")
@options.quiet
def annotate(
    records: tuple[str, ...],
    *,
    fs: float | None,
    leads: tuple[str, ...] | None,
    out: Path,
    kind: str,
    annotator: str,
    model: str,
    no_dates: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find and classify the beats of recordings.

    The annotations of each RECORD go to a file of its name in the output folder. A recording that
    cannot be annotated does not stop the others; the exit code is then 1, and the last line names
    those that failed.
    """
    from ecgscribe import formats
    from ecgscribe.model.runtime import load_model
    from ecgscribe.signal.conditioning import choose_leads

    loaded = load_model(model)
    make_folder(out)
    # The annotator stays in the name of a table too: 100.csv may be the recording itself.
    suffix = annotator if kind == "wfdb" else f"{annotator}.{kind}"
    written: set[Path] = set()
    failed: list[str] = []
    unprinted: str | None = None
    for path in records:
        try:
            record = formats.open_record(path, fs=fs, leads=leads)
            target = out / f"{record.name}.{suffix}"
            _refuse_same_name(path, target, written)
            refuse_input(target, input_files(path, model=loaded))
            refuse_input(target, _of_others(records, target))
            refuse_existing(target, force=force)
            columns = choose_leads(record, chosen_leads(record, leads))
            annotation = annotate_recording(record, model=loaded, leads=columns, quiet=quiet)
            if no_dates:
                annotation = dataclasses.replace(annotation, start=None)
            formats.write(annotation, target, force=force)
            written.add(target)
            summary = _summary(record, path, annotation, target, columns) | {"model": loaded.hash}
            if not quiet:
                complain(_sentence(summary))
        except (EcgScribeError, OSError, MemoryError) as error:
            failed.append(path)
            line = one_line(error)
            line = f"{path}: {line}" if isinstance(error, MemoryError) else line
            complain(line)
            summary = {"record": path, "error": line}
        if as_json and unprinted is None:
            unprinted = _refusal(json.dumps(summary))
    if unprinted is not None:
        complain(unprinted)
    if failed and len(records) > 1:
        complain(f"{len(failed)} of {len(records)} recordings failed: {', '.join(failed)}")
    if failed or unprinted is not None:
        raise click.exceptions.Exit(1)


def _refusal(text: str) -> str | None:
    """Print a line; return why it cannot be printed, which does not end a batch."""
    try:
        print_text(text)
    except EcgScribeError as error:
        return one_line(error)
    return None


def _of_others(records: Sequence[str], target: Path) -> Iterator[Path]:
    """Yield the files of those recordings of a batch which a target may belong to by its name."""
    from ecgscribe.formats.finding import without_suffix

    for path in records:
        if target.name.startswith(without_suffix(Path(path)).name):
            with suppress(EcgScribeError):  # named when its turn comes
                yield from input_files(path)


def _refuse_same_name(path: str, target: Path, written: set[Path]) -> None:
    if target in written:
        raise FormatError(
            f"{path}: expected a recording of another name, as this call already wrote {target}; "
            "annotate recordings of the same name into separate folders"
        )


def _summary(
    record: LazyRecord, path: str, annotation: Annotation, target: Path, columns: Sequence[int]
) -> dict[str, Any]:
    import numpy as np

    from ecgscribe.quality_annotations import readable_seconds
    from ecgscribe.symbols import AAMI_CLASSES

    counted = annotation.class_index[annotation.readable]
    counts = np.bincount(counted, minlength=len(AAMI_CLASSES)).tolist()
    return {
        "record": path,
        "file": str(target),
        "leads": [record.leads[k] for k in columns],
        "seconds": record.duration,
        "readable_seconds": round(readable_seconds(annotation, record.n_samples), 3),
        "beats_in_noise": len(annotation.beats()) - sum(counts),
        "beats": dict(zip(AAMI_CLASSES, counts, strict=True)),
        "rhythms": rhythm_seconds(annotation) if annotation.rhythms else None,
    }


def rhythm_seconds(annotation: Annotation) -> dict[str, float]:
    """Return the seconds of each rhythm, such as ``VT``, that is not ``N``."""
    seconds: dict[str, float] = {}
    for span in annotation.rhythms:
        if span.kind != "N":
            length = (span.end - span.begin) / annotation.fs
            seconds[span.kind] = round(seconds.get(span.kind, 0) + length, 3)
    return seconds


def _sentence(summary: dict[str, Any]) -> str:
    beats = " ".join(f"{name} {count}" for name, count in summary["beats"].items() if count)
    in_noise = f", {summary['beats_in_noise']} more in noise" if summary["beats_in_noise"] else ""
    from ecgscribe.rhythms import RHYTHM_NAMES

    rhythms = "".join(
        f", {RHYTHM_NAMES[kind]} {length:.0f} s"
        for kind, length in (summary["rhythms"] or {}).items()
    )
    share = 100 * summary["readable_seconds"] / summary["seconds"]
    return (
        f"{summary['record']}: {sum(summary['beats'].values())} beats ({beats or 'none'})"
        f"{in_noise}{rhythms}, {share:.1f}% readable in {', '.join(summary['leads'])}, "
        f"written to {summary['file']}"
    )
