"""Annotations come back from the tables that were written of them."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.errors import FormatError
from ecgscribe.formats.reading import read_annotation
from ecgscribe.formats.writing import write
from ecgscribe.record import NO_DATE, Annotation

TABLES = ("csv", "parquet")


def made(**changes: Any) -> Annotation:
    probability = np.full((4, 5), np.nan, np.float32)
    probability[1:3] = np.array([[0.9, 0.1, 0, 0, 0], [0, 0, 1, 0, 0]])
    annotation = Annotation(
        sample=np.array([10, 77, 370, 777]),
        symbol=np.array(["+", "N", "V", "~"]),
        fs=360.0,
        subtype=np.array([0, 0, 0, -1]),
        aux_note=np.array(["(AFIB", "NA", "nan", ""]),
        probability=probability,
        score=np.array([0.5, 0.99, 0.5, np.nan], np.float32),
        quality=np.array([np.nan, 0.9, 0.2, np.nan], np.float32),
        name="100",
        start=datetime(2003, 2, 1, 4, 5, 6),
    )
    return dataclasses.replace(annotation, **changes)


def beats_only(annotation: Annotation) -> Annotation:
    """Without the score of a rhythm, which the tables leave out."""
    assert annotation.score is not None
    score = np.where(annotation.class_index >= 0, annotation.score, np.nan).astype(np.float32)
    return dataclasses.replace(annotation, score=score)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("fs", [360.0, 257.123456, 1000.0])
def test_what_was_written_is_read(tmp_path: Path, kind: str, fs: float) -> None:
    annotation = beats_only(made(fs=fs))
    path = write(annotation, tmp_path / f"100.scribe.{kind}")
    assert read_annotation(path) == annotation


@pytest.mark.parametrize("kind", TABLES)
def test_annotations_without_a_model_or_a_date(tmp_path: Path, kind: str) -> None:
    start = datetime.combine(NO_DATE, datetime(2000, 1, 1, 4, 5, 6).time())
    annotation = made(probability=None, score=None, quality=None, start=start)
    again = read_annotation(write(annotation, tmp_path / f"100.scribe.{kind}"))
    assert again == dataclasses.replace(annotation, start=None)


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_without_annotations(tmp_path: Path, kind: str) -> None:
    path = write(made().select(slice(0)), tmp_path / f"100.scribe.{kind}")
    if kind == "csv":
        with pytest.raises(FormatError, match="expected a sampling frequency, found none"):
            read_annotation(path)
    again = read_annotation(path, fs=360)
    assert (len(again), again.fs) == (0, 360.0)


def test_another_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "100.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="found no column sample; name an annotation file"):
        read_annotation(path)
    path.write_text("sample,time,symbol\n1,x,N\n")
    with pytest.raises(FormatError, match=r"100\.csv"):
        read_annotation(path)
    with pytest.raises(FormatError, match=r"absent\.csv"):
        read_annotation(tmp_path / "absent.csv")


@pytest.mark.parametrize("column", ["sample", "subtype"])
@pytest.mark.parametrize("value", [f"{10**30}", f"{2**63}", f"-{10**20}", "1e400", "x", "", "2.5"])
def test_what_is_no_number_of_64_bits_is_named(column: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = {"sample": "10", "time": "0.04", "symbol": "N", "subtype": "0"}
    lines = [row, row | {"sample": "20", "time": "0.08", column: value}]
    text = [",".join(row), *(",".join(line.values()) for line in lines)]
    path.write_text("\n".join(text) + "\n")
    with pytest.raises(FormatError, match=f"at most 64 bits as {column} in row 2") as caught:
        read_annotation(path)
    assert "damaged" not in str(caught.value)


def test_a_damaged_parquet_file_is_no_matter_of_permissions(tmp_path: Path) -> None:
    path = write(made(), tmp_path / "100.scribe.parquet")
    data = path.read_bytes()
    path.write_bytes(data[:-60] + b"\xff" * 40 + data[-20:])
    with pytest.raises(FormatError, match=r"damaged or cut short .*; get a fresh copy"):
        read_annotation(path)
