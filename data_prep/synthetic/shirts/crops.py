"""One player as a detector's box shows it: the number's corners and whether it can be read are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.settings import Colour
from data_prep.synthetic.shirts.bodies import (
    BodyPainter,
    Look,
    Points,
    Pose,
    SeenNumber,
    paint_shorts_number,
    random_pose,
)
from data_prep.synthetic.shirts.digits import Typefaces
from data_prep.synthetic.shirts.scenes import background, worn
from data_prep.synthetic.shirts.textures import Shirt, TeamKit, dress, plain_kit, random_kit
from sportstrack.types import Image

SKINS: tuple[Colour, ...] = ((150, 180, 222), (120, 155, 205), (85, 120, 175), (55, 80, 125), (40, 55, 88))
HAIRS: tuple[Colour, ...] = ((20, 22, 28), (25, 40, 70), (70, 130, 180), (30, 60, 120), (120, 125, 130))
_CANVAS = (460, 400)  # rows, columns
_HIPS = (200.0, 225.0)

LEAST_TALL = 9.0  # pixels of a number's height, with less nobody reads it
LEAST_CONTRAST = 24.0  # levels between the digits and what is round them
LEAST_SEEN = 0.97  # of a number's width turned to the camera
LEAST_OPEN = 0.88  # of its ink that nothing covers
LEAST_NARROWED = 0.42  # of its width from straight ahead


@dataclass(frozen=True)
class RenderedPlayer:
    """A person with a kit and a number; ``number`` is empty for officials."""

    kit: TeamKit
    look: Look
    number: str
    shirt: Shirt


@dataclass(frozen=True)
class NumberCrop:
    """A picture of one player.

    Attributes:
        image: (H, W, 3) BGR, as a detector's box cuts it out.
        number: the player's number, empty where there is none, seen or not.
        corners: (4, 2) of the number in pixels of the image: top left, top right, bottom right, bottom left. None where
            it cannot be seen.
        legible: whether a person could read it: large, sharp, turned to the camera and open enough.
        tall: height of the number in pixels, 0 without corners.
    """

    image: Image
    number: str
    corners: NDArray[np.float64] | None
    legible: bool
    tall: float


def new_player(
    rng: np.random.Generator, faces: Typefaces, kit: TeamKit | None = None, number: str | None = None
) -> RenderedPlayer:
    """Return a player at random.

    Args:
        rng: all that is drawn.
        faces: hands of the digits.
        kit: None draws one; players of one team share theirs.
        number: ``0`` to ``99``, empty for none. None draws one: low numbers are as frequent as in matches.
    """
    if number is None:
        number = str(int(rng.integers(1, 35) if rng.random() < 0.5 else rng.integers(0, 100)))
    kit = random_kit(rng, faces) if kit is None else kit
    kit = kit if number else plain_kit(kit)
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    look = Look(skin, hair, float(rng.uniform(0.9, 1.15)), bool(rng.random() < 0.12))
    return RenderedPlayer(kit, look, number, dress(kit, number, rng, faces))


def render_crop(
    player: RenderedPlayer,
    rng: np.random.Generator,
    faces: Typefaces,
    *,
    pose: Pose | None = None,
    height: float | None = None,
    others: float = 0.35,
) -> NumberCrop:
    """Return a picture of a player.

    Args:
        player: who is in the middle of it.
        rng: all that is drawn.
        faces: hands of neighbours and boards.
        pose: None draws one.
        height: of the person in pixels. None draws one, from 40 to 400.
        others: how likely somebody else is in the picture.
    """
    pose = random_pose(rng) if pose is None else pose
    height = float(np.exp(rng.uniform(np.log(40), np.log(400)))) if height is None else height
    painter = BodyPainter(background(rng, faces, _CANVAS))
    after = bool(rng.random() < 0.5)
    neighbour = bool(rng.random() < others)
    if neighbour and not after:
        _neighbour(painter, player, rng, faces)
    points, seen, inked = painter.person(player.kit, player.look, player.shirt, pose, _HIPS, rng, marked=True)
    if player.number and player.kit.shorts_number and np.cos(pose.yaw) < 0.3:
        mask = faces.mask(player.number, rng, player.kit.hand)
        paint_shorts_number(painter.canvas, mask, np.array(_HIPS) + (-20, 30), player.kit.ink)
    if neighbour and after:
        _neighbour(painter, player, rng, faces)
    box = _framed(points, rng)
    scale = height / float(np.ptp(points[:, 1]))
    image, blur = worn(painter.canvas, box, scale, rng)
    return _labelled(player, image, seen, painter.ink, inked, box, blur)


def _neighbour(painter: BodyPainter, player: RenderedPlayer, rng: np.random.Generator, faces: Typefaces) -> None:
    """Draw somebody of the same or the other team beside, behind or before."""
    kit = player.kit if rng.random() < 0.5 else random_kit(rng, faces)
    other = new_player(rng, faces, kit, "" if rng.random() < 0.4 else None)
    away = float(rng.choice([-1, 1])) * float(rng.uniform(35, 130))
    hips = (_HIPS[0] + away, _HIPS[1] + float(rng.uniform(-25, 35)))
    painter.person(other.kit, other.look, other.shirt, random_pose(rng), hips, rng)


def _framed(points: Points, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return the detector's box: about the person, sometimes the upper body alone."""
    low, high = points.min(axis=0) - (10, 4), points.max(axis=0) + (10, 4)
    size = high - low
    low = low + rng.normal(0, 0.035, 2) * size
    high = high + rng.normal(0, 0.035, 2) * size
    if rng.random() < 0.2:
        high[1] -= float(rng.uniform(0.1, 0.5)) * size[1]
    x1, y1 = np.clip(np.round(low), 0, (_CANVAS[1] - 40, _CANVAS[0] - 60)).astype(int).tolist()
    x2, y2 = np.clip(np.round(high), (x1 + 30, y1 + 40), (_CANVAS[1], _CANVAS[0])).astype(int).tolist()
    return x1, y1, x2, y2


