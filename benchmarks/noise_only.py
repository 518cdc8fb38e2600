"""Count the beats detected, and those with readable quality, in eight hours of noise alone.

``python benchmarks/noise_only.py [--data-dir DIR] [--model M]``
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ecgscribe import datasets
from ecgscribe.errors import EcgScribeError, SignalWarning
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.quality_annotations import readable_seconds
from ecgscribe.record import Record

FS = 360
LEADS = ("ECG1", "ECG2")
WHITE_HOURS = 4


def noise_only_records(data_dir: str | None) -> Iterator[tuple[str, Record]]:
    """Yield eight hours: recorded noise that is not used in training, and made signals."""
    em = datasets.noise("em", data_dir=data_dir)
    yield "em (electrode motion), whole", replace(em, leads=LEADS)
    for name, what in (("bw", "baseline wander"), ("ma", "muscle")):
        noise = replace(datasets.noise(name, data_dir=data_dir), leads=LEADS)
        second = noise.lazy().record(noise.n_samples // 2)
        yield f"{name} ({what}), second half", second
    rng = np.random.default_rng(0)
    hour = 3600 * FS
    flat = np.zeros((hour, 2), dtype=np.float32)
    flat[hour // 2 :] = rng.integers(-1, 2, size=(hour - hour // 2, 2)) / 200
    yield "flat line; from half an hour on the last bit flickers", Record(flat, float(FS), LEADS)
    phase = 2 * np.pi * np.arange(hour, dtype=np.float64)[:, None] / FS
    for hertz in (50, 60):
        hum = np.sin(hertz * phase + [0, 0.5]) * 0.2 + rng.normal(0, 0.005, (hour, 2))
        yield f"mains hum of {hertz} Hz", Record(hum.astype(np.float32), float(FS), LEADS)
    for _ in range(WHITE_HOURS):
        white = rng.normal(0, 0.1, size=(hour, 2)).astype(np.float32)
        yield "white noise", Record(white, float(FS), LEADS)


def main() -> int:
    """Annotate each recording and print a Markdown table."""
    parser = argparse.ArgumentParser(description="Count beats detected in signals without beats.")
    parser.add_argument("--data-dir", help="folder that holds nstdb")
    parser.add_argument("--model", default="default", help="model (default: the shipped one)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SignalWarning)
    lines = [
        "| signal | hours | beats written | of those readable | readable time |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    hours = written = readable = 0.0
    try:
        model = load_model(options.model)
        for name, record in noise_only_records(options.data_dir):
            annotation = annotate(record, model=model)
            beats, read = len(annotation.beats()), int(annotation.readable.sum())
            share = readable_seconds(annotation, record.n_samples) / record.duration
            lines.append(
                f"| {name} | {record.duration / 3600:.2f} | {beats} | {read} | {100 * share:.1f}% |"
            )
            hours, written = hours + record.duration / 3600, written + beats
            readable += read
    except EcgScribeError as error:
        sys.stderr.write(f"noise_only: {error}\n")
        return 1
    lines.append(
        f"| all, per hour | {hours:.2f} | {written / hours:.1f} | {readable / hours:.2f} | |"
    )
    sys.stdout.write(f"model {model.hash[:12]}\n\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
