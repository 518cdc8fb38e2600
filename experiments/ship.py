"""Put the model of a finished run into the package: ``python experiments/ship.py RUN``."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

MODELS = Path(__file__).parents[1] / "src" / "ecgscribe" / "models"


def main(run: Path) -> None:
    """Copy ``model.json`` and the files it names, under the name of its preset."""
    meta = json.loads((run / "model.json").read_text(encoding="utf-8"))
    MODELS.mkdir(exist_ok=True)
    for entry in meta["files"].values():
        source = run / entry["name"]
        entry["name"] = entry["name"].replace("model", meta["name"], 1)
        shutil.copyfile(source, MODELS / entry["name"])
    path = MODELS / f"{meta['name']}.json"
    path.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
