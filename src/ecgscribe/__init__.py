"""ecgscribe reads an ECG recording and writes down every heartbeat.

A research tool, not a medical device.
"""

from __future__ import annotations

from ecgscribe._version import __version__ as __version__
from ecgscribe.evaluation.evaluate import evaluate
from ecgscribe.explanation.explain import explain
from ecgscribe.formats.reading import open_record, read
from ecgscribe.formats.writing import write
from ecgscribe.live.stream import Stream
from ecgscribe.model.runtime import load_model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, Record

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
