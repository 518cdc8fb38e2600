from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.record import Annotation
from ecgscribe.report.figures import paper_strip
from ecgscribe.report.strips import Strip

SHOWN = Strip(title="", section="", rows=((5.0, 9.0),), time=5.0)


@pytest.mark.parametrize(("subtype", "n_shaded"), [(-1, 2), (0x10, 1), (0x12, 1), (0x03, 0)])
def test_a_strip_shades_each_lost_lead_once(subtype: int, n_shaded: int) -> None:
    """Once, grey of 35% on white paper is 219; twice, it would be darker."""
    record, _ = synthesize(duration=20.0, seed=1)
    lost = Annotation(np.array([0]), np.array(["~"]), record.fs, subtype=np.array([subtype]))
    with Image.open(io.BytesIO(paper_strip(record.lazy(), lost, [0, 1], SHOWN)[0])) as image:
        pixels = np.asarray(image.convert("L")).astype(int)
    inner = pixels[20:-60, 60:-60]  # without the margins
    is_grey = np.abs(inner - 219) <= 2
    rows = is_grey.mean(axis=1) > 0.4
    shares = [rows[: len(rows) // 2].mean(), rows[len(rows) // 2 :].mean()]
    assert sum(share > 0.3 for share in shares) == n_shaded
