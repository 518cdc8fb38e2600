"""Tables as devices and programs export them: what is said above, beside and below the samples."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.counters import rises_evenly, unwrapped
from ecgscribe.formats.reading import read
from ecgscribe.formats.table_preamble import Preamble
from ecgscribe.formats.time_names import seconds_per_unit
from ecgscribe.formats.time_texts import parse_times
from ecgscribe.record import NO_DATE

FS = 250
N = 600
ECG = np.round(np.sin(np.arange(N) / 7) + 0.3 * np.sin(np.arange(N) / 3), 3)
SECONDS = np.arange(N) / FS
START = datetime(2026, 3, 14, 9, 26, 53)
OF_DAY = datetime.combine(NO_DATE, START.time())


def saved(folder: Path, heading: str, rows: Sequence[str], suffix: str = ".csv") -> Path:
    path = folder / f"r{suffix}"
    path.write_text(heading + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def timed(times: Sequence[str], separator: str = ",") -> list[str]:
    return [f"{t}{separator}{v:.3f}" for t, v in zip(times, ECG, strict=True)]


def check(path: Path, signal: Any = ECG, *, fs: float | None = None, **about: Any) -> None:
    record = read(path, fs=fs)
    np.testing.assert_allclose(record.signal[:, 0], signal, rtol=1e-6, atol=1e-6)
    assert record.fs == pytest.approx(FS)
    for name, value in about.items():
        assert getattr(record, name) == value, name


def plain() -> list[str]:
    return [f"{v:.3f}" for v in ECG]


def clocks(form: str) -> list[str]:
    return [(START + timedelta(seconds=t)).strftime(form) for t in SECONDS]


@pytest.mark.parametrize(
    ("rate", "date", "lead", "unit"),
    [
        ("Sample Rate,250 hertz", "Recorded Date", "Lead,Lead I", "Unit"),
        ("Messrate,250 Hertz", "Aufzeichnungsdatum", "Ableitung,Ableitung I", "Einheit"),
        ("Taux d'échantillonnage,250 hertz", "Date d'enregistrement", "Dérivation,Dérivation I",
         "Unité"),
        ("Frecuencia de muestreo,250 hercios", "Fecha de registro", "Derivación,Derivación I",
         "Unidad"),
        ("Frequenza di campionamento,250 hertz", "Data di registrazione",
         "Derivazione,Derivazione I", "Unità"),
        ("Samplefrequentie,250 hertz", "Registratiedatum", "Afleiding,Afleiding I", "Eenheid"),
        ("Målefrekvens,250 Hz", "Optaget", "Lead,I", "Unit"),
    ],
)  # fmt: skip
def test_the_export_of_a_watch_in_its_language(
    rate: str, date: str, lead: str, unit: str, tmp_path: Path
) -> None:
    heading = (
        f'Name,A B\nBorn,"4 Jan 1992"\n{date},2026-03-14 09:26:53 +0100\nSoftware Version,1.90\n'
        f"{rate}\n\n\n{lead}\n{unit},µV\n\n"
    )
    rows = [f'"{1000 * v:.3f}"'.replace(".", ",") for v in ECG]
    path = saved(tmp_path, heading, rows)
    check(path, 1000 * ECG, leads=("I",), units=("µV",), start=START)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Sample Interval: 4 ms", 250), ("Interval=\t0,004 s", 250), ("4 msec/sample", 250),
        ("250 samples/sec", 250), ("Sampling rate: 0.25 kHz", 250), ("SampleRate;250,0", 250),
        ("Sampling period: 4 ms", 250), ("dt=0.004 s", 250), ("Sampling interval (s): 0.004", 250),
        ("Sampling Interval,4,ms", 250), ("Sampling rate [1/s]: 250", 250), ("freq=250", 250),
        ("Samples per second: 250", 250), ("Output rate:\t250\tSamples/sec.", 250),
        ("Sample size: 16 bit\nSample rate: 250 Hz", 250),
        ("Sampling start: 2026-03-14 09:26:53\nSampling rate: 250", 250),
        ("Sampling date: 14.03.2026", None), ("Sample count,5000", None), ("Samples: 5000", None),
        ("PR interval: 160 ms", None), ("RR interval: 0.85 s", None), ("Sampling time: 20 s", None),
        ("Sample resolution: 12", None), ("Notch frequency: 50 Hz", None),
        ("Notch filter 50 Hz", None), ("Low pass: 40 Hz", None), ("Interval=\t0 s", None),
    ],
)  # fmt: skip
def test_ways_to_say_the_sampling_frequency(lines: str, expected: float | None) -> None:
    found = Preamble.of([lines]).fs
    assert found == expected if expected is None else found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Start: 14.03.2026 09:26:53", START), ("Recorded: 2026-03-14T09:26:53+01:00", START),
        ("Date: 03/14/2026\nTime: 9:26:53 AM", START), ("Date,14-Mar-2026\nTime,09:26:53", START),
        ("Time: 09:26:53", OF_DAY), ("Date: 03/04/2026\nTime: 09:26:53", OF_DAY),
        ("Date of birth: 1992-01-04 00:00:00\nSoftware 2020-01-01 01:01:01", None),
        ("End: 2026-03-14 09:26:53", None), ("Date: 31.02.2026", None), ("Time: 24:00:00", None),
        ('# {"AA": {"firmware version": 5, "date": "2026-3-14", "time": "9:26:53.0"}}', START),
        ("Time: 9:26:53 PM\nDate: 14/03/2026", START + timedelta(hours=12)),
    ],
)  # fmt: skip
def test_ways_to_say_the_start(lines: str, expected: datetime | None) -> None:
    assert Preamble.of(lines.split("\n")).start == expected


@pytest.mark.parametrize("statement", ["Units: mV", "Recording time: 09:26:53", "Lead = I"])
def test_the_last_line_above_a_column_is_no_name(statement: str, tmp_path: Path) -> None:
    path = saved(tmp_path, f"Sampling rate: 250 Hz\nChannel: II\n{statement}\n", plain(), ".txt")
    check(path, leads=("II",))


def test_the_text_of_labchart(tmp_path: Path) -> None:
    heading = (
        "Interval=\t0.004 s\nExcelDateTime=\t4.6095e+04\t2026-03-14 09:26:53.0\n"
        "ChannelTitle=\tECG\tPulse\nRange=\t10.000 mV\t5.000 V\nUnitName=\tmV\tV\n"
        "TopValue=\t10\t5\nBottomValue=\t-10\t-5\n"
    )
    rows = [f"{t:.3f}\t{v:.3f}\t0" for t, v in zip(SECONDS, ECG, strict=True)]
    rows[400] += "\t#* a comment"
    with pytest.warns(SignalWarning, match="left out: column 1"):
        check(
            saved(tmp_path, heading, rows, ".txt"),
            leads=("ECG", "Pulse"), units=("mV", "V"), start=START,
        )  # fmt: skip
    with pytest.raises(FormatError, match="one block of LabChart, found 2; export each"):
        read(saved(tmp_path, heading, [*rows, heading.rstrip(), *rows], ".txt"))


def test_a_comment_of_labchart_in_the_first_row(tmp_path: Path) -> None:
    rows = timed([f"{t:.3f}" for t in SECONDS], "\t")
    rows[0] += "\t#* start"
    with pytest.warns(SignalWarning, match="left out: column 1"):
        check(saved(tmp_path, "Interval=\t0.004 s\nChannelTitle=\tECG\n", rows, ".txt"))


@pytest.mark.parametrize(
    ("heading", "lead", "unit"),
    [
        ("Device,X\nLead Type,I\nTimestamp,ECG (mV)\n", "ECG (mV)", "mV"),
        ("X,X\nTimestamp,ECG LL-RA\nCAL,CAL\ns,mV\n", "ECG LL-RA", "mV"),
        ("time,ecg\n[s],[mV]\n", "ecg", "mV"), ("time,ecg\n(sec),(mV)\n", "ecg", "mV"),
    ],
)  # fmt: skip
def test_headings_of_several_rows(heading: str, lead: str, unit: str, tmp_path: Path) -> None:
    path = saved(tmp_path, heading, timed([f"{t:.3f}" for t in SECONDS]))
    check(path, leads=(lead,), units=(unit,))


@pytest.mark.parametrize("note", ["start", "N"])
@pytest.mark.parametrize("n_notes", [1, 5])
def test_notes_in_the_first_rows_lose_no_sample(n_notes: int, note: str, tmp_path: Path) -> None:
    notes = [note] * n_notes + [""] * (N - n_notes - 1) + [note]
    rows = [f"{row},{note}" for row, note in zip(timed([*map(str, SECONDS)]), notes, strict=True)]
    with pytest.warns(SignalWarning, match="text, not numbers, left out: note"):
        check(saved(tmp_path, "time,ecg,note\n", rows), leads=("ecg",), units=("NU",))


def test_a_column_of_events_without_any(tmp_path: Path) -> None:
    rows = [f"{row}," for row in timed([f"{t:.3f}" for t in SECONDS])]
    path = saved(tmp_path, '"Relative Time","ECG","Event"\n"sec","mV",""\n', rows)
    check(path, leads=("ECG", "Event"), units=("mV", "NU"))


def test_a_column_of_true_and_false_is_no_lead(tmp_path: Path) -> None:
    rows = [f"{row},{k > 9}" for k, row in enumerate(timed([f"{t:.3f}" for t in SECONDS]))]
    with pytest.warns(SignalWarning, match="not numbers, left out: contact"):
        check(saved(tmp_path, "time,value,contact\n", rows), leads=("value",))


def test_names_with_blanks_above_columns_of_fixed_width(tmp_path: Path) -> None:
    rows = [f"  0:{t:06.3f}   {v:.3f}   {v:.3f}" for t, v in zip(SECONDS, ECG, strict=True)]
    heading = "   Elapsed time     Lead II     V5\n   hh:mm:ss.mmm     (mV)     (mV)\n"
    check(saved(tmp_path, heading, rows, ".txt"), leads=("II", "V5"), units=("mV", "mV"))
    rows = [f"{t:.3f} {v:.3f}" for t, v in zip(SECONDS, ECG, strict=True)]
    for heading in ("t [s] ecg [mV]\n", "t ecg\n  mV\n"):
        units = read(saved(tmp_path, heading, rows, ".txt")).units
        assert units == ("mV",)


@pytest.mark.parametrize(
    ("heading", "separator"),
    [("SampleRate;250\nn;ecg\n", ";"), ("Sampling rate: 250 Hz\n", " "), ("", "|"), ("", " ")],
)
def test_what_separates_columns_and_decimals(heading: str, separator: str, tmp_path: Path) -> None:
    cells = [f"{v:.3f}".replace(".", ",") for v in ECG]
    rows = [f"{k}{separator}{v}" for k, v in enumerate(cells)]
    path = saved(tmp_path, heading, rows, ".txt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SignalWarning)  # that the count is left out
        check(path, fs=None if heading else FS)


def test_a_rate_above_a_single_name(tmp_path: Path) -> None:
    check(saved(tmp_path, "SampleRate;250\necg\n", plain()), leads=("ecg",))


def test_minutes_without_a_name(tmp_path: Path) -> None:
    path = saved(tmp_path, "", timed([f"{t / 60:.8f}" for t in SECONDS]))
    with pytest.warns(SignalWarning, match="left out: column 1"):
        check(path, fs=FS)


def test_a_year_that_is_none() -> None:
    assert parse_times(["0000 9"])[1] is None


def test_a_heading_without_the_number_of_the_row(tmp_path: Path) -> None:
    rows = [f'"{k + 1}",{row}' for k, row in enumerate(timed([f"{t:.3f}" for t in SECONDS]))]
    check(saved(tmp_path, '"time","ecg"\n', rows), leads=("ecg",))


def test_the_text_of_acqknowledge(tmp_path: Path) -> None:
    heading = "x.acq\n4 msec/sample\n1 channels\nECG100C\nmV\nmin,CH1,\n,600,\n"
    rows = [f"{t / 60:.9f},{v:.3f}," for t, v in zip(SECONDS, ECG, strict=True)]
    check(saved(tmp_path, heading, rows, ".txt"), leads=("CH1",), units=("mV",))
    heading = "# min,CH1\n,600\n"  # how many samples there are, below names in a comment
    check(saved(tmp_path, heading, [row.rstrip(",") for row in rows], ".txt"), leads=("CH1",))
    heading = "x.acq\n250 samples/sec\n1 channels\nECG100C\nmV\n\n"
    check(saved(tmp_path, heading, plain(), ".txt"), leads=("ECG100C",), units=("mV",))


@pytest.mark.parametrize(
    "heading", ["# time ecg\n", "# my data\n%time ecg\n", "# time ecg\n# s mV\n"]
)
def test_names_in_a_comment(heading: str, tmp_path: Path) -> None:
    check(saved(tmp_path, heading, timed([f"{t:.3f}" for t in SECONDS], " "), ".txt"),
          leads=("ecg",))  # fmt: skip


def test_a_comment_of_two_words_names_no_columns(tmp_path: Path) -> None:
    rows = timed([f"{t:.3f}" for t in SECONDS], " ")
    with pytest.warns(SignalWarning, match="left out: column 1"):
        check(saved(tmp_path, "# my data\n", rows, ".txt"), leads=("lead1",))


@pytest.mark.parametrize("comment", ["# Patient, A B", "# Level, 250", "# leads, 2"])
def test_a_comment_of_two_cells_names_no_columns(comment: str, tmp_path: Path) -> None:
    rows = timed([f"{t:.3f}" for t in SECONDS])
    with pytest.warns(SignalWarning, match="left out: column 1"):
        assert read(saved(tmp_path, f"{comment}\n", rows), fs=FS).leads == ("lead1",)


def test_samples_that_are_missing_at_the_end_stay(tmp_path: Path) -> None:
    path = saved(tmp_path, "ecg\n", [*plain(), "-", "-"])
    assert read(path, fs=FS).n_samples == N + 2
    path = saved(tmp_path, "I,II\n", [*[f"{v:.3f},{v:.3f}" for v in ECG], "nan,NaN", ","])
    assert read(path, fs=FS).n_samples == N + 2


def test_columns_that_open_with_a_number_sign(tmp_path: Path) -> None:
    check(saved(tmp_path, "#,ecg\n", timed([str(k) for k in range(N)])), fs=FS, leads=("ecg",))
    check(saved(tmp_path, "#time,#ecg\n", timed([f"{t:.3f}" for t in SECONDS])), leads=("ecg",))


@pytest.mark.parametrize("end", ["Mean,0.12\nSD,0.3", "Total samples: 5000", '"Events",12'])
@pytest.mark.parametrize("repeat", [1, 30])  # shorter and longer than what shows the layout
def test_statements_after_the_last_row_are_no_samples(
    end: str, repeat: int, tmp_path: Path
) -> None:
    rows = [f"{k / FS:.3f},{v:.3f}" for k, v in enumerate(np.tile(ECG, repeat))]
    path = saved(tmp_path, "time,ecg\n", [*rows[:-1], f"NaN,{ECG[-1]:.3f}", end])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SignalWarning)
        np.testing.assert_allclose(read(path, fs=FS).signal[:, 0], np.tile(ECG, repeat), atol=1e-6)


@pytest.mark.parametrize("end", ["END OF DATA", "# end", "\n\n\n", "\x1a", "\0" * 100_000])
def test_what_follows_the_last_row(end: str, tmp_path: Path) -> None:
    path = saved(tmp_path, "time,ecg\n", [*timed([f"{t:.3f}" for t in SECONDS]), end])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(path, leads=("ecg",))
    text = [str(each.message) for each in caught]
    assert len(text) == bool(end.strip("\n\x1a\0"))
    assert all(f"left out at the end: {end!r}" in each for each in text)


@pytest.mark.parametrize(
    ("heading", "per_second"),
    [
        ("'Elapsed time','ecg'\n'minutes','mV'\n", 1 / 60), ("time [h],ecg\n,mV\n", 1 / 3600),
        ("Hours,ecg\nhours,mV\n", 1 / 3600), ("'sample interval','ecg'\n'0.004 sec','mV'\n", FS),
    ],
)  # fmt: skip
def test_units_of_time(heading: str, per_second: float, tmp_path: Path) -> None:
    rows = timed([f"{t * per_second:.10g}" for t in SECONDS])
    check(saved(tmp_path, heading, rows), leads=("ecg",), units=("mV",))
    assert seconds_per_unit("x", "0 sec") is None


@pytest.mark.parametrize(
    ("heading", "form", "start"),
    [
        ("Date,Time,ecg\n", "%Y-%m-%d,%H:%M:%S.%f", START),
        ("Datum;Uhrzeit;ecg\n", "%d.%m.%Y;%H:%M:%S,%f", START),
        ("time,ecg\n", "%d.%m.%Y %H:%M:%S.%f", START),
        ("time,ecg\n", "%H:%M:%S.%f", OF_DAY),
        ("'Time','ecg'\n'hh:mm:ss.mmm','mV'\n", "'[%H:%M:%S.%f]'", OF_DAY),
        ("'Time','ecg'\n'hh:mm:ss.mmm dd/mm/yyyy','mV'\n", "'[%H:%M:%S.%f %d/%m/%Y]'", START),
        ("Day,Time,ecg\n", "%d %b %Y,%H:%M:%S.%f", START),
        ("Day,Time,ecg\n", "%d.%m.%Y,%d.%m.%Y %H:%M:%S.%f", START),
        ("time,ecg\n", "%m/%d/%Y %I:%M:%S.%f %p", START),
    ],
)  # fmt: skip
def test_dates_and_clocks_in_columns(
    heading: str, form: str, start: datetime, tmp_path: Path
) -> None:
    separator = ";" if ";" in heading else ","
    check(saved(tmp_path, heading, timed(clocks(form), separator)), leads=("ecg",), start=start)


def test_days_before_months() -> None:
    fourth = datetime(2026, 3, 4, 9, 26, 53)
    for text, day_first in (("04.03.2026 09:26:53", False), ("04/03/2026 09:26:53", True)):
        assert parse_times([text], day_first=day_first)[1] == fourth
    for text in ("2026-03-04 09:26:53", "2026/03/04 09:26:53,000", "2026-03-04T09:26:53Z"):
        assert parse_times([text], day_first=True)[1] == fourth
    assert parse_times(["09:26:53:500"])[1] == OF_DAY + timedelta(seconds=0.5)
    assert parse_times(["0:00.500"])[1] is None
    assert parse_times(["00:00:00.500"])[1] is None


def test_milliseconds_after_a_colon(tmp_path: Path) -> None:
    texts = [f"{text[:8]}:{text[9:12]}" for text in clocks("%H:%M:%S.%f")]
    check(saved(tmp_path, "time,ecg\n", timed(texts)), start=OF_DAY)


def test_the_finest_of_several_clocks_is_used(tmp_path: Path) -> None:
    path = saved(
        tmp_path, "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg\n",
        [
            f"{(START + timedelta(seconds=k // 60 * 60 / FS)).isoformat()};"
            f"{599616000000000000 + 4_000_000 * k};{'' if k < 2 else 4 * k};{v:.3f}"
            for k, v in enumerate(ECG)
        ],
    )  # fmt: skip
    check(path, leads=("ecg",), start=START)
    rows = [f"{k},{k / FS:.3f},{v:.3f}" for k, v in enumerate(ECG)]
    check(saved(tmp_path, ",time,ecg\n", rows), leads=("ecg",))


def test_a_last_column_without_values_keeps_the_others_in_place(tmp_path: Path) -> None:
    rows = [f"{t:.3f};{v:.3f};" for t, v in zip(SECONDS, ECG, strict=True)]
    assert read(saved(tmp_path, "time;ecg;hr\n", rows)).leads == ("ecg", "hr")
    check(saved(tmp_path, "time;ecg;\n", rows), leads=("ecg",))


def test_a_counter_that_wraps_shows_what_is_missing(tmp_path: Path) -> None:
    about = {"sensor": ["ECG"], "column": ["nSeq", "ECG"], "sampling rate": FS}
    keep = [k for k in range(N) if not 300 <= k < 305]
    rows = [f"{k % 16}\t{ECG[k]:.3f}\t" for k in keep]
    path = saved(tmp_path, f"# {json.dumps(about)}\n", rows, ".txt")
    with pytest.warns(SignalWarning, match="missing in 1 places by the times in 'nSeq'"):
        check(path, np.where(np.isin(np.arange(N), keep), ECG, np.nan), leads=("ECG",))
    assert unwrapped(np.array(keep) % 16).tolist() == keep
    assert len(unwrapped(ECG)) == len(unwrapped(np.arange(64) % 4)) == len(unwrapped(np.arange(9)))


def test_a_counter_that_falls_is_no_lead(tmp_path: Path) -> None:
    assert rises_evenly(np.arange(64)[::-1])
    path = saved(tmp_path, "countdown,ecg\n", timed([str(N - k) for k in range(N)]))
    check(path, fs=FS, leads=("ecg",))


def test_times_that_fit_no_unit_are_told(tmp_path: Path) -> None:
    path = saved(tmp_path, "timestamp,ecg\n", timed([str(40 * k) for k in range(N)]))
    with pytest.warns(SignalWarning, match="'timestamp' have no unit in which they fit"):
        check(path, fs=FS)


def test_commas_between_columns_and_within_numbers(tmp_path: Path) -> None:
    rows = timed([f"{t:.3f}" for t in SECONDS], " ")
    path = saved(tmp_path, "Zeit EKG\n", [row.replace(".", ",") for row in rows], ".txt")
    check(path, leads=("EKG",))
    whole = np.round(1000 * ECG) + 1_005_000
    check(saved(tmp_path, "ecg\n", [f'"{int(v):,}"' for v in whole]), whole, fs=FS)
    minus = [f"{v:.3f}".replace("-", "\N{MINUS SIGN}") for v in ECG]
    check(saved(tmp_path, "ecg\n", minus), fs=FS)


def test_names_of_leads_with_their_unit(tmp_path: Path) -> None:
    rows = [f"{t:.3f},{v:.3f},{v:.3f}" for t, v in zip(SECONDS, ECG, strict=True)]
    path = saved(tmp_path, "t [s],II [mV],V1_mV\n", rows)
    check(path, leads=("II", "V1"), units=("mV", "mV"))
    assert read(path, leads=["II [mV]"]).leads == read(path, leads=["ii"]).leads == ("II",)
