"""The command ``ecgscribe``: argument parsing and exit codes, nothing else.

Exit codes: 0 done, 1 something could not be done, 2 the command line is wrong. Data go to files
or to stdout; progress, warnings and errors go to stderr, one line each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ecgscribe._arguments import parser
from ecgscribe.errors import EcgScribeError, FormatError, SignalWarning

if TYPE_CHECKING:
    from ecgscribe.record import Annotation, Record, Source
    from ecgscribe.runtime import Model
    from ecgscribe.stream import Beat, Stream

__all__ = ["main"]

SLOW_S = 2.0
"""Seconds after which a command says how far it is."""
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} gone, {remaining} left"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default what the shell gave.

    Returns
    -------
    int
        The exit code.
    """
    options = parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("always", SignalWarning)
        warnings.showwarning = _warn_in_one_line(warnings.showwarning)
        try:
            code = COMMANDS[options.verb](options)
            sys.stdout.flush()
        except KeyboardInterrupt:
            _say("stopped")
            code = 130
        except BrokenPipeError:  # the reader has what it wanted (`| head`)
            code = 1
        except (EcgScribeError, OSError) as error:
            _say(_one_line(error))
            code = 1
    _let_go_of_stdout()
    return code


def _let_go_of_stdout() -> None:
    """Drop what a full disk or a closed pipe did not take; Python would complain as it exits."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    sys.stderr.write(f"ecgscribe: {message}\n")


def _print(text: str) -> None:
    sys.stdout.write(text.rstrip("\n") + "\n")


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _warn_in_one_line(other: Callable[..., None]) -> Callable[..., None]:
    """Show a SignalWarning as one line, and any other warning as `other` does."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, SignalWarning):
            _say(f"warning: {message}")
        else:
            other(message, category, filename, lineno, file, line)

    return show


def _fetch(options: argparse.Namespace) -> int:
    from ecgscribe import datasets

    if not options.verify:
        base = {} if options.base_url is None else {"base_url": options.base_url}
        _print(str(datasets.fetch(options.db, to=options.to, **base)))
        return 0
    result = datasets.verify(options.db, data_dir=options.to)
    _print(
        f"{options.db}: {len(result.ok)} good, {len(result.bad)} bad, {len(result.absent)} absent"
    )
    for state, names in (("bad", result.bad), ("absent", result.absent)):
        for name in names:
            _print(f"{state} {name}")
    return 1 if result.bad else 0


def _info(options: argparse.Namespace) -> int:
    from ecgscribe import formats
    from ecgscribe.info import info

    record = formats.read(options.record, fs=options.fs, leads=options.leads)
    annotation = _stored(record, options) if options.annotator else None
    content = info(record, annotation, comments=options.comments)
    if options.json:
        _print(json.dumps(content, indent=1))
    else:
        _print("\n".join(f"{key.replace('_', ' ')}: {_plain(v)}" for key, v in content.items()))
    return 0


def _stored(record: Record | Source, options: argparse.Namespace) -> Annotation:
    """Read the annotations that lie beside a recording, and make sure that they are its own."""
    from ecgscribe import formats

    annotation = formats.read_annotation(options.record, options.annotator, fs=record.fs)
    formats.check_within(annotation, record)
    return annotation


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.8g}"
    return "not given" if value is None else str(value)


def _score(options: argparse.Namespace) -> int:
    from ecgscribe import ec57, formats

    reference = formats.read_annotation(options.ref)
    # A test file in another folder has no header beside it, and may not name the frequency.
    test = formats.read_annotation(options.test, fs=reference.fs)
    comparison = ec57.compare(
        reference, test, start=options.start, window=options.window, mapping=options.mapping
    )
    if options.json:
        _print(json.dumps(comparison.to_dict(), indent=1))
    else:
        _print(ec57.format_report(reference.name, options.ref, options.test, comparison))
    return 0


def _annotate(options: argparse.Namespace) -> int:
    from ecgscribe.runtime import load_model

    model = load_model(options.model)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(
            f"{options.out}: expected a folder to write into, cannot make it ({error.strerror}); "
            "choose another one with -o"
        ) from error
    written: set[Path] = set()
    failed = False
    for path in options.records:
        try:
            summary = _annotate_one(path, model, options, written)
        except (EcgScribeError, OSError) as error:
            failed = True
            message = _one_line(error)
            _say(message)
            summary = {"record": path, "error": message}
        if options.json:
            _print(json.dumps(summary))
            sys.stdout.flush()
    return 1 if failed else 0


def _annotate_one(
    path: str, model: Model, options: argparse.Namespace, written: set[Path]
) -> dict[str, Any]:
    """Annotate one recording, write its annotations and say what they hold."""
    import numpy as np

    from ecgscribe import formats
    from ecgscribe.annotate import annotate
    from ecgscribe.quality import readable_seconds
    from ecgscribe.symbols import AAMI_CLASSES

    record = formats.open_source(path, fs=options.fs, leads=options.leads)
    # The annotator stays in the name of a table too: 100.csv may be the recording itself.
    suffix = (
        options.annotator if options.format == "wfdb" else f"{options.annotator}.{options.format}"
    )
    target = options.out / f"{record.name}.{suffix}"
    if target in written:
        raise FormatError(
            f"{path}: expected another name, as this call already wrote {target}; "
            "annotate recordings of one name into folders of their own"
        )
    chosen = _chosen(record, options)
    with _progress(Path(path).name, quiet=options.quiet) as progress:
        annotation = annotate(record, model=model, leads=chosen, progress=progress)
    annotation.write(target, force=options.force)
    written.add(target)
    counted = annotation.class_index[annotation.readable]
    counts = np.bincount(counted, minlength=len(AAMI_CLASSES)).tolist()
    in_noise = len(annotation.beats()) - sum(counts)
    readable = readable_seconds(annotation, record.n_samples)
    if not options.quiet:
        beats = " ".join(f"{name} {n}" for name, n in zip(AAMI_CLASSES, counts, strict=True) if n)
        rest = f", {in_noise} more in noise" if in_noise else ""
        share = f"{100 * readable / record.duration:.1f}% readable"
        _say(f"{path}: {sum(counts)} beats ({beats or 'none'}){rest}, {share}, written to {target}")
    return {
        "record": path,
        "file": str(target),
        "seconds": record.duration,
        "readable_seconds": round(readable, 3),
        "beats_in_noise": in_noise,
        "beats": dict(zip(AAMI_CLASSES, counts, strict=True)),
        "model": model.hash,
    }


