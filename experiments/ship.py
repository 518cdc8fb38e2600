"""Copy the model of a finished run into the package: ``python experiments/ship.py RUN``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

WEIGHTS = Path(__file__).parents[1] / "src" / "ecgscribe" / "model" / "weights"


def main(run: Path) -> None:
    """Copy ``model.json`` and the files it names, under the name of its preset."""
    meta = json.loads((run / "model.json").read_text(encoding="utf-8"))
    WEIGHTS.mkdir(exist_ok=True)
    for entry in meta["files"].values():
        source = run / entry["name"]
        entry["name"] = entry["name"].replace("model", meta["name"], 1)
        shutil.copyfile(source, WEIGHTS / entry["name"])
    path = WEIGHTS / f"{meta['name']}.json"
    path.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
