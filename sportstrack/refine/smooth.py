"""Smooth: take the detector's jitter out of the boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable
from sportstrack.types import FloatArray, IntArray

_BLOCK = 1 << 18  # rows smoothed together
_SAMPLE = 200_000  # rows that the noise is estimated from
_LEAST = 0.2  # frames; a narrower kernel sees no neighbour
_REACH = 4.0  # standard deviations; beyond them the kernel ends
_NORMAL = 0.6745  # median of |x| of a normal deviate
_THIRD = 20.0  # variance of the third difference of white noise: 1 + 9 + 9 + 1


def box_noise(table: TrackTable) -> float:
    """Estimate the jitter of the boxes' edges: a standard deviation in box heights; 0 if no track has four boxes.

    Third differences of a smooth motion are next to nothing; those of white noise of deviation σ have √20 σ.
    """
    table = table.ordered()
    run = (table.track_id[3:] == table.track_id[:-3]) & (table.frame[3:] == table.frame[:-3] + 3)
    run &= ~(table.filled[3:] | table.filled[2:-1] | table.filled[1:-2] | table.filled[:-3])
    rows = np.flatnonzero(run)
    rows = rows[:: max(1, len(rows) // _SAMPLE)]
    if not len(rows):
        return 0.0
    box = table.xyxy
    third = box[rows + 3] - 3 * box[rows + 2] + 3 * box[rows + 1] - box[rows]
    height = box[rows, 3:] - box[rows, 1:2]
    return float(np.median(np.abs(third) / height) / (_NORMAL * np.sqrt(_THIRD)))


def smooth_boxes(table: TrackTable, scene: Scene, settings: RefineSettings | None = None) -> TrackTable:
    """Replace each edge of each box by a Gaussian-weighted straight line through its track's neighbouring boxes.

    Steady motion stays as it is, also at a track's ends. Boxes whose jitter is under ``smooth_noise`` on the whole
    (truth, hand-made boxes, filtered ones) are all left alone.
    """
    s = settings or RefineSettings()
    table = table.ordered()
    if box_noise(table) < s.smooth_noise:
        return table
    path, owner = np.tile(scene.path, 2), _owners(table, scene)
    xyxy = table.xyxy.copy()
    for axis, seconds in ((0, s.smooth_std), (1, s.smooth_std_vertical), (2, s.smooth_std), (3, s.smooth_std_vertical)):
        std = scene.frames_in(seconds)
        if std < _LEAST:
            continue
        still = table.xyxy[:, axis] - path[table.frame, axis]
        for at in range(0, len(table), _BLOCK):
            xyxy[at : at + _BLOCK, axis] += _correction(
                table.frame, owner, still, at, min(at + _BLOCK, len(table)), std
            )
    flat = (xyxy[:, 2:] <= xyxy[:, :2]).any(axis=1)
    xyxy[flat] = table.xyxy[flat]
    return replace(table, xyxy=xyxy)


def _owners(table: TrackTable, scene: Scene) -> IntArray:
    """Return (N,) a number for each track, another one in each shot: a shot change has no neighbours."""
    if not len(scene.cuts):
        return table.track_id
    return table.track_id * (len(scene.cuts) + 1) + scene.shot(table.frame)


def _correction(frame: IntArray, owner: IntArray, value: FloatArray, low: int, high: int, std: float) -> FloatArray:
    """Return what is to be added to the values of rows ``low`` … ``high`` − 1.

    The value at time 0 of the line a + b t that fits the neighbours' differences to a row best, each weighted by
    exp(−t² / 2 std²): a = (Σw d Σw t² − Σw t d Σw t) / (Σw Σw t² − (Σw t)²).
    """
    n, reach = high - low, int(np.ceil(_REACH * std))
    w0, w1, w2, d0, d1 = np.zeros((5, n))
    for k in range(-reach, reach + 1):
        i = np.arange(max(low, -k), min(high, len(frame) - k))
        if not len(i):
            continue
        j, to = i + k, i - low
        t = (frame[j] - frame[i]).astype(np.float64)
        near = (owner[j] == owner[i]) & (np.abs(t) <= reach)
        w = np.where(near, np.exp(-0.5 * (t / std) ** 2), 0.0)
        d = value[j] - value[i]
        w0[to] += w
        w1[to] += w * t
        w2[to] += w * t * t
        d0[to] += w * d
        d1[to] += w * t * d
    spread = w0 * w2 - w1 * w1
    return np.where(spread > 1e-9 * w0 * w0, (d0 * w2 - d1 * w1) / np.maximum(spread, 1e-12), 0.0)
