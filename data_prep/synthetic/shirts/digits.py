"""Masks of digits and letters in many hands: free fonts, OpenCV's fonts, and block digits made of strokes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_STYLES = ("bold", "black", "heavy", "medium", "regular", "demi", "series", "book", "-bd", "condensed", "semi")
_UNFIT = (
    *("mono", "cursor", "symbol", "chorus", "z003", "d050", "thin", "hairline", "extralight", "italic", "oblique"),
    *("math", "emoji", "smallcaps", "tamil", "train", "inclined", "outline", "f500", "slanted", "freemono", "sketch"),
)
_SIZE = 96  # pixels at which fonts draw
_HELD_OUT = 6  # one family of so many is for testing only


@dataclass(frozen=True)
class Typefaces:
    """What digits are drawn with.

    Attributes:
        fonts: TrueType and OpenType files; none leaves OpenCV's fonts and strokes.
    """

    fonts: Sequence[Path] = field(default_factory=tuple)

    @classmethod
    def of_machine(cls, *, held_out: bool = False) -> Typefaces:
        """Return the fonts of this machine that suit shirts.

        Args:
            held_out: those families that training never sees, instead of the others.
        """
        found = sorted(
            path
            for folder in map(Path, FONT_FOLDERS)
            if folder.is_dir()
            for path in folder.rglob("*.[to]tf")
            if _suits(path.stem.lower()) and _has_digits(path)
        )
        return cls(tuple(path for path in found if _is_held_out(path) == held_out))

    def mask(self, text: str, rng: np.random.Generator, hand: int | None = None) -> Mask:
        """Return the mask of a text, cut to its ink, about 100 pixels high.

        Args:
            text: digits; letters too where `hand` is a font's.
            rng: the hand's small variations.
            hand: which hand draws, from `hand`; None draws one.
        """
        chosen = self.hand(rng) if hand is None else hand
        if chosen >= 0 and self.fonts:
            return _lettered(text, self.fonts[chosen % len(self.fonts)])
        if chosen == -1 or not text.isdecimal():
            return _hershey(text, rng)
        return _blocks(text, rng)

    def hand(self, rng: np.random.Generator) -> int:
        """Return a hand at random: a font's index, −1 for OpenCV's fonts, −2 for strokes."""
        share = rng.random()
        if not self.fonts:
            return -1 if share < 0.4 else -2
        return -1 if share < 0.06 else -2 if share < 0.24 else int(rng.integers(len(self.fonts)))


def _suits(name: str) -> bool:
    if any(word in name for word in _UNFIT) or ("light" in name and "semi" not in name):
        return False
    return any(word in name for word in _STYLES) or "-" not in name


def _is_held_out(path: Path) -> bool:
    family = path.stem.lower().partition("-")[0]
    return zlib.crc32(family.encode()) % _HELD_OUT == 0


@lru_cache(maxsize=512)
def _font(path: Path) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(path), _SIZE)


def _has_digits(path: Path) -> bool:
    """Return whether the ten digits are there, are ten different pictures and are no old-style figures."""
    try:
        font = _font(path)
        boxes = [font.getbbox(digit) for digit in "0123456789"]
        pictures = {bytes(font.getmask(digit)) for digit in "0123456789"}
    except (OSError, ValueError, SystemError):
        return False
    tall = [bottom - top for _, top, _, bottom in boxes]
    return len(pictures) == 10 and min(tall) > 0.9 * max(tall) > 20


@lru_cache(maxsize=4096)
def _lettered(text: str, path: Path) -> Mask:
    from PIL import Image, ImageDraw

    font = _font(path)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (right - left + 4, bottom - top + 4), 0)
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, fill=255, font=font)
    return cut_to_ink(np.asarray(picture))


def _hershey(text: str, rng: np.random.Generator) -> Mask:
    import cv2

    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    thick = int(rng.integers(8, 18))
    (width, height), _ = cv2.getTextSize(text, face, 3.6, thick)
    mask = np.zeros((height + 80, width + 80), np.uint8)
    cv2.putText(mask, text, (40, height + 40), face, 3.6, 255, thick, cv2.LINE_AA)
    return cut_to_ink(mask)


def _strokes(c: float) -> dict[str, list[list[tuple[float, float]]]]:
    """Return the strokes of each digit in a square of side 1; corners are cut by `c`."""
    d, m = 1 - c, 0.5
    ring = [(0, c), (c, 0), (d, 0), (1, c), (1, d), (d, 1), (c, 1), (0, d), (0, c)]
    six = [(1, c), (d, 0), (c, 0), (0, c), (0, d), (c, 1), (d, 1), (1, d), (1, 0.44 + c), (d, 0.44), (0, 0.44)]
    upper = [(0, c), (c, 0), (d, 0), (1, c), (1, m - c), (d, m), (c, m), (0, m - c), (0, c)]
    return {
        "0": [ring],
        "1": [[(0.1, 0.25), (0.5, 0), (0.5, 1)]],
        "2": [[(0, c), (c, 0), (d, 0), (1, c), (1, 0.36), (0, 0.8), (0, 1), (1, 1)]],
        "3": [[(0, c), (c, 0), (d, 0), (1, c), (1, m - c), (d, m), (1, m + c), (1, d), (d, 1), (c, 1), (0, d)],
              [(d, m), (0.35, m)]],
        "4": [[(0.72, 1), (0.72, 0), (0, 0.66), (1, 0.66)]],
        "5": [[(1, 0), (0, 0), (0, 0.42), (d, 0.42), (1, 0.42 + c), (1, d), (d, 1), (c, 1), (0, d)]],
        "6": [six],
        "7": [[(0, 0), (1, 0), (0.4, 1)]],
        "8": [upper, [(x, 1 - y) for x, y in upper]],
        "9": [[(1 - x, 1 - y) for x, y in six]],
    }  # fmt: skip


def _blocks(text: str, rng: np.random.Generator) -> Mask:
    """Draw block digits: wide or narrow, thick or thin, with cut or round corners, upright or slanted."""
    import cv2

    tall, wide = 96, float(rng.uniform(36, 78))
    thick = int(rng.uniform(0.12, 0.24) * tall)
    strokes, gap = _strokes(float(rng.uniform(0.02, 0.28))), thick + float(rng.uniform(4, 16))
    foot = rng.random() < 0.3
    mask = np.zeros((tall + 2 * thick, int(len(text) * (wide + gap)) + 2 * thick), np.uint8)
    x = float(thick)
    for digit in text:
        for stroke in [*strokes[digit], *([[(0.1, 1.0), (0.9, 1.0)]] if foot and digit == "1" else [])]:
            points = np.round(np.array(stroke) * (wide, tall) + (x, thick)).astype(np.int32)
            cv2.polylines(mask, [points], False, 255, thick, cv2.LINE_AA)
        x += wide + gap
    slant = float(rng.choice([0.0, 0.0, 0.0, rng.uniform(-0.05, 0.25)]))
    if slant:
        extra = int(abs(slant) * len(mask))
        move = np.array([[1, -slant, slant * len(mask) if slant > 0 else 0], [0, 1, 0]], np.float32)
        mask = cv2.warpAffine(mask, move, (mask.shape[1] + extra, len(mask)))
    return cut_to_ink(mask)


def cut_to_ink(mask: Mask) -> Mask:
    """Return the part of a mask that holds its ink; a mask without any stays."""
    rows, columns = np.flatnonzero(mask.max(axis=1) > 64), np.flatnonzero(mask.max(axis=0) > 64)
    if not len(rows):
        return mask
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
