"""JaC by hand, against point-by-point geometry, and the borders of the picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import SportstrackError, score_calibration
from sportstrack.score.calibration import clip_line, distance_to_line, scale_lines, turned_name

MIDDLE = np.array([[480.0, 0.0], [480.0, 539.0]])
TOP = np.array([[0.0, 100.0], [959.0, 100.0]])


def test_lines_count_by_hand() -> None:
    truth = {"Middle line": MIDDLE, "Side line top": TOP, "Circle central": np.array([[400.0, 300.0]])}
    drawn = {"Middle line": MIDDLE + [7, 0], "Side line top": TOP + [0, 3], "Side line left": MIDDLE}
    scores = score_calibration([truth], [drawn])
    # at 5 px: top is true, the middle line false, the left line unannotated, the circle missed
    np.testing.assert_allclose(scores.jac, [1 / 4, 2 / 4, 2 / 4])
    np.testing.assert_allclose(scores.precision, [1 / 3, 2 / 3, 2 / 3])
    np.testing.assert_allclose(scores.recall, [1 / 2, 2 / 3, 2 / 3])


def test_the_threshold_itself_is_too_far() -> None:
    scores = score_calibration([{"Middle line": MIDDLE}], [{"Middle line": MIDDLE + [5, 0]}])
    np.testing.assert_array_equal(scores.jac, [0, 1, 1])


def test_every_annotated_point_must_be_near() -> None:
    bent = np.array([[480.0, 0.0], [493.0, 300.0], [480.0, 539.0]])
    assert score_calibration([{"Middle line": bent}], [{"Middle line": MIDDLE}]).jac.tolist() == [0, 0, 1]


def test_a_pitch_turned_by_half_a_turn_is_as_good() -> None:
    truth = {"Side line top": TOP, "Big rect. left top": MIDDLE, "Goal left post left ": MIDDLE}
    turned = {"Side line bottom": TOP, "Big rect. right bottom": MIDDLE, "Goal right post left": MIDDLE}
    assert score_calibration([truth], [turned]).jac.tolist() == [1, 1, 1]
    mirrored = {"Side line top": TOP, "Big rect. right top": MIDDLE}
    assert score_calibration([truth], [mirrored]).jac.max() < 0.5


@pytest.mark.parametrize(
    ("name", "turned"),
    [
        ("Small rect. right main", "Small rect. left main"),
        ("Circle left", "Circle right"),
        ("Circle central", "Circle central"),
        ("Goal right crossbar", "Goal left crossbar"),
        ("Goal left post right", "Goal right post right"),
        ("Line unknown", "Line unknown"),
    ],
)
def test_turned_names(name: str, turned: str) -> None:
    assert turned_name(name) == turned
    assert turned_name(turned) == name


def test_frames_without_a_camera_cost_completeness_and_no_jac() -> None:
    truth = {"Middle line": MIDDLE}
    scores = score_calibration([truth] * 4, [truth, None, {"Middle line": MIDDLE + [30, 0]}, None])
    assert scores.completeness == 0.5
    np.testing.assert_allclose(scores.jac, 0.5)
    np.testing.assert_allclose(scores.final, 0.25)
    assert scores.to_dict()["final_5"] == 0.25
    assert "completeness 50.00 % (2 of 4 frames)" in str(scores)
    assert score_calibration([truth], [None]).final.tolist() == [0, 0, 0]


def test_annotations_are_scaled_to_the_picture() -> None:
    lines = scale_lines({"Middle line": [{"x": 0.5, "y": 0.0}, {"x": 1.0, "y": 1.0}], "Circle left": []})
    assert lines.keys() == {"Middle line"}
    np.testing.assert_allclose(lines["Middle line"], [[479.5, 0], [959, 539]])
    with pytest.raises(SportstrackError, match="no numbers x and y"):
        scale_lines({"Middle line": [{"x": 0.5}]})


def test_bad_input_is_refused() -> None:
    with pytest.raises(SportstrackError, match="2 frames of truth and 1 of results"):
        score_calibration([{}, {}], [{}])
    with pytest.raises(SportstrackError, match="Middle line"):
        score_calibration([{"Middle line": MIDDLE}], [{"Middle line": MIDDLE * np.nan}])


POINT = st.tuples(st.floats(-50, 1000), st.floats(-50, 600))


@settings(max_examples=100, deadline=None)
@given(st.lists(POINT, min_size=1, max_size=5), st.lists(POINT, min_size=1, max_size=5))
def test_distance_is_that_to_the_nearest_of_many_points(points: list, line: list) -> None:
    at, poly = np.array(points), np.array(line)
    dense = [poly[:1], *(a + np.linspace(0, 1, 2001)[:, None] * (b - a) for a, b in pairwise(poly))]
    expected = np.linalg.norm(at[:, None] - np.concatenate(dense), axis=2).min(axis=1)
    found = distance_to_line(at, poly)
    assert (found <= expected + 1e-6).all()
    assert (found >= expected - 0.4).all()  # the dense points are at most 0.7 px apart


@settings(max_examples=100, deadline=None)
@given(st.tuples(POINT, POINT))
def test_what_is_clipped_lies_inside_and_on_the_line(ends: tuple) -> None:
    a, b = map(np.array, ends)
    line = a + np.linspace(0, 1, 60)[:, None] * (b - a)
    kept = clip_line(line)
    assert ((kept >= 0) & (kept < (960, 540))).all()
    if len(kept):
        assert (distance_to_line(kept, line) < 40).all()
    inside = ((line >= 0) & (line < (960, 540))).all(axis=1)
    assert inside.sum() <= len(kept) <= inside.sum() + 2


def test_a_line_that_leaves_the_picture_ends_at_the_border() -> None:
    line = np.array([[900.0, 100.0], [940.0, 100.0], [980.0, 100.0], [np.nan, np.nan]])
    np.testing.assert_allclose(clip_line(line), [[900, 100], [940, 100], [959, 100]])
    assert clip_line(line + 1000).shape == (0, 2)
