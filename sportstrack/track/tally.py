"""What a run has counted so far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sportstrack.track.frames import TrackedFrame

_SEVERAL = 4  # boxes in a frame from which on most of them are people
_TALLEST = 400  # pixels; taller boxes count as this


class Tally:
    """Counts frames, detections, boxes, ids, scores, shot changes and the tracker's seconds.

    Attributes:
        frames: frames tracked.
        detections: detections that reached the tracker.
        highest_score: the highest score among them, or None without any.
        boxes: tracked boxes.
        cuts: frames with which another shot begins.
        fields: frames in which the field was found.
        bystanders: boxes of people off the field.
        seconds: time that the tracker took.
        classes: the classes of the tracked boxes.
        masks: frames with masks.
    """

    def __init__(self) -> None:
        self.frames = self.detections = self.boxes = self.cuts = self.fields = self.bystanders = self.masks = 0
        self.highest_score: float | None = None
        self.seconds = 0.0
        self._ids: set[int] = set()
        self.classes: set[int] = set()
        self._scores = 0.0
        self._heights = np.zeros(_TALLEST + 1, np.int64)

    @property
    def tracks(self) -> int:
        """How many ids there were."""
        return len(self._ids)

    @property
    def mean_score(self) -> float | None:
        """Mean score of the tracked boxes, or None without any."""
        return round(self._scores / self.boxes, 4) if self.boxes else None

    @property
    def usual_height(self) -> int | None:
        """Median height of the tracked boxes in frames with several, in pixels; None without such frames."""
        total = int(self._heights.sum())
        return int(np.searchsorted(np.cumsum(self._heights), total / 2)) if total else None

    def add(self, frame: TrackedFrame) -> None:
        """Count a frame."""
        tracks, score = frame.tracks, frame.detections.score
        score = score[np.isfinite(score)]
        if len(score):
            self.highest_score = max(float(score.max()), -np.inf if self.highest_score is None else self.highest_score)
        self.frames += 1
        self.detections += len(frame.detections)
        self.boxes += len(tracks)
        self.cuts += frame.cut_confidence > 0
        self.masks += frame.detections.mask is not None
        if frame.bystanders is not None:
            self.fields += 1
            self.bystanders += len(frame.bystanders.detections)
        self._ids.update(tracks.track_id.tolist())
        self.classes.update(tracks.class_id.tolist())
        self._scores += float(tracks.score.sum())
        if len(tracks) >= _SEVERAL:
            height = np.nan_to_num(tracks.xyxy[:, 3] - tracks.xyxy[:, 1])
            self._heights += np.bincount(np.clip(height, 0, _TALLEST).astype(np.int64), minlength=_TALLEST + 1)

    @contextmanager
    def tracking(self) -> Iterator[None]:
        """Add the time that a with-block takes."""
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started
