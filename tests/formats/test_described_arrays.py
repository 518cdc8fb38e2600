"""Arrays whose description goes by other names, and odd aECG, as programs write them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from scipy.io import savemat

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.reading import read
from support import format_files
from support.format_files import FS, LEADS, MILLIVOLTS, START

ONE = MILLIVOLTS[:, 0]
SECONDS = np.arange(len(ONE)) / FS


def check(path: Path, signal: Any = ONE, **about: Any) -> None:
    record = read(path)
    expected = np.reshape(signal, (len(signal), -1))
    np.testing.assert_allclose(record.signal, expected, rtol=1e-6, atol=1e-6)
    assert record.fs == FS
    for name, value in about.items():
        assert getattr(record, name) == value, name


NAMES_OF_FS = [
    "Fs", "FS", "sfreq", "freq", "Frequency", "sampling_rate", "SampleRate", "srate", "SR", "Hz",
    "fs_ecg", "ecg_fs", "fs_Hz", "SamplingRateHz",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES_OF_FS)
def test_names_of_the_frequency(name: str, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"ECG": ONE, name: FS}
    np.savez(tmp_path / "r.npz", **arrays)
    check(tmp_path / "r.npz")
    savemat(tmp_path / "r.mat", {"ECG": ONE, name: float(FS)})
    check(tmp_path / "r.mat")


@pytest.mark.parametrize("name", ["leads", "channels", "lead_names", "sig_name"])
@pytest.mark.parametrize("kind", ["U", "S"])
def test_names_of_the_leads(name: str, kind: str, tmp_path: Path) -> None:
    names = np.array(LEADS).astype(kind)
    arrays: dict[str, Any] = {"signal": MILLIVOLTS, "fs": FS, name: names, "unit": "mV"}
    np.savez(tmp_path / "r.npz", **arrays)
    check(tmp_path / "r.npz", MILLIVOLTS, leads=LEADS, units=("mV", "mV"))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["struct", "nested", "cell", "variables"])
def test_structs_cells_and_texts_of_matlab(kind: str, compressed: bool, tmp_path: Path) -> None:
    described: dict[str, Any] = {
        "signal": MILLIVOLTS, "Fs": float(FS), "units": "mV", "leads": np.array(LEADS, object),
        "note": "of no use",
    }  # fmt: skip
    if kind == "variables":
        described["leads"] = np.array(LEADS)  # an array of characters
    one = np.empty((1, 1), dtype=object)
    one[0, 0] = described
    content: dict[str, Any] = {
        "struct": {"data": described}, "nested": {"data": {"ecg": described}, "id": 7.0},
        "cell": {"data": one}, "variables": described,
    }  # fmt: skip
    savemat(tmp_path / "r.mat", content[kind], do_compression=compressed)
    check(tmp_path / "r.mat", MILLIVOLTS, leads=LEADS, units=("mV", "mV"))


def test_the_fields_of_a_structured_array(tmp_path: Path) -> None:
    array = np.zeros(len(ONE), dtype=[("time", "f8"), *((lead, "f4") for lead in LEADS)])
    array["time"] = SECONDS
    for k, lead in enumerate(LEADS):
        array[lead] = MILLIVOLTS[:, k]
    np.save(tmp_path / "r.npy", array)
    check(tmp_path / "r.npy", MILLIVOLTS, leads=LEADS)


def test_python_objects_next_to_the_samples_are_left_out(tmp_path: Path) -> None:
    names = np.array(["II"], dtype=object)
    np.savez(tmp_path / "r.npz", allow_pickle=True, ecg=ONE, fs=FS, leads=names)
    with pytest.warns(SignalWarning, match="left out: leads .Python objects, which can run code"):
        check(tmp_path / "r.npz", leads=("lead1",))


def test_names_of_another_number_of_leads_are_left_out(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", ecg=ONE, fs=FS, leads=np.array(LEADS))
    with pytest.warns(SignalWarning, match="a text for each of 1 leads, found 2 of <U2; left out"):
        check(tmp_path / "r.npz", leads=("lead1",))


def test_rows_that_may_be_recordings_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", ecg=np.tile(ONE, (162, 1)), fs=FS)
    with pytest.warns(SignalWarning, match="its 162 columns are read as leads of one recording"):
        read(tmp_path / "r.npz")


def test_leads_of_two_frequencies_are_not_read_as_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", ecg=MILLIVOLTS, fs=np.array([FS, 500]))
    with pytest.raises(FormatError, match="expected one sampling frequency, found 250, 500"):
        read(tmp_path / "r.npz")


def test_a_number_of_channels_names_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", signal=MILLIVOLTS, fs=FS, channels=2)
    check(tmp_path / "r.npz", MILLIVOLTS, leads=("lead1", "lead2"))


def test_one_of_several_arrays_is_called_ecg(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", filtered_ECG=ONE, PPG=ONE[::-1].copy(), fs=FS)
    with pytest.warns(SignalWarning, match="only the array filtered_ECG is read, left out: PPG"):
        check(tmp_path / "r.npz")
    np.savez(tmp_path / "r.npz", ecg_1=ONE, ecg_2=ONE, fs=FS)
    with pytest.raises(FormatError, match="found ecg_1, ecg_2; save the samples alone"):
        read(tmp_path / "r.npz")


def test_an_array_for_each_lead(tmp_path: Path) -> None:
    arrays: dict[str, Any] = dict(zip(LEADS, MILLIVOLTS.T, strict=True))
    np.savez(tmp_path / "r.npz", tm=SECONDS, **arrays)
    check(tmp_path / "r.npz", MILLIVOLTS, leads=LEADS)
    named = {f"lead_{name}": each for name, each in arrays.items()}
    np.savez(tmp_path / "r.npz", tm=SECONDS, **named)
    check(tmp_path / "r.npz", MILLIVOLTS, leads=LEADS)
    savemat(tmp_path / "r.mat", {**arrays, "fs": float(FS)})
    check(tmp_path / "r.mat", MILLIVOLTS, leads=LEADS)


def test_starts_of_arrays(tmp_path: Path) -> None:
    times = np.datetime64(START) + (1000 * SECONDS).astype("timedelta64[ms]")
    np.savez(tmp_path / "r.npz", ecg=ONE, time=times)
    check(tmp_path / "r.npz", start=START)
    np.savez(tmp_path / "r.npz", ecg=ONE, fs=FS, start_time=START.isoformat())
    check(tmp_path / "r.npz", start=START)
    for start in ("14-Mar-2003 10:20:30", 739_325.5, 1_710_408_413, np.datetime64(START)):
        np.savez(tmp_path / "r.npz", ecg=ONE, fs=FS, start=start)
        record = read(tmp_path / "r.npz")
        assert record.start is not None
        assert record.start.year > 2000
    np.savez(tmp_path / "r.npz", ecg=ONE, fs=FS, start=0.0)
    check(tmp_path / "r.npz", start=None)
    np.savez(tmp_path / "r.npz", ecg=ONE, fs=FS, start="yesterday")
    check(tmp_path / "r.npz", start=None)


def test_times_and_frequencies_as_texts(tmp_path: Path) -> None:
    times = np.datetime_as_string(np.datetime64(START) + (1000 * SECONDS).astype("m8[ms]"))
    for kind in ("U", "S"):
        np.savez(tmp_path / "r.npz", ecg=ONE, time=times.astype(kind))
        check(tmp_path / "r.npz", start=START)
        for fs in ("250", "250 Hz", "0.25 kHz"):
            np.savez(tmp_path / "r.npz", ecg=ONE, sampling_rate=np.array(fs).astype(kind))
            check(tmp_path / "r.npz")


def labchart(folder: Path, n: tuple[int, int], **changes: Any) -> Path:
    ends = np.cumsum(n)[:, None].astype(float)
    content = {
        "data": np.concatenate([MILLIVOLTS[: n[0], 0], MILLIVOLTS[: n[1], 1]])[None],
        "datastart": np.insert(ends[:-1], 0, 0.0, axis=0) + 1, "dataend": ends,
        "titles": np.array(LEADS), "samplerate": np.full((2, 1), float(FS)),
        "unittext": np.array(["V", "mV"]), "unittextmap": np.array([[2.0], [1.0]]),
        "blocktimes": 730_517 + 20.5 / 24, "rangemin": -np.ones((2, 1)),
    }  # fmt: skip
    savemat(folder / "r.mat", content | changes)
    return folder / "r.mat"


def test_channels_of_labchart_are_put_side_by_side(tmp_path: Path) -> None:
    n = len(ONE)
    path = labchart(tmp_path, (n, n))
    check(path, MILLIVOLTS, leads=LEADS, units=("mV", "V"), start=datetime(2000, 2, 1, 20, 30))
    for path in (
        labchart(tmp_path, (n, n - 9)),
        labchart(tmp_path, (n, n), datastart=[[1.0, 501], [1001, 1501]], dataend=[[500.0, 1000]]),
        labchart(tmp_path, (n, n), datastart=[[-1.0], [1]]),
        labchart(tmp_path, (n, n), dataend=[[1000.0], [3000]]),
    ):
        with pytest.raises(FormatError, match=r"expected one block of LabChart .*; export one"):
            read(path)


def test_axes_of_length_one(tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", MILLIVOLTS[None, :, :])
    assert read(tmp_path / "r.npy", fs=FS).signal.shape == MILLIVOLTS.shape


def aecg(folder: Path, *changes: tuple[str, str], encoding: str = "utf-8") -> Path:
    path = format_files.aecg(folder)
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_bytes(text.encode(encoding))
    return path


DIGITS = " ".join(map(str, format_files.counts()[:, 0].tolist()))


@pytest.mark.parametrize(
    "change",
    [
        (' xmlns="urn:hl7-org:v3"', ""), ("urn:hl7-org:v3", "urn:hl7-org:v3/draft"),
        ("MDC_ECG_LEAD_", "MDC_ECG_ELEC_POTL_"),
        (f"{START:%Y%m%d%H%M%S}.000", "2003-02-01T10:20:30"),
        ('value="4" unit="ms"', 'value="0,004" unit="S"'), ('value="5"', 'value="5,0"'),
        ('value="4" unit="ms"', 'value="4000" unit="µs"'), ("<?xml", "\n<?xml"),
        ('value="4" unit="ms"', 'value="4" unit="msec"'),
        ('value="4" unit="ms"', 'value="250" unit="Hz"'),
        ('code="MDC_ECG_LEAD_II"', 'code="131330" displayName="MDC_ECG_LEAD_II"'),
        ('<origin value="0" unit="uV"/>', ""),
        (DIGITS, DIGITS.replace(" ", ",")), (DIGITS, DIGITS.replace(" ", ", ")),
    ],
)  # fmt: skip
def test_odd_aecg(change: tuple[str, str], tmp_path: Path) -> None:
    path = aecg(tmp_path, change)
    record = read(path)
    np.testing.assert_allclose(record.signal / 1000, MILLIVOLTS, rtol=1e-5, atol=1e-6)
    assert (record.fs, record.leads, record.start) == (FS, LEADS, START)


def test_leads_of_aecg_that_are_shorter_are_left_out(tmp_path: Path) -> None:
    path = aecg(tmp_path, (f"{DIGITS}</digits>", f"{DIGITS[:-5]}</digits>"))
    with pytest.warns(SignalWarning, match=r"another length than 1000, left out: .*II \(999\)"):
        assert read(path).leads == ("V1",)


def test_the_effective_time_of_aecg_as_a_value(tmp_path: Path) -> None:
    path = aecg(
        tmp_path, ("TIME_ABSOLUTE", "TIME_RELATIVE"),
        ('<code code="RHYTHM"/>', '<code code="RHYTHM"/><effectiveTime value="20030201102030"/>'),
    )  # fmt: skip
    assert read(path).start == START


def test_big_endian_samples_of_dicom(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    whole, little = pydicom.dcmread(path), read(path)
    group = whole.WaveformSequence[0]
    group.WaveformData = np.frombuffer(group.WaveformData, "<i2").astype(">i2").tobytes()
    group.WaveformPaddingValue = group.WaveformPaddingValue[::-1]
    whole.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    pydicom.dcmwrite(path, whole, implicit_vr=False, little_endian=False, force_encoding=True)
    assert read(path) == little


@pytest.mark.parametrize(
    ("source", "label", "name"),
    [
        ({"CodeMeaning": "unknown"}, "II", "II"), ({"CodeMeaning": "Lead V1"}, "II", "V1"),
        ({"CodeValue": "MDC_ECG_LEAD_II"}, "", "II"),
        ({"CodeMeaning": "Ableitung A"}, "a", "Ableitung A"),
    ],
)  # fmt: skip
def test_names_of_dicom_channels(
    source: dict[str, str], label: str, name: str, tmp_path: Path
) -> None:
    path = format_files.dicom(tmp_path)
    whole = pydicom.dcmread(path)
    channel = whole.WaveformSequence[0].ChannelDefinitionSequence[0]
    del channel.ChannelSourceSequence[0].CodeMeaning
    for key, value in source.items():
        setattr(channel.ChannelSourceSequence[0], key, value)
    channel.ChannelLabel = label
    unit = channel.ChannelSensitivityUnitsSequence[0]
    del unit.CodeValue
    whole.save_as(path)
    record = read(path)
    assert record.leads[0].partition(" (")[0] == name
    assert record.units == ("microvolt", "uV")


def test_the_day_of_a_dicom_study_is_that_of_its_time(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    whole = pydicom.dcmread(path)
    del whole.AcquisitionDateTime
    whole.StudyDate, whole.AcquisitionTime = "20030201", "102030"
    whole.save_as(path)
    assert read(path).start == START
    del whole.StudyDate
    whole.save_as(path)
    assert read(path).start == datetime.combine(datetime.min.date(), START.time())


@pytest.mark.parametrize("content", [[0.5, 1.5], [[1, 2]], {"ecg": [1]}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_called_json(content: Any, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(content), encoding=encoding)
    with pytest.raises(FormatError, match="found JSON; save the samples as CSV"):
        read(tmp_path / "r.json", fs=FS)
