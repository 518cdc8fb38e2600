"""What ``ecgscribe demo`` does: make a recording, annotate it, score it, show it on one page.

The recording is made with `ecgscribe.datasets.synthetic_settings.DEMO`, settings that no training
uses. It shows that the parts work together; how well the model does on people is in BENCHMARKS.md.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ecgscribe import formats, metrics
from ecgscribe.cli.demo_page import NOTE, demo_page
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import DEMO
from ecgscribe.errors import FormatError
from ecgscribe.files import make_folder, whole_folder, write_text
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.report.html import html

__all__ = ["demonstrate"]

_NAME = "demo"
_REFERENCE = "ref"
_SEED = 8
_DURATION = 300.0


def demonstrate(out: str | Path, *, force: bool = False) -> str:
    """Annotate and score a synthetic recording, and write a page about it.

    Parameters
    ----------
    out : str or Path
        Folder to write to, made if missing: the record ``demo.hea`` and ``demo.dat``, its
        reference beats ``demo.ref``, the model's beats ``demo.scribe``, and the page
        ``demo.html``.
    force : bool
        Overwrite an earlier demo.

    Returns
    -------
    str
        The table: the model's beats against the reference, counted from 0:00 on.

    Raises
    ------
    FormatError
        If there is an earlier demo and not `force`, or the folder cannot be written.
    ModelError
        If the model of the package is missing or altered.
    """
    out = Path(out)
    _prepare(out, force=force)
    model = load_model()
    made, reference = synthesize(DEMO, duration=_DURATION, seed=_SEED, name=_NAME)
    made = dataclasses.replace(made, comments=("synthetic, made by ecgscribe",))
    with whole_folder(out, force=force) as scratch:
        formats.write_record(made, scratch)
        formats.write(reference, scratch / f"{_NAME}.{_REFERENCE}")
        record = formats.read(scratch / _NAME)  # as any other recording: what the file holds
        predicted = annotate(record, model=model)
        formats.write(predicted, scratch / f"{_NAME}.{formats.DEFAULT_ANNOTATOR}")
        comparison = metrics.compare(reference, predicted, start=0.0)
        page = demo_page(record, reference, predicted, comparison, model_hash=model.hash)
        write_text(scratch / f"{_NAME}.html", html(page))
    table = metrics.format_report(_NAME, _REFERENCE, formats.DEFAULT_ANNOTATOR, comparison)
    return f"{table}\n\n{NOTE}\n\nPage: {out / f'{_NAME}.html'}"


def _prepare(out: Path, *, force: bool) -> None:
    """Make the folder; before any work is done, refuse to overwrite an earlier demo."""
    make_folder(out)
    suffixes = (".hea", ".dat", f".{_REFERENCE}", f".{formats.DEFAULT_ANNOTATOR}", ".html")
    existing = [f"{_NAME}{suffix}" for suffix in suffixes if (out / f"{_NAME}{suffix}").exists()]
    if existing and not force:
        raise FormatError(
            f"{out}: expected a folder without an earlier demo, found {', '.join(existing)}; "
            "choose another one or replace it with --force"
        )
