"""One record, end to end: this is the whole of what ecgscribe does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ecgscribe.model.runtime import Model, load_model
from ecgscribe.pipeline.assembly import assemble
from ecgscribe.pipeline.classification import classify_beats
from ecgscribe.pipeline.detection import BLOCK_WINDOWS, detect_r_peaks
from ecgscribe.pipeline.paced import as_paced_beats
from ecgscribe.pipeline.signal_warnings import warn_of_limits
from ecgscribe.pipeline.written import written_beats
from ecgscribe.record import Annotation, LazyRecord, Record
from ecgscribe.signal.conditioning import Conditioner

__all__ = ["annotate"]


def annotate(
    record: Record | LazyRecord,
    *,
    model: Model | str | Path | None = None,
    leads: Sequence[str | int] | None = None,
    block_windows: int = BLOCK_WINDOWS,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Annotation:
    """Detect and classify every beat of a recording.

    The recording is read in blocks, so that memory hardly grows with its length. The result does
    not depend on the blocks.

    Parameters
    ----------
    record : Record or LazyRecord
        One lead or more, fs from 100 to 2,000 Hz, any unit, any polarity.
    model : Model, str or Path, optional
        A loaded model, or what `ecgscribe.load_model` takes; by default the one in the package.
    leads : sequence of str or int, optional
        One or two leads to use; by default the best ones.
    block_windows : int
        Windows of the trunk per block; see `ecgscribe.pipeline.detection`.
    threads : int, optional
        Blocks that are scored at once, each by a processor; by default as many as there are
        processors, four at most. With 1 no thread is started: for programs that annotate several
        recordings at once.
    progress : callable, optional
        Called after each block with how much is done, and how much there is.

    Returns
    -------
    Annotation
        A beat at each R-peak with the probabilities of the five classes, and a ``~`` wherever a
        lead becomes lost or can be read again: subtype -1 where all leads are lost, 16 or 32 where
        the first or the second is, 0 where all can be read. Noise adds 1 and 2 for the leads that
        are not lost: 3 where both are noisy. Beats in noise have a low quality; see
        `ecgscribe.pipeline.signal_quality`. A ``+`` with a note where a rhythm begins, and ``[``
        and ``]`` around ventricular flutter or fibrillation, if the model recognises rhythms; see
        `ecgscribe.record.Annotation.rhythms`.

    Raises
    ------
    FormatError
        If the recording cannot be used; see `ecgscribe.signal.conditioning.Conditioner.for_record`.
    ModelError
        If the model is missing or was altered.

    Warns
    -----
    SignalWarning
        If a lead, a span, the length or the kind of patient limits the result.
    """
    model = load_model(model)
    conditioner = Conditioner.for_record(record, leads=leads)
    # Block by block: no more than some blocks are in memory until their candidates are classified.
    blocks = detect_r_peaks(
        model, conditioner, block_windows=block_windows, threads=threads, progress=progress
    )
    written = written_beats(model, classify_beats(model, blocks), conditioner.n_steps)
    if record.paced:
        written = written._replace(beats=as_paced_beats(written.beats))
    warn_of_limits(record, conditioner, written.availability, len(written.beats))
    return assemble(record, conditioner, *written, model.thresholds)
