"""The batched filter against the textbook's full matrices, one object at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import kalman

F = np.eye(8) + np.eye(8, k=4)
H = np.eye(4, 8)


class Plain:
    """8 × 8 matrices: x = four positions, then their four velocities."""

    def __init__(self, measurement: Any, first_var: Any) -> None:
        self.x = np.concatenate((measurement, np.zeros(4)))
        self.P = np.diag(first_var)

    def predict(self, noise: Any) -> None:
        self.x = F @ self.x
        self.P = F @ self.P @ F.T + np.diag(noise)

    def update(self, measurement: Any, noise: Any) -> None:
        gain = self.P @ H.T @ np.linalg.inv(H @ self.P @ H.T + np.diag(noise))
        self.x = self.x + gain @ (measurement - H @ self.x)
        self.P = (np.eye(8) - gain @ H) @ self.P

    def state(self) -> Any:
        p, c, v = self.P[:4, :4], self.P[:4, 4:], self.P[4:, 4:]
        return np.stack([self.x[:4], self.x[4:], np.diag(p), np.diag(c), np.diag(v)])


def stack(filters: list[Plain]) -> Any:
    return np.stack([one.state() for one in filters], axis=-1)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 6), steps=st.integers(1, 60), per_object=st.booleans())
def test_equals_full_matrices_over_many_steps(seed: int, count: int, steps: int, per_object: bool) -> None:
    rng = np.random.default_rng(seed)

    def variances() -> Any:  # (4, 1), or (4, T) where the noise depends on the box
        return 10 ** rng.uniform(-4, 2, (4, count if per_object else 1))

    def of(table: Any, number: int) -> Any:
        return np.broadcast_to(table, (4, count))[:, number]

    first, growth, noise = (variances(), variances()), (variances(), variances()), variances()
    z = rng.normal(0, 100, (4, count))
    state = kalman.initiate(z, kalman.planes(*first))
    plain = [Plain(z[:, i], np.concatenate([of(var, i) for var in first])) for i in range(count)]
    for _ in range(steps):
        state = kalman.predict(state, kalman.planes(*growth))
        for i, one in enumerate(plain):
            one.predict(np.concatenate([of(var, i) for var in growth]))
        seen = (rng.random(count) < 0.7).nonzero()[0]
        z = rng.normal(0, 100, (4, count))
        r = noise[:, seen] if per_object else noise
        state[:, :, seen] = kalman.update(state[:, :, seen], z[:, seen], r)
        for i in seen.tolist():
            plain[i].update(z[:, i], of(noise, i))
        assert state == pytest.approx(stack(plain), rel=1e-6, abs=1e-6)
    assert (state[2] > 0).all()
    assert (state[4] > 0).all()


def test_what_couples_nothing_stays_uncoupled() -> None:
    """The reason why four 2 × 2 blocks suffice: no other entry of the 8 × 8 covariance ever becomes non-zero."""
    one = Plain(np.arange(4.0), np.arange(1.0, 9.0))
    for step in range(20):
        one.predict(np.full(8, 0.1))
        one.update(np.arange(4.0) * step, np.arange(1.0, 5.0))
    inside = np.kron(np.ones((2, 2)), np.eye(4)).astype(bool)
    assert one.P[~inside] == pytest.approx(0, abs=1e-12)


def test_inputs_are_not_changed() -> None:
    rng = np.random.default_rng(0)
    state, noise = rng.uniform(1, 2, (5, 4, 3)), kalman.planes(np.ones((4, 1)), np.ones((4, 1)))
    z, r = rng.uniform(1, 2, (4, 3)), np.ones((4, 1))
    before = [a.copy() for a in (state, noise, z, r)]
    kalman.predict(state, noise)
    kalman.update(state, z, r)
    kalman.initiate(z, noise)
    assert all(np.array_equal(a, b) for a, b in zip((state, noise, z, r), before, strict=True))


def test_no_tracks() -> None:
    state = kalman.initiate(np.empty((4, 0)), kalman.planes(np.ones((4, 1)), np.ones((4, 1))))
    assert kalman.predict(state, kalman.planes(np.ones((4, 1)), np.ones((4, 1)))).shape == (5, 4, 0)
    assert kalman.update(state, np.empty((4, 0)), np.ones((4, 1))).shape == (5, 4, 0)


def test_a_perfect_measurement_is_believed_and_a_useless_one_ignored() -> None:
    state = kalman.initiate(np.zeros((4, 1)), kalman.planes(np.ones((4, 1)), np.ones((4, 1))))
    state = kalman.predict(state, kalman.planes(np.zeros((4, 1)), np.zeros((4, 1))))
    assert kalman.update(state, np.full((4, 1), 7.0), np.zeros((4, 1)))[0] == pytest.approx(7)
    assert np.array_equal(kalman.update(state, np.full((4, 1), 7.0), np.full((4, 1), np.inf)), state)


# --- under a camera --------------------------------------------------------------------------------------------------


def follow(one: Plain, camera: Any) -> None:
    turn = np.kron(np.eye(4), camera[:, :2])
    for sizes in (slice(2, 4), slice(6, 8)):
        turn[sizes, sizes] = np.abs(camera[:, :2])
    one.x = turn @ one.x
    one.x[:2] += camera[:, 2]
    one.P = turn @ one.P @ turn.T


def crossed(one: Plain) -> Any:
    """x with y and w with h: positions, position and velocity, velocity and position, velocities."""
    entries = [((0, 1), (2, 3)), ((0, 5), (2, 7)), ((4, 1), (6, 3)), ((4, 5), (6, 7))]
    return np.array([[one.P[xy], one.P[wh]] for xy, wh in entries])


def affine(rng: Any, kind: str) -> Any:
    linear = {"turn": np.eye(2) + rng.normal(0, 0.3, (2, 2)), "zoom": np.diag(rng.uniform(0.8, 1.2, 2))}[kind]
    return np.hstack((linear, rng.normal(0, 20, (2, 1))))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 5), steps=st.integers(1, 40))
def test_a_turning_camera_equals_full_matrices_over_many_steps(seed: int, count: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    z, first = rng.normal(0, 100, (4, count)), 10 ** rng.uniform(-2, 2, (2, 4, count))
    state, cross = kalman.initiate(z, kalman.planes(*first)), np.zeros((4, 2, count))
    plain = [Plain(z[:, i], first[:, :, i].ravel()) for i in range(count)]
    for _ in range(steps):
        growth, noise = 10 ** rng.uniform(-2, 2, (2, 4, count)), 10 ** rng.uniform(-2, 2, (4, count))
        z, camera = rng.normal(0, 100, (4, count)), affine(rng, "turn")
        state, cross = kalman.predict(state, kalman.planes(*growth)), kalman.predict_cross(cross)
        state, cross = kalman.warp(state, cross, camera)
        for i, one in enumerate(plain):
            one.predict(growth[:, :, i].ravel())
            follow(one, camera)
        seen = rng.random(count) < 0.6
        corrected = kalman.update_coupled(state[:, :, seen], cross[:, :, seen], z[:, seen], noise[:, seen])
        state[:, :, seen], cross[:, :, seen] = corrected
        for i in seen.nonzero()[0]:
            plain[i].update(z[:, i], noise[:, i])
        assert state == pytest.approx(stack(plain), rel=1e-6, abs=1e-6)
        assert cross == pytest.approx(np.stack([crossed(one) for one in plain], axis=-1), rel=1e-6, abs=1e-6)


def test_a_camera_that_only_pans_and_zooms_couples_nothing() -> None:
    rng = np.random.default_rng(0)
    state, cross = rng.uniform(1, 2, (5, 4, 3)), np.zeros((4, 2, 3))
    for _ in range(10):
        state, cross = kalman.warp(state, kalman.predict_cross(cross), affine(rng, "zoom"))
    assert not cross.any()
    z, noise = rng.uniform(1, 2, (4, 3)), rng.uniform(1, 2, (4, 3))
    coupled, still = kalman.update_coupled(state, cross, z, noise)
    assert coupled == pytest.approx(kalman.update(state, z, noise))
    assert not still.any()


def test_a_camera_changes_no_input() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(1, 2, shape) for shape in ((5, 4, 3), (4, 2, 3), (2, 3), (4, 3), (4, 3))]
    before = [array.copy() for array in arrays]
    state, cross, camera, z, noise = arrays
    kalman.warp(state, cross, camera)
    kalman.predict_cross(cross)
    kalman.update_coupled(state, cross, z, noise)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


@given(st.integers(0, 99), st.integers(2, 40))
def test_several_steps_at_once_are_as_many_one_by_one(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    state = kalman.initiate(rng.uniform(1, 100, (4, 3)), kalman.planes(*rng.uniform(0.1, 9, (2, 4, 3))))
    state[1], state[3], cross = rng.normal(size=(4, 3)), rng.uniform(0, 0.1, (4, 3)), rng.normal(size=(4, 2, 3))
    noise = kalman.planes(*rng.uniform(0, 1, (2, 4, 1)))
    at_once, cross_at_once = kalman.predict(state, noise, steps), kalman.predict_cross(cross, steps)
    for each in (kalman.predict(state, noise, np.full(3, float(steps))), kalman.predict(state, noise, steps)):
        assert np.array_equal(each, at_once)
    for _ in range(steps):
        state, cross = kalman.predict(state, noise), kalman.predict_cross(cross)
    assert at_once == pytest.approx(state, rel=1e-9)
    assert cross_at_once == pytest.approx(cross, rel=1e-9)


@given(st.floats(0.1, 30), st.floats(0, 5), st.floats(0, 5))
def test_any_number_of_steps_leaves_a_covariance(steps: float, position: float, velocity: float) -> None:
    state = kalman.initiate(np.zeros((4, 1)), kalman.planes(np.full((4, 1), 2.0), np.full((4, 1), 0.5)))
    state[1] = 3.0
    noise = kalman.planes(np.full((4, 1), position), np.full((4, 1), velocity))
    moved = kalman.predict(state, noise, steps)
    assert moved[0] == pytest.approx(3.0 * steps)
    assert (moved[2] >= 2.0).all()
    assert (moved[2] * moved[4] - moved[3] ** 2 > 0).all()
