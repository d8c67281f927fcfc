"""The field by its colour: people on it stay, people in the stand go, and where there is no field nobody goes."""

from __future__ import annotations

import fields as scenes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.field import Field, FieldFinder, people_of
from sportstrack.field.finder import MARGIN
from sportstrack.field.region import distance_to


def verdict(image: np.ndarray, boxes: np.ndarray, finder: FieldFinder | None = None) -> np.ndarray | None:
    field = (finder or FieldFinder()).update(image, boxes)
    return None if field is None else field.holds(boxes)


def assert_told_apart(image: np.ndarray, players: np.ndarray, crowd: np.ndarray) -> None:
    held = verdict(image, np.vstack([players, crowd]))
    assert held is not None
    assert held[: len(players)].all()
    assert not held[len(players) :].any()


@pytest.mark.parametrize("surface", scenes.SURFACES)
@pytest.mark.parametrize("seed", range(3))
def test_players_stay_and_spectators_go_on_every_surface(surface: str, seed: int) -> None:
    assert_told_apart(*scenes.scene(scenes.SURFACES[surface], seed))


@pytest.mark.parametrize("surface", ["grass", "parquet", "clay"])
@pytest.mark.parametrize("light", [{"shade": 0.45}, {"shade": 1.6}, {"stripes": 0.2}, {"gain": 0.5}, {"gain": 1.3}])
def test_stripes_shade_and_light_do_not_divide_a_field(surface: str, light: dict[str, float]) -> None:
    for seed in range(3):
        assert_told_apart(*scenes.scene(scenes.SURFACES[surface], 10 + seed, **light))


def test_players_in_a_shadow_without_colour_stay() -> None:
    for seed in range(3):
        image, players, crowd = scenes.scene(scenes.SURFACES["grass"], 20 + seed)
        image[:, :250] = (0.22 * image[:, :250]).astype(np.uint8)  # night falls on a part of the lawn
        held = verdict(image, np.vstack([players, crowd]))
        assert (players[:, 2] < 250).sum() >= 2
        assert held is not None
        assert held[: len(players)].all()
        right = crowd[:, 0] > 330
        assert right.any()
        assert not held[len(players) :][right].any()


def test_a_free_zone_of_another_colour_belongs_to_the_court() -> None:
    image, players, crowd = scenes.scene(scenes.SURFACES["blue floor"], 4)
    court = image[scenes.TOP + 40 : 330, 120:520]
    court[:] = np.where(
        np.abs(court.astype(int) - (170, 110, 50)).max(axis=2, keepdims=True) < 40, (70, 130, 225), court
    )
    assert_told_apart(image, players, crowd)


def test_nobody_goes_where_there_is_no_field() -> None:
    for seed in range(5):
        assert verdict(*scenes.crowd_alone(seed)) is None
    grey = np.full((360, 640, 3), 110, np.uint8)  # a street
    people = np.array([scenes.person(x, 300, 60) for x in range(60, 600, 60)])
    assert verdict(grey, people) is None


def test_a_close_up_shows_no_field() -> None:
    image, _, _ = scenes.scene(scenes.SURFACES["grass"])
    tall = np.array([scenes.person(150, 340, 300), scenes.person(400, 350, 320)])
    assert verdict(image, tall) is None


def test_a_lawn_that_nobody_stands_on_is_no_field() -> None:
    image, _, crowd = scenes.scene(scenes.SURFACES["grass"])
    assert verdict(image, crowd) is None


def test_another_shot_is_learned_anew() -> None:
    finder = FieldFinder()
    grass, ice = scenes.SURFACES["grass"], scenes.SURFACES["ice"]
    for seed in range(15):
        image, players, crowd = scenes.scene(grass, seed)
        assert verdict(image, np.vstack([players, crowd]), finder) is not None
    finder.cut()
    image, players, crowd = scenes.scene(ice, 3)
    held = verdict(image, np.vstack([players, crowd]), finder)
    assert held is not None
    assert held.tolist() == [True] * len(players) + [False] * len(crowd)
    assert (finder.frames, finder.found) == (16, 16)


def test_no_boxes_and_unusable_boxes() -> None:
    image, players, _ = scenes.scene(scenes.SURFACES["grass"])
    assert FieldFinder().update(image, np.empty((0, 4))) is None
    odd = np.vstack([players, [[np.nan, 0, 5, 5]]])
    held = verdict(image, odd)
    assert held is not None
    assert held[-1]


def test_a_picture_that_is_none_is_refused_and_a_tiny_one_has_no_field() -> None:
    with pytest.raises(SettingError, match="field"):
        FieldFinder().update(np.zeros((9, 9)), np.empty((0, 4)))  # type: ignore[arg-type]
    assert FieldFinder().update(np.zeros((9, 9, 3), np.uint8), np.empty((0, 4))) is None


# --- the border


def lower_half(height: int = 360, width: int = 640) -> Field:
    region = np.zeros((90, 160), np.uint8)
    region[45:] = 1
    corners = np.array([(0, height / 2), (width, height / 2), (width, height), (0, height)], float)
    return Field(corners, distance_to(region) * np.float32(width / 160), width, height)


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0, 640),
    st.floats(-0.4, 5),
    st.floats(5, 150),
    st.floats(0.25, 1.2),
)
def test_who_stands_on_the_field_or_near_its_border_is_never_left_out(
    x: float, beyond: float, height: float, slim: float
) -> None:
    foot = 180 + min(beyond * height, 200.0)  # down to 0.4 of the height above the border
    box = [x - slim * height / 2, foot - height, x + slim * height / 2, foot]
    assert lower_half().holds(np.array([box])).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 640), st.floats(MARGIN + 0.05, 4), st.floats(20, 60))
def test_who_stands_well_beyond_the_border_is_left_out(x: float, beyond: float, height: float) -> None:
    foot = 180 - beyond * height - 8  # a pixel of the small picture, and its border
    held = lower_half().holds(np.array([[x - 0.2 * height, foot - height, x + 0.2 * height, foot]]))
    assert foot - height <= 10 or not held.any()  # a box at the upper edge shows a part only


def test_a_box_that_the_lower_edge_cuts_is_judged_by_what_is_seen() -> None:
    bench = np.zeros((90, 160), np.uint8)
    bench[20:60] = 1
    field = Field(np.zeros((4, 2)), distance_to(bench) * np.float32(4), 640, 360)
    before_the_field = [300, 200, 360, 360]  # a player near the camera, feet below the picture
    on_the_bench = [300, 330, 330, 360]
    assert field.holds(np.array([before_the_field, on_the_bench])).tolist() == [True, False]


def test_feet_behind_another_player_do_not_count_against_anybody() -> None:
    hidden, hiding = [100, 80, 140, 128], [95, 100, 150, 200]
    alone, both = lower_half().holds(np.array([hidden])), lower_half().holds(np.array([hidden, hiding]))
    assert alone.tolist() == [False]
    assert both.tolist() == [True, True]


# --- classes


def test_people_are_known_by_their_names() -> None:
    names = dict(
        enumerate(
            ["person", "sports ball", "Players", "team_left", "puck", "goalKeeper", "car", "referee 2", "ball-boy"]
        )
    )
    assert [names[k] for k in people_of(names)] == ["person", "Players", "team_left", "goalKeeper", "referee 2"]
