"""The command as a user runs it, in a process of its own or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.cli.main import main
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.record import Record

Run = subprocess.CompletedProcess[str]
Signal = NDArray[np.float32]


def ecgscribe(
    *arguments: object,
    cwd: Path | None = None,
    limit: Callable[[], None] | None = None,
    stdout: int = subprocess.PIPE,
) -> Run:
    """Run the installed command; `limit` is called in the child before it starts."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("ecgscribe")), *map(str, arguments)],
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k != "ECGSCRIBE_DATA"}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )


def complaints(run: Run) -> list[str]:
    """Lines on stderr, each of which must be one of ours."""
    lines = run.stderr.splitlines()
    assert all(line.startswith("ecgscribe: ") for line in lines), run.stderr
    return [line.removeprefix("ecgscribe: ") for line in lines]


def only_error(run: Run) -> str:
    """The one line on stderr of a call that failed."""
    assert run.returncode == 1, run.stderr
    (line,) = complaints(run)
    return line


def error_line(capsys: pytest.CaptureFixture[str], *arguments: object, code: int) -> str:
    """Run the command in this process; return its one line on stderr."""
    returned = main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    assert (returned, output.out) == (code, "")
    (line,) = output.err.splitlines()
    return line


def made(
    name: str, *, duration: float = 30.0, change: Callable[[Signal, int], None] | None = None
) -> Record:
    """Make a clean two-lead recording; `change` alters its signal in place, given fs."""
    record, _ = synthesize(duration=duration, seed=5, name=name, noise=0.2)
    if change is not None:
        change(record.signal, round(record.fs))
    return record
