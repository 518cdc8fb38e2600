"""What misleads: each finding is said first, with its time and its strip, and is not hidden."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.record import Annotation
from ecgscribe.report.build import report
from support.made_findings import Made, made_recording
from support.report_pages import ShownPage, only_in_page, with_probabilities


def content_of(made: Made, **settings: Any) -> dict[str, Any]:
    return report(made.record, made.annotation, **settings)


def texts(content: dict[str, Any]) -> list[str]:
    return [finding["text"] for finding in content["findings"]]


def strip_of(content: dict[str, Any], at: dict[str, Any]) -> dict[str, Any]:
    """Return the strip that a time leads to, and make sure that it shows that time."""
    strip: dict[str, Any] = content["strips"][at["strip"] - 1]
    assert any(row["begin_s"] <= at["seconds"] < row["end_s"] for row in strip["rows"])
    return strip


@pytest.mark.parametrize("gap_s", [8.9, 13.1, 21.0])
def test_quiet_time_without_beats_is_a_finding(gap_s: float) -> None:
    made = made_recording("N*20 gap N*20", gap_s=gap_s)
    content = content_of(made)
    assert texts(content)[0] == f"No beats for {gap_s:g} s: pause or lead off at"
    pauses = content["pauses"]
    assert (pauses["count"], pauses["gaps"], pauses["longest_s"]) == (0, 1, gap_s)
    (pause,) = pauses["all"]
    assert (pause["what"], pause["between"]) == ("no beats: pause or lead off", "N and N")
    assert strip_of(content, pause["at"])["title"] == "No beats: pause or lead off"
    (unreadable,) = content["readable"]["listed"]
    assert unreadable["note"] == "no beats: pause or lead off"


def test_no_beats_at_the_end_is_a_finding_too() -> None:
    made = made_recording("N*20 gap")
    (pause,) = content_of(made)["pauses"]["all"]
    assert pause["between"] == "N and the end"


def test_a_lead_that_is_off_is_a_finding_too() -> None:
    made = made_recording("N*20 gap N*20")
    ((begin, end),) = made.spans["gap"]
    made.record.signal[round((begin + 1) * 250) : round((end - 1) * 250)] = float("nan")
    assert content_of(made)["pauses"]["gaps"] == 1


def test_noise_is_no_gap_but_a_line_and_a_strip() -> None:
    content = content_of(made_recording("N*20 noise N*20"))
    assert content["pauses"]["all"] == []
    (unreadable,) = content["readable"]["listed"]
    assert unreadable["note"] == "may be noise, a standstill or flutter: look"
    assert strip_of(content, unreadable["at"])["title"] == "Unreadable"
    assert "may be noise, a standstill or flutter: look" in texts(content)[0]


def test_noise_in_atrial_fibrillation_may_hide_something_too() -> None:
    made = made_recording("N*9 AFIB noise N*9")
    at = np.flatnonzero(made.annotation.aux_note == "(N")[-1]
    marked = made.annotation.select(np.arange(len(made.annotation)) != at)
    (unreadable,) = report(made.record, marked)["readable"]["listed"]
    assert unreadable["note"] == "may be noise, a standstill or flutter: look"


def test_rates_say_which_beats_they_are_of() -> None:
    made = made_recording("N*20 V*9 N*20")
    content = content_of(made)
    rate = content["heart_rate"]
    assert content["findings"][-1]["text"] == (
        f"Mean heart rate {rate['mean']:.0f}/min over all beats (67 to 67); between normal beats, "
        f"lowest {rate['min']['rate']:.0f}, highest {rate['max']['rate']:.0f}/min."
    )


def test_pauses_lower_the_rate_of_all_beats_alone() -> None:
    content = content_of(made_recording("N*20 pause N*20"))
    rate = content["heart_rate"]
    assert (rate["min"]["rate"], rate["max"]["rate"]) == (67, 67)
    lowest = 60 * 8 / (7 * 0.9 + 2.6)
    assert rate["min_of_all"]["rate"] == pytest.approx(lowest, abs=0.5)
    assert f"over all beats ({lowest:.0f} to 67)" in content["findings"][-1]["text"]


def test_a_rate_that_is_not_between_normal_beats_is_given_once() -> None:
    rate = content_of(made_recording("N V*9 N V*9 N"))["heart_rate"]
    assert rate["extremes_are_normal"] is False
    assert rate["min_of_all"] is rate["max_of_all"] is None


def test_couplets_bigeminy_and_trigeminy_are_a_finding() -> None:
    made = made_recording("N*9 V V N*9 V V N*9 V N V N V N V N*9 V N N V N N V N*9 S S N*9")
    of_v, of_s = (text for text in texts(content_of(made)) if "couplet" in text)
    assert of_v == (
        "V: 2 couplets, 1 episode of bigeminy, 1 episode of trigeminy; the longest, 4 beats of V, "
        "begins at"
    )
    assert of_s == "S: 1 couplet; the longest, 2 beats of S, begins at"


def test_a_single_run_is_not_compared_with_others() -> None:
    content = content_of(made_recording("N*20 V*4 N*20"))
    assert texts(content)[0] == "1 run of V, 4 beats at 67/min, begins at"


def test_without_beats_nothing_is_called_absent(tmp_path: Path) -> None:
    made = made_recording("N*20")
    beats = made.annotation.select(made.annotation.symbol == "+")
    content = report(made.record, beats, out=tmp_path / "a.html")
    assert texts(content)[0].startswith("No readable beats: heart rate, ectopy and pauses cannot")
    text = " ".join(ShownPage((tmp_path / "a.html").read_text(encoding="utf-8")).text)
    for words in ("No beats of class", "No RR interval exceeds", "Nothing was found"):
        assert words not in text
    for name in ("Pauses", "Gaps without beats"):
        assert re.search(rf"{name}\s+\N{{EN DASH}}", text)


def test_beats_that_a_tachycardia_missed_do_not_lower_its_rate() -> None:
    made = made_recording("N*20 VT VT N*20")
    marked = made.annotation
    first = np.flatnonzero(marked.symbol == "V")[2:4]
    missed = marked.select(~np.isin(np.arange(len(marked)), first))
    (rhythm,) = report(made.record, missed)["rhythms"]["urgent"]
    assert [episode["rate_mean"] for episode in rhythm["episodes"]] == [150, 150]


def test_a_long_episode_is_given_in_minutes() -> None:
    content = content_of(made_recording("N*20 VFL N*20", flutter_s=80))
    assert "1 episode of 1 min 20 s, " in content["findings"][0]["text"]
    content = content_of(made_recording("N*20 VFL N*20 VFL N*9", flutter_s=80))
    assert texts(content)[0] == (
        "Ventricular flutter or fibrillation: 2 episodes, 0:02:40 (h:mm:ss) in all, 240/min; the "
        "longest, 1 min 20 s, begins at"
    )


def test_a_pause_may_be_limited_otherwise() -> None:
    made = made_recording("N*20 pause N*20")
    assert content_of(made)["pauses"]["count"] == 1
    content = content_of(made, pause_s=2.7)
    assert (content["pauses"]["count"], content["pauses"]["longer_than_s"]) == (0, 2.7)


def test_ventricular_flutter_is_the_first_line_with_its_rate_and_both_ends() -> None:
    made = made_recording("N*20 V*4 N*9 gap N*9 VFL N*20")
    content = content_of(made)
    first = content["findings"][0]
    assert first["text"].startswith("Ventricular flutter or fibrillation: 1 episode of 20 s")
    assert strip_of(content, first["at"])["title"].endswith("onset")
    (rhythm,) = content["rhythms"]["urgent"]
    assert rhythm["rate_mean"] == pytest.approx(240, abs=5)
    titles = [strip["title"] for strip in content["strips"]]
    assert "Ventricular flutter or fibrillation: end" in titles


def test_flutter_that_is_unreadable_is_named_in_its_line() -> None:
    made = made_recording("N*20 noise N*20")
    ((begin, end),) = made.spans["noise"]
    marked = made.annotation
    at = np.flatnonzero(marked.symbol == "~")
    both = Annotation(
        sample=np.insert(marked.sample, at, marked.sample[at]),
        symbol=np.insert(marked.symbol, at, "+"),
        fs=marked.fs,
        subtype=np.insert(marked.subtype, at, 0),
        aux_note=np.insert(marked.aux_note.astype("U8"), at, ["(VFL", "(N"]),
        n_samples=marked.n_samples,
    )
    content = report(made.record, both)
    (unreadable,) = content["readable"]["listed"]
    assert unreadable["note"] == "Ventricular flutter or fibrillation"
    assert unreadable["length_s"] < end - begin


def test_ventricular_tachycardia_has_its_rate() -> None:
    content = content_of(made_recording("N*20 VT N*20"))
    text = "Ventricular tachycardia: 1 episode of 2.5 s, 150/min, begins at"
    assert texts(content)[0] == text
    assert strip_of(content, content["findings"][0]["at"])["rate"] == 150


def test_fibrillation_is_counted_apart() -> None:
    made = made_recording("N*100 AFIB N*100")
    ((begin, end),) = made.spans["AFIB"]
    content = content_of(made)
    (rhythm,) = content["rhythms"]["urgent"]
    assert (rhythm["kind"], rhythm["count"]) == ("AFIB", 1)
    assert rhythm["percent"] == pytest.approx(100 * (end - begin) / made.record.duration, abs=0.1)
    assert rhythm["rate_min"] < rhythm["rate_mean"] < rhythm["rate_max"]
    beats = content["beats"]
    assert (beats["in_fibrillation"], beats["s_in_fibrillation"]) == (30, 10)
    assert beats["sve_percent"] == 0
    assert content["ectopy"]["S"]["isolated"]["count"] == 0
    sinus = content_of(made_recording("N*200"))["variability"]["time_domain"]
    assert content["variability"]["time_domain"]["sdnn_ms"] == sinus["sdnn_ms"]
    normal = [s for s in content["strips"] if s["title"].startswith("Normal beats")]
    for strip in normal:
        assert not begin - 7 < strip["at"]["seconds"] < end


def test_what_a_reference_names_is_shown() -> None:
    made = made_recording("N*20 AFIB N*20")
    made.annotation.aux_note[:] = [
        {"(AFIB": "(SVTA"}.get(note, note) for note in made.annotation.aux_note.tolist()
    ]
    content = content_of(made)
    names = [rhythm["name"] for rhythm in content["rhythms"]["other"]]
    assert names == ["No arrhythmia annotated", "Supraventricular tachyarrhythmia"]


def test_without_rhythms_the_report_says_that_none_were_looked_for(tmp_path: Path) -> None:
    made = made_recording("N*20")
    beats = made.annotation.select(made.annotation.symbol != "+")
    out = tmp_path / "a.html"
    assert report(made.record, beats, out=out)["rhythms"]["annotated"] is False
    assert "were not looked for" in " ".join(ShownPage(out.read_text()).text)


def test_every_link_of_a_page_leads_to_a_place_on_it(tmp_path: Path) -> None:
    made = made_recording("N*20 V*4 N*9 gap N*9 noise N*9 VFL N*9 AFIB N*20 pause N*9 S*3 N*9")
    out = tmp_path / "a.html"
    content = content_of(made, out=out)
    html = out.read_text(encoding="utf-8")
    shown = ShownPage(html)
    assert only_in_page(html, content) == set()
    assert {link.removeprefix("#") for link in shown.links} <= shown.ids
    for k in range(1, len(content["strips"]) + 1):
        assert f"strip-{k}" in shown.ids
    assert sum(link.startswith("#strip-") for link in shown.links) > 8
    assert (
        sum(f'<a href="#{name}">Back to' in html for name in ("pauses", "ectopy", "rhythms")) == 3
    )


def test_a_paced_recording_is_counted_and_its_classes_are_withheld(tmp_path: Path) -> None:
    made = made_recording("N*20 V*4 N*9 noise N*20")
    record = dataclasses.replace(made.record, paced=True)
    annotation = with_probabilities(made.annotation)
    n_beats = len(annotation.beats())
    content = report(record, annotation, out=tmp_path / "a.html")
    beats = content["beats"]
    assert (beats["counted"], beats["in_noise"]) == (n_beats, 0)
    assert {c["class"]: c["count"] for c in beats["classes"]}["Q"] == n_beats
    assert (beats["pvc_percent"], beats["sve_percent"]) == (None, None)
    assert content["readable"]["percent"] == 100
    withheld = [text for text in texts(content) if "withheld" in text]
    assert len(withheld) == 1
    html = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "No beats of class V" not in html
    shown = " ".join(ShownPage(html).text)
    assert "N: normal" not in shown
    assert "beats of V" not in shown
    assert "Not measured, as the classes" in shown
    # A reference knows the classes of paced recordings.
    reference = report(record, made.annotation)
    assert reference["beats"]["pvc_percent"] > 0


def test_what_is_doubtful_is_starred_and_counted_apart(tmp_path: Path) -> None:
    made = made_recording("N*20 V*5 N*20 V*3 N*20")
    annotation = with_probabilities(made.annotation)
    assert annotation.probability is not None
    long_run = np.flatnonzero(annotation.symbol == "V")[:5]
    annotation.probability[long_run, 2] = 0.6
    content = report(made.record, annotation, out=tmp_path / "a.html")
    runs = content["ectopy"]["V"]["runs"]
    assert (runs["count"], runs["doubtful"]) == (2, 1)
    assert (runs["longest"]["ectopic"], runs["longest"]["doubtful"]) == (3, False)
    assert texts(content)[0].startswith("2 runs of V, 1 of them doubtful")
    text = " ".join(ShownPage((tmp_path / "a.html").read_text(encoding="utf-8")).text)
    assert "2, of them 1 doubtful*" in text
    assert "* Doubtful: the model's mean probability" in text
    (strip,) = (s for s in content["strips"] if s["title"] == "Longest run of V")
    assert strip["at"]["seconds"] == pytest.approx(runs["longest"]["at"]["seconds"])
