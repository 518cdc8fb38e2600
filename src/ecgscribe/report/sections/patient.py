"""The section on the patient, of what was given."""

from __future__ import annotations

from ecgscribe.report.blocks import Table
from ecgscribe.report.patient import Patient

__all__ = ["patient_blocks"]


_TITLES = {"id": "Identifier", "birth": "Date of birth", "physician": "Referring physician"}


def patient_blocks(patient: Patient) -> tuple[Table, ...]:
    """Show the patient.

    Parameters
    ----------
    patient : Patient

    Returns
    -------
    tuple of Table
    """
    rows = tuple(
        (_TITLES.get(name, name.capitalize()), value) for name, value in patient.stated().items()
    )
    return (Table("As given with the recording, not checked", ("Entry", "Value"), rows),)
