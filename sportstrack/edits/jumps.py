"""Jumps: a track that moves farther from one frame to the next than a person can."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sportstrack.edits.spans import Dense

LEAST = 0.25  # box heights from one box to the next, beyond what the boxes around them move
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


def _median_around(step: np.ndarray) -> np.ndarray:
    """Return the median of the steps around each, itself left out; zeros where there is none."""
    n = len(step)
    padded = np.full((n + 2 * _AROUND, 2), np.nan)
    padded[_AROUND : _AROUND + n] = step
    shifts = [k for k in range(2 * _AROUND + 1) if k != _AROUND]
    around = np.stack([padded[k : k + n] for k in shifts])
    known = np.isfinite(around).any(axis=(0, 2))
    out = np.zeros_like(step)
    out[known] = np.nanmedian(around[:, known], axis=0)
    return out
