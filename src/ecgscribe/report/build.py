"""The report of one recording: every number once, as JSON, and a page of them as HTML or PDF."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.analysis.hrv import variability
from ecgscribe.analysis.morphology import shapes
from ecgscribe.analysis.rr_intervals import beat_series
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.files import file_sums, refuse_existing, write_bytes, write_text
from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.plots.saving import picture
from ecgscribe.quality_annotations import unreadable_spans
from ecgscribe.record import Annotation, LazyRecord, Record, check_within
from ecgscribe.report import figures
from ecgscribe.report.content import facts
from ecgscribe.report.page import page
from ecgscribe.report.strips import STRIP_S, Context, strips
from ecgscribe.signal.conditioning import choose_leads

__all__ = ["SUFFIXES", "check_target", "report"]


SUFFIXES = (".html", ".pdf")
_PACKAGES = {"fpdf": "fpdf2", "neurokit2": "neurokit2"}


def report(
    record: Record | LazyRecord,
    annotation: Annotation | None = None,
    *,
    out: str | Path | None = None,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    annotator: str | None = None,
    files: Iterable[str | Path] = (),
    force: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, Any]:
    """Report on a recording.

    Only the pieces that are shown are read again, so that memory hardly grows with its length.

    Parameters
    ----------
    record : Record or LazyRecord
        The recording.
    annotation : Annotation, optional
        Its annotations; those of the model if absent.
    out : str or Path, optional
        Page to write, ``.html`` or ``.pdf``; the numbers go beside it as ``.json``.
    model : Model, str or Path, optional
        What annotates, or what made `annotation`, as `ecgscribe.annotate` takes it.
    leads : sequence of str or int, optional
        One or two leads to annotate from and to show; by default those that serve best.
    annotator : str, optional
        Who or what made `annotation`, to be named in the report.
    files : iterable of str or Path, optional
        Files of the recording, to be told with their SHA-256; see
        `ecgscribe.formats.recording_files`.
    force : bool
        Overwrite files.
    progress : callable, optional
        As of `ecgscribe.annotate`.

    Returns
    -------
    dict
        Every number of the page; only types that JSON has.

    Raises
    ------
    FormatError
        If the recording cannot be used, the annotations are not its own, or `out` has another
        suffix, is there, or cannot be written.
    ModelError
        If the model is absent or was altered.
    EcgScribeError
        If the packages of ``ecgscribe[report]`` are not installed.
    """
    _require_packages()
    if out is not None:
        check_target(out, force=force)
    source = record.lazy() if isinstance(record, Record) else record
    sums = file_sums(files)
    columns = choose_leads(source, leads)
    if annotation is None or model is not None:
        model = load_model(model)
    if annotation is None:
        annotation = annotate(source, model=model, leads=columns, progress=progress)
        annotator = None
    check_within(annotation, source)
    annotation = _at_fs(annotation, source.fs)
    context, content = _content(source, annotation, columns, _origin(model, annotator), sums)
    if out is not None:
        _write(Path(out), context, content, force=force)
    return content


def check_target(out: str | Path, *, force: bool = False) -> None:
    """Refuse, before any work is done, a page that could not be written.

    Parameters
    ----------
    out : str or Path
        The page.
    force : bool
        Whether files may be overwritten.

    Raises
    ------
    FormatError
        If its suffix is another, it or the JSON beside it is there, or its folder is not.
    """
    out = Path(out)
    if out.suffix.lower() not in SUFFIXES:
        raise FormatError(
            f"{out}: expected a report that ends in {' or '.join(SUFFIXES)}, "
            f"found {out.suffix or 'no suffix'!r}; rename it"
        )
    if not out.parent.is_dir():
        raise FormatError(
            f"{out}: expected a folder {out.parent} to write into, found none; make it first"
        )
    for target in (out, out.with_suffix(".json")):
        if not force:
            refuse_existing(target)


def _require_packages() -> None:
    absent = [package for name, package in _PACKAGES.items() if find_spec(name) is None]
    if absent:
        raise EcgScribeError(
            f"report: expected the packages {', '.join(_PACKAGES.values())}, found no "
            f"{', '.join(absent)}; pip install 'ecgscribe[report]'"
        )


def _at_fs(annotation: Annotation, fs: float) -> Annotation:
    """Give the annotations in samples of the recording."""
    if annotation.fs == fs:
        return annotation
    sample = np.rint(annotation.sample * (fs / annotation.fs)).astype(np.int64)
    return dataclasses.replace(annotation, sample=sample, fs=fs)


def _origin(model: Model | str | Path | None, annotator: str | None) -> dict[str, Any]:
    """Say where the annotations come from."""
    about = None
    if isinstance(model, Model):
        made_with = model.meta.get("versions", {}).get("ecgscribe")
        about = {"name": str(model.meta["name"]), "version": made_with, "sha256": model.hash}
    if annotator is not None:
        text = f"stored, annotator {annotator}"
    else:
        text = "given" if about is None else f"by the model {about['name']}"
    return {"text": text, "annotator": annotator, "model": about}


def _content(
    source: LazyRecord,
    annotation: Annotation,
    columns: Sequence[int],
    origin: dict[str, Any],
    sums: Sequence[dict[str, str]],
) -> tuple[Context, dict[str, Any]]:
    beats = beat_series(annotation, source.n_samples)
    found = shapes(source, beats, columns)
    context = Context(source, annotation, beats, found, columns)
    content = facts(
        source,
        annotation,
        beats,
        variability=variability(beats, source.duration),
        shapes=found,
        columns=columns,
        origin=origin,
        files=sums,
    )
    content["paper"] = (
        f"{STRIP_S:g} s of paper at 25 mm/s and 10 mm/mV, to scale where printed at 100%"
    )
    content["strips"] = strips(context)
    return context, content


def _write(out: Path, context: Context, content: dict[str, Any], *, force: bool) -> None:
    """Make both files whole before either is written."""
    shown = page(content, _pictures(context, content))
    if out.suffix.lower() == ".html":
        from ecgscribe.report.html import html

        data = html(shown).encode("utf-8")
    else:
        from ecgscribe.report.pdf import pdf

        data = pdf(shown)
    write_text(
        out.with_suffix(".json"), json.dumps(content, indent=1, allow_nan=False) + "\n", force=force
    )
    write_bytes(out, data, force=force)


def _pictures(context: Context, content: dict[str, Any]) -> dict[str, bytes]:
    source, beats, columns = context.source, context.beats, context.columns
    drawn = {
        f"strip {k}": figures.paper_strip(
            source, context.annotation, columns, strip["begin_s"], strip["end_s"]
        )
        for k, strip in enumerate(content["strips"])
    }
    if beats.has_rr.any():
        drawn["histogram"] = picture(figures.rr_histogram(beats))
        stretches = unreadable_spans(context.annotation, source.n_samples)
        drawn["tachogram"] = picture(figures.tachogram(beats, source, stretches=stretches))
    if context.shapes:
        names, units = (
            np.array(of_leads)[list(columns)].tolist() for of_leads in (source.leads, source.units)
        )
        drawn["shapes"] = picture(figures.beat_overlay(context.shapes, names, units))
    return drawn
