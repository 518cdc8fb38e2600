"""`ecgscribe.annotate`: annotate whatever holds a recording."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from ecgscribe.errors import FormatError
from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.objects import as_leads, as_record
from ecgscribe.leads import N_LEADS
from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.annotate import annotate as annotate_record
from ecgscribe.record import Annotation

__all__ = ["annotate"]

logger = logging.getLogger(__name__)


def annotate(
    recording: Any,
    fs: float | None = None,
    *,
    leads: str | int | Sequence[str | int] | None = None,
    units: str | Sequence[str] | Mapping[str, str] | None = None,
    model: Model | str | Path | None = None,
    progress: bool | Callable[[int, int], object] = False,
) -> Annotation:
    """Detect and classify every beat of a recording.

    Parameters
    ----------
    recording : path, Record, array, Series, DataFrame, DataArray, wfdb.Record or mne.io.Raw
        A path is read piece by piece, so that memory hardly grows with its length. An array has
        the shape (samples,) or (samples, leads); the columns of a table are leads.
    fs : float, optional
        Sampling frequency in Hz, 100 to 2,000. Required if the recording does not give it.
    leads : str, int or sequence of them, optional
        One or two leads to use, by name or number; by default the best ones. For an array, a name
        for each of its leads.
    units : str, sequence or mapping of str, optional
        Unit of all leads of an array, of each, or by their names; any unit does.
    model : Model, str or Path, optional
        A loaded model, or what `ecgscribe.load_model` takes; by default the one in the package.
    progress : bool or callable
        True shows a bar, in a terminal and in a notebook. A function is called after each block
        with how much is done, and how much there is.

    Returns
    -------
    Annotation
        A beat at each R-peak with the probabilities of the five classes, and what
        `ecgscribe.pipeline.annotate.annotate` says of noise, lost leads and rhythms.

    Raises
    ------
    FormatError
        If the recording is of another type, or cannot be used.
    ModelError
        If the model is missing or was altered.

    Warns
    -----
    SignalWarning
        If a lead, a span, the length or the kind of patient limits the result.

    Examples
    --------
    >>> import ecgscribe
    >>> from ecgscribe.datasets.synthetic import synthesize
    >>> record, _ = synthesize(duration=20, seed=1)
    >>> beats = ecgscribe.annotate(record.signal[:, 0], fs=360).beats()
    >>> len(beats) > 10
    True
    """
    leads = as_leads(leads)
    record = as_record(recording, fs=fs, leads=leads, units=units)
    if leads is not None and short_names(list(map(str, leads))) == list(record.leads):
        # All that was read is what was asked for, or named.
        leads = tuple(range(len(leads))) if len(leads) <= N_LEADS else None
    begun = monotonic()
    with _progress(progress, record.name) as show:
        annotation = annotate_record(record, model=model, leads=leads, progress=show)
    logger.info("annotated %r in %.1f s", record, monotonic() - begun)
    return annotation


_BAR = "{desc}: {percentage:3.0f}% |{bar}| {elapsed} elapsed, {remaining} left"


@contextmanager
def _progress(
    wanted: bool | Callable[[int, int], object], title: str
) -> Iterator[Callable[[int, int], object] | None]:
    """Yield what is to be called after each block: a bar, or what was given."""
    if not isinstance(wanted, bool):
        if not callable(wanted):
            raise FormatError(f"expected progress as True, False or a function, found {wanted!r}")
        yield wanted
        return
    if not wanted:
        yield None
        return
    with warnings.catch_warnings():
        # A notebook without ipywidgets gets a bar of text, and needs no advice.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    with tqdm(desc=title, bar_format=_BAR) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
