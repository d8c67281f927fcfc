"""Camera motion from boxes alone: no picture is needed, so a recorded run can follow its camera too.

When the camera pans, all boxes move together. Boxes of two frames are paired by overlap after enlarging them, and the
median of the pairs' shifts is the camera's: players that move by themselves have no say. Their common motion (a
counter-attack) looks like a pan and counts as camera. A camera faster than a box is found by trying the shifts that
would carry one box onto another, and keeping the one that carries most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.boxes import iou
from sportstrack.camera.affine import MAX_TURN, MAX_ZOOM, read_boxes
from sportstrack.types import BoolArray, FloatArray, IntArray

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@dataclass(frozen=True)
class BoxMotionConfig:
    """Settings of `BoxMotion`; h is the median height of the boxes.

    Attributes:
        enlarge: share of its size that a box grows on each side before overlaps count.
        least_pairs: fewest pairs that give a camera motion.
        height_ratio: largest ratio of the heights of a pair.
        reach: longest shift tried, in h.
        fit: distance in h up to which a shifted box counts as carried onto another.
        shift_penalty: votes that a shift costs per h of its length: of two with equal support the shorter one wins.
        most_boxes: most boxes per frame that are used, the largest ones.
        similarity_pairs: fewest pairs from which a zoom is estimated as well.
        proof: how many times the zoom must lower the pairs' variance per degree of freedom (an F ratio).
    """

    enlarge: float = 0.5
    least_pairs: int = 4
    height_ratio: float = 1.4
    reach: float = 5.0
    fit: float = 0.2
    shift_penalty: float = 0.3
    most_boxes: int = 60
    similarity_pairs: int = 8
    proof: float = 6.0


class BoxMotion:
    """`CameraMotion` from the boxes of this frame and the last one."""

    needs_image = False

    def __init__(self, config: BoxMotionConfig | None = None) -> None:
        self.config = config or BoxMotionConfig()
        self._last: FloatArray | None = None

    def reset(self) -> None:
        """Forget the previous frame, as after a shot change."""
        self._last = None

    def update(self, frame: NDArray[np.uint8] | None, xyxy: FloatArray) -> FloatArray | None:  # noqa: ARG002
        """Return the affine from the last frame to this one; the picture is not used.

        Raises:
            SettingError: if the boxes are not (N, 4).
        """
        boxes = self._largest(read_boxes(xyxy))
        last, self._last = self._last, boxes
        if last is None or min(len(last), len(boxes)) < self.config.least_pairs:
            return None
        best: tuple[float, FloatArray] | None = None
        for shift in self._hypotheses(last, boxes):
            support, affine = self._settle(last, boxes, shift)
            if affine is not None and (best is None or support > best[0]):
                best = support, affine
        return None if best is None else best[1]

    def _largest(self, boxes: FloatArray) -> FloatArray:
        if len(boxes) <= self.config.most_boxes:
            return boxes
        height = boxes[:, 3] - boxes[:, 1]
        largest: FloatArray = boxes[np.sort(np.argsort(-height, kind="stable")[: self.config.most_boxes])]
        return largest

    def _hypotheses(self, last: FloatArray, boxes: FloatArray) -> list[FloatArray]:
        """Shifts (2,) to start from: none at all, and the one that carries the most boxes onto others."""
        c, h = self.config, _median_height(boxes)
        shift = _centres(boxes)[None] - _centres(last)[:, None]
        close = _similar_heights(last, boxes, c.height_ratio) & (np.linalg.norm(shift, axis=2) <= c.reach * h)
        tried = shift[close]
        if not len(tried):
            return [np.zeros(2)]
        # A box is carried by a tried shift if one of its own shifts is near it; the nearest counts.
        own = np.where(close[..., None], shift, np.inf)
        votes = np.zeros(len(tried))
        for mine in own:
            gap = np.abs(tried[:, None] - mine[None]).max(axis=2).min(axis=1)
            votes += np.maximum(0.0, 1.0 - gap / (c.fit * h))
        votes -= c.shift_penalty * np.linalg.norm(tried, axis=1) / h
        return [np.zeros(2), tried[int(np.argmax(votes))]]

    def _settle(self, last: FloatArray, boxes: FloatArray, shift: FloatArray) -> tuple[float, FloatArray | None]:
        """Pair boxes after a first shift and return (how well the pairs agree, affine or None)."""
        c, h = self.config, _median_height(boxes)
        pairs = self._pairs(last + np.tile(shift, 2), boxes)
        if len(pairs) < c.least_pairs:
            return 0.0, None
        before, after = _centres(last[pairs[:, 0]]), _centres(boxes[pairs[:, 1]])
        affine = STILL.copy()
        affine[:, 2] = np.median(after - before, axis=0)
        off = np.abs(after - before - affine[:, 2]).max(axis=1)
        support = (
            float(np.maximum(0.0, 1.0 - off / (2 * c.fit * h)).sum())
            - c.shift_penalty * float(np.linalg.norm(shift)) / h
        )
        agree = off <= max(2 * c.fit * h, 3 * float(np.median(off)))
        if 2 * np.count_nonzero(agree) < len(pairs):
            return support, None
        return support, self._zoom(before[agree], after[agree], affine)

    def _pairs(self, last: FloatArray, boxes: FloatArray) -> IntArray:
        """(P, 2) rows of the boxes that overlap one another most after enlarging."""
        grow = self.config.enlarge
        overlap = iou(_enlarged(last, grow), _enlarged(boxes, grow))
        overlap[~_similar_heights(last, boxes, self.config.height_ratio)] = 0.0
        to, back = overlap.argmax(axis=1), overlap.argmax(axis=0)
        row = np.arange(len(last))
        mutual = (back[to] == row) & (overlap[row, to] > 0)
        return np.stack([row[mutual], to[mutual]], axis=1)

    def _zoom(self, before: FloatArray, after: FloatArray, shifted: FloatArray) -> FloatArray:
        """Return the least-squares similarity where it explains the pairs far better than the shift, else the shift."""
        count = len(before)
        if count < self.config.similarity_pairs:
            return shifted
        middle, target = before.mean(axis=0), after.mean(axis=0)
        p, q = before - middle, after - target
        a, b = (p * q).sum(), (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()
        a, b = np.array([a, b]) / max(float((p**2).sum()), 1e-9)
        linear = np.array([[a, -b], [b, a]])
        rest, left = ((q - p) ** 2).sum(), ((q - p @ linear.T) ** 2).sum()
        gain = (rest - left) / 2 / max(left / (2 * count - 4), 1e-6)
        scale, turn = float(np.hypot(a, b)), float(np.arctan2(b, a))
        if gain < self.config.proof or not 1 / MAX_ZOOM <= scale <= MAX_ZOOM or abs(turn) > MAX_TURN:
            return shifted
        return np.column_stack([linear, target - linear @ middle])


def _centres(boxes: FloatArray) -> FloatArray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _median_height(boxes: FloatArray) -> float:
    return float(np.median(boxes[:, 3] - boxes[:, 1]))


def _enlarged(boxes: FloatArray, share: float) -> FloatArray:
    grow = share * (boxes[:, 2:] - boxes[:, :2])
    return np.hstack([boxes[:, :2] - grow, boxes[:, 2:] + grow])


def _similar_heights(a: FloatArray, b: FloatArray, ratio: float) -> BoolArray:
    """(T, N) whether the heights of a pair differ by at most this ratio."""
    apart = np.log((a[:, 3] - a[:, 1])[:, None] / (b[:, 3] - b[:, 1])[None])
    similar: BoolArray = np.abs(apart) <= np.log(ratio)
    return similar
