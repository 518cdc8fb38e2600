"""Draw where the model in the package fails on DS2, for MODEL_CARD.md.

Run it as ``python experiments/draw_failures.py``, with ``ECGSCRIBE_DATA`` set to the folder of
mitdb, after the model is frozen: nothing may be chosen from what it shows. For each cause it draws
the six seconds of the record with most such errors to ``docs/failures/``, with the beats of the
reference above and those of the model below.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from show_errors import AROUND_S, draw, find_errors

from ecgscribe import annotate, datasets, load_model

FOLDER = Path(__file__).parents[1] / "docs" / "failures"
CAUSES = {
    "fibrillation": ("222", "N-S"),
    "atrial-beats": ("222", "S-N"),
    "fusion": ("213", "F-N"),
    "distorted": ("105", "N-V"),
    "noise": ("200", "o-V"),
}
"""Record and kind of error (reference, model; ``o`` is no beat) of each picture."""


def main() -> None:
    """Draw one picture per cause for which the model makes such errors."""
    model = load_model()
    for cause, (name, kind) in CAUSES.items():
        record, reference = datasets.load("mitdb", name)
        test = annotate(record, model=model)
        of_kind = [e["sample"] for e in find_errors(reference, test) if e["kind"] == kind]
        if not of_kind:
            continue
        at = np.array(of_kind)
        near = np.abs(at[:, None] - at) <= AROUND_S * record.fs
        centre = int(at[np.argmax(near.sum(axis=1))])
        draw(record, reference, test, centre, FOLDER / f"{cause}.png")


if __name__ == "__main__":
    main()
