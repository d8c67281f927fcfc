"""Letters and labels as small pictures, made once and copied into frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.draw.colours import Colour, ink_on
from sportstrack.types import Image

_KEPT = 512  # labels that stay in memory; those of a live stream never end
_EDGE: Colour = (20, 20, 20)
_FLAT = frozenset("0123456789ABCDEFGHIKLMNOPRSTUVWXYZabcdefhiklmnorstuvwxz#.:%- ")  # nothing below the line


@dataclass(frozen=True, eq=False)
class Stamp:
    """A small picture with opacity.

    Attributes:
        share: (h, w, 1) uint16 share of what is below, 0…256.
        colour: (h, w, 3) uint16 own colour times its share of 256.
        solid: (h, w, 3) the colours alone, of a stamp that hides all that is below but at its four corner pixels.
    """

    share: NDArray[np.uint16]
    colour: NDArray[np.uint16]
    solid: Image | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.share.shape[1], self.share.shape[0]

    def paste(self, canvas: Image, x: int, y: int) -> None:
        """Blend it into an image with its top left corner at x, y; what sticks out is left out."""
        width, height = self.size
        left, top = max(0, -x), max(0, -y)
        right, bottom = min(width, canvas.shape[1] - x), min(height, canvas.shape[0] - y)
        if right <= left or bottom <= top:
            return
        if self.solid is not None and (right - left, bottom - top) == (width, height):
            canvas[y + 1 : y + height - 1, x : x + width] = self.solid[1:-1]
            for row in (0, height - 1):  # without their rounded ends
                canvas[y + row, x + 1 : x + width - 1] = self.solid[row, 1:-1]
            return
        part = canvas[y + top : y + bottom, x + left : x + right]
        below = part * self.share[top:bottom, left:right]
        below += self.colour[top:bottom, left:right]
        below >>= 8
        part[...] = below


@dataclass
class Letters:
    """Makes labels in one size of letters.

    Attributes:
        pixels: size of the letters.
    """

    pixels: int
    _labels: dict[tuple[str, Colour], Stamp] = field(default_factory=dict)
    _plain: dict[tuple[str, Colour, float], Stamp] = field(default_factory=dict)

    def size(self, text: str) -> tuple[int, int]:
        """Return the width and height of a label with this text."""
        pad = self._pad
        return _line(text, self.pixels).shape[1] + 2 * pad + 2, _line(text, self.pixels).shape[0] + 2

    @property
    def _pad(self) -> int:
        return max(2, round(self.pixels / 4))

    def label(self, text: str, colour: Colour) -> Stamp:
        """Return a label: text on a ground of the colour, with a thin dark edge."""
        key = (text, colour)
        if key not in self._labels:
            if len(self._labels) >= _KEPT:
                self._labels.clear()
            self._labels[key] = self._made(text, colour, _EDGE, 1.0)
        return self._labels[key]

    def plate(self, text: str, colour: Colour, opacity: float) -> Stamp:
        """Return white or black text on a ground that lets the picture through."""
        return self._made(text, colour, colour, opacity)

    def _made(self, text: str, colour: Colour, edge: Colour, opacity: float) -> Stamp:
        letters = _line(text, self.pixels)
        pad = self._pad
        width, height = self.size(text)
        ground = np.empty((height, width, 3), np.float32)
        ground[:] = edge
        ground[1:-1, 1:-1] = colour
        ink = np.zeros((height, width, 1), np.float32)
        ink[1:-1, 1 + pad : 1 + pad + letters.shape[1], 0] = letters
        share = np.maximum(ink, opacity)
        share[[0, 0, -1, -1], [0, -1, 0, -1]] = 0.0  # rounded corners
        mixed = ground * (1 - ink) + np.array(ink_on(colour), np.float32) * ink
        whole = np.round(256 * share).astype(np.uint16)
        colours = np.floor(mixed * whole).astype(np.uint16)
        solid = (colours >> 8).astype(np.uint8) if opacity == 1.0 else None
        return Stamp(np.uint16(256) - whole, colours, solid)


@lru_cache(_KEPT)
def _line(text: str, pixels: int) -> NDArray[np.float32]:
    """(h, w) opacity of a line of letters, 0…1."""
    is_deep = any(letter not in _FLAT for letter in text)
    line: NDArray[np.float32] = np.hstack([_letter(letter, pixels, is_deep) for letter in text or " "])
    return line


@lru_cache(4096)
def _letter(letter: str, pixels: int, is_deep: bool) -> NDArray[np.float32]:
    from PIL import Image as Pictures
    from PIL import ImageDraw

    font, air = _font(pixels), max(1, round(pixels / 6))
    up = air - int(font.getbbox("0", anchor="ls")[1])
    down = max(air, int(font.getbbox("g", anchor="ls")[3])) if is_deep else air
    picture = Pictures.new("L", (max(1, round(font.getlength(letter))), up + down), 0)
    ImageDraw.Draw(picture).text((0, up), letter, fill=255, font=font, anchor="ls")
    opacity: NDArray[np.float32] = np.asarray(picture, np.float32) / np.float32(255)
    return opacity


@lru_cache(64)
def _font(pixels: int) -> Any:
    """Return the bold font that matplotlib brings along: the same on every machine, with most alphabets."""
    import importlib.util

    from PIL import ImageFont

    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.load_default(pixels)
