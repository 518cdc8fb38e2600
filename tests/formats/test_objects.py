"""Recordings from objects of Python, without a file."""

from __future__ import annotations

import array
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import wfdb
from numpy.typing import NDArray

import ecgscribe
from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError, SignalWarning
from ecgscribe.formats.objects import as_record
from ecgscribe.record import LazyRecord, Record
from support import format_files
from support.format_files import FS, LEADS, MILLIVOLTS, START

ONE = MILLIVOLTS[:, 0]


def in_memory(recording: Any, **options: Any) -> Record:
    record = as_record(recording, **options)
    return record.record() if isinstance(record, LazyRecord) else record


@pytest.mark.parametrize(
    "samples",
    [
        ONE, ONE.tolist(), ONE.astype(object), MILLIVOLTS, MILLIVOLTS.T, MILLIVOLTS.tolist(),
        np.asfortranarray(MILLIVOLTS), MILLIVOLTS.astype(np.float16),
        MILLIVOLTS.view(np.matrix),
        array.array("d", ONE), memoryview(array.array("d", ONE)), deque(ONE.tolist()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("fs", [FS, np.float32(FS), np.int16(FS)])
def test_arrays(samples: Any, fs: Any) -> None:
    record = in_memory(samples, fs=fs)
    expected = MILLIVOLTS if np.ndim(samples) == 2 else MILLIVOLTS[:, :1]
    np.testing.assert_allclose(record.signal, expected, atol=2e-3)
    assert record.fs == FS
    assert record.leads == ("lead1", "lead2")[: expected.shape[1]]


def test_masked_samples_are_missing() -> None:
    masked = np.ma.array(ONE, mask=np.arange(len(ONE)) < 10)
    assert np.isnan(in_memory(masked, fs=FS).signal).sum() == 10


def test_leads_name_the_columns_of_an_array() -> None:
    record = in_memory(MILLIVOLTS, fs=FS, leads=["Lead II", "V1"], units="mV")
    assert (record.leads, record.units) == (("II", "V1"), ("mV", "mV"))
    assert in_memory(MILLIVOLTS, fs=FS, units=["mV", "uV"]).units == ("mV", "uV")


def test_tables_of_pandas() -> None:
    table = pd.DataFrame(MILLIVOLTS, columns=list(LEADS))
    assert in_memory(table, fs=FS).leads == LEADS
    assert in_memory(pd.DataFrame(MILLIVOLTS), fs=FS).leads == ("lead1", "lead2")
    assert in_memory(table["II"], fs=FS).leads == ("II",)
    timed = table.assign(time=np.arange(len(table)) / FS, note="x")
    with pytest.warns(SignalWarning, match="no numbers, left out: note"):
        record = in_memory(timed)
    assert (record.leads, record.fs) == (LEADS, FS)
    index = pd.date_range(START, periods=len(table), freq="4ms")
    for dated in (table.set_index(index), table["II"].set_axis(index)):
        record = in_memory(dated)
        assert (record.fs, record.start) == (FS, START)
    with pytest.raises(FormatError, match="expected 360 Hz as given, found 250 Hz by the times"):
        in_memory(table.set_index(index), fs=360)
    with pytest.raises(FormatError, match="an index of times that rise"):
        in_memory(table.set_index(index[::-1]), fs=FS)
    seconds = pd.Index(np.arange(len(table)) / FS, name="time")
    assert in_memory(table.set_index(seconds)).fs == FS


@pytest.mark.parametrize("dtype", ["Float64", "double[pyarrow]", "object"])
def test_missing_values_of_any_kind_of_column(dtype: Any) -> None:
    table = pd.DataFrame(MILLIVOLTS, columns=list(LEADS)).astype(dtype)
    table.iloc[10:20, 1] = None
    record = in_memory(table, fs=FS)
    assert np.flatnonzero(np.isnan(record.signal[:, 1])).tolist() == list(range(10, 20))
    np.testing.assert_allclose(record.signal[:, 0], ONE, atol=1e-6)


def test_a_table_without_numbers_is_refused() -> None:
    with pytest.raises(FormatError, match="a table with a column of samples, found note;"):
        as_record(pd.DataFrame({"note": ["x"] * 50}), fs=FS)


def without_a_second(values: NDArray[Any]) -> NDArray[Any]:
    return np.delete(values, slice(2 * FS, 3 * FS), axis=0)


@pytest.mark.parametrize("kind", ["table", "series", "column", "xarray"])
def test_times_show_where_samples_are_missing(kind: str) -> None:
    dates = pd.date_range(START, periods=len(ONE), freq="4ms")
    table = pd.DataFrame(MILLIVOLTS, columns=list(LEADS), index=dates)
    table = table.drop(dates[2 * FS : 3 * FS])
    recording = {
        "table": table,
        "series": table["V1"],
        "column": table.reset_index(drop=True).assign(
            time=without_a_second(np.arange(len(ONE)) / FS)
        ),
        "xarray": data_array(
            table.to_numpy(), {"time": table.index.to_numpy(), "lead": np.array(LEADS)}
        ),
    }[kind]
    with pytest.warns(SignalWarning, match="samples are missing in 1 places"):
        record = in_memory(recording)
    assert (record.n_samples, record.fs) == (len(ONE), FS)
    assert record.start == (None if kind == "column" else START)
    assert np.isnan(record.signal[2 * FS : 3 * FS]).all()
    np.testing.assert_allclose(
        without_a_second(record.signal[:, -1]), without_a_second(MILLIVOLTS[:, 1]), atol=1e-6
    )


def test_records_of_wfdb(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    for physical in (True, False):
        record = in_memory(wfdb.rdrecord(str(path.with_suffix("")), physical=physical))
        np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)
        assert (record.leads, record.fs, record.start, record.name) == (LEADS, FS, START, "r")
    for empty in (wfdb.rdheader(str(path.with_suffix(""))), wfdb.MultiRecord(segments=[], fs=FS)):
        with pytest.raises(FormatError, match=r"read it with wfdb\.rdrecord"):
            as_record(empty)


def test_a_record_of_wfdb_with_several_frequencies_is_not_averaged() -> None:
    record = wfdb.Record(
        record_name="r", fs=FS / 2, sig_name=["II", "RESP"], units=["mV", "NU"],
        samps_per_frame=[2, 1], e_p_signal=[ONE, ONE[::2]],
    )  # fmt: skip
    with pytest.warns(SignalWarning, match="of another sampling frequency, left out: RESP"):
        found = in_memory(record)
    np.testing.assert_allclose(found.signal[:, 0], ONE, atol=1e-6)
    assert (found.fs, found.leads, found.units) == (FS, ("II",), ("mV",))


class SimplePath:
    """A path that is no ``pathlib.Path``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


class Raw:
    """What is used of an ``mne.io.Raw``."""

    ch_names = ("EEG 1", *LEADS)
    info: ClassVar[dict[str, Any]] = {"sfreq": float(FS), "meas_date": START, "bads": []}
    first_time = 0.0

    def get_channel_types(self) -> list[str]:
        return ["eeg", "ecg", "ecg"]

    def get_data(self, picks: list[int]) -> NDArray[np.float64]:
        return np.stack([0 * ONE, *MILLIVOLTS.T])[picks] / 1000


def test_recordings_of_mne() -> None:
    record = in_memory(Raw())
    np.testing.assert_allclose(record.signal * 1000, MILLIVOLTS, atol=1e-6)
    assert (record.leads, record.units, record.start) == (LEADS, ("V", "V"), START)


def test_bad_channels_and_the_first_time_of_mne(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Raw, "first_time", 4.5)
    monkeypatch.setitem(Raw.info, "bads", [LEADS[0]])
    record = in_memory(Raw())
    assert (record.leads, record.start) == (LEADS[1:], START + timedelta(seconds=4.5))
    monkeypatch.setitem(Raw.info, "bads", list(LEADS))
    assert in_memory(Raw()).leads == LEADS


def data_array(values: NDArray[Any], coords: dict[str, NDArray[Any]]) -> Any:
    """What is used of a ``DataArray``, whose dimensions are those of its coordinates."""
    named = {name: SimpleNamespace(values=each) for name, each in coords.items()}
    return SimpleNamespace(values=values, dims=tuple(coords), coords=named)


def test_arrays_of_xarray() -> None:
    seconds, names = np.arange(len(ONE)) / FS, np.array(LEADS)
    for lead_array in (
        data_array(MILLIVOLTS, {"time": seconds, "lead": names}),
        data_array(MILLIVOLTS.T, {"lead": names, "time": seconds}),
    ):
        record = in_memory(lead_array)
        assert (record.leads, record.fs) == (LEADS, FS)
        np.testing.assert_allclose(record.signal, MILLIVOLTS, atol=1e-6)
    with pytest.raises(FormatError, match="expected a DataArray, found a Dataset of ecg, spo2;"):
        as_record(SimpleNamespace(data_vars={"ecg": 1, "spo2": 2}))


def test_paths_and_records(tmp_path: Path) -> None:
    path = format_files.edf(tmp_path)
    assert in_memory(str(path)).leads == LEADS
    assert in_memory(path, leads=["V1"]).leads == ("V1",)
    assert in_memory(SimplePath(path), leads="V1").leads == ("V1",)
    record = in_memory(path)
    assert as_record(record) is record
    with pytest.raises(FormatError, match="expected 360 Hz as given, found 250 Hz"):
        as_record(record, fs=360)


@pytest.mark.parametrize(
    ("recording", "fs", "match"),
    [
        (ONE, None, r"found none in the recording; give it \(fs=360\)"),
        (ONE, "360", "expected a sampling frequency above 0 Hz, found '360'"),
        (ONE, 0, "above 0 Hz, found 0"),
        (ONE, np.nan, "above 0 Hz, found nan"),
        (ONE + 1j, FS, "real numbers .* found complex128"),
        (np.zeros((10, 2, 2)), FS, r"of shape \(samples,\) or"),
        ([], FS, "real numbers"),
        ([[1, 2], [3]], FS, "leads of equal length"),
        (["a", "b"], FS, "samples that are numbers"),
        ({"a": 1}, FS, "expected a path, a Record, an array .* found dict"),
        (7, FS, "found int; pass one of those"),
        (b"100", FS, "found bytes; pass one of those"),
    ],
)
def test_what_is_no_recording_is_refused(recording: Any, fs: Any, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        as_record(recording, fs=fs)
    for units in (["mV"], 5):
        with pytest.raises(FormatError, match="expected a unit for each of 2 leads, found 1"):
            as_record(MILLIVOLTS, fs=FS, units=units)  # type: ignore[arg-type]


def test_annotate_gives_the_same_for_every_kind_of_recording(tmp_path: Path) -> None:
    record, _ = synthesize(duration=20, seed=3)
    expected = ecgscribe.annotate(record)
    assert len(expected.beats()) > 10
    table = pd.DataFrame(record.signal, columns=list(record.leads))
    np.save(tmp_path / "a.npy", record.signal)
    names = list(record.leads)
    for found in (
        ecgscribe.annotate(record.signal, record.fs),
        ecgscribe.annotate(record.signal.T, fs=record.fs, leads=["II", "V1"]),
        ecgscribe.annotate(table, fs=record.fs),
        ecgscribe.annotate(tmp_path / "a.npy", fs=record.fs, leads=names),
        ecgscribe.annotate(record, leads=(0, 1)),
        ecgscribe.annotate(table.rename(columns={"ECG1": 1, "ECG2": 2}), fs=record.fs),
    ):
        np.testing.assert_array_equal(found.sample, expected.sample)
        np.testing.assert_array_equal(found.symbol, expected.symbol)
    first = ecgscribe.annotate(record, leads=names[0])
    assert first == ecgscribe.annotate(record, leads=0)


def test_short_descriptions_hold_no_comments_and_no_dates() -> None:
    record = Record(
        MILLIVOLTS.astype(np.float32), FS, LEADS, name="r", comments=("Jane Doe",),
        start=datetime(1931, 2, 1),
    )  # fmt: skip
    assert repr(record) == "<Record 'r': 4.0 s of II, V1 at 250 Hz>"
    assert repr(record.lazy()) == "<LazyRecord 'r': 4.0 s of II, V1 at 250 Hz>"


def test_annotations_are_sliced_and_counted() -> None:
    annotation = ecgscribe.Annotation(
        np.array([10, 20, 30, 40]), np.array(["N", "V", "~", "N"]), fs=10.0, name="r"
    )
    assert repr(annotation) == "<Annotation 'r': 4 annotations, beats: N 2, V 1>"
    assert annotation.counts() == {"N": 2, "S": 0, "V": 1, "F": 0, "Q": 0}
    assert annotation.time.tolist() == [1, 2, 3, 4]
    assert annotation[1:3].symbol.tolist() == ["V", "~"]
    assert annotation[annotation.symbol == "N"].sample.tolist() == [10, 40]


def test_a_column_of_times_in_an_array_is_no_lead() -> None:
    signal = np.stack([np.arange(len(ONE)) / FS, ONE], axis=1)
    for array_of in (signal, signal.T):
        with pytest.warns(SignalWarning, match="like a time or a counter, left out: column 1"):
            record = in_memory(array_of)
        assert record.fs == FS
        np.testing.assert_allclose(record.signal, ONE[:, None], atol=1e-6)


def test_tables_of_other_packages_keep_their_names_and_times() -> None:
    frame = pd.DataFrame({"time": np.arange(len(ONE)) / FS, "II": ONE})
    for table in (pa.Table.from_pandas(frame), pa.RecordBatch.from_pandas(frame)):
        record = in_memory(table)
        assert (record.leads, record.fs) == (("II",), FS)

    def lacks() -> None:
        raise ModuleNotFoundError("pyarrow is required")

    with pytest.raises(FormatError, match="converts a SimpleNamespace to pandas, found none"):
        as_record(SimpleNamespace(to_pandas=lacks))


def test_rows_that_were_dropped_are_missing() -> None:
    frame = pd.DataFrame({"II": ONE}).drop(range(100, 150))
    for table in (frame, frame["II"]):
        with pytest.warns(SignalWarning, match="missing in 1 places by the times in 'its index'"):
            record = in_memory(table, fs=FS)
        assert np.flatnonzero(np.isnan(record.signal[:, 0])).tolist() == list(range(100, 150))
    assert in_memory(frame[::2][60:], fs=FS).n_samples == len(frame[::2][60:])


def test_units_by_name_and_in_names() -> None:
    frame = pd.DataFrame({"II [mV]": ONE, "V1_uV": ONE, "x": ONE})
    assert as_record(frame, fs=FS).units == ("mV", "uV", "NU")
    by_name = as_record(MILLIVOLTS, fs=FS, leads=["II", "V1"], units={"v1": "uV"})
    assert by_name.units == ("NU", "uV")
    with pytest.raises(FormatError, match="expected units of lead1, lead2, found one of v9"):
        as_record(MILLIVOLTS, fs=FS, units={"V9": "uV"})


def test_names_and_numbers_of_leads_may_be_mixed(tmp_path: Path) -> None:
    path = format_files.wfdb_record(tmp_path)
    assert len(as_record(path, leads=[0, LEADS[1]]).leads) == 2


def test_a_url_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="found a URL; download it first"):
        as_record("https://example.org/100.csv")


def test_leads_are_named_by_any_iterable_and_by_nothing_else() -> None:
    names: Any = iter(["a", "b"])
    assert as_record(MILLIVOLTS, fs=FS, leads=names).leads == ("a", "b")
    others: list[Any] = [5.0, b"ab"]
    for leads in others:
        with pytest.raises(FormatError, match="expected leads as names or numbers, found"):
            as_record(MILLIVOLTS, fs=FS, leads=leads)


def test_a_table_with_more_columns_than_rows_is_not_turned() -> None:
    record = as_record(pd.DataFrame([[1.0, 2.0]], columns=["II", "V1"]), fs=FS)
    assert (record.n_samples, record.leads) == (1, ("II", "V1"))


def test_a_wfdb_record_without_a_frequency_is_given_one() -> None:
    record = wfdb.Record(
        record_name="r", sig_name=["a", "b"], units=["mV"] * 2, p_signal=MILLIVOLTS
    )
    with pytest.raises(FormatError, match="expected a sampling frequency, found none"):
        as_record(record)
    assert as_record(record, fs=FS).fs == FS


def test_absurdly_large_samples_are_missing() -> None:
    signal = MILLIVOLTS.astype(np.float64)
    signal[3:6, 0] = 1e31, -1e38, 1e300
    record = in_memory(signal, fs=FS)
    assert np.flatnonzero(np.isnan(record.signal[:, 0])).tolist() == [3, 4, 5]


def test_an_array_that_cannot_be_copied_says_why() -> None:
    class OnAGraph:
        def __array__(self, *_: object, **__: object) -> NDArray[Any]:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use detach()")

    with pytest.raises(FormatError, match=r"requires grad. Use detach\(\)\); convert them first"):
        as_record(OnAGraph(), fs=FS)


def test_progress_that_is_no_function_is_refused() -> None:
    odd: Any = "yes"
    with pytest.raises(FormatError, match="expected progress as True, False or a function"):
        ecgscribe.annotate(MILLIVOLTS, FS, progress=odd)


def test_what_is_no_annotation_is_not_written(tmp_path: Path) -> None:
    odd: Any = MILLIVOLTS
    with pytest.raises(FormatError, match="expected an Annotation to write, found ndarray"):
        ecgscribe.write(odd, tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_what_takes_a_record_alone_says_how_to_make_one() -> None:
    odd: Any = MILLIVOLTS
    for call in (
        lambda: ecgscribe.explain(odd, at=1),
        lambda: ecgscribe.plots.strip(odd),
        lambda: ecgscribe.plots.strip_rows(odd),
        lambda: ecgscribe.report.report(odd),
    ):
        with pytest.raises(FormatError, match="expected a Record, found ndarray; make one"):
            call()


def test_columns_of_dates_are_times() -> None:
    dates = pd.Series(pd.date_range(START, periods=len(ONE), freq="4ms"))
    for column, start in (
        (dates, START), (dates - dates[0], None), (dates.astype(str), START),
        (dates.dt.strftime("%d.%m.%Y %H:%M:%S.%f"), START),
    ):  # fmt: skip
        record = in_memory(pd.DataFrame({"when": column, "II": ONE}))
        np.testing.assert_allclose(record.signal[:, 0], ONE, atol=1e-6)
        assert (record.fs, record.start, record.leads) == (FS, start, ("II",))


def test_an_index_of_periods() -> None:
    index = pd.period_range(START, periods=len(ONE), freq="4ms")
    record = in_memory(pd.Series(ONE, index=index))
    assert (record.fs, record.start) == (FS, START)


def test_a_record_of_wfdb_without_a_date_keeps_its_time() -> None:
    record = wfdb.Record(
        record_name="r", n_sig=1, fs=FS, sig_name=["II"], units=["mV"], p_signal=ONE[:, None],
        base_time=START.time(),
    )  # fmt: skip
    assert in_memory(record).start == datetime.combine(datetime.min.date(), START.time())
    record.base_date = START.date()
    assert in_memory(record).start == START


def test_units_of_a_coordinate_of_xarray() -> None:
    array = data_array(ONE, {"time": 4.0 * np.arange(len(ONE))})
    array.coords["time"].attrs = {"units": "ms"}
    assert in_memory(array).fs == FS


def test_a_truth_value_is_no_frequency() -> None:
    with pytest.raises(FormatError, match="frequency above 0 Hz, found True"):
        in_memory(ONE, fs=True)
