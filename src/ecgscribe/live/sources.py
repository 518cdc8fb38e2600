"""Samples from stdin or TCP, as text lines or int16 frames, or from the Lab Streaming Layer.

Samples are yielded as soon as they come; nothing waits for a block to fill.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import EcgScribeError, FormatError

__all__ = [
    "Inlet",
    "LostConnectionError",
    "connected",
    "lsl_inlet",
    "read_frames",
    "read_lines",
    "reconnected",
    "standard_input",
]


BLOCK = 1 << 16
LONGEST_LINE = 1 << 16
NO_SAMPLE = -(1 << 15)
"""The int16 value of a missing sample, as in WFDB files of 16 bits."""
CONNECT_S = 10.0
RESOLVE_S = 5.0
PULL_S = 0.2
RETRY_S = (1.0, 30.0)
"""Seconds between two attempts to connect again: at first, and at most, doubled each time."""
LARGEST = 1e30
"""Largest size of a sample; samples are held in 32 bits."""


Floats = NDArray[np.float32]
Read = Callable[[], bytes]


class LostConnectionError(EcgScribeError):
    """A server cannot be reached, or has closed the connection."""


def standard_input() -> bytes:
    """Wait for bytes on stdin and return them; empty at the end.

    Raises
    ------
    EcgScribeError
        If stdin is closed.
    """
    try:
        return os.read(sys.stdin.fileno(), BLOCK)
    except (AttributeError, ValueError, OSError) as error:  # Python has no stdin if it is closed
        raise EcgScribeError(
            "stream: expected samples on stdin, found it closed; pipe them in, or use --connect"
        ) from error


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
        Waits for bytes and returns them.

    Raises
    ------
    LostConnectionError
        If the connection fails or breaks, or the server closes it.
    """
    where = f"{address[0]}:{address[1]}"
    try:
        connection = socket.create_connection(address, timeout=CONNECT_S)
    except (OSError, UnicodeError) as error:  # the latter for a name that is none
        reason = getattr(error, "strerror", None) or error
        raise LostConnectionError(
            f"{where}: expected a server that sends samples, cannot connect ({reason}); start it, "
            "or correct the address"
        ) from error

    def read() -> bytes:
        try:
            data = connection.recv(BLOCK)
        except OSError as error:
            raise LostConnectionError(
                f"{where}: expected samples, the connection broke ({error.strerror or error}); "
                "connect again, or use --retry"
            ) from error
        if not data:
            raise LostConnectionError(
                f"{where}: expected samples until Ctrl-C, the server closed the connection; "
                "connect again, or use --retry"
            )
        return data

    with connection:
        connection.settimeout(None)
        yield read


def reconnected(
    address: tuple[str, int],
    reader: Callable[[Read], Iterator[Floats]],
    *,
    fs: float,
    n_columns: int,
    report: Callable[[str], object],
) -> Iterator[Floats]:
    """Read from a TCP server, and connect again whenever the connection is lost.

    The first connection must succeed. The time without one is filled with missing samples, since
    the samples are the clock; what came of a line or a frame that was not complete is dropped.

    Parameters
    ----------
    address : tuple of str and int
        Host and port.
    reader : callable
        Makes samples of bytes: `read_lines` or `read_frames`.
    fs : float
        Sampling frequency in Hz.
    n_columns : int
        Values per sample.
    report : callable
        Called with one line when the connection is lost, and when there is a new one.

    Yields
    ------
    ndarray of float32, shape (n, n_columns)
    """
    lost_at: float | None = None
    wait, is_first = RETRY_S[0], True
    while True:
        try:
            with connected(address) as read:
                is_first = False
                if lost_at is not None:
                    gap = time.monotonic() - lost_at
                    report(f"connected again, after {gap:.0f} s without samples")
                    yield from _missing(round(gap * fs), n_columns, at_once=round(fs))
                    lost_at, wait = None, RETRY_S[0]
                yield from reader(read)
        except LostConnectionError as error:
            if is_first:
                raise
            if lost_at is None:
                report(str(error).partition("; ")[0] + "; trying to connect again")
                lost_at = time.monotonic()
            time.sleep(wait)
            wait = min(2 * wait, RETRY_S[1])


def _missing(n: int, n_columns: int, *, at_once: int) -> Iterator[Floats]:
    for begin in range(0, n, at_once):
        yield np.full((min(at_once, n - begin), n_columns), np.nan, dtype=np.float32)


def read_lines(
    read: Read, n_columns: int, *, skip: Callable[[str], object] | None = None
) -> Iterator[Floats]:
    """Read text with one sample per line, values separated by commas or blanks.

    An empty value between commas, ``-`` and ``nan`` mean that a sample is missing. Empty lines and
    lines that begin with ``#`` are skipped.

    Parameters
    ----------
    read : callable
        Returns bytes as they come, none at the end.
    n_columns : int
        Values per line.
    skip : callable, optional
        Called with the error of each wrong line, which then counts as a missing sample.

    Yields
    ------
    ndarray of float32, shape (n, n_columns)
        The samples of the lines that have come.

    Raises
    ------
    FormatError
        If a line is something else and `skip` is not given; the message has its number. Samples
        before it come first.
    """
    number, rest = 0, b""
    while data := read():
        *lines, rest = (rest + data).split(b"\n")
        yield from _samples_of(lines, number, n_columns, skip)
        number += len(lines)
        if len(rest) > LONGEST_LINE:
            error = FormatError(
                f"line {number + 1}: expected one number per lead ({n_columns}), found more than "
                f"{LONGEST_LINE} characters without an end of line; send one line per sample"
            )
            if skip is None:
                raise error
            rest = rest[: LONGEST_LINE // 2]  # still wrong when its end comes
    yield from _samples_of([rest], number, n_columns, skip)


def _samples_of(
    lines: list[bytes], before: int, n_columns: int, skip: Callable[[str], object] | None
) -> Iterator[Floats]:
    """Yield the samples of lines; see `read_lines`."""
    done = 0
    while done < len(lines):
        samples, n_read, wrong = _parsed(lines[done:], before + done, n_columns)
        if len(samples):
            yield samples
        if wrong is None:
            return
        if skip is None:
            raise wrong
        skip(str(wrong))
        yield np.full((1, n_columns), np.nan, dtype=np.float32)
        done += n_read + 1


def _parsed(
    lines: list[bytes], before: int, n_columns: int
) -> tuple[Floats, int, FormatError | None]:
    """Return the samples of the lines before the first wrong one, how many, and its error."""
    samples = []
    wrong, k = None, 0
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
                f"line {before + k + 1}: expected one number per lead ({n_columns}), found "
                f"{text[:40]!a}; send one line per sample, or name the columns with --columns"
            )
            break
        samples.append(sample)
    return np.array(samples, dtype=np.float32).reshape(-1, n_columns), k, wrong


def _number(text: str) -> float:
    value = float("nan") if text in ("", "-") else float(text)
    if LARGEST < abs(value) < float("inf"):
        raise ValueError("too large")
    return value


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
        Its samples as they come; a `LostConnectionError` when the stream is lost.
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
            except pylsl.LostError as error:
                raise LostConnectionError(
                    f"lsl: expected samples until Ctrl-C, the stream {name!r} was lost; start both "
                    "again"
                ) from error
            if samples:
                yield np.array(samples, dtype=np.float32)

    return Inlet(info.nominal_srate(), tuple(leads), chunks())
