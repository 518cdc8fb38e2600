"""Annotate a signal while it comes, in chunks of any length.

The chunks here are cut from a synthetic recording; a device's driver would give them instead.
"""

# %% What a device sends: 0.2 s at a time.
import numpy as np

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live.events import Peak

record, known = synthesize(duration=30, seed=4)
chunks = np.array_split(record.signal, 150)

# %% A stream keeps what it needs of the past; the beats do not depend on how the chunks are cut.
stream = ecgscribe.Stream(record.fs, record.leads)
beats, peaks = [], []
for chunk in chunks:
    beats += stream.push(chunk)
    peaks += [event for event in stream.events if isinstance(event, Peak)]
beats += stream.close()  # the last ones, told from what was there
peaks += [event for event in stream.events if isinstance(event, Peak)]

# %% An R-peak is told at most 1.0 s after it, its class at most 2.5 s after it, when the next beats
# have been seen. At the very start the stream listens for 2.7 s.
for beat in beats[:5]:
    print(f"{beat.time:6.2f} s  {beat.aami_class}  {max(beat.probability):.3f}")
for what, found in (("R-peaks", peaks), ("classes", beats)):
    delay = max((event.known - event.sample) / record.fs for event in found[5:])
    print(f"{what}: {len(found)} of {len(known)}, told {delay:.2f} s after the R-peak at most")
