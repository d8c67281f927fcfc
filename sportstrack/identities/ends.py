"""The ends of pieces of tracks: where each begins and ends, and how likely two of them are one person's."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np

from sportstrack.boxes import at_edges
from sportstrack.types import BoolArray, FloatArray, IntArray

_WINDOW = 0.4  # seconds at a piece's end from which place, height and velocity are taken
_EDGE = 0.02  # share of the picture; whoever is nearer to an edge has left or come in there
_KEEPS = 1.6  # seconds after which people keep a part e of their velocity
_LONGEST = 30.0  # seconds; after that a place tells as much as after more
_SCALE = 0.66  # heights by which the place differs from the expected one after no time, …
_GROWS = 0.27  # … and by how much more after each second
_PRIOR = 1.6  # log-odds before time and place are looked at
_AT_EDGE = 0.6  # less for somebody who left at an edge and comes in there …
_INSIDE = 0.094  # … and this, for each second, for anybody else
_WITHIN = -4.0  # log-odds that a piece stands in a gap of another one
_OTHER_SHOT = -2.0  # that it goes on after a shot change; nothing is known of it
_TRUST = 3.0  # log-odds of two pieces of one track, at least
_BITS = np.array([1, 2, 4, 8])


@dataclass(frozen=True)
class PieceView:
    """What the boxes were seen through.

    Attributes:
        frame_rate: frames per second of the frames' numbers.
        size: (width, height) of the picture in pixels; None: as far as the boxes reach.
        path: (F, 2) by how many pixels the picture's content has moved since frame 0; None: the camera stands still.
        cuts: frames at which another shot begins; no place before one says anything after it.
    """

    frame_rate: float
    size: tuple[float, float] | None = None
    path: FloatArray | None = None
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class PieceEnds:
    """The first or the last boxes of P pieces.

    Attributes:
        frame: (P,) of the outermost box.
        place: (P, 2) centre there in pixels, the camera's path deducted.
        velocity: (P, 2) pixels a frame.
        height: (P,) pixels.
        edges: (P, 4) whether the box is at the picture's left, top, right or bottom edge.
    """

    frame: IntArray
    place: FloatArray
    velocity: FloatArray
    height: FloatArray
    edges: BoolArray


@dataclass(frozen=True, eq=False)
class PieceTable:
    """P pieces of tracks.

    Attributes:
        ids: (P,) of each.
        frames: in which each is, ascending.
        first: where they begin.
        last: where they end.
        shot: (P, 2) numbers of the shots that they begin and end in.
        frame_rate: frames per second.
        track: (P,) that each was cut from; None: each is a whole one.
    """

    ids: IntArray
    frames: tuple[IntArray, ...]
    first: PieceEnds
    last: PieceEnds
    shot: IntArray
    frame_rate: float
    track: IntArray | None = None

    def __len__(self) -> int:
        return len(self.ids)


class Ways:
    """How likely one piece goes on what another one ended.

    People walk about, so the place tells less the longer nobody was seen: the differences of place, in heights of a
    person, have a t distribution whose width grows for half a minute. Whoever left at an edge comes back there, and
    whoever was lost in the middle of the picture is found again soon. The constants were fitted to people who left the
    picture and came back, and to tracks that broke, in every other sequence of SportsMOT.

    Args:
        pieces: of tracks.
    """

    def __init__(self, pieces: PieceTable) -> None:
        last, first, rate = pieces.last, pieces.first, pieces.frame_rate
        self._track = pieces.ids.tolist() if pieces.track is None else pieces.track.tolist()
        self._rate, self._keep = rate, exp(-1.0 / (_KEEPS * rate))
        self._end = list(
            zip(
                last.frame.tolist(), *last.place.T.tolist(), *last.velocity.T.tolist(), last.height.tolist(),
                (last.edges @ _BITS).tolist(), pieces.shot[:, 1].tolist(), strict=True,
            )
        )  # fmt: skip
        self._begin = list(
            zip(
                first.frame.tolist(), *first.place.T.tolist(), *first.velocity.T.tolist(), first.height.tolist(),
                (first.edges @ _BITS).tolist(), pieces.shot[:, 0].tolist(), strict=True,
            )
        )  # fmt: skip

    def log_odds(self, a: int, b: int) -> float:
        """Return the log-odds that piece b goes on what piece a ended; one that begins earlier is in a gap of a."""
        odds = self._by_place(a, b)
        return max(odds, 0.0) + _TRUST if self._track[a] == self._track[b] else odds

    def _by_place(self, a: int, b: int) -> float:
        ended, x, y, vx, vy, tall, left, shot = self._end[a]
        began, u, v, wx, wy, other, came, later = self._begin[b]
        gap = began - ended
        if gap <= 0:
            return _WITHIN
        if shot != later:
            return _OTHER_SHOT
        reach = 0.5 * (1.0 - self._keep**gap) / (1.0 - self._keep)
        height, seconds = 0.5 * (tall + other), gap / self._rate
        across = (u - x - reach * (vx + wx)) / height
        along = (v - y - 0.5 * reach * (vy + wy)) / height
        scale = _SCALE + _GROWS * min(seconds, _LONGEST)
        odds = _PRIOR - 2.0 * log(scale) - 2.5 * log1p(0.5 * (across * across + along * along) / (scale * scale))
        return odds - (_AT_EDGE if left & came else _INSIDE * min(seconds, _LONGEST))


def piece_table(ids: IntArray, frame: IntArray, xyxy: FloatArray, view: PieceView) -> PieceTable:
    """Return the pieces of boxes, in the order of their ids.

    Args:
        ids: (N,) of the piece of each box.
        frame: (N,) of the box, from 0; a piece has one box in a frame at most.
        xyxy: (N, 4) corners in pixels.
        view: what they were seen through.
    """
    order = np.lexsort((frame, ids))
    ids, frame, xyxy = ids[order], frame[order], np.asarray(xyxy, np.float64)[order]
    names, starts = np.unique(ids, return_index=True)
    size = view.size or _reach(xyxy)
    path = np.zeros((1, 2)) if view.path is None or not len(view.path) else view.path
    moved = path[np.clip(frame, 0, len(path) - 1)]
    centre = 0.5 * (xyxy[:, :2] + xyxy[:, 2:]) - moved
    edges = at_edges(xyxy.T, np.array(size), _EDGE * np.array(size)).T
    height = xyxy[:, 3] - xyxy[:, 1]
    window = max(_WINDOW * view.frame_rate, 1.0)
    stops = np.append(starts[1:], len(ids))[: len(starts)]
    ends = [_ends(frame, centre, height, edges, starts, stops, outer, window) for outer in (starts, stops - 1)]
    shot = np.searchsorted(np.array(view.cuts, np.int64), np.column_stack([one.frame for one in ends]), side="right")
    parts = tuple(np.split(frame, starts[1:])) if len(names) else ()
    return PieceTable(names, parts, ends[0], ends[1], shot, view.frame_rate)


def _reach(xyxy: FloatArray) -> tuple[float, float]:
    return (float(xyxy[:, 2].max()), float(xyxy[:, 3].max())) if len(xyxy) else (1.0, 1.0)


def _ends(
    frame: IntArray, centre: FloatArray, height: FloatArray, edges: BoolArray,
    starts: IntArray, stops: IntArray, outer: IntArray, window: float,
) -> PieceEnds:  # fmt: skip
    """Fit a straight line to the boxes within a window of each piece's outermost box."""
    place, velocity, tall = np.zeros((len(outer), 2)), np.zeros((len(outer), 2)), np.zeros(len(outer))
    for k, (start, stop, row) in enumerate(zip(starts.tolist(), stops.tolist(), outer.tolist(), strict=True)):
        low = start if row == start else start + int(np.searchsorted(frame[start:stop], frame[row] - window, "right"))
        high = stop if row != start else start + int(np.searchsorted(frame[start:stop], frame[row] + window))
        time = (frame[low:high] - frame[row]).astype(np.float64)
        apart = time - time.mean()
        slope = apart @ centre[low:high] / max(float(apart @ apart), 1e-9)
        place[k], velocity[k] = centre[low:high].mean(axis=0) - slope * time.mean(), slope
        tall[k] = height[low:high].mean()
    return PieceEnds(frame[outer], place, velocity, np.maximum(tall, 1.0), edges[outer])
