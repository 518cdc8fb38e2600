"""Sample-index arithmetic: each clever conversion against a slow, obvious one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecgscribe.signal.windows import (
    FS,
    STEPS_PER_FRAME,
    Clock,
    Grid,
    Span,
    ceil_div,
    class_targets,
    cut,
    frame_of,
    peak_targets,
    rate_ratio,
    samples_to_steps,
    steps_to_samples,
    stitch,
)

Floats = NDArray[np.float32]

few = settings(max_examples=50, deadline=None)


@st.composite
def grids(draw: st.DrawFn, *, every: int = 1) -> Grid:
    """Grids whose halo and core are multiples of `every`."""
    halo = every * draw(st.integers(0, 6))
    core = every * draw(st.integers(1, 12))
    return Grid(draw(st.integers(1, 300)), core + 2 * halo, halo)


def sequence_of(n: int, channels: int = 2) -> Floats:
    return np.arange(1, n * channels + 1, dtype=np.float32).reshape(n, channels)


# --- clocks and spans ---


@few
@given(
    fs=st.floats(100, 2000),
    sample=st.lists(st.integers(0, 2000 * 86_400), max_size=20),
)
def test_a_sample_survives_conversion_to_steps_and_back(fs: float, sample: list[int]) -> None:
    ratio = rate_ratio(fs)
    there = samples_to_steps(np.array(sample, dtype=np.int64), ratio)
    back = steps_to_samples(there, ratio, 2000 * 86_400 + 1)
    assert back.tolist() == sample


@few
@given(fs=st.floats(100, 2000), step=st.floats(0, 1e6))
def test_a_step_survives_within_half_a_sample(fs: float, step: float) -> None:
    ratio = rate_ratio(fs)
    sample = steps_to_samples(np.array([step]), ratio, 10**9)
    assert abs(step - samples_to_steps(sample, ratio)[0]) <= 0.5 * float(ratio) + 1e-6


@pytest.mark.parametrize("fs", [100, 125, 128, 200, 250, 256, 257, 300, 360, 500, 1000, 2000])
def test_the_ratio_of_a_usual_frequency_is_exact(fs: int) -> None:
    assert rate_ratio(float(fs)) == Fraction(FS, fs)


@few
@given(fs=st.floats(100, 2000))
def test_the_ratio_of_any_frequency_is_near_and_small_enough_to_resample_by(fs: float) -> None:
    ratio = rate_ratio(fs)
    # Next to p / q the next fraction of a denominator q' up to 2000 is 1 / (q q') away, q + q' over
    # 2000. The closest is off by half of that at most: nearly one part in 4000, where p is 1.
    assert abs(float(ratio) * fs / FS - 1) < 1 / 4000 + 1e-5
    assert max(ratio.numerator, ratio.denominator) <= 2560


@few
@given(fs=st.floats(100, 2000), step=st.integers(0, 10**7), n_samples=st.integers(0, 10**7))
def test_whole_samples_and_steps_are_converted_without_rounding_errors(
    fs: float, step: int, n_samples: int
) -> None:
    ratio = rate_ratio(fs)
    clock = Clock(ratio)
    sample = clock.sample_at(step)
    assert sample * ratio <= step < (sample + 1) * ratio
    assert clock.sample_at(np.array([step])).tolist() == [sample]
    assert (clock.n_steps(n_samples) - 1) * (1 / ratio) < max(n_samples, 1)
    assert clock.n_steps(n_samples) >= n_samples * ratio
    assert clock.step_at(n_samples) <= n_samples * ratio < clock.step_at(n_samples) + 1


@few
@given(fs=st.floats(100, 2000), begin=st.integers(0, 10**6), length=st.integers(0, 10**4))
def test_samples_of_steps_hold_them_and_begin_where_both_clocks_meet(
    fs: float, begin: int, length: int
) -> None:
    ratio = rate_ratio(fs)
    samples = Clock(ratio).samples_of(Span(begin, begin + length))
    assert (samples.begin * ratio).denominator == 1
    assert samples.begin * ratio <= begin
    assert samples.end * ratio >= begin + length


@few
@given(a=st.integers(-100, 100), b=st.integers(1, 20))
def test_a_quotient_is_rounded_up(a: int, b: int) -> None:
    assert ceil_div(a, b) == int(np.ceil(a / b))


def test_a_span_is_padded_clipped_and_cut_from_an_array() -> None:
    span = Span(10, 30)
    assert len(span) == 20
    assert span.padded(15) == Span(-5, 45)
    assert span.padded(15).clipped(0, 40) == Span(0, 40)
    assert np.arange(5, 100)[span.within(5)].tolist() == list(range(10, 30))


def test_positions_stay_within_the_record() -> None:
    ratio = rate_ratio(360.0)
    assert steps_to_samples(np.array([-3.0, 1e9]), ratio, 1000).tolist() == [0, 999]
    assert steps_to_samples(np.array([5.0]), ratio, 0).tolist() == [0]


@few
@given(step=st.floats(0, 500), n_frames=st.integers(1, 80))
def test_the_frame_of_a_step_is_the_one_whose_steps_hold_the_nearest(
    step: float, n_frames: int
) -> None:
    nearest = int(np.floor(step + 0.5))
    spans = [range(k * STEPS_PER_FRAME, (k + 1) * STEPS_PER_FRAME) for k in range(n_frames)]
    expected = next((k for k, span in enumerate(spans) if nearest in span), n_frames - 1)
    assert frame_of(np.array([step]), n_frames).tolist() == [expected]


# --- windows ---


@few
@given(grid=grids())
def test_a_window_is_cut_as_a_loop_cuts_it(grid: Grid) -> None:
    sequence = sequence_of(grid.n)
    windows = cut(sequence, grid, 0, len(grid.starts))
    assert windows.shape == (len(grid.starts), grid.length, 2)
    for window, start in zip(windows, grid.starts, strict=True):
        for k, row in enumerate(window):
            inside = 0 <= start + k < grid.n
            assert row.tolist() == (sequence[start + k].tolist() if inside else [0, 0])


@pytest.mark.parametrize("every", [1, 2, 8])
@few
@given(data=st.data())
def test_stitched_scores_that_repeat_the_signal_are_the_signal(
    every: int, data: st.DataObject
) -> None:
    grid = data.draw(grids(every=every))
    batch = data.draw(st.integers(1, 5))
    sequence = sequence_of(grid.n)
    whole = np.zeros((-(-grid.n // every), 2), dtype=np.float32)
    for first in range(0, len(grid.starts), batch):
        last = min(first + batch, len(grid.starts))
        stitch(cut(sequence, grid, first, last)[:, ::every], grid, first, whole, every=every)
    np.testing.assert_array_equal(whole, sequence[::every])


@few
@given(grid=grids(), seed=st.integers(0, 99))
def test_windows_predict_what_the_whole_sequence_predicts_if_the_halo_is_enough(
    grid: Grid, seed: int
) -> None:
    sequence = np.random.default_rng(seed).normal(size=(grid.n, 1)).astype(np.float32)
    kernel = np.arange(1.0, 2 * grid.halo + 2)  # reaches one halo to each side

    def predict(x: Floats) -> Floats:
        padded = np.pad(x[:, 0], grid.halo)
        return np.convolve(padded, kernel, mode="valid")[:, None].astype(np.float32)

    windows = cut(sequence, grid, 0, len(grid.starts))
    stitched = np.zeros_like(sequence)
    stitch(np.stack([predict(w) for w in windows]), grid, 0, stitched)
    np.testing.assert_allclose(stitched, predict(sequence), rtol=1e-4, atol=1e-4)


@few
@given(grid=grids())
def test_the_scores_of_every_position_come_from_one_window(grid: Grid) -> None:
    cores = [range(s + grid.halo, s + grid.halo + grid.core) for s in grid.starts]
    assert [sum(k in core for core in cores) for k in range(grid.n)] == [1] * grid.n


def test_the_grid_does_not_move_with_the_length() -> None:
    assert list(Grid(25, 20, 5).starts) == list(Grid(1000, 20, 5).starts)[:3]


def test_a_window_no_longer_than_its_halos_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than two halos, found length 8 with halo 4"):
        Grid(100, 8, 4)


# --- targets ---

beats = st.lists(st.floats(-5, 205), max_size=8).map(lambda x: np.array(sorted(x)))


@few
@given(step=beats, width=st.sampled_from([-0.05, -0.02, 0.016, 0.03]))
def test_peak_targets_are_those_of_a_loop_over_steps_and_beats(
    step: NDArray[np.float64], width: float
) -> None:
    expected = np.zeros(200)
    for k in range(200):
        for beat in step:
            distance = abs(k - beat) / FS
            if width > 0 and distance <= 3 * width:
                expected[k] = max(expected[k], np.exp(-0.5 * (distance / width) ** 2))
            elif distance <= -width:
                expected[k] = 1.0
    # Beyond three standard deviations a Gaussian may be cut off or not: exp(-4.5) is 0.011.
    np.testing.assert_allclose(peak_targets(step, 200, width=width), expected, atol=0.012)


@few
@given(
    position=st.lists(st.integers(-3, 53), max_size=6, unique=True).map(sorted),
    reach=st.integers(0, 4),
)
def test_a_position_has_the_class_of_the_nearest_beat_in_reach(
    position: list[int], reach: int
) -> None:
    index = np.arange(len(position), dtype=np.int8)
    target = class_targets(np.array(position, dtype=np.int64), index, 50, reach=reach)
    for k in range(50):
        distance = [abs(k - p) for p in position]
        nearest = min(distance, default=reach + 1)
        if nearest > reach:
            assert target[k] == -1
        else:
            assert distance[target[k]] == nearest
