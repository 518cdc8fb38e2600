"""Formats that are not read here: what they are called, and what to do about them."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

__all__ = ["name_of_zip", "other_format", "other_xml"]


_CONVERT = "convert it first, for example to EDF, DICOM or CSV"
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (16, b"SCPECG", f"SCP-ECG (EN 1064); {_CONVERT} (the ECG Toolkit of Refactoring does)"),
    (0, b"MATLAB 7.3", "a MATLAB file of version 7.3; save it with -v7"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5; save the samples as .npz or CSV"),
    (512, b"\x89HDF\r\n\x1a\n", "HDF5; save the samples as .npz or CSV"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old file of Microsoft Office; save it as CSV"),
    (0, b"%PDF", "a PDF, which holds a picture of an ECG; export the samples"),
    (0, b"\x89PNG", "a picture; export the samples"),
    (0, b"\xff\xd8\xff", "a picture; export the samples"),
    (0, b"GIF8", "a picture; export the samples"),
    (0, b"II*\0", "a picture; export the samples"),
    (0, b"fLaC", "FLAC without its WFDB header; put the .hea file next to it, and name that"),
    (0, b"RIFF", f"a WAV file; {_CONVERT}"),
    (0, b"GDF ", f"GDF; {_CONVERT}"),
    (0, b"XDF:", f"XDF of the Lab Streaming Layer; {_CONVERT}"),
    (0, b"CFWB", f"a binary file of LabChart; {_CONVERT}"),
    (0, b"Brain Vision Data Exchange", f"a header of BrainVision; {_CONVERT}"),
    (0, b"BrainVision Data Exchange", f"a header of BrainVision; {_CONVERT}"),
    (0, b"@ MFR", f"MFER (ISO 22077); {_CONVERT}"),
    (0, b"\0\0\0d\0\0\0\x1f", "FIF; export it as EDF, or annotate the mne.io.Raw in Python"),
    (0, b"SQLite format 3", "a database of SQLite; export the samples as CSV"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive; unpack it first"),
    (0, b"Rar!", "an archive; unpack it first"),
    (257, b"ustar", "an archive; unpack it first"),
    (0, b"BZh", "a compressed file; unpack it first"),
    (0, b"\xfd7zXZ\0", "a compressed file; unpack it first"),
    (0, b"(\xb5/\xfd", "a compressed file; unpack it first"),
    (0, b"{\\rtf", "a document; save the samples as CSV"),
    (0, b"version https://git-lfs", "a pointer to a file in Git LFS; get the file (git lfs pull)"),
    (0, b"/annex/objects/", "a pointer to a file in git-annex; get the file (git annex get)"),
    (0, b"PAR1", "Parquet; save the samples as CSV or .npz"),
    (0, b"ARROW1", "Arrow; save the samples as CSV or .npz"),
)
_XML = {
    "restingecg": "the XML of GE MUSE",
    "restingecgdata": "the XML of Philips",
    "cardiologyxml": "the XML of GE CardioSoft",
    "sapphire": "the XML of GE",
    "ecg": "the XML of Mortara or Hill-Rom",
    "examdescript": "the XML of Schiller",
    "html": "a web page; download the file itself",
    "svg": "a picture; export the samples",
    "healthdata": "the export of Apple Health; name one of its electrocardiograms (.csv)",
}
"""By the name of the root element; with what to do where it is not to convert it."""


def other_format(head: bytes) -> str | None:
    """Return what a file that begins with `head` is and what to do; None if that is unknown."""
    if not head:
        return "an empty file; get a fresh copy"
    for offset, magic, name in _MAGIC:
        if head[offset:].startswith(magic):
            return name
    plain = head.replace(b"\0", b"")  # UTF-16 is ASCII with these between
    if re.match(
        rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:\{|\[\s*(?:[\[{\"]|-?[\d.]+\s*,))", plain
    ):
        return "JSON; save the samples as CSV or .npz"
    if head.startswith(b"\x80") and head[1:2] in b"\x02\x03\x04\x05":
        return "pickled Python objects, which can run code; save the samples as .npy or .npz"
    return None


def name_of_zip(path: Path) -> str | None:
    """Return what a ZIP file is other than NumPy's arrays, and what to do; None if it is those."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return None
    if any(name.endswith(".npy") for name in names) or not names:
        return None
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook; save the sheet as CSV"
    if any(name.startswith(("word/", "ppt/")) or name == "content.xml" for name in names):
        return "an office document; save the samples as CSV"
    return "a ZIP archive; unpack it first"


def other_xml(root: str) -> str:
    """Return what XML of another root element than that of HL7 aECG is, and what to do."""
    name = _XML.get(root.rpartition("}")[2].lower())
    found = f"XML of {root.rpartition('}')[2][:40]}"
    listed = f"{found}, {name}" if name else found
    return listed if ";" in listed else f"{listed}; {_CONVERT}"
