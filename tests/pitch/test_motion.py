"""Paths and speeds from noisy places: exact where the truth is simple, calm where someone stands, honest about gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.pitch.motion import TOP_SPEED, smooth_path

RATE = 25.0
WALK = st.tuples(st.floats(-7, 7), st.floats(-7, 7))


def line(frames: np.ndarray, velocity: tuple[float, float], start: tuple[float, float] = (3.0, -8.0)) -> np.ndarray:
    return np.array(start) + frames[:, None] / RATE * np.array(velocity)


def noisy(truth: np.ndarray, white: float, slow: float, seed: int) -> np.ndarray:
    """Places as boxes give them: jitter, and errors that stay for a third of a second."""
    rng = np.random.default_rng(seed)
    keep = np.exp(-1 / (RATE * 0.3))
    drift = np.zeros(2)
    found = truth + white * rng.normal(size=truth.shape)
    for row in found:
        drift = keep * drift + np.sqrt(1 - keep**2) * rng.normal(size=2)
        row += slow * drift
    return found


@given(velocity=WALK, error=st.floats(0.05, 1.0), holes=st.sets(st.integers(1, 78), max_size=20))
@settings(max_examples=40, deadline=None)
def test_constant_speed_is_exact(velocity: tuple[float, float], error: float, holes: set[int]) -> None:
    frames = np.array([f for f in range(80) if f not in holes])
    path = smooth_path(frames, line(frames, velocity), np.full(len(frames), error), RATE)
    assert path.frame.tolist() == list(range(80))
    assert np.flatnonzero(~path.seen).tolist() == sorted(holes)
    np.testing.assert_allclose(path.xy, line(np.arange(80), velocity), atol=1e-5)
    np.testing.assert_allclose(path.velocity, np.tile(velocity, (80, 1)), atol=1e-4)


@given(seed=st.integers(0, 1000), white=st.floats(0.02, 0.3), slow=st.floats(0.0, 0.2))
@settings(max_examples=25, deadline=None)
def test_who_stands_still_runs_nowhere(seed: int, white: float, slow: float) -> None:
    truth = np.tile([20.0, -10.0], (750, 1))
    error = np.full(750, np.sqrt(2) * np.hypot(white, slow))
    path = smooth_path(np.arange(750), noisy(truth, white, slow, seed), error, RATE)
    raw = np.hypot(*np.diff(noisy(truth, white, slow, seed), axis=0).T).sum() / 30
    assert path.speed.mean() < 0.3 < max(raw, 0.31)


@given(seed=st.integers(0, 1000), white=st.floats(0.05, 0.2), slow=st.floats(0.02, 0.1))
@settings(max_examples=15, deadline=None)
def test_who_stands_between_two_walks_stands(seed: int, white: float, slow: float) -> None:
    speed = np.repeat([1.5, 0.0, 1.2], 200)
    truth = np.column_stack([np.cumsum(speed) / RATE, np.zeros(600)])
    error = np.full(600, np.sqrt(2) * np.hypot(white, slow) * 1.5)  # as much more as cameras tell
    path = smooth_path(np.arange(600), noisy(truth, white, slow, seed), error, RATE)
    assert path.speed[230:370].mean() < 0.12
    walked = [path.speed[rows].sum() / speed[rows].sum() for rows in (slice(0, 200), slice(400, 600))]
    assert 0.93 < np.mean(walked) < 1.15


@pytest.mark.parametrize("walk", [0.35, 0.5, 0.8])
def test_a_slow_walk_keeps_its_length(walk: float) -> None:
    truth = line(np.arange(750), (walk, 0.0))
    lengths = [
        smooth_path(np.arange(750), noisy(truth, 0.12, 0.08, seed), np.full(750, 0.3), RATE).speed.sum() / RATE
        for seed in range(12)
    ]
    assert abs(np.mean(lengths) / (30 * walk) - 1) < 0.08


def test_a_sprint_keeps_its_length_and_its_top() -> None:
    times = np.arange(250) / RATE
    speed = np.clip(np.minimum(4 * (times - 2), 8.0), 0, 8) * (times < 6) + np.clip(8 - 4 * (times - 6), 0, 8) * (
        times >= 6
    )
    truth = np.column_stack([np.cumsum(speed) / RATE, np.zeros(250)])
    path = smooth_path(np.arange(250), noisy(truth, 0.12, 0.1, 4), np.full(250, 0.25), RATE)
    assert abs(path.speed.sum() / RATE / (speed.sum() / RATE) - 1) < 0.03
    assert abs(path.speed.max() - 8) < 0.6


def test_one_wild_place_changes_nothing() -> None:
    frames = np.arange(100)
    places = line(frames, (3.0, 1.0))
    places[50] += (15.0, -4.0)
    path = smooth_path(frames, places, np.full(100, 0.2), RATE)
    np.testing.assert_allclose(path.speed, np.hypot(3, 1), atol=0.02)
    assert not path.seen[50]


def test_a_jump_to_another_person_breaks_the_path() -> None:
    frames = np.arange(100)
    places = np.where(frames[:, None] < 50, line(frames, (2.0, 0.0)), line(frames, (2.0, 0.0), (3.0, 12.0)))
    path = smooth_path(frames, places, np.full(100, 0.2), RATE)
    assert np.unique(path.run).tolist() == [0, 1]
    assert np.nanmax(path.speed) < 3


@pytest.mark.parametrize(("gap", "runs"), [(20, 1), (30, 2)])
def test_short_gaps_are_bridged_and_long_ones_are_not(gap: int, runs: int) -> None:
    frames = np.array([f for f in range(150) if not 60 <= f < 60 + gap])
    path = smooth_path(frames, line(frames, (4.0, 0.0)), np.full(len(frames), 0.2), RATE)
    assert len(np.unique(path.run)) == runs
    assert len(path) == 150 - (gap if runs == 2 else 0)
    assert path.seen.sum() == 150 - gap


def test_refused_frames_are_gaps() -> None:
    frames = np.arange(100)
    places, errors = line(frames, (4.0, 0.0)), np.full(100, 0.2)
    places[40:50], errors[40:50] = np.nan, np.nan
    path = smooth_path(frames, places, errors, RATE)
    assert np.flatnonzero(~path.seen).tolist() == list(range(40, 50))
    np.testing.assert_allclose(path.speed, 4.0, atol=1e-4)


def test_every_second_frame_gives_the_same_speed() -> None:
    frames = np.arange(1, 200, 2)
    path = smooth_path(frames, line(frames, (5.0, 0.0)), np.full(100, 0.2), RATE, every=2)
    assert path.frame.tolist() == frames.tolist()
    np.testing.assert_allclose(path.speed, 5.0, atol=1e-4)


def test_nobody_is_faster_than_the_fastest() -> None:
    rng = np.random.default_rng(1)
    places = np.cumsum(rng.normal(0, 0.6, (300, 2)), axis=0)
    path = smooth_path(np.arange(300), places, np.full(300, 0.3), RATE)
    assert not (path.speed > TOP_SPEED).any()


@given(data=st.data(), count=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_anything_finite_or_not_gives_a_path(data: st.DataObject, count: int) -> None:
    frames = np.cumsum(data.draw(st.lists(st.integers(1, 40), min_size=count, max_size=count)))
    number = st.floats(-200, 200) | st.just(float("nan"))
    places = np.array(data.draw(st.lists(st.tuples(number, number), min_size=count, max_size=count))).reshape(-1, 2)
    path = smooth_path(frames, places, np.full(count, 0.3), RATE)
    assert np.isfinite(path.xy).all()
    assert np.isin(path.frame[path.seen], frames).all()
    assert not len(path) or (np.diff(path.frame) > 0).all()


def test_wrong_columns_are_refused() -> None:
    with pytest.raises(SettingError, match="as many frames"):
        smooth_path([0, 1], np.zeros((3, 2)), np.zeros(3), RATE)
    with pytest.raises(SettingError, match="ascend"):
        smooth_path([1, 1], np.zeros((2, 2)), np.zeros(2), RATE)
