"""Which boxes of a track a person has to see: those between which all others lie on straight lines."""

from __future__ import annotations

import numpy as np

from sportstrack.types import BoolArray, FloatArray, IntArray


def keyframes(frame: IntArray, xyxy: FloatArray, marked: BoolArray, tolerance: float) -> BoolArray:
    """Return (N,) which boxes are key frames: the others lie on lines between them, to within `tolerance` heights.

    The first and last box are key frames, and those where `marked` changes, with the box before. Between them the
    farthest box becomes one, again and again (Douglas and Peucker 1973, over time instead of along a curve).

    Args:
        frame: (N,) ascending, of one unbroken run of a track.
        xyxy: (N, 4) pixels.
        marked: (N,) a flag that holds from one key frame to the next.
        tolerance: share of each box's height; 0 makes every bend a key frame.
    """
    key = np.zeros(len(frame), np.bool_)
    if not len(frame):
        return key
    change = np.flatnonzero(marked[1:] != marked[:-1])
    key[[0, len(frame) - 1]] = True
    key[change] = key[change + 1] = True
    height = xyxy[:, 3] - xyxy[:, 1]
    fixed = np.flatnonzero(key)
    stack = list(zip(fixed[:-1].tolist(), fixed[1:].tolist(), strict=True))
    while stack:
        low, high = stack.pop()
        if high - low < 2:
            continue
        share = ((frame[low + 1 : high] - frame[low]) / (frame[high] - frame[low]))[:, None]
        line = (1 - share) * xyxy[low] + share * xyxy[high]
        off = np.abs(xyxy[low + 1 : high] - line).max(axis=1) / height[low + 1 : high]
        worst = low + 1 + int(off.argmax())
        if off.max() > tolerance:
            key[worst] = True
            stack += [(low, worst), (worst, high)]
    return key
