"""Read recordings and annotations, write annotations: one module per format.

Recordings are recognised by their content first, then by their suffix: WFDB (``.hea`` and its
signal files), EDF, EDF+ and BDF, DICOM waveforms, ISHNE Holter, HL7 aECG (XML), NumPy and MATLAB
arrays, and tables separated by commas, semicolons, tabs or blanks; each also compressed by gzip.
Annotations: WFDB (``100.atr``), EDF+, ISHNE (``.ann``) and the ``100annotations.txt`` of the CSV
export of mitdb. Written: WFDB annotation files, CSV, JSON, Parquet and EDF+ annotations.
"""

from __future__ import annotations

from ecgscribe.formats.finding import recordings_in
from ecgscribe.formats.reading import open_record, read, read_annotation, recording_files
from ecgscribe.formats.storage import read_storage
from ecgscribe.formats.wfdb.writing import write_record
from ecgscribe.formats.writing import DEFAULT_ANNOTATOR, write

__all__ = [
    "DEFAULT_ANNOTATOR",
    "open_record",
    "read",
    "read_annotation",
    "read_storage",
    "recording_files",
    "recordings_in",
    "write",
    "write_record",
]
