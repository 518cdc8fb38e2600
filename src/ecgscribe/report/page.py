"""What a report's page says, in the order in which a Holter report is read.

Made of the numbers of `_report_facts` alone; HTML and PDF both show exactly this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgscribe.report.blocks import Page, Picture, Section, Table
from ecgscribe.report.content import ECTOPIC, INTENDED_USE
from ecgscribe.symbols import CLASS_NAMES

__all__ = ["page"]


NONE = "\N{EN DASH}"
"""What stands for a value that is not known."""


_HARD_TO_TELL = (
    "Class N does not tell sinus rhythm from atrial fibrillation or a paced rhythm: in those, "
    "these figures do not mean what they are known for."
)


def page(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> Page:
    """Make the page.

    Parameters
    ----------
    facts : dict
        As `_report_facts.facts` gives them, with ``strips``.
    pictures : dict
        PNG of ``histogram``, ``tachogram``, ``shapes`` and ``strip 0`` and on.

    Returns
    -------
    Page
    """
    recording = facts["recording"]
    lead = "lead" if len(recording["leads"]) == 1 else "leads"
    start = f"{recording['start']}, " if recording["start"] else ""
    return Page(
        title=f"ECG report: {recording['name']}",
        subtitle=f"{start}{recording['duration']} (h:mm:ss), {lead} "
        f"{', '.join(recording['leads'])}, {number(recording['fs_hz'])} Hz",
        key_figures=_key_figures(facts),
        sections=tuple(
            Section(title, tuple(blocks))
            for title, blocks in (
                ("Recording", _recording(facts)),
                ("Beats", _beats(facts)),
                ("Heart rate", _heart_rate(facts)),
                ("RR intervals", _rr(facts, pictures)),
                ("Heart rate variability", _variability(facts["variability"])),
                ("Ectopy", _ectopy(facts)),
                ("Pauses", _pauses(facts["pauses"])),
                ("Beat shapes", _shapes(facts, pictures)),
                ("Strips", _strips(facts, pictures)),
            )
        ),
        foot=_foot(facts),
    )


def number(value: float | int | None, unit: str = "", *, digits: int | None = None) -> str:
    """Write a number: thousands apart, as many digits as it has, a dash where there is none."""
    if value is None:
        return NONE
    text = f"{value:,.{digits}f}" if digits is not None else f"{value:,}".removesuffix(".0")
    return f"{text}{unit}"


def share(value: float | None) -> str:
    """Write a percentage."""
    return number(value, "%")


def _rate(value: int | None) -> str:
    return number(value, "/min")


def _key_figures(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    beats, rate = facts["beats"], facts["heart_rate"]
    low, high = ((rate[name] or {}).get("rate") for name in ("min", "max"))
    return (
        ("Beats", number(beats["counted"])),
        ("Mean heart rate", _rate(rate["mean"])),
        ("Lowest to highest", f"{number(low)} to {number(high)}/min" if low else NONE),
        ("PVC burden", share(beats["pvc_percent"])),
        ("SVE burden", share(beats["sve_percent"])),
        ("Pauses", number(facts["pauses"]["count"])),
        ("Readable", share(facts["readable"]["percent"])),
    )


def _recording(facts: Mapping[str, Any]) -> list[str | Table]:
    recording, readable, origin = facts["recording"], facts["readable"], facts["annotations"]
    rows = [
        ("Name", recording["name"]),
        ("Start", recording["start"] or "not given"),
        ("Duration", f"{recording['duration']} (h:mm:ss)"),
        ("Sampling frequency", f"{number(recording['fs_hz'])} Hz"),
        ("Leads", ", ".join(recording["leads"])),
        ("Leads shown here", ", ".join(recording["leads_shown"])),
        ("Annotations", origin["text"]),
        ("Readable time", f"{readable['time']}, {share(readable['percent'])}"),
    ]
    blocks: list[str | Table] = [Table("What was recorded", ("Entry", "Value"), tuple(rows))]
    longest = readable["longest_unreadable"]
    if longest is not None:
        n = readable["unreadable_stretches"]
        where = f"{number(longest['length_s'])} s at {longest['at']['text']}"
        blocks.append(
            (
                f"One stretch, of {where}, cannot"
                if n == 1
                else f"{number(n)} stretches, the longest of {where}, cannot"
            )
            + " be read in any lead. Beats there are not counted, and no interval reaches across."
        )
    if recording["paced"]:
        blocks.append(
            "The header or annotations tell of a pacemaker: paced beats are not told apart."
        )
    return blocks


def _beats(facts: Mapping[str, Any]) -> list[str | Table]:
    beats = facts["beats"]
    rows = tuple(
        (f"{c['class']}: {c['name']}", number(c["count"]), share(c["percent"]))
        for c in beats["classes"]
    )
    total = ("All", number(beats["counted"]), share(beats["all_percent"]))
    blocks: list[str | Table] = [
        Table("Beats by AAMI class", ("Class", "Beats", "Share"), (*rows, total))
    ]
    if beats["counted"] == 0:
        blocks.insert(0, "No beat was found that can be read.")
    else:
        blocks.append(
            f"PVC burden (V of all beats) {share(beats['pvc_percent'])}; SVE burden (S of all "
            f"beats) {share(beats['sve_percent'])}."
        )
    if beats["in_noise"]:
        blocks.append(f"{number(beats['in_noise'])} more beats lie in noise and are not counted.")
    return blocks


def _heart_rate(facts: Mapping[str, Any]) -> list[str | Table]:
    rate = facts["heart_rate"]
    if rate["mean"] is None:
        return ["No two beats that can be read follow one another: no heart rate."]
    rows = [("Mean", _rate(rate["mean"]), NONE)]
    for name, key in (("Lowest", "min"), ("Highest", "max")):
        if rate[key] is not None:
            rows.append((name, _rate(rate[key]["rate"]), rate[key]["at"]["text"]))
    blocks: list[str | Table] = [
        Table("Heart rate, beats of all classes", ("Rate", "Value", "Time"), tuple(rows))
    ]
    said = (
        f"Lowest and highest are means of {rate['intervals']} consecutive intervals, the mean is "
        "over all intervals that can be read."
    )
    if rate["min"] is None:
        said = f"Nowhere do {rate['intervals']} intervals follow one another: no lowest or highest."
    blocks.append(said)
    if facts["hours"]:
        blocks.append(_hours(facts["hours"]))
    return blocks


def _hours(hours: Sequence[Mapping[str, Any]]) -> Table:
    header = (
        "From", "Readable", "Beats", "Lowest", "Mean", "Highest", "V", "V runs", "S", "S runs",
        "Pauses",
    )  # fmt: skip
    keys = ("rate_min", "rate_mean", "rate_max", "V", "V_runs", "S", "S_runs", "pauses")
    rows = tuple(
        (
            hour["from"]["text"],
            share(hour["readable_percent"]),
            number(hour["beats"]),
            *(number(hour[key]) for key in keys),
        )
        for hour in hours
    )
    return Table("Hour by hour (rates in beats a minute)", header, rows)


def _rr(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> list[str | Table | Picture]:
    rr = facts["rr_intervals"]
    if rr["count"] == 0:
        return ["No interval between two beats can be read."]
    told = (
        f"{number(rr['count'])} intervals, of which {number(rr['normal_to_normal'])} from N to N; "
        f"shortest {number(rr['shortest_ms'])} ms, median {number(rr['median_ms'])} ms, longest "
        f"{number(rr['longest_ms'])} ms"
    )
    return [
        Picture(
            pictures["histogram"],
            f"Histogram of RR intervals: {told}.",
            f"Histogram in bins of {rr['bin_ms']} ms: {told}.",
        ),
        Picture(
            pictures["tachogram"],
            "RR interval of every beat over the time of the recording, coloured by class.",
            "Tachogram: the interval before every beat, coloured by the beat's class; grey where "
            "nothing can be read.",
        ),
    ]


def _variability(hrv: Mapping[str, Any]) -> list[str | Table]:
    said = (
        f"{number(hrv['nn_intervals'])} intervals from N to N, {hrv['nn_time']} (h:mm:ss), "
        f"{share(hrv['nn_percent'])} of the recording. Left out is every interval beside an "
        "ectopic beat, noise or a gap."
    )
    time, means = hrv["time_domain"], hrv["segment_means"]
    if time is None:
        return [
            said,
            f"Too few for heart rate variability, which needs at least {hrv['least_nn_s']} s of "
            "them, two in a row.",
        ]
    rows = [
        ("Mean NN", number(time["mean_nn_ms"]), "ms"),
        ("SDNN", number(time["sdnn_ms"], digits=1), "ms"),
        ("RMSSD", number(time["rmssd_ms"], digits=1), "ms"),
        ("pNN50", number(time["pnn50_percent"], digits=1), "%"),
    ]
    minutes, least = hrv["segment_minutes"], hrv["least_covered_percent"]
    used = f"{number(hrv['segments_used'])} of {number(hrv['segments'])}"
    if means is None:
        spectrum = (
            f"SDANN, SDNN index, LF and HF need segments of {minutes} minutes of which intervals "
            f"from N to N cover at least {least}%: {used} can be used."
        )
    else:
        rows += [
            ("SDANN", number(means["sdann_ms"], digits=1), "ms"),
            ("SDNN index", number(means["sdnn_index_ms"], digits=1), "ms"),
            ("LF", number(means["lf_ms2"]), "ms²"),
            ("HF", number(means["hf_ms2"]), "ms²"),
            ("LF/HF", number(means["lf_hf"], digits=2), ""),
        ]
        spectrum = (
            f"From SDANN on: over segments of {minutes} minutes of which intervals from N to N "
            f"cover at least {least}%, {used}; {share(means['interpolated_percent'])} of their "
            f"time is interpolated. LF is {_band(hrv['lf_hz'])}, HF {_band(hrv['hf_hz'])}; each is "
            "the mean of the segments, and so is LF/HF."
        )
    return [
        said,
        Table("Heart rate variability", ("Measure", "Value", "Unit"), tuple(rows)),
        spectrum,
        _HARD_TO_TELL,
    ]


def _band(band: Sequence[float]) -> str:
    return f"{band[0]:g} to {band[1]:g} Hz"


def _ectopy(facts: Mapping[str, Any]) -> list[str | Table]:
    blocks: list[str | Table] = []
    for name in ECTOPIC:
        found = facts["ectopy"][name]
        if found["isolated"]["count"] + found["couplets"]["count"] + found["runs"]["count"] == 0:
            blocks.append(f"No beats of class {name}: {CLASS_NAMES[name]}.")
            continue
        blocks.append(_ectopy_table(name, found))
    if any(isinstance(block, Table) for block in blocks):
        rules = facts["ectopy"]["V"]
        blocks.append(
            f"From the classes alone. A run is {rules['least_run']} beats or more; bigeminy and "
            f"trigeminy are at least {rules['least_repeats']} isolated beats with one or two "
            "beats of class N between them. Fusion beats are not counted with V. Rates are from "
            "the first beat to the last; the longest has the most ectopic beats."
        )
    return blocks


def _ectopy_table(name: str, found: Mapping[str, Any]) -> Table:
    rows = []
    for kind in ("isolated", "couplets", "bigeminy", "trigeminy", "runs"):
        entry = found[kind]
        longest, fastest = entry["longest"], entry["fastest"]
        row = [kind.capitalize(), number(entry["count"]), number(entry["beats"])]
        if longest is None:
            row += [NONE, NONE, NONE, NONE]
        else:
            row += [
                f"{number(longest['ectopic'])}, {number(longest['length_s'])} s",
                longest["at"]["text"],
                _rate(fastest["rate"]),
                fastest["at"]["text"],
            ]
        rows.append(tuple(row))
    return Table(
        f"Class {name}: {CLASS_NAMES[name]}",
        ("Pattern", "Episodes", f"{name} beats", "Longest", "at", "Fastest", "at"),
        tuple(rows),
    )


def _pauses(pauses: Mapping[str, Any]) -> list[str | Table]:
    least = number(pauses["longer_than_s"])
    if pauses["count"] == 0:
        return [f"No interval is longer than {least} s, stretches apart that cannot be read."]
    rows = tuple(
        (pause["at"]["text"], number(pause["length_s"], " s", digits=2), pause["between"])
        for pause in pauses["longest"]
    )
    return [
        f"{number(pauses['count'])} intervals are longer than {least} s.",
        Table("The longest pauses", ("Time", "Length", "Between"), rows),
    ]


def _shapes(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> list[str | Table | Picture]:
    shapes = facts["shapes"]
    if not shapes["classes"]:
        return ["No beats to show."]
    rows = tuple(
        (
            s["class"],
            number(s["count"]),
            number(s["looked_at"]),
            number(s["qrs_ms"], " ms"),
            number(s["likeness"], digits=2),
        )
        for s in shapes["classes"]
    )
    dominant = shapes["classes"][0]["class"]
    return [
        Picture(
            pictures["shapes"],
            "Median beat of each class over single beats, a panel a lead.",
            f"Median beat of each class, up to {shapes['most']} spread over the recording; single "
            "beats behind it.",
        ),
        Table(
            "Shapes of the classes",
            ("Class", "Beats", "Looked at", "QRS, about", "Correlation"),
            rows,
        ),
        f"Correlation is that of the median QRS with the dominant one, of class {dominant}. "
        "Widths are estimates from the slope of the signal: for comparison within the recording; "
        "calipers read wider.",
    ]


def _strips(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> list[str | Table | Picture]:
    strips = facts["strips"]
    if not strips:
        return ["Nothing to show."]
    shown: list[str | Table | Picture] = [f"{facts['paper']}; grey where nothing can be read."]
    if not facts["annotations"]["probabilities"]:
        shown.append("The annotations hold no probabilities.")
    for k, strip in enumerate(strips):
        title = f"{strip['title']}, {strip['at']['text']}"
        shown.append(
            Picture(pictures[f"strip {k}"], f"ECG strip: {title}", strip["text"], title=title)
        )
    return shown


def _foot(facts: Mapping[str, Any]) -> tuple[str, ...]:
    software, model = facts["software"], facts["annotations"]["model"]
    lines = [INTENDED_USE, f"Made by {software['name']} {software['version']}."]
    if model is not None:
        made = f", made with ecgscribe {model['version']}" if model["version"] else ""
        lines.append(f"Model {model['name']}{made}, SHA-256 {model['sha256']}.")
    lines += [f"{file['name']}: SHA-256 {file['sha256']}." for file in facts["recording"]["files"]]
    return tuple(lines)
