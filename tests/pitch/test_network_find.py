"""The camera of a frame from maps: right where lines tell it, refused where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sportstrack import Camera, load_pitch
from sportstrack.pitch.network.find import find_camera
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps, line_points

PITCH = load_pitch("football")
SIZE = (1024, 576)
CAMERA = Camera((2.0, 78.0, 17.0), -14.0, 11.0, 0.3, 1500.0, (512.0, 288.0))
FOREIGN = Camera((-30.0, 60.0, 12.0), -20.0, 12.0, 0.0, 1500.0, (512.0, 288.0))


def maps_of(camera: Camera, names: tuple[str, ...] = FOOTBALL_LINES, noise: float = 0.03) -> Maps:
    """What a network with small errors would see."""
    size = np.array(SIZE)
    y, x = np.mgrid[0:48, 0:80]
    cells = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * size / (80, 48) - 0.5
    lines = np.zeros((len(FOOTBALL_LINES), 48, 80), np.float32)
    for number, name in enumerate(FOOTBALL_LINES):
        part = PITCH.lines[name] if name in PITCH.lines else PITCH.arcs[name]
        pixels = camera.project(part.points(0.5))
        pixels = pixels[np.isfinite(pixels).all(1) & (np.abs(pixels) < 3000).all(1)]
        if name in names and len(pixels):
            away = np.min([np.linalg.norm(cells - p, axis=1) for p in pixels], axis=0)
            lines[number] = np.clip(1.4 - away / 12, 0, 1).reshape(48, 80)
    y, x = np.mgrid[0:12, 0:20]
    metres = camera.to_ground((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * size / (20, 12) - 0.5)
    known = (np.abs(np.nan_to_num(metres, nan=999)) < (55, 37)).all(1)
    rng = np.random.default_rng(3)
    halves = np.nan_to_num(metres / (52.5, 34)) + rng.normal(0, noise, metres.shape)
    places = np.concatenate([halves.T, np.where(known, 0.5, 4.0)[None]]).reshape(3, 12, 20)
    return Maps(lines, places.astype(np.float32), 0.99, SIZE)


def lines_of(camera: Camera) -> np.ndarray:
    """The line pixels of the full picture."""
    found = []
    for part in PITCH.parts:
        pixels = camera.project(part.points(0.5))
        way = np.gradient(pixels, axis=0)
        rows = np.column_stack([pixels, np.arctan2(way[:, 0], -way[:, 1])])
        inside = np.isfinite(rows).all(1) & (pixels > 0).all(1) & (pixels < SIZE).all(1)
        found.append(rows[inside])
    return np.concatenate(found)


def error(camera: Camera | None, truth: Camera) -> float:
    """Mean error in metres over the pitch in view."""
    assert camera is not None
    x, y = np.meshgrid(np.linspace(0, SIZE[0], 9), np.linspace(0, SIZE[1], 9))
    pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    ground = truth.to_ground(pixels)
    inside = (np.abs(np.nan_to_num(ground, nan=999)) < (52.5, 34)).all(1)
    return float(np.linalg.norm(camera.to_ground(pixels[inside]) - ground[inside], axis=1).mean())


@pytest.mark.parametrize(
    "camera",
    [
        CAMERA,
        replace(CAMERA, pan=30.0, focal=2200.0),
        Camera((75.0, 3.0, 9.0), -90.0, 12.0, 0.0, 1100.0, (512.0, 288.0)),
        Camera((-62.0, 48.0, 20.0), 50.0, 17.0, -0.5, 900.0, (512.0, 288.0)),
    ],
    ids=["middle", "right", "behind a goal", "corner"],
)
def test_the_camera_is_found(camera: Camera) -> None:
    found = find_camera(maps_of(camera), PITCH, lines_of(camera))
    assert not found.reason
    assert error(found.camera, camera) < 0.2
    assert found.error_m < 0.3
    coarse = find_camera(maps_of(camera), PITCH)  # by the network alone
    assert error(coarse.camera, camera) < 0.8
    assert coarse.error_m < 1.0
    assert (found.line >= 0).mean() > 0.9


def test_points_lie_on_their_lines() -> None:
    points = line_points(maps_of(CAMERA))
    at, line = CAMERA.to_ground(points.pixels), points.shares.argmax(1)
    halfway = (line == FOOTBALL_LINES.index("halfway_line")) & (points.shares.max(1) > 0.9)
    assert halfway.sum() > 10
    assert np.percentile(np.abs(at[halfway, 0]), 90) < 0.15  # less so at its ends
    circle = (line == FOOTBALL_LINES.index("centre_circle")) & (points.shares.max(1) > 0.9)
    assert np.median(np.abs(np.linalg.norm(at[circle], axis=1) - 9.15)) < 0.3


def test_places_of_points_are_on_their_lines() -> None:
    found = find_camera(maps_of(CAMERA), PITCH)
    on = found.line >= 0
    places = found.nearest(found.points.pixels[on], found.line[on], PITCH)
    for number in np.unique(found.line[on]):
        name = FOOTBALL_LINES[number]
        part = PITCH.lines[name] if name in PITCH.lines else PITCH.arcs[name]
        assert part.distance(places[found.line[on] == number]).max() < 2.5  # beyond its ends


def test_a_line_that_is_not_there_does_not_move_the_camera() -> None:
    maps = maps_of(CAMERA)
    maps.lines[FOOTBALL_LINES.index("left_goal_area_front"), 30, 5:30] = 1.0
    found = find_camera(maps, PITCH)
    assert error(found.camera, CAMERA) < 0.8
    assert (found.line < 0).any()


def test_names_may_be_wrong_where_the_lines_tell_enough() -> None:
    maps = maps_of(CAMERA)
    anything = np.repeat(maps.lines.max(axis=0, keepdims=True), len(FOOTBALL_LINES), axis=0)
    found = find_camera(replace(maps, lines=0.7 * maps.lines + 0.1 * anything), PITCH, lines_of(CAMERA))
    assert error(found.camera, CAMERA) < 0.2


def test_a_frame_shortly_before_saves_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.pitch.network.find.search", lambda *_: pytest.fail("searched"))
    near = replace(CAMERA, pan=CAMERA.pan + 1.5, focal=CAMERA.focal * 1.03)
    assert error(find_camera(maps_of(CAMERA), PITCH, near=near).camera, CAMERA) < 0.8


def test_what_tells_no_camera_is_refused() -> None:
    assert "no pitch" in find_camera(replace(maps_of(CAMERA), pitch=0.1), PITCH).reason
    two = ("halfway_line", "far_touchline")
    assert find_camera(maps_of(CAMERA, two), PITCH).camera is None
    few = ("left_near_goal_area_side",)
    assert "too little" in find_camera(maps_of(CAMERA, few), PITCH).reason
    parallel = ("far_touchline", "near_touchline", "left_far_penalty_area_side")
    assert find_camera(maps_of(replace(CAMERA, focal=700.0), parallel), PITCH).camera is None


def test_lines_of_two_cameras_are_refused() -> None:
    mixed = maps_of(CAMERA)
    other = maps_of(FOREIGN)
    half = len(FOOTBALL_LINES) // 2
    mixed.lines[half:] = other.lines[half:]
    mixed.places[:] = other.places
    found = find_camera(mixed, PITCH)
    assert found.camera is None or error(found.camera, CAMERA) < 2 or error(found.camera, FOREIGN) < 2


def test_a_pitch_of_another_size_is_refused_or_fits_worse() -> None:
    camera = replace(CAMERA, pan=0.0, focal=800.0)
    maps, lines = maps_of(camera), lines_of(camera)
    right, wrong = find_camera(maps, PITCH, lines), find_camera(maps, load_pitch("football", 90, 50), lines)
    assert right.camera is not None
    assert wrong.camera is None or (wrong.error_px > right.error_px and wrong.score < right.score)


def test_a_caption_that_stands_still_does_not_hold_the_motion_back() -> None:
    from sportstrack.pitch.clip.step import find_motion
    from sportstrack.pitch.clip.views import rays_of, shared_of, slopes, view_of

    rng, middle = np.random.default_rng(0), (SIZE[0] / 2, SIZE[1] / 2)
    shared, view, turn = shared_of(CAMERA), view_of(CAMERA), np.array([0.4, 0.05, 0.0, 0.01])
    before = rng.uniform(0, SIZE, (200, 2))
    far_away = np.array([0.0, 0.0, 0.0, shared[3]])
    after, _ = slopes(far_away, view + turn, rays_of(shared, view, before, middle), middle)
    after = after + rng.normal(0, 0.6 * SIZE[0] / 1000, after.shape)
    after[:80] = before[:80]
    found = find_motion(shared, view, before, after, SIZE)
    assert found.known
    np.testing.assert_allclose(found.change, turn, atol=0.03)


def test_points_that_move_anyhow_tell_no_motion() -> None:
    from sportstrack.pitch.clip.step import find_motion
    from sportstrack.pitch.clip.views import shared_of, view_of

    rng = np.random.default_rng(0)
    before = rng.uniform(0, 500, (40, 2))
    after = before + rng.choice([-1.0, 1.0], (40, 2)) * rng.uniform(200, 900, (40, 2))
    assert not find_motion(shared_of(CAMERA), view_of(CAMERA), before, after, SIZE).known
