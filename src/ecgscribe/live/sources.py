"""Samples from stdin or TCP, as text lines or int16 frames, or from the Lab Streaming Layer.

Samples are yielded as soon as they come; nothing waits for a block to fill.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import EcgScribeError, FormatError

__all__ = [
    "Inlet",
    "connected",
    "lsl_inlet",
    "read_frames",
    "read_lines",
    "standard_input",
    "until_interrupted",
]


BLOCK = 1 << 16
LONGEST_LINE = 1 << 16
NO_SAMPLE = -(1 << 15)
"""The int16 value of a missing sample, as in WFDB files of 16 bits."""
CONNECT_S = 10.0
RESOLVE_S = 5.0
PULL_S = 0.2


Floats = NDArray[np.float32]
Read = Callable[[], bytes]


def standard_input() -> bytes:
    """Wait for bytes on stdin and return them; empty at the end."""
    return os.read(sys.stdin.fileno(), BLOCK)


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[Read]:
    """Connect to a TCP server that sends samples.

    Parameters
    ----------
    address : tuple of str and int
        Host and port.

    Yields
    ------
    callable
        Waits for bytes and returns them; empty once the server has hung up.

    Raises
    ------
    EcgScribeError
        If the connection fails or breaks.
    """
    where = f"{address[0]}:{address[1]}"
    try:
        connection = socket.create_connection(address, timeout=CONNECT_S)
    except OSError as error:
        raise EcgScribeError(
            f"{where}: expected a server that sends samples, cannot connect "
            f"({error.strerror or error}); start it, or correct the address"
        ) from error

    def read() -> bytes:
        try:
            return connection.recv(BLOCK)
        except OSError as error:
            raise EcgScribeError(
                f"{where}: expected samples, the connection broke ({error.strerror or error}); "
                "connect again"
            ) from error

    with connection:
        connection.settimeout(None)
        yield read


def until_interrupted(chunks: Iterator[Floats]) -> Iterator[Floats]:
    """Yield chunks until the last one, or until an interrupt (Ctrl-C) while waiting for one."""
    while True:
        try:
            chunk = next(chunks)
        except (StopIteration, KeyboardInterrupt):
            return
        yield chunk


def read_lines(read: Read, n_columns: int) -> Iterator[Floats]:
    """Read text with one sample per line, values separated by commas or blanks.

    An empty value between commas, ``-`` and ``nan`` mean that a sample is missing. Empty lines and
    lines that begin with ``#`` are skipped.

    Parameters
    ----------
    read : callable
        Returns bytes as they come, none at the end.
    n_columns : int
        Values per line.

    Yields
    ------
    ndarray of float32, shape (n, n_columns)
        The samples of the lines that have come.

    Raises
    ------
    FormatError
        If a line is something else; the message has its number. Samples before it come first.
    """
    number, rest = 0, b""
    while data := read():
        *lines, rest = (rest + data).split(b"\n")
        samples, wrong = _parsed(lines, number, n_columns)
        number += len(lines)
        if len(samples):
            yield samples
        if wrong is not None:
            raise wrong
        if len(rest) > LONGEST_LINE:
            raise FormatError(
                f"line {number + 1}: expected {n_columns} numbers, found more than {LONGEST_LINE} "
                "characters without an end of line; send one line per sample"
            )
    samples, wrong = _parsed([rest], number, n_columns)
    if len(samples):
        yield samples
    if wrong is not None:
        raise wrong


def _parsed(lines: list[bytes], before: int, n_columns: int) -> tuple[Floats, FormatError | None]:
    """Return the samples of the lines before the first wrong one, and its error."""
    samples = []
    wrong = None
    for k, line in enumerate(lines):
        text = line.decode("ascii", "replace").strip()
        if not text or text.startswith("#"):
            continue
        values = text.split(",") if "," in text else text.split()
        try:
            sample = [_number(value.strip()) for value in values]
        except ValueError:
            sample = []
        if len(sample) != n_columns:
            wrong = FormatError(
                f"line {before + k + 1}: expected {n_columns} numbers, one per lead, found "
                f"{text[:40]!a}; send one line per sample, or name the columns with --columns"
            )
            break
        samples.append(sample)
    return np.array(samples, dtype=np.float32).reshape(-1, n_columns), wrong


def _number(text: str) -> float:
    return float("nan") if text in ("", "-") else float(text)


def read_frames(read: Read, n_columns: int) -> Iterator[Floats]:
    """Read frames of little-endian int16, one value per lead; -32768 is a missing sample.

    Parameters
    ----------
    read : callable
        Returns bytes as they come, none at the end.
    n_columns : int
        Values per frame.

    Yields
    ------
    ndarray of float32, shape (n, n_columns)

    Raises
    ------
    FormatError
        If the input ends within a frame.
    """
    size = 2 * n_columns
    rest = b""
    while data := read():
        data = rest + data
        whole = len(data) // size * size
        rest = data[whole:]
        if whole:
            frames = np.frombuffer(data[:whole], dtype="<i2").reshape(-1, n_columns)
            yield np.where(frames == NO_SAMPLE, np.float32(np.nan), frames.astype(np.float32))
    if rest:
        raise FormatError(
            f"stream: expected frames of {size} bytes ({n_columns} values of int16), found "
            f"{len(rest)} bytes at the end; name each column with --columns"
        )


@dataclass(frozen=True, eq=False)
class Inlet:
    """A stream of the Lab Streaming Layer.

    Parameters
    ----------
    fs : float
        Its nominal sampling frequency in Hz, 0 if it has none.
    leads : tuple of str
        Labels of its channels, or ``ECG1``, ``ECG2`` … if it has none.
    chunks : iterator of ndarray of float32, shape (n, n_channels)
        Its samples as they come, until the stream is lost.
    """

    fs: float
    leads: tuple[str, ...]
    chunks: Iterator[Floats]


def lsl_inlet(name: str, *, timeout: float = RESOLVE_S) -> Inlet:
    """Open a stream of the Lab Streaming Layer.

    Parameters
    ----------
    name : str
        Name that its outlet announces.
    timeout : float
        Seconds to search for it.

    Returns
    -------
    Inlet

    Raises
    ------
    EcgScribeError
        If pylsl or its library is missing, no such stream is found, or it does not hold numbers.
    """
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError) as error:  # without its library it raises others
        raise EcgScribeError(
            "lsl: expected the package pylsl and the library liblsl, cannot load them "
            f"({' '.join(str(error).split())[:80]}); install ecgscribe[lsl]"
        ) from error
    streams = pylsl.resolve_byprop("name", name, timeout=timeout)
    if not streams:
        raise EcgScribeError(
            f"lsl: expected a stream named {name!r}, found none within {timeout:g} s; "
            "start it, or correct the name"
        )
    inlet = pylsl.StreamInlet(streams[0], recover=False)
    info = inlet.info(timeout)
    if info.channel_format() == pylsl.cf_string:
        raise EcgScribeError(f"lsl: expected numbers, found text in {name!r}; name another stream")
    labels = info.get_channel_labels() or []
    leads = [label or f"ECG{k + 1}" for k, label in enumerate(labels)]
    leads = leads or [f"ECG{k + 1}" for k in range(info.channel_count())]

    def chunks() -> Iterator[Floats]:
        while True:
            try:
                samples, _ = inlet.pull_chunk(timeout=PULL_S, max_samples=1024)
            except pylsl.LostError:
                return
            if samples:
                yield np.array(samples, dtype=np.float32)

    return Inlet(info.nominal_srate(), tuple(leads), chunks())
