"""What is kept on disk is what a dictionary and a sorted list would hold."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("fsspec")

from ecgscribe.archive.on_disk import Source, SourceTable, sorted_on_disk
from ecgscribe.archive.sources import find_sources
from ecgscribe.errors import FormatError

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4)
SIZES = st.integers(0, 2**50)


@given(st.lists(st.tuples(NAMES, SIZES)))
def test_sources_are_kept_once_and_the_largest_come_first(added: list[tuple[str, int]]) -> None:
    table = SourceTable()
    for path, size in added:
        table.add(path, size)
    expected = sorted(dict(added).items(), key=lambda each: (-each[1], each[0]))
    assert list(table) == [Source(path, size) for path, size in expected]
    assert len(table) == len(expected)


@given(st.lists(st.tuples(NAMES, st.sampled_from([".hea", ".HEA", ".dat", ".csv"]), SIZES)))
def test_of_each_name_the_header_stands_for_all_files(files: list[tuple[str, str, int]]) -> None:
    sizes = {(stem, stem + suffix): size for stem, suffix, size in files}
    table = SourceTable()
    table.add_files([("other", "other.csv", 1)])
    table.add_files((stem, name, size) for (stem, name), size in sizes.items())
    expected = set()
    for stem in {stem for stem, _ in sizes}:
        names = sorted(name for own, name in sizes if own == stem)
        headers = [name for name in names if name.lower().endswith(".hea")]
        total = sum(size for (own, _), size in sizes.items() if own == stem)
        expected.add((headers[-1] if headers else names[0], total, len(names) == 1))
    assert {(name, size, bool(alone)) for name, size, alone in table.grouped()} == expected


@given(st.sets(NAMES))
def test_texts_are_sorted_as_python_sorts_them(texts: set[str]) -> None:
    assert list(sorted_on_disk(texts)) == sorted(texts)


def test_file_name_that_is_no_utf_8_is_a_source_as_others_are(tmp_path: Path) -> None:
    names = ["a.csv", os.fsdecode(b"b\xff.csv")]
    for name in names:
        (tmp_path / name).touch()
    assert [source.path for source in find_sources([str(tmp_path)])] == [
        str(tmp_path / name) for name in names
    ]


def test_list_that_does_not_fit_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").touch()
    add_files = SourceTable.add_files

    def on_a_small_disk(table: SourceTable, files: Iterable[tuple[str, str, int]]) -> None:
        table._database.execute("PRAGMA max_page_count = 3")
        add_files(table, ((stem * 9999, name, size) for stem, name, size in files))

    monkeypatch.setattr(SourceTable, "add_files", on_a_small_disk)
    with pytest.raises(FormatError, match=r"found none \(database or disk is full\); name another"):
        find_sources([str(tmp_path)])
