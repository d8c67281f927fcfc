"""Follow the field of a video: learn its colour, find its region in each frame, and decide who stands on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.boxes import iou
from sportstrack.field.colour import Chroma, Surface, find_surfaces, histogram, to_chroma
from sportstrack.field.region import Mask, distance_to, drawn, hull_of, join_parts, parts, shrink, solid
from sportstrack.images.check import check_image
from sportstrack.images.corners import LEAST_SIDE
from sportstrack.images.opencv import require_cv2
from sportstrack.types import BoolArray, FloatArray, Image

WIDTH = 160  # pixels of the small picture
"""The field is looked for in a picture of this width."""

LEAST_FIELD = 0.15  # of the picture
LEAST_FILL = 0.72  # of the region's hull that the field's colour fills
LEAST_PURITY = 0.7  # of a surface's solid part that has its colour, before anything is filled
SECOND = 0.05  # of the picture: a second surface is at least so large
SMOOTH = 1.6  # steps of light: mean roughness of a second surface; a far, dark crowd has 2, a floor 0.3 to 1.2
LEAST_BORDER = 0.15  # of the picture's width: a second surface touches the first one along so much
LINE_GAP = 7  # pixels of the small picture: the common border of two surfaces may be a broad line
SHADOW_GAP = 10  # a shadow's border is not smooth, so some pixels on both sides have no colour
SURE = 0.3  # a person with at least this score has a vote
LEAST_PEOPLE = 1.5  # people on a field, on average
LEAST_VOTES = 0.25  # of all people that stand on a coloured field
LEAST_GREY_VOTES = 0.4  # of all people that stand on a field without colour: a street is grey, too
CLOSE_UP = 0.4  # of the picture's height: people taller than this are a close-up
MEMORY = 0.97  # of votes and colours from frame to frame, and from one learning to the next
LEARN = 12  # frames between two learnings of the colour, once it is known

MARGIN = 0.45  # of a person's size: feet may be this far outside
CUT = 0.015  # of the picture's height: a box that ends so near its lower edge shows no feet
SLENDER = 2.2  # height of a person by its width, where the picture's upper edge cuts it
COVERED = 0.15  # overlap from which on a nearer box may hide another one's feet


@dataclass(frozen=True, eq=False)
class Field:
    """The region of the field in one frame.

    Attributes:
        polygon: (V, 2) float64 corners of its convex outline in pixels, in order.
        away: (h, w) float32 distance to the region from each pixel of a small picture of the frame, in pixels of the
            frame; 0 on the field. The region is the outline and all large parts in the field's colour.
        width: of the frame, pixels.
        height: of the frame, pixels.
    """

    polygon: FloatArray
    away: NDArray[np.float32]
    width: int
    height: int

    def holds(self, xyxy: FloatArray) -> BoolArray:
        """Return (N,) whether each person belongs to the field; in doubt, it does.

        Feet may be outside by `MARGIN` of the person's size: players jump, take corners and throw-ins, and stand
        behind the goal line. A box that the picture's lower edge cuts, and one whose feet another person hides, are
        judged by what is seen of them.

        Args:
            xyxy: (N, 4) pixels.
        """
        boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
        if not len(boxes):
            return np.zeros(0, np.bool_)
        usable: BoolArray = np.logical_and.reduce(np.isfinite(boxes), axis=1)
        boxes = np.where(usable[:, None], boxes, 0.0)
        near = self._near(boxes)
        held: BoolArray = near | ~usable
        return held | (_covering(boxes) & near).any(axis=1)

    def _near(self, boxes: FloatArray) -> BoolArray:
        """(N,) whether the lower edge of a box is within the margin of the region."""
        x1, y1, x2, y2 = boxes.T
        across, high = x2 - x1, y2 - y1
        high = np.where(y1 <= CUT * self.height, np.maximum(high, SLENDER * across), high)  # the head is outside
        limit = MARGIN * np.maximum(high, across) + self.width / WIDTH
        out = np.minimum.reduce([self._away(x, y2) for x in (x1, (x1 + x2) / 2, x2)])
        cut = y2 >= (1 - CUT) * self.height
        if cut.any():
            seen = [self._away((x1 + x2) / 2, y1 + share * (y2 - y1)) for share in np.linspace(0.0, 1.0, 6)]
            out = np.where(cut, np.minimum.reduce([out, *seen]), out)
        near: BoolArray = out <= limit
        return near

    def _away(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """(N,) pixels from points to the region; a point outside the frame counts as its border's."""
        h, w = self.away.shape
        column = np.clip(x * (w / self.width), 0, w - 1).astype(np.intp)
        row = np.clip(y * (h / self.height), 0, h - 1).astype(np.intp)
        distance: FloatArray = self.away[row, column].astype(np.float64)
        return distance


