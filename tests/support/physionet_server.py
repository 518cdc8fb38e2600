"""A server with tiny databases, laid out as on PhysioNet; it can be set to misbehave."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import numpy as np
import wfdb

from ecgscribe.datasets.catalogue import DATABASES
from ecgscribe.datasets.database import RECORD

Fault = Literal["broken", "truncated", "missing", "forbidden", "failing", "dropped"]


def write_record(
    folder: Path,
    name: str,
    *,
    fs: float = 360.0,
    n_samples: int = 720,
    comments: tuple[str, ...] = (),
) -> Path:
    """Write a two-lead WFDB record with a few annotations; return its path without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    adc = np.stack([np.arange(n_samples) % 200, -(np.arange(n_samples) % 100)], axis=1)
    wfdb.wrsamp(
        name,
        fs=fs,
        units=["mV", "mV"],
        sig_name=["MLII", "V1"],
        d_signal=adc.astype(np.int64),
        fmt=["16", "16"],
        adc_gain=[200.0, 200.0],
        baseline=[0, 0],
        comments=list(comments),
        write_dir=str(folder),
    )
    samples = np.array([0, 100, 300, n_samples - 1])
    wfdb.wrann(name, "atr", samples, symbol=list("+NVN"), write_dir=str(folder))
    return folder / name


def layout(root: Path, db: str) -> dict[str, bytes]:
    """Make a database of tiny records; return its files by name, sums included."""
    folder = root / f"made-{db}"
    database = DATABASES[db]
    for name in database.records:
        path = folder / database.file(RECORD, name)
        write_record(path.parent, name)
        reference = path.with_suffix(".atr").read_bytes()
        path.with_suffix(".atr").unlink()
        if database.suffixes[1] == "mat":
            _as_mat(path)
        if name in database.without_signal:
            path.with_suffix(".dat").unlink()
        for file in database.files:  # of the annotations, and of the other leads'
            if file.startswith(f"{database.file(RECORD, name)}.") and not (folder / file).exists():
                (folder / file).write_bytes(reference)
    for file in database.files:
        if not (folder / file).exists():
            (folder / file).write_text("".join(f"{name},N\n" for name in database.records))
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    # The publisher lists many files that ecgscribe does not need.
    sums["old/notes.htm"] = "0" * 64
    lines = "".join(f"{digest} {name}\n" for name, digest in sums.items())
    return files | {"SHA256SUMS.txt": lines.encode()}


def _as_mat(path: Path) -> None:
    """Put the signals of a record into a MATLAB file, whose matrix begins at byte 24."""
    signals = path.with_suffix(".dat")
    counts = np.fromfile(signals, dtype="<i2").reshape(-1, 2)
    kind = np.array([30, 2, len(counts), 0, 4], dtype="<i4").tobytes()  # int16, not complex
    path.with_suffix(".mat").write_bytes(kind + b"val\0" + counts.tobytes())
    header = path.with_suffix(".hea")
    header.write_text(header.read_text().replace(".dat 16 ", ".mat 16+24 "))
    signals.unlink()


@dataclass
class Server:
    """The served files, the faults, and the requested names."""

    files: dict[str, bytes]
    url: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(db: str, files: dict[str, bytes]) -> Iterator[Server]:
    """Serve `files` under ``/files/<db>/<version>/`` on a free port."""
    state = Server(files)
    prefix = f"/files/{DATABASES[db].slug or db}/{DATABASES[db].version}/"
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, prefix, state))
    state.url = f"http://127.0.0.1:{http.server_address[1]}/files"
    thread = Thread(target=partial(http.serve_forever, poll_interval=0.01))
    thread.start()
    try:
        yield state
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, prefix: str, state: Server, *args: Any) -> None:
        self.prefix, self.state = prefix, state
        super().__init__(*args)

    def do_GET(self) -> None:
        name = self.path.removeprefix(self.prefix)
        self.state.asked.append(name)
        data, fault = self.state.files.get(name), self.state.faults.get(name)
        if fault == "dropped":
            self.close_connection = True
            return
        if data is None or fault == "missing":
            self.send_error(404)
            return
        if fault in ("forbidden", "failing"):
            self.send_error(403 if fault == "forbidden" else 500)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault == "broken":
            data = b"\xff" + data[1:]
        self.wfile.write(data[: len(data) // 2] if fault == "truncated" else data)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output clean."""
