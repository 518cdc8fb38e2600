"""The whole way on a recording made for it: synthesise, annotate, score, show on one page.

The recording is made with `ecgscribe.datasets.synthetic_settings.DEMO`, settings that no training
uses. It shows that the parts work together; how well the model does on people is in BENCHMARKS.md.
"""

from __future__ import annotations

import base64
import dataclasses
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ecgscribe import formats, metrics, plots
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import DEMO
from ecgscribe.errors import FormatError
from ecgscribe.files import write_text
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record
from ecgscribe.symbols import AAMI_CLASSES, CLASS_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NOTE", "demo"]

NOTE = (
    "An illustration on a synthetic recording, not evidence: these figures say nothing about "
    "recordings of people. A research tool, not a medical device."
)
"""What the table and the page say of themselves."""

_NAME = "demo"
_REFERENCE = "ref"
_SEED = 8
_DURATION = 300.0
_STRIP = 10.0  # s of paper in each picture

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
img { max-width: 100%; display: block; margin: .5rem 0; }
pre { background: #f4f4f4; padding: .8rem; overflow-x: auto; font-size: 13px; line-height: 1.35; }
.note { border-left: 4px solid #D55E00; background: #fdf3ec; padding: .6rem 1rem; }
figure { margin: 1.5rem 0; }
"""


def demo(out: str | Path, *, force: bool = False) -> str:
    """Annotate and score a synthetic recording, and write a page about it.

    Parameters
    ----------
    out : str or Path
        Folder to write to, made if absent: the record ``demo.hea`` and ``demo.dat``, its known
        beats ``demo.ref``, the beats found ``demo.scribe``, and the page ``demo.html``.
    force : bool
        Overwrite an earlier demo.

    Returns
    -------
    str
        The table: what was found against what is known, counted from 0:00 on.

    Raises
    ------
    FormatError
        If there is an earlier demo and not `force`, or the folder cannot be written.
    ModelError
        If the model of the package is absent or altered.
    """
    out = Path(out)
    _prepare(out, force=force)
    model = load_model()
    made, known = synthesize(DEMO, duration=_DURATION, seed=_SEED, name=_NAME)
    made = dataclasses.replace(made, comments=("synthetic, made by ecgscribe",))
    formats.write_record(made, out, force=force)
    formats.write(known, out / f"{_NAME}.{_REFERENCE}", force=force)
    record = formats.read(out / _NAME)  # as any other recording: what the file holds
    found = annotate(record, model=model)
    formats.write(found, out / f"{_NAME}.{formats.DEFAULT_ANNOTATOR}", force=force)
    comparison = metrics.compare(known, found, start=0.0)
    report = metrics.format_report(_NAME, _REFERENCE, formats.DEFAULT_ANNOTATOR, comparison)
    page = _page(record, known, found, comparison, report, model_hash=model.hash)
    target = write_text(out / f"{_NAME}.html", page, force=force)
    return f"{report}\n\n{NOTE}\n\nPage: {target}"


def _prepare(out: Path, *, force: bool) -> None:
    """Make the folder; refuse before any work is done what would overwrite something."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(
            f"{out}: expected a folder for the demo, cannot make it ({error.strerror}); "
            "choose another one"
        ) from error
    suffixes = (".hea", ".dat", f".{_REFERENCE}", f".{formats.DEFAULT_ANNOTATOR}", ".html")
    there = [f"{_NAME}{suffix}" for suffix in suffixes if (out / f"{_NAME}{suffix}").exists()]
    if there and not force:
        raise FormatError(
            f"{out}: expected a folder without an earlier demo, found {', '.join(there)}; "
            "choose another one or replace it with --force"
        )


def _page(
    record: Record,
    known: Annotation,
    found: Annotation,
    comparison: metrics.Comparison,
    table: str,
    *,
    model_hash: str,
) -> str:
    counts = np.bincount(known.beats().class_index, minlength=len(AAMI_CLASSES))
    present = [name for name, count in zip(AAMI_CLASSES, counts, strict=True) if count]
    held = ", ".join(f"{counts[AAMI_CLASSES.index(name)]} {name}" for name in present)
    legend = "; ".join(f"{name}: {CLASS_NAMES[name]}" for name in present)
    strips = [
        _figure(
            plots.strip(record, found, start=start, end=start + _STRIP),
            f"{what}. Known: {_letters(known, start)}. Found: {_letters(found, start)}.",
        )
        for start, what in _stretches(known, found, comparison)
    ]
    body = [
        "<h1>ecgscribe: a demonstration</h1>",
        f'<p class="note">{escape(NOTE)}</p>',
        f"<p>{record.duration / 60:.0f} minutes of {len(record.leads)} leads at {record.fs:g} Hz, "
        f"made with beats of known class ({escape(held)}) and with baseline wander, mains hum, "
        "muscle and electrode noise, by settings that training never uses. The model in the "
        f"package (SHA-256 <code>{escape(model_hash)}</code>) annotated it; the colours and "
        "letters in the pictures are what it found.</p>",
        "<h2>What was found against what is known</h2>",
        f"<pre>{escape(table)}</pre>",
        _figure(plots.confusion(comparison.matrix), "Beats by known and found class."),
        f"<h2>On paper</h2>\n<p>{escape(legend)}.</p>",
        *strips,
        "<h2>The whole recording</h2>",
        _figure(plots.heart_rate(found), "Heart rate at every beat found, by class."),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>ecgscribe: a demonstration</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _stretches(
    known: Annotation, found: Annotation, comparison: metrics.Comparison
) -> list[tuple[float, str]]:
    """Choose what to show: the first beat of each ectopic class, and the first mistake."""
    beats = known.beats()
    events = [
        (float(beats.sample[np.flatnonzero(beats.class_index == index)[0]]), what)
        for index, what in (
            (1, "The first supraventricular beat"),
            (2, "The first ventricular beat"),
        )
        if np.any(beats.class_index == index)
    ]
    reference, test = comparison.pairs.reference_index, comparison.pairs.test_index
    for i, j in zip(reference, test, strict=True):
        if i < 0 or j < 0 or beats.class_index[i] != found.beats().class_index[j]:
            at = beats.sample[i] if i >= 0 else found.beats().sample[j]
            events.append((float(at), "The first mistake"))
            break
    last = _DURATION - _STRIP
    stretches: dict[float, str] = {}
    for at, what in sorted(events):
        start = min(max(0.0, at / known.fs - _STRIP / 2), last)
        stretches[start] = f"{stretches[start]}. {what}" if start in stretches else what
    return list(stretches.items())


def _letters(annotation: Annotation, start: float) -> str:
    """Classes of the beats in a strip, as one word of letters."""
    beats = annotation.beats()
    time = beats.sample / beats.fs
    inside = (time >= start) & (time <= start + _STRIP)
    return "".join(AAMI_CLASSES[k] for k in beats.class_index[inside])


def _figure(ax: Axes, caption: str) -> str:
    """Put a picture into the page itself, so that the page is one file."""
    data = base64.b64encode(plots.png(ax)).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
