"""Annotation files: what is read, what is refused, what is written and how."""

from __future__ import annotations

import dataclasses
import errno
import gzip
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgscribe import formats
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.files import write_text
from ecgscribe.formats.reading import read, read_annotation
from ecgscribe.formats.writing import write
from ecgscribe.record import Annotation, check_within
from support.physionet_server import write_record


@pytest.fixture
def record_path(tmp_path: Path) -> Path:
    return write_record(tmp_path, "100")


def annotation(**changes: Any) -> Annotation:
    """Return two beats, an unreadable span and a rhythm label, as a model returns them."""
    probability = np.full((5, 5), np.nan, np.float32)
    probability[1] = np.array([0.9, 0.1, 0, 0, 0])
    probability[2] = np.array([0, 0, 1, 0, 0])
    made = Annotation(
        sample=np.array([10, 77, 370, 400, 500]),
        symbol=np.array(["+", "N", "V", "~", "~"]),
        fs=360.0,
        subtype=np.array([0, 0, 0, -1, 0]),
        aux_note=np.array(["(N", "", "", "flat", ""]),
        probability=probability,
        score=np.array([np.nan, 0.99, 0.5, np.nan, np.nan], np.float32),
        name="100",
    )
    return dataclasses.replace(made, **changes)


# --- reading ---


def test_annotation_is_read_by_record_or_by_file(record_path: Path) -> None:
    for found in (
        read_annotation(record_path, "atr"),
        read_annotation(record_path.with_suffix(".atr")),
        read_annotation(record_path.with_suffix(".hea"), "atr"),
    ):
        assert found.sample.tolist() == [0, 100, 300, 719]
        assert (found.fs, found.name) == (360.0, "100")
    with pytest.raises(FormatError, match=r"no annotator named; name the file, like .*100\.atr"):
        read_annotation(record_path)


def test_annotation_keeps_its_own_frequency_before_a_given_one(record_path: Path) -> None:
    assert read_annotation(record_path, "atr", fs=250).fs == 360.0


def test_annotation_without_header_needs_a_frequency(record_path: Path) -> None:
    record_path.with_suffix(".hea").unlink()
    assert read_annotation(record_path, "atr", fs=250).fs == 250.0
    with pytest.raises(FormatError, match=r"expected a sampling frequency, found none.*--fs"):
        read_annotation(record_path, "atr")


def test_nul_after_a_note_is_left_out(record_path: Path) -> None:
    record_path.with_suffix(".atr").write_bytes(
        bytes([18, 28 << 2, 3, 63 << 2]) + b"(N\0\0" + b"\0\0"
    )
    assert read_annotation(record_path, "atr").aux_note.tolist() == ["(N"]


def test_code_without_a_symbol_becomes_a_note(record_path: Path) -> None:
    record_path.with_suffix(".atr").write_bytes(bytes([5, 42 << 2, 0, 0]))
    assert read_annotation(record_path, "atr").symbol.tolist() == ['"']


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "end mark"),
        (b"\x05", "end mark"),
        (b"\x05\x04\x05\x04", "end mark"),
        (bytes([0, 22 << 2, 6, 63 << 2]) + b"## odd" + b"\0\0", "unknown one"),
        # A damaged length, which leaves a part of a definition.
        (bytes([0, 22 << 2, 7, 63 << 2]) + b"## time resolution: 250\0" + b"\0\0", "unknown one"),
        (bytes([0, 22 << 2, 21, 63 << 2]) + b"## end of definitions\0" + b"\0\0", "unknown one"),
        (bytes([0, 22 << 2, 6, 255]) + b"## odd" + b"\0\0", "unknown one"),
        (b"\x05\x04\xff\xfc\0\0", "damaged or cut short"),
    ],
)
def test_damaged_annotation_file_is_refused(record_path: Path, data: bytes, match: str) -> None:
    record_path.with_suffix(".atr").write_bytes(data)
    with pytest.raises(FormatError, match=match):
        read_annotation(record_path, "atr")


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("100.scribe.json", b'{\n "name": "100",\n "beats": []\n}\n', "JSON"),
        ("100.atr.gz", gzip.compress(b"\x05\x04\0\0", mtime=0), r"a \.gz file"),
        ("100.pdf", b"%PDF-1.7 and so on", "a PDF, which holds a picture of an ECG"),
        ("100.zip", b"PK\x03\x04 and so on", "a ZIP archive"),
    ],
)
def test_files_of_other_formats_are_named(
    name: str, data: bytes, found: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FormatError, match=f"expected annotations as WFDB .* found {found}; write"):
        read_annotation(path, fs=360)


