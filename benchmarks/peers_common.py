"""What the adapters in peers.py and peers_at_defaults.py share: the record of a peer, and conversions of tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import (
    Detections,
)

BUDGET = 100  # embeddings that every DeepSORT keeps of a track


@dataclass(frozen=True)
class Peer:
    """One tracker of one library.

    Attributes:
        name: how tables call it.
        family: the algorithm: ``SORT``, ``ByteTrack``, ``OC-SORT``, ``C-BIoU``, ``BoT-SORT``, ``DeepSORT``.
        make: returns the ``update`` of a new tracker.
        convert: `Detections` to what ``update`` takes.
        rows: (frame's `Detections`, ``update``'s answer) to the detection rows and their ids.
        boxes: the same to the (M, 4) corners and (M,) ids that the library reports; None: its rows' own boxes.
        embeddings: it can use embeddings.
        settings: what it was made with, in words.
    """

    name: str
    family: str
    make: Callable[[], Callable[[Any], Any]]
    convert: Callable[[Detections], Any]
    rows: Callable[[Detections, Any], tuple[Any, Any]]
    boxes: Callable[[Detections, Any], tuple[Any, Any]] | None = None
    embeddings: bool = False
    settings: str = ""


def keep_ultralytics_offline() -> None:
    """Keep Ultralytics from looking anything up and from installing anything."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # no look-ups, no installs
    os.environ.setdefault("YOLO_VERBOSE", "false")


def to_ultralytics(frame: Detections, size: tuple[int, int] = (1280, 720)) -> Any:
    """Return a frame's detections as Ultralytics' boxes."""
    from ultralytics.engine.results import Boxes

    return Boxes(np.column_stack((frame.xyxy, frame.score, frame.class_id)).astype(np.float32), (size[1], size[0]))


def ultralytics_rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return detection rows and ids of Ultralytics' answer."""
    table = result.reshape(-1, 8)
    return table[:, 7].astype(np.int64), table[:, 4].astype(np.int64)


def ultralytics_boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return the corners and ids of Ultralytics' answer."""
    table = result.reshape(-1, 8)
    return table[:, :4].astype(np.float64), table[:, 4].astype(np.int64)


def to_deep_sort(frame: Detections, embeddings: list[Any]) -> Any:
    """Return boxes, embeddings and rows as deep-sort-realtime takes them."""
    tlwh = np.hstack((frame.xyxy[:, :2], frame.xyxy[:, 2:] - frame.xyxy[:, :2]))
    boxes = [(box, score, 0) for box, score in zip(tlwh.tolist(), frame.score.tolist(), strict=True)]
    return boxes, embeddings, list(range(len(frame)))


def deep_sort_rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return detection rows and ids of the confirmed tracks that were seen."""
    seen = [(t.others, int(t.track_id)) for t in result if t.is_confirmed() and t.time_since_update == 0]
    table = np.array(seen, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def fresh(frame: Detections) -> Detections:
    """Return a new table without embeddings."""
    # A new table, so that nothing computed on it in an earlier run is remembered.
    return Detections(frame.xyxy, frame.score, frame.class_id)


def with_embeddings(frame: Detections) -> Detections:
    """Return a new table with embeddings."""
    return Detections(frame.xyxy, frame.score, frame.class_id, frame.embedding)


def our_rows(frame: Detections, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    """Return detection rows and ids of this package's tracks."""
    return tracks.detection, tracks.track_id


def to_supervision(frame: Detections) -> Any:
    """Return a frame's detections as supervision's."""
    return fresh(frame).to_supervision()


def trackers_rows(frame: Detections, result: Any) -> tuple[Any, Any]:
    """Return detection rows and ids of the answer of `trackers`."""
    # The library does not say which row a result came from; the boxes are handed back unchanged.
    place = {tuple(box): row for row, box in enumerate(frame.xyxy.tolist())}
    named = result.tracker_id >= 0
    return np.array([place[tuple(box)] for box in result.xyxy[named].tolist()], np.int64), result.tracker_id[named]
