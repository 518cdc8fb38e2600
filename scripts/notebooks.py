"""Execute the notebooks of the documentation anew, and write what their cells show.

``scripts/notebooks``. Each runs in an empty folder, by a kernel of this Python. What differs from
run to run without a reason is left out, so that a notebook that is executed twice stays the same.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import nbclient
import nbformat

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "docs" / "notebooks").glob("*.ipynb"))
LONGEST_S = 600
read: Any = partial(nbformat.read, as_version=4)  # nbformat types neither
write: Any = nbformat.write
METADATA = {
    "kernelspec": {"display_name": "Python 3", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "python"},
}


def executed(path: Path) -> Any:
    """Return a notebook with what its cells show now.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(
            notebook,
            timeout=LONGEST_S,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
        ).execute()
    notebook.metadata = METADATA
    return notebook


def main() -> None:
    """Execute and write every notebook."""
    for path in NOTEBOOKS:
        print(path.name, file=sys.stderr)
        temporary = path.with_suffix(".executed")
        write(executed(path), temporary)
        temporary.replace(path)


if __name__ == "__main__":
    main()
