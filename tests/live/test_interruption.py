"""Ctrl-C and SIGTERM end a stream in one way, whatever it is doing."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgscribe.cli.main import main
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live import sources
from ecgscribe.live.interruption import Interruption

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_work_takes_effect_after_it(number: signal.Signals) -> None:
    interruption, before = Interruption(), signal.getsignal(number)
    with interruption.watched():
        chunks = interruption.until(iter([1, 2, 3]))
        assert next(chunks) == 1
        signal.raise_signal(number)
        assert list(chunks) == []
        signal.raise_signal(number)  # nor does another one end what is still to be done
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_waiting(number: signal.Signals) -> None:
    interruption = Interruption()

    def waits() -> Iterator[int]:
        yield 1
        signal.raise_signal(number)
        yield 2

    with interruption.watched():
        assert list(interruption.until(waits())) == [1]
        assert interruption.came
        assert interruption.wait(lambda: "later") is None


def test_an_impatient_person_can_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    interruption = Interruption()
    monkeypatch.setattr("ecgscribe.live.interruption.IMPATIENCE_S", -1)
    with interruption.watched():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("moment", ["wait", "push", "close"])
def test_the_command_ends_with_0_and_all_beats(
    number: signal.Signals,
    moment: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from ecgscribe.live.stream import Stream

    samples = synthesize(duration=12.0, seed=3, fs=250.0)[0].signal
    arguments = ["stream", "--fs", "250", "--leads", "I,II", "--quiet"]
    monkeypatch.setattr(sources, "read_lines", lambda *_, **__: iter([samples]))
    assert main(arguments) == 0
    expected = capsys.readouterr().out

    def interrupted(*_: object, **__: object) -> Iterator[NDArray[np.float32]]:
        yield samples
        if moment == "wait":
            signal.raise_signal(number)
        yield samples[:0]

    def interrupts(name: str) -> None:
        whole = getattr(Stream, name)

        def method(self: Stream, *given: NDArray[np.float32]) -> object:
            if moment == name:
                signal.raise_signal(number)
            return whole(self, *given)

        monkeypatch.setattr(Stream, name, method)

    monkeypatch.setattr(sources, "read_lines", interrupted)
    interrupts("push")
    interrupts("close")
    assert main(arguments) == 0
    assert capsys.readouterr() == (expected, "")


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS)
def test_at_any_moment_the_command_ends_alike(number: signal.Signals) -> None:
    samples = synthesize(duration=20.0, seed=3, fs=250.0)[0].signal
    text = "".join(f"{a:.4f},{b:.4f}\n" for a, b in samples.tolist()).encode()
    command = [str(Path(sys.executable).with_name("ecgscribe")), "stream", "--fs", "250"]
    with subprocess.Popen(
        [*command, "--leads", "I,II"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.readline()  # it has started
        process.stdin.write(text)
        process.stdin.flush()
        time.sleep(random.uniform(0, 1))
        process.send_signal(number)
        printed, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    assert all(json.loads(line)["kind"] for line in printed.splitlines())
