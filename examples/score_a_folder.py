"""Annotate every recording of a folder, and score those that have a reference.

One bad file does not stop the others, and a second run goes on where the first one stopped.
"""

# %% A folder. Here it is made; put your own instead.
from pathlib import Path

import pandas as pd

import ecgscribe
from ecgscribe import formats, metrics
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import patient
from ecgscribe.errors import EcgScribeError

archive, out = Path("archive"), Path("beats")
for folder in (archive, out):
    folder.mkdir(exist_ok=True)
for k in range(3):
    made, known = synthesize(patient(k), duration=60, seed=k, name=f"patient{k}")
    formats.write_record(made, archive, force=True)
    ecgscribe.write(known, archive / f"{made.name}.atr", force=True)
(archive / "broken.hea").write_text("this is no header\n")

# %% Annotate. The source is read piece by piece, so that a week fits in memory; the model is loaded
# once for all.
model = ecgscribe.load_model()
rows = []
for header in sorted(archive.glob("*.hea")):
    target = out / f"{header.stem}.scribe"
    row: dict[str, object] = {"record": header.stem, "problem": ""}
    try:
        source = formats.open_record(header)
        if not target.exists():
            ecgscribe.write(ecgscribe.annotate(source, model=model), target)
        found = formats.read_annotation(target, fs=source.fs)
        reference = formats.read_annotation(header.with_suffix(".atr"))
        figures = metrics.ratios(metrics.compare(reference, found, start=0).matrix)
        row |= {"beats": len(found.beats()), "Se": figures.qrs_se.value, "+P": figures.qrs_pp.value}
    except EcgScribeError as error:
        row["problem"] = str(error)
    rows.append(row)

# %% One line a recording, and which ones to look at.
table = pd.DataFrame(rows).set_index("record")
print(table.to_string(formatters={"problem": lambda text: text[:40]}))
table.to_csv("archive.csv")
