"""WFDB annotation files are decoded as by the wfdb library, in a fraction of its time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from wfdb.io.annotation import ann_label_table

from ecgscribe.cli.main import main
from ecgscribe.errors import FormatError
from ecgscribe.formats.reading import read_annotation
from ecgscribe.formats.wfdb.annotations import SYMBOLS
from support import format_files


def word(code: int, low: int) -> bytes:
    return (code << 10 | low).to_bytes(2, "little")


def skip(samples: int) -> bytes:
    high, low = divmod(samples % 2**32, 2**16)
    return word(59, 0) + high.to_bytes(2, "little") + low.to_bytes(2, "little")


def note(text: bytes) -> bytes:
    return word(63, len(text)) + text + b"\0" * (len(text) % 2)


LABELS = st.integers(1, 49)
EXTRAS = st.one_of(
    st.tuples(st.just(60), st.integers(0, 255)).map(lambda pair: word(*pair)),
    st.tuples(st.just(61), st.integers(0, 255)).map(lambda pair: word(*pair)),
    st.tuples(st.just(62), st.integers(0, 255)).map(lambda pair: word(*pair)),
    st.binary(max_size=255).filter(lambda text: b"## " not in text).map(note),
)
ONE = st.tuples(
    st.lists(st.integers(0, 2**31 - 1).map(skip), max_size=2),
    st.tuples(LABELS, st.integers(0, 1023)).map(lambda pair: word(*pair)),
    st.lists(EXTRAS, max_size=4, unique_by=lambda extra: extra[1] >> 2),
).map(lambda parts: b"".join((*parts[0], parts[1], *parts[2])))


def test_symbols_are_those_of_the_library() -> None:
    table = ann_label_table[ann_label_table["label_store"] > 0]
    for code, symbol in zip(table["label_store"], table["symbol"], strict=True):
        assert SYMBOLS[code] == symbol


@settings(max_examples=150, deadline=None)
@given(marks=st.lists(ONE, min_size=1, max_size=20))
def test_words_are_decoded_as_by_the_library(
    marks: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("words") / "r.atr"
    path.write_bytes(b"".join(marks) + b"\0\0")
    raw = wfdb.rdann(str(path.with_suffix("")), "atr")
    found = read_annotation(path, fs=360)
    assert found.sample.tolist() == raw.sample.tolist()
    assert found.subtype.tolist() == raw.subtype.tolist()
    assert found.aux_note.tolist() == [text.rstrip("\0") for text in raw.aux_note]
    expected = [each if isinstance(each, str) else '"' for each in raw.symbol]
    assert found.symbol.tolist() == expected


def test_symbols_that_a_file_defines(tmp_path: Path) -> None:
    path = tmp_path / "r.atr"
    notes = (b"## annotation type definitions", b"42 xyz a shape", b"## end of definitions")
    defined = b"".join(word(22, 0) + note(text) for text in notes)
    path.write_bytes(defined + word(42, 10) + word(1, 5) + b"\0\0")
    raw = wfdb.rdann(str(path.with_suffix("")), "atr")
    found = read_annotation(path, fs=360)
    assert found.symbol.tolist() == raw.symbol == ["xyz", "N"]
    assert found.sample.tolist() == raw.sample.tolist() == [10, 15]


@pytest.mark.parametrize(
    "words",
    [
        word(61, 3) + word(1, 5),  # of no annotation
        word(1, 5) + word(59, 0) + b"\0\0",  # half a SKIP
        word(1, 5) + skip(7),  # and no annotation after it
        word(1, 5) + word(63, 9) + b"note",
    ],
)
def test_what_is_cut_short_is_refused(words: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.atr"
    path.write_bytes(words + b"\0\0")
    with pytest.raises(FormatError, match="damaged or cut short"):
        read_annotation(path, fs=360)


@pytest.mark.slow
def test_a_million_annotations_in_one_place_take_seconds(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path).with_suffix(".atr")
    path.write_bytes(word(1, 900) + (word(1, 0) + word(5, 0)) * 500_000 + b"\0\0")
    started = time.process_time()
    assert main(["info", str(path.with_suffix("")), "--annotator", "atr"]) == 0
    assert main(["score", str(path), str(path), "--start", "0"]) == 0
    assert time.process_time() - started < 20
