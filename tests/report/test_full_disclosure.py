from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ecgscribe.analysis.measures import measure
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.report.build import report
from ecgscribe.report.full_disclosure import LINES, full_pages
from ecgscribe.report.inputs import ReportInputs
from support.report_pages import ShownPage, only_in_page, recording_with_ectopy

FS = 100.0
LEFT, LINE, TOP = 62, 23, 14


def spikes(minutes: float, reads: list[int] | None = None) -> tuple[LazyRecord, Annotation]:
    """A spike every second; each one a minute, its 30th, is of class V."""
    n = round(minutes * 60 * FS)

    def read(begin: int, end: int) -> NDArray[np.float32]:
        if reads is not None:
            reads.append(end - begin)
        return np.asarray((np.arange(begin, end) % FS == 50)[:, None], dtype=np.float32)

    sample = np.arange(50, n, round(FS))
    symbol = np.where(np.arange(len(sample)) % 60 == 30, "V", "N")
    return LazyRecord(read, n, FS, ("II",)), Annotation(sample, symbol, FS, n_samples=n)


def pages(record: LazyRecord, annotation: Annotation) -> list[NDArray[np.uint8]]:
    inputs = ReportInputs(record, annotation, [0], measure(record, annotation, [0]))
    return [np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in full_pages(inputs)]


def test_a_line_is_a_minute_and_a_page_is_an_hour() -> None:
    reads: list[int] = []
    record, annotation = spikes(61.5, reads)
    first, second = pages(record, annotation)
    assert first.shape == (2 * TOP + LINES * LINE, LEFT + 1080, 3)
    assert second.shape == (2 * TOP + 2 * LINE, LEFT + 1080, 3)
    assert max(reads) == 60 * FS  # a minute at a time
    # Half a line above the middle of each line are only the spikes, 18 pixels apart.
    for page, line, n in ((first, 0, 60), (first, 59, 60), (second, 0, 60), (second, 1, 30)):
        above = page[TOP + line * LINE + LINE // 2 - 8, LEFT:]
        at = np.flatnonzero((above < 200).any(axis=1))
        assert at.tolist() == [9 + 18 * k for k in range(n)]
        colours = {tuple(above[k].tolist()) for k in at}
        ectopic = tuple(above[9 + 18 * 30].tolist()) if n > 30 else None
        assert len(colours) == (2 if n > 30 else 1)
        assert sum(tuple(above[k].tolist()) == ectopic for k in at) == (1 if n > 30 else 0)


def test_a_recording_without_beats_and_with_missing_samples_is_drawn() -> None:
    record = LazyRecord(
        lambda begin, end: np.full((end - begin, 1), np.nan, dtype=np.float32), 500, FS, ("II",)
    )
    nothing = Annotation(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.str_), FS)
    (page,) = pages(record, nothing)
    assert (page[:, LEFT:] == 255).all()


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_the_appendix_is_only_there_on_request(tmp_path: Path, suffix: str) -> None:
    record, reference = recording_with_ectopy(130.0)
    plain = report(record, reference, out=tmp_path / f"plain{suffix}")
    asked = report(record, reference, out=tmp_path / f"asked{suffix}", full=True)
    assert plain["full"] is None
    (page,) = asked["full"]["pages"]
    assert (page["begin"]["seconds"], page["end"]["seconds"]) == (0, 130)
    counts = {c["class"]: c["count"] for c in asked["beats"]["classes"]}
    assert page["beats"] == sum(counts.values())
    assert (page["v"], page["s"]) == (counts["V"], counts["S"])
    sizes = [(tmp_path / f"{name}{suffix}").stat().st_size for name in ("plain", "asked")]
    assert sizes[0] < sizes[1]
    if suffix == ".html":
        html = (tmp_path / "asked.html").read_text(encoding="utf-8")
        assert ShownPage(html).headings[-1] == "Full disclosure"
        assert only_in_page(html, asked) == set()
