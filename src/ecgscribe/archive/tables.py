"""The tables of an archive: what is in them, and how they are written.

Nothing in them depends on when, where or how often a run was made, so that an archive that was
stopped and resumed is the same, byte for byte, as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.files import atomic_write, write_text
from ecgscribe.record import Annotation
from ecgscribe.rhythms import RhythmSpan
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "FOLDERS", "SCHEMA_VERSION", "Episode", "read_results", "result_file", "table_file",
    "write_beats", "write_episodes", "write_recordings", "write_result",
]  # fmt: skip

SCHEMA_VERSION = "1"
"""Of all tables; in the metadata ``ecgscribe_schema`` of each file."""
FOLDERS = ("beats", "episodes", "results")

Episode = tuple[str, int, int]
"""Kind, first sample, and the one after the last."""

_BEATS = {
    "recording": "string", "sample": "int64", "time": "double", "class": "string",
    "symbol": "string", **{f"p_{name}": "float" for name in AAMI_CLASSES}, "score": "float",
    "quality": "float", "readable": "bool", "rhythm": "string",
}  # fmt: skip
_EPISODES = {
    "recording": "string", "kind": "string", "begin": "int64", "end": "int64", "time": "double",
    "duration": "double",
}  # fmt: skip
_RECORDINGS = {
    "recording": "string", "key": "string", "status": "string", "error": "string",
    "sha256": "string", "model": "string", "options": "string", "leads": "string",
    "fs": "double", "duration": "double", "readable": "double", "paced": "bool", "beats": "int64",
    **dict.fromkeys(AAMI_CLASSES, "int64"), "beats_in_noise": "int64", "pvc_burden": "double",
    "afib_burden": "double", "mean_rate": "double", "lowest_rate": "double",
    "highest_rate": "double", "v_runs": "int64", "s_runs": "int64", "pauses": "int64",
}  # fmt: skip


def table_file(dest: Path, table: str, key: str) -> Path:
    """Return where the table of one recording is: ``beats/KEY.parquet``."""
    return dest / table / f"{key}.parquet"


def result_file(dest: Path, key: str) -> Path:
    """Return where the row of one recording is kept, from which `write_recordings` makes it."""
    return dest / "results" / f"{key}.json"


def write_beats(dest: Path, key: str, recording: str, annotation: Annotation) -> None:
    """Write the beats of a recording, with the rhythm that each is in."""
    beats = annotation.select(annotation.class_index >= 0)
    n = len(beats)
    nothing = np.full(n, np.nan, np.float32)
    probability = np.full((n, 5), np.nan) if beats.probability is None else beats.probability
    columns = {
        "recording": [recording] * n,
        "sample": beats.sample,
        "time": beats.time,
        "class": [AAMI_CLASSES[k] for k in beats.class_index],
        "symbol": beats.symbol.tolist(),
        **{f"p_{name}": probability[:, k] for k, name in enumerate(AAMI_CLASSES)},
        "score": nothing if beats.score is None else beats.score,
        "quality": nothing if beats.quality is None else beats.quality,
        "readable": beats.readable,
        "rhythm": _rhythm_at(annotation.rhythms, beats.sample.tolist()),
    }
    _write(table_file(dest, "beats", key), columns, _BEATS)


def write_episodes(
    dest: Path, key: str, recording: str, episodes: Iterable[Episode], fs: float
) -> None:
    """Write the episodes of a recording, in time order."""
    rows = sorted(episodes, key=lambda each: (each[1], each[2], each[0]))
    columns = {
        "recording": [recording] * len(rows),
        "kind": [kind for kind, _, _ in rows],
        "begin": [begin for _, begin, _ in rows],
        "end": [end for _, _, end in rows],
        "time": [begin / fs for _, begin, _ in rows],
        "duration": [(end - begin) / fs for _, begin, end in rows],
    }
    _write(table_file(dest, "episodes", key), columns, _EPISODES)


def write_result(dest: Path, row: Mapping[str, Any]) -> None:
    """Keep the row of one recording; it is written last, so that its tables are complete."""
    text = json.dumps({"schema": SCHEMA_VERSION} | dict(row), indent=1, sort_keys=True)
    write_text(result_file(dest, row["key"]), text + "\n", force=True)


def read_results(dest: Path) -> list[dict[str, Any]]:
    """Return the row of every recording that the archive holds, by path."""
    rows = [
        json.loads(file.read_text(encoding="utf-8")) for file in (dest / "results").glob("*.json")
    ]
    return sorted(rows, key=lambda row: str(row["recording"]))


def write_recordings(dest: Path) -> list[dict[str, Any]]:
    """Write ``recordings.parquet`` from the rows that are kept; return them."""
    rows = read_results(dest)
    columns = {name: [row.get(name) for row in rows] for name in _RECORDINGS}
    _write(dest / "recordings.parquet", columns, _RECORDINGS)
    return rows


def _rhythm_at(spans: Sequence[RhythmSpan], samples: Sequence[int]) -> list[str | None]:
    if not spans:
        return [None] * len(samples)
    at = np.searchsorted([span.begin for span in spans], samples, side="right") - 1
    return [spans[k].kind if k >= 0 else None for k in at.tolist()]


def _write(path: Path, columns: Mapping[str, Any], types: Mapping[str, str]) -> None:
    import pyarrow
    import pyarrow.parquet

    fields = [(name, pyarrow.type_for_alias(kind)) for name, kind in types.items()]
    schema = pyarrow.schema(fields, metadata={"ecgscribe_schema": SCHEMA_VERSION})
    arrays = [
        pyarrow.array(columns[field.name], type=field.type, from_pandas=True) for field in schema
    ]
    table = pyarrow.Table.from_arrays(arrays, schema=schema)
    atomic_write(path, lambda target: pyarrow.parquet.write_table(table, target), force=True)
