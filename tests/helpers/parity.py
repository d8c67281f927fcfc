"""Generated and real streams, and the comparison of two trackers up to the names of the ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack import Detections

Frame = dict[int, int]  # detection row → track id
REAL_FRAMES = 1200


# --- streams ---------------------------------------------------------------------------------------------------------


def generated(seed: int, frames: int = 250) -> list[Detections]:
    """Objects that cross, appear, leave, hide and jump, false boxes, low scores, and stretches of empty frames."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 50))
    place, velocity = rng.uniform(0, 600, (count, 2)), rng.normal(0, 5, (count, 2))
    size = rng.uniform(20, 120, (count, 2))
    begin, end = np.sort(rng.integers(0, frames, (2, count)), axis=0)
    hidden = np.zeros(count, np.int64)
    stream = []
    for frame in range(frames):
        velocity += rng.normal(0, 0.7, velocity.shape)
        velocity[(place < 0) | (place > 600)] *= -1
        place += velocity
        hidden = np.where(rng.random(count) < 0.03, rng.integers(1, 40, count), hidden - 1)
        seen = ((begin <= frame) & (frame <= end)) & (hidden < 0)
        if frame % 83 in (40, 41, 42):
            seen[:] = False
        corner, extent = place[seen], size[seen] * rng.normal(1, 0.04, (int(seen.sum()), 2))
        false = rng.uniform(0, 600, (rng.poisson(0.3) if seen.any() else 0, 2))
        boxes = np.concatenate((np.hstack((corner, corner + extent)), np.hstack((false, false + [30.0, 70.0]))))
        order = rng.permutation(len(boxes))
        stream.append(Detections.from_arrays(boxes[order], rng.beta(4, 2, len(boxes))))
    return stream


def passing(seed: int, frames: int = 90) -> list[Detections]:
    """Standing objects that hide while another of their size walks over their place, and come back: duplicates."""
    rng = np.random.default_rng(seed)
    count = 12
    site = np.stack((np.full(count, 300.0), 150.0 * np.arange(count)), axis=1)
    size = np.array([40.0, 90.0])
    speed, start = rng.uniform(1, 4, count), rng.integers(0, 20, count)
    stream = []
    for frame in range(frames):
        x = 200 + speed * (frame - start)
        hidden = np.abs(x - 300) < rng.uniform(25, 35)
        walker = np.stack((x, site[:, 1] + rng.normal(0, 0.5, count)), axis=1)[frame >= start]
        corner = np.concatenate((site[~hidden & (frame >= 8 * (np.arange(count) % 4))], walker))
        corner += rng.normal(0, 0.5, corner.shape)
        stream.append(Detections.from_arrays(np.hstack((corner, corner + size)), rng.uniform(0.7, 0.95, len(corner))))
    return stream


def real(shared_data: Path) -> Iterator[list[Detections]]:
    """SportsMOT sequences until there are REAL_FRAMES frames."""
    frames = 0
    for path in sorted((shared_data / "sportsmot" / "train").glob("*/det/det.txt")):
        table = np.loadtxt(path, delimiter=",", ndmin=2)
        stream = []
        for frame in range(1, int(table[:, 0].max()) + 1):
            rows = table[table[:, 0] == frame]
            boxes = np.hstack((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]))
            stream.append(Detections.from_arrays(boxes, rows[:, 6]))
        yield stream
        frames += len(stream)
        if frames >= REAL_FRAMES:
            return
    pytest.skip(f"only {frames} frames of SportsMOT in {shared_data}")


# --- comparison ------------------------------------------------------------------------------------------------------


def ours(tracker: Any, stream: Iterable[Detections]) -> list[Frame]:
    return [dict(zip(t.detection.tolist(), t.track_id.tolist(), strict=True)) for t in map(tracker.update, stream)]


