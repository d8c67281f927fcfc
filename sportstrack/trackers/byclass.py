"""Several trackers side by side, each for some classes, with ids that are unique over all of them.

So a ball has a tracker of its own and can never take a player's id, nor a player the ball's. The package's own trackers
share one counter of ids. A tracker from elsewhere counts by itself; its ids are renamed, and the new names, about a
hundred bytes each, are kept until the next shot change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from sportstrack.appearance import read_embeddings
from sportstrack.errors import SettingError
from sportstrack.trackers.checks import read_camera
from sportstrack.trackers.clock import StepClock, takes_time
from sportstrack.trackers.rows import IdCounter, read_found
from sportstrack.types import Detections, FloatArray, IntArray, Tracker, Tracks, as_detections


class ByClass:
    """Trackers for groups of classes.

    Args:
        groups: (class ids, tracker) pairs; None instead of class ids stands for all classes that no other pair names,
            and may come once. Detections of a class that belongs to no tracker are left out.
        strict: raise on an unusable detection before any tracker has seen the frame; give it to the trackers, too.

    Raises:
        SettingError: if a class belongs to two trackers, or two trackers take the rest.
    """

    def __init__(self, groups: Sequence[tuple[Collection[int] | None, Tracker]], *, strict: bool = False) -> None:
        named = [int(number) for classes, _ in groups if classes is not None for number in classes]
        if len(set(named)) < len(named) or sum(classes is None for classes, _ in groups) > 1:
            raise SettingError("ByClass: expected each class in one group, and one group for the rest")
        self._named = np.array(named, np.int64)
        self._classes = [None if classes is None else np.array([*classes], np.int64) for classes, _ in groups]
        self.trackers: tuple[Any, ...] = tuple(tracker for _, tracker in groups)
        self.strict = strict
        self._renamed: list[dict[int, int]] = [{} for _ in groups]
        self._ids = IdCounter()
        self._counts_alone = [not isinstance(getattr(tracker, "ids", None), IdCounter) for tracker in self.trackers]
        for tracker, alone in zip(self.trackers, self._counts_alone, strict=True):
            if not alone:
                tracker.ids = self._ids
        self._timed = [takes_time(tracker) for tracker in self.trackers]
        self._clock = StepClock()  # checks times
        self._length = 0  # of an embedding, 0 while unknown

    @property
    def dropped(self) -> int:
        """Unusable detections left out so far."""
        return sum(getattr(tracker, "dropped", 0) for tracker in self.trackers)

    def __repr__(self) -> str:
        return f"<ByClass: {', '.join(map(repr, self.trackers))}>"

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        for tracker in self.trackers:
            tracker.reset()
        self._forget()
        self._ids.reset()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        for tracker in self.trackers:
            getattr(tracker, "cut", tracker.reset)()
        self._forget()

    def _forget(self) -> None:
        self._clock.cut()
        self._renamed = [{} for _ in self.trackers]
        self._length = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:
        """Advance all trackers by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; each tracker sees the detections of its classes.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's, or None.
            time: seconds on the source's clock, later than the last frame's, or None; for the trackers that take it.

        Returns:
            The tracks of all of them, ordered by detection row, coasting ones last.

        Raises:
            SettingError: if the time is no later than that of the frame before, the camera is not an invertible affine,
                or embeddings change their length.
        """
        detections = as_detections(detections)
        # Whatever one of the trackers might refuse is refused here, before the first of them has moved on.
        camera = read_camera(camera)
        embedding = read_embeddings(detections.embedding, self._length)
        if self.strict:
            read_found(detections, 0.0, strict=True)
        self._clock.advance(time, 1.0)
        self._length = self._length if embedding is None else embedding.shape[1]

        parts = [
            self._advance(place, self._rows_of(classes, detections.class_id), detections, camera, time)
            for place, classes in enumerate(self._classes)
        ]
        xyxy, score, class_id, track_id, row = (
            np.concatenate(column) for column in zip(*(part for part, _ in parts), strict=True)
        )
        order = np.where(row < 0, len(detections), row).argsort(kind="stable")
        smoothed = None
        if any(boxes is not None for _, boxes in parts):  # other trackers' boxes stay as they are
            smoothed = np.concatenate([part[0] if boxes is None else boxes for part, boxes in parts])[order]
        return Tracks.trusted(xyxy[order], score[order], class_id[order], track_id[order], row[order], smoothed)

    def _rows_of(self, classes: IntArray | None, class_id: IntArray) -> IntArray:
        mine = ~np.isin(class_id, self._named) if classes is None else np.isin(class_id, classes)
        return mine.nonzero()[0]

    def _advance(
        self, place: int, rows: IntArray, detections: Detections, camera: FloatArray | None, time: float | None
    ) -> Any:
        """Return a tracker's columns, with ids and detection rows that hold for the whole frame; and smoothed boxes."""
        tracker = self.trackers[place]
        part = detections[rows]  # with all that is known of them: embeddings, masks, team evidence …
        when = {"time": time} if self._timed[place] else {}
        tracks = tracker.update(part, camera=camera, **when)
        track_id, row = tracks.track_id, tracks.detection
        if self._counts_alone[place]:
            track_id = self._rename(self._renamed[place], track_id)
        if len(rows):
            row = np.where(row < 0, -1, rows[row])
        return (tracks.xyxy, tracks.score, tracks.class_id, track_id, row), tracks.smoothed

    def _rename(self, names: dict[int, int], track_id: IntArray) -> IntArray:
        """Return ids of this instance for those of a tracker that counts by itself."""
        for number in track_id.tolist():
            if number not in names:
                names[number] = int(self._ids.take(1)[0])
        return np.array([names[number] for number in track_id.tolist()], np.int64)
