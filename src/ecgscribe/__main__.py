"""The program ``ecgscribe``, also as ``python -m ecgscribe``."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

__all__ = ["main"]


def main() -> int:
    """Run the command of this process; Ctrl-C ends it in one line while Python imports, too.

    Returns
    -------
    int
        The exit code.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, _stop)
    from ecgscribe.cli.main import main as run

    return run()


def _stop(number: int, frame: object) -> None:
    """End the process while there is nothing to clean up: before a command, and after it."""
    with suppress(OSError):  # stderr is closed or full
        os.write(2, b"ecgscribe: stopped\n")
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
