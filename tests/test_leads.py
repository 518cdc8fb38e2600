"""Leads are chosen by their names, their units and what is lost of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe.errors import FormatError
from ecgscribe.leads import LeadChoice, best_leads, is_ecg, pick_leads

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def test_all_ecg_leads_are_picked_and_other_signals_are_named() -> None:
    names, units = ("ABP", "II", "X", "V5", "V1"), ("mmHg", "mV", "%", "mV", "uV")
    assert pick_leads(names, units) == LeadChoice((1, 3, 4), left_out=("ABP", "X"))


def test_leads_that_are_asked_for_are_picked_in_their_order() -> None:
    names, units = ("PLETH", "II", "V1"), ("NU", "mV", "mV")
    assert pick_leads(names, units, ["V1", "pleth"]) == LeadChoice((2, 0))


def test_messages_name_the_record() -> None:
    with pytest.raises(FormatError, match=r"^a: expected an ECG lead, found only Resp"):
        pick_leads(("Resp",), ("NU",), record="a")
    with pytest.raises(FormatError, match=r"^b: expected leads among MLII.*did you mean MLII"):
        pick_leads(("MLII",), ("mV",), ["MLI"], record="b")


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("II", "mV", True),
        ("ECG", "", True),
        ("II", " Bpm ", False),
        ("SpO2", "mV", False),
        ("Sp02", "mV", False),
        ("X", "mg", False),
        ("X", "mV", True),
    ],
)
def test_ecg_is_recognized_by_name_and_unit(name: str, unit: str, expected: bool) -> None:
    assert is_ecg(name, unit) is expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Lefteye", "RightEye", "C3A2", "C4A1", "ECG"), {"ECG"}),
        (("POL E", "POL PG1", "ECG1", "POL ECG2"), {"ECG1", "POL ECG2"}),
        (("EKG", "EEG1", "Pres", "Snore", "Pos", "EKG_Off", "HR"), {"EKG"}),
        (("Fp2-F4", "ROC-LOC", "ECG1-ECG2", "SX1-SX2", "PLETH"), {"ECG1-ECG2"}),
        (("II", "F3-M2", "O1", "time", "packetCounter"), {"II"}),
        (("ECG", "II", "unknown"), {"ECG", "II"}),
        (("C1", "C6", "val"), {"C1", "C6", "val"}),
        (("ecg", "X", "Y", "Z"), {"ecg"}),
        (("X", "Y", "Z"), {"X", "Y", "Z"}),
        (
            ("ECG_Raw", "ECG_Clean", "ECG_R_Peaks", "ECG_T_Onsets", "ECG_Phase"),
            {"ECG_Raw", "ECG_Clean"},
        ),
        (
            ("ax", "gy", "bvp", "EDA", "GSR", "breathing", "label", "LO+", "rr", "fs", "value"),
            {"value"},
        ),
        (("subject_id", "annotation", "quality", "lead_off", "signal"), {"signal"}),
    ],
)
def test_signals_called_ecg_come_first(names: tuple[str, ...], expected: set[str]) -> None:
    choice = pick_leads(names, ("uV",) * len(names))
    assert {names[k] for k in choice.columns} == expected
    assert set(choice.left_out) == set(names) - expected


def test_numbers_are_columns_even_where_names_are_numbers() -> None:
    assert pick_leads(("1", "0"), ("mV", "mV"), (0, 1)).columns == (0, 1)
    assert pick_leads(("1", "0"), ("mV", "mV"), ("0", "1")).columns == (1, 0)


@given(shares=st.lists(st.sampled_from([0.0, 0.004, 0.1, 1.0]), min_size=12, max_size=12))
def test_the_best_leads_have_the_smallest_share_lost(shares: list[float]) -> None:
    first, second = best_leads(TWELVE, range(12), shares)
    assert first < second
    percent = [round(100 * share) for share in shares]
    chosen = sorted([percent[first], percent[second]])
    assert chosen == sorted(percent)[:2]


def test_among_equals_the_usual_rhythm_leads_are_best() -> None:
    assert best_leads(TWELVE, range(12), [0.0] * 12) == (1, 10)
    assert best_leads(TWELVE, (0, 2, 6), [0.0] * 3) == (0, 6)
    assert best_leads(("a", "b", "c"), range(3), [0.2, 0.0, 0.0]) == (1, 2)
