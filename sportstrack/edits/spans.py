"""Tracks with their gaps filled, and the ends of stretches: what moments are found in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.refine.interpolate import interpolate_gaps
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, FloatArray, IntArray

LONGEST = 4.0  # seconds of a gap in which a track is taken to be where the line between its ends is
SLOPE = 0.4  # seconds from which place and velocity at an end are fitted
REACH = 0.02  # share of the picture; a box closer to an edge is at it
_S = RefineSettings()
_APPEARANCE = 4.0  # log-odds for a cosine of 1


@dataclass(frozen=True, eq=False)
class TrackStand:
    """How a track stands at one side of a moment.

    Attributes:
        frame: of the box next to the moment.
        place: (2,) centre in pixels, fitted, the camera's path deducted.
        velocity: (2,) pixels per frame.
        height: pixels.
        edge: whether the box is at an edge of the picture.
        look: (D,) mean embedding, or None.
    """

    frame: int
    place: FloatArray
    velocity: FloatArray
    height: float
    edge: bool
    look: FloatArray | None


@dataclass(frozen=True, eq=False)
class Dense:
    """The tracks of a scene.

    Attributes:
        scene: the clock, the picture and the shots.
        seen: the boxes that were detected, sorted by track and frame.
        dense: the same with gaps of up to `LONGEST` filled.
        starts: (T + 1,) rows of `seen` where tracks begin.
        edges: (N,) whether each box of `seen` is at an edge.
        by_frame: rows of `dense`, sorted by frame.
        frames: their frames.
        new_id: an id that no track has.
    """

    scene: Scene
    seen: TrackTable
    dense: TrackTable
    starts: IntArray
    edges: BoolArray
    by_frame: IntArray
    frames: IntArray
    new_id: int

    @classmethod
    def of(cls, tracks: TrackTable, scene: Scene) -> Dense:
        """Prepare the tracks."""
        seen = tracks[~tracks.filled].ordered()
        dense = interpolate_gaps(seen, scene, RefineSettings(fill_gap=LONGEST, fill_gap_border=LONGEST))
        edges = np.asarray(scene.at_edges(seen.xyxy, REACH).any(axis=1))
        new_id = int(tracks.track_id.max(initial=0)) + 1
        order = np.argsort(dense.frame, kind="stable")
        return cls(scene, seen, dense, seen.starts(), edges, order, dense.frame[order], new_id)

    def track(self, number: int) -> int:
        """Return the id of a track by its place in the order."""
        return int(self.seen.track_id[self.starts[number]])

    def rows(self, track: int) -> tuple[int, int]:
        """Return the first row of `seen` that a track has, and the end."""
        low, high = np.searchsorted(self.seen.track_id, (track, track + 1)).tolist()
        return low, high

    def before(self, track: int, frame: int) -> TrackStand | None:
        """Return how a track stands where it was seen last, at a frame or earlier; None if it was not."""
        low, high = self.rows(track)
        row = low + int(np.searchsorted(self.seen.frame[low:high], frame, side="right"))
        return self.stand(low, row, -1) if row > low else None

    def after(self, track: int, frame: int) -> TrackStand | None:
        """Return how a track stands where it is seen next, at a frame or later; None if it is not."""
        low, high = self.rows(track)
        row = low + int(np.searchsorted(self.seen.frame[low:high], frame))
        return self.stand(row, high, +1) if row < high else None

    def stand(self, low: int, high: int, side: int) -> TrackStand:
        """Return how a track stands at the end (side −1) or at the beginning (+1) of its rows ``low`` to ``high``."""
        frame, window = self.seen.frame, max(self.scene.frames_in(SLOPE), 1.0)
        outer = high - 1 if side < 0 else low
        if side < 0:
            low = max(low, outer - int(window))
            low += int(np.searchsorted(frame[low:high], frame[outer] - window, side="right"))
        else:
            high = min(high, outer + int(window) + 1)
            high = low + int(np.searchsorted(frame[low:high], frame[outer] + window))
        box = self.seen.xyxy[low:high]
        time = (frame[low:high] - frame[outer]).astype(np.float64)
        centre = 0.5 * (box[:, :2] + box[:, 2:]) - self.scene.path[frame[low:high]]
        apart = time - time.mean()
        slope = apart @ centre / max(float(apart @ apart), 1e-9)
        look = None
        if self.seen.embedding is not None:
            mean = self.seen.embedding[low:high].mean(axis=0, dtype=np.float64)
            length = float(np.linalg.norm(mean))
            look = mean / length if length > 1e-6 else None
        return TrackStand(
            int(frame[outer]),
            centre.mean(axis=0) - slope * time.mean(),
            slope,
            float((box[:, 3] - box[:, 1]).mean()),
            bool(self.edges[outer]),
            look,
        )

    def misfit(self, a: TrackStand, b: TrackStand) -> float:
        """Return how badly a track that stood as `a` goes on as `b`: minus a log-likelihood, without a constant."""
        gap = b.frame - a.frame
        keep = float(np.exp(-1.0 / self.scene.frames_in(_S.velocity_decay)))
        reach = (1.0 - keep**gap) / (1.0 - keep) if gap > 0 else float(gap)
        height = 0.5 * (a.height + b.height)
        expected = 0.5 * reach * (a.velocity + b.velocity) * np.array((1.0, _S.vertical_velocity))
        off = (b.place - a.place - expected) / height
        seconds = abs(gap) / self.scene.frame_rate
        x = _S.interior_along + _S.interior_along_rate * seconds
        y = _S.interior_across + _S.interior_across_rate * seconds
        z = _S.interior_height + _S.interior_height_rate * seconds
        squares = (off[0] / x) ** 2 + (off[1] / y) ** 2 + (np.log(b.height / a.height) / z) ** 2
        cost = 0.5 * (_S.tail + 3) * np.log1p(squares / _S.tail) + np.log(x * y * z)
        if a.look is not None and b.look is not None:
            cost -= _APPEARANCE * float(a.look @ b.look)
        return float(cost)

    def nearest(self, track: int, frame: int) -> tuple[int, ...]:
        """Return the other tracks seen in a frame that are nearest to a track there, three at most."""
        table = self.dense
        low, high = np.searchsorted(self.frames, (frame, frame + 1))
        rows = self.by_frame[low:high]
        mine = rows[table.track_id[rows] == track]
        if not len(mine):
            return ()
        centre = table.xyxy[rows, :2] + table.xyxy[rows, 2:]
        far = np.linalg.norm(centre - table.xyxy[mine[0], :2] - table.xyxy[mine[0], 2:], axis=1)
        order = rows[np.argsort(far, kind="stable")]
        others: list[int] = table.track_id[order[table.track_id[order] != track]][:3].tolist()
        return tuple(others)

    def longest_gap(self, track: int, first: int, last: int) -> int:
        """Return how many frames a track was not seen at a stretch, between two frames in which it was."""
        low, high = self.rows(track)
        frame = self.seen.frame[low:high]
        inside = frame[np.searchsorted(frame, first) : np.searchsorted(frame, last, side="right")]
        return int(np.diff(inside).max()) - 1 if len(inside) > 1 else 0

    def shot_begins(self, frame: int) -> int:
        """Return the first frame of the shot that a frame is in."""
        cuts = self.scene.cuts
        at = int(np.searchsorted(cuts, frame, side="right"))
        return int(cuts[at - 1]) if at else 0
