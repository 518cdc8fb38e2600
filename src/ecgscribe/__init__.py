"""ecgscribe reads an ECG recording and writes down every heartbeat.

A research tool, not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecgscribe.annotate import annotate
    from ecgscribe.evaluate import evaluate
    from ecgscribe.formats import read
    from ecgscribe.record import Annotation, Record
    from ecgscribe.runtime import load_model

__all__ = ["Annotation", "Record", "annotate", "evaluate", "load_model", "read"]
__version__ = "0.1.0"

_HOME = {
    "Annotation": "record",
    "Record": "record",
    "annotate": "annotate",
    "evaluate": "evaluate",
    "load_model": "runtime",
    "read": "formats",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import ecgscribe`` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'ecgscribe' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(f"ecgscribe.{_HOME[name]}"), name)
    globals()[name] = value
    return value
