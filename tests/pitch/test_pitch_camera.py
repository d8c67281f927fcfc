"""The camera: there and back again, and OpenCV as second opinion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Camera
from sportstrack.errors import SettingError

CAMERAS = st.builds(
    Camera,
    centre=st.tuples(st.floats(-60, 60), st.floats(40, 110), st.floats(3, 60)),
    pan=st.floats(-60, 60),
    tilt=st.floats(3, 60),
    roll=st.floats(-10, 10),
    focal=st.floats(700, 8000),
    principal=st.tuples(st.floats(600, 680), st.floats(300, 420)),
    distortion=st.floats(-0.25, 0.25),
)
PIXELS = st.lists(st.tuples(st.floats(0, 1280), st.floats(0, 720)), min_size=1, max_size=8)
POINTS = st.lists(st.tuples(st.floats(-60, 60), st.floats(-40, 40), st.floats(0, 20)), min_size=1, max_size=8)
SIMPLE = Camera((0.0, 60.0, 20.0), 0.0, 15.0, 0.0, 1500.0, (640.0, 360.0))


def by_opencv(camera: Camera, points: np.ndarray) -> np.ndarray:
    rotation, centre = camera.rotation, np.array(camera.centre) * (1, 1, -1)
    turn, _ = cv2.Rodrigues(rotation)
    bend = np.array([camera.distortion, 0, 0, 0.0])
    return cv2.projectPoints(points * (1.0, 1.0, -1.0), turn, -rotation @ centre, camera.matrix, bend)[0][:, 0]


@settings(max_examples=100, deadline=None)
@given(CAMERAS, PIXELS)
def test_there_and_back_again(camera: Camera, pixels: list[tuple[float, float]]) -> None:
    ground = camera.to_ground(pixels)
    near = np.abs(ground).max(1) < 1e4  # the horizon is far
    assert camera.project(ground[near]) == pytest.approx(np.array(pixels)[near], abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(CAMERAS, POINTS)
def test_opencv_sees_the_same(camera: Camera, points: list[tuple[float, float, float]]) -> None:
    pixels = camera.project(points)
    seen = np.isfinite(pixels).all(1)
    assert by_opencv(camera, np.array(points))[seen] == pytest.approx(pixels[seen], rel=1e-6, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(CAMERAS)
def test_a_camera_is_found_again_in_its_homography(camera: Camera) -> None:
    found = Camera.from_homography(-3.0 * camera.homography, camera.principal)
    assert found.centre == pytest.approx(camera.centre, abs=1e-3)
    angles = (found.pan, found.tilt, found.roll)
    assert angles == pytest.approx((camera.pan, camera.tilt, camera.roll), abs=1e-4)
    assert found.focal == pytest.approx(camera.focal, rel=1e-4)


def test_the_homography_is_the_projection_without_distortion() -> None:
    points = np.array([(-30, -30), (0, 0), (20, 10.0)])
    mapped = np.column_stack([points, np.ones(3)]) @ SIMPLE.homography.T
    assert mapped[:, :2] / mapped[:, 2:] == pytest.approx(SIMPLE.project(points))
    assert (mapped[:, 2] > 0).all()


def test_opencv_finds_the_same_place() -> None:
    points = np.array([(-30, -20, 0), (25, -34, 0), (0, 0, 0), (36, 20, 0), (40, -3.66, 2.44), (-10, 9, 0.0)])
    ok, turn, shift = cv2.solvePnP(
        points * (1, 1, -1), SIMPLE.project(points), SIMPLE.matrix, None, flags=cv2.SOLVEPNP_SQPNP
    )
    assert ok
    x, y, down = (-cv2.Rodrigues(turn)[0].T @ shift)[:, 0]
    assert (x, y, -down) == pytest.approx(SIMPLE.centre, abs=1e-3)


def test_the_words_mean_what_they_say() -> None:
    def seen(**change: float) -> np.ndarray:
        values = {"centre": SIMPLE.centre, "pan": 0.0, "tilt": 15.0, "roll": 0.0, "focal": 1500.0} | change
        return Camera(principal=(640.0, 360.0), **values).project([(0, 0)])[0]  # type: ignore[arg-type]

    x, y = seen()
    assert x == pytest.approx(640)
    assert seen(pan=5)[0] < x  # the camera turns right, the spot moves left
    assert seen(tilt=20)[1] < y  # it looks further down, the spot moves up
    right, left = (SIMPLE.project([(sx, 0)])[0] for sx in (10, -10))
    assert right[0] > x > left[0]
    assert SIMPLE.project([(0, 0, 2)])[0, 1] < y  # what is higher is higher in the picture
    assert SIMPLE.project([(0, 10)])[0, 1] > y  # what is nearer is lower


def test_there_is_nothing_behind_the_camera_and_above_the_horizon() -> None:
    assert np.isnan(SIMPLE.project([(0, 100), (0, 0)])).all(1).tolist() == [True, False]
    assert np.isnan(SIMPLE.to_ground([(640, -400), (640, 360)])).all(1).tolist() == [True, False]
    assert np.isnan(SIMPLE.ground_error([(640, -400)])).all()


def test_a_head_is_above_the_feet() -> None:
    head = SIMPLE.project([(5, -10, 1.8)])
    assert SIMPLE.to_ground(head, height=1.8) == pytest.approx(np.array([(5, -10)]), abs=1e-6)


def test_the_error_of_a_foot_point_is_that_of_many_tries() -> None:
    pixel = SIMPLE.project([(20, -15)])
    tries = SIMPLE.to_ground(pixel + 2.0 * np.random.default_rng(3).standard_normal((4000, 2)))
    assert SIMPLE.ground_covariance(pixel, 2.0)[0] == pytest.approx(np.cov(tries.T), rel=0.1, abs=0.002)
    assert SIMPLE.ground_error(pixel, 2.0)[0] == pytest.approx(np.sqrt(tries.var(0).sum()), rel=0.05)


@pytest.mark.parametrize(
    ("homography", "message"),
    [
        (np.zeros((3, 3)), "invertible"),
        (np.eye(2), "invertible"),
        (np.diag([10, 10, 1.0]), "straight down"),
        (np.full((3, 3), np.nan), "finite"),
    ],
)
def test_what_is_no_view_of_the_ground_is_refused(homography: np.ndarray, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Camera.from_homography(homography, (640, 360))


def test_a_camera_without_focal_length_is_refused() -> None:
    with pytest.raises(SettingError, match="above 0 pixels"):
        Camera((0, 60, 20), 0, 15, 0, 0.0, (640, 360))
    with pytest.raises(SettingError, match="finite"):
        Camera((0, 60, float("nan")), 0, 15, 0, 1000.0, (640, 360))
