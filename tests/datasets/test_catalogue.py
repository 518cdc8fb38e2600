"""The catalogue: which records each database has, where their files are, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgscribe import datasets
from ecgscribe.datasets.catalogue import find_database
from ecgscribe.errors import DatasetError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "records", "subjects", "address"),
    [
        ("mitdb", 48, 47, "mitdb/1.0.0"),  # 201 and 202 are one person
        ("svdb", 78, 78, "svdb/1.0.0"),
        ("nstdb", 15, 5, "nstdb/1.0.0"),  # 118, 119, and three recordings of noise
        ("cinc2017", 8528, 8528, "challenge-2017/1.0.0"),
        ("afdb", 25, 25, "afdb/1.0.0"),
        ("afpdb", 300, 100, "afpdb/1.0.0"),  # 25 + 25 sets of four records, 50 pairs to test
        ("aftdb", 80, 70, "aftdb/1.0.0"),  # s01 and t01 to s10 and t10 are ten recordings
        ("vfdb", 22, 22, "vfdb/1.0.0"),
        ("cudb", 35, 35, "cudb/1.0.0"),
        ("ludb", 200, 200, "ludb/1.0.1"),
    ],
)
def test_records_subjects_and_address_are_the_published_ones(
    name: str, records: int, subjects: int, address: str
) -> None:
    database = find_database(name)
    assert len(set(database.records)) == len(database.records) == records
    assert len({database.subject(record) for record in database.records}) == subjects
    assert f"{database.slug or name}/{database.version}" == address
    assert database.licence == "ODC-By 1.0"
    assert database.citation
    assert database.megabytes > 0
    assert set(database.marks) <= set(datasets.MARKS)


@pytest.mark.parametrize(
    "same",
    [
        ("afpdb", "p01", "p02", "p01c", "p02c"),
        ("afpdb", "n49", "n50", "n49c", "n50c"),
        ("afpdb", "t99", "t100"),
        ("aftdb", "s03", "t03"),
    ],
)
def test_records_of_one_person_have_one_subject(same: tuple[str, ...]) -> None:
    name, *records = same
    assert len({datasets.subject(name, record) for record in records}) == 1


def test_neighbours_that_are_two_persons_have_two_subjects() -> None:
    assert datasets.subject("afpdb", "p02") != datasets.subject("afpdb", "p03")
    assert datasets.subject("afpdb", "p01") != datasets.subject("afpdb", "n01")
    assert datasets.subject("aftdb", "n03") != datasets.subject("aftdb", "t03")


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cinc2017", ("REFERENCE-v3.csv", "training/A08/A08528.hea", "training/A00/A00999.mat")),
        ("afdb", ("RECORDS", "04015.dat", "04015.atr", "04015.qrs", "00735.hea", "00735.qrs")),
        ("aftdb", ("learning-set/t10.dat", "test-set-a/a30.qrs", "test-set-b/b20.hea")),
        ("afpdb", ("p02c.dat", "t100.qrs")),
        ("cudb", ("cu35.atr",)),
        ("ludb", ("ludb.csv", "data/1.hea", "data/200.dat", "data/7.avr", "data/7.ii")),
    ],
)
def test_files_have_their_published_names(name: str, files: tuple[str, ...]) -> None:
    every = find_database(name).files
    assert set(files) <= set(every)
    assert len(set(every)) == len(every)


def test_files_that_are_not_published_are_not_fetched() -> None:
    assert "00735.dat" not in find_database("afdb").files
    assert "windows.csv" not in find_database("cudb").files
    assert "windows" not in find_database("cudb").published_marks
    assert "bw.atr" not in find_database("nstdb").files


def test_ds2_of_mitdb_is_evaluated_by_default_and_all_of_others() -> None:
    splits = {name: database.default_split for name, database in datasets.DATABASES.items()}
    assert splits.pop("mitdb") == "ds2"
    assert set(splits.values()) == {"all"}


def test_recordings_without_signals_are_in_no_split() -> None:
    assert not {"00735", "03665"} & set(datasets.split_records("afdb", "all"))
    assert len(datasets.split_records("afdb", "all")) == 23


def test_a_database_is_found_by_itself() -> None:
    svdb = find_database("svdb")
    assert find_database(svdb) is svdb
    with pytest.raises(DatasetError, match="expected a database out of mitdb"):
        find_database("qtdb")


def test_the_documentation_has_a_row_for_every_database() -> None:
    page = (ROOT / "docs" / "howto" / "databases.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row in datasets.DATABASES] == list(datasets.DATABASES)
