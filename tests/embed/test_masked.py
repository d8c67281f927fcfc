"""Kit colours and embeddings of what is inside the masks: neither the grass nor a neighbour changes them."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.embed.clothes import kit_colours
from sportstrack.embed.crops import NetworkInput, embed_crops
from sportstrack.embed.fuse import Centred, Combined
from sportstrack.embed.kit import KitEmbedder
from sportstrack.embed.masked import embed_masked
from sportstrack.masks import Masks

RED, BLUE, GRASS = (40, 40, 200), (200, 60, 40), (60, 140, 70)  # BGR
BOX = np.array([[60.0, 20, 100, 120]])


def scene(neighbour: bool) -> tuple[np.ndarray, Masks]:
    """A player in red whose right half a player in blue may hide; the masks of both, or of one."""
    image = np.full((150, 200, 3), GRASS, np.uint8)
    masks = np.zeros((2 if neighbour else 1, 150, 200), bool)
    image[22:118, 66:94] = RED
    masks[0, 22:118, 66:94] = True
    if neighbour:
        image[22:118, 80:108] = BLUE
        masks[0, :, 80:] = False
        masks[1, 22:118, 80:108] = True
    return image, Masks.from_array(masks)


def boxes(neighbour: bool) -> np.ndarray:
    return np.vstack([BOX, BOX + (14, 0, 14, 0)]) if neighbour else BOX


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))


def mean_colour(planes: np.ndarray) -> np.ndarray:
    return planes.mean(axis=(2, 3)) + 1e-6


def network(frame: np.ndarray, xyxy: np.ndarray, masks: Masks | None = None) -> np.ndarray:
    return embed_crops(frame, xyxy, mean_colour, wants=NetworkInput((32, 16)), length=3, batch=2, masks=masks)


@pytest.mark.parametrize("look", [kit_colours, lambda f, b, m=None: embed_masked(KitEmbedder(), f, b, m), network])
def test_a_neighbour_does_not_count(look: object) -> None:
    (alone, own), (hidden, both) = scene(False), scene(True)
    true = look(alone, boxes(False), own)[0]  # type: ignore[operator]
    with_mask = look(hidden, boxes(True), both)[0]  # type: ignore[operator]
    without = look(hidden, boxes(True))[0]  # type: ignore[operator]
    assert cosine(true, with_mask) > 0.98
    assert cosine(true, with_mask) > cosine(true, without) + 0.02


def test_rows_without_a_mask_keep_their_whole_box() -> None:
    image, both = scene(True)
    some = Masks.from_array([None, both[1]])
    for look in (kit_colours, network):
        assert np.allclose(look(image, boxes(True), some)[0], look(image, boxes(True))[0], atol=0.05)
    assert np.array_equal(KitEmbedder().masked(image, boxes(True), some)[0], KitEmbedder()(image, boxes(True))[0])


def test_embedders_in_embedders_hand_masks_on() -> None:
    image, both = scene(True)
    for made in (Centred(KitEmbedder()), Combined([(KitEmbedder(), 0.6)])):
        assert not np.array_equal(made.masked(image, boxes(True), both), made(image, boxes(True)))


def test_an_embedder_of_one_s_own_that_knows_no_masks_is_asked_as_ever() -> None:
    image, both = scene(True)
    found = embed_masked(lambda frame, xyxy: np.eye(2, 3, dtype=np.float32), image, boxes(True), both)
    assert np.array_equal(found, np.eye(2, 3))


def test_masks_of_another_size_are_not_used() -> None:
    image, both = scene(True)
    small = both.at((75, 100))
    assert np.array_equal(embed_masked(KitEmbedder(), image, boxes(True), small), KitEmbedder()(image, boxes(True)))
    assert np.array_equal(kit_colours(image, boxes(True), small), kit_colours(image, boxes(True)))
