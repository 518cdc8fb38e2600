"""Recordings as the files that users have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import wfdb

from ecgscribe.record import Record


def save(record: Record, folder: Path, name: str = "") -> Path:
    """Write a recording as 16-bit WFDB and give its path without a suffix."""
    name = name or record.name
    folder.mkdir(exist_ok=True)
    wfdb.wrsamp(
        name,
        fs=record.fs,
        units=list(record.units),
        sig_name=list(record.leads),
        p_signal=record.signal.astype(np.float64),
        fmt=["16"] * len(record.leads),
        adc_gain=[1000.0] * len(record.leads),
        baseline=[0] * len(record.leads),
        comments=list(record.comments),
        write_dir=str(folder),
    )
    return folder / name
