"""Time by rhythm as its definition reads: second by second, sample by sample, in plain Python."""

from __future__ import annotations

from ecgscribe.metrics.rhythm_time import GROUPS, MEASURES
from ecgscribe.record import Annotation

GROUP_OF = {
    "VT": "VT",
    **dict.fromkeys(("VF", "VFL", "VFIB"), "VF"),
    **dict.fromkeys(("N", "NSR", "BI", "B", "SBR", "NOD"), "sinus"),
    **dict.fromkeys(("AFIB", "SVTA", "PM"), "supraventricular"),
    **{name: name for name in ("ASYS", "NOISE", "HGEA", "VER")},
}


def rhythm_of_samples(annotation: Annotation, n_samples: int) -> list[str]:
    """Return the label in force at each sample; empty before the first."""
    rhythm, k, notes = "", 0, annotation.aux_note.tolist()
    labels = []
    for sample in range(n_samples):
        while k < len(annotation) and annotation.sample[k] <= sample:
            if annotation.symbol[k] == "+" and notes[k].startswith("("):
                rhythm = notes[k][1:]
            k += 1
        labels.append(rhythm)
    return labels


def shown(test: Annotation, n_samples: int) -> tuple[list[bool], list[bool]]:
    """Return which samples are shown as ventricular, and which are unreadable."""
    labels = rhythm_of_samples(test, n_samples)
    ventricular = [label in ("VT", "VF", "VFL", "VFIB") for label in labels]
    unreadable = []
    bad, k = False, 0
    for sample in range(n_samples):
        while k < len(test) and test.sample[k] <= sample:
            bad = test.subtype[k] == -1 if test.symbol[k] == "~" else bad
            k += 1
        unreadable.append(bool(bad))
    run: list[int] = []
    for sample, symbol in zip(test.sample.tolist(), test.symbol.tolist(), strict=True):
        if symbol not in "NAVF":
            continue
        is_v = symbol == "V" and not unreadable[sample]
        run = [*(run if run and sample - run[-1] <= 2 * test.fs else []), sample] if is_v else []
        if len(run) >= 3:
            ventricular[run[0] : sample + 1] = [True] * (sample + 1 - run[0])
    return ventricular, unreadable


def rhythm_time(reference: Annotation, test: Annotation, n_samples: int) -> list[list[int]]:
    """Return seconds, ventricular and unreadable ones, pieces and ventricular ones, by group."""
    fs = round(test.fs)
    labels = rhythm_of_samples(reference, n_samples)
    changes = [k for k in range(1, n_samples) if "" != labels[k - 1] != labels[k]]
    ventricular, unreadable = shown(test, n_samples)
    table = [[0] * len(MEASURES) for _ in GROUPS]
    piece: list[int] = []
    for begin in range(0, n_samples - fs + 1, fs):
        end = begin + fs
        label = labels[end - 1]
        if not label or any(begin < c + 2 * fs and end > c - 2 * fs for c in changes):
            piece = []
            continue
        row = table[GROUPS.index(GROUP_OF.get(label, "other"))]
        row[0] += 1
        row[1] += sum(ventricular[begin:end]) >= fs / 2
        row[2] += sum(unreadable[begin:end]) >= fs / 2
        piece += range(begin, end)
        if len(piece) == 4 * fs:
            row[4] += 1
            row[5] += sum(ventricular[k] for k in piece) >= 2 * fs
            piece = []
    return table
