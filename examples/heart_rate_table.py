"""Heart rate and ectopic beats, minute by minute, as a pandas table."""

# %% Annotate. Beats in noise are told of, too; leave them out of figures about the heart.
import numpy as np
import pandas as pd

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize

record, _ = synthesize(duration=300, seed=6, name="five-minutes")
table = ecgscribe.annotate(record).to_frame()

# %% RR intervals. Only between two normal beats, one right after the other and both readable, does
# an interval say how fast the sinus node beats; an ectopic beat comes early, and a pause follows.
usable = table["normal"] & table["readable"]
rr = table["time"].diff()
normal_to_normal = rr.where(usable & usable.shift(fill_value=False))

# %% One row a minute.
minute = (table["time"] // 60).astype(int).rename("minute")
rate = 60 / normal_to_normal.groupby(minute).agg(["mean", "min", "max"])
by_minute = pd.DataFrame(
    {
        "mean rate": rate["mean"],
        "slowest": rate["max"],  # the longest interval
        "fastest": rate["min"],
        "RMSSD in ms": 1000 * normal_to_normal.diff().pow(2).groupby(minute).mean().pow(0.5),
    }
).round(1)
counts = pd.crosstab(minute, table["class"])
print(by_minute.join(counts).to_string())

# %% Over the whole: the share of ventricular beats, the burden.
burden = 100 * np.mean(table.loc[table["readable"], "class"] == "V")
print(f"ventricular burden {burden:.1f}% of {int(table['readable'].sum())} readable beats")
by_minute.join(counts).to_csv("by_minute.csv")
