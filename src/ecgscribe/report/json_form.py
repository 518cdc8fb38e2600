"""The JSON form of dataclasses: one function, and three ways in which a field may differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

__all__ = ["INLINE", "OPTIONAL", "key", "to_json"]


OPTIONAL: Mapping[str, Any] = {"optional": True}
"""Metadata of a field that JSON omits if it is None."""
INLINE: Mapping[str, Any] = {"inline": True}
"""Metadata of a dataclass field whose own fields replace it in JSON; None adds no field."""


def key(name: str) -> Mapping[str, Any]:
    """Return the metadata of a field that has another name in JSON.

    Parameters
    ----------
    name : str

    Returns
    -------
    mapping
    """
    return {"key": name}


def to_json(value: Any) -> Any:
    """Return a value as types that JSON has, keys in the order of the fields.

    Parameters
    ----------
    value : object
        A dataclass, mapping or tuple of such values, or a plain value.

    Returns
    -------
    dict, list, str, float, int, bool or None
    """
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    content: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = to_json(getattr(value, field.name))
        if field.metadata.get("inline"):
            content |= item or {}
        elif item is not None or not field.metadata.get("optional"):
            content[field.metadata.get("key", field.name)] = item
    return content
