"""Real files of every format, equal to the last digit to a second reader or decoding by hand."""

from __future__ import annotations

import re
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb

from ecgscribe.formats.reading import read, read_annotation
from support import format_files
from support.format_files import edited


def other(path: Path) -> Any:
    return wfdb.rdrecord(str(path), smooth_frames=False, return_res=32)


@pytest.mark.parametrize("name", ["v102s", "a103l", "s0010_re"])
def test_real_wfdb_records_equal_those_of_wfdb(name: str, data_dir: Path) -> None:
    path = data_dir / "formats" / name
    record, expected = read(path), other(path)
    assert record.leads == tuple(expected.sig_name)
    assert record.units == tuple(expected.units)
    np.testing.assert_array_equal(record.signal, np.stack(expected.e_p_signal, axis=1))


@pytest.mark.parametrize("name", ["cardio_sample.edf", "test_generator_2.edf"])
def test_real_edf_equals_that_of_pyedflib(name: str, data_dir: Path, tmp_path: Path) -> None:
    import pyedflib

    path = data_dir / "formats" / name
    record = read(path)
    # pyedflib refuses the degree sign in a header.
    ascii_only = tmp_path / "ascii.edf"
    data = path.read_bytes()
    end = int(data[184:192])
    ascii_only.write_bytes(data[:end].replace(b"\xb0", b"d") + data[end:])
    with pyedflib.EdfReader(str(ascii_only)) as reader:
        names = [re.sub("^ECG ", "", label) for label in reader.getSignalLabels()]
        assert record.leads == tuple(names)
        assert record.start == reader.getStartdatetime()
        for k in range(len(names)):
            assert record.fs == reader.getSampleFrequency(k)
            expected = reader.readSignal(k).astype(np.float32)
            np.testing.assert_array_equal(record.signal[:, k], expected)
        onsets, _, texts = reader.readAnnotations()
    if len(texts):
        annotation = read_annotation(path)
        np.testing.assert_allclose(annotation.sample / annotation.fs, onsets)
        assert annotation.aux_note.tolist() == texts.tolist()


def test_bdf_equals_that_of_pyedflib(tmp_path: Path) -> None:
    import pyedflib

    path = format_files.bdf(tmp_path)
    with pyedflib.EdfReader(str(path)) as reader:
        for k in range(2):
            expected = reader.readSignal(k).astype(np.float32)
            np.testing.assert_array_equal(read(path).signal[:, k], expected)


def test_samples_of_bdf_are_signed_integers_of_24_bits(tmp_path: Path) -> None:
    path = format_files.bdf(tmp_path)
    header, samples = 256 * 4, bytes(range(250)) * 3
    edited(path, header, samples)
    expected = [int.from_bytes(samples[k : k + 3], "little", signed=True) for k in range(0, 750, 3)]
    assert min(expected) < -(2**22) < 2**22 < max(expected)
    np.testing.assert_array_equal(read(path).signal[:250, 0], np.array(expected, np.float32) * 5)


def test_real_dicom_decoded_by_hand(data_dir: Path) -> None:
    path = data_dir / "formats" / "cardio_sample.dcm"
    data = path.read_bytes()
    # The first waveform data (5400,1010), with an implicit VR, and their length.
    at = data.index(b"\x00\x54\x10\x10")
    (length,) = struct.unpack_from("<I", data, at + 4)
    assert length == 2 * 12 * 5000
    raw = np.frombuffer(data, "<i2", length // 2, at + 8).reshape(5000, 12)
    record = read(path)
    np.testing.assert_array_equal(record.signal, (raw * 5.0).astype(np.float32))
    assert record.units == ("uV",) * 12
    limbs, chest = ("I", "II", "III", "aVR", "aVL", "aVF"), tuple(f"V{k}" for k in range(1, 7))
    assert record.leads == limbs + chest
    assert (record.fs, record.start) == (500.0, datetime(2009, 4, 28, 11, 39, 9))


def test_real_ishne_decoded_by_hand(data_dir: Path) -> None:
    path = data_dir / "formats" / "ECG_P28.01.ecg"
    data = path.read_bytes()
    raw = np.array(struct.unpack_from("<12000h", data, 522), dtype=np.float64).reshape(1000, 12)
    record = read(path)
    np.testing.assert_array_equal(record.signal[:1000], (raw * 0.005).astype(np.float32))
    assert (record.n_samples, record.fs) == (95_573, 1000.0)
    annotation = read_annotation(path.with_suffix(""), "ann")
    assert (annotation.sample[:2].tolist(), annotation.symbol[:2].tolist()) == (
        [804, 1799],
        ["N", "|"],
    )
    # Each beat stands on a QRS: the steepest step of lead II is near.
    slope = np.abs(np.diff(record.signal[:, 1]))
    beats = annotation.sample[annotation.symbol == "N"]
    near = [np.argmax(slope[max(at - 200, 0) : at + 200]) + max(at - 200, 0) - at for at in beats]
    assert np.median(np.abs(near)) < 20


def test_real_aecg_decoded_by_hand(data_dir: Path) -> None:
    path = data_dir / "formats" / "fda_subject1_0.xml"
    text = path.read_text()
    rhythm = text[: text.index("<derivation>")]
    digits = re.findall(r"<digits>([^<]*)</digits>", rhythm)
    names = re.findall(r'"MDC_ECG_LEAD_(\w+)"', rhythm)
    record = read(path)
    assert record.leads == tuple(names[:12])
    expected = np.array([[float(value) * 2.5 for value in lead.split()] for lead in digits]).T
    np.testing.assert_array_equal(record.signal, expected.astype(np.float32))
    assert (record.fs, record.units[0]) == (500.0, "uV")
    assert record.start == datetime(2002, 11, 22, 9, 10)
