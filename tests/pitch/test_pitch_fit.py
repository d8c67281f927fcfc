"""Cameras from marks by hand: found again from a few marks, and refused with numbers where they cannot be right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sportstrack import Camera, Mark, Pitch, fit_camera, load_pitch, read_marks
from sportstrack.errors import FormatError, SettingError

SIZE = (1280, 720)
MIDDLE = (640.0, 360.0)
FOOTBALL = load_pitch()
LEFT = Camera((3.0, 75.0, 17.0), -18.0, 11.0, 0.7, 1700.0, MIDDLE)
RIGHT = Camera((3.0, 75.0, 17.0), 22.0, 12.0, 0.3, 2100.0, MIDDLE)
FEW = ("left_far_corner", "left_near_penalty_area_corner", "near_halfway", "far_halfway", "centre_spot")


def marks_of(
    camera: Camera, frame: int = 1, names: tuple[str, ...] | None = None, noise: float = 0.0, pitch: Pitch = FOOTBALL
) -> list[Mark]:
    rng, found = np.random.default_rng(frame), []
    for name in names or tuple(pitch.keypoints):
        x, y = camera.project([pitch.keypoints[name]])[0] + noise * rng.standard_normal(2)
        if names or (0 <= x < SIZE[0] and 0 <= y < SIZE[1]):
            found.append(Mark(frame, name, (float(x), float(y))))
    return found


def test_a_camera_is_found_from_points_that_a_hand_has_marked() -> None:
    fit = fit_camera(marks_of(LEFT, noise=1.5), FOOTBALL, SIZE)
    assert fit.cameras[1].centre == pytest.approx(LEFT.centre, abs=1.0)
    assert fit.cameras[1].focal == pytest.approx(LEFT.focal, rel=0.02)
    assert 1.0 < fit.error_px[1] < 3.0
    assert fit.error_m[1] < 1.0
    feet = np.array([(-40.0, -10), (-20, 0), (-10, 25)])
    assert np.linalg.norm(fit.cameras[1].to_ground(LEFT.project(feet)) - feet, axis=1).max() < 0.3
    assert not fit.left_out


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.floats(-20, 20), st.floats(50, 90), st.floats(8, 40)),
    st.floats(-25, 25),
    st.floats(0.9, 1.8),
    st.floats(-2, 2),
)
def test_any_stand_is_found_from_exact_points(
    centre: tuple[float, float, float], look_to: float, widths: float, roll: float
) -> None:
    tilt = float(np.degrees(np.arctan2(centre[2], centre[1])))
    pan = float(np.degrees(np.arctan2(look_to - centre[0], centre[1])))
    camera = Camera(centre, pan, tilt, roll, widths * SIZE[0], MIDDLE)
    marks = marks_of(camera)
    assume(len(marks) >= 6)
    found = fit_camera(marks, FOOTBALL, SIZE).cameras[1]
    assert found.centre == pytest.approx(centre, abs=0.1)
    assert (found.pan, found.tilt, found.roll) == pytest.approx((pan, tilt, roll), abs=0.05)


def test_frames_share_one_centre() -> None:
    fit = fit_camera([*marks_of(LEFT, 1, noise=1), *marks_of(RIGHT, 90, noise=1)], FOOTBALL, SIZE)
    assert list(fit.cameras) == [1, 90]
    assert fit.cameras[1].centre == fit.cameras[90].centre == pytest.approx(LEFT.centre, abs=1.0)
    assert fit.cameras[90].pan == pytest.approx(RIGHT.pan, abs=0.3)


def test_lines_count_too() -> None:
    def on_line(name: str, parts: tuple[float, ...]) -> list[Mark]:
        line = FOOTBALL.lines[name]
        points = [np.array(line.start) + part * np.subtract(line.end, line.start) for part in parts]
        return [Mark(1, name, tuple(LEFT.project([point])[0])) for point in points]

    marks = marks_of(LEFT, names=("left_far_corner", "far_halfway", "centre_spot"))
    marks += on_line("left_penalty_area_front", (0.1, 0.9)) + on_line("left_near_penalty_area_side", (0.3, 0.9))
    fit = fit_camera(marks, FOOTBALL, SIZE)
    assert fit.cameras[1].centre == pytest.approx(LEFT.centre, abs=0.1)


def test_distortion_is_found_where_it_is_asked_for() -> None:
    bent = Camera(LEFT.centre, -12.0, 13.0, 0.0, 1000.0, MIDDLE, -0.15)
    fit = fit_camera(marks_of(bent), FOOTBALL, SIZE, distortion=True)
    assert fit.cameras[1].distortion == pytest.approx(-0.15, abs=0.005)
    assert fit.error_px[1] < 0.2


def test_places_may_be_metres_and_another_sport() -> None:
    court = load_pitch("basketball_fiba")
    camera = Camera((0.0, 20.0, 9.0), 5.0, 24.0, 0.0, 1000.0, MIDDLE)
    places = [(14.0, 7.5), (14.0, -7.5), (0.0, 0.0), (0.0, -7.5), (12.425, 0.0, 3.05)]
    marks = [(1, place, tuple(camera.project([place])[0])) for place in places]
    assert fit_camera(marks, court, SIZE).cameras[1].centre == pytest.approx(camera.centre, abs=0.05)


def test_one_wrong_mark_among_many_is_left_out() -> None:
    marks = marks_of(LEFT, noise=1)
    x, y = marks[4].pixel
    marks[4] = Mark(1, marks[4].place, (x + 4, y - 22))
    fit = fit_camera(marks, FOOTBALL, SIZE)
    assert list(fit.left_out) == [marks[4]]
    assert fit.cameras[1].centre == pytest.approx(LEFT.centre, abs=1.0)


def test_the_error_that_is_told_is_that_of_many_tries() -> None:
    names = (*FEW, "left_centre_circle_side", "left_near_penalty_arc_end")
    place = np.array([(-45.0, 10.0)])  # outside the marks
    rng, tries, told = np.random.default_rng(5), [], []
    for _ in range(25):
        marks = [
            Mark(1, m.place, (m.pixel[0] + rng.normal(0, 1.5), m.pixel[1] + rng.normal(0, 1.5)))
            for m in marks_of(LEFT, names=names)
        ]
        fit = fit_camera(marks, FOOTBALL, SIZE)
        tries.append(fit.cameras[1].to_ground(LEFT.project(place))[0] - place[0])
        told.append(fit.ground_error(1, LEFT.project(place), error_px=0.0)[0])
    assert np.median(told) == pytest.approx(np.sqrt(np.mean(np.sum(np.square(tries), axis=1))), rel=0.5)


def test_far_from_the_marks_the_camera_knows_less() -> None:
    names = ("left_far_goal_area_corner", "left_near_goal_area_corner", "left_penalty_spot", "left_far_penalty_arc_end")
    fit = fit_camera(marks_of(LEFT, names=names), FOOTBALL, SIZE)
    at_mark, far = fit.ground_error(1, LEFT.project([(-47, 0), (-5, 30)]))
    assert far > 4 * at_mark
    assert fit.ground_error(1, LEFT.project([(-47, 0)]), 5.0)[0] > at_mark


def swapped(marks: list[Mark], a: int, b: int) -> list[Mark]:
    marks = list(marks)
    marks[a], marks[b] = Mark(1, marks[a].place, marks[b].pixel), Mark(1, marks[b].place, marks[a].pixel)
    return marks


def mirrored(marks: list[Mark]) -> list[Mark]:
    words = {"left": "right", "right": "left"}
    return [Mark(1, "_".join(words.get(w, w) for w in str(m.place).split("_")), m.pixel) for m in marks]


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ([], "0 marks"),
        ([(1, 2.0, 3.0, 640, 360)], r"a mark is \(frame, place, \(px, py\)\)"),
        (marks_of(LEFT, names=FEW[:3]), "frame 1: 3 marks; a camera needs four or more"),
        (
            marks_of(LEFT, names=("centre_spot", "near_halfway", "far_halfway", "near_centre_circle_halfway")),
            r"on one line, spread by 24\.\d m along it and 0\.00 m across",
        ),
        (mirrored(marks_of(LEFT)), r"all \d+ triangles of points are mirrored"),
        (swapped(marks_of(LEFT, names=FEW), 0, 2), r"triangles of points are turned over; two points are swapped"),
        (
            [*marks_of(LEFT), Mark(1, "left_far_cornr", (1, 1))],
            "no such keypoint or line; did you mean 'left_far_corner'",
        ),
        ([*marks_of(LEFT), Mark(1, "centre_circle", (1, 1))], "circles and arcs cannot be used"),
        ([*marks_of(LEFT), Mark(1, "centre_spot", (1, 1))], "centre_spot is marked twice"),
        ([*marks_of(LEFT), Mark(0, "centre_spot", (1, 1))], "numbered from 1"),
        ([*marks_of(LEFT), Mark(1, (1.0, 2.0), (float("nan"), 1))], "two finite numbers"),
        ([*marks_of(LEFT), Mark(1, (1.0,), (1, 1))], "a place has x and y"),
    ],
)
def test_marks_that_tell_no_camera_are_refused(marks: list[Mark], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        fit_camera(marks, FOOTBALL, SIZE)


def test_a_pitch_of_the_wrong_size_is_refused_with_the_error() -> None:
    with pytest.raises(SettingError, match=r"they are \d+\.\d px off .* is the pitch football, 90 × 60 m"):
        fit_camera(marks_of(LEFT), load_pitch("football", 90, 60), SIZE)


def test_a_centre_that_moves_is_refused_with_both_places() -> None:
    moved = Camera((-25.0, 70.0, 12.0), 20.0, 9.0, 0.0, 1500.0, MIDDLE)
    message = r"centre moves: frame 1 is seen from \(3\.\d, .* frame 7 .*, \d+\.\d m apart; with one centre"
    with pytest.raises(SettingError, match=message):
        fit_camera([*marks_of(LEFT), *marks_of(moved, 7)], FOOTBALL, SIZE)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (Camera((3.0, 40.0, 0.4), -10.0, 1.0, 0.0, 900.0, MIDDLE), r"0\.4 m above the ground, which is not between 1"),
        (Camera((0.0, 60.0, 900.0), 0.0, 86.0, 0.0, 9000.0, MIDDLE), r"\d+\.\d m above the ground, which is not"),
    ],
)
def test_a_height_that_no_stand_has_is_refused(camera: Camera, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        fit_camera(marks_of(camera), FOOTBALL, SIZE)


def test_a_focal_length_that_no_lens_has_is_refused() -> None:
    far = Camera((0.0, 9000.0, 190.0), 0.0, 1.2, 0.0, 90_000.0, MIDDLE)
    with pytest.raises(SettingError, match=r"focal length of \d+ px, \d+\.\d\d widths of the picture"):
        fit_camera(marks_of(far), FOOTBALL, SIZE)


def test_marks_are_read_from_csv(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text(
        "frame,place,px,py\n1,centre_spot,640,360\n# a post\n\n2, 52.5, -3.66, 900, 200\n2,52.5,3.66,2.44,9,8\n"
    )
    assert read_marks(file) == [
        Mark(1, "centre_spot", (640.0, 360.0)),
        Mark(2, (52.5, -3.66), (900.0, 200.0)),
        Mark(2, (52.5, 3.66, 2.44), (9.0, 8.0)),
    ]


@pytest.mark.parametrize("line", ["1,centre_spot,640", "x,centre_spot,1,2", "1,a,b,3,4", "1,1,2,3,4,5,6"])
def test_a_line_that_is_no_mark_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "points.csv"
    file.write_text(f"1,centre_spot,640,360\n{line}\n")
    with pytest.raises(FormatError, match=r"points\.csv, line 2: .* is neither frame,name,px,py nor"):
        read_marks(file)


TWICE = [
    Mark(1, "left_far_penalty_arc_end", (460.9, 318.0)),
    Mark(1, "far_halfway", (944.2, 258.2)),
    Mark(1, "near_centre_circle_halfway", (1198.3, 374.5)),
    Mark(1, "left_far_goal_post", (158.4, 329.0)),
]
"""Seen from (−27, 63, 13) m; a camera at (−61, 153, 26) m fits as well."""


def test_two_cameras_that_fit_four_marks_are_refused_with_both() -> None:
    message = r"two cameras fit its 4 marks, one at \(-\d.*\) m to 0\.\d px, one at \(-\d.*the ground 1\d\.\d m apart"
    with pytest.raises(SettingError, match=message):
        fit_camera(TWICE, FOOTBALL, SIZE)
    one_more = [*TWICE, Mark(1, "left_far_penalty_area_corner", (391.6, 299.6))]
    camera = Camera((-27.364, 63.236, 12.554), 1.5685, 12.2071, -0.1317, 1209.73, MIDDLE)
    place = FOOTBALL.keypoints["left_far_penalty_area_corner"]
    one_more[-1] = Mark(1, "left_far_penalty_area_corner", tuple(camera.project([place])[0]))
    assert fit_camera(one_more, FOOTBALL, SIZE).cameras[1].centre == pytest.approx(camera.centre, abs=5.0)


def test_marks_that_leave_the_ground_unsure_are_refused() -> None:
    marks = [
        Mark(1, "left_far_goal_area_goal_line", (176.4, 331.2)),
        Mark(1, "left_near_penalty_arc_end", (208.2, 387.0)),
        Mark(1, "left_far_goal_area_corner", (237.6, 335.3)),
        Mark(1, "left_far_goal_post", (127.0, 345.8)),
    ]
    with pytest.raises(SettingError, match=r"its 4 marks leave the ground in view unsure by \d+\.\d m at the median"):
        fit_camera(marks, FOOTBALL, SIZE)


def test_a_better_size_is_named_with_its_error() -> None:
    with pytest.raises(SettingError, match=r"A pitch of 10[45]\.\d × 6[78]\.\d m would fit to \d\.\d px"):
        fit_camera(marks_of(LEFT, noise=0.5), load_pitch("football", 90, 60), SIZE)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_bytes(b"1,centre_spot,\r640,360\n")
    with pytest.raises(FormatError, match=r"points\.csv"):
        read_marks(tmp_path / "points.csv")
