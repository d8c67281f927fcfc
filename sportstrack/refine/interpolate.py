"""Interpolate: fill the short gaps within tracks."""

from __future__ import annotations

import numpy as np

from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import EVIDENCE, TrackTable
from sportstrack.types import FloatArray, IntArray


def interpolate_gaps(table: TrackTable, scene: Scene, settings: RefineSettings | None = None) -> TrackTable:
    """Put boxes into the short gaps of each track: on straight lines, after the camera's path is subtracted.

    A filled row has ``filled`` True, ``detection`` −1, the class of the row before it, no embedding, and a score
    between its neighbours'. No other row changes.
    """
    s = settings or RefineSettings()
    table = table.ordered()
    before, gap = _gaps(table, scene, s)
    count = gap - 1
    row = np.repeat(before, count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + 1
    share = step / np.repeat(gap, count)
    frame = table.frame[row] + step
    path = np.tile(scene.path, 2)

    def between(values: FloatArray) -> FloatArray:
        weight = share[:, None] if values.ndim == 2 else share
        return (1 - weight) * values[row] + weight * values[row + 1]

    ends = np.union1d(before, before + 1)
    still = np.zeros_like(table.xyxy)
    still[ends] = table.xyxy[ends] - path[table.frame[ends]]
    return _with_rows(table, row, frame, between(still) + path[frame], between(table.score))


def _gaps(table: TrackTable, scene: Scene, s: RefineSettings) -> tuple[IntArray, IntArray]:
    """Return the rows before the gaps to fill, and the frames from each to the row after it."""
    same = (table.track_id[1:] == table.track_id[:-1]) & (table.frame[1:] > table.frame[:-1] + 1)
    row = np.flatnonzero(same)
    row = row[scene.shot(table.frame[row]) == scene.shot(table.frame[row + 1])]
    left = scene.at_edges(table.xyxy[row], s.border_reach) | scene.at_edges(table.xyxy[row + 1], s.border_reach)
    limit = np.where(left.any(axis=1), scene.frames_in(s.fill_gap_border), scene.frames_in(s.fill_gap))
    gap = table.frame[row + 1] - table.frame[row]
    short = gap - 1 <= limit
    return row[short], gap[short]


def _with_rows(table: TrackTable, row: IntArray, frame: IntArray, xyxy: FloatArray, score: FloatArray) -> TrackTable:
    """Return the table with new rows, each behind the row that it follows; ``row`` ascends, so nothing is sorted."""
    n = len(row)
    known = {name: column for name in EVIDENCE if (column := getattr(table, name)) is not None}
    order = np.empty(len(table) + n, np.int64)
    order[np.arange(len(table)) + np.searchsorted(row, np.arange(len(table)))] = np.arange(len(table))
    order[row + np.arange(n) + 1] = np.arange(len(table), len(table) + n)
    joined = TrackTable(
        np.concatenate((table.frame, frame)),
        np.concatenate((table.track_id, table.track_id[row])),
        np.concatenate((table.xyxy, xyxy)),
        np.concatenate((table.score, score)),
        np.concatenate((table.class_id, table.class_id[row])),
        np.concatenate((table.detection, np.full(n, -1))),
        np.concatenate((table.filled, np.ones(n, np.bool_))),
        **{name: np.concatenate((c, np.zeros((n, c.shape[1]), np.float32))) for name, c in known.items()},
    )
    return joined[order]
