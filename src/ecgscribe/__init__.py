"""ecgscribe reads an ECG recording and writes down every heartbeat.

A research tool, not a medical device.
"""

from __future__ import annotations

import os

__version__ = "0.1.0"

# onnxruntime 1.29 and later reports its use to its maker, and keeps a device id and a database of
# events in the user's cache folder. It reads this variable once, when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Plain imports, not lazy ones: `annotate` and `evaluate` are also names of modules, which would
# take the functions' places. The modules import their heavy packages inside functions.
from ecgscribe.annotate import annotate
from ecgscribe.evaluate import evaluate
from ecgscribe.formats import read
from ecgscribe.record import Annotation, Record
from ecgscribe.runtime import load_model
from ecgscribe.stream import Stream

__all__ = ["Annotation", "Record", "Stream", "annotate", "evaluate", "load_model", "read"]