def test_missing_annotation_file_is_refused(record_path: Path) -> None:
    with pytest.raises(FormatError, match=r"found no file 100\.qrs"):
        read_annotation(record_path, "qrs")


def test_export_annotations_are_read(tmp_path: Path) -> None:
    path = tmp_path / "100annotations.txt"
    path.write_text(
        "      Time   Sample #  Type  Sub Chan  Num\tAux\n"
        "    0:00.050       18     +    0    0    0\t(N\n"
        "    0:00.214       77     N    0    0    0\n"
        "    0:11.108     3999     ~   -1    0    0\n"
    )
    for found in (read_annotation(path), read_annotation(tmp_path / "100", "atr")):
        assert found.sample.tolist() == [18, 77, 3999]
        assert found.symbol.tolist() == ["+", "N", "~"]
        assert found.subtype.tolist() == [0, 0, -1]
        assert found.aux_note.tolist() == ["(N", "", ""]
        assert (found.fs, found.name) == (360.0, "100")
    path.write_text("Time\nnot a row\n")
    with pytest.raises(FormatError, match="in line 2, found 'not a row'"):
        read_annotation(path)


def test_annotation_past_the_end_is_refused(record_path: Path) -> None:
    record, inside = read(record_path), read_annotation(record_path, "atr")
    check_within(inside, record)
    check_within(dataclasses.replace(inside, fs=720.0), record)
    check_within(inside.select(inside.sample < 0), record)
    for sample in (720, 10_000):
        beyond = Annotation(sample=np.array([5, sample]), symbol=np.array(["N", "N"]), fs=360.0)
        with pytest.raises(FormatError, match=r"within the 2\.000 s of record 100"):
            check_within(beyond, record)


# --- writing ---


def test_written_wfdb_annotation_is_what_rdann_reads(tmp_path: Path) -> None:
    path = write(annotation(fs=128.5), tmp_path / "a.b.scribe")
    assert [p.name for p in tmp_path.iterdir()] == ["a.b.scribe"]
    raw = wfdb.rdann(str(tmp_path / "a.b"), "scribe")
    assert raw.fs == 128.5
    assert raw.sample.tolist() == [10, 77, 370, 400, 500]
    assert raw.symbol == ["+", "N", "V", "~", "~"]
    assert raw.subtype.tolist() == [0, 0, 0, -1, 0]
    assert raw.aux_note == ["(N", "", "", "flat", ""]
    assert read_annotation(path).fs == 128.5


def test_no_beats_at_all_is_a_file_too(tmp_path: Path) -> None:
    nothing = annotation().select(np.zeros(5, np.bool_))
    for fs in (360.0, 128.5):
        path = write(dataclasses.replace(nothing, fs=fs), tmp_path / "n.scribe")
        found = read_annotation(path)
        assert (len(found), found.fs) == (0, fs)
        path.unlink()
    assert json.loads(write(nothing, tmp_path / "n.json").read_text())["beats"] == []
    assert len(pd.read_csv(write(nothing, tmp_path / "n.csv"))) == 0


NOTES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).filter(
    lambda note: not note.startswith("## ")
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2**31 - 1),
            st.sampled_from("NLRBAaJSVrFejnE/fQ?[!]x()ptu^|~+sT*D=@"),
            st.integers(-128, 127),
            NOTES,
        ),
        max_size=30,
    ),
    fs=st.sampled_from([100.0, 128.0, 257.53, 360.0, 1000.0]),
)
def test_written_annotations_are_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, int, str]], fs: float
) -> None:
    rows.sort(key=lambda row: row[0])
    made = Annotation(
        sample=np.array([row[0] for row in rows], np.int64),
        symbol=np.array([row[1] for row in rows], np.str_),
        fs=fs,
        subtype=np.array([row[2] for row in rows], np.int64),
        aux_note=np.array([row[3] for row in rows], np.str_),
    )
    found = read_annotation(write(made, tmp_path_factory.mktemp("trip") / "r.scribe"))
    assert found.fs == fs
    for key in ("sample", "symbol", "subtype", "aux_note"):
        assert getattr(found, key).tolist() == getattr(made, key).tolist()


