"""WFDB records: every signal format, segments, pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

import format_files
from ecgscribe.errors import FormatError
from ecgscribe.formats import open_source, read
from format_files import FS, MILLIVOLTS

# Bits a sample of the formats that wfdb reads but does not write, and the most of the others.
BY_HAND = {"8": 8, "61": 16, "160": 16, "212": 12, "310": 32 / 3, "311": 32 / 3}
MOST = {"16": 32_767, "24": 8_388_607, "32": 2**31 - 1, "80": 127, "508": 127, "516": 32_767}


@pytest.mark.parametrize("fmt", [*BY_HAND, *MOST, "524"])
@pytest.mark.parametrize("n_leads", [1, 3])
def test_every_signal_format_reads_as_wfdb_reads_it(fmt: str, n_leads: int, tmp_path: Path) -> None:
    if fmt in BY_HAND:  # any bytes are samples
        n_bytes = int(np.ceil(301 * n_leads / 6) * 6 * BY_HAND[fmt] / 8)
        (tmp_path / "r.dat").write_bytes(np.random.default_rng(0).bytes(n_bytes))
        lines = [f"r.dat {fmt} 200(3)/mV 16 0 5 0 0 L"] * n_leads
        (tmp_path / "r.hea").write_text("\n".join([f"r {n_leads} {FS} 301", *lines]) + "\n")
    else:
        top = min(MOST.get(fmt, 8_388_607), 100_000)
        values = (np.arange(301 * n_leads).reshape(301, n_leads) * 7) % (2 * top) - top + 1
        wfdb.wrsamp(
            "r", FS, ["mV"] * n_leads, [f"L{k}" for k in range(n_leads)],
            d_signal=values.astype(np.int64), fmt=[fmt] * n_leads, adc_gain=[200.0] * n_leads,
            baseline=[3] * n_leads, write_dir=str(tmp_path),
        )  # fmt: skip
    source = open_source(tmp_path / "r")
    expected = wfdb.rdrecord(str(tmp_path / "r"), return_res=32).p_signal
    np.testing.assert_array_equal(source.read(0, source.n_samples), expected)
    for begin, end in ((0, 1), (1, 8), (100, 301), (300, 301), (5, 5)):
        np.testing.assert_array_equal(source.read(begin, end), expected[begin:end])


def test_skewed_signals_are_aligned_in_pieces_too(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    path.write_text(path.read_text().replace("16 200", "16:3 200", 1))
    source = open_source(path)
    np.testing.assert_allclose(source.read(0, 900)[:, 0], MILLIVOLTS[3:903, 0], atol=1e-6)
    np.testing.assert_array_equal(source.read(400, 500), source.record().signal[400:500])
    assert np.isnan(source.read(990, 1000)[:, 0]).sum() == 3


def test_segments_of_other_leads_are_joined_by_name(tmp_path: Path) -> None:
    record = read(format_files.wfdb_segments(tmp_path))
    assert record.leads == ("II", "V1", "V9")
    np.testing.assert_allclose(record.signal[:400, :2], MILLIVOLTS[:400], atol=1e-6)
    np.testing.assert_allclose(record.signal[500:, 1], MILLIVOLTS[:400, 1], atol=1e-6)
    assert np.isnan(record.signal[400:500]).all()
    assert np.isnan(record.signal[500:, 0]).all()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("a 400", "a 300", "expected 300 samples in segment a, found 400"),
        ("a 400", "r 400", "a segment with signals of its own"),
        ("r/4 3 250 900", "r/4 3 250 901", "expected 901 samples, found 900"),
        ("r/4 3 250 900", "r/9 3 250 900", "expected 9 segments"),
        ("r/4 3 250 900", "r/4 3 125 900", "expected 125 Hz as in r, found 250 Hz"),
        ("a 400", "../a 400", "damaged"),
    ],
)
def test_segments_that_do_not_fit_are_refused(
    old: str, new: str, match: str, tmp_path: Path
) -> None:
    path = format_files.wfdb_segments(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FormatError, match=match):
        open_source(path)


def test_other_signals_of_another_frequency_do_not_make_a_record_unreadable(
    tmp_path: Path,
) -> None:
    frames = np.arange(300, dtype="<i2").reshape(100, 3)
    frames.tofile(tmp_path / "m.dat")
    (tmp_path / "m.hea").write_text(
        "m 2 125 100\nm.dat 16x2 200 16 0 0 0 0 II\nm.dat 16 200/NU 16 0 0 0 0 PLETH\n"
    )
    record = read(tmp_path / "m")
    assert (record.leads, record.fs, record.n_samples) == (("II",), 250.0, 200)
    assert read(tmp_path / "m", leads=["PLETH"]).fs == 125.0