class FieldFinder:
    """Finds the field in the frames of one video, in order; about half a millisecond a frame.

    Args:
        people: it is a field only where people stand on it; False believes the colour alone, where there are no boxes.

    Attributes:
        frames: frames seen.
        found: how many of them showed a field.
    """

    def __init__(self, *, people: bool = True) -> None:
        self._people = people
        self.frames = self.found = 0
        self.cut()

    def cut(self) -> None:
        """Forget the colour: the next frame belongs to another shot."""
        self._shares: NDArray[np.float32] | None = None
        self._seen = 0
        self._surfaces: list[Surface] = []
        self._votes = np.zeros(3)  # people on the field, people in all, frames

    def update(self, image: Image, xyxy: FloatArray, score: FloatArray | None = None) -> Field | None:
        """Look at the next frame.

        Args:
            image: (H, W, 3) uint8 BGR.
            xyxy: (N, 4) boxes of the people in it, pixels.
            score: (N,) their scores; None counts all.

        Returns:
            The field; None where there is none to be seen, or it cannot be told from its surroundings.

        Raises:
            SettingError: the image is no such picture.
        """
        check_image(image, "field")
        self.frames += 1
        if min(image.shape[:2]) < LEAST_SIDE:
            return None
        height, width = image.shape[:2]
        scale = width / WIDTH
        boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
        sure = np.isfinite(boxes).all(axis=1)
        if score is not None:
            sure &= np.asarray(score) >= SURE
        boxes = boxes[sure]
        small = to_chroma(shrink(image, WIDTH))
        self._learn(small, boxes / scale)
        field = self._region(small, scale, (width, height))
        if field is None or (self._people and not self._agreed(field, boxes, height)):
            return None
        self.found += 1
        return field

    def _learn(self, small: Chroma, boxes: FloatArray) -> None:
        """Add the frame to the colours of the shot, and choose the field's surfaces, when it is time for that."""
        due = self._seen in (0, 2, 5) or self._seen % LEARN == 0
        self._seen += 1
        if not due:
            return
        shares = histogram(small)
        self._shares = shares if self._shares is None else MEMORY * self._shares + (1 - MEMORY) * shares
        self._surfaces = _choose(find_surfaces(self._shares, small), small, boxes)

    def _region(self, small: Chroma, scale: float, size: tuple[int, int]) -> Field | None:
        if not self._surfaces:
            return None
        mask: Mask = self._surfaces[0].mask(small)
        for surface in self._surfaces[1:]:
            mask |= surface.mask(small)
        for surface in self._surfaces:
            mask |= surface.glaring(small)
        joined = join_parts(solid(mask))
        if joined is None:
            return None
        ground, hull, fill = joined
        region = drawn(hull, (mask.shape[0], mask.shape[1]))
        ground = ground | _shadows(small.dark, region | ground)
        if fill < LEAST_FILL or int(region.sum()) < LEAST_FIELD * mask.size:
            return None
        polygon = hull[:, 0].astype(np.float64)
        polygon += np.where(polygon >= polygon.mean(axis=0), 1.0, 0.0)  # to the far side of the corner's pixel
        return Field(polygon * scale, distance_to(region | ground) * np.float32(scale), *size)

    def _agreed(self, field: Field, boxes: FloatArray, height: int) -> bool:
        """Return whether people stand on the field, as they did in the last frames, and are not seen close up."""
        on = field.holds(boxes)
        tall = boxes[:, 3] - boxes[:, 1]
        if on.any() and float(np.median(tall[on])) > CLOSE_UP * height:
            return False
        self._votes = MEMORY * self._votes + (int(on.sum()), len(on), 1)
        on_field, people, frames = self._votes.tolist()
        share = LEAST_GREY_VOTES if self._surfaces[0].grey else LEAST_VOTES
        return bool(on.any() and on_field >= LEAST_PEOPLE * frames and on_field >= share * people)


