"""Where the R-peak near a click is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecgscribe.record import LazyRecord

__all__ = ["REACH_S", "snap"]


REACH_S = 0.1
"""Seconds to each side of a click within which the R-peak is sought."""


def snap(record: LazyRecord, columns: Sequence[int], sample: int) -> int:
    """Return the sample near one at which the first usable lead deflects the most.

    Parameters
    ----------
    record : LazyRecord
    columns : sequence of int
        Leads, the best one first; the next counts where one has no valid sample or is flat.
    sample : int
        Where the reviewer clicked.

    Returns
    -------
    int
        At most `REACH_S` away; `sample` itself where every lead is flat.
    """
    reach = round(REACH_S * record.fs)
    begin, end = max(sample - reach, 0), min(sample + reach + 1, record.n_samples)
    wide = record.read(max(begin - 3 * reach, 0), min(end + 3 * reach, record.n_samples))
    piece = record.read(begin, end)
    for column in columns:
        valid = np.isfinite(wide[:, column])
        if valid.any():
            height = np.abs(np.nan_to_num(piece[:, column] - np.median(wide[valid, column])))
            if height.max() > 0:
                return begin + int(height.argmax())
    return sample
