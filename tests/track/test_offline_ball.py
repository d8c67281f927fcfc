"""The refinement of a whole run leaves the ball's tracks alone, and no id of a player becomes the ball's."""

from __future__ import annotations

import numpy as np

from sportstrack.refine.ball import with_ball
from sportstrack.refine.table import TrackTable
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.offline import refined
from sportstrack.types import Detections, Tracks

BALL = 3


def run(frames: int = 60) -> list[TrackedFrame]:
    """Two players whose ids are swapped half-way, and a ball that zigzags and is missed every other second."""
    found = []
    for f in range(frames):
        left, right = [100 + 2 * f, 50, 140 + 2 * f, 150], [500 - 2 * f, 250, 540 - 2 * f, 350]
        boxes, ids, kinds = [left, right], [1, 2] if f < 30 else [2, 1], [0, 0]
        if f % 20 < 12:
            x, y = 300 + 90 * (f % 3), 100 + 60 * (f % 2)
            boxes, ids, kinds = [*boxes, [x, y, x + 8, y + 8]], [*ids, 4], [*kinds, BALL]
        n, xyxy = len(boxes), np.array(boxes, float)
        vectors = np.eye(3, dtype=np.float32)[[0, 1, 2][:n]]
        table = Detections(xyxy, np.full(n, 0.9), np.array(kinds), vectors)
        tracks = Tracks(xyxy, np.full(n, 0.9), np.array(kinds), np.array(ids), np.arange(n))
        found.append(TrackedFrame(f, f / 25, table, tracks=tracks))
    return found


def test_the_ball_stays_as_it_was_tracked_and_its_id_its_own() -> None:
    frames = run()
    table = refined(frames, frame_rate=25, width=640, height=360, cuts=(), ball=[BALL])
    ball = table[table.class_id == BALL + 1]
    given = [(f.index, *f.tracks.xyxy[2]) for f in frames if len(f.tracks) == 3]
    np.testing.assert_allclose(np.column_stack([ball.frame, ball.xyxy]), given)
    assert set(ball.track_id.tolist()) == {4}
    assert 4 not in table.track_id[table.class_id != BALL + 1]
    assert len(table.to_tracks(range(60))) == 60


def test_an_id_made_anew_by_the_refinement_is_none_of_the_balls() -> None:
    def box(n: int) -> np.ndarray:
        return np.tile([0.0, 0, 9, 9], (n, 1))

    people = TrackTable.of([0, 1, 2, 2], [1, 4, 4, 1], box(4))
    ball = TrackTable.of([1, 2], [4, 4], box(2), class_id=[BALL + 1] * 2)
    joined = with_ball(people, ball)
    assert len(joined) == 6
    assert set(joined.track_id[joined.class_id == BALL + 1].tolist()) == {4}
    assert set(joined.track_id[joined.class_id == -1].tolist()) == {1, 5}
