"""ecgscribe reads an ECG recording and writes down every heartbeat.

A research tool, not a medical device.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module

from ecgscribe._version import __version__ as __version__

# onnxruntime 1.29 and later reports its use to its maker, and keeps a device id and a database of
# events in the user's cache folder. It reads this variable once, when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

logging.getLogger(__name__).addHandler(logging.NullHandler())

TYPE_CHECKING = False  # as in typing, which takes time
__all__ = [
    "Annotation",
    "Record",
    "Stream",
    "annotate",
    "evaluate",
    "explain",
    "load_model",
    "open_record",
    "read",
    "write",
]

_HOMES = {
    "Annotation": "ecgscribe.record",
    "Record": "ecgscribe.record",
    "Stream": "ecgscribe.live.stream",
    "annotate": "ecgscribe.pipeline.from_python",
    "evaluate": "ecgscribe.evaluation.evaluate",
    "explain": "ecgscribe.explanation.explain",
    "load_model": "ecgscribe.model.runtime",
    "open_record": "ecgscribe.formats.reading",
    "read": "ecgscribe.formats.reading",
    "write": "ecgscribe.formats.writing",
}
"""Where each public name is defined; it is imported when it is first used."""
_MODULES = ("datasets", "formats", "metrics", "plots", "report")
"""Folders that can be used after ``import ecgscribe`` alone."""


if TYPE_CHECKING:
    from typing import Any

    from ecgscribe import datasets as datasets
    from ecgscribe import formats as formats
    from ecgscribe import metrics as metrics
    from ecgscribe import plots as plots
    from ecgscribe import report as report
    from ecgscribe.evaluation.evaluate import evaluate
    from ecgscribe.explanation.explain import explain
    from ecgscribe.formats.reading import open_record, read
    from ecgscribe.formats.writing import write
    from ecgscribe.live.stream import Stream
    from ecgscribe.model.runtime import load_model
    from ecgscribe.pipeline.from_python import annotate
    from ecgscribe.record import Annotation, Record
else:  # not for a type checker, which would take every name for one of these

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        elif name in _MODULES:
            value = import_module(f"ecgscribe.{name}")
        else:
            raise AttributeError(f"module 'ecgscribe' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(["__version__", *__all__, *_MODULES])
