"""Players who run about a pitch, their detections and their true tracks: a made-up sequence that a test can score."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sportstrack import Detections, MotTable, create_tracker, score_tracks

RATE = 25.0
_PAUSE = 2.4  # seconds
_FIELD = np.array([900.0, 500.0])


@cache
def runners(seed: int, count: int = 14, frames: int = 250) -> tuple[list[Detections], MotTable]:
    """Return each frame's detections, some of them missing, and the truth.

    Each is substituted now and then: another one comes on where it left, `_PAUSE` later.
    """
    rng = np.random.default_rng(seed)
    place, velocity, memory = rng.uniform(0, _FIELD, (count, 2)), rng.normal(0, 4, (count, 2)), np.exp(-1 / RATE)
    identity, back = np.arange(count), np.zeros(count)
    found, rows = [], []
    for frame in range(frames):
        leaving = (rng.random(count) < 1 / (5 * RATE)) & (frame >= back)
        back[leaving] = frame + _PAUSE * RATE
        here = frame >= back
        came = (frame - back >= 0) & (frame - back < 1) & (frame > 0)
        identity[came] = identity.max() + 1 + np.arange(int(came.sum()))
        velocity = memory * velocity + rng.normal(0, 4 * (1 - memory**2) ** 0.5, (count, 2))
        place = place + velocity * here[:, None]
        velocity *= np.where((place < 0) | (place > _FIELD), -1, 1)
        place = np.clip(place, 0, _FIELD)
        boxes = np.hstack((place - (11, 30), place + (11, 30)))
        rows += [(frame, i, *box) for i, box in zip(identity[here].tolist(), boxes[here].tolist(), strict=True)]
        seen = here & (rng.random(count) > 0.06)
        noisy = boxes[seen] + rng.normal(0, 1.2, (int(seen.sum()), 4))
        found.append(Detections.from_arrays(noisy, rng.uniform(0.6, 0.95, len(noisy))))
    table = np.array(rows)
    ones = np.ones(len(table))
    kind = np.zeros(len(table), np.int64)
    truth = MotTable(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:], ones, kind, ones)
    return found, truth


def hota(name: str, found: list[Detections], truth: MotTable, kept: Any, rate: float, *, times: bool) -> float:
    """Return HOTA, 0…100, of a tracker that sees some of the frames."""
    tracker = create_tracker(name, frame_rate=rate)
    seen = [tracker.update(found[frame], time=frame / rate if times else None) for frame in kept]
    rows = np.isin(truth.frame, kept)
    part = truth[rows]
    frame = np.searchsorted(kept, part.frame)
    part = MotTable(frame, part.track_id, part.xyxy, part.score, part.class_id, part.visibility)
    return 100 * float(score_tracks(part, MotTable.from_tracks(seen), frames=len(kept)).HOTA)


def two_thirds(frames: int, seed: int) -> Any:
    """Return the frames that are left when a third is dropped at random."""
    left = np.random.default_rng(seed).random(frames) >= 1 / 3
    left[0] = True
    return left.nonzero()[0].tolist()
