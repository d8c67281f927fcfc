"""Shots of one camera are fitted together; what a network believes of a line does not move a camera."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Camera
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.errors import to_ground
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.clip.model import Painted
from sportstrack.pitch.clip.rows import MotionRows, ViewRows
from sportstrack.pitch.clip.step import ViewMotion
from sportstrack.pitch.clip.together import same_ground
from sportstrack.pitch.clip.trust import disputed
from sportstrack.pitch.clip.views import shared_of, view_of
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame
from tests.helpers.seen_clips import FOOTBALL, MIDDLE, SIZE, marks_of, seen_by, worst

NAMES = ("centre_spot", "near_halfway", "near_centre_circle_halfway", "far_centre_circle_halfway",
         "right_centre_circle_side", "left_centre_circle_side")  # fmt: skip
BOX = ("left_far_penalty_area_corner", "left_near_penalty_area_corner", "left_penalty_spot",
       "left_far_goal_area_corner", "left_near_goal_area_corner", "left_far_corner")  # fmt: skip
MIDFIELD = [Camera((1.0, 71.0, 9.5), 2.0 + 0.05 * k, 10.0, 0.2, 2100.0, MIDDLE, -0.06) for k in range(24)]
LEFT = [replace(one, pan=one.pan - 36.0, tilt=9.0) for one in MIDFIELD]


def without_far_lines(frames: list[SeenFrame], last: int = 24) -> list[SeenFrame]:
    """The same without what is high up in the picture: only circle, halfway line and near touchline are left."""
    return [replace(one, lines=one.lines[one.lines[:, 1] > 235]) if one.frame < last else one for one in frames]


@pytest.fixture(scope="module")
def two_shots() -> list[SeenFrame]:
    return without_far_lines(seen_by([*MIDFIELD, *LEFT], cuts=(24,)))


def test_two_shots_of_one_camera_tell_one_centre(two_shots: list[SeenFrame]) -> None:
    marks = {**marks_of(MIDFIELD[3], 3, NAMES), **marks_of(LEFT[3], 27, BOX)}
    track = fit_clip(two_shots, marks, FOOTBALL, SIZE).track
    assert len({one.camera.centre for one in track if one.camera}) == 1
    assert worst(track, [*MIDFIELD, *LEFT]) < 0.3
    alone = fit_clip(two_shots[:24], marks_of(MIDFIELD[3], 3, NAMES), FOOTBALL, SIZE).track
    assert track.at(5).error_m < 0.7 * alone.at(5).error_m


def test_two_cameras_keep_their_places(two_shots: list[SeenFrame]) -> None:
    other = [replace(one, centre=(-14.0, 66.0, 14.0), pan=-12.0) for one in MIDFIELD]
    cameras = [*MIDFIELD, *other]
    marks = {**marks_of(MIDFIELD[3], 3, NAMES), **marks_of(other[3], 27, BOX)}
    track = fit_clip(seen_by(cameras, cuts=(24,)), marks, FOOTBALL, SIZE).track
    assert len({one.camera.centre for one in track if one.camera}) == 2
    assert worst(track, cameras) < 0.4


def by_network(camera: Camera, frame: int, off: float) -> PitchEvidence:
    """Points of named lines; those of the far touchline are off by so many pixels, as the edge of a board is."""
    names, pixels = [], []
    for name in ("far_touchline", "centre_circle", "near_touchline", "halfway_line"):
        part = FOOTBALL.lines.get(name) or FOOTBALL.arcs[name]
        seen = camera.project(part.points(0.5))
        seen = seen[(seen > 0).all(1) & (seen < SIZE).all(1)]
        for pixel in seen[:: max(1, len(seen) // 5)][:5]:
            names.append(name)
            pixels.append(pixel - (0.0, off if name == "far_touchline" else 0.0))
    n = len(names)
    return PitchEvidence(frame, names, np.array(pixels), np.full(n, 15.0), np.full(n, 0.9), camera=camera)


def test_a_line_that_the_network_takes_for_another_does_not_move_the_camera(two_shots: list[SeenFrame]) -> None:
    seen = two_shots[:24]
    evidence = {k: by_network(MIDFIELD[k], k, 16.0) for k in (0, 20)}
    track = fit_clip(seen, evidence, FOOTBALL, SIZE).track
    assert all(one.camera for one in track)
    told = max(one.error_m for one in track)
    assert worst(track, MIDFIELD) < min(1.0, 4 * told)


def test_where_line_pixels_tell_too_little_the_network_has_a_say() -> None:
    few = [replace(one, lines=one.lines[one.lines[:, 1] > 300]) for one in seen_by(MIDFIELD)]
    nothing = fit_clip(few, {0: replace(by_network(MIDFIELD[0], 0, 0.0), places=[], pixels=np.empty((0, 2)),
                                        sigma=np.empty(0), confidence=np.empty(0))}, FOOTBALL, SIZE).track  # fmt: skip
    assert all(one.camera is None for one in nothing)
    track = fit_clip(few, {k: by_network(MIDFIELD[k], k, 3.0) for k in (0, 20)}, FOOTBALL, SIZE).track
    known = [one for one in track if one.camera is not None]
    assert len(known) > 12
    assert worst(track, MIDFIELD) < 3 * max(one.error_m for one in known)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-1, 1), st.floats(-25, 25), st.floats(0.8, 2.5))
@settings(max_examples=30, deadline=None)
def test_the_same_ground_is_seen_from_another_centre(x: float, y: float, up: float, pan: float, zoom: float) -> None:
    before = Camera((0.0, 72.0, 16.0), pan, 12.0, 0.0, 1280.0 * zoom, MIDDLE)
    after = np.array([x, 72.0 + y, 16.0 + up, 0.0])
    view = same_ground(shared_of(before), view_of(before), after, SIZE)
    pixels = np.array([(640.0, 400.0), (300.0, 500.0), (1000.0, 550.0)])
    rows = np.stack([np.concatenate([shared_of(before), view_of(before)]), np.concatenate([after, view])])
    places = to_ground(rows, pixels, SIZE)
    assert np.linalg.norm(places[0] - places[1], axis=1).max() < 4.0
    same = same_ground(shared_of(before), view_of(before), shared_of(before), SIZE)
    np.testing.assert_allclose(same, view_of(before), atol=1e-5)


def test_views_and_motions_come_back_as_they_went_in() -> None:
    views, motions = ViewRows(7, 3), MotionRows(7, 3)
    rng = np.random.default_rng(0)
    root = rng.normal(size=(4, 4))
    views[8], motions[9] = np.arange(4.0), ViewMotion(np.arange(4.0), root @ root.T, True)
    assert (list(views), list(motions), 7 in views, 12 in motions) == ([8], [9], False, False)
    np.testing.assert_array_equal(views[8], np.arange(4.0))
    np.testing.assert_allclose(motions[9].covariance, root @ root.T, rtol=1e-5)
    assert motions[9].known
    for rows in (views, motions):
        with pytest.raises(KeyError):
            rows[10]
        with pytest.raises(KeyError):
            rows[6]


def looked(*marks: tuple[int, float, float]) -> dict[int, PitchEvidence]:
    """Frames with cameras of a network: frame, score, and degrees by which its pan is off."""
    both = [*MIDFIELD, *LEFT]
    return {
        frame: replace(by_network(replace(both[frame], pan=both[frame].pan + off), frame, 0.0), score=score)
        for frame, score, off in marks
    }


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        (((3, 0.8, 0.0),), "its frames tell a camera by 0.15 of 0.20: 1 of 1 agree"),
        (((3, 0.8, 0.0), (18, 0.82, 6.0)), "its frames tell a camera by 0.00 of 0.20: 1 of 2 agree"),
        (((3, 0.8, 0.0), (18, 0.75, 0.0)), ""),
        (((3, 0.95, 0.0),), ""),
    ],
)
def test_a_weak_frame_needs_another_one(
    two_shots: list[SeenFrame], looks: tuple[tuple[int, float, float], ...], reason: str
) -> None:
    track = fit_clip(two_shots[:24], looked(*looks), FOOTBALL, SIZE).track
    if not reason:
        assert worst(track, MIDFIELD) < 1.0
        return
    assert all(one.camera is None for one in track)
    assert all(one.reason.startswith(reason) for one in track)


@pytest.mark.parametrize(("first", "known"), [(0.8, False), (0.95, True)])
def test_a_weak_shot_is_confirmed_by_a_sure_one_of_its_camera_and_by_no_weak_one(
    two_shots: list[SeenFrame], first: float, known: bool
) -> None:
    track = fit_clip(two_shots, looked((3, first, 0.0), (27, 0.8, 0.0)), FOOTBALL, SIZE).track
    assert {one.camera is not None for one in track} == {known}


@pytest.mark.parametrize(
    ("astray", "rows"),
    [((), set()), ((9,), {6, 7, 8, 9, 10, 11}), ((2,), {0, 1, 2, 3, 4}), ((20,), set(range(13, 24)))],
)
def test_where_chain_and_walk_differ_nothing_is_told_up_to_the_next_known_frame(
    astray: tuple[int, ...], rows: set[int]
) -> None:
    scene = ClipScene(FOOTBALL, Painted.of(FOOTBALL), SIZE, looked((5, 0.9, 0.0), (12, 0.9, 0.0), (20, 0.9, 9.0)))
    walk: Any = SimpleNamespace(
        joint=SimpleNamespace(shared=shared_of(MIDFIELD[0])), views={k: view_of(MIDFIELD[k]) for k in range(24)}
    )
    chain = [view_of(one) + (6.0 if k in astray else 0.0, 0.0, 0.0, 0.0) for k, one in enumerate(MIDFIELD)]
    assert disputed(scene, walk, range(24), chain) == rows
