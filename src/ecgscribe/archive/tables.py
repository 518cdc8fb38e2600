"""The tables of an archive: what is in them, and how they are written.

Nothing in them depends on when, where or how often a run was made, so that an archive that was
stopped and resumed is the same, byte for byte, as one that was not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ecgscribe.analysis.rhythm_episodes import EPISODE_KINDS
from ecgscribe.archive.on_disk import sorted_on_disk
from ecgscribe.files import atomic_write, write_text
from ecgscribe.formats.writing import DEFAULT_ANNOTATOR
from ecgscribe.formatting import utf8
from ecgscribe.record import Annotation
from ecgscribe.rhythms import RhythmSpan
from ecgscribe.symbols import AAMI_CLASSES

__all__ = [
    "EXTRAS", "FOLDERS", "SCHEMA_VERSION", "Episode", "output_files", "read_columns",
    "read_results", "recordings_file", "report_file", "result_file", "table_file", "wfdb_file",
    "write_beats", "write_episodes", "write_recordings", "write_result",
]  # fmt: skip

SCHEMA_VERSION = "2"
"""Of all tables; in the metadata ``ecgscribe_schema`` of each file."""
FOLDERS = ("beats", "episodes", "results")
EXTRAS = ("wfdb", "reports")
"""Folders that an archive has only where they are asked for."""

Episode = tuple[str, int, int]
"""Kind, first sample, and the one after the last."""

_TEXTS = "list of string"
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
    "sve_burden": "double", "afib_burden": "double", "mean_rate": "double",
    "lowest_rate": "double", "highest_rate": "double",
    **{f"{kind.lower()}_seconds": "double" for kind in EPISODE_KINDS},
    "v_runs": "int64", "longest_v_run": "int64", "s_runs": "int64", "longest_s_run": "int64",
    "pauses": "int64", "longest_pause": "double", "gaps": "int64", "longest_gap": "double",
    "findings": _TEXTS,
}  # fmt: skip
_PART = 1_000  # rows that are in memory at once as Python has them, which takes ten times the room
_GROUP = 10  # parts that are one row group of recordings.parquet


def recordings_file(dest: Path) -> Path:
    """Return where the table of all recordings is: ``recordings.parquet``."""
    return dest / "recordings.parquet"


def table_file(dest: Path, table: str, key: str) -> Path:
    """Return where the table of one recording is: ``beats/KEY.parquet``."""
    return dest / table / f"{key}.parquet"


def result_file(dest: Path, key: str) -> Path:
    """Return where the row of one recording is kept, from which `write_recordings` makes it."""
    return dest / "results" / f"{key}.json"


def wfdb_file(dest: Path, key: str) -> Path:
    """Return where the WFDB annotations of a recording are: ``wfdb/KEY.scribe``."""
    return dest / "wfdb" / f"{key}.{DEFAULT_ANNOTATOR}"


def report_file(dest: Path, key: str) -> Path:
    """Return where the report of a recording is, with its numbers next to it as ``.json``."""
    return dest / "reports" / f"{key}.html"


def output_files(dest: Path, key: str, *, wfdb: bool, reports: bool) -> list[Path]:
    """Return every file of a recording but its row.

    Parameters
    ----------
    dest : Path
        Folder of the archive.
    key : str
    wfdb, reports : bool
        Whether its annotations and its report are among them.
    """
    files = [table_file(dest, table, key) for table in ("beats", "episodes")]
    if wfdb:
        files.append(wfdb_file(dest, key))
    if reports:
        files += [report_file(dest, key), report_file(dest, key).with_suffix(".json")]
    return files


def write_beats(dest: Path, key: str, recording: str, annotation: Annotation) -> None:
    """Write the beats of a recording, with the rhythm that each is in."""
    beats = annotation.select(annotation.class_index >= 0)
    n = len(beats)
    nothing = np.full(n, np.nan, np.float32)
    probability = np.full((n, 5), np.nan) if beats.probability is None else beats.probability
    columns = {
        "recording": [utf8(recording)] * n,
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
        "recording": [utf8(recording)] * len(rows),
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


def read_results(dest: Path) -> Iterator[dict[str, Any]]:
    """Yield the row of every recording that the archive holds, ordered by key."""
    folder = dest / "results"
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = sorted_on_disk(each.name for each in entries if each.name.endswith(".json"))
        for name in names:
            yield json.loads((folder / name).read_text(encoding="utf-8"))


def write_recordings(dest: Path) -> None:
    """Write ``recordings.parquet`` from the rows that are kept, some at a time."""
    import pyarrow.parquet

    def write(target: Path) -> None:
        with pyarrow.parquet.ParquetWriter(target, _schema(_RECORDINGS)) as writer:
            parts = _parts(dest, _RECORDINGS)
            while group := list(islice(parts, _GROUP)):
                writer.write_table(pyarrow.concat_tables(group))

    atomic_write(recordings_file(dest), write, force=True)


def read_columns(dest: Path, names: Sequence[str]) -> Any:
    """Return columns of ``recordings.parquet`` from the rows that are kept, as a pyarrow table."""
    import pyarrow

    types = {name: _RECORDINGS[name] for name in names}
    return pyarrow.concat_tables([_schema(types).empty_table(), *_parts(dest, types)])


def _parts(dest: Path, types: Mapping[str, str]) -> Iterator[Any]:
    """Yield the rows that are kept in tables of at most `_PART` rows."""
    rows, schema = read_results(dest), _schema(types)
    while part := list(islice(rows, _PART)):
        yield _table({name: [_plain(row.get(name)) for row in part] for name in types}, schema)


def _plain(value: Any) -> Any:
    return utf8(value) if isinstance(value, str) else value


def _rhythm_at(spans: Sequence[RhythmSpan], samples: Sequence[int]) -> list[str | None]:
    if not spans:
        return [None] * len(samples)
    at = np.searchsorted([span.begin for span in spans], samples, side="right") - 1
    return [spans[k].kind if k >= 0 else None for k in at.tolist()]


def _write(path: Path, columns: Mapping[str, Any], types: Mapping[str, str]) -> None:
    import pyarrow.parquet

    table = _table(columns, _schema(types))
    atomic_write(path, lambda target: pyarrow.parquet.write_table(table, target), force=True)


def _schema(types: Mapping[str, str]) -> Any:
    import pyarrow

    fields = [
        (name, pyarrow.list_(pyarrow.string()) if kind == _TEXTS else pyarrow.type_for_alias(kind))
        for name, kind in types.items()
    ]
    return pyarrow.schema(fields, metadata={"ecgscribe_schema": SCHEMA_VERSION})


def _table(columns: Mapping[str, Any], schema: Any) -> Any:
    import pyarrow

    arrays = [
        pyarrow.array(columns[field.name], type=field.type, from_pandas=True) for field in schema
    ]
    return pyarrow.Table.from_arrays(arrays, schema=schema)