def assert_same(got: list[Frame], want: list[Frame]) -> None:
    """The same rows assigned in each frame, and ids that translate one to one over the whole run."""
    there: dict[int, int] = {}
    back: dict[int, int] = {}
    assert len(got) == len(want)
    for number, (a, b) in enumerate(zip(got, want, strict=True)):
        assert set(a) == set(b), f"frame {number}: rows {sorted(set(a) ^ set(b))} are assigned in one of the two only"
        for row, track in a.items():
            assert there.setdefault(track, b[row]) == b[row], f"frame {number}, row {row}"
            assert back.setdefault(b[row], track) == track, f"frame {number}, row {row}"


# --- ByteTrack against ultralytics -----------------------------------------------------------------------------------


class Found:
    """A frame's boxes as BYTETracker reads them."""

    def __init__(self, xyxy: Any, conf: Any) -> None:
        self.xyxy, self.conf, self.cls = xyxy, conf, np.zeros(len(conf))

    @property
    def xywh(self) -> Any:
        low, high = self.xyxy[:, :2], self.xyxy[:, 2:]
        return np.hstack(((low + high) / 2, high - low))

    def __getitem__(self, rows: Any) -> Found:
        return Found(self.xyxy[rows], self.conf[rows])

    def __len__(self) -> int:
        return len(self.conf)


def prompt(byte_tracker: Any) -> type:
    """BYTETracker that forgets a stale track in the frame in which it says so, not one frame later."""

    class Prompt(byte_tracker):  # type: ignore[misc]
        def _remove_stale_lost(self, removed: list[Any]) -> None:
            super()._remove_stale_lost(removed)
            gone = {id(track) for track in removed}
            self.lost_stracks: list[Any] = [track for track in self.lost_stracks if id(track) not in gone]

    return Prompt


DEFAULT: dict[str, Any] = {
    "track_high_thresh": 0.5,
    "track_low_thresh": 0.1,
    "new_track_thresh": 0.6,
    "track_buffer": 30,
    "match_thresh": 0.8,
    "fuse_score": True,
}


# --- SORT against a plain one ----------------------------------------------------------------------------------------


class PlainTrack:
    """One object with full matrices, as the paper describes it: x = (u, v, s, r, u', v', s')."""

    F = np.eye(7) + np.eye(7, k=4)
    H = np.eye(4, 7)
    Q = np.diag([1, 1, 1, 1, 0.01, 0.01, 0.0001])
    R = np.diag([1.0, 1, 10, 10])

    def __init__(self, box: Any) -> None:
        self.x = np.concatenate((self.measure(box), np.zeros(3)))
        self.P = np.diag([10.0, 10, 10, 10, 1e4, 1e4, 1e4])
        self.name, self.missed, self.streak = 0, 0, 0

    @staticmethod
    def measure(box: Any) -> Any:
        w, h = box[2] - box[0], box[3] - box[1]
        return np.array([box[0] + w / 2, box[1] + h / 2, w * h, w / h])

    def predict(self) -> Any:
        if self.x[2] + self.x[6] <= 0:
            self.x[6] = 0
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q
        if self.missed:
            self.streak = 0
        self.missed += 1
        w = np.sqrt(self.x[2] * self.x[3])
        h = self.x[2] / w
        return np.array([self.x[0] - w / 2, self.x[1] - h / 2, self.x[0] + w / 2, self.x[1] + h / 2])

    def update(self, box: Any) -> None:
        gain = self.P @ self.H.T @ np.linalg.inv(self.H @ self.P @ self.H.T + self.R)
        self.x = self.x + gain @ (self.measure(box) - self.H @ self.x)
        self.P = (np.eye(7) - gain @ self.H) @ self.P
        self.missed = 0
        self.streak += 1


def overlap(a: Any, b: Any) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return float(w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h))


def assign_fully(overlaps: Any, least: float) -> list[tuple[int, int]]:
    """The paper: solve for the most overlap, then reject pairs with too little."""
    from scipy.optimize import linear_sum_assignment

    pairs = zip(*linear_sum_assignment(overlaps, maximize=True), strict=True)
    return [(int(t), int(d)) for t, d in pairs if overlaps[t, d] >= least]
