"""Damaged files of every format: each gives a FormatError or a recording, and nothing else.

ECGSCRIBE_FUZZ is the number of damaged files per format, by default 100; the long check takes
10,000 (see CONTRIBUTING.md).
"""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgscribe import formats
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats import reading
from ecgscribe.record import Annotation, Record
from support import format_files
from support.format_files import NEED_FS, WRITERS

N_INPUTS = int(os.environ.get("ECGSCRIBE_FUZZ", "100"))
LONGEST_S = 20.0
"""Limit of the processor time per file, far above what any file takes."""
MOST_BYTES = 200_000_000
MAX_VALUES = 5_000_000
"""Replaces `ecgscribe.formats.reading.MAX_VALUES`, so that the memory check can be strict."""

fuzzed = settings(
    max_examples=N_INPUTS,
    deadline=None,
    database=None,
    derandomize=N_INPUTS <= 100,
    suppress_health_check=list(HealthCheck),
)

# Values of damaged header fields: ends of ranges, absurd sizes, other characters.
TOKENS = st.sampled_from(
    [
        b"0", b"-1", b"1", b"9", b"999999999999", b"1e308", b"1e-308", b"nan", b"inf", b"-inf",
        b"1000000000000", b"4294967296", b"2147483647", b"-2147483648", b" ", b"\n", b"\t", b",",
        b";", b"/", b"~", b"x2", b":1", b"+1", b"(", b"\0", b"\0\0\0\0", b"\xff\xff\xff\x7f",
        b"\xff\xff", b"\xff\xff\xff\xff", b"\x80", b"\xc3\xbc", b"\x14", b"<", b">", b"&a;", b'"',
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"../../a", b"r", b"EDF+D", b"8", b"212", b"16",
        b"310", b"516",
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Damage:
    """One change to a file at a place: a token, a bit, a cut or bytes of another place."""

    how: str
    place: int
    other: int
    token: bytes
    length: int

    def of(self, data: bytes) -> bytes:
        at, other = self.place % (len(data) + 1), self.other % (len(data) + 1)
        if self.how == "cut":
            return data[:at]
        if self.how == "remove":
            return data[:at] + data[at + self.length :]
        if self.how == "insert":
            return data[:at] + self.token + data[at:]
        if self.how == "replace":
            return data[:at] + self.token + data[at + len(self.token) :]
        if self.how == "splice":
            return data[:at] + data[other : other + self.length] + data[at + self.length :]
        changed = bytearray(data)
        if changed:
            changed[at % len(changed)] ^= 1 << self.other % 8
        return bytes(changed)


# Half of the places are in the first bytes, where headers are.
PLACES = st.one_of(st.integers(0, 1000), st.integers(0, 200_000))
DAMAGES = st.lists(
    st.builds(
        Damage,
        how=st.sampled_from(["flip", "flip", "cut", "remove", "insert", "replace", "splice"]),
        place=PLACES,
        other=PLACES,
        token=TOKENS,
        length=st.integers(1, 64),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """A process that only reads, because its memory is measured and it may crash."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=strict) as process:
        yield process


def strict() -> None:
    """Make warnings errors, as pytest does (see pyproject.toml), and arrays small."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "The inplace keyword in DataFrame", DeprecationWarning)
    reading.MAX_VALUES = MAX_VALUES


def memory(which: str) -> int:
    """Return the allocated memory of this process in bytes: VmSize now, VmPeak at most."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split(f"{which}:")[1].split()[0])


def check(read: Callable[[], Record | Annotation]) -> None:
    """Read; warnings are errors here, as everywhere in the tests."""
    size, peak, began = memory("VmSize"), memory("VmPeak"), time.process_time()
    message = ""
    try:
        result = read()
    except (FormatError, SignalWarning) as error:  # or it is read, with a word on what is odd
        message = str(error)
    else:
        assert isinstance(result, Record | Annotation)
        if isinstance(result, Record):
            assert result.signal.dtype == np.float32
            assert not np.isinf(result.signal).any()
            assert len(set(result.leads)) == len(result.leads) == len(result.units)
    assert "\n" not in message
    assert len(message) < 1000
    assert time.process_time() - began < LONGEST_S
    if memory("VmPeak") > peak:  # else this file needed no more than one before it
        assert memory("VmPeak") - size < MOST_BYTES


def ends(path: Path, fs: float | None) -> Record:
    """Read both ends of a recording, then all of it."""
    source = formats.open_record(path, fs=fs)
    assert source.n_samples >= 1
    assert source.fs > 0
    for begin in {0, max(source.n_samples - 10, 0)}:
        end = min(begin + 10, source.n_samples)
        assert source.read(begin, end).shape == (end - begin, len(source.leads))
    return formats.read(path, fs=fs)


def fuzz_recording(name: str, folder: Path) -> None:
    path = WRITERS[name](folder)
    fs = format_files.FS if name in NEED_FS else None
    ends(path, fs)  # whatever is imported on the way is not what is measured
    whole = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
    # Headers first: they are what Hypothesis tries most.
    files = sorted(whole, key=lambda file: not file.endswith(".hea"))

    @fuzzed
    @given(file=st.sampled_from(files), damages=DAMAGES)
    def fuzz(file: str, damages: list[Damage]) -> None:
        data = whole[file]
        for damage in damages:
            data = damage.of(data)
        (folder / file).write_bytes(data)
        check(lambda: ends(path, fs))
        (folder / file).write_bytes(whole[file])

    fuzz()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRITERS))
def test_damaged_recordings_end_in_one_clear_error_or_a_record(
    name: str, tmp_path: Path, apart: ProcessPoolExecutor
) -> None:
    apart.submit(fuzz_recording, name, tmp_path).result()


def fuzz_annotation(name: str, folder: Path) -> None:
    if name == "atr":
        path = format_files.wfdb_record(folder).with_suffix(".atr")
    elif name == "ann":
        path = format_files.ishne_annotation(folder)
    elif name == "annotations.txt":
        path = folder / "rannotations.txt"
        path.write_text("Time Sample # Type Sub Chan Num\tAux\n 0:00.05 18 + 0 0 0 (N\n")
    else:
        path = WRITERS[name](folder)
    formats.read_annotation(path)
    whole = path.read_bytes()

    @fuzzed
    @given(damages=DAMAGES)
    def fuzz(damages: list[Damage]) -> None:
        data = whole
        for damage in damages:
            data = damage.of(data)
        path.write_bytes(data)
        check(lambda: formats.read_annotation(path))

    fuzz()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["atr", "ann", "edf", "bdf", "edf-gap", "annotations.txt"])
def test_damaged_annotations_end_in_one_clear_error_or_an_annotation(
    name: str, tmp_path: Path, apart: ProcessPoolExecutor
) -> None:
    apart.submit(fuzz_annotation, name, tmp_path).result()


def cut_header(name: str, folder: Path) -> None:
    path = WRITERS[name](folder)
    data = path.read_bytes()
    fs = format_files.FS if name in NEED_FS else None
    ends(path, fs)
    first = min(1100, len(data) - 1)
    lengths = [*range(0, first, 3 if N_INPUTS <= 100 else 1), first, len(data) // 2, len(data) - 2]
    for length in lengths:
        path.write_bytes(data[:length])
        check(lambda: ends(path, fs))


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_file_cut_anywhere_in_its_header_is_refused(
    name: str, tmp_path: Path, apart: ProcessPoolExecutor
) -> None:
    apart.submit(cut_header, name, tmp_path).result()
