"""Rendered players: what is known of their numbers is what the pictures show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_prep.synthetic.shirts import NumberCrop, Typefaces, new_player, render_crop
from data_prep.synthetic.shirts.bodies import Pose
from data_prep.synthetic.shirts.textures import random_kit

BACK = Pose(0.0, 0.0, 1.0, 0.05, (0.2, 0.2, 0.2, 0.2), (0.1, 0.1, -0.1, -0.1), (False, False))
FACES = Typefaces()


def crops(count: int, number: str | None = None, *, front: bool = True, **how: Any) -> list[NumberCrop]:
    out = []
    for seed in range(count):
        rng = np.random.default_rng([77, seed])
        kit = random_kit(rng, FACES)
        player = new_player(rng, FACES, kit if front else replace(kit, front=0.0), number)
        out.append(render_crop(player, rng, FACES, **how))
    return out


def test_the_same_seed_gives_the_same_picture() -> None:
    first, second = crops(3), crops(3)
    assert all(np.array_equal(a.image, b.image) and a.number == b.number for a, b in zip(first, second, strict=True))


def test_a_number_on_a_back_is_where_its_corners_say() -> None:
    for crop in crops(8, "8", pose=BACK, height=300.0, others=0.0):
        assert crop.corners is not None
        x, y = crop.corners.mean(axis=0) / crop.image.shape[1::-1]
        assert 0.25 < x < 0.75
        assert 0.1 < y < 0.7
        assert 20 < crop.tall < 90


def test_from_behind_and_large_nearly_all_are_legible() -> None:
    legible = [crop.legible for crop in crops(30, "23", pose=BACK, height=300.0, others=0.0)]
    assert np.mean(legible) > 0.75


def test_what_is_small_or_turned_away_is_not_legible() -> None:
    assert not any(crop.legible for crop in crops(12, "23", pose=BACK, height=40.0))
    side = replace(BACK, yaw=np.pi / 2)
    assert not any(crop.legible for crop in crops(12, "23", front=False, pose=side, height=300.0))


def test_a_number_shows_in_the_picture() -> None:
    rng = np.random.default_rng(5)
    player = new_player(rng, FACES, number="8")
    plain = new_player(rng, FACES, player.kit, "").shirt.picture
    without = replace(player, shirt=replace(player.shirt, picture=plain))
    view: dict[str, Any] = {"pose": BACK, "height": 300.0, "others": 0.0}
    pair = [render_crop(one, np.random.default_rng(9), FACES, **view) for one in (player, without)]
    assert pair[0].corners is not None
    (x1, y1), (x2, y2) = pair[0].corners.min(axis=0).astype(int), pair[0].corners.max(axis=0).astype(int)
    assert pair[0].image.shape == pair[1].image.shape
    apart = np.abs(pair[0].image.astype(int) - pair[1].image.astype(int)).max(axis=2)
    assert apart[y1:y2, x1:x2].mean() > 3 * max(1.0, apart[int(0.8 * len(apart)) :].mean())


@pytest.mark.parametrize("digit", list("0123456789"))
def test_own_strokes_draw_ten_different_digits(digit: str) -> None:
    masks = {d: FACES.mask(d, np.random.default_rng(1), -2) for d in "0123456789"}
    assert masks[digit].max() == 255
    others = [d for d in masks if d != digit and masks[d].shape == masks[digit].shape]
    assert not any(np.array_equal(masks[d], masks[digit]) for d in others)


def test_officials_have_no_number() -> None:
    assert all(crop.corners is None and not crop.legible for crop in crops(6, "", height=200.0))
