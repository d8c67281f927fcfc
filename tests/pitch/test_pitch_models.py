"""Models of pitches: official measures, symmetry, names, sizes, and their pictures."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack import draw_pitch, load_pitch
from sportstrack.errors import SettingError
from sportstrack.pitch import pitch_names, pitch_to_picture

OFFICIAL = {
    "basketball_fiba": (28, 15),
    "basketball_nba": (94 * 0.3048, 50 * 0.3048),
    "field_hockey": (91.4, 55),
    "football": (105, 68),
    "futsal": (40, 20),
    "handball": (40, 20),
    "ice_hockey_iihf": (60, 30),
    "ice_hockey_nhl": (200 * 0.3048, 85 * 0.3048),
    "rugby": (100, 70),
    "volleyball": (18, 9),
}


def mirrored(name: str, first: str, second: str) -> str:
    parts = [first if p == second else second if p == first else p for p in name.split("_")]
    return "_".join(parts)


def test_every_model_is_known_with_its_official_size() -> None:
    assert pitch_names() == sorted(OFFICIAL)
    for name, size in OFFICIAL.items():
        pitch = load_pitch(name)
        assert (pitch.length, pitch.width) == pytest.approx(size)
        assert pitch.source


@pytest.mark.parametrize("name", OFFICIAL)
@pytest.mark.parametrize(("axis", "words"), [(0, ("left", "right")), (1, ("near", "far"))])
def test_halves_mirror_each_other_by_name_and_place(name: str, axis: int, words: tuple[str, str]) -> None:
    pitch = load_pitch(name)
    flip = np.ones(2)
    flip[axis] = -1
    for key, point in pitch.keypoints.items():
        other = pitch.keypoints[mirrored(key, *words)]
        assert other[:2] == pytest.approx(flip * point[:2]), key
        assert ("right" in key.split("_")) == (point[0] > 0), key
        assert ("near" in key.split("_")) == (point[1] > 0), key
    for parts in (pitch.lines, pitch.arcs):
        for key, part in parts.items():
            assert parts[mirrored(key, *words)].distance(part.points() * flip).max() < 1e-6, key


@pytest.mark.parametrize("name", OFFICIAL)
def test_keypoints_on_the_ground_lie_on_what_is_painted(name: str) -> None:
    pitch = load_pitch(name)
    parts = [*pitch.lines.values(), *pitch.arcs.values()]
    beside = {"penalty_spot", "second_penalty_spot", "centre_spot", "end_zone_spot", "neutral_zone_spot"}
    for key, point in pitch.keypoints.items():
        if len(point) == 2 and not any(key.endswith(word) for word in beside):
            assert min(part.distance([point])[0] for part in parts) < 1e-3, key


@pytest.mark.parametrize("name", OFFICIAL)
def test_arcs_begin_and_end_on_lines(name: str) -> None:
    pitch = load_pitch(name)
    others = list(pitch.lines.values())
    for key, arc in pitch.arcs.items():
        if arc.sweep < 6:
            for end in arc.points()[[0, -1]]:
                assert min(line.distance([end])[0] for line in others) < 1e-3, key


@pytest.mark.parametrize(
    ("name", "point", "place"),
    [  # as in the rules, worked out by hand
        ("football", "right_penalty_spot", (41.5, 0)),
        ("football", "left_far_penalty_area_corner", (-36, -20.16)),
        ("football", "right_near_goal_top", (52.5, 3.66, 2.44)),
        ("basketball_fiba", "right_three_point_arc_top", (14 - 8.325, 0)),
        ("basketball_fiba", "left_near_lane_corner", (-8.2, 2.45)),
        ("basketball_nba", "right_near_three_point_end_line", (14.3256, 22 * 0.3048)),
        ("handball", "left_near_goal_area_goal_line", (-20, 7.5)),
        ("futsal", "right_second_penalty_spot", (10, 0)),
        ("volleyball", "right_far_attack_line_end", (3, -4.5)),
        ("ice_hockey_iihf", "right_near_blue_line_end", (7.14, 15)),
        ("ice_hockey_nhl", "left_far_end_zone_spot", (-69 * 0.3048, -22 * 0.3048)),
        ("field_hockey", "left_near_circle_back_line", (-45.7, 16.46)),
        ("rugby", "left_near_dead_ball_corner", (-60, 35)),
    ],
)
def test_named_points_are_where_the_rules_put_them(name: str, point: str, place: tuple[float, ...]) -> None:
    assert load_pitch(name).keypoints[point] == pytest.approx(place)


def test_a_smaller_pitch_keeps_its_penalty_areas() -> None:
    pitch = load_pitch("football", length=100, width=60)
    assert pitch.keypoints["right_near_corner"] == (50, 30)
    assert pitch.keypoints["right_near_penalty_area_corner"] == pytest.approx((33.5, 20.16))
    assert load_pitch("Ice-Hockey NHL".lower()).name == "ice_hockey_nhl"


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("footbal", (None, None), "no pitch 'footbal'; did you mean 'football'"),
        ("football", (68, 105), "length is less than the width"),
        ("football", (30, 20), "no room for its lines"),
        ("football", (float("nan"), 68), "between 0 and 500"),
        ("football", (-1, 68), "between 0 and 500"),
        ("volleyball", (20, 9), "its rules know one size, 18 × 9 m"),
    ],
)
def test_what_cannot_be_is_refused(name: str, size: tuple[float | None, float | None], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        load_pitch(name, *size)


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_picture_shows_each_line_in_its_colour(name: str) -> None:
    pitch = load_pitch(name)
    scale = 1200 / pitch.length
    picture = draw_pitch(pitch, scale)
    to_picture = pitch_to_picture(pitch, scale)
    assert picture.dtype == np.uint8
    ground = np.array([int(pitch.surface[i : i + 2], 16) for i in (5, 3, 1)])
    assert (picture == ground).all(2).mean() > 0.5
    for key, part in (pitch.lines | pitch.arcs).items():
        if not part.dashed:
            x, y = np.round(to_picture @ [*part.points()[1 if len(part.points()) > 2 else 0], 1]).astype(int)
            near = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).astype(int)
            assert np.abs(near - ground).sum(1).max() > 60, key


def test_a_scale_that_no_picture_can_have_is_refused() -> None:
    for scale in (0.0, float("nan"), 1e6):
        with pytest.raises(SettingError, match="pixels_per_metre"):
            draw_pitch(load_pitch(), scale)
