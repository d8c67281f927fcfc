"""Jumps: a track that moves farther from one frame to the next than a person can."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sportstrack.edits.spans import Dense
from sportstrack.types import FloatArray

LEAST = 0.25  # box heights from one box to the next, beyond what the boxes around them move
_CHUNK = 65_536  # steps at a time, so that a match of 90 minutes fits in memory
_AROUND = 5  # boxes on each side that say how the track moves


def jumps(dense: Dense) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Yield the track, the first frame after a jump, and its features."""
    seen, path = dense.seen, dense.scene.path
    if len(seen) < 2:
        return
    box = seen.xyxy
    centre = 0.5 * (box[:, :2] + box[:, 2:]) - path[seen.frame]
    height = box[:, 3] - box[:, 1]
    next_to = (seen.track_id[1:] == seen.track_id[:-1]) & (np.diff(seen.frame) == 1)
    step = np.where(next_to[:, None], np.diff(centre, axis=0), np.nan)
    size = 0.5 * (height[1:] + height[:-1])
    usual = _median_around(step)
    far = np.linalg.norm(step - usual, axis=1) / size
    grown = np.abs(np.log(height[1:] / height[:-1]))
    rows = np.flatnonzero(next_to & (far >= LEAST))
    for row in rows.tolist():
        features = {"heights": float(min(far[row], 2.0)), "grown": float(min(grown[row], 1.0))}
        yield int(seen.track_id[row]), int(seen.frame[row + 1]), features


def _median_around(step: FloatArray) -> FloatArray:
    """Return the median of the (N, 2) steps around each, itself left out; zeros where there is none."""
    padded = np.pad(step, ((_AROUND, _AROUND), (0, 0)), constant_values=np.nan)
    out = np.zeros_like(step)
    for first in range(0, len(step), _CHUNK):
        last = min(first + _CHUNK, len(step))
        shifts = [k for k in range(2 * _AROUND + 1) if k != _AROUND]
        around = np.sort(np.stack([padded[first + k : last + k] for k in shifts], axis=-1), axis=-1)  # NaNs go last
        count = np.isfinite(around).sum(axis=-1, keepdims=True)
        low = np.take_along_axis(around, np.maximum(count - 1, 0) // 2, axis=-1)
        high = np.take_along_axis(around, count // 2, axis=-1)
        out[first:last] = np.where(count > 0, 0.5 * (low + high), 0.0)[..., 0]
    return out