def test_csv_has_a_row_per_annotation_and_no_class_for_what_is_not_a_beat(tmp_path: Path) -> None:
    made = annotation(start=datetime(2003, 2, 1, 10, 0, 0))
    table = pd.read_csv(write(made, tmp_path / "100.csv"), keep_default_na=False)
    assert list(table.columns) == [
        "sample", "time", "clock", "class", "symbol", "normal", "score",
        "p_N", "p_S", "p_V", "p_F", "p_Q", "subtype", "aux_note",
    ]  # fmt: skip
    assert table["sample"].tolist() == [10, 77, 370, 400, 500]
    np.testing.assert_allclose(table["time"], made.sample / 360.0)
    assert table["clock"][1] == "2003-02-01T10:00:00.213889"
    assert table["class"].tolist() == ["", "N", "V", "", ""]
    assert table["normal"].tolist() == ["", "True", "False", "", ""]
    assert table["aux_note"].tolist() == ["(N", "", "", "flat", ""]


def test_json_lists_beats_unreadable_spans_and_the_rest(tmp_path: Path) -> None:
    content = json.loads(write(annotation(), tmp_path / "100.json").read_text())
    assert (content["name"], content["fs"], content["mapping"]) == ("100", 360.0, "literature")
    assert [(b["sample"], b["class"], b["normal"]) for b in content["beats"]] == [
        (77, "N", True),
        (370, "V", False),
    ]
    assert content["beats"][0]["probability"] == {"N": 0.9, "S": 0.1, "V": 0, "F": 0, "Q": 0}
    assert content["unreadable"] == [{"start": 400, "end": 500, "aux_note": "flat"}]
    assert [o["symbol"] for o in content["other"]] == ["+", "~", "~"]


def test_json_lists_a_span_with_one_lead_lost_and_the_other_noisy(tmp_path: Path) -> None:
    changes = Annotation(
        sample=np.array([100, 200, 300, 400, 500, 600, 700]),
        symbol=np.array(["~"] * 7),
        fs=360.0,
        subtype=np.array([0x12, -1, 0x10, 0x03, 0x21, 0x02, 0x30]),
        aux_note=np.array(["a", "b", "c", "noise", "d", "e", "f"]),
    )
    content = json.loads(write(changes, tmp_path / "100.json").read_text())
    assert content["unreadable"] == [
        {"start": 100, "end": 300, "aux_note": "a"},
        {"start": 500, "end": 600, "aux_note": "d"},
        {"start": 700, "end": None, "aux_note": "f"},
    ]
    assert len(content["other"]) == 7


@pytest.mark.parametrize("suffix", [".scribe", ".csv", ".json"])
def test_nothing_is_overwritten_without_force(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"100{suffix}"
    path.write_text("precious")
    with pytest.raises(FormatError, match=r"already there.*--force"):
        write(annotation(), path)
    assert path.read_text() == "precious"
    write(annotation(), path, force=True)
    assert "precious" not in path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("suffix", ["", ".ann1", ".hea", ".dat", ".txt"])
def test_suffix_must_name_an_annotator(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FormatError, match="expected a suffix of letters"):
        write(annotation(), tmp_path / f"100{suffix}", force=True)


def test_default_annotator_is_never_the_reference() -> None:
    assert formats.DEFAULT_ANNOTATOR != "atr"
    assert formats.DEFAULT_ANNOTATOR.isalpha()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"symbol": np.array(["+", "N", "V", "~", "Z"])},
            "expected WFDB annotation symbols, found Z",
        ),
        ({"sample": np.array([-1, 2, 3, 4, 5])}, "samples from 0 on, found -1"),
        ({"subtype": np.array([0, 0, 0, 0, 128])}, "subtypes from -128 to 127"),
        ({"aux_note": np.array(["x" * 256, "", "", "", ""])}, "at most 255"),
        ({"aux_note": np.array(["\u2192", "", "", "", ""])}, "at most 255"),
        ({"aux_note": np.array(["", "", "", "## odd", ""])}, "no note that begins with ##"),
        (
            {"sample": np.arange(5), "symbol": np.array(['"', "N", "N", "N", "N"])},
            "at sample 0",
        ),
    ],
)
def test_what_the_format_cannot_hold_is_refused(
    tmp_path: Path, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(FormatError, match=match):
        write(annotation(**changes), tmp_path / "100.scribe")
    assert list(tmp_path.iterdir()) == []


def test_beats_whose_bytes_look_like_a_definition_are_read(tmp_path: Path) -> None:
    made = Annotation(np.array([100, 903, 1703]), np.array(["N", "A", "N"]), 1000.0)
    path = write(made, tmp_path / "100.scribe")
    assert path.read_bytes().count(b"## ") == 2
    assert read_annotation(path).sample.tolist() == [100, 903, 1703]


@pytest.mark.parametrize("lost", [1, 2, 4, 10, 50])
def test_a_truncated_file_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    whole = wfdb.wrann

    def short(name: str, suffix: str, *args: Any, write_dir: str, **kwargs: Any) -> None:
        whole(name, suffix, *args, write_dir=write_dir, **kwargs)
        file = Path(write_dir, f"{name}.{suffix}")
        os.truncate(file, file.stat().st_size - lost)

    monkeypatch.setattr(wfdb, "wrann", short)
    with pytest.raises(FormatError, match="the system refused"):
        write(annotation(), tmp_path / "100.scribe")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".scribe", ".csv", ".json", ".parquet", ".edf"])
