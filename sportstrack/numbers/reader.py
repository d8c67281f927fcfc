"""Read shirt numbers on pictures of people, or on tight crops of the numbers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.images.opencv import require_cv2
from sportstrack.numbers.codes import COUNT, UNREADABLE, text_of
from sportstrack.numbers.networks import DigitReader, Locator, TextReader
from sportstrack.numbers.windows import digits_input, person_input, text_input
from sportstrack.types import FloatArray, Image, IntArray

LEAST_LEGIBLE = 0.15  # score of the locator; below, nobody tries to read
TEXT_SHARE = 0.65  # of the text recogniser in a confidence; it has seen photographs, the digit reader renders alone
LEAST_SIDE = 8  # pixels; a smaller picture holds no number
LARGEST_SIDE = 640  # pixels; larger pictures are shrunk first, which loses nothing that is used
_BATCH = 32  # pictures at a time


@dataclass(frozen=True)
class Readings:
    """What was read on N pictures.

    Attributes:
        code: (N,) see `sportstrack.numbers.codes`; −1 where nothing could be read.
        confidence: (N,) 0 to 1, 0 where nothing could be read.
        legible: (N,) how sure the locator is that there is a number to be read; 1 for tight crops.
        corners: (N, 4, 2) of the numbers in pixels of the pictures.
    """

    code: IntArray
    confidence: FloatArray
    legible: FloatArray
    corners: FloatArray


class NumberReader:
    """Reads shirt numbers: locator, digit reader and text recogniser in a row.

    The first two are networks of our own, trained on renders; the third is rapidocr's. A number's confidence is the
    mean of the probabilities that the two readers give it, less where the locator doubts that it is legible.

    Args:
        threads: that a network may use.
        least: confidence below which an answer is "unreadable".

    Raises:
        SettingError: rapidocr is not installed; the message says how to install it.

    Example:
        >>> numbers, confidences = NumberReader()(crops)  # doctest: +SKIP
    """

    def __init__(self, *, threads: int = 1, least: float = 0.5) -> None:
        self.least = least
        self._text = TextReader(threads=threads)
        self._locate, self._digits = Locator(threads=threads), DigitReader(threads=threads)

    def __call__(self, crops: Sequence[Image], *, tight: bool = False) -> tuple[list[str], FloatArray]:
        """Return a number and a confidence for each picture.

        Args:
            crops: N pictures, (H, W, 3) BGR or (H, W) grey, uint8, of any sizes. Each shows one person as a detector's
                box does, or the upper body.
            tight: whether each picture is the number itself instead, cut out with little round it.

        Returns:
            N texts, empty where nothing could be read, and (N,) confidences, 0 to 1.

        Raises:
            SettingError: a picture is no picture.
        """
        read = self.read(crops, tight=tight)
        sure = read.confidence >= self.least
        return [text_of(code) if ok else "" for code, ok in zip(read.code.tolist(), sure, strict=True)], np.where(
            sure, read.confidence, 0.0
        )

    def read(self, crops: Sequence[Image], *, tight: bool = False) -> Readings:
        """Return all that was read, unsure answers too; arguments as above."""
        pictures = [_picture(crop, place) for place, crop in enumerate(crops)]
        if tight:
            corners = np.stack([_whole(one) for one in pictures]) if pictures else np.empty((0, 4, 2))
            legible = np.ones(len(pictures))
        else:
            corners, legible = self.locate(pictures)
        legible = np.where([min(one.shape[:2]) >= LEAST_SIDE for one in pictures], legible, 0.0)
        code, confidence = np.full(len(pictures), UNREADABLE), np.zeros(len(pictures))
        rows = np.flatnonzero(legible >= LEAST_LEGIBLE)
        if len(rows):
            code[rows], confidence[rows] = self.recognise([pictures[row] for row in rows], corners[rows], legible[rows])
        return Readings(code, confidence, legible, corners)

    def locate(self, pictures: Sequence[Image]) -> tuple[FloatArray, FloatArray]:
        """Return (N, 4, 2) corners of the numbers in pixels of (H, W, 3) pictures, and (N,) how legible they are."""
        found, scores = [np.empty((0, 4, 2))], [np.empty(0)]
        for start in range(0, len(pictures), _BATCH):
            part = pictures[start : start + _BATCH]
            corners, score = self._locate([person_input(one) for one in part])
            found.append(corners * np.array([one.shape[1::-1] for one in part])[:, None])
            scores.append(score)
        return np.concatenate(found), np.concatenate(scores)

    def recognise(
        self, pictures: Sequence[Image], corners: FloatArray, legible: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Return (N,) codes and (N,) confidences of numbers whose (N, 4, 2) corners and (N,) legibility are known."""
        pairs = list(zip(pictures, corners, strict=True))
        shares = np.zeros((len(pairs), COUNT))
        for part in _slices(len(pairs)):
            shares[part] = (1 - TEXT_SHARE) * self._digits([digits_input(*pair) for pair in pairs[part]])
            shares[part] += TEXT_SHARE * self._text([text_input(*pair) for pair in pairs[part]])
        code = shares.argmax(axis=1)
        return code, shares[np.arange(len(pairs)), code] * np.minimum(1.0, 0.5 + legible)


def _slices(count: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]


def _picture(crop: object, place: int) -> Image:
    """Return a picture as (H, W, 3) uint8, grey ones in three channels, small enough, empty ones as one pixel.

    Raises:
        SettingError: it is no picture.
    """
    array = np.asarray(crop)
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
        raise SettingError(
            f"crops[{place}]: expected (H, W, 3) or (H, W) uint8, got shape {array.shape} of {array.dtype}"
        )
    if not array.size:
        return np.zeros((1, 1, 3), np.uint8)
    if array.ndim == 2 or array.shape[2] == 1:
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    longest = max(array.shape[:2])
    if longest > LARGEST_SIDE:
        cv2 = require_cv2()
        size = [max(1, round(side * LARGEST_SIDE / longest)) for side in array.shape[1::-1]]
        array = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    return array


def _whole(picture: Image) -> FloatArray:
    """Return the corners of a number that fills its picture."""
    height, width = picture.shape[:2]
    x, y = 0.06 * width, 0.06 * height
    return np.array([(x, y), (width - x, y), (width - x, height - y), (x, height - y)])
