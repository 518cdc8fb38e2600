"""A slow, plain validator of the part of JSON Schema that the report's schema uses."""

from __future__ import annotations

from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "array": list,
    "object": dict,
}
_KNOWN = {
    "$schema", "title", "description", "type", "properties", "required", "additionalProperties",
    "items", "prefixItems", "anyOf",
}  # fmt: skip


def violations(value: Any, schema: Any, where: str = "$") -> list[str]:
    """Return where a value differs from a schema."""
    if schema is True:
        return []
    if schema is False:
        return [f"{where}: not allowed"]
    assert set(schema) <= _KNOWN
    if "anyOf" in schema:
        tried = [violations(value, option, where) for option in schema["anyOf"]]
        return [] if any(not found for found in tried) else [f"{where}: none of {schema['anyOf']}"]
    expected = _TYPES[schema["type"]]
    is_bool = isinstance(value, bool) and schema["type"] != "boolean"
    if is_bool or not isinstance(value, expected):
        return [f"{where}: expected {schema['type']}, found {value!r}"]
    if isinstance(value, dict):
        return _of_object(value, schema, where)
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        found = [
            text
            for k, item in enumerate(value)
            for text in violations(
                item, first[k] if k < len(first) else schema["items"], f"{where}[{k}]"
            )
        ]
        return found + [f"{where}: too short"] * (len(value) < len(first))
    return []


def _of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    properties = schema.get("properties", {})
    found = [f"{where}.{name}: missing" for name in schema.get("required", ()) if name not in value]
    for name, item in value.items():
        inner = properties.get(name, schema.get("additionalProperties", True))
        found += violations(item, inner, f"{where}.{name}")
    return found
