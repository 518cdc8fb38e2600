"""What a worker does with one recording."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import tempfile
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecgscribe._version import __version__
from ecgscribe.archive.sources import fetch, is_url
from ecgscribe.archive.tables import (
    SCHEMA_VERSION,
    output_files,
    report_file,
    result_file,
    wfdb_file,
    write_beats,
    write_episodes,
    write_result,
)
from ecgscribe.errors import EcgScribeError, FormatError, SignalWarning, one_line
from ecgscribe.scratch import scratch_folder

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

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
    no_dates : bool
        Whether the start of the recording is left out of what is written.
    wfdb, reports : bool
        Whether its annotations are also written for WFDB, and its report.
    """

    fs: float | None = None
    leads: tuple[str, ...] | None = None
    no_dates: bool = False
    wfdb: bool = False
    reports: bool = False

    def text(self) -> str:
        """Return them as JSON, with the version of ecgscribe: where it differs, a row is redone."""
        return json.dumps(dataclasses.asdict(self) | {"version": __version__})


def key_of(path: str) -> str:
    """Return the name of the files of a recording: its own, and a hash of where it is."""
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(path).stem)[:60]
    return f"{name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


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
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore", SignalWarning)
        scratch = ""
        try:
            local = Path(path)
            if is_url(path):
                folder = stack.enter_context(scratch_folder(Path(tempfile.gettempdir())))
                scratch, local = str(folder), fetch(path, folder)
            return _annotate(path, local, Path(dest), model, options)
        except (EcgScribeError, OSError, MemoryError) as error:
            # Plain text: it is sent to the client, and names no folder of this worker.
            said = one_line(error)
            raise FormatError(said.replace(f"{scratch}/", "") if scratch else said) from None


def write_failure(path: str, dest: Path, model: Model, options: Options, error: str) -> None:
    """Keep in the archive that a recording failed, and remove tables of it that no longer hold."""
    key = key_of(path)
    _remove(dest, key)
    about = {"model": model.hash, "options": options.text()}
    write_result(dest, {"recording": path, "key": key, "status": "failed", "error": error} | about)


def _annotate(path: str, local: Path, dest: Path, model: Model, options: Options) -> bool:
    from ecgscribe import formats
    from ecgscribe.archive.figures import episodes_of, figures_of
    from ecgscribe.files import file_sums, make_folder
    from ecgscribe.pipeline.annotate import annotate
    from ecgscribe.report.build import origin_entry, report_on
    from ecgscribe.report.inputs import report_inputs
    from ecgscribe.signal.conditioning import choose_leads

    key = key_of(path)
    try:
        sums = file_sums(formats.recording_files(local))
    except FileNotFoundError:
        formats.open_record(local, fs=options.fs, leads=options.leads)  # says which file is missing
        raise
    content = sorted(f"{each['name']} {each['sha256']}" for each in sums)
    about = {
        "recording": path,
        "key": key,
        "sha256": hashlib.sha256(os.fsencode("\n".join(content))).hexdigest(),
        "model": model.hash,
        "options": options.text(),
    }
    if _is_done(dest, about, options):
        return False
    result_file(dest, key).unlink(missing_ok=True)  # it no longer holds
    _remove(dest, key)
    record = formats.open_record(local, fs=options.fs, leads=options.leads)
    if options.no_dates:
        record = dataclasses.replace(record, start=None)
    chosen = record.leads if options.leads and len(record.leads) <= 2 else None
    columns = choose_leads(record, chosen)
    annotation = annotate(record, model=model, leads=columns, threads=1)  # the workers are many
    inputs = report_inputs(record, annotation, columns)
    write_beats(dest, key, path, annotation)
    write_episodes(dest, key, path, episodes_of(inputs), annotation.fs)
    if options.wfdb:
        make_folder(wfdb_file(dest, key).parent)
        formats.write(annotation, wfdb_file(dest, key), force=True)
    if options.reports:
        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # as in a command
        make_folder(report_file(dest, key).parent)
        origin = origin_entry(inputs.annotation, model=model)
        report_on(inputs, origin=origin, files=sums, out=report_file(dest, key), force=True)
    write_result(dest, about | {"status": "done"} | figures_of(inputs))
    return True


def _remove(dest: Path, key: str) -> None:
    """Remove what an earlier run wrote of a recording, perhaps with other options."""
    for file in output_files(dest, key, wfdb=True, reports=True):
        file.unlink(missing_ok=True)


def _is_done(dest: Path, about: dict[str, str], options: Options) -> bool:
    try:
        row = json.loads(result_file(dest, about["key"]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    files = output_files(dest, about["key"], wfdb=options.wfdb, reports=options.reports)
    there = all(file.is_file() for file in files)
    wanted = about | {"status": "done", "schema": SCHEMA_VERSION}
    return there and all(row.get(name) == value for name, value in wanted.items())
