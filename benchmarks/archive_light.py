"""A preload for a Dask worker that keeps a row of each recording without annotating it.

The client and the scheduler of an archive see no difference, so that their memory is measured with
any number of recordings in minutes: ``dask worker --preload benchmarks/archive_light.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ecgscribe.archive import bundles
from ecgscribe.archive.tables import SCHEMA_VERSION, result_file
from ecgscribe.archive.task import key_of


def _keep_a_row(path: str, dest: str, *_: object) -> bool:
    row = {"recording": path, "key": key_of(path), "status": "done", "schema": SCHEMA_VERSION}
    result_file(Path(dest), row["key"]).write_text(json.dumps(row))
    return True


def dask_setup(_: Any) -> None:
    """Replace what a worker does; Dask calls this as a worker starts."""
    vars(bundles)["annotate_source"] = _keep_a_row
