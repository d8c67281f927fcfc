"""Camera motion: recovered where it is known, refused where it is not known, and worth having."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from camera_views import HEIGHT, WIDTH, add_players, corner_error, players, similarity, view
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.camera import CAMERAS, DEFAULT_CAMERA, load_camera
from sportstrack.camera.affine import apply, enlarge, is_plausible
from sportstrack.errors import SettingError
from sportstrack.types import CameraMotion

NO_BOXES = np.empty((0, 4))
IMAGE_METHODS = ("flow", "orb", "ecc")
every_method = pytest.mark.parametrize("name", sorted(CAMERAS))
every_image_method = pytest.mark.parametrize("name", IMAGE_METHODS)
MOTIONS = {
    "still": similarity(),
    "pan": similarity(shift=(13.4, -2.3)),
    "tilt": similarity(shift=(0.6, 9.7)),
    "zoom in": similarity(1.03),
    "zoom out": similarity(0.97),
    "roll": similarity(degrees=1.2),
    "all": similarity(1.015, -0.8, (-8.2, 3.1)),
}


@every_image_method
@pytest.mark.parametrize("motion", MOTIONS)
def test_a_known_motion_is_recovered_within_a_fraction_of_a_pixel(name: str, motion: str, canvas: np.ndarray) -> None:
    camera = load_camera(name)
    assert camera.update(view(canvas, MOTIONS["still"]), NO_BOXES) is None
    found = camera.update(view(canvas, MOTIONS[motion]), NO_BOXES)
    assert corner_error(found, MOTIONS[motion]) < (1.0 if name == "orb" else 0.4)


@pytest.mark.parametrize("name", ["flow", "orb"])
def test_players_that_move_by_themselves_have_no_say(name: str, canvas: np.ndarray) -> None:
    camera, motion = load_camera(name), MOTIONS["pan"]
    camera.update(add_players(view(canvas, similarity()), players()), players())
    there = players((-12.0, 4.0))
    found = camera.update(add_players(view(canvas, motion), there), there)
    assert corner_error(found, motion) < 1.0


def test_boxes_keep_a_crowd_from_being_taken_for_the_background(canvas: np.ndarray) -> None:
    plain = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    plain[:60] = view(canvas, similarity())[:60]
    before, after = players(), players((9.0, 0.0))
    with_boxes, without = load_camera("flow"), load_camera("flow")
    with_boxes.update(add_players(plain, before), before)
    without.update(add_players(plain, before), NO_BOXES)
    found = with_boxes.update(add_players(plain, after), after)
    assert corner_error(found, similarity()) < 0.3
    fooled = without.update(add_players(plain, after), NO_BOXES)
    assert fooled is None or corner_error(fooled, similarity()) > 1.0


small_affines = st.builds(
    similarity,
    zoom=st.floats(0.97, 1.03),
    degrees=st.floats(-1.5, 1.5),
    shift=st.tuples(st.floats(-20, 20), st.floats(-12, 12)),
)


@settings(deadline=None, max_examples=25)
@given(motion=small_affines)
def test_flow_recovers_any_small_affine(motion: np.ndarray, canvas: np.ndarray) -> None:
    camera = load_camera()
    camera.update(view(canvas, similarity()), NO_BOXES)
    assert corner_error(camera.update(view(canvas, motion), NO_BOXES), motion) < 0.5


@settings(deadline=None, max_examples=40)
@given(
    shift=st.tuples(st.floats(-120, 120), st.floats(-60, 60)),
    seed=st.integers(0, 999),
    order=st.permutations(range(14)),
)
def test_boxes_tell_a_shift_that_is_longer_than_a_box(shift: tuple[float, float], seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform((0, 0), (WIDTH, HEIGHT), (14, 2))
    before = np.hstack([low, low + (30, 60)])
    after = before + np.tile(shift, 2) + np.tile(rng.normal(0, 1.0, (14, 2)), 2)
    camera = load_camera("boxes")
    camera.update(None, before)
    assert corner_error(camera.update(None, after[order]), similarity(shift=shift)) < 6.0


def test_boxes_tell_a_zoom_when_there_are_enough_of_them() -> None:
    motion = similarity(1.04, 0.0, (5.0, 2.0))
    before = players(count=10)
    after = np.hstack([apply(motion, before[:, :2]), apply(motion, before[:, 2:])])
    camera = load_camera("boxes")
    camera.update(None, before)
    assert corner_error(camera.update(None, after), motion) < 0.5


def test_one_sprinter_does_not_move_the_camera_of_the_boxes() -> None:
    before, after = players(count=6), players(count=6)
    after[0] += (14, 0, 14, 0)
    camera = load_camera("boxes")
    camera.update(None, before)
    assert corner_error(camera.update(None, after), similarity()) < 0.5


# --- when it is not known --------------------------------------------------------------------------------------------


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


Pair = Callable[[np.ndarray], tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]
ALL = np.array([[-5.0, -5.0, WIDTH + 5.0, HEIGHT + 5.0]])
BLACK = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
HOPELESS: dict[str, Pair] = {
    "black": lambda c: ((BLACK, NO_BOXES), (BLACK, NO_BOXES)),
    "into black": lambda c: ((view(c, similarity()), NO_BOXES), (BLACK, NO_BOXES)),
    "noise": lambda c: ((noise(1), NO_BOXES), (noise(2), NO_BOXES)),
    "boxes cover all": lambda c: ((view(c, similarity()), ALL), (view(c, MOTIONS["pan"]), ALL)),
    "size changed": lambda c: ((view(c, similarity()), NO_BOXES), (view(c, similarity())[:300].copy(), NO_BOXES)),
    "another picture": lambda c: ((c[:HEIGHT, :WIDTH].copy(), NO_BOXES), (c[-HEIGHT:, -WIDTH:].copy(), NO_BOXES)),
}


@every_image_method
@pytest.mark.parametrize("case", HOPELESS)
def test_none_where_the_motion_is_unknown(name: str, case: str, canvas: np.ndarray) -> None:
    camera = load_camera(name)
    first, second = HOPELESS[case](canvas)
    assert camera.update(*first) is None
    assert camera.update(*second) is None
    # and it goes on from there
    still = view(canvas, similarity())
    camera.update(still, NO_BOXES)
    assert corner_error(camera.update(still, NO_BOXES), similarity()) < 0.1


@every_image_method
def test_a_missing_frame_breaks_the_chain(name: str, canvas: np.ndarray) -> None:
    camera, still = load_camera(name), view(canvas, similarity())
    camera.update(still, NO_BOXES)
    assert camera.update(None, NO_BOXES) is None
    assert camera.update(still, NO_BOXES) is None  # the frame before is unknown
    assert camera.update(still, NO_BOXES) is not None


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_boxes_tell_nothing(count: int) -> None:
    camera = load_camera("boxes")
    assert camera.update(None, players(count=count)) is None
    assert camera.update(None, players((3.0, 0.0), count)) is None


def test_boxes_that_moved_at_random_tell_nothing_or_little() -> None:
    rng = np.random.default_rng(0)
    camera = load_camera("boxes")
    for _ in range(20):
        low = rng.uniform((0, 0), (WIDTH, HEIGHT), (8, 2))
        found = camera.update(None, np.hstack([low, low + (30, 60)]))
        assert found is None or is_plausible(found, (WIDTH, HEIGHT))


@every_image_method
@pytest.mark.parametrize(
    "frame",
    [np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH, 3)), np.zeros((8, 8, 3), np.uint8), [[1, 2]]],
    ids=["grey", "float", "tiny", "list"],
)
def test_what_is_no_colour_picture_is_refused(name: str, frame: Any) -> None:
    with pytest.raises(SettingError, match="camera motion: expected"):
        load_camera(name).update(frame, NO_BOXES)


@every_method
def test_boxes_of_another_shape_are_refused(name: str) -> None:
    with pytest.raises(SettingError, match=r"\(N, 4\) boxes, got shape \(3, 5\)"):
        load_camera(name).update(BLACK, np.zeros((3, 5)))


@every_method
def test_broken_boxes_are_passed_over(name: str, canvas: np.ndarray) -> None:
    broken = np.array([[np.nan, 0, 5, 5], [0, 0, np.inf, 5], [9, 9, 2, 2], [1e300, 0, 1e301, 10]])
    camera, still = load_camera(name), view(canvas, similarity())
    for _ in range(2):
        found = camera.update(still, np.vstack([players(), broken]))
    assert corner_error(found, similarity()) < 0.1


# --- the same for all ------------------------------------------------------------------------------------------------


def stream(canvas: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for k in range(4):
        yield view(canvas, similarity(shift=(4.0 * k, k))), players((4.0 * k, float(k)))


@every_method
def test_reset_equals_fresh_and_runs_repeat_to_the_bit(name: str, canvas: np.ndarray) -> None:
    import cv2

    camera = load_camera(name)
    first = [camera.update(*step) for step in stream(canvas)]
    camera.reset()
    cv2.setRNGSeed(99)  # a neighbour's generator must not matter
    again = [camera.update(*step) for step in stream(canvas)]
    assert first[0] is None
    assert again[0] is None
    for a, b in zip(first[1:], again[1:], strict=True):
        np.testing.assert_array_equal(a, b)


@every_method
def test_input_is_not_changed_nor_kept(name: str, canvas: np.ndarray) -> None:
    camera, other = load_camera(name), load_camera(name)
    for frame, boxes in stream(canvas):
        mine, mine_boxes = frame.copy(), boxes.copy()
        found = camera.update(mine, mine_boxes)
        np.testing.assert_array_equal(mine, frame)
        np.testing.assert_array_equal(mine_boxes, boxes)
        mine[:], mine_boxes[:] = 0, 0  # a decoder may use its buffer again
        expected = other.update(frame, boxes)
        assert (found is None) == (expected is None)
        if found is not None:
            np.testing.assert_array_equal(found, expected)


@every_method
def test_only_boxes_do_without_pictures(name: str) -> None:
    camera = load_camera(name.upper())
    assert isinstance(camera, CameraMotion)
    assert camera.needs_image == (name != "boxes")


def test_enlarging_keeps_a_shift_and_counts_from_the_corner() -> None:
    shift = np.array([[1.0, 0, 2.5], [0, 1, -1.0]])
    np.testing.assert_allclose(enlarge(shift, np.array([2.0, 2.0])), [[1, 0, 5], [0, 1, -2]])
    turned = np.array([[-1.0, 0, 9.0], [0, -1, 9.0]])  # a 10 × 10 picture turned by 180 degrees
    np.testing.assert_allclose(enlarge(turned, np.array([1.0, 1.0])), [[-1, 0, 10], [0, -1, 10]])


# --- by name ---------------------------------------------------------------------------------------------------------


def test_an_unknown_name_says_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"unknown camera motion 'flwo'; did you mean 'flow'\? \(known: flow, orb"):
        load_camera("flwo")
    assert DEFAULT_CAMERA == "flow"


class Steady:
    needs_image = False

    def update(self, frame: Any, xyxy: Any) -> np.ndarray:
        return similarity()

    def reset(self) -> None:
        pass


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("my_camera")
    module.Steady, module.number, module.Odd = Steady, 3, dict
    module.Needy = lambda wanted: wanted
    monkeypatch.setitem(sys.modules, "my_camera", module)
    return module


def test_a_class_of_one_s_own_is_loaded(plugin: types.ModuleType) -> None:
    assert isinstance(load_camera("my_camera:Steady"), Steady)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no_such_module:X", "cannot import no_such_module"),
        ("my_camera:Nothing", "has no 'Nothing'"),
        ("my_camera:Odd", r"expected an object with needs_image, update\(\) and reset\(\), got dict"),
        ("my_camera:Needy", "called with no arguments"),
        ("my_camera:number", "called with no arguments"),
    ],
)
def test_what_is_no_camera_motion_is_refused(spec: str, message: str, plugin: types.ModuleType) -> None:
    with pytest.raises(SettingError, match=message):
        load_camera(spec)
