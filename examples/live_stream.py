"""Annotate a signal while it comes, in chunks of any size.

The chunks here are cut from a synthetic recording; a device's driver would send them instead.
"""

# %% What a device sends: 0.2 s at a time.
import numpy as np

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.live.events import LiveBeat, RPeak

record, reference = synthesize(duration=30, seed=4)
chunks = np.array_split(record.signal, 150)

# %% A stream keeps what it needs of the past; the beats do not depend on how the chunks are cut.
stream = ecgscribe.Stream(record.fs, record.leads)
events = []
for chunk in chunks:
    events += stream.push(chunk)
events += stream.close()  # the last beats, which nothing follows

# %% Events are R-peaks, which come first, beats with their class, rhythms, if the model recognises
# them, and changes of the signal.
r_peaks = [event for event in events if isinstance(event, RPeak)]
beats = [event for event in events if isinstance(event, LiveBeat)]
for beat in beats[:5]:
    print(f"{beat.time:6.2f} s  {beat.aami_class}  {max(beat.probability):.3f}")

# %% An R-peak comes at most 1.0 s after it, its class at most 2.5 s after it, when the next beats
# have been seen. The first ones come after 2.7 s.
delays = {
    "R-peaks": [(r_peak.samples_received - r_peak.sample) / record.fs for r_peak in r_peaks],
    "classes": [(beat.samples_received - beat.sample) / record.fs for beat in beats],
}
for name, delay in delays.items():
    print(
        f"{name}: {len(delay)} of {len(reference)}, at most {max(delay[5:]):.2f} s after the R-peak"
    )
