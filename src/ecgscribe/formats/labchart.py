"""The MATLAB files of LabChart, whose channels follow one another in one array."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.matlab import Numbers, Texts, Variable

__all__ = ["side_by_side"]


def side_by_side(path: Path, stored: Mapping[str, Variable]) -> dict[str, Variable]:
    """Return the variables of a MATLAB file with the channels of LabChart as columns.

    Parameters
    ----------
    path : Path
        The file, for the message.
    stored : mapping of str to Variable
        Returned as it is where the file is none of LabChart.

    Raises
    ------
    FormatError
        If it has several blocks, or channels of different length.
    """
    data, begins, ends = (stored.get(name) for name in ("data", "datastart", "dataend"))
    if not (
        isinstance(data, Numbers) and isinstance(begins, Numbers) and isinstance(ends, Numbers)
    ):
        return dict(stored)
    whole, first, last = data.load().reshape(-1), _counts(begins) - 1, _counts(ends)
    lengths = set((last - first).tolist()) if len(first) == len(last) else set()
    is_one_block = begins.shape[-1] == 1 or len(begins.shape) == 1
    if not is_one_block or len(lengths) != 1 or first.min() < 0 or last.max() > len(whole):
        raise FormatError(
            f"{path}: expected one block of LabChart with channels of one length, found several "
            "or others; export one block, and channels of one sampling frequency"
        )
    columns = np.stack([whole[k:end] for k, end in zip(first, last, strict=True)], axis=1)
    described: dict[str, Variable] = {"data": Numbers(columns.shape, lambda: columns)}
    units, places = stored.get("unittext"), stored.get("unittextmap")
    if isinstance(units, Texts) and isinstance(places, Numbers):
        known = dict(enumerate(units.values, start=1))
        described["units"] = Texts(tuple(known.get(k, "") for k in _counts(places).tolist()))
    if "blocktimes" in stored:
        described["start"] = stored["blocktimes"]
    return {**stored, **described}


def _counts(numbers: Numbers) -> NDArray[Any]:
    return numbers.load().reshape(-1).astype(np.int64)
