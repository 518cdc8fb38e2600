"""Recordings as files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ecgscribe import formats
from ecgscribe.record import Record


def save(record: Record, folder: Path, name: str = "") -> Path:
    """Write a recording as 16-bit WFDB; return its path without a suffix."""
    folder.mkdir(exist_ok=True)
    named = dataclasses.replace(record, name=name or record.name)
    return formats.write_record(named, folder, force=True)
