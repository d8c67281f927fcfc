"""Thin adapters around other Python trackers: how to make one, how to feed it, how to read its answer.

An adapter turns a frame's `Detections` into the library's own input type beforehand, so that a benchmark times the
library's ``update`` and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from sportstrack import SORT, ByteTrack, ByteTrackConfig, Detections, SORTConfig

MEMORY = 30  # frames without a detection that every ByteTrack remembers
SORT_MEMORY = 1  # the same for every SORT, as published
FRAME_RATE = 30.0  # at which all of them count a buffer in frames


@dataclass(frozen=True)
class Peer:
    """One tracker of one library.

    Attributes:
        name: how tables call it.
        family: the algorithm, ``SORT`` or ``ByteTrack``.
        make: returns the ``update`` of a new tracker.
        convert: `Detections` to what ``update`` takes.
        rows: (frame's `Detections`, ``update``'s answer) to the detection rows and their ids.
    """

    name: str
    family: str
    make: Callable[[], Callable[[Any], Any]]
    convert: Callable[[Detections], Any]
    rows: Callable[[Detections, Any], tuple[Any, Any]]


def ours() -> list[Peer]:
    """Return this package's trackers, set to do the same work as the peers."""

    def sort() -> Any:
        return SORT(SORTConfig(max_age=SORT_MEMORY, det_thresh=0.0), frame_rate=FRAME_RATE).update

    def byte() -> Any:
        return ByteTrack(ByteTrackConfig(track_buffer=MEMORY), frame_rate=FRAME_RATE).update

    return [
        Peer("sportstrack SORT", "SORT", sort, _fresh, _our_rows),
        Peer("sportstrack ByteTrack", "ByteTrack", byte, _fresh, _our_rows),
    ]


def others() -> tuple[list[Peer], list[str]]:
    """Return the peers that can be imported, and a line for each that cannot."""
    peers: list[Peer] = []
    missing = ["supervision: has had no tracker of its own since its ByteTrack moved to trackers"]
    for name, load in (("trackers", _trackers), ("ultralytics", _ultralytics)):
        try:
            peers += load()
        except ImportError as error:
            missing.append(f"{name}: not installed ({error})")
    return peers, missing


def _trackers() -> list[Peer]:
    from trackers import ByteTrackTracker, SORTTracker
    from trackers.utils.state_representations import XCYCSRStateEstimator, XYXYStateEstimator

    def sort(state: Any) -> Callable[[], Any]:
        def make() -> Any:
            return SORTTracker(
                lost_track_buffer=SORT_MEMORY,
                frame_rate=FRAME_RATE,
                track_activation_threshold=0.0,
                minimum_consecutive_frames=3,
                minimum_iou_threshold=0.3,
                state_estimator_class=state,
            ).update

        return make

    def byte() -> Any:
        return ByteTrackTracker(
            lost_track_buffer=MEMORY,
            frame_rate=FRAME_RATE,
            track_activation_threshold=0.6,
            minimum_consecutive_frames=2,
            minimum_iou_threshold=0.2,
            high_conf_det_threshold=0.5,
        ).update

    return [
        Peer("trackers SORT (xyxy)", "SORT", sort(XYXYStateEstimator), _to_supervision, _trackers_rows),
        Peer("trackers SORT (xcycsr)", "SORT", sort(XCYCSRStateEstimator), _to_supervision, _trackers_rows),
        Peer("trackers ByteTrack", "ByteTrack", byte, _to_supervision, _trackers_rows),
    ]


def _ultralytics() -> list[Peer]:
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # no look-ups, no installs
    os.environ.setdefault("YOLO_VERBOSE", "false")
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers.byte_tracker import BYTETracker

    settings = SimpleNamespace(
        track_high_thresh=0.5,
        track_low_thresh=0.1,
        new_track_thresh=0.6,
        track_buffer=MEMORY,
        match_thresh=0.8,
        fuse_score=True,
    )

    def convert(frame: Detections) -> Any:
        return Boxes(np.column_stack((frame.xyxy, frame.score, frame.class_id)).astype(np.float32), (720, 1280))

    def rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        table = result.reshape(-1, 8)
        return table[:, 7].astype(np.int64), table[:, 4].astype(np.int64)

    return [Peer("ultralytics ByteTrack", "ByteTrack", lambda: BYTETracker(settings).update, convert, rows)]


def _fresh(frame: Detections) -> Detections:
    # A new table, so that nothing computed on it in an earlier run is remembered.
    return Detections(frame.xyxy, frame.score, frame.class_id)


def _our_rows(frame: Detections, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.detection, tracks.track_id


def _to_supervision(frame: Detections) -> Any:
    return _fresh(frame).to_supervision()


def _trackers_rows(frame: Detections, result: Any) -> tuple[Any, Any]:
    # The library does not say which row a result came from; the boxes are handed back unchanged.
    place = {tuple(box): row for row, box in enumerate(frame.xyxy.tolist())}
    named = result.tracker_id >= 0
    return np.array([place[tuple(box)] for box in result.xyxy[named].tolist()], np.int64), result.tracker_id[named]