def _chosen(record: Record | Source, options: argparse.Namespace) -> tuple[str, ...] | None:
    """Give the one or two leads asked for; of more, the best are chosen."""
    return record.leads if options.leads and len(record.leads) <= 2 else None


@contextmanager
def _progress(name: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how far a recording is and how long it will take, after two seconds."""
    from tqdm import tqdm

    # None: only where someone looks, not in a log.
    off = True if quiet else None
    with tqdm(
        desc=name, delay=SLOW_S, disable=off, leave=False, bar_format=_BAR, file=sys.stderr
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def _stream(options: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from ecgscribe import _live_input as source
    from ecgscribe.runtime import load_model
    from ecgscribe.stream import Stream

    fs, leads = options.fs, options.leads
    inlet = source.lsl_inlet(options.lsl) if options.lsl is not None else None
    if inlet is not None:
        fs, leads = fs or inlet.fs, leads or inlet.leads
    if not fs or not leads:
        raise FormatError(
            "stream: expected the sampling frequency and a name for each column, found them "
            "nowhere; give --fs and --leads"
        )
    stream = Stream(fs, leads, use=options.use, model=load_model(options.model))
    failure = None
    with ExitStack() as stack:
        if inlet is not None:
            chunks = inlet.chunks
        else:
            read = source.standard_input
            if options.connect is not None:
                read = stack.enter_context(source.connected(options.connect))
            reader = source.read_lines if options.format == "text" else source.read_frames
            chunks = reader(read, len(leads))
        try:
            for chunk in source.until_interrupted(chunks):
                _print_told(stream, stream.push(chunk), peaks=options.peaks)
        except EcgScribeError as error:  # what came before it still counts
            failure = error
        _print_told(stream, stream.close(), peaks=options.peaks)
    if failure is not None:
        raise failure
    return 0


def _print_told(stream: Stream, beats: Sequence[Beat], *, peaks: bool) -> None:
    """Print what a push or the end told, one JSON line each, in the order it became known."""
    from ecgscribe.stream import Peak, to_dict

    told = [e for e in stream.events if peaks or not isinstance(e, Peak)]
    for event in sorted([*told, *beats], key=lambda e: e.known):
        _print(json.dumps(to_dict(event, stream.fs)))
    if told or beats:
        sys.stdout.flush()


def _plot(options: argparse.Namespace) -> int:
    from ecgscribe import formats, plot

    record = formats.read(options.record, fs=options.fs, leads=options.leads)
    if options.annotator:
        annotation = _stored(record, options)
    else:
        from ecgscribe.annotate import annotate
        from ecgscribe.runtime import load_model

        annotation = annotate(
            record, model=load_model(options.model), leads=_chosen(record, options)
        )
    axes = plot.strip(record, annotation, start=options.start, end=options.end)
    target = Path(f"{record.name}.png") if options.out is None else options.out
    _print(str(plot.save(axes, target, force=options.force)))
    return 0


def _report(options: argparse.Namespace) -> int:
    from ecgscribe import formats
    from ecgscribe.report import check_target, report

    record = formats.open_source(options.record, fs=options.fs, leads=options.leads)
    target = Path(f"{record.name}.html") if options.out is None else options.out
    check_target(target, force=options.force)
    annotation = _stored(record, options) if options.annotator else None
    with _progress(Path(options.record).name, quiet=options.quiet) as progress:
        report(
            record,
            annotation,
            out=target,
            model=None if options.annotator else options.model,
            leads=_chosen(record, options),
            annotator=options.annotator,
            files=formats.recording_files(options.record),
            force=options.force,
            progress=progress,
        )
    if not options.quiet:
        _print(str(target))
    return 0


def _train(options: argparse.Namespace) -> int:
    from ecgscribe.training import train

    model = train(
        options.config,
        data_dir=options.data_dir,
        out=options.out,
        synthetic=options.synthetic,
        resume=options.resume,
    )
    _print(str(model))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from ecgscribe._tables import markdown
    from ecgscribe.evaluate import evaluate

    report = evaluate(
        options.model,
        db=options.db,
        split=options.split,
        data_dir=options.data_dir,
        out=options.out,
        benchmarks=options.benchmarks,
        peers=options.peers,
        live=options.live,
        compare_with=options.compare_with,
        snrs_db=options.snr,
        force=options.force,
        purpose=options.purpose,
    )
    _print(markdown(report))
    return 0


def _demo(options: argparse.Namespace) -> int:
    from ecgscribe.demo import demo

    _print(demo(options.out, force=options.force))
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "fetch": _fetch,
    "info": _info,
    "score": _score,
    "annotate": _annotate,
    "stream": _stream,
    "plot": _plot,
    "report": _report,
    "train": _train,
    "evaluate": _evaluate,
    "demo": _demo,
}
