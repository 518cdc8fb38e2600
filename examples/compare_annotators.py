"""Compare two annotators on the same recordings, as ANSI/AAMI EC57 says.

The second annotator is XQRS of the wfdb package, which finds R-peaks and no classes.
"""

# %% Recordings with a reference. Here they are synthetic; with mitdb at hand, take
# record, reference = ecgscribe.datasets.load("mitdb", "100") instead.
import warnings

import numpy as np
from wfdb import processing

import ecgscribe
from ecgscribe import metrics
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.datasets.synthetic_settings import patient


def xqrs(record: ecgscribe.Record) -> ecgscribe.Annotation:
    """Find R-peaks in the first lead; every beat is called N, as nothing is known of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what wfdb and numpy tell each other is not for us
        sample = processing.xqrs_detect(record.signal[:, 0], record.fs, verbose=False)
    return ecgscribe.Annotation(sample, np.full(len(sample), "N"), record.fs, name=record.name)


recordings = [synthesize(patient(k), duration=60, seed=k, name=f"p{k}") for k in (1, 2, 3)]

# %% Compare each recording, then sum up. The standard leaves out the first 5 minutes, which
# these recordings do not last: here all is counted.
for name, annotator in (("ecgscribe", ecgscribe.annotate), ("XQRS", xqrs)):
    comparisons = [metrics.compare(ref, annotator(rec), start=0) for rec, ref in recordings]
    # Rows: reference; columns: what was found.
    total = np.sum([c.matrix for c in comparisons], axis=0)
    figures = metrics.ratios(total)
    print(
        f"{name}: R-peaks Se {100 * figures.qrs_se.value:.2f}, +P {100 * figures.qrs_pp.value:.2f}"
    )
    print(f"  V found {figures.veb_se.hits} of {figures.veb_se.total}")

# %% A closer look at one recording: the whole table of the standard.
record, reference = recordings[0]
comparison = metrics.compare(reference, ecgscribe.annotate(record), start=0)
print(metrics.format_report(record.name, "ref", "scribe", comparison))
