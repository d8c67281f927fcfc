"""Kit colours: what they say of painted people, and that they stand anything."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.kitted import Match, plain

from sportstrack.embed.clothes import kit_colours
from sportstrack.errors import SettingError
from sportstrack.identities.kits import WIDTH, colour_shares, distances, in_words, points
from sportstrack.identities.palette import COLOURS


def one(kit: tuple[str, str, str, str], x: float = 300, **more: object) -> np.ndarray:
    match = Match([kit, kit, kit], np.array([[x, 400.0], [x + 60, 500], [x, 600]]), **more)  # type: ignore[arg-type]
    kits = [kit_colours(image, boxes) for _, image, _, boxes in match.frames(5)]
    return points(np.mean([k[0] for k in kits], axis=0)[None])[0]


@pytest.mark.parametrize(
    ("kit", "words"),
    [
        (plain("white"), "white, black shorts"),
        (plain("sky", "sky"), "sky blue"),
        (plain("blue", "white"), "blue, white shorts"),
        (plain("yellow", "yellow"), "yellow"),
        (("red", "white", "hoops", "black"), "red and white, black shorts"),
    ],
)
def test_a_kit_in_words(kit: tuple[str, str, str, str], words: str) -> None:
    said = in_words(one(kit))
    assert set(said.replace(",", "").split()) == set(words.replace(",", "").split()), said


def test_narrow_stripes_that_are_blurred_into_one_another_are_two_colours() -> None:
    shares = np.zeros((3, len(COLOURS)))
    shirt = {"pink": 0.25, "brown": 0.23, "red": 0.17, "light grey": 0.06, "white": 0.09, "claret": 0.1, "grey": 0.1}
    shares[0, [list(COLOURS).index(name) for name in shirt]] = list(shirt.values())
    assert in_words(points(shares.reshape(1, -1))[0]) == "red and white"
    shares[0, list(COLOURS).index("red")] = 0.0
    assert in_words(points(shares.reshape(1, -1))[0]) == "pink and brown"


def test_light_and_shade_change_a_kit_less_than_another_kit_does() -> None:
    sun, shade, other = one(plain("red")), one(plain("red"), x=900), one(plain("claret"))
    assert distances(sun[None], shade[None])[0, 0] < 0.05
    assert distances(sun[None], other[None])[0, 0] > 0.15


def test_grass_is_left_out() -> None:
    image = np.full((200, 200, 3), (60, 130, 60), np.uint8)
    image[90:130, 95:105] = (40, 30, 200)
    kits = kit_colours(image, np.array([[80.0, 60, 120, 160], [10, 10, 40, 100]]))
    assert kits.shape == (2, WIDTH)
    assert kits[1].sum() < 0.01
    assert next(iter(colour_shares(points(kits[:1])[0]))) == "red"


@pytest.mark.parametrize("box", [[np.nan] * 4, [0, 0, np.inf, 5], [30, 30, 10, 10], [500, 500, 600, 700], [5, 5, 5, 5]])
def test_an_unusable_box_gives_zeros(box: list[float]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    kits = kit_colours(image, np.array([box, [20, 20, 60, 90]]))
    assert not kits[0].any()
    assert kits[1].any()


def test_no_boxes_and_boxes_over_the_border() -> None:
    image = np.random.default_rng(0).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    assert kit_colours(image, np.empty((0, 4))).shape == (0, WIDTH)
    found = kit_colours(image, np.array([[-30.0, -50, 40, 60], [70, 60, 300, 400], [-1e9, -1e9, 1e9, 1e9]]))
    assert np.isfinite(found).all()
    assert (found.reshape(3, 3, -1).sum(axis=2) <= 1.0001).all()


def test_a_picture_without_colour_gives_zeros() -> None:
    grey = np.repeat(np.random.default_rng(0).integers(0, 255, (100, 100, 1), dtype=np.uint8), 3, axis=2)
    assert not kit_colours(grey, np.array([[20.0, 20, 60, 90]])).any()


def test_a_grey_array_is_refused() -> None:
    with pytest.raises(SettingError):
        kit_colours(np.zeros((10, 10), np.uint8), np.array([[0.0, 0, 5, 5]]))  # type: ignore[arg-type]
