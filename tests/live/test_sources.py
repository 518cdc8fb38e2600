"""`ecgscribe stream` as a user runs it, and the samples that it reads."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.cli.stream import STARTUP_S
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.live import sources
from ecgscribe.live.events import LiveBeat
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import load_model

COMMAND = str(Path(sys.executable).with_name("ecgscribe"))
OPTIONS = ["stream", "--fs", "250", "--leads", "I,II", "--quiet"]
Signal = NDArray[np.float32]


def pieces(data: bytes, sizes: list[int]) -> sources.Read:
    """Return data in pieces of these sizes, and then the rest."""

    def parts() -> Iterator[bytes]:
        begin = 0
        for size in sizes:
            yield data[begin : begin + size]
            begin += size
        yield data[begin:]

    left = (part for part in parts() if part)
    return lambda: next(left, b"")


def run(data: bytes, *options: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *(options or OPTIONS)], input=data, capture_output=True, timeout=300, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def lines(text: str) -> list[dict[str, Any]]:
    """Return what was printed of beats; a model may recognise rhythms, too."""
    events = [json.loads(line) for line in text.splitlines()]
    return [event for event in events if event["kind"] != "rhythm"]


@pytest.fixture(scope="module")
def samples() -> Signal:
    record, _ = synthesize(duration=8, seed=5, fs=250.0, noise=0.1, classes=("N",))
    return np.rint(1000 * record.signal).astype(np.float32)


@pytest.fixture(scope="module")
def expected(samples: Signal) -> list[int]:
    """R-peaks that `Stream` finds in the samples."""
    stream = Stream(250, ["I", "II"], model=load_model())
    events = [*stream.push(samples), *stream.close()]
    return [event.sample for event in events if isinstance(event, LiveBeat)]


def as_text(samples: Signal, *, separator: str = ",") -> bytes:
    return "".join(f"{a:g}{separator}{b:g}\n" for a, b in samples).encode()


# Parsing


@given(
    values=st.lists(st.tuples(st.integers(-9999, 9999), st.integers(-9999, 9999)), max_size=20),
    sizes=st.lists(st.integers(1, 12), max_size=30),
    separator=st.sampled_from([",", " ", "\t", ", "]),
)
def test_lines_do_not_depend_on_the_pieces_they_come_in(
    values: list[tuple[int, int]], sizes: list[int], separator: str
) -> None:
    data = "".join(f"{a}{separator}{b}\r\n" for a, b in values).encode()
    chunks = list(sources.read_lines(pieces(data, sizes), 2))
    assert [tuple(row) for chunk in chunks for row in chunk.tolist()] == values


@given(
    values=st.lists(st.tuples(st.integers(-32767, 32767), st.integers(-32767, 32767)), max_size=20),
    sizes=st.lists(st.integers(1, 9), max_size=30),
)
def test_frames_do_not_depend_on_the_pieces_they_come_in(
    values: list[tuple[int, int]], sizes: list[int]
) -> None:
    data = np.array(values, dtype="<i2").tobytes()
    chunks = list(sources.read_frames(pieces(data, sizes), 2))
    assert [tuple(row) for chunk in chunks for row in chunk.tolist()] == values


def test_samples_are_yielded_as_soon_as_they_come() -> None:
    chunks = sources.read_lines(pieces(b"1 2\n3 4\n5", [5, 3]), 2)
    assert [len(chunk) for chunk in (next(chunks), next(chunks))] == [1, 1]


def test_invalid_samples_are_nan() -> None:
    (text,) = sources.read_lines(pieces(b"# mV\n\n1,\nnan, 2\n-,3\n", []), 2)
    np.testing.assert_array_equal(text, [[1, np.nan], [np.nan, 2], [np.nan, 3]])
    (frames,) = sources.read_frames(pieces(np.array([-32768, 7], "<i2").tobytes(), []), 2)
    np.testing.assert_array_equal(frames, [[np.nan, 7]])


@pytest.mark.parametrize(
    "line", ["1,2,3", "1", "1,x", "1,1e300", "\u00e9,1", "1 2 3", "1;2", "--,1"]
)
def test_the_error_of_a_wrong_line_has_its_number(line: str) -> None:
    chunks = sources.read_lines(pieces(f"1,2\n\n3,4\n{line}\n5,6\n".encode(), []), 2)
    assert next(chunks).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(FormatError, match=r"^line 4: expected one number per lead \(2\)"):
        next(chunks)


def test_wrong_lines_can_count_as_missing_samples() -> None:
    said: list[str] = []
    data = b"1,2\nx\n3,4\n1e300,1\n1\n5,6\n,\n7,8"
    rows = np.concatenate(list(sources.read_lines(pieces(data, [9]), 2, skip=said.append)))
    nan = [np.nan, np.nan]
    np.testing.assert_array_equal(rows, [[1, 2], nan, [3, 4], nan, nan, [5, 6], nan, [7, 8]])
    assert [error.split(":")[0] for error in said] == ["line 2", "line 4", "line 5"]
    endless = [b"1" * 40_000] * 3 + [b"\n5,6\n"]
    rows = np.concatenate(
        list(sources.read_lines(lambda: endless.pop(0) if endless else b"", 2, skip=said.append))
    )
    np.testing.assert_array_equal(rows, [nan, [5, 6]])


def test_a_line_without_an_end_needs_no_memory() -> None:
    with pytest.raises(FormatError, match="without an end of line"):
        list(sources.read_lines(lambda: b"1" * 10_000, 2))


def test_a_frame_cut_short_is_an_error() -> None:
    chunks = sources.read_frames(pieces(b"\x01\x00\x02\x00\x03", []), 2)
    assert next(chunks).tolist() == [[1, 2]]
    with pytest.raises(FormatError, match="frames of 4 bytes"):
        next(chunks)


# The command


@pytest.mark.parametrize("form", ["text", "int16"])
def test_the_command_prints_the_beats_of_stream(
    form: str, samples: Signal, expected: list[int]
) -> None:
    data = as_text(samples) if form == "text" else samples.astype("<i2").tobytes()
    done = run(data, *OPTIONS, "--format", form)
    assert (done.returncode, done.stderr) == (0, "")
    beats = lines(done.stdout)
    assert [beat["sample"] for beat in beats] == expected
    assert all(beat["kind"] == "beat" and beat["class"] in "NSVFQ" for beat in beats)


def test_peaks_come_before_their_beats(samples: Signal, expected: list[int]) -> None:
    printed = lines(run(as_text(samples), *OPTIONS, "--peaks").stdout)
    assert len(expected) > 5
    for sample in expected:
        assert [e["kind"] for e in printed if e["sample"] == sample] == ["peak", "beat"]


def test_bad_lines_are_skipped_and_counted(samples: Signal, expected: list[int]) -> None:
    rows = as_text(samples).splitlines()
    rows[10] = b"garbage"
    rows[1300] = b"1e300,1"
    options = [option for option in OPTIONS if option != "--quiet"]
    done = run(b"\n".join(rows), *options, "--skip-bad")
    assert done.returncode == 0
    start, first, number = done.stderr.splitlines()
    assert start == "ecgscribe: analyses I, II; the first beats come after 2.7 s of samples"
    assert "line 11: expected one number per lead (2)" in first
    assert number == "ecgscribe: 2 lines were no samples"
    assert [beat["sample"] for beat in lines(done.stdout)][-2:] == expected[-2:]


def test_the_first_beats_come_when_the_command_says(samples: Signal) -> None:
    live = Stream(250, ["I", "II"])
    needed = 0
    while not any(isinstance(event, LiveBeat) for event in live.push(samples[needed : needed + 5])):
        needed += 5
    assert STARTUP_S - 0.5 < needed / 250 < STARTUP_S + 0.5


@pytest.mark.parametrize("options", [["--retry"], ["--skip-bad", "--format", "int16"]])
def test_options_that_have_no_meaning_here_are_refused(options: list[str]) -> None:
    done = run(b"", *OPTIONS, *options)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_closed_stdin_is_one_line() -> None:
    line = f"exec {shlex.join([COMMAND, *OPTIONS])} <&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "expected samples on stdin, found it closed" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_beats_are_printed_at_once_and_ctrl_c_ends_well(
    samples: Signal, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [COMMAND, *OPTIONS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(as_text(samples))
        process.stdin.flush()
        first = json.loads(process.stdout.readline())  # though the input has not ended
        assert first["kind"] == "beat"
        time.sleep(1)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == b""
    assert lines(rest.decode())[-1]["sample"] > first["sample"]


def test_wrong_line_ends_in_one_line_after_the_beats(samples: Signal, expected: list[int]) -> None:
    done = run(as_text(samples) + b"1,2,3\n")
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"ecgscribe: line {len(samples) + 1}: expected one number per lead (2)"
    )
    assert done.stderr.count("\n") == 1
    assert [beat["sample"] for beat in lines(done.stdout)] == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["stream"], "give --fs and --leads"),
        (["stream", "--fs", "5", "--leads", "I"], "100 to 2000 Hz"),
        (["stream", "--fs", "250", "--columns", "I", "--leads", "V1"], "expected leads among I"),
        (["stream", "--fs", "250", "--leads", "PLETH"], "expected an ECG lead"),
    ],
)
def test_wrong_settings_end_in_one_line(options: list[str], message: str) -> None:
    done = run(b"", *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_wrong_address_is_a_wrong_command_line() -> None:
    assert run(b"", *OPTIONS, "--connect", "nowhere").returncode == 2


def test_a_closed_output_ends_the_command(samples: Signal) -> None:
    with subprocess.Popen(
        [COMMAND, *OPTIONS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(as_text(samples), timeout=120)
    assert process.returncode == 1
    assert errors == b""


# TCP


def test_samples_from_a_tcp_server(samples: Signal, expected: list[int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        data = samples.astype("<i2").tobytes()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                for begin in range(0, len(data), 101):
                    connection.sendall(data[begin : begin + 101])

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = run(b"", *OPTIONS, "--format", "int16", "--connect", address)
        thread.join()
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"ecgscribe: {address}: expected samples until Ctrl-C, the server"
    )
    assert done.stderr.count("\n") == 1
    assert [beat["sample"] for beat in lines(done.stdout)] == expected


def test_a_lost_connection_is_made_again_and_the_gap_keeps_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    parts = iter([b"1,2\n3,4\n5", None, b"6,7\n"])

    class Connection:
        def __init__(self, data: bytes) -> None:
            self.left = [data, b""]

        def __enter__(self) -> Connection:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def settimeout(self, seconds: float | None) -> None:
            pass

        def recv(self, size: int) -> bytes:
            return self.left.pop(0)

    def connected(address: tuple[str, int], timeout: float) -> Connection:
        part = next(parts)
        if part is None:
            raise ConnectionRefusedError(111, "Connection refused")
        return Connection(part)

    monkeypatch.setattr(socket, "create_connection", connected)
    said: list[str] = []
    chunks = sources.reconnected(
        ("there", 1), lambda read: sources.read_lines(read, 2), fs=2, n_columns=2,
        report=said.append,
    )  # fmt: skip
    assert next(chunks).tolist() == [[1, 2], [3, 4]]
    gap = [next(chunks) for _ in range(3)]  # 1 s, refused, 2 s more
    assert [chunk.shape for chunk in gap] == [(2, 2)] * 3
    assert all(np.isnan(chunk).all() for chunk in gap)
    assert next(chunks).tolist() == [[6, 7]]
    assert said == [
        "there:1: expected samples until Ctrl-C, the server closed the connection; trying to "
        "connect again",
        "connected again, after 3 s without samples",
    ]


def test_the_first_connection_must_succeed_with_retry_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()[:2]
    chunks = sources.reconnected(
        address, lambda read: sources.read_lines(read, 2), fs=2, n_columns=2, report=print
    )
    with pytest.raises(sources.LostConnectionError, match="cannot connect"):
        next(chunks)


def test_a_name_that_is_none_is_one_line() -> None:
    for name in ("a..b", "no.such.name.invalid"):
        done = run(b"", *OPTIONS, "--connect", f"{name}:9000")
        assert done.returncode == 1
        assert f"{name}:9000: expected a server that sends samples, cannot connect" in done.stderr
        assert done.stderr.count("\n") == 1


def test_refused_connection_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    done = run(b"", *OPTIONS, "--connect", address)
    assert done.returncode == 1
    assert f"{address}: expected a server that sends samples" in done.stderr
    assert done.stderr.count("\n") == 1


# Lab Streaming Layer


def test_missing_pylsl_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(EcgScribeError, match=r"install ecgscribe\[lsl\]"):
        sources.lsl_inlet("ECG")


def test_samples_from_lsl(samples: Signal) -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"liblsl is missing: {error}")
    name = f"ecgscribe-{time.time_ns()}"
    with pytest.raises(EcgScribeError, match="found none"):
        sources.lsl_inlet(name, timeout=0.2)
    info = pylsl.StreamInfo(name, "ECG", 2, 250, pylsl.cf_float32, name)
    info.set_channel_labels(["I", "II"])
    outlet = pylsl.StreamOutlet(info)
    try:
        inlet = sources.lsl_inlet(name)
    except EcgScribeError as error:
        pytest.skip(f"no multicast on this machine: {error}")
    assert (inlet.fs, inlet.leads) == (250, ("I", "II"))
    sent = samples[:300]
    sender = threading.Thread(target=_send, args=(outlet, sent))
    sender.start()
    got: list[list[float]] = []
    while len(got) < len(sent):
        got += next(inlet.chunks).tolist()
    sender.join()
    assert got == sent.tolist()


class LostInlet:
    """An inlet of pylsl that gives one chunk, then is lost."""

    def __init__(self, *_: object, **__: object) -> None:
        self.left = [([[1.0], [2.0]], [0.0, 0.1])]

    def info(self, timeout: float) -> Any:
        return SimpleNamespace(
            channel_format=lambda: 1,
            get_channel_labels=lambda: ["II"],
            channel_count=lambda: 1,
            nominal_srate=lambda: 250.0,
        )

    def pull_chunk(self, **_: object) -> tuple[list[list[float]], list[float]]:
        if not self.left:
            raise TimeoutError
        return self.left.pop()


def test_a_lost_stream_of_lsl_is_an_error_after_its_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = SimpleNamespace(
        resolve_byprop=lambda *_, **__: ["a stream"],
        StreamInlet=LostInlet,
        cf_string=3,
        LostError=TimeoutError,
    )
    monkeypatch.setitem(sys.modules, "pylsl", package)
    chunks = sources.lsl_inlet("ECG").chunks
    assert next(chunks).tolist() == [[1.0], [2.0]]
    with pytest.raises(sources.LostConnectionError, match="the stream 'ECG' was lost"):
        next(chunks)


def _send(outlet: Any, samples: Signal) -> None:
    outlet.wait_for_consumers(10)
    for sample in samples:
        outlet.push_sample(sample.tolist())
