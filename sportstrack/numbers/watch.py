"""Choose the few crops of a video that are worth a look, and make arrays of what was read on them.

The choice knows no tracks, because it comes before the tracker: boxes of one frame are joined to those of the frame
before by their overlap, which is enough to take turns. Its cost is bounded by crops for each second of video, so that
a run looks the same on every machine.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sportstrack.boxes import iou
from sportstrack.numbers.codes import Votes
from sportstrack.numbers.reader import LEAST_LEGIBLE
from sportstrack.types import BoolArray, Detections, FloatArray, Image, IntArray

LOOKS = 40.0  # crops for each second of video that the locator sees
READS = 5.0  # of these that are read
LEAST_TALL = 50.0  # pixels of a person; smaller ones have numbers of less than nine pixels
MOST_COVERED = 0.15  # of a box's upper part by the boxes of others
_SAME = 0.3  # IoU of one person's boxes in two frames
_PAUSE = 0.3  # seconds before the same person is looked at again
_UPPER = 0.6  # of a box's height, where the number is
_BURST = 2.0  # frames' worth of looks that may be saved up


class ReadsNumbers(Protocol):
    """What the watch asks of a reader; `sportstrack.numbers.NumberReader` is one."""

    def locate(self, pictures: list[Image], /) -> tuple[FloatArray, FloatArray]:
        """Return corners and legibility."""
        ...

    def recognise(
        self, pictures: list[Image], corners: FloatArray, legible: FloatArray, /
    ) -> tuple[IntArray, FloatArray]:
        """Return codes and confidences."""
        ...


class NumberWatch:
    """Looks for shirt numbers in a video, frame by frame.

    Args:
        frame_rate: frames per second of the frames that it sees.
        reader: what locates and reads; None makes a `NumberReader`.
        skip: class ids that wear no number, such as the ball's.
        looks: crops for each second of video that are searched for a number.
        reads: crops for each second of video that are read.

    Raises:
        SettingError: rapidocr is not installed.
    """

    def __init__(
        self,
        frame_rate: float,
        reader: ReadsNumbers | None = None,
        *,
        skip: Collection[int] = (),
        looks: float = LOOKS,
        reads: float = READS,
    ) -> None:
        if reader is None:
            from sportstrack.numbers.reader import NumberReader

            reader = NumberReader()
        self._reader, self._skip = reader, sorted(skip)
        self._per_frame = np.array([looks, reads]) / frame_rate
        self._pause = _PAUSE * frame_rate
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._saved = np.zeros(2)  # looks and reads that were not spent
        self._frame = 0
        self._memory = _Memory(0)

    def __call__(self, image: Image, detections: Detections, *, cut: bool = False) -> Votes:
        """Return what was read in a frame.

        Args:
            image: (H, W, 3) BGR.
            detections: of the frame.
            cut: whether another shot begins with it.

        Returns:
            (N, 2) float32: for each detection the code of a number (see `sportstrack.numbers.codes`) and how sure it
            is; a confidence of 0 is no vote.
        """
        votes = np.zeros((len(detections), 2), np.float32)
        self._memory = _Memory(len(detections)) if cut else self._memory.carried(detections.xyxy)
        self._frame += 1
        most = np.maximum(1.0, self._per_frame * _BURST)
        self._saved = np.minimum(self._saved + self._per_frame, most)
        rows = self._worth_a_look(image, detections)[: int(self._saved[0])]
        self._memory.xyxy = detections.xyxy
        if not len(rows):
            return votes
        self._saved[0] -= len(rows)
        self._memory.looked[rows] = self._frame
        pictures = [_cut_out(image, detections.xyxy[row]) for row in rows]
        corners, legible = self._reader.locate(pictures)
        self._memory.legible[rows] = legible
        order = self._worth_reading(rows)[: int(self._saved[1])]
        if not len(order):
            return votes
        self._saved[1] -= len(order)
        self._memory.reads[rows[order]] += 1
        code, confidence = self._reader.recognise([pictures[i] for i in order], corners[order], legible[order])
        votes[rows[order]] = np.column_stack((code, confidence))
        return votes

    def _worth_reading(self, rows: IntArray) -> IntArray:
        """Return which of the rows that were looked at are read first; who was read more often waits for the others."""
        memory = self._memory
        readable = (memory.legible >= LEAST_LEGIBLE) & (self._frame - memory.looked <= 3 * self._pause)
        fewest = memory.reads[readable].min(initial=np.iinfo(np.int64).max)
        due = np.flatnonzero(readable[rows] & (memory.reads[rows] <= fewest))
        return due[np.argsort(-memory.legible[rows[due]], kind="stable")]

    def _worth_a_look(self, image: Image, detections: Detections) -> IntArray:
        """Return the rows of people who are large, free and whole enough, those unseen for longest first."""
        boxes, memory = detections.xyxy, self._memory
        usable = np.ones(len(boxes), np.bool_) if detections.valid is None else detections.valid
        people = usable & ~np.isin(detections.class_id, self._skip)
        finite = np.where(usable[:, None], boxes, 0.0)
        tall, wide = finite[:, 3] - finite[:, 1], finite[:, 2] - finite[:, 0]
        beyond = np.maximum(-finite[:, 0], finite[:, 2] - image.shape[1])
        inside = (finite[:, 1] >= -0.05 * tall) & (beyond <= 0.2 * wide)
        waited = self._frame - memory.looked
        chosen = people & inside & (tall >= LEAST_TALL) & (waited > self._pause)
        rows = np.flatnonzero(chosen)
        rows = rows[covered(finite, people)[rows] <= MOST_COVERED]
        # Who was looked at long ago, is large, and was read seldom comes first.
        worth = waited[rows] * np.minimum(tall[rows] / 100, 2.0) / (1 + memory.reads[rows])
        return rows[np.argsort(-worth, kind="stable")]


class _Memory:
    """Of each box of the newest frame: when this person was last looked at, how legible it was, and how often read."""

    def __init__(self, count: int) -> None:
        self.xyxy = np.zeros((count, 4))
        self.looked, self.legible = np.full(count, -1000.0), np.zeros(count)
        self.reads = np.zeros(count, np.int64)

    def carried(self, xyxy: FloatArray) -> _Memory:
        """Return the memory for the boxes of the next frame."""
        now = _Memory(len(xyxy))
        if len(xyxy) and len(self.xyxy):
            overlap = np.nan_to_num(iou(xyxy, self.xyxy))
            best, back = overlap.argmax(axis=1), overlap.argmax(axis=0)
            mine = np.arange(len(xyxy))
            same = (overlap[mine, best] > _SAME) & (back[best] == mine)
            for column in ("looked", "legible", "reads"):
                getattr(now, column)[same] = getattr(self, column)[best[same]]
        return now


def covered(xyxy: FloatArray, counts: BoolArray) -> FloatArray:
    """Return the share of each box's upper part that the box of another person lies on, the largest one's.

    Args:
        xyxy: (N, 4).
        counts: (N,) which boxes can cover others.
    """
    upper = xyxy.copy()
    upper[:, 3] = upper[:, 1] + _UPPER * (upper[:, 3] - upper[:, 1])
    low = np.maximum(upper[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(upper[:, None, 2:], xyxy[None, :, 2:])
    shared: NDArray[np.float64] = np.prod(np.clip(high - low, 0, None), axis=2)
    np.fill_diagonal(shared, 0.0)
    shared[:, ~counts] = 0.0
    area = np.prod(upper[:, 2:] - upper[:, :2], axis=1)
    return np.asarray(shared.max(axis=1, initial=0.0) / np.maximum(area, 1e-9))


def _cut_out(image: Image, box: FloatArray) -> Image:
    """Return the pixels of a box, as far as they are in the image; at least one."""
    height, width = image.shape[:2]
    x1, y1 = (int(np.clip(np.floor(v), 0, most - 1)) for v, most in zip(box[:2], (width, height), strict=True))
    x2, y2 = (int(np.clip(np.ceil(v), least + 1, most)) for v, least, most in
              zip(box[2:], (x1, y1), (width, height), strict=True))  # fmt: skip
    return image[y1:y2, x1:x2]
