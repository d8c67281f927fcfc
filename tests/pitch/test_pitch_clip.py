"""A clip's cameras from what its frames show, as arrays: carried, corrected, smoothed, refused with reasons."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sportstrack import Camera, Mark, Pitch, load_pitch
from sportstrack.errors import SettingError
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.clip.summary import summary_text
from sportstrack.pitch.clip.views import camera_of, project, shared_of, view_of
from sportstrack.pitch.evidence import PitchEvidence, SeenFrame, evidence_of_marks
from tests.helpers.seen_clips import FEW, FOOTBALL, MIDDLE, SIZE, marks_of, pan_and_zoom, seen_by, worst

CAMERAS = pan_and_zoom(60)


@pytest.fixture(scope="module")
def seen() -> list[SeenFrame]:
    return seen_by(CAMERAS)


def test_one_marked_frame_tells_all_frames_of_a_pan(seen: list[SeenFrame]) -> None:
    fit = fit_clip(seen, marks_of(CAMERAS[0], 0), FOOTBALL, SIZE)
    assert [one.status for one in fit.track] == ["ok"] * 60
    assert worst(fit.track, CAMERAS) < 0.3
    assert len({one.camera.centre for one in fit.track if one.camera}) == 1
    assert not fit.warnings
    assert "60 frames: 60 ok, 0 carried, 0 refused" in summary_text(fit.track)


def test_a_marked_frame_in_the_middle_tells_those_before_it_too(seen: list[SeenFrame]) -> None:
    track = fit_clip(seen, marks_of(CAMERAS[10], 10), FOOTBALL, SIZE).track
    assert worst(track, CAMERAS) < 0.3
    assert len(track) == 60


def test_the_errors_that_are_told_are_about_the_true_ones(seen: list[SeenFrame]) -> None:
    track = fit_clip(seen, marks_of(CAMERAS[0], 0), FOOTBALL, SIZE).track
    truth, feet = [], np.array([(-30.0, 10.0), (-20.0, -20.0), (0.0, 0.0)])
    for one in track:
        assert one.camera is not None
        metres, errors = one.to_ground(CAMERAS[one.frame].project(feet))
        truth.append(np.linalg.norm(metres - feet, axis=1) / errors)
    assert 0.1 < np.sqrt(np.mean(np.square(truth))) < 3.0


def test_without_lines_frames_are_carried_and_their_error_grows() -> None:
    lines = [k < 20 or k > 50 for k in range(60)]
    track = fit_clip(seen_by(CAMERAS, lines=lines), marks_of(CAMERAS[0], 0), FOOTBALL, SIZE).track
    assert {one.status for one in track if not lines[one.frame]} == {"carried"}
    assert track.at(35).reason == "carried over 16 frames: no lines of the pitch were found"
    assert track.at(35).error_m > 1.5 * track.at(10).error_m
    assert worst(track, CAMERAS) < 0.5


def test_a_camera_that_comes_back_after_a_cut_is_found_again() -> None:
    cameras = [*CAMERAS[:12], *CAMERAS[20:32]]
    seen = seen_by(cameras, cuts=(12,))
    track = fit_clip(seen, marks_of(cameras[3], 3), FOOTBALL, SIZE).track
    assert [one.status for one in track] == ["ok"] * 24
    assert worst(track, cameras) < 0.4
    faint = [replace(one, lines=one.lines[::8]) if one.frame >= 12 else one for one in seen]
    track = fit_clip(faint, marks_of(cameras[3], 3), FOOTBALL, SIZE).track
    assert {track.at(k).status for k in range(12, 24)} == {"refused"}  # so few lines prove nothing
    nothing = PitchEvidence(15, [], np.empty((0, 2)), np.empty(0), np.empty(0), no_pitch=True)
    track = fit_clip(seen, {**marks_of(cameras[3], 3), 15: nothing}, FOOTBALL, SIZE).track
    assert {track.at(k).status for k in range(12, 24)} == {"refused"}  # another sport has lines, too


def test_nothing_is_carried_over_a_cut() -> None:
    cameras = [*CAMERAS[:15], *pan_and_zoom(60, centre=(-20.0, 70.0, 10.0))[:15]]
    seen = seen_by(cameras, cuts=(15,))
    track = fit_clip(seen, marks_of(cameras[3], 3), FOOTBALL, SIZE).track
    assert [one.status for one in track] == ["ok"] * 15 + ["refused"] * 15
    assert track.at(15).reason == (
        "no frame in the shot that begins with frame 16 tells where it is, and it is not seen from where other shots "
        "are: mark one"
    )
    both = {**marks_of(cameras[3], 3), **marks_of(cameras[16], 16)}
    track = fit_clip(seen, both, FOOTBALL, SIZE).track
    assert [one.status for one in track] == ["ok"] * 30
    assert worst(track, cameras) < 0.4


def test_lost_motion_ends_the_chain_with_a_reason() -> None:
    seen = seen_by(CAMERAS, lines=[k < 20 for k in range(60)])
    seen[30] = replace(seen[30], before=np.empty((0, 2)), after=np.empty((0, 2)))
    track = fit_clip(seen, marks_of(CAMERAS[0], 0), FOOTBALL, SIZE).track
    assert {one.status for one in list(track)[31:]} == {"refused"}
    assert "motion from the nearest known frame was lost" in track.at(45).reason


def test_lines_elsewhere_are_a_contradiction_and_refused() -> None:
    seen = seen_by(CAMERAS)
    other = seen_by([replace(c, pan=c.pan + 9.0, tilt=c.tilt + 3.0) for c in CAMERAS])
    mixed = [replace(one, lines=two.lines) if one.frame > 30 else one for one, two in zip(seen, other, strict=True)]
    track = fit_clip(mixed, marks_of(CAMERAS[0], 0), FOOTBALL, SIZE).track
    wrong = [one for one in track if one.frame > 30 and one.status == "ok"]
    assert not wrong
    assert "lines are elsewhere" in track.at(40).reason


def test_a_network_may_begin_a_shot_and_its_wrong_places_do_not_matter(seen: list[SeenFrame]) -> None:
    rng = np.random.default_rng(4)
    evidence = {}
    for k in range(0, 60, 5):
        one = marks_of(
            CAMERAS[k], k, [n for n in FEW if CAMERAS[k].project([[*FOOTBALL.keypoints[n], 0][:3]])[0][0] > 0]
        )[k]
        pixels = one.pixels + rng.normal(0, 3, one.pixels.shape)
        pixels[0] += (90, 40)
        evidence[k] = PitchEvidence(k, one.places, pixels, np.full(len(one), 3.0), np.full(len(one), 0.8))
    track = fit_clip(seen, evidence, FOOTBALL, SIZE).track
    assert sum(one.status == "ok" for one in track) == 60
    assert worst(track, CAMERAS) < 0.4


def test_a_network_that_is_wrong_everywhere_begins_nothing(seen: list[SeenFrame]) -> None:
    shifted = replace(CAMERAS[0], pan=-2.0, focal=2600.0)
    one = marks_of(shifted, 0)[0]
    evidence = {0: replace(one, by_hand=False)}
    assert {frame.status for frame in fit_clip(seen, evidence, FOOTBALL, SIZE).track} == {"refused"}


def test_a_mark_behind_the_end_is_an_error(seen: list[SeenFrame]) -> None:
    with pytest.raises(SettingError, match="frame 71 is marked, and the video has 60 frames"):
        fit_clip(seen, {**marks_of(CAMERAS[0], 0), **marks_of(CAMERAS[0], 70)}, FOOTBALL, SIZE)


@pytest.mark.parametrize("speed", [0.1, 0.3])
def test_a_moving_centre_is_refused_with_both_places(speed: float) -> None:
    cameras = [replace(c, centre=(-30.0 + speed * k, 75.0, 17.0)) for k, c in enumerate(CAMERAS)]
    fit = fit_clip(seen_by(cameras), marks_of(cameras[0], 0), FOOTBALL, SIZE)
    assert all(one.camera is None for one in fit.track)
    (warning,) = fit.warnings
    assert re.search(r"the camera's centre moves: .* from \(-.*\d\.\d m apart", warning)


def in_picture(camera: Camera, pitch: Pitch, most: int = 9) -> list[str]:
    flat = [n for n, place in pitch.keypoints.items() if len(place) == 2]
    pixels = camera.project([pitch.keypoints[n] for n in flat])
    return [n for n, xy in zip(flat, pixels, strict=True) if (xy > 0).all() and (xy < SIZE).all()][:most]


@pytest.mark.parametrize(("length", "width"), [(100, 64), (110, 70)])
def test_a_pitch_of_another_size_is_told_by_its_lines(length: float, width: float) -> None:
    other = load_pitch("football", length, width)
    marks = marks_of(CAMERAS[0], 0, in_picture(CAMERAS[0], other), pitch=other)
    fit = fit_clip(seen_by(CAMERAS[:3], other), marks, FOOTBALL, SIZE)
    assert f"is it --length {length} --width {width}?" in fit.warnings[0]
    assert "one of 105 × 68 m to" in fit.warnings[0]
    assert not fit_clip(seen_by(CAMERAS[:3], other), marks, other, SIZE).warnings


def test_marks_that_fit_two_cameras_are_settled_by_the_lines() -> None:
    camera = Camera((-27.364, 63.236, 12.554), 1.5685, 12.2071, -0.1317, 1209.73, MIDDLE)
    marks = evidence_of_marks([
        Mark(1, "left_far_penalty_arc_end", (460.9, 318.0)), Mark(1, "far_halfway", (944.2, 258.2)),
        Mark(1, "near_centre_circle_halfway", (1198.3, 374.5)), Mark(1, "left_far_goal_post", (158.4, 329.0)),
    ], 1280)  # fmt: skip
    with pytest.raises(SettingError, match="two cameras fit its 4 marks"):
        fit_clip([SeenFrame(0)], marks, FOOTBALL, SIZE)
    track = fit_clip(seen_by([camera] * 3), marks, FOOTBALL, SIZE).track
    assert worst(track, [camera] * 3) < 0.5


def test_points_of_circles_count() -> None:
    lines = [Mark(1, n, tuple(CAMERAS[0].project([p])[0])) for n, p in (("centre_circle", (-9.15, 0.0)),)]
    evidence = marks_of(CAMERAS[0], 0)[0]
    more = evidence_of_marks([*evidence.marks(), *lines], 1280)
    assert fit_clip(seen_by(CAMERAS[:3]), more, FOOTBALL, SIZE).track.at(0).status == "ok"


def test_the_views_are_those_of_the_camera() -> None:
    camera = replace(CAMERAS[7], roll=1.5)
    back = camera_of(shared_of(camera), view_of(camera), MIDDLE)
    assert (back.pan, back.tilt, back.roll, back.focal) == pytest.approx((camera.pan, camera.tilt, 1.5, camera.focal))
    points = np.array([(-30.0, 5.0, 0.0), (-36.0, -20.0, 2.44)])
    (pixels,), _ = project(shared_of(camera), view_of(camera)[None], points, MIDDLE)
    assert pixels == pytest.approx(camera.project(points), abs=1e-6)
