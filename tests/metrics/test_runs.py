"""Rules of the run-by-run comparison, one test per rule. Beats are 0.5 s apart."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgscribe import metrics
from ecgscribe.errors import FormatError
from ecgscribe.metrics.comparison import Ratio
from ecgscribe.metrics.run_tracks import Kind, Run, tracks
from ecgscribe.metrics.runs import RunComparison, RunMatrices
from ecgscribe.record import Annotation
from support.made_rhythms import FS, annotation_of, drawn_annotations, joined, shifted, spaced
from support.slow_rhythm import slow_runs


def compared(reference: Annotation, test: Annotation, *, start: float = 0) -> RunComparison:
    return metrics.compare_runs(reference, test, start=start)


def lengths(annotation: Annotation, kind: Kind, *, start: int = 0) -> list[int]:
    return [run.length for run in tracks(annotation, mapping="ec57")[kind].runs(start)]


def sensitivity(reference: str | Annotation, test: str | Annotation) -> dict[str, int]:
    """Return the cells that are not zero, such as {"V2>1": 1}: a couplet, near it a single."""
    pair = [spaced(a) if isinstance(a, str) else a for a in (reference, test)]
    runs = compared(*pair)
    return {
        f"{letter}{row}>{column}": int(matrices.sensitivity[row, column])
        for letter, matrices in (("V", runs.ventricular), ("S", runs.supraventricular))
        for row, column in np.argwhere(matrices.sensitivity)
    }


# What a run is


@pytest.mark.parametrize(
    ("text", "v", "s"),
    [
        ("N V N V V N A A A N", [1, 2], [3]),
        ("V F E r V", [5], []),  # fusion and escape beats are ventricular
        ("A a J S n e j", [], [7]),
        ("V Q V / V f V ? V", [1, 1, 1, 1, 1], []),  # unclassifiable beats end a run
        ("V A V A", [1, 1], [1, 1]),
        ("V | V (VT V ~ V (N V", [5], []),  # neither does noise end a run nor a rhythm
        ("", [], []),
    ],
)
def test_consecutive_beats_of_one_kind_are_a_run(text: str, v: list[int], s: list[int]) -> None:
    assert lengths(spaced(text), "V") == v
    assert lengths(spaced(text), "S") == s


def test_mapping_decides_whether_escape_beats_are_supraventricular() -> None:
    beats = spaced("e j N j")
    runs = metrics.compare_runs(beats, beats, start=0, mapping="literature")
    assert not runs.supraventricular.sensitivity.any()
    assert compared(beats, beats).supraventricular.sensitivity[1:3].sum() == 2


def test_normal_beats_in_atrial_fibrillation_are_supraventricular() -> None:
    # From the onset 6, and one for each of two beats; V ends the run; three beats follow, then
    # one of the other rhythm, which does not count.
    assert lengths(spaced("N (AFIB N L V R N B (N N"), "S") == [8, 3]
    assert lengths(spaced("N (AFL N N V N (SVTA N"), "S") == [8, 1]
    assert lengths(spaced("(AFIB N Q N"), "S") == [7, 1]


def test_paced_beats_in_atrial_fibrillation_end_its_run() -> None:
    assert lengths(spaced("(AFIB / f / N V"), "S") == [6, 1]


def test_onset_of_fibrillation_is_a_long_run_without_a_beat_but_not_within_a_run() -> None:
    assert lengths(spaced("N (AFIB V N"), "S") == [6, 1]
    assert lengths(spaced("N A (AFIB N V"), "S") == [2]
    assert lengths(spaced("N V [ ] V N"), "V") == [2]


def test_change_from_fibrillation_to_flutter_is_no_new_onset() -> None:
    assert lengths(spaced("(AFIB N V (AFL V N V"), "S") == [7, 1]
    assert lengths(spaced("[ N (VFL N V"), "V") == [6, 1]


def test_ventricular_flutter_is_a_long_run_that_ventricular_beats_lengthen() -> None:
    assert lengths(spaced("N [ ] N V"), "V") == [6, 1]
    assert lengths(spaced("N [ ! ! ] V V N"), "V") == [8]
    assert lengths(spaced("N (VFL (N N"), "V") == [6]


def test_run_ends_at_the_end_of_its_fibrillation() -> None:
    [run] = tracks(spaced("N [ ! ] N"), mapping="ec57")["V"].runs(0)
    assert run == Run(first=150, last=250, length=6)
    [run] = tracks(spaced("N (AFIB N (N N"), mapping="ec57")["S"].runs(0)
    assert run == Run(first=150, last=250, length=7)


def test_lost_signal_ends_runs() -> None:
    assert lengths(spaced("V V ~lost V V V"), "V") == [2, 3]
    assert lengths(spaced("A ~lost A"), "S") == [1, 1]


def test_beats_before_the_start_belong_to_no_run() -> None:
    assert lengths(spaced("V V V V N"), "V", start=200) == [2]
    assert lengths(spaced("V V V V N"), "V", start=201) == [1]


def test_fibrillation_in_progress_at_the_start_is_a_long_run() -> None:
    assert lengths(spaced("(AFIB N N N V N"), "S", start=200) == [8, 1]
    assert lengths(spaced("[ ! ! ] N V"), "V", start=200) == [6, 1]
    assert lengths(spaced("(AFIB N N (N N"), "S", start=300) == []


# What is near a run


def test_longest_run_within_the_window_counts() -> None:
    assert sensitivity("N V V V V N", "N V V N V N") == {"V4>2": 1}
    assert sensitivity("N V V N N", "N N N N N") == {"V2>0": 1}
    # Beats beyond the window do not count, though their run goes on.
    assert sensitivity("N N V N N N", "N V V V V N") == {"V1>1": 1}


def test_window_reaches_from_before_the_first_to_after_the_last_beat() -> None:
    reference = annotation_of([(100, "V"), (150, "V"), (200, "N")])

    def test(first: int, last: int) -> dict[str, int]:
        return sensitivity(reference, annotation_of([(first, "V"), (last, "V"), (250, "N")]))

    assert test(85, 165) == {"V2>2": 1}  # 150 ms
    assert test(84, 165) == test(85, 166) == {"V2>1": 1}


def test_more_than_five_beats_are_one_class() -> None:
    nine = "N " + "V " * 9
    assert sensitivity(nine, nine) == {"V6>6": 1}


def test_fibrillation_that_reaches_into_the_window_is_a_long_run() -> None:
    assert sensitivity("N N V N", "N [ ! ]") == {"V1>6": 1}
    assert sensitivity("N N A N", "(AFIB N N N") == {"S1>6": 1}
    # Its onset, or its end, 150 ms from the beat; then 160 ms.
    beat = annotation_of([(300, "A"), (350, "N")])
    assert sensitivity(beat, annotation_of([(315, "(AFIB")])) == {"S1>6": 1}
    assert sensitivity(beat, annotation_of([(100, "(AFIB"), (285, "(N")])) == {"S1>6": 1}
    assert sensitivity(beat, annotation_of([(316, "(AFIB")])) == {"S1>0": 1}
    assert sensitivity(beat, annotation_of([(100, "(AFIB"), (284, "(N")])) == {"S1>0": 1}


def test_after_lost_signal_fibrillation_counts_by_its_beats() -> None:
    assert sensitivity("N N N A N", "(AFIB N ~lost N N") == {"S1>1": 1}
    assert sensitivity("N N N N N", "(AFIB N ~lost N N") == {}


def test_onset_of_the_other_fibrillation_ends_the_run_that_is_looked_for() -> None:
    beats = [(100 + 50 * k, "V") for k in range(4)]
    between = annotation_of([*beats[:3], (220, "(AFIB"), *beats[3:]])
    assert sensitivity(annotation_of(beats), between) == {"V4>3": 1}
    assert lengths(between, "V") == [4]  # but not its own
    other = annotation_of([(at, "A") for at, _ in beats[:2]] + [(160, "[")] + [(200, "A")])
    assert sensitivity(annotation_of([(at, "A") for at, _ in beats]), other) == {"S4>2": 1}
    # A change of rhythm within fibrillation is no onset.
    change = annotation_of([(50, "(AFIB"), *beats[:3], (220, "(AFL"), *beats[3:]])
    assert sensitivity(annotation_of(beats), change) == {"V4>4": 1}


def test_onset_that_another_beat_follows_at_once_finds_only_what_is_in_progress() -> None:
    onset = annotation_of([(300, "(AFIB"), (320, "V"), (400, "V")])
    found = {"S6>6": 1, "V2>0": 1}
    missed = {"S6>0": 1, "V2>0": 1}
    assert sensitivity(onset, annotation_of([(200, "(AFIB"), (400, "N")])) == found
    assert sensitivity(onset, annotation_of([(310, "(AFIB"), (400, "N")])) == missed


def test_window_that_begins_before_the_recording_finds_a_long_run() -> None:
    beat = annotation_of([(14, "V"), (100, "N")])
    assert sensitivity(beat, annotation_of([(100, "N")])) == {"V1>6": 1}
    beat = annotation_of([(15, "V"), (100, "N")])
    assert sensitivity(beat, annotation_of([(100, "N")])) == {"V1>0": 1}


def test_annotation_that_ends_early_misses_what_follows() -> None:
    assert sensitivity("N V V N V V V N", "N V V N") == {"V2>2": 1, "V3>0": 1}


# Counts


def matrices_of(cells: dict[tuple[int, int], int]) -> RunMatrices:
    matrix = np.zeros((7, 7), dtype=np.int64)
    for at, count in cells.items():
        matrix[at] = count
    return RunMatrices(matrix, matrix.T.copy())


def test_counts_are_those_of_the_standard() -> None:
    # A run is a hit if the other has one of its class or longer.
    matrices = matrices_of(
        {(1, 1): 9, (2, 0): 1, (2, 2): 2, (2, 6): 4, (3, 2): 8, (4, 3): 16, (6, 5): 32, (6, 6): 64}
    )
    assert matrices.counts == {
        "CTs": 6, "CFN": 1, "CTp": 6, "CFP": 1,
        "STs": 16, "SFN": 8, "STp": 16, "SFP": 8,
        "LTs": 64, "LFN": 32, "LTp": 64, "LFP": 32,
    }  # fmt: skip
    assert matrices.ratios == (
        Ratio(6, 7), Ratio(6, 7), Ratio(16, 24), Ratio(16, 24), Ratio(64, 96), Ratio(64, 96)
    )  # fmt: skip


def test_summary_adds_matrices_and_averages_over_records_with_a_value() -> None:
    one = compared(spaced("N V V N A A"), spaced("N V V N A N"))
    two = compared(spaced("N V V N V V N"), spaced("N V V N V N N"))
    summary = metrics.summarize_runs([one, two])
    assert summary.ventricular.ratios.couplet_se == (2, 3)
    assert summary.supraventricular.ratios.couplet_se == (0, 1)
    assert summary.ventricular_average["couplet_se"] == pytest.approx(0.75)  # of 1 and 1/2
    assert summary.supraventricular_average["couplet_se"] == 0
    assert math.isnan(summary.ventricular_average["long_se"])
    text = metrics.format_run_summary(summary)
    assert text.splitlines()[:6] == [
        "Runs of V",
        "Record       CTs   CFN   CTp   CFP   STs   SFN   STp   SFP   LTs   LFN   LTp   LFP"
        "  CSe  C+P  SSe  S+P  LSe  L+P",
        "made           1     0     1     0     0     0     0     0     0     0     0     0"
        "  100  100    -    -    -    -",
        "made           1     1     1     0     0     0     0     0     0     0     0     0"
        "   50  100    -    -    -    -",
        "Sum            2     1     2     0     0     0     0     0     0     0     0     0",
        "Gross" + " " * 77 + "   67  100    -    -    -    -",
    ]
    assert json.loads(json.dumps(summary.to_dict()))["average"]["ventricular"]["long_se"] is None


def test_summary_of_nothing_is_zero() -> None:
    summary = metrics.summarize_runs([])
    assert not summary.ventricular.sensitivity.any()
    assert math.isnan(summary.ventricular_average["couplet_se"])


def test_text_shows_both_kinds() -> None:
    runs = compared(spaced("N V V N A A A"), spaced("N V V N A A A"))
    assert metrics.format_runs(runs).splitlines() == [
        "V couplets    Se 100.00 % (1/1)  +P 100.00 % (1/1)",
        "V short runs  Se      - % (0/0)  +P      - % (0/0)",
        "V long runs   Se      - % (0/0)  +P      - % (0/0)",
        "S couplets    Se      - % (0/0)  +P      - % (0/0)",
        "S short runs  Se 100.00 % (1/1)  +P 100.00 % (1/1)",
        "S long runs   Se      - % (0/0)  +P      - % (0/0)",
    ]
    content = json.loads(json.dumps(runs.to_dict()))
    assert content["ventricular"]["sensitivity"][2][2] == 1
    assert content["supraventricular"]["short_se"] == {"hits": 1, "total": 1, "value": 1.0}
    assert content["ventricular"]["long_pp"]["value"] is None


def test_arguments_are_checked() -> None:
    beats = spaced("V V")
    with pytest.raises(FormatError, match=r"sampling frequency 100 Hz, found 50 Hz"):
        compared(beats, annotation_of([(1, "V")], fs=50.0))
    with pytest.raises(ValueError, match="expected a start"):
        compared(beats, beats, start=-1)
    with pytest.raises(ValueError, match="expected a window"):
        metrics.compare_runs(beats, beats, window=0)


# Properties


def tables(runs: RunComparison) -> list[list[list[int]]]:
    return [
        matrix.tolist()
        for kind in (runs.ventricular, runs.supraventricular)
        for matrix in (kind.sensitivity, kind.predictivity)
    ]


@given(drawn_annotations(), drawn_annotations(), st.integers(0, 300))
def test_comparison_equals_the_slow_one(one: Annotation, other: Annotation, start: int) -> None:
    runs = compared(one, other, start=start / FS)
    assert tables(runs) == [
        matrix
        for kind in ("V", "S")
        for matrix in slow_runs(one, other, kind=kind, start=start, margin=15)
    ]


@given(drawn_annotations(), drawn_annotations(), st.integers(0, 300))
def test_swap_of_reference_and_test_swaps_se_and_pp(
    one: Annotation, other: Annotation, start: int
) -> None:
    there, back = compared(one, other, start=start / FS), compared(other, one, start=start / FS)
    for kind in ("ventricular", "supraventricular"):
        a, b = getattr(there, kind), getattr(back, kind)
        assert (a.sensitivity == b.predictivity.T).all()
        assert (a.predictivity == b.sensitivity.T).all()
        assert a.ratios[::2] == b.ratios[1::2]
        assert a.ratios[1::2] == b.ratios[::2]


@given(drawn_annotations(first=15), drawn_annotations(first=15), st.integers(0, 10_000))
def test_shift_of_both_changes_nothing(one: Annotation, other: Annotation, by: int) -> None:
    # The first sample lies 150 ms after the start of the recording, see the rule above.
    assert tables(compared(shifted(one, by), shifted(other, by))) == tables(compared(one, other))


@given(*(drawn_annotations(first=15, size=20) for _ in range(4)))
def test_join_of_records_adds_their_counts(
    one: Annotation, other: Annotation, two: Annotation, another: Annotation
) -> None:
    # Between the records every rhythm and every run ends.
    end = annotation_of([(1000, "(N"), (1001, "]"), (1002, "N")])
    joint = compared(
        joined(joined(one, end), shifted(two, 1100)),
        joined(joined(other, end), shifted(another, 1100)),
    )
    apart = metrics.summarize_runs(
        [compared(joined(one, end), joined(other, end)), compared(two, another)]
    )
    for kind in ("ventricular", "supraventricular"):
        assert (getattr(joint, kind).sensitivity == getattr(apart, kind).sensitivity).all()
        assert (getattr(joint, kind).predictivity == getattr(apart, kind).predictivity).all()
