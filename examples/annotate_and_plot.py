"""Annotate a recording, look at it, and keep what was found.

Run it as a script, or cell by cell in an editor that knows ``# %%``.
"""

# %% A recording. Here it is synthetic; put the path of your own instead.
from pathlib import Path

import ecgscribe
from ecgscribe import formats, plots
from ecgscribe.datasets.synthetic import synthesize

made, known = synthesize(duration=60, seed=3, name="mine")
formats.write_record(made, Path(), force=True)  # mine.hea and mine.dat, as from a recorder

record = ecgscribe.read("mine")  # WFDB, EDF, DICOM, ISHNE, aECG, NumPy, CSV: known by content
print(f"{record.duration:.0f} s of {', '.join(record.leads)} at {record.fs:g} Hz")

# %% Find and classify every beat.
beats = ecgscribe.annotate(record)
table = beats.to_frame()  # one row a beat
print(table[["time", "class", "score", "quality", "p_N", "p_S", "p_V"]].head().round(3))
print(table["class"].value_counts().to_string())

# %% Look at the first ventricular beat, on ECG paper.
ventricular = table.loc[table["class"] == "V", "time"]
start = max(0.0, ventricular.iloc[0] - 4) if len(ventricular) else 0.0
plots.save(plots.strip(record, beats, start=start, end=start + 8), "strip.png", force=True)

# %% Keep it: WFDB annotations that other programs read, or a table.
print(
    ecgscribe.write(beats, "mine.scribe", force=True),
    ecgscribe.write(beats, "mine.scribe.csv", force=True),
)
