"""The section on heart rate variability."""

from __future__ import annotations

from dataclasses import dataclass

from ecgscribe.analysis.hrv import (
    HF,
    LEAST_COVERED,
    LEAST_NN_S,
    LF,
    SEGMENT_S,
    Spectrum,
    TimeDomain,
)
from ecgscribe.formatting import format_time, percent, rounded
from ecgscribe.report.blocks import Table
from ecgscribe.report.inputs import ReportInputs
from ecgscribe.report.wording import number, share

__all__ = [
    "SegmentMeansEntry",
    "TimeDomainEntry",
    "VariabilityEntry",
    "variability_blocks",
    "variability_entry",
]


_LEFT_OUT = (
    "Where the annotations name atrial fibrillation, it is left out, as heart rate variability is "
    "not meaningful there."
)
_NOT_KNOWN = (
    "The annotations name no rhythms: where the rhythm is atrial fibrillation or paced, these "
    "figures are not meaningful."
)


@dataclass(frozen=True)
class TimeDomainEntry:
    """Figures over all NN intervals."""

    mean_nn_ms: float | None
    sdnn_ms: float | None
    rmssd_ms: float | None
    pnn50_percent: float | None


@dataclass(frozen=True)
class SegmentMeansEntry:
    """Figures over the usable segments."""

    lf_ms2: float | None
    hf_ms2: float | None
    lf_hf: float | None
    sdnn_index_ms: float | None
    sdann_ms: float | None
    interpolated_percent: float | None


@dataclass(frozen=True)
class VariabilityEntry:
    """Heart rate variability and its rules; None where the recording does not allow a part.

    `rhythms_known` is whether rhythms are annotated; atrial fibrillation is then left out.
    """

    rhythms_known: bool
    nn_intervals: int
    nn_time: str
    nn_percent: float
    least_nn_s: float | None
    segment_minutes: float | None
    least_covered_percent: float | None
    lf_hz: tuple[float, float]
    hf_hz: tuple[float, float]
    segments: int
    segments_used: int
    time_domain: TimeDomainEntry | None
    segment_means: SegmentMeansEntry | None


def variability_entry(inputs: ReportInputs) -> VariabilityEntry:
    """Describe heart rate variability.

    Parameters
    ----------
    inputs : ReportInputs

    Returns
    -------
    VariabilityEntry
    """
    measured = inputs.measures.variability
    time, spectrum = measured.time, measured.spectrum
    return VariabilityEntry(
        rhythms_known=len(inputs.measures.rhythms) > 0,
        nn_intervals=measured.nn_intervals,
        nn_time=format_time(measured.nn_seconds, hours=True),
        nn_percent=percent(measured.nn_seconds, inputs.record.duration),
        least_nn_s=rounded(LEAST_NN_S, 0),
        segment_minutes=rounded(SEGMENT_S / 60, 0),
        least_covered_percent=rounded(100 * LEAST_COVERED, 0),
        lf_hz=LF,
        hf_hz=HF,
        segments=measured.whole_segments,
        segments_used=0 if spectrum is None else spectrum.segments,
        time_domain=None if time is None else _time_domain(time),
        segment_means=None if spectrum is None else _segment_means(spectrum),
    )


def _time_domain(time: TimeDomain) -> TimeDomainEntry:
    return TimeDomainEntry(
        mean_nn_ms=rounded(time.mean_nn, 0),
        sdnn_ms=rounded(time.sdnn, 1),
        rmssd_ms=rounded(time.rmssd, 1),
        pnn50_percent=rounded(time.pnn50, 1),
    )


def _segment_means(spectrum: Spectrum) -> SegmentMeansEntry:
    return SegmentMeansEntry(
        lf_ms2=rounded(spectrum.lf, 0),
        hf_ms2=rounded(spectrum.hf, 0),
        lf_hf=rounded(spectrum.lf_hf, 2),
        sdnn_index_ms=rounded(spectrum.sdnn_index, 1),
        sdann_ms=rounded(spectrum.sdann, 1),
        interpolated_percent=rounded(spectrum.interpolated, 1),
    )


def variability_blocks(hrv: VariabilityEntry, *, withheld: bool = False) -> tuple[str | Table, ...]:
    """Show heart rate variability.

    Parameters
    ----------
    hrv : VariabilityEntry
    withheld : bool
        Whether the classes of the beats are withheld.

    Returns
    -------
    tuple of str or Table
    """
    if withheld:
        return ("Not measured, as the classes of the beats are withheld.",)
    intervals = (
        f"{number(hrv.nn_intervals)} intervals from N to N, {hrv.nn_time} (h:mm:ss), "
        f"{share(hrv.nn_percent)} of the recording. Intervals next to an ectopic beat, noise or a "
        "gap are left out, and those in atrial fibrillation."
    )
    time = hrv.time_domain
    if time is None:
        return (
            intervals,
            f"Too few for heart rate variability: it needs at least {hrv.least_nn_s} s of them, "
            "and two in a row.",
        )
    rows = (
        ("Mean NN", number(time.mean_nn_ms), "ms"),
        ("SDNN", number(time.sdnn_ms, digits=1), "ms"),
        ("RMSSD", number(time.rmssd_ms, digits=1), "ms"),
        ("pNN50", number(time.pnn50_percent, digits=1), "%"),
        *_segment_rows(hrv.segment_means),
    )
    return (
        intervals,
        Table("Heart rate variability", ("Measure", "Value", "Unit"), rows),
        _segment_rule(hrv),
        _LEFT_OUT if hrv.rhythms_known else _NOT_KNOWN,
    )


def _segment_rows(means: SegmentMeansEntry | None) -> tuple[tuple[str, str, str], ...]:
    if means is None:
        return ()
    return (
        ("SDANN", number(means.sdann_ms, digits=1), "ms"),
        ("SDNN index", number(means.sdnn_index_ms, digits=1), "ms"),
        ("LF", number(means.lf_ms2), "ms²"),
        ("HF", number(means.hf_ms2), "ms²"),
        ("LF/HF", number(means.lf_hf, digits=2), ""),
    )


def _segment_rule(hrv: VariabilityEntry) -> str:
    rule = (
        f"segments of {hrv.segment_minutes} minutes in which intervals from N to N cover at least "
        f"{hrv.least_covered_percent}% of the time"
    )
    used = f"{number(hrv.segments_used)} of {number(hrv.segments)}"
    means = hrv.segment_means
    if means is None:
        return f"SDANN, SDNN index, LF and HF need {rule}: {used} are usable."
    return (
        f"SDANN, SDNN index, LF and HF come from {rule}: {used} are usable, and "
        f"{share(means.interpolated_percent)} of their time is interpolated. LF is "
        f"{_band(hrv.lf_hz)}, HF {_band(hrv.hf_hz)}. LF, HF and LF/HF are means over the segments."
    )


def _band(band: tuple[float, float]) -> str:
    return f"{band[0]:g} to {band[1]:g} Hz"
