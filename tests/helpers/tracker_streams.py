"""Trackers by name, and streams of any boxes for them, with embeddings and a moving camera too."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sportstrack import TRACKERS, Detections, Tracks, create_tracker
from sportstrack.trackers import config_class

ONE = ("ball",)  # follow at most one box per frame
MANY = sorted(set(TRACKERS) - set(ONE))
WITH_BALL = "botsort+ball"  # a player tracker and the ball tracker side by side
NAMES = [*sorted(TRACKERS), WITH_BALL]
LOOKING = sorted(name for name in TRACKERS if "fusion" in {f.name for f in fields(config_class(name))})
COLUMNS = ("xyxy", "score", "class_id", "track_id", "detection", "smoothed")
AT_ONCE: dict[str, dict[str, Any]] = {"deepsort": {"n_init": 1}}  # settings with which a first frame is reported
every_tracker = pytest.mark.parametrize("name", NAMES)
every_listed = pytest.mark.parametrize("name", sorted(TRACKERS))
every_crowd = pytest.mark.parametrize("name", MANY)
untimed = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])


# --- streams: mostly boxes that return to a few places, so that tracks live, with anything else mixed in --------------

place = st.integers(0, 5)
shift = st.floats(-6, 6)
size = st.sampled_from([(30.0, 60.0), (31.0, 58.0), (8.0, 8.0), (200.0, 300.0)])
score = st.sampled_from([0.9, 0.8, 0.65, 0.55, 0.3, 0.15, 0.05])


def _near(where: int, dx: float, dy: float, wh: tuple[float, float]) -> tuple[float, ...]:
    x, y = 35.0 * where + dx, 50.0 + dy
    return (x, y, x + wh[0], y + wh[1])


box = st.builds(_near, place, shift, shift, size) | st.tuples(
    st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(1e-3, 1e4), st.floats(1e-3, 1e4)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
row = st.tuples(box, score, st.integers(0, 2))
frame = st.lists(row, max_size=7)
stream = st.lists(frame, max_size=14)
BROKEN = [
    (np.nan, 0.0, 10.0, 10.0),
    (0.0, 0.0, np.inf, 10.0),
    (-np.inf, 0.0, np.inf, 10.0),
    (1e300, 0.0, 1e301, 10.0),
    (40.0, 50.0, 10.0, 110.0),
    (35.0, 50.0, 35.0, 110.0),
    (35.0, 50.0, 65.0, 50.0),
]


def create(name: str, **options: Any) -> Any:
    """`create_tracker`; for a name with ``+ball``, boxes of class 2 are balls."""
    first, plus, _ = name.partition("+")
    return create_tracker(first, ball=(2,) if plus else None, **options)


def table(rows: list[Any]) -> Detections:
    boxes, scores, classes = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections.from_arrays(boxes, scores, classes)


def player(number: int, x: float = 0.0) -> tuple[Any, float, int]:
    return (100.0 * number + x, 50.0, 100.0 * number + x + 40, 150.0), 0.9, number


def run(tracker: Any, frames: list[Detections]) -> list[Tracks]:
    return [tracker.update(detections) for detections in frames]


def same(a: list[Tracks], b: list[Tracks]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(getattr(p, column), getattr(q, column)) for p, q in zip(a, b, strict=True) for column in COLUMNS
    )


def copied(tracks: Tracks) -> Tracks:
    columns = (getattr(tracks, column) for column in COLUMNS)
    return Tracks(*(None if column is None else column.copy() for column in columns))


def keeps_boxes(tracks: Tracks, detections: Detections) -> bool:
    """Reported boxes are the detections' own, bit for bit."""
    seen = tracks.detection >= 0
    return np.array_equal(tracks.xyxy[seen], detections.xyxy[tracks.detection[seen]])


# --- with embeddings and a moving camera -----------------------------------------------------------------------------


EMBEDDINGS = np.vstack((np.eye(3), np.zeros((1, 3)), np.full((1, 3), np.nan), [[0.6, 0.8, 0.0]])).astype(np.float32)
embedding_row = st.integers(0, len(EMBEDDINGS) - 1)
angle, zoom, pan = st.sampled_from([0.0, 0.02, -0.5]), st.sampled_from([1.0, 0.98, 1.2]), st.floats(-20, 20)


def _affine(angle: float, zoom: float, dx: float, dy: float) -> Any:
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy]])


camera = st.none() | st.builds(_affine, angle, zoom, pan, pan)
seen_frame = st.tuples(st.lists(st.tuples(row, embedding_row), max_size=7), camera, st.booleans())
seen_stream = st.lists(seen_frame, max_size=14)


def seen_table(rows: list[Any], embedded: bool) -> Detections:
    plain = table([r for r, _ in rows])
    embedding = EMBEDDINGS[[number for _, number in rows]] if embedded else None
    return Detections(plain.xyxy, plain.score, plain.class_id, embedding)


def run_seen(tracker: Any, stream: list[Any]) -> list[Tracks]:
    return [tracker.update(seen_table(rows, embedded), camera=affine) for rows, affine, embedded in stream]
