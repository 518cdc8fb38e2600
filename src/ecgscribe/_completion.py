"""Completion of the command line by the shell, written by shtab from the parser itself."""

from __future__ import annotations

import argparse

from ecgscribe._parser import verbs_of

__all__ = ["completion"]

FILES = {"record", "records", "ref", "test", "out", "benchmarks", "config", "model"}
"""Arguments that a file completes."""
FOLDERS = {"data_dir", "to"}
"""Arguments that a folder completes."""


def completion(root: argparse.ArgumentParser, shell: str) -> str:
    """Write the script that teaches a shell the verbs, options and choices of the command.

    Parameters
    ----------
    root : argparse.ArgumentParser
        The parser, with a subparser for each verb.
    shell : {"bash", "zsh", "tcsh"}

    Returns
    -------
    str
        The script.
    """
    import shtab

    for verb in verbs_of(root).values():
        for action in verb._actions:
            if action.dest in FILES | FOLDERS:
                files = shtab.FILE if action.dest in FILES else shtab.DIRECTORY
                action.complete = files  # type: ignore[attr-defined]  # where shtab looks for it
    return shtab.complete(root, shell)
