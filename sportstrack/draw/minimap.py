"""The pitch from above: a picture of it to draw on, and the minimap of one frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.draw.colours import OTHERS, Colour
from sportstrack.draw.heatmap import Presence, draw_path, overlay
from sportstrack.draw.standing import FramePlaces
from sportstrack.draw.text import Letters, Stamp
from sportstrack.pitch.camera import Camera
from sportstrack.pitch.draw import draw_pitch, pitch_to_picture
from sportstrack.pitch.file import PitchFrame
from sportstrack.pitch.model import Pitch
from sportstrack.types import BoolArray, FloatArray, Image

UNSURE = 1.0
"""Metres: places with a larger error are drawn as rings of this size in place of dots."""
OPACITY = 0.85  # of a map in a corner
ALONE = 1280  # pixels, width of a map that is alone
MAP_WIDTH = 1280  # pixels of a heat map on the pitch
_GRID = 4  # pixels between two points that are tested for being in view; more on large maps
_FAR = 300.0  # pixels; beyond them the distance from the border does not matter
_MARGIN = 0.02  # of the picture's height, around a map in a corner


class PitchCanvas:
    """Draws on a picture of the pitch by metres.

    Args:
        pitch: the model.
        width: of the picture in pixels, about.
    """

    def __init__(self, pitch: Pitch, width: int) -> None:
        scale = width / float(2 * pitch_to_picture(pitch, 1.0)[0, 2])
        self.image: Image = draw_pitch(pitch, scale)
        self.scale = scale
        self._map = pitch_to_picture(pitch, scale)

    def pixels(self, xy: FloatArray) -> FloatArray:
        """Return the pixels (N, 2) of places (N, 2) in metres."""
        return np.asarray(xy @ self._map[:, :2].T + self._map[:, 2])

    def metres(self, pixels: FloatArray) -> FloatArray:
        """Return the places (N, 2) in metres of pixels (N, 2)."""
        return np.asarray((pixels - self._map[:, 2]) / self.scale)

    def heat(self, xy: FloatArray) -> None:
        """Draw a heat map of places in metres."""
        height, width = self.image.shape[:2]
        presence = Presence(width, height)
        presence.add(self.pixels(xy))
        self.image = overlay(self.image, presence.map())

    def path(self, xy: FloatArray, colour: Colour, thickness: int | None = None) -> None:
        """Draw a path; rows of NaN interrupt it."""
        draw_path(self.image, self.pixels(xy), colour, thickness)

    def title(self, text: str, letters: Letters) -> None:
        """Write a line in the upper left corner."""
        letters.plate(text, (20, 20, 20), 0.7).paste(self.image, 6, 6)


class Minimap:
    """Draws where everyone stands, frame by frame.

    Args:
        pitch: the model.
        width: of the map in pixels.
        size: width and height of the video's picture, of which the part in view is outlined.
    """

    def __init__(self, pitch: Pitch, width: int, size: tuple[int, int]) -> None:
        self._base = PitchCanvas(pitch, width)
        height, width = (side // 2 * 2 for side in self._base.image.shape[:2])  # as videos need it
        self._base.image = np.ascontiguousarray(self._base.image[:height, :width])
        self._dark: Image = self._base.image // 4 * 3
        self._labels: dict[tuple[str, Colour], Stamp] = {}
        self._size = size
        self._radius = max(4, round(self._base.scale * 1.9))
        self._letters = Letters(max(7, round(1.3 * self._radius)))
        self._words = Letters(max(9, round(self._base.image.shape[0] / 14)))
        self._cell = max(_GRID, width // 160 * 2)
        columns, rows = np.meshgrid(np.arange(0, width, self._cell), np.arange(0, height, self._cell))
        self._grid = np.stack([columns, rows], axis=2)
        self._ground = self._base.metres(self._grid.reshape(-1, 2).astype(np.float64))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the map in pixels."""
        height, width = self._base.image.shape[:2]
        return width, height

    def draw(
        self,
        frame: PitchFrame,
        standing: FramePlaces,
        colours: Sequence[Colour],
        texts: Sequence[str],
        is_ball: BoolArray,
    ) -> Image:
        """Return the map of a frame; without a known camera it is dark and empty, and says so.

        Args:
            frame: where it sees the pitch.
            standing: where its N tracks are.
            colours: of each.
            texts: short word for each, such as its number.
            is_ball: (N,) which are a ball.
        """
        if frame.camera is None:
            image = np.asarray(self._base.image // 2, np.uint8)
            label = self._words.plate("camera not known", (20, 20, 20), 0.7)
            label.paste(image, (image.shape[1] - label.size[0]) // 2, (image.shape[0] - label.size[1]) // 2)
            return image
        image = self._in_view(frame.camera)
        rows = np.flatnonzero(np.isfinite(standing.xy).all(axis=1))
        for row in [*rows[~is_ball[rows]].tolist(), *rows[is_ball[rows]].tolist()]:
            text = "" if is_ball[row] or colours[row] == OTHERS else texts[row]
            self._dot(image, standing.xy[row], float(standing.error[row]), colours[row], text, bool(is_ball[row]))
        return image

    def _in_view(self, camera: Camera) -> Image:
        """Return the pitch with a border around the part in view, and the rest darker."""
        import cv2

        seen = camera.project(self._ground)
        depth = np.minimum(seen, np.array(self._size) - seen).min(axis=1)  # pixels from the picture's border
        depth = np.nan_to_num(depth, nan=-_FAR).clip(-_FAR, _FAR).astype(np.float32).reshape(self._grid.shape[:2])
        rows, columns = depth.shape
        whole = np.asarray(cv2.resize(depth, (columns * self._cell, rows * self._cell), interpolation=cv2.INTER_LINEAR))
        shift = self._cell // 2  # OpenCV counts from the middle of a cell
        whole = np.pad(whole, ((0, shift), (0, shift)), mode="edge")[shift:, shift:]
        image: Image = self._dark.copy()
        inside = (whole[: image.shape[0], : image.shape[1]] >= 0).astype(np.uint8)
        cv2.copyTo(self._base.image, inside, image)
        borders, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
        cv2.polylines(image, borders, True, (255, 255, 255), max(1, self._radius // 5), cv2.LINE_AA)
        return image

    def _dot(self, image: Image, xy: FloatArray, error: float, colour: Colour, text: str, is_ball: bool) -> None:
        import cv2

        spot = np.round(self._base.pixels(xy[None])[0] * 16)
        x, y = int(spot[0]), int(spot[1])
        radius = max(2, round(0.6 * self._radius)) if is_ball else self._radius
        if error > UNSURE and not is_ball:
            reach = min(max(error * self._base.scale, radius), 4.0 * self._radius)
            cv2.circle(image, (x, y), round(16 * reach), (20, 20, 20), 3, cv2.LINE_AA, 4)
            cv2.circle(image, (x, y), round(16 * reach), colour, 1, cv2.LINE_AA, 4)
            return
        cv2.circle(image, (x, y), 16 * radius + 16, (20, 20, 20), -1, cv2.LINE_AA, 4)
        cv2.circle(image, (x, y), 16 * radius, colour, -1, cv2.LINE_AA, 4)
        if text and self._letters.pixels >= 8:
            label = self._labels.get((text[:3], colour))
            if label is None:
                label = self._labels[text[:3], colour] = self._letters.plate(text[:3], colour, 0.0)
            label.paste(image, x // 16 - label.size[0] // 2, y // 16 - label.size[1] // 2)


def width_for(pitch: Pitch, height: int) -> int:
    """Return the width of a map that is so many pixels high."""
    shape = pitch_to_picture(pitch, 1.0)
    return int(height * shape[0, 2] / shape[1, 2])


def corner_of(place: str, picture: tuple[int, int], minimap: tuple[int, int]) -> tuple[int, int]:
    """Return x and y of a map's upper left corner in a picture; sizes are width and height."""
    margin = round(_MARGIN * picture[1])
    x = margin if place.endswith("left") else picture[0] - minimap[0] - margin
    y = margin if place.startswith("upper") else picture[1] - minimap[1] - margin
    return max(x, 0), max(y, 0)


def composed(image: Image, minimap: Image | None, place: str) -> Image:
    """Return a picture with its minimap beside it, or the minimap alone; one in a corner is in the picture already."""
    if minimap is None or place not in ("beside", "alone"):
        return image
    if place == "alone":
        return minimap
    column = np.zeros((image.shape[0], minimap.shape[1], 3), np.uint8)
    top = max(0, (len(column) - len(minimap)) // 2)
    column[top : top + len(minimap)] = minimap[: len(column)]
    return np.hstack([image, column])


def paste(image: Image, minimap: Image, x: int, y: int) -> None:
    """Blend a map **into** a picture, with a thin edge."""
    import cv2

    part = image[y : y + minimap.shape[0], x : x + minimap.shape[1]]
    part[...] = cv2.addWeighted(minimap[: part.shape[0], : part.shape[1]], OPACITY, part, 1 - OPACITY, 0)
    cv2.rectangle(image, (x, y), (x + part.shape[1] - 1, y + part.shape[0] - 1), (20, 20, 20), 1)
