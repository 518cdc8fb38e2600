from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe.errors import FormatError
from ecgscribe.report.build import report
from ecgscribe.report.patient import Patient, read_patient
from support.command_line import ecgscribe, only_error
from support.report_pages import ShownPage, only_in_page, recording_with_ectopy
from support.wfdb_files import save

GIVEN = """
name = "Zoë <b>Doe</b>"
id = 4711
birth = 1931-02-28
medication = ["metoprolol 47.5 mg", "apixaban"]
note = "  fell
 twice "
indication = ""
""".replace("fell\n", "fell\\n")


def test_every_kind_of_value_is_text(tmp_path: Path) -> None:
    path = tmp_path / "patient.toml"
    path.write_text(GIVEN, encoding="utf-8")
    patient = read_patient(path)
    assert patient == Patient(
        name="Zoë <b>Doe</b>", id="4711", birth="1931-02-28",
        medication="metoprolol 47.5 mg, apixaban", note="fell twice",
    )  # fmt: skip
    assert list(patient.stated()) == ["name", "id", "birth", "medication", "note"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('medicaton = "x"', "found 'medicaton'; did you mean medication"),
        ('qqq = "x"', "found 'qqq'; use name, id, birth"),
        ("name = Jane", "expected TOML such as"),
        ("name = true", "expected name to be text, a number, a date or a list of these"),
        ("[name]\nfirst = 1", "expected name to be text"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "patient.toml"
    path.write_text(text)
    with pytest.raises(FormatError) as error:
        read_patient(path)
    assert complaint in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_the_patient_and_the_comments_are_shown_only_on_request(tmp_path: Path) -> None:
    record, reference = recording_with_ectopy(60.0)
    patient = Patient(name="Zoë <b>Doe</b>", birth="1931-02-28")
    plain = report(record, reference, out=tmp_path / "plain.html")
    asked = report(record, reference, out=tmp_path / "asked.html", patient=patient, comments=True)
    assert (plain["patient"], plain["recording"]["comments"]) == (None, None)
    assert asked["patient"] == {"name": "Zoë <b>Doe</b>", "birth": "1931-02-28"}
    assert asked["recording"]["comments"] == ["Jane Doe 1931"]
    for name, texts in (("plain", 0), ("asked", 1)):
        html = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        shown = ShownPage(html)
        assert shown.text.count("Zoë <b>Doe</b>") == texts
        assert shown.text.count("Jane Doe 1931") == texts
        assert shown.headings.count("Patient") == texts
    assert only_in_page(html, asked) == set()


def test_the_command_takes_a_patient(tmp_path: Path) -> None:
    record, _ = recording_with_ectopy(30.0, name="rec")
    path = save(record, tmp_path)
    given = tmp_path / "patient.toml"
    given.write_text('name = "Jane Roe"\nindikation = "syncope"\n')
    arguments = ("report", path, "--patient", given, "--quiet")
    assert "did you mean indication" in only_error(ecgscribe(*arguments, cwd=tmp_path))
    given.write_text('name = "Jane Roe"\nindication = "syncope"\n')
    assert ecgscribe(*arguments, cwd=tmp_path).returncode == 0
    text = ShownPage((tmp_path / "rec.html").read_text(encoding="utf-8")).text
    assert {"Jane Roe", "syncope"} <= set(text)


def test_without_dates_there_is_no_date_of_birth(tmp_path: Path) -> None:
    record, _ = recording_with_ectopy(30.0, name="rec")
    path = save(record, tmp_path)
    given = tmp_path / "patient.toml"
    given.write_text('name = "Jane Roe"\nbirth = 1931-02-28\n')
    arguments = ("report", path, "--patient", given, "--no-dates", "--quiet")
    assert ecgscribe(*arguments, cwd=tmp_path).returncode == 0
    for output in ("rec.html", "rec.json"):
        text = (tmp_path / output).read_text(encoding="utf-8")
        assert "Jane Roe" in text
        assert "1931" not in text
