"""Encounters: two tracks come close and part; pairs of tracks on one person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sportstrack.edits.spans import Dense
from sportstrack.types import FloatArray, IntArray

NEAR = 0.05  # overlap from which two boxes count as together
PAUSE = 0.4  # seconds apart that do not end an encounter
ON_ONE = 0.6  # overlap of two boxes that may be on one person
LONG = 0.6  # seconds of it that make a doubled track


@dataclass(frozen=True)
class Encounter:
    """Two tracks that come close and part.

    Attributes:
        a: id of one track.
        b: id of the other.
        first: first frame together.
        last: last frame together.
        nearest: frame in which they overlap most.
        features: what says whether they changed places.
    """

    a: int
    b: int
    first: int
    last: int
    nearest: int
    features: dict[str, float]


def encounters(dense: Dense) -> Iterator[Encounter]:
    """Yield the encounters of all pairs of tracks that were there before and after, within one shot."""
    scene = dense.scene
    for a, b, frames, overlap in _together(dense, NEAR, scene.frames_in(PAUSE)):
        first, last = int(frames[0]), int(frames[-1])
        a0, b0 = dense.before(a, first - 1), dense.before(b, first - 1)
        a1, b1 = dense.after(a, last + 1), dense.after(b, last + 1)
        if a0 is None or b0 is None or a1 is None or b1 is None:
            continue
        begin, end = min(a0.frame, b0.frame), max(a1.frame, b1.frame)
        if dense.shot_begins(begin) != dense.shot_begins(end):
            continue
        keep = dense.misfit(a0, a1) + dense.misfit(b0, b1)
        swap = dense.misfit(a0, b1) + dense.misfit(b0, a1)
        gaps = dense.longest_gap(a, a0.frame, a1.frame), dense.longest_gap(b, b0.frame, b1.frame)
        margin = float(np.clip(swap - keep, -12.0, 24.0))
        doubt = 1.0 / (1.0 + np.exp(0.5 * margin))
        features = {
            "margin": margin,
            "doubt": float(doubt),
            "misfit": float(np.clip(keep, -20.0, 20.0)),
            "overlap": float(overlap.max()),
            "seconds": min((last - first + 1) / scene.frame_rate, 4.0),
            "gap": min(max(gaps) / scene.frame_rate, 4.0),
            "gap_other": min(min(gaps) / scene.frame_rate, 4.0),
            "hidden": float(max(gaps) > 0),
            "both_hidden": float(min(gaps) > 0),
            "hidden_doubt": float(doubt * (max(gaps) > 0)),
        }
        yield Encounter(a, b, first, last, int(frames[int(overlap.argmax())]), features)


def doubled(dense: Dense) -> Iterator[tuple[int, int, int, int, dict[str, float]]]:
    """Yield pairs of tracks that lie on one person: the shorter one, the other, first and last frame, features."""
    scene = dense.scene
    lengths = dict(zip(dense.seen.track_id[dense.starts[:-1]].tolist(), np.diff(dense.starts).tolist(), strict=True))
    for a, b, frames, overlap in _together(dense, ON_ONE, scene.frames_in(PAUSE)):
        shorter, other = sorted((a, b), key=lengths.__getitem__)
        share = len(frames) / lengths[shorter]
        if len(frames) >= scene.frames_in(LONG) or share > 0.5:
            features = {
                "overlap": float(overlap.mean()),
                "seconds": min(len(frames) / scene.frame_rate, 4.0),
                "share": min(share, 1.0),
            }
            yield shorter, other, int(frames[0]), int(frames[-1]), features


def _together(dense: Dense, least: float, pause: float) -> Iterator[tuple[int, int, IntArray, FloatArray]]:
    """Yield two ids, the frames in which they overlap, without long pauses, and how much."""
    table = dense.dense
    order = np.lexsort((table.track_id, table.frame))
    frame, track, box = table.frame[order], table.track_id[order], table.xyxy[order]
    found = [_pairs_apart(frame, box, apart, least) for apart in range(1, _most_in_a_frame(frame))]
    if not found:
        return
    row = np.concatenate([one[0] for one in found])
    other = row + np.repeat(np.arange(1, len(found) + 1), [len(one[0]) for one in found])
    overlap = np.concatenate([one[1] for one in found])
    by_pair = np.lexsort((frame[row], track[other], track[row]))
    row, other, overlap = row[by_pair], other[by_pair], overlap[by_pair]
    new = (track[row][1:] != track[row][:-1]) | (track[other][1:] != track[other][:-1])
    new |= np.diff(frame[row]) > pause
    bounds = [0, *(np.flatnonzero(new) + 1).tolist(), len(row)]
    for low, high in pairwise(bounds):
        if low < high:
            yield int(track[row[low]]), int(track[other[low]]), frame[row[low:high]], overlap[low:high]


def _most_in_a_frame(frame: IntArray) -> int:
    return int(np.bincount(frame - frame.min()).max()) if len(frame) else 0


def _pairs_apart(frame: IntArray, box: FloatArray, apart: int, least: float) -> tuple[IntArray, FloatArray]:
    """Return the rows that overlap the row so far behind them in their frame, and how much."""
    rows = np.flatnonzero(frame[apart:] == frame[:-apart])
    a, b = box[rows], box[rows + apart]
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    both = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    area = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1]) + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    share = both / (area - both)
    good = share >= least
    return rows[good], share[good]
