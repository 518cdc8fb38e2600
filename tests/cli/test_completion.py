"""`ecgscribe completion`, and what the shells get from it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ecgscribe.cli.completion import VARIABLE
from ecgscribe.cli.main import SUBJECTS, main


def completed(line: str, tmp_path: Path) -> list[str]:
    """What bash offers for the last word of a command line; ``files`` where it completes files."""
    script = tmp_path / "ecgscribe.bash"
    words = line.split(" ")
    ask = f"""
        source {shlex.quote(str(script))}
        compopt() {{ [ "$1 $2" = "-o default" ] && echo files; }}  # bash has it only at a prompt
        COMP_WORDS=({" ".join(map(shlex.quote, words))})
        COMP_CWORD={len(words) - 1}
        $(complete -p ecgscribe | sed 's/.*-F \\([^ ]*\\).*/\\1/') ecgscribe
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash is not None
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        [bash, "-c", ask],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    return run.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ecgscribe ann", ["annotate"]),
        ("ecgscribe e", ["evaluate"]),
        ("ecgscribe annotate --q", ["--quiet"]),
        ("ecgscribe fetch n", ["nstdb"]),
        ("ecgscribe annotate 100 -f p", ["parquet"]),
        ("ecgscribe annotate 100 --model de", ["default"]),
        ("ecgscribe info rec", ["files"]),
        ("ecgscribe train --config se", ["files"]),
    ],
)
def test_bash_completes_commands_options_choices_and_files(
    line: str, offered: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["completion", "bash"])
    (tmp_path / "ecgscribe.bash").write_text(capsys.readouterr().out)
    assert set(offered) <= set(completed(line, tmp_path))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_that_asks_for_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    asks = {"COMP_CWORD": {"zsh": "1", "fish": ""}[shell], VARIABLE: f"{shell}_complete"}
    assert all(variable in script for variable in asks)
    run = subprocess.run(
        [Path(sys.executable).with_name("ecgscribe")],
        env=os.environ | asks | {"COMP_WORDS": "ecgscribe "},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(name in run.stdout for names in SUBJECTS.values() for name in names)
    assert run.stderr == ""
