"""How long 10,000 edits take on a 90-minute match of 25 players, undo, and the search for doubtful moments.

python benchmarks/edit_speed.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"  # read when numpy is imported

import sys
import time
from typing import Any

import numpy as np

from sportstrack.edits import (
    Confirm,
    Describe,
    EditSession,
    Interpolate,
    KeyBox,
    Merge,
    Remove,
    Split,
    Swap,
    apply_edits,
    find_moments,
    with_boxes,
)
from sportstrack.refine import Scene, TrackTable

FRAMES, PLAYERS, EDITS = 135_000, 25, 10_000


def match(rng: np.random.Generator) -> TrackTable:
    """Return players who wander about for 90 minutes at 25 frames per second."""
    steps = np.cumsum(rng.normal(0.0, 1.0, (PLAYERS, FRAMES, 2)), axis=1)
    place = (steps + rng.uniform(0.0, 1280.0, (PLAYERS, 1, 2))).reshape(-1, 2) % 1000.0
    frame, track = np.tile(np.arange(FRAMES), PLAYERS), np.repeat(np.arange(1, PLAYERS + 1), FRAMES)
    return TrackTable.of(frame, track, np.concatenate([place, place + [20.0, 50.0]], axis=1))


def random_edits(table: TrackTable, rng: np.random.Generator) -> list[Any]:
    """Return edits of most kinds, with the boxes that they mean, each made on what those before it left."""
    session, edits = EditSession(table), []
    while len(edits) < EDITS:
        a, b = (int(one) for one in rng.choice(list(session.board.tracks), 2, replace=False))
        frame = int(rng.integers(1, FRAMES))
        keys = (KeyBox(frame, (0.0, 0.0, 10.0, 10.0)), KeyBox(frame + 20, (5.0, 5.0, 15.0, 15.0)))
        kinds = [
            *[Swap(a, b, frame)] * 4,
            Split(a, frame, session.board.fresh_id()),
            Merge(a, b),
            Describe("number", a, "10"),
            Confirm((a, b)),
            Remove(a, frame),
            Interpolate(a, keys),
        ]
        edits.append(with_boxes(session, kinds[rng.integers(len(kinds))]))
        session.apply(edits[-1])
    return edits


def main() -> int:
    """Measure and print."""
    rng = np.random.default_rng(0)
    table = match(rng)
    edits = random_edits(table, rng)
    begin, busy = time.perf_counter(), time.process_time()
    done = apply_edits(table, edits)
    print(f"{len(table):,} boxes; {done.as_text()}")
    print(
        f"apply_edits: {time.perf_counter() - begin:.2f} s, {time.process_time() - busy:.2f} s of them on the processor"
    )
    session = EditSession(table)
    for edit in edits:
        session.apply(edit)
    begin = time.perf_counter()
    session.undo()
    print(f"undo: {1e3 * (time.perf_counter() - begin):.3f} ms")
    begin = time.perf_counter()
    session.board.window(FRAMES // 2, FRAMES // 2 + 100)
    print(f"the boxes of 100 frames: {1e3 * (time.perf_counter() - begin):.1f} ms")
    begin, busy = time.perf_counter(), time.process_time()
    moments = find_moments(table, Scene(25.0, 1280, 720, FRAMES, np.zeros((FRAMES, 2)), np.empty(0, np.int64)))
    took = f"{time.perf_counter() - begin:.0f} s, {time.process_time() - busy:.0f} s of them on the processor"
    print(f"find_moments: {took}, {len(moments):,} moments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
