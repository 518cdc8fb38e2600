"""The JSON Schema of a report, derived from the dataclasses of its content.

``report.schema.json`` in this folder is that schema, written by ``python -m
ecgscribe.report.schema``; the version in it goes up with every change that a reader of the JSON
would notice.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Union, get_args, get_origin, get_type_hints

from ecgscribe.report.content import ReportContent

__all__ = ["FILE", "report_schema"]


FILE = "report.schema.json"
"""Name of the schema in the package."""
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a report.

    Returns
    -------
    dict
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of ecgscribe on one recording",
        **_of(ReportContent),
    }


def _of(kind: Any) -> dict[str, Any]:
    """Return the schema of a type."""
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        return {"anyOf": [_of(argument) for argument in arguments]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [_of(a) for a in arguments], "items": False}
    raise TypeError(f"expected a type that JSON has, found {kind}; give it a schema here")


def _object(kind: Any) -> dict[str, Any]:
    """Return the schema of a dataclass, as `ecgscribe.report.json_form.to_json` writes it."""
    hints = get_type_hints(kind)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        if field.metadata.get("inline"):
            (inner,) = (a for a in get_args(hint) if a is not type(None))
            properties |= _object(inner)["properties"]  # present only if it is not None
            continue
        name = field.metadata.get("key", field.name)
        properties[name] = _of(hint)
        if not field.metadata.get("optional"):
            required.append(name)
    return {
        "type": "object",
        "description": str(kind.__doc__).partition("\n")[0],
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _write() -> None:
    from pathlib import Path

    from ecgscribe.files import write_text

    target = Path(str(files("ecgscribe.report") / FILE))
    write_text(target, json.dumps(report_schema(), indent=1) + "\n", force=True)


if __name__ == "__main__":
    _write()
