"""The person that was recorded, as a TOML file describes them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path

from ecgscribe.errors import FormatError
from ecgscribe.files import read_toml
from ecgscribe.formatting import did_you_mean
from ecgscribe.report.json_form import OPTIONAL

__all__ = ["Patient", "read_patient"]


@dataclass(frozen=True)
class Patient:
    """What the report states about the patient, only because it was given."""

    name: str | None = field(default=None, metadata=OPTIONAL)
    id: str | None = field(default=None, metadata=OPTIONAL)
    birth: str | None = field(default=None, metadata=OPTIONAL)
    sex: str | None = field(default=None, metadata=OPTIONAL)
    height: str | None = field(default=None, metadata=OPTIONAL)
    weight: str | None = field(default=None, metadata=OPTIONAL)
    indication: str | None = field(default=None, metadata=OPTIONAL)
    diagnosis: str | None = field(default=None, metadata=OPTIONAL)
    medication: str | None = field(default=None, metadata=OPTIONAL)
    device: str | None = field(default=None, metadata=OPTIONAL)
    physician: str | None = field(default=None, metadata=OPTIONAL)
    note: str | None = field(default=None, metadata=OPTIONAL)

    def stated(self) -> dict[str, str]:
        """Return the fields that were given, in the order of the report."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def read_patient(path: str | Path) -> Patient:
    """Read a TOML file whose keys are fields of `Patient`.

    Parameters
    ----------
    path : str or Path
        A value is text, a number, a date, or a list of these, which is joined by commas.

    Returns
    -------
    Patient

    Raises
    ------
    FormatError
        If the file cannot be read, is not TOML, or has another key or value.
    """
    path = Path(path)
    table = read_toml(path, like='name = "Jane Doe"')
    known = [each.name for each in fields(Patient)]
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, otherwise=f"use {', '.join(known)}")
            raise FormatError(f"{path}: expected a field of the report, found {key!r}; {hint}")
    return Patient(**{key: _text(path, key, value) for key, value in table.items()})


def _text(path: Path, key: str, value: object) -> str | None:
    """Return a value as it is shown; None for one that is empty."""
    if isinstance(value, list):
        return ", ".join(filter(None, (_text(path, key, item) for item in value))) or None
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise FormatError(
            f"{path}: expected {key} to be text, a number, a date or a list of these, found "
            f"{value!r}; write it in quotes"
        )
    return " ".join(str(value).split()) or None
