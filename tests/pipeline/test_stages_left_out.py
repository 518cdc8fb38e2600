"""The stages that `experiments/ablate_rules.py` leaves out are where it looks for them."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "experiments" / "ablate_rules.py"


def test_every_stage_that_is_left_out_is_there() -> None:
    variants = runpy.run_path(str(SCRIPT))["VARIANTS"]
    stages = [(module, name) for changes in variants.values() for module, name, _ in changes]
    assert len(stages) >= 8
    assert all(callable(getattr(module, name)) for module, name in stages)
