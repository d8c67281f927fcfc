"""Camera motion of rendered matches and of real football, and what it gives a tracker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from camera_views import CORNERS, HEIGHT, WIDTH

from data_prep.synthetic import CLASSES, FrameTruth, Settings, render_sequence
from sportstrack import Detections, Tracks, create_tracker
from sportstrack.camera import load_camera
from sportstrack.camera.affine import apply
from sportstrack.score.run import score_tracks

NO_BOXES = np.empty((0, 4))


Rendered = list[tuple[np.ndarray, FrameTruth]]


@pytest.fixture(scope="session")
def fast_camera() -> Rendered:
    wanted = Settings(seed=10, frames=24, width=WIDTH, height=HEIGHT, camera_speed=3.0, view="goal")
    return list(render_sequence(wanted))


def carried(before: FrameTruth, after: FrameTruth, points: np.ndarray) -> np.ndarray:
    """(N, 2) where a camera that turns and zooms takes points: H = K₂ R₂ R₁⁻¹ K₁⁻¹."""
    homography = after.camera[:, :3] @ np.linalg.inv(before.camera[:, :3])
    moved = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return moved[:, :2] / moved[:, 2:]


def rendered_errors(name: str, rendered: Rendered) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by which the corners move, and pixels by which the estimate misses them, per frame."""
    camera, moves, misses = load_camera(name), [], []
    before = None
    for image, truth in rendered:
        affine = camera.update(image, truth.xyxy)
        if before is not None:
            there = carried(before, truth, CORNERS)
            moves.append(np.linalg.norm(there - CORNERS, axis=1).max())
            assert affine is not None
            misses.append(np.linalg.norm(there - apply(affine, CORNERS), axis=1).max())
        before = truth
    return np.array(moves), np.array(misses)


@pytest.mark.parametrize(("name", "limit"), [("flow", 0.5), ("orb", 1.0), ("ecc", 1.5), ("boxes", 4.0)])
def test_a_rendered_fast_camera_is_followed(name: str, limit: float, fast_camera: Rendered) -> None:
    moves, misses = rendered_errors(name, fast_camera)
    assert np.median(moves) > 3.5
    assert np.median(misses) < limit
    assert misses.mean() < 0.7 * moves.mean()


def test_bare_turf_with_shadows_is_followed() -> None:
    """In this view strong corners are players' shadows; only the faint texture of the turf shows the motion."""
    rendered = list(render_sequence(Settings(seed=9, frames=8, camera_speed=1.0, view="close", width=1280, height=720)))
    camera, before = load_camera(), None
    middle = np.array([[640.0, 360.0]])
    for image, truth in rendered:
        affine = camera.update(image, truth.xyxy)
        if before is not None:
            there = carried(before, truth, middle)
            assert np.linalg.norm(there - middle) > 3
            assert affine is not None
            assert np.linalg.norm(apply(affine, middle) - there) < 0.5
        before = truth


@pytest.fixture(scope="session")
def hectic() -> Rendered:
    """Every third frame of a hectic camera: players jump by more than their width."""
    wanted = Settings(seed=21, frames=120, width=WIDTH, height=HEIGHT, camera_speed=3.0, view="main", crowding=0.7)
    return list(render_sequence(wanted, every=3))


def people(truth: FrameTruth) -> np.ndarray:
    return (truth.class_id != CLASSES.index("ball")) & (truth.visibility > 0.2)


def botsort_hota(rendered: Rendered, name: str | None) -> float:
    """HOTA in per cent on true boxes with 3 % jitter and 10 % misses."""
    rng = np.random.default_rng(5)
    tracker, camera = create_tracker("botsort", frame_rate=25 / 3), load_camera(name) if name else None
    tracks, truths = [], []
    for image, truth in rendered:
        seen = people(truth)
        boxes, ids = truth.xyxy[seen], truth.track_id[seen]
        truths.append(Tracks(boxes, np.ones(len(ids)), np.zeros(len(ids), np.int64), ids, np.arange(len(ids))))
        noisy = boxes + rng.normal(0, 0.03, boxes.shape) * (boxes[:, 3] - boxes[:, 1])[:, None]
        noisy = noisy[rng.random(len(noisy)) > 0.1]
        affine = camera.update(image, noisy) if camera else None
        tracks.append(tracker.update(Detections.from_arrays(noisy, np.full(len(noisy), 0.9)), camera=affine))
    return 100 * score_tracks(truths, tracks).HOTA


@pytest.mark.parametrize("name", ["flow", "boxes"])
def test_botsort_with_the_camera_beats_botsort_without(name: str, hectic: Rendered) -> None:
    assert botsort_hota(hectic, name) > botsort_hota(hectic, None) + 5


def test_real_football_lies_still_after_compensation(shared_data: Any) -> None:
    """The background differs far less from the last frame once that one is moved along."""
    import cv2

    from sportstrack.video import open_source

    camera, before, differences = load_camera(), None, []
    inner = (slice(60, -60), slice(60, -60))
    with open_source(shared_data / "video" / "football_848x478.mp4") as source:
        for frame in source:
            if frame.index >= 100:
                break
            affine = camera.update(frame.image, NO_BOXES)
            grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
            if before is not None:
                assert affine is not None
                moved = cv2.warpAffine(before, affine, grey.shape[::-1])
                differences.append([cv2.absdiff(grey, other)[inner].mean() for other in (before, moved)])
            before = grey
    plain, compensated = np.array(differences).T
    assert compensated.mean() < 0.6 * plain.mean()
    moving = plain > 4
    assert (compensated[moving] < plain[moving]).all()
