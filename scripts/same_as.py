"""Annotate and score every recording at hand with two revisions, and compare the outputs.

``scripts/same_as REV [DATABASE ...]``

The working tree and the revision REV annotate all recordings under ``ECGSCRIBE_DATA`` (or those of
the databases named), through the installed command. Annotation files, the CSV with every
probability, the summaries and the scores against reference beats must be equal, byte for byte. Also
shown: the processor time and the largest memory of each, as ratios. Exits with 1 if anything
differs.

A change that is meant shows here as a difference: look at it, and say it in CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = (".hea", ".edf", ".ecg", ".dcm", ".xml")
"""Files that stand for a recording, once each."""


@dataclass(frozen=True)
class Cost:
    """Processor seconds, and the largest memory of a process in MB."""

    seconds: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, max(self.memory, other.memory))


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Check out a revision into a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def run(tree: Path, arguments: list[str], *, folder: Path, output: Path) -> Cost:
    """Run the command of one tree in `folder`; its standard output goes to `output`."""
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    command = [sys.executable, "-m", "ecgscribe", *arguments]
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.DEVNULL
        )
        _, _, used = os.wait4(process.pid, 0)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def recordings(database: Path) -> list[Path]:
    """List the recordings of one database, each by one file."""
    return sorted(path for path in database.rglob("*") if path.suffix in SUFFIXES)


def work_through(tree: Path, databases: list[Path], out: Path) -> Cost:
    """Annotate and score the databases with one tree; return what annotating cost."""
    cost = Cost()
    for database in databases:
        folder = out / database.name
        folder.mkdir(parents=True)
        names = [str(path) for path in recordings(database)]
        for form in ("wfdb", "csv"):
            arguments = ["annotate", *names, "-o", ".", "-f", form, "--json", "--quiet"]
            cost += run(tree, arguments, folder=folder, output=folder / f"summary.{form}.json")
        for path in sorted(folder.glob("*.scribe")):
            reference = database / f"{path.stem}.atr"
            if database.name in ("mitdb", "svdb") and reference.is_file():
                arguments = ["score", str(reference), path.name, "--json"]
                run(tree, arguments, folder=folder, output=folder / f"{path.stem}.score.json")
    return cost


def differences(one: Path, other: Path) -> list[str]:
    """List the files that are not the same in both folders, or only in one."""
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*.*")}
    return [
        str(name)
        for name in sorted(names)
        if not (one / name).is_file()
        or not (other / name).is_file()
        or not filecmp.cmp(one / name, other / name, shallow=False)
    ]


def main() -> int:
    """Compare the working tree with a revision; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("revision", help="what to compare the working tree with")
    parser.add_argument("database", nargs="*", help="folders of ECGSCRIBE_DATA (default: all)")
    options = parser.parse_args()
    data = os.environ.get("ECGSCRIBE_DATA")
    if not data or not Path(data).is_dir():
        print("expected ECGSCRIBE_DATA to name the folder of the databases; set it")
        return 2
    names = options.database or sorted(path.name for path in Path(data).iterdir() if path.is_dir())
    databases = [Path(data).resolve() / name for name in names]
    if absent := [folder.name for folder in databases if not folder.is_dir()]:
        print(f"expected folders of {data}, found none called {', '.join(absent)}; correct them")
        return 2
    with checkout(options.revision) as tree, tempfile.TemporaryDirectory() as out:
        then, now = Path(out) / "then", Path(out) / "now"
        before = work_through(tree, databases, then)
        after = work_through(ROOT, databases, now)
        different = differences(then, now)
        n_files = sum(1 for _ in now.rglob("*.*"))
    print(f"{sum(len(recordings(folder)) for folder in databases)} recordings, {n_files} files")
    print(f"processor time {after.seconds:.1f} s, {after.seconds / before.seconds:.3f} of before")
    print(f"largest memory {after.memory:.0f} MB, {after.memory / before.memory:.3f} of before")
    for name in different:
        print(f"not the same: {name}")
    print(f"{len(different)} files differ" if different else "all files are the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
