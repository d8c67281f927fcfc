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
from sportstrack.numbers.votes import SAME_LOOK
from sportstrack.types import BoolArray, Detections, FloatArray, Image, IntArray

LOOKS = 40.0  # crops for each second of video that the locator sees
READS = 8.0  # of these that are read at most
LEAST_TALL = 50.0  # pixels of a person; smaller ones have numbers of less than nine pixels
MOST_COVERED = 0.15  # of a box's upper part by the boxes of others
_SAME = 0.3  # IoU of one person's boxes in two frames
_PAUSE, _SOON, _REST = 0.24, 0.16, 1.5  # seconds before the next look: usually, while legible, and once sure
_SURE = 0.55  # confidence of a reading that counts as sure …
_ENOUGH = 3  # … and how many of one number are enough
_UPPER = 0.6  # of a box's height, where the number is
_SAVED = np.array([0.24, 1.5])  # seconds' worth of looks and of reads that may be saved up
_AT_ONCE = 4  # reads in a frame, at most


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
        self._rates = np.array([looks, reads])
        self._frame_rate = frame_rate
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
        most = np.maximum(1.0, self._rates * _SAVED)
        self._saved = np.minimum(self._saved + self._rates / self._frame_rate, most)
        rows = self._worth_a_look(image, detections)[: int(self._saved[0])]
        self._memory.xyxy = detections.xyxy
        if not len(rows):
            return votes
        self._saved[0] -= len(rows)
        self._memory.looked[rows] = self._frame / self._frame_rate
        pictures = [_cut_out(image, detections.xyxy[row]) for row in rows]
        corners, legible = self._reader.locate(pictures)
        self._memory.legible[rows] = legible
        order = self._worth_reading(rows)[: min(_AT_ONCE, int(self._saved[1]))]
        if not len(order):
            return votes
        self._saved[1] -= len(order)
        code, confidence = self._reader.recognise([pictures[i] for i in order], corners[order], legible[order])
        votes[rows[order]] = np.column_stack((code, confidence))
        self._memory.note(rows[order], code, confidence, self._frame / self._frame_rate)
        return votes

    def _worth_reading(self, rows: IntArray) -> IntArray:
        """Return which of the rows looked at are read, those whose number is least known and most legible first."""
        memory = self._memory
        due = np.flatnonzero(memory.legible[rows] >= LEAST_LEGIBLE)
        return due[np.lexsort((-memory.legible[rows[due]], memory.sure[rows[due]]))]

    def _worth_a_look(self, image: Image, detections: Detections) -> IntArray:
        """Return the rows of people who are large, free and whole enough, those unseen for longest first."""
        boxes, memory = detections.xyxy, self._memory
        usable = np.ones(len(boxes), np.bool_) if detections.valid is None else detections.valid
        people = usable & ~np.isin(detections.class_id, self._skip)
        finite = np.where(usable[:, None], boxes, 0.0)
        tall, wide = finite[:, 3] - finite[:, 1], finite[:, 2] - finite[:, 0]
        beyond = np.maximum(-finite[:, 0], finite[:, 2] - image.shape[1])
        inside = (finite[:, 1] >= -0.05 * tall) & (beyond <= 0.2 * wide)
        waited = (self._frame / self._frame_rate - memory.looked) / memory.wait
        chosen = people & inside & (tall >= LEAST_TALL) & (waited > 1 - 1e-6)
        rows = np.flatnonzero(chosen)
        rows = rows[covered(finite, people)[rows] <= MOST_COVERED]
        # Who was looked at long ago, is large, and is hardly known comes first.
        worth = waited[rows] * np.minimum(tall[rows] / 100, 2.0) / (1 + memory.sure[rows])
        return rows[np.argsort(-worth, kind="stable")]


class _Memory:
    """Of each box of the newest frame: when this person was last looked at, how legible it was, and how well known."""

    def __init__(self, count: int) -> None:
        self.xyxy = np.zeros((count, 4))
        self.looked, self.read = np.full((2, count), -1000.0)  # seconds
        self.legible = np.zeros(count)
        self.code, self.sure = np.zeros((2, count), np.int64)  # a number, and how many sure readings speak for it

    def carried(self, xyxy: FloatArray) -> _Memory:
        """Return the memory for the boxes of the next frame."""
        now = _Memory(len(xyxy))
        if len(xyxy) and len(self.xyxy):
            overlap = np.nan_to_num(iou(xyxy, self.xyxy))
            best, back = overlap.argmax(axis=1), overlap.argmax(axis=0)
            mine = np.arange(len(xyxy))
            same = (overlap[mine, best] > _SAME) & (back[best] == mine)
            for column in ("looked", "read", "legible", "code", "sure"):
                getattr(now, column)[same] = getattr(self, column)[best[same]]
        return now

    @property
    def wait(self) -> FloatArray:
        """(N,) seconds between two looks at each."""
        pause = np.where(self.legible >= LEAST_LEGIBLE, _SOON, _PAUSE)
        return np.asarray(np.where(self.sure >= _ENOUGH, _REST, pause))

    def note(self, rows: IntArray, code: IntArray, confidence: FloatArray, time: float) -> None:
        """Count sure readings of looks apart; one of another number takes one away."""
        counts = (confidence >= _SURE) & (time - self.read[rows] >= SAME_LOOK)
        rows, code = rows[counts], code[counts]
        self.read[rows] = time
        same = (self.code[rows] == code) | (self.sure[rows] == 0)
        self.code[rows] = np.where(same, code, self.code[rows])
        self.sure[rows] += np.where(same, 1, -1)


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
