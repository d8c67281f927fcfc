"""People who walk, and a reader of shirt numbers that reads a colour: number n is somebody painted in grey 8n + 20."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sportstrack.types import Detections, FloatArray, Image, IntArray


def painted(boxes: FloatArray, numbers: Sequence[int] | None = None) -> Image:
    """A picture of people; their numbers are their rows unless others are given."""
    image = np.full((160, 800, 3), 10, np.uint8)
    for row, (x1, y1, x2, y2) in enumerate(np.nan_to_num(boxes).astype(int)):
        number = row if numbers is None else numbers[row]
        image[y1:y2, x1:x2] = 20 + 8 * number
    return image


def people(boxes: FloatArray) -> Detections:
    return Detections.from_arrays(boxes, np.full(len(boxes), 0.9), np.zeros(len(boxes), np.int64))


class Walking:
    """A detector that knows where people are: the frames come in order, and `boxes_at` tells (N, 4) of each."""

    names = {0: "person"}

    def __init__(self, boxes_at: Callable[[int], FloatArray]) -> None:
        self.frame, self._boxes_at = 0, boxes_at

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        self.frame += len(frames)
        return [people(self._boxes_at(self.frame - len(frames) + n)) for n in range(len(frames))]


class PaintedReader:
    """Counts what it is asked, and reads what `painted` has painted."""

    def __init__(self, legible: float = 0.9, confidence: float = 0.9) -> None:
        self.looked = self.read = 0
        self._legible, self._confidence = legible, confidence

    def locate(self, pictures: Sequence[Image]) -> tuple[FloatArray, FloatArray]:
        self.looked += len(pictures)
        return np.zeros((len(pictures), 4, 2)), np.full(len(pictures), self._legible)

    def recognise(
        self, pictures: Sequence[Image], corners: FloatArray, legible: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        self.read += len(pictures)
        codes = [round((float(np.median(picture)) - 20) / 8) for picture in pictures]
        return np.array(codes, np.int64), np.full(len(pictures), self._confidence)
