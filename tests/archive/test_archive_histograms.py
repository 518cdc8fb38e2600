"""The pictures of an archive count whole recordings, in plain numbers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from ecgscribe.archive.histograms import histogram


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize("number", [1, 3, 5_000])
def test_axis_counts_recordings(number: int, *, rare: bool) -> None:
    values = np.full(number, 2.0)
    ax = histogram(values, "PVC burden (%)", rare=rare)
    assert isinstance(ax.figure, Figure)
    ax.figure.draw_without_rendering()
    low, high = ax.get_ylim()
    ticks = ax.yaxis.get_major_ticks()
    shown = {
        tick.label1.get_text(): tick.get_loc() for tick in ticks if low <= tick.get_loc() <= high
    }
    assert shown
    assert all(text == f"{at:,.0f}" for text, at in shown.items())
    assert all(float(at).is_integer() for at in shown.values())
    assert not any(tick.label1.get_text() for tick in ax.yaxis.get_minor_ticks())
    assert (low, high > number) == (0.5 if rare else 0, True)
