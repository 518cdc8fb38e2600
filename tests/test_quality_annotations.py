"""Quality annotations: what is encoded is decoded, and spans are those of a look at each sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgscribe.quality_annotations import (
    ALL_READABLE,
    NONE_READABLE,
    QualityBits,
    decode_subtype,
    encode_note,
    encode_subtype,
    excerpt,
    readable_seconds,
    spans,
    unreadable_spans,
)
from ecgscribe.record import Annotation

FS = 100.0


def quality(*changes: tuple[int, int], n_beats: int = 0) -> Annotation:
    """A ``~`` with this subtype at each sample, and beats every 10 samples."""
    rows = [(sample, "~", subtype) for sample, subtype in changes]
    rows += [(10 * k, "N", 0) for k in range(n_beats)]
    rows.sort(key=lambda row: row[0])
    sample, symbol, subtype = zip(*rows, strict=True) if rows else ((), (), ())
    return Annotation(
        np.array(sample, dtype=np.int64),
        np.array(symbol, dtype=np.str_),
        FS,
        subtype=np.array(subtype, dtype=np.int64),
    )


def test_the_bits_are_those_of_the_mit_bih_database() -> None:
    assert [int(bit) for bit in QualityBits] == [0x01, 0x02, 0x10, 0x20]


@settings(deadline=None)
@given(lost=arrays(bool, st.tuples(st.integers(0, 20), st.just(2))), data=st.data())
def test_what_is_encoded_is_decoded(lost: np.ndarray, data: st.DataObject) -> None:
    noisy = data.draw(arrays(bool, len(lost)))
    state = decode_subtype(encode_subtype(lost, noisy=noisy))
    np.testing.assert_array_equal(state.lost, lost)
    np.testing.assert_array_equal(state.noisy, noisy[:, None] & ~lost)
    np.testing.assert_array_equal(state.all_lost, lost.all(axis=1))
    np.testing.assert_array_equal(state.unreadable, lost.all(axis=1) | noisy)


@pytest.mark.parametrize(
    ("lost", "noisy", "subtype", "note"),
    [
        ([False, False], False, ALL_READABLE, "readable"),
        ([True, True], False, NONE_READABLE, "unreadable"),
        ([True, True], True, NONE_READABLE, "unreadable"),
        ([True, False], False, 0x10, "II unreadable"),
        ([False, True], False, 0x20, "V1 unreadable"),
        ([False, False], True, 0x03, "noise"),
        ([True, False], True, 0x12, "II unreadable, noise"),
        ([False, True], True, 0x21, "V1 unreadable, noise"),
        # Of a single lead, the bits of both are written.
        ([False], False, ALL_READABLE, "readable"),
        ([True], False, NONE_READABLE, "unreadable"),
        ([False], True, 0x03, "noise"),
    ],
)
def test_states_of_leads_have_a_subtype_and_a_note(
    lost: list[bool], noisy: bool, subtype: int, note: str
) -> None:
    encoded = encode_subtype(np.array([lost]), noisy=np.array([noisy]))
    assert encoded.tolist() == [subtype]
    assert encode_note(subtype, ["II", "V1"][: len(lost)]) == note


@pytest.mark.parametrize(
    ("subtype", "all_lost", "unreadable"),
    [(0, False, False), (-1, True, True), (0x30, True, True), (0x33, True, True),
     (0x03, False, True), (0x12, False, True), (0x21, False, True), (0x10, False, False),
     (0x11, False, False), (0x02, False, False), (0xC0, False, False)],
)  # fmt: skip
def test_a_recording_is_unreadable_where_every_lead_is_lost_or_noisy(
    subtype: int, all_lost: bool, unreadable: bool
) -> None:
    state = decode_subtype(np.array([subtype]))
    assert state.all_lost.tolist() == [all_lost]
    assert state.unreadable.tolist() == [unreadable]


def test_a_span_ends_at_the_next_annotation_of_quality_or_at_the_end() -> None:
    found = spans(quality((15, 0x10), (30, 0), (40, 0x01), (50, -1), n_beats=5), 60)
    assert found.begin.tolist() == [15, 30, 40, 50]
    assert found.end.tolist() == [30, 40, 50, 60]
    assert found.state.lost.tolist() == [[1, 0], [0, 0], [0, 0], [1, 1]]
    assert found.state.noisy.tolist() == [[0, 0], [0, 0], [1, 0], [0, 0]]


def test_a_lost_lead_is_not_noisy_as_well() -> None:
    found = spans(quality((10, 0x01), (20, -1), (30, 0x12)), 40)
    assert found.state.lost.tolist() == [[0, 0], [1, 1], [1, 0]]
    assert found.state.noisy.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_unreadable_spans_that_touch_are_one() -> None:
    changes = quality((10, -1), (20, 0x12), (25, 0x10), (25, 0x03), (30, 0), (40, 3), (50, 3))
    assert unreadable_spans(changes, 60).tolist() == [[10, 30], [40, 60]]
    assert readable_seconds(changes, 60) == pytest.approx(0.2)
    assert unreadable_spans(quality(), 60).tolist() == []


def test_an_excerpt_starts_with_the_quality_that_holds_there() -> None:
    whole = quality((15, 0x10), (45, 0), n_beats=7)
    part = excerpt(whole, 30, 60)
    assert part.sample.tolist() == [0, 0, 10, 15, 20]
    assert part.symbol.tolist() == ["~", "N", "N", "~", "N"]
    assert part.subtype.tolist() == [0x10, 0, 0, 0, 0]
    untouched = excerpt(whole, 0, 15)
    assert untouched.symbol.tolist() == ["N", "N"]