def _choose(surfaces: list[Surface], small: Chroma, boxes: FloatArray) -> list[Surface]:
    """Return the field's own surface first, then those beside it that belong to it; nothing without a field.

    The field is the surface with the most feet on it, weighted by its size. A floor of two colours (a court and its
    free zone) has a second one: smooth, large and beside the first.
    """
    seen = [(surface, *part) for surface in surfaces if (part := _solid_part(surface, small)) is not None]
    if not seen:
        return []
    shape = (small.index.shape[0], small.index.shape[1])
    feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    feet = np.clip(feet, 0, (shape[1] - 1, shape[0] - 1)).astype(np.intp)

    def weight(one: tuple[Surface, int, Mask]) -> float:
        near = drawn(hull_of(one[2]), shape)[feet[:, 1], feet[:, 0]]
        return float((1 + int(near.sum())) * one[1])

    seen.sort(key=weight, reverse=True)
    main, area, ground = seen[0]
    if area < LEAST_FIELD * small.index.size / 2:
        return []
    chosen = [main]
    for surface, size, mask in seen[1:]:
        smooth = float(small.rough[mask > 0].mean()) <= SMOOTH
        large = size >= SECOND * small.index.size
        if not surface.grey and smooth and large and _touching(ground, mask) >= LEAST_BORDER * WIDTH:
            chosen.append(surface)
    return chosen


def _shadows(dark: Mask, region: Mask) -> Mask:
    """Return the large parts of what is too dark to have a colour that the region borders on: its own shade, maybe."""
    found = np.zeros_like(region)
    for _, part in parts(solid(dark)):
        if _touching(region, part, SHADOW_GAP) >= LEAST_BORDER * WIDTH:
            found |= part
    return found


def _solid_part(surface: Surface, small: Chroma) -> tuple[int, Mask] | None:
    """Return area and mask of a surface's largest solid part; None if it is no even surface."""
    raw = surface.mask(small)
    found = parts(solid(raw))
    if not found:
        return None
    area, mask = found[0]
    pure = int((raw & mask).sum()) / area
    return (area, mask) if pure >= LEAST_PURITY else None


def _touching(one: Mask, other: Mask, gap: int = LINE_GAP) -> int:
    """Return along how many rows and columns a mask is next to another, with up to a gap of so many pixels."""
    cv2 = require_cv2()
    near: Any = cv2.dilate(one, np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    edge = other & near
    return int(edge.any(axis=0).sum() + edge.any(axis=1).sum())


def _covering(boxes: FloatArray) -> BoolArray:
    """(N, N) whether the feet of a box (row) are within another, nearer one (column)."""
    x = (boxes[:, 0] + boxes[:, 2]) / 2
    y = boxes[:, 3]
    within = (x[:, None] >= boxes[:, 0]) & (x[:, None] <= boxes[:, 2])
    within &= (y[:, None] >= boxes[:, 1]) & (y[:, None] < boxes[:, 3])
    return within & (iou(boxes, boxes) >= COVERED)