def _labelled(
    player: RenderedPlayer,
    image: Image,
    seen: dict[str, SeenNumber],
    ink: Image,
    inked: float,
    box: tuple[int, int, int, int],
    blur: float,
) -> NumberCrop:
    """Return the crop with the number that is seen best, if there is one."""
    parts = [part for part in seen.values() if part.share > 0.6 and part.narrowed > 0.25]
    if not parts or not inked:
        return NumberCrop(image, player.number, None, False, 0.0)
    best = max(parts, key=lambda part: part.share * part.narrowed)
    factor = np.array(image.shape[1::-1]) / (box[2] - box[0], box[3] - box[1])
    corners = (best.corners - box[:2]) * factor
    tall = float(np.linalg.norm((corners[3] - corners[0] + corners[2] - corners[1]) / 2))
    open_share = float(ink.sum()) / inked
    middle = corners.mean(axis=0)
    if open_share < 0.35 or not ((middle > 0) & (middle < image.shape[1::-1])).all():
        return NumberCrop(image, player.number, None, False, 0.0)
    inside = ((corners > -2) & (corners < np.array(image.shape[1::-1]) + 2)).all()
    legible = (
        inside
        and tall >= LEAST_TALL
        and best.share >= LEAST_SEEN
        and best.narrowed >= LEAST_NARROWED
        and open_share >= LEAST_OPEN
        and blur < 0.1 * tall
        and _contrast(image, ink[box[1] : box[3], box[0] : box[2]]) > LEAST_CONTRAST
    )
    return NumberCrop(image, player.number, corners, bool(legible), tall)


def _contrast(image: Image, ink: Image) -> float:
    """Return how far the digits' colour is from what is round them, in levels."""
    import cv2

    mask = cv2.resize(ink, image.shape[1::-1], interpolation=cv2.INTER_AREA)
    reach = max(1, image.shape[0] // 60)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    ring = (cv2.dilate(mask, kernel) > 60) & (mask < 30)
    solid = mask > min(200, int(mask.max()) - 1)
    if not ring.any() or not solid.any():
        return 0.0
    apart = image[solid].mean(axis=0) - image[ring].mean(axis=0)
    return float(np.abs(apart @ (0.11, 0.59, 0.30)) + 0.3 * np.abs(apart).mean())
