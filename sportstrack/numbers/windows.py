"""Pictures that the networks of the number reader take, cut out of crops of people."""

from __future__ import annotations

from typing import Any

import numpy as np

from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray, Image

PERSON = (96, 64)  # rows, columns: a crop of a person, stretched
DIGITS = (32, 48)  # rows, columns: a number with what is beside it, never stretched
TEXT_ROWS = 48  # of the text recogniser's input; its width is the number's own

_DIGITS_MARGIN = 1.3  # height of a window as a factor of the number's
_TEXT_MARGIN = 1.25


def person_input(image: Image) -> Image:
    """Stretch a crop of a person to `PERSON`."""
    cv2 = require_cv2()
    how = cv2.INTER_AREA if image.shape[0] > PERSON[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, PERSON[::-1], interpolation=how))


def digits_input(image: Image, corners: FloatArray) -> Image:
    """Cut a number out upright: the number is 1/1.3 of the window's height, its middle is the window's.

    Args:
        image: (H, W, 3) BGR.
        corners: (4, 2) of the number: top left, top right, bottom right, bottom left.

    Returns:
        `DIGITS` pixels, 3 channels. Beside a single digit there is room for a second one, so that what is taken for one
        digit of two is seen.
    """
    _, down = sides(corners)
    rows = float(np.linalg.norm(down)) * _DIGITS_MARGIN
    return _cut(image, corners, rows * DIGITS[1] / DIGITS[0], rows, DIGITS)


def text_input(image: Image, corners: FloatArray) -> Image:
    """Cut a number out upright and tight: (`TEXT_ROWS`, W, 3), W between 24 and 144 pixels."""
    right, down = sides(corners)
    rows = float(np.linalg.norm(down)) * _TEXT_MARGIN
    columns = 1.12 * float(np.linalg.norm(right)) + rows * (1 - 1 / _TEXT_MARGIN)
    width = int(np.clip(round(TEXT_ROWS * columns / max(rows, 1e-6)), TEXT_ROWS // 2, 3 * TEXT_ROWS))
    return _cut(image, corners, columns, rows, (TEXT_ROWS, width))


def sides(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the two vectors of a number's parallelogram: along the digits, and down."""
    right = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 2
    return right, down


def corners_of(centre: FloatArray, right: FloatArray, down: FloatArray) -> FloatArray:
    """Return the corners of parallelograms: (..., 4, 2) from (..., 2) each."""
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.stack([centre + a * right / 2 + b * down / 2 for a, b in signs], axis=-2)


def _cut(image: Image, corners: FloatArray, columns: float, rows: float, size: tuple[int, int]) -> Image:
    """Return a parallelogram round a number's middle, its sides parallel to the number's, as `size` pixels."""
    cv2: Any = require_cv2()
    right, down = sides(corners)
    shrink = max(1.0, rows / size[0])
    if shrink > 1.3:  # warping alone would skip pixels
        width, height = (max(1, round(n / shrink)) for n in image.shape[1::-1])
        scale = np.array([width / image.shape[1], height / image.shape[0]])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        corners, right, down = corners * scale, right * scale, down * scale
        columns, rows = columns * float(scale.mean()), rows * float(scale.mean())
    along = right / max(float(np.linalg.norm(right)), 1e-6) * columns
    below = down / max(float(np.linalg.norm(down)), 1e-6) * rows
    source = corners_of(corners.mean(axis=0), along, below)[:3].astype(np.float32)
    target = np.array([(0, 0), (size[1], 0), (size[1], size[0])], np.float32)
    affine = cv2.getAffineTransform(source, target)
    cut = cv2.warpAffine(image, affine, size[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut)
