"""A ball that rolls is told from one that flies by how it moves in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.pitch.ball import FLYING, GROUNDED, RADIUS, UNKNOWN, ball_states
from sportstrack.pitch.camera import Camera

RATE = 25.0
CAMERA = Camera((0.0, 64.0, 18.0), 0.0, 16.0, 0.0, 1800.0, (640.0, 360.0))


def seen(place: np.ndarray, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Where a ball at (N, 3) metres seems to be on the ground, and the errors."""
    pixels = CAMERA.project(place) + np.random.default_rng(seed).normal(0, noise, (len(place), 2))
    return CAMERA.to_ground(pixels, RADIUS), CAMERA.ground_error(pixels, max(noise, 0.5))


def rolling(count: int, start: tuple[float, float], velocity: tuple[float, float], slow: float = 1.5) -> np.ndarray:
    times = np.arange(count) / RATE
    speed = np.hypot(*velocity)
    way = np.minimum(times, speed / slow) * speed - slow / 2 * np.minimum(times, speed / slow) ** 2
    xy = np.array(start) + way[:, None] * np.array(velocity) / max(speed, 1e-9)
    return np.column_stack([xy, np.full(count, RADIUS)])


def thrown(start: tuple[float, float], velocity: tuple[float, float], rise: float) -> np.ndarray:
    times = np.arange(int(2 * rise / 9.81 * RATE)) / RATE
    xy = np.array(start) + times[:, None] * np.array(velocity)
    return np.column_stack([xy, RADIUS + rise * times - 9.81 / 2 * times**2])


@pytest.mark.parametrize("velocity", [(0.0, 0.0), (4.0, 0.0), (0.0, 12.0), (0.0, -12.0), (15.0, 8.0)])
def test_a_rolling_ball_is_on_the_ground(velocity: tuple[float, float]) -> None:
    xy, error = seen(rolling(50, (-5.0, 0.0), velocity), 1.0)
    states = ball_states(np.arange(50), xy, error, CAMERA.centre, RATE)
    assert (states == GROUNDED).mean() > 0.9
    assert not (states == FLYING).any()


@pytest.mark.parametrize("velocity", [(12.0, 0.0), (-12.0, 3.0), (0.0, 10.0), (0.0, -10.0), (0.5, 0.0)])
def test_a_ball_in_the_air_is_never_on_the_ground(velocity: tuple[float, float]) -> None:
    flight = thrown((-5.0, 0.0), velocity, 8.0)
    xy, error = seen(flight, 1.0)
    states = ball_states(np.arange(len(flight)), xy, error, CAMERA.centre, RATE)
    high = flight[:, 2] > 0.5
    assert not (states[high] == GROUNDED).any()
    assert (states[high] == FLYING).mean() > 0.9


def test_a_pass_that_is_lifted_changes_in_the_right_frames() -> None:
    first = rolling(40, (-10.0, 0.0), (6.0, 0.0))
    flight = thrown(tuple(first[-1, :2]), (14.0, 0.0), 6.0)
    path = np.concatenate([first, flight, rolling(40, tuple(flight[-1, :2]), (5.0, 0.0))])
    xy, error = seen(path, 1.0)
    states = ball_states(np.arange(len(path)), xy, error, CAMERA.centre, RATE)
    assert (states[:35] == GROUNDED).all()
    assert (states[-33:] == GROUNDED).all()
    assert not (states[path[:, 2] > 0.5] == GROUNDED).any()


def test_too_little_to_see_is_unknown() -> None:
    xy, error = seen(rolling(3, (0.0, 0.0), (3.0, 0.0)), 1.0)
    assert (ball_states(np.arange(3), xy, error, CAMERA.centre, RATE) == UNKNOWN).all()
    xy, error = seen(thrown((0.0, 0.0), (8.0, 0.0), 8.0), 40.0)  # noise hides the fall
    assert (ball_states(np.arange(len(xy)), xy, error, CAMERA.centre, RATE) == UNKNOWN).mean() > 0.7
    assert len(ball_states([], np.empty((0, 2)), [], CAMERA.centre, RATE)) == 0
    assert (ball_states([4, 9], np.full((2, 2), np.nan), [1, 1], CAMERA.centre, RATE) == UNKNOWN).all()


def test_frames_without_a_camera_do_no_harm() -> None:
    xy, error = seen(rolling(30, (0.0, 0.0), (3.0, 0.0)), 1.0)
    lens = np.tile(CAMERA.centre, (30, 1))
    xy[:4], error[:4], lens[:4] = np.nan, np.nan, 0.0
    states = ball_states(np.arange(30), xy, error, lens, RATE)
    assert (states[:4] == UNKNOWN).all()
    assert (states[4:] == GROUNDED).all()