def test_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / f"100{suffix}").write_text("precious")
    monkeypatch.setattr(os, "fsync", full)  # where a full disk tells at the latest
    monkeypatch.setattr(wfdb, "wrann", full)
    with pytest.raises(FormatError, match="No space left on device"):
        write(annotation(), tmp_path / f"100{suffix}", force=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_folder_without_permission_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # A real folder without permission stops nobody who runs the tests as root.
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FormatError, match="Permission denied"):
        write(annotation(), tmp_path / "100.scribe")


def test_folder_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file or directory"):
        write(annotation(), tmp_path / "no" / "100.csv")
    with pytest.raises(FormatError, match="found a folder; add a name"):
        write_text(tmp_path, "x", force=True)


def test_no_header_text_in_any_output(tmp_path: Path) -> None:
    path = write_record(tmp_path, "100", comments=("Name: Jane Roe",))
    reference = read_annotation(path, "atr")
    for suffix in ("scribe", "csv", "json"):
        written = write(reference, tmp_path / f"out.{suffix}")
        assert b"Jane" not in written.read_bytes()


# --- tables, EDF+, and many annotations ---


def graded(**changes: Any) -> Annotation:
    """Return annotations with one beat in noise and a wall-clock start."""
    quality = np.array([np.nan, 0.9, 0.2, np.nan, np.nan], np.float32)
    return annotation(quality=quality, start=datetime(2024, 3, 1, 23, 59, 59, 500_000), **changes)


def test_every_beat_has_its_quality(tmp_path: Path) -> None:
    made = graded()
    assert made.readable.tolist() == [False, True, False, False, False]
    assert annotation().readable.tolist() == [False, True, True, False, False]
    frame = made.to_frame()
    assert frame["readable"].tolist() == [True, False]
    assert frame["quality"].tolist() == pytest.approx([0.9, 0.2])
    beats = json.loads(write(made, tmp_path / "a.json").read_text())["beats"]
    assert [beat["readable"] for beat in beats] == [True, False]
    assert [beat["quality"] for beat in beats] == pytest.approx([0.9, 0.2], abs=1e-6)
    table = pd.read_csv(write(made, tmp_path / "a.csv"))
    assert table["readable"].tolist()[1:3] == [True, False]
    assert table["quality"].isna().tolist() == [True, False, False, True, True]


def test_parquet_is_the_table_of_the_csv_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made = graded()
    table = parquet.read_table(write(made, tmp_path / "a.parquet"))
    csv = pd.read_csv(write(made, tmp_path / "a.csv"))
    assert table.column_names == csv.columns.tolist()
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["sample"], types["normal"], types["p_N"]) == ("int64", "bool", "float")
    assert (types["clock"], types["class"]) == ("timestamp[us]", "string")
    rows = table.to_pylist()
    assert [row["sample"] for row in rows] == made.sample.tolist()
    assert [row["class"] for row in rows] == [None, "N", "V", None, None]
    assert rows[1]["p_S"] == pytest.approx(0.1)
    assert rows[0]["p_N"] is None
    assert rows[2]["readable"] is False
    assert rows[2]["clock"] == datetime(2024, 3, 2, 0, 0, 0, 527_778)
    assert [row["aux_note"] for row in rows] == made.aux_note.tolist()
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert about["name"] == "100"
    assert float(about["fs"]) == 360.0


