"""The command ``ecgscribe``: argument parsing and exit codes, nothing else.

Exit codes: 0 done, 1 something could not be done, 2 the command line is wrong. Data go to files
or to stdout; progress, warnings and errors go to stderr, one line each.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ecgscribe._arguments import parser
from ecgscribe._parser import parse
from ecgscribe._verb_tools import chosen_leads, print_text, progress_bar, stored, tell
from ecgscribe.errors import EcgScribeError, FormatError, SignalWarning

if TYPE_CHECKING:
    from ecgscribe.model.runtime import Model

__all__ = ["main"]


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
    options = parse(parser(), arguments)
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


@contextmanager
def _log_off(off: bool) -> Iterator[None]:
    """Keep a verb's log and bars from the terminal; warnings and errors still come."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere if off else sys.stderr):
        yield


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _warn_in_one_line(other: Callable[..., None]) -> Callable[..., None]:
    """Show a SignalWarning as one line, and any other warning as `other` does."""
    terminal = sys.stderr  # also where --quiet takes it from the log of a verb

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, SignalWarning):
            terminal.write(f"ecgscribe: warning: {message}\n")
        else:
            other(message, category, filename, lineno, file, line)

    return show


def _fetch(options: argparse.Namespace) -> int:
    from ecgscribe import datasets

    if not options.verify:
        base = {} if options.base_url is None else {"base_url": options.base_url}
        progress = not options.quiet
        folder = datasets.fetch(options.db, to=options.to, progress=progress, **base)
        tell(str(folder), {"db": options.db, "folder": str(folder)}, options)
        return 0
    result = datasets.verify(options.db, data_dir=options.to)
    lines = [
        f"{options.db}: {len(result.ok)} good, {len(result.bad)} bad, {len(result.absent)} absent",
        *(f"bad {name}" for name in result.bad),
        *(f"absent {name}" for name in result.absent),
    ]
    tell("\n".join(lines), {"db": options.db, **dataclasses.asdict(result)}, options)
    return 1 if result.bad else 0


def _info(options: argparse.Namespace) -> int:
    from ecgscribe import formats
    from ecgscribe.analysis.summary import info

    record = formats.read(options.record, fs=options.fs, leads=options.leads)
    annotation = stored(record, options) if options.annotator else None
    content = info(record, annotation, comments=options.comments)
    if options.json:
        print_text(json.dumps(content, indent=1))
    else:
        print_text("\n".join(f"{key.replace('_', ' ')}: {_plain(v)}" for key, v in content.items()))
    return 0


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
    from ecgscribe import formats, metrics

    reference = formats.read_annotation(options.ref)
    # A test file in another folder has no header beside it, and may not name the frequency.
    test = formats.read_annotation(options.test, fs=reference.fs)
    comparison = metrics.compare(
        reference, test, start=options.start, window=options.window, mapping=options.mapping
    )
    if options.json:
        print_text(json.dumps(comparison.to_dict(), indent=1))
    else:
        print_text(metrics.format_report(reference.name, options.ref, options.test, comparison))
    return 0


def _annotate(options: argparse.Namespace) -> int:
    from ecgscribe.model.runtime import load_model

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
            print_text(json.dumps(summary))
            sys.stdout.flush()
    return 1 if failed else 0


def _annotate_one(
    path: str, model: Model, options: argparse.Namespace, written: set[Path]
) -> dict[str, Any]:
    """Annotate one recording, write its annotations and say what they hold."""
    import numpy as np

    from ecgscribe import formats
    from ecgscribe.pipeline.annotate import annotate
    from ecgscribe.quality_annotations import readable_seconds
    from ecgscribe.symbols import AAMI_CLASSES

    record = formats.open_record(path, fs=options.fs, leads=options.leads)
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
    chosen = chosen_leads(record, options)
    with progress_bar(Path(path).name, quiet=options.quiet) as progress:
        annotation = annotate(record, model=model, leads=chosen, progress=progress)
    formats.write(annotation, target, force=options.force)
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


def _stream(options: argparse.Namespace) -> int:
    from ecgscribe._stream_verb import run_stream

    run_stream(options)
    return 0


def _plot(options: argparse.Namespace) -> int:
    from ecgscribe._picture_verbs import run_plot

    run_plot(options)
    return 0


def _explain(options: argparse.Namespace) -> int:
    from ecgscribe._picture_verbs import run_explain

    run_explain(options)
    return 0


def _report(options: argparse.Namespace) -> int:
    from ecgscribe._picture_verbs import run_report

    run_report(options)
    return 0


def _train(options: argparse.Namespace) -> int:
    from ecgscribe.model.runtime import load_model
    from ecgscribe.training.train import train

    with _log_off(options.quiet):
        model = train(
            options.config,
            data_dir=options.data_dir,
            out=options.out,
            synthetic=options.synthetic,
            resume=options.resume,
        )
    content = {"file": str(model), "model": load_model(model).hash}
    tell(str(model), content, options)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from ecgscribe.evaluation.evaluate import evaluate
    from ecgscribe.evaluation.markdown import markdown

    with _log_off(options.quiet):
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
    tell(markdown(report), report, options)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from ecgscribe.demo import demo

    table = demo(options.out, force=options.force)
    if not options.quiet:
        print_text(table)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from ecgscribe import doctor

    found = doctor.examine(data_dir=options.data_dir)
    print_text(json.dumps(found, indent=1) if options.json else doctor.report(found))
    return 1 if found["problems"] else 0


def _completion(options: argparse.Namespace) -> int:
    from ecgscribe._completion import completion

    print_text(completion(parser(), options.shell))
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "fetch": _fetch,
    "info": _info,
    "score": _score,
    "annotate": _annotate,
    "stream": _stream,
    "plot": _plot,
    "explain": _explain,
    "report": _report,
    "train": _train,
    "evaluate": _evaluate,
    "demo": _demo,
    "doctor": _doctor,
    "completion": _completion,
}
