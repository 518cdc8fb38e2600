"""What the command line takes: every verb, its options and an example of each."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from ecgscribe._parser import Parser
from ecgscribe._version import __version__

__all__ = ["parser"]


def _seconds(text: str) -> float:
    """Read ``90``, ``1:30`` or ``0:01:30`` as seconds."""
    parts = [float(part) for part in text.split(":")]
    if len(parts) > 3 or not all(0 <= part < math.inf for part in parts):
        raise ValueError
    return sum(value * 60.0**power for power, value in enumerate(reversed(parts)))


_seconds.__name__ = "time"  # what argparse calls it in "invalid time value"


def _annotator(text: str) -> str:
    if not (text.isascii() and text.isalpha()):
        raise argparse.ArgumentTypeError(f"expected letters only, found '{text}'")
    if text.lower() in {"atr", "hea", "dat", "mat", "csv", "json", "parquet", "edf"}:
        raise argparse.ArgumentTypeError(
            f"expected a name for the model's annotations, found '{text}', which names "
            "something else; choose another"
        )
    return text


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _reading(verb: argparse.ArgumentParser, leads: str) -> None:
    verb.add_argument(
        "--fs", metavar="HZ", type=float, help="sampling frequency, where the file gives none"
    )
    verb.add_argument(
        "--leads",
        metavar="A,B",
        type=_names,
        help=f"{leads}; for a file that names no columns, a name for each",
    )


def _model(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--model", metavar="M", default="default", help="model: a name or a file of weights"
    )


def _quiet(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--quiet", action="store_true", help="print only warnings and errors")


def _json(verb: argparse.ArgumentParser, what: str = "JSON") -> None:
    verb.add_argument("--json", action="store_true", help=f"print {what}")


def _fetch(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("db", choices=["mitdb", "svdb", "nstdb"], help="database")
    verb.add_argument(
        "--to",
        "--data-dir",
        metavar="DIR",
        type=Path,
        help="folder that holds the databases (default: ECGSCRIBE_DATA, else a cache folder)",
    )
    verb.add_argument(
        "--verify",
        action="store_true",
        help="download nothing; compare what is here with the published sums",
    )
    verb.add_argument("--base-url", metavar="URL", help="a mirror laid out as PhysioNet is")
    _json(verb)
    _quiet(verb)


def _info(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("record", metavar="RECORD", help="recording, with or without its suffix")
    _reading(verb, "leads to tell of (default: all)")
    verb.add_argument("--annotator", metavar="EXT", help="annotations to count too, such as atr")
    _json(verb)
    verb.add_argument(
        "--comments",
        action="store_true",
        help="print the header's comments and start time too, which may identify the person",
    )


def _score(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("ref", metavar="REF", help="reference annotations, such as 100.atr")
    verb.add_argument("test", metavar="TEST", help="test annotations, such as 100.scribe")
    verb.add_argument(
        "-f",
        dest="start",
        metavar="TIME",
        type=_seconds,
        default=300.0,
        help="where to start, in seconds or m:s (default: 5:00)",
    )
    verb.add_argument(
        "-w",
        dest="window",
        metavar="SECONDS",
        type=_seconds,
        default=0.15,
        help="largest distance of two matching beats (default: 0.15)",
    )
    verb.add_argument(
        "--mapping",
        choices=["ec57", "literature"],
        default="ec57",
        help="table that gives a symbol its class (default: ec57)",
    )
    _json(verb)


def _annotate(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("records", metavar="RECORD", nargs="+", help="recordings")
    _reading(verb, "leads to use, or to choose the best two from (default: all)")
    verb.add_argument(
        "-o",
        dest="out",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="folder to write into (default: the current one)",
    )
    verb.add_argument(
        "-f",
        dest="format",
        choices=["wfdb", "csv", "json", "parquet", "edf"],
        default="wfdb",
        help="format to write (default: wfdb)",
    )
    _json(verb, "a summary of each recording, one JSON line each")
    verb.add_argument(
        "--annotator",
        metavar="EXT",
        type=_annotator,
        default="scribe",
        help="suffix of the files written (default: scribe)",
    )
    verb.add_argument("--force", action="store_true", help="overwrite files")
    _quiet(verb)
    _model(verb)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, found '{text}'")
    return host.strip("[]"), int(port)


def _stream(verb: argparse.ArgumentParser) -> None:
    source = verb.add_mutually_exclusive_group()
    source.add_argument(
        "--connect",
        metavar="HOST:PORT",
        type=_address,
        help="read from a TCP server (default: from stdin)",
    )
    source.add_argument(
        "--lsl", metavar="NAME", help="read a stream of the Lab Streaming Layer (ecgscribe[lsl])"
    )
    verb.add_argument("--fs", metavar="HZ", type=float, help="sampling frequency")
    verb.add_argument(
        "--leads", metavar="A,B", type=_names, help="one name for each column of the samples"
    )
    verb.add_argument(
        "--use", metavar="A,B", type=_names, help="of these, the leads to use (default: by name)"
    )
    verb.add_argument(
        "--format",
        choices=["text", "int16"],
        default="text",
        help="text: one line a sample, values apart by commas or blanks; int16: little-endian "
        "frames (default: text)",
    )
    verb.add_argument(
        "--peaks", action="store_true", help="tell R-peaks too, before their class is known"
    )
    _model(verb)


def _plot(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("record", metavar="RECORD", help="recording")
    _reading(verb, "leads to draw and to annotate from (default: all)")
    verb.add_argument(
        "--kind",
        choices=["strip", "day", "lorenz", "timeline"],
        default="strip",
        help="strip: ECG paper; day: heart rate, an hour to a line; lorenz: each RR interval "
        "against the next; timeline: beats of each class over time (default: strip)",
    )
    verb.add_argument(
        "--from", dest="start", metavar="TIME", type=_seconds, help="of a strip (default: 0:00)"
    )
    verb.add_argument(
        "--to",
        dest="end",
        metavar="TIME",
        type=_seconds,
        help="of a strip (default: 10 s after --from)",
    )
    verb.add_argument(
        "-o",
        dest="out",
        metavar="FILE",
        type=Path,
        help="picture to write, .png, .pdf or .svg (default: RECORD.png here)",
    )
    verb.add_argument(
        "--annotator", metavar="EXT", help="annotations to show (default: the model's own)"
    )
    verb.add_argument("--force", action="store_true", help="overwrite the picture")
    _json(verb, "where the picture is as JSON")
    _quiet(verb)
    _model(verb)


def _explain(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("record", metavar="RECORD", help="recording")
    verb.add_argument(
        "--at",
        metavar="TIME",
        type=_seconds,
        required=True,
        help="the beat nearest to it, in seconds or h:m:s",
    )
    _reading(verb, "leads to use, or to choose the best two from (default: all)")
    verb.add_argument(
        "-o",
        dest="out",
        metavar="FILE",
        type=Path,
        help="draw a picture too, .png, .pdf or .svg",
    )
    _json(verb)
    _quiet(verb)
    verb.add_argument("--force", action="store_true", help="overwrite the picture")
    _model(verb)


def _report(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("record", metavar="RECORD", help="recording")
    _reading(verb, "leads to use and to show, or to choose the best two from (default: all)")
    verb.add_argument(
        "-o",
        dest="out",
        metavar="FILE",
        type=Path,
        help="page to write, .html or .pdf, with its numbers beside it as .json "
        "(default: RECORD.html here)",
    )
    verb.add_argument(
        "--annotator", metavar="EXT", help="stored annotations to use (default: the model's own)"
    )
    verb.add_argument("--force", action="store_true", help="overwrite files")
    _json(verb, "all numbers of the report as JSON")
    _quiet(verb)
    _model(verb)


def _train(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--config", metavar="FILE", type=Path, help="settings (default: default.toml)"
    )
    verb.add_argument("--data-dir", metavar="DIR", type=Path, help="folder that holds mitdb")
    verb.add_argument(
        "--out",
        metavar="RUN",
        type=Path,
        default=Path("run"),
        help="run folder to write (default: run)",
    )
    verb.add_argument(
        "--synthetic",
        action="store_true",
        help="train a small model on generated recordings, in minutes and without a database",
    )
    verb.add_argument("--resume", action="store_true", help="go on where the run folder stopped")
    _json(verb, "where the model is, and its hash, as JSON")
    _quiet(verb)


def _evaluate(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--db", choices=["mitdb", "svdb"], default="mitdb", help="default: mitdb")
    verb.add_argument(
        "--split",
        default="ds2",
        help="ds1, ds2, all, paced, or held-out: those that training held out (default: ds2)",
    )
    verb.add_argument("--data-dir", metavar="DIR", type=Path, help="folder that holds mitdb")
    verb.add_argument("--out", metavar="DIR", type=Path, help="folder for tables and plots")
    verb.add_argument(
        "--benchmarks", metavar="FILE", type=Path, help="file for the text alone: BENCHMARKS.md"
    )
    verb.add_argument("--peers", action="store_true", help="measure other detectors too")
    verb.add_argument("--live", action="store_true", help="measure the live path too")
    verb.add_argument(
        "--compare-with",
        metavar="M",
        nargs="+",
        default=[],
        help="other models to measure on the same records",
    )
    verb.add_argument(
        "--snr",
        metavar="DB",
        nargs="+",
        type=float,
        default=[],
        help="find R-peaks also with recorded noise added at these signal-to-noise ratios",
    )
    verb.add_argument(
        "--purpose",
        metavar="TEXT",
        default="evaluation",
        help="why DS2 is run, for experiments/ds2.csv",
    )
    verb.add_argument("--force", action="store_true", help="overwrite files")
    _json(verb, "all figures as JSON instead of tables")
    _quiet(verb)
    _model(verb)


def _demo(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "-o",
        dest="out",
        metavar="DIR",
        type=Path,
        default=Path("ecgscribe-demo"),
        help="folder for the page and its files (default: ecgscribe-demo)",
    )
    verb.add_argument("--force", action="store_true", help="overwrite an earlier demo")
    _quiet(verb)


def _doctor(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data-dir", metavar="DIR", type=Path, help="folder that holds databases")
    _json(verb)


def _completion(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("shell", choices=["bash", "zsh", "tcsh"], help="shell to write it for")


VERBS = (
    (
        _fetch,
        "download a database from PhysioNet, or verify one that is here",
        "fetch mitdb --to data",
    ),
    (_info, "say what a recording holds", "info data/mitdb/100 --annotator atr"),
    (
        _score,
        "compare two annotation files beat by beat, as ANSI/AAMI EC57 says",
        "score data/mitdb/100.atr 100.scribe -f 0",
    ),
    (
        _annotate,
        "find and classify the beats of recordings",
        "annotate data/mitdb/100 data/mitdb/101 -o out",
    ),
    (
        _stream,
        "find and classify beats as samples come, one JSON line a beat",
        "stream --fs 360 --leads MLII,V1 < samples.txt",
    ),
    (
        _plot,
        "draw a strip on ECG paper or a picture of all beats, coloured by class",
        "plot data/mitdb/119 --kind lorenz -o lorenz.pdf",
    ),
    (
        _explain,
        "say which part of the signal and which facts decided the class of a beat",
        "explain data/mitdb/119 --at 1:30.5 -o why.png",
    ),
    (
        _report,
        "write what a recording shows as one page, HTML or PDF",
        "report data/mitdb/119 -o 119.html",
    ),
    (_train, "train a model", "train --data-dir data --out runs/first"),
    (
        _evaluate,
        "measure a model as the benchmark tables do",
        "evaluate --data-dir data --out report",
    ),
    (_demo, "annotate a synthetic recording and score the result", "demo -o demo"),
    (
        _doctor,
        "say what is installed and found here, and whether ecgscribe works",
        "doctor --data-dir data",
    ),
    (
        _completion,
        "print a script with which the shell completes commands and options",
        "completion bash > ecgscribe.bash",
    ),
)
"""What adds a verb's options, what the verb does and an example of it."""


def parser() -> Parser:
    """Make the parser; what it gives holds the name of the verb as `verb`."""
    root = Parser(
        prog="ecgscribe",
        description="Read an ECG recording and write down every heartbeat. "
        "A research tool, not a medical device.",
    )
    root.add_argument("--version", action="version", version=f"ecgscribe {__version__}")
    verbs = root.add_subparsers(title="commands", metavar="COMMAND", dest="verb", required=True)
    for add_options, purpose, example in VERBS:
        verb = verbs.add_parser(
            add_options.__name__.removeprefix("_"),
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            epilog=f"example: ecgscribe {example}",
        )
        add_options(verb)
    return root