def test_an_annotation_without_beats_is_a_table_too(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    made = graded()
    for empty in (made.select(np.zeros(5, bool)), made.select(made.symbol == "~")):
        path = write(empty, tmp_path / "a.parquet", force=True)
        assert parquet.read_table(path).num_rows == len(empty)
        assert len(pd.read_csv(write(empty, tmp_path / "a.csv", force=True))) == len(empty)
        assert json.loads(write(empty, tmp_path / "a.json", force=True).read_text())["beats"] == []


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(FormatError, match=r"pip install 'ecgscribe\[parquet\]'"):
        write(graded(), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fs", [100.0, 128.0, 333.3, 360.0, 2000.0])
def test_edf_annotations_are_read_by_other_programs(tmp_path: Path, fs: float) -> None:
    import edfio
    import pyedflib

    n = 3000
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.integers(1, 10_000, n))
    symbol = rng.choice(list("NAVFQ~"), n)
    note = np.where(symbol == "~", "unreadable", "")
    start = datetime(2024, 3, 1, 23, 59, 59)
    made = Annotation(sample, symbol, fs, aux_note=note, start=start)
    path = write(made, tmp_path / "a.edf")
    texts = [f"{s} {t}".strip() for s, t in zip(symbol, note, strict=True)]
    edf = edfio.read_edf(path)
    assert (edf.num_signals, edf.startdatetime) == (0, start)
    assert [a.text for a in edf.annotations] == texts
    assert np.rint([a.onset * fs for a in edf.annotations]).tolist() == sample.tolist()
    with pyedflib.EdfReader(str(path)) as reader:
        onset, _, found = reader.readAnnotations()
        assert reader.getStartdatetime() == start
    assert found.tolist() == texts
    np.testing.assert_allclose(onset, sample / fs, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"start": datetime(1970, 1, 1)}, "from 1985 to 2084, found 1970-01-01"),
        ({"aux_note": np.array(["a\x14b", "", "", "", ""])}, "without control characters"),
    ],
)
def test_what_edf_cannot_hold_is_refused(
    tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    with pytest.raises(FormatError, match=match):
        write(annotation(**change), tmp_path / "a.edf")
    with pytest.raises(FormatError, match="expected at least one annotation"):
        write(annotation().select(np.zeros(5, bool)), tmp_path / "a.edf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".scribe", ".csv", ".json", ".parquet"])
def test_parts_leave_no_seam_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    from ecgscribe.formats import text
    from ecgscribe.formats.wfdb import writing

    n, rng = 25, np.random.default_rng(0)
    symbol = rng.choice(list("NV~"), n)
    beat = symbol != "~"
    made = Annotation(
        np.cumsum(rng.integers(0, 3000, n)),
        symbol,
        360.0,
        subtype=np.where(beat, 0, -1),
        aux_note=np.where(beat, "", "unreadable"),
        probability=np.where(beat[:, None], rng.dirichlet(np.ones(5), n), np.nan),
        score=np.where(beat, rng.random(n), np.nan),
        start=datetime(2024, 1, 1),
    )
    whole = write(made, tmp_path / f"whole{suffix}")
    monkeypatch.setattr(text, "PART", 4)
    monkeypatch.setattr(writing, "PART", 4)
    parts = write(made, tmp_path / f"parts{suffix}")
    if suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        assert parquet.read_table(parts) == parquet.read_table(whole)
    else:
        assert parts.read_bytes() == whole.read_bytes()
    if suffix == ".json":
        assert whole.read_text() == json.dumps(json.loads(whole.read_text()), indent=1) + "\n"


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".edf"])
def test_times_after_the_last_year_are_left_out(suffix: str, tmp_path: Path) -> None:
    late = dataclasses.replace(annotation(), start=datetime(9999, 12, 31, 23, 59, 59, 999_999))
    assert "clock" not in late.to_frame()
    with pytest.warns(SignalWarning, match="after the year 9999 are left out"):
        path = write(late, tmp_path / f"a{suffix}")
    assert path.is_file()


def test_a_sample_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "100annotations.txt"
    path.write_text(f"Time Sample # Type Sub Chan Num\n 0:00.1 {10**30} N 0 0 0\n")
    with pytest.raises(FormatError, match="expected sample numbers of at most 64 bits"):
        read_annotation(path)
