"""Numbers of headers that are no numbers, several, or too large: named as damage of the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pydicom
import pytest

from ecgscribe.errors import FormatError
from ecgscribe.formats.reading import open_record, read
from support import format_files

HUGE = ["9" * 400, "9" * 5000, "1" + "0" * 18]
SOUND = "r 1 250 1000\nr.dat 16x1:0+0 200(0)/mV 16 0 0 0 0 I\n"


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("r 1 ", "r {} "),
        ("r 1 ", "r/{} 1 "),
        (" 1000\n", " {}\n"),
        ("x1:", "x{}:"),
        (":0+", ":{}+"),
        ("+0 ", "+{} "),
        ("(0)", "({})"),
        ("(0)", "(-{})"),
        (" 16 0 0 0 0 ", " {} 0 0 0 0 "),
        (" 16 0 0 0 0 ", " 16 {} 0 0 0 "),
        (" 16 0 0 0 0 ", " 16 0 {} 0 0 "),
        (" 16 0 0 0 0 ", " 16 0 0 {} 0 "),
    ],
)
def test_number_of_wfdb_that_no_program_holds(
    old: str, new: str, number: str, tmp_path: Path
) -> None:
    (tmp_path / "r.dat").write_bytes(bytes(2000))
    path = tmp_path / "r.hea"
    path.write_text(SOUND)
    assert read(path).n_samples == 1000
    path.write_text(SOUND.replace(old, new.format(number), 1))
    with pytest.raises(FormatError, match="expected whole numbers of at most 18 digits, found"):
        read(path)


def test_length_of_a_segment_that_no_program_holds(tmp_path: Path) -> None:
    path = format_files.wfdb_segments(tmp_path)
    path.write_text(path.read_text().replace("b 400", f"b {'9' * 400}"))
    with pytest.raises(FormatError, match="expected whole numbers of at most 18 digits"):
        open_record(path)


def channel(group: Any) -> Any:
    return group.ChannelDefinitionSequence[0]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("WaveformBitsAllocated", [16, 16]),
        ("NumberOfWaveformChannels", [2, 2]),
        ("NumberOfWaveformSamples", [1000, 1]),
        ("SamplingFrequency", [250, 250]),
        ("MultiplexGroupTimeOffset", [0, 1]),
        ("WaveformBitsAllocated", None),
        ("SamplingFrequency", None),
        ("ChannelSensitivity", ["2", "5"]),
        ("ChannelSensitivityCorrectionFactor", ["2", "5"]),
        ("ChannelBaseline", ["0", "0"]),
    ],
)
def test_element_of_dicom_without_its_one_number(
    keyword: str, value: object, tmp_path: Path
) -> None:
    path = format_files.dicom(tmp_path)
    dataset = pydicom.dcmread(path)
    group = dataset.WaveformSequence[0]
    setattr(channel(group) if keyword.startswith("Channel") else group, keyword, value)
    dataset.save_as(path)
    with pytest.raises(FormatError, match=f"expected one number as {keyword}, found .*: damaged; "):
        open_record(path)


@pytest.mark.parametrize("keyword", ["ChannelSourceSequence", "ChannelSensitivityUnitsSequence"])
def test_sequence_of_dicom_that_is_none(keyword: str, tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    dataset = pydicom.dcmread(path)
    definition = channel(dataset.WaveformSequence[0])
    tag = definition[keyword].tag
    del definition[keyword]
    definition.add_new(tag, "LO", "no sequence")
    dataset.save_as(path)
    with pytest.raises(FormatError, match=f"expected a sequence as {keyword}, found 'no sequence'"):
        open_record(path)


def test_several_transfer_syntaxes_of_dicom_are_no_bug(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    data = path.read_bytes()
    assert data.count(b"1.2.840.10008.1.2.1\0") == 1
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008\\1.2.1\0"))
    with pytest.raises(FormatError, match=r"found transfer syntax .*; convert it first"):
        open_record(path)


def test_missing_code_of_an_annotated_ecg_is_no_bug(tmp_path: Path) -> None:
    path = format_files.aecg(tmp_path)
    text = path.read_text()
    path.write_text(text.replace('<code code="RHYTHM"', '<other code="RHYTHM"'))
    assert read(path).n_samples == 1000
    path.write_text(text.replace('<code code="TIME_ABSOLUTE"', '<other code="TIME_ABSOLUTE"'))
    with pytest.raises(FormatError, match=r"found it damaged or cut short \(no scale in"):
        read(path)


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("9" * 400, "expected the time between samples in s, ms or us, found inf"),
        ("1e300", "expected the time between samples in s, ms or us, found 1e"),
        ("", r"found it damaged or cut short \('', which is no number\);"),
        ("four", r"found it damaged or cut short \('four', which is no number\);"),
    ],
)
def test_step_of_an_annotated_ecg_that_is_no_number(step: str, line: str, tmp_path: Path) -> None:
    path = format_files.aecg(tmp_path)
    changed = re.sub(r'(<increment value=)"[^"]*"', rf'\1"{step}"', path.read_text(), count=1)
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(FormatError, match=line):
        open_record(path)


def test_gain_of_dicom_that_is_not_finite_leaves_raw_counts(tmp_path: Path) -> None:
    path = format_files.dicom(tmp_path)
    data = path.read_bytes()
    assert data.count(b"2.5 ") == 2
    path.write_bytes(data.replace(b"2.5 ", b"nan "))
    assert set(read(path).units) == {"NU"}
