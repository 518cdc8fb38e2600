"""Ctrl-C at any time: one line, exit code 130, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import made
from support.wfdb_files import save

WHILE_IMPORTED = {
    "waits": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "makes an error of it": (
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "except BaseException:\n    raise ImportError('cannot import name x')"
    ),
    "cannot raise it": (
        "class Odd:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "odd = Odd()\ndel odd\ntime.sleep(60)"
    ),
}
"""What a package does with a signal that comes while it is imported."""


def stopped(*arguments: object, before: Path, cwd: Path) -> None:
    """Run a command with the packages of a folder; it must end as one that was stopped."""
    run = subprocess.run(
        [sys.executable, "-m", "ecgscribe", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(before), *sys.path])},
        # It is ignored where the tests run in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "ecgscribe: stopped\n")


@pytest.mark.parametrize(
    ("package", "what"), [("click", "waits"), *(("numpy", what) for what in WHILE_IMPORTED)]
)
def test_while_python_imports(package: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    code = f"import os, signal, time\n{WHILE_IMPORTED[what]}\n"
    (tmp_path / "packages" / f"{package}.py").write_text(code, encoding="utf-8")
    save(made("a", duration=10), tmp_path / "in")
    (tmp_path / "out").mkdir()
    call = ["annotate", "../in/a"]
    stopped(*call, before=tmp_path / "packages", cwd=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
