"""One small recording in every format, written by libraries or by hand from the standards."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import wfdb
from numpy.typing import NDArray

FS = 250
LEADS = ("II", "V1")
START = datetime(2003, 2, 1, 10, 20, 30)
N_SAMPLES = 1000  # four records of EDF


def counts(n_samples: int = N_SAMPLES, n_leads: int = 2) -> NDArray[np.int16]:
    """Whole numbers that differ everywhere, shape (n_samples, n_leads): 5 uV each."""
    at = np.arange(n_samples * n_leads).reshape(n_samples, n_leads)
    return np.asarray((at * 37) % 2001 - 1000, dtype=np.int16)


MILLIVOLTS = counts() * 0.005
"""The signal in every file here."""


def wfdb_record(folder: Path, fmt: str = "16") -> Path:
    wfdb.wrsamp(
        "r", FS, ["mV"] * 2, list(LEADS), d_signal=counts().astype(np.int64), fmt=[fmt] * 2,
        adc_gain=[200.0] * 2, baseline=[0, 0], write_dir=str(folder), comments=["a comment"],
        base_date=START.date(), base_time=START.time(),
    )  # fmt: skip
    wfdb.wrann("r", "atr", np.array([100, 300]), ["N", "V"], write_dir=str(folder), fs=FS)
    return folder / "r.hea"


def wfdb_mat(folder: Path) -> Path:
    """Signals in a MATLAB file of level 4, as on PhysioNet: a matrix of two rows."""
    path = wfdb_record(folder)
    samples = path.with_suffix(".dat")
    matrix = struct.pack("<5I", 30, 2, N_SAMPLES, 0, 4) + b"val\0" + samples.read_bytes()
    path.with_suffix(".mat").write_bytes(matrix)
    samples.unlink()
    path.write_text(path.read_text().replace("r.dat 16 ", "r.mat 16+24 "))
    return path


def wfdb_segments(folder: Path) -> Path:
    """Two segments around a gap, in a layout of three leads of which each segment has some."""
    for name, columns in (("a", [0, 1]), ("b", [1])):
        wfdb.wrsamp(
            name, FS, ["mV"] * len(columns), [LEADS[k] for k in columns],
            d_signal=counts()[:400, columns].astype(np.int64), fmt=["16"] * len(columns),
            adc_gain=[200.0] * len(columns), baseline=[0] * len(columns), write_dir=str(folder),
        )  # fmt: skip
    plan = "~ 0 200(0)/mV 16 0 0 0 0 "
    lines = [f"plan 3 {FS} 0", *(f"{plan}{lead}" for lead in (*LEADS, "V9"))]
    (folder / "plan.hea").write_text("\n".join(lines) + "\n")
    (folder / "r.hea").write_text(f"r/4 3 {FS} 900\nplan 0\na 400\n~ 100\nb 400\n")
    return folder / "r.hea"


def edf(folder: Path, *, bdf: bool = False, annotations: bool = True) -> Path:
    import edfio

    signal, whole = (edfio.BdfSignal, edfio.Bdf) if bdf else (edfio.EdfSignal, edfio.Edf)
    signals: Any = [
        signal(
            counts()[:, k].astype(np.float64) * 5,
            FS,
            label=f"ECG {lead}",
            physical_dimension="uV",
            physical_range=(-10_000, 10_000),
            digital_range=(-2000, 2000),
        )
        for k, lead in enumerate(LEADS)
    ]
    notes = [edfio.EdfAnnotation(0.4, None, "N"), edfio.EdfAnnotation(1.2, 0.5, "loud ünd long")]
    file: Any = whole(
        signals,
        recording=edfio.Recording(startdate=START.date()),
        starttime=START.time(),
        data_record_duration=1,
        annotations=notes if annotations else None,
    )
    path = folder / ("r.bdf" if bdf else "r.edf")
    file.write(path)
    return path


def bdf(folder: Path) -> Path:
    return edf(folder, bdf=True)


def edf_with_gap(folder: Path) -> Path:
    """EDF+D: the third and fourth second come 2.5 s late."""
    path = edf(folder)
    data = path.read_bytes().replace(b"EDF+C", b"EDF+D", 1)
    for second in (2, 3):
        old, new = b"+%d\x14\x14\0" % second, b"+%.1f\x14\x14\0" % (second + 2.5)
        at = data.index(old)
        data = data[:at] + new + data[at + len(old) :].replace(b"\0\0", b"", 1)
    path.write_bytes(data)
    return path


def ishne(folder: Path) -> Path:
    path = folder / "r.ecg"
    path.write_bytes(ishne_header(b"ISHNE1.0", N_SAMPLES) + counts().astype("<i2").tobytes())
    return path


def ishne_annotation(folder: Path) -> Path:
    beats = [(b"N", 100), (b"!", 65_535), (b"V", 200), (b"?", 300)]
    path = folder / "r.ann"
    path.write_bytes(
        ishne_header(b"ANN  1.0", len(beats))
        + struct.pack("<i", 7)
        + b"".join(struct.pack("<ccH", code, b" ", interval) for code, interval in beats)
    )
    return path


def ishne_header(magic: bytes, n_samples: int) -> bytes:
    codes, resolution = [6, 11] + [-9] * 10, [5000] * 2 + [-9] * 10
    return struct.pack(
        "<8sHiiiih80s20shh3h3h3h3hh12h12h12hh40sh80s80s88s",
        magic, 0, 0, n_samples, 522, 522, 1, b"", b"", 0, 0, -9, -9, -9, START.day, START.month,
        START.year, 1, 1, 2004, START.hour, START.minute, START.second, 2, *codes, *[0] * 12,
        *resolution, 0, b"recorder", FS, b"", b"", b"",
    )  # fmt: skip


def dicom(folder: Path, *, signal: NDArray[np.int16] | None = None) -> Path:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    raw = counts() if signal is None else signal
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = raw.shape[1]
    group.NumberOfWaveformSamples = len(raw)
    group.SamplingFrequency = FS
    group.ChannelDefinitionSequence = [_channel(f"Lead {lead}") for lead in LEADS]
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.WaveformPaddingValue = struct.pack("<h", -32_768)
    group.WaveformData = raw.astype("<i2").tobytes()
    whole = Dataset()
    whole.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"  # 12-lead ECG waveform storage
    whole.SOPInstanceUID = "1.2.3"
    whole.AcquisitionDateTime = START.strftime("%Y%m%d%H%M%S")
    whole.WaveformSequence = [group]
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID
    path = folder / "r.dcm"
    whole.save_as(path, enforce_file_format=True)
    return path


def _channel(meaning: str) -> Any:
    from pydicom.dataset import Dataset

    source, unit, channel = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "1", "MDC", meaning
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence = [source]
    channel.ChannelSensitivity = "2.5"
    channel.ChannelSensitivityUnitsSequence = [unit]
    channel.ChannelSensitivityCorrectionFactor = "2"
    channel.ChannelBaseline = "0"
    channel.WaveformBitsStored = 16
    return channel


def aecg(folder: Path) -> Path:
    def sequence(lead: str, values: Sequence[int]) -> str:
        return (
            f'<component><sequence><code code="MDC_ECG_LEAD_{lead}"/><value><origin value="0" '
            f'unit="uV"/><scale value="5" unit="uV"/><digits>{" ".join(map(str, values))}</digits>'
            "</value></sequence></component>"
        )

    leads = "".join(sequence(lead, counts()[:, k].tolist()) for k, lead in enumerate(LEADS))
    path = folder / "r.xml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<AnnotatedECG xmlns="urn:hl7-org:v3"><component>'
        '<series><code code="RHYTHM"/><component><sequenceSet><component><sequence>'
        f'<code code="TIME_ABSOLUTE"/><value><head value="{START:%Y%m%d%H%M%S}.000"/>'
        f'<increment value="4" unit="ms"/></value></sequence></component>{leads}</sequenceSet>'
        "</component><derivation><derivedSeries><code code='REPRESENTATIVE_BEAT'/><component>"
        f"<sequenceSet>{sequence('II', [9])}</sequenceSet></component></derivedSeries>"
        "</derivation></series></component></AnnotatedECG>\n"
    )
    return path


def csv(folder: Path, *, separator: str = ",", name: str = "r.csv") -> Path:
    path = folder / name
    rows = [["time", *LEADS], ["s", "mV", "mV"]]
    rows += [
        [f"{k / FS:g}", *(f"{value:.3f}" for value in row)] for k, row in enumerate(MILLIVOLTS)
    ]
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    return path


def tsv(folder: Path) -> Path:
    return csv(folder, separator="\t", name="r.tsv")


def npy(folder: Path) -> Path:
    path = folder / "r.npy"
    np.save(path, MILLIVOLTS)
    return path


def npz(folder: Path) -> Path:
    path = folder / "r.npz"
    np.savez_compressed(
        path, signal=MILLIVOLTS, fs=FS, leads=np.array(LEADS), units=np.array(["mV", "mV"])
    )
    return path


def mat(folder: Path, *, version: Literal["4", "5"] = "5", compressed: bool = False) -> Path:
    from scipy.io import savemat

    path = folder / "r.mat"
    arrays = {"val": MILLIVOLTS.T, "fs": FS}
    savemat(str(path), arrays, format=version, do_compression=compressed)
    return path


def mat_4(folder: Path) -> Path:
    return mat(folder, version="4")


def mat_compressed(folder: Path) -> Path:
    return mat(folder, compressed=True)


def mat_struct(folder: Path) -> Path:
    from scipy.io import savemat

    path = folder / "r.mat"
    names = np.array(LEADS, dtype=object)
    fields = {"signal": MILLIVOLTS, "fs": FS, "leads": names, "units": "mV"}
    savemat(str(path), {"data": fields}, do_compression=True)
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "wfdb": wfdb_record,
    "wfdb-212": lambda folder: wfdb_record(folder, "212"),
    "wfdb-mat": wfdb_mat,
    "wfdb-segments": wfdb_segments,
    "edf": edf,
    "edf-gap": edf_with_gap,
    "bdf": bdf,
    "ishne": ishne,
    "dicom": dicom,
    "aecg": aecg,
    "csv": csv,
    "tsv": tsv,
    "npy": npy,
    "npz": npz,
    "mat": mat,
    "mat-4": mat_4,
    "mat-compressed": mat_compressed,
    "mat-struct": mat_struct,
}
"""Functions that write the recording to a folder, as ``r`` with its suffix, by format.

A segmented record and one with a gap hold 900 and 1625 samples; the others hold `MILLIVOLTS`.
"""
NEED_FS = {"npy"}
"""Formats without a sampling frequency."""


def edited(path: Path, at: int, new: bytes) -> None:
    """Overwrite bytes of a file."""
    data = path.read_bytes()
    path.write_bytes(data[:at] + new + data[at + len(new) :])
