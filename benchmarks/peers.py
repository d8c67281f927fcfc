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

from sportstrack import (
    OCSORT,
    SORT,
    BoTSORT,
    BoTSORTConfig,
    ByteTrack,
    ByteTrackConfig,
    CBIoU,
    CBIoUConfig,
    DeepSORT,
    DeepSORTConfig,
    Detections,
    OCSORTConfig,
    SORTConfig,
)

MEMORY = 30  # frames without a detection that every ByteTrack remembers
SORT_MEMORY = 1  # the same for every SORT, as published
CONFIDENT = 0.5  # score from which on every OC-SORT and C-BIoU uses a box
BUDGET = 100  # looks that every DeepSORT keeps of a track
FRAME_RATE = 30.0  # at which all of them count a buffer in frames


@dataclass(frozen=True)
class Peer:
    """One tracker of one library.

    Attributes:
        name: how tables call it.
        family: the algorithm: ``SORT``, ``ByteTrack``, ``OC-SORT``, ``C-BIoU``, ``BoT-SORT``, ``DeepSORT``.
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

    def oc() -> Any:
        return OCSORT(OCSORTConfig(det_thresh=CONFIDENT, max_age=MEMORY), frame_rate=FRAME_RATE).update

    def bot() -> Any:
        config = BoTSORTConfig(track_high_thresh=0.5, new_track_thresh=0.6, track_buffer=MEMORY)
        return BoTSORT(config, frame_rate=FRAME_RATE).update

    def deep() -> Any:
        config = DeepSORTConfig(nn_budget=BUDGET, max_age=MEMORY, det_thresh=0.0)
        return DeepSORT(config, frame_rate=FRAME_RATE).update

    def cbiou() -> Any:
        return CBIoU(CBIoUConfig(det_thresh=CONFIDENT, max_age=MEMORY), frame_rate=FRAME_RATE).update

    return [
        Peer("sportstrack SORT", "SORT", sort, _fresh, _our_rows),
        Peer("sportstrack BoT-SORT", "BoT-SORT", bot, _fresh, _our_rows),
        Peer("sportstrack DeepSORT", "DeepSORT", deep, _with_looks, _our_rows),
        Peer("sportstrack ByteTrack", "ByteTrack", byte, _fresh, _our_rows),
        Peer("sportstrack OC-SORT", "OC-SORT", oc, _fresh, _our_rows),
        Peer("sportstrack C-BIoU", "C-BIoU", cbiou, _fresh, _our_rows),
    ]


def others() -> tuple[list[Peer], list[str]]:
    """Return the peers that can be imported, and a line for each that cannot."""
    peers: list[Peer] = []
    missing = ["supervision: has had no tracker of its own since its ByteTrack moved to trackers"]
    for name, load in (
        ("trackers", _trackers),
        ("ultralytics", _ultralytics),
        ("deep-sort-realtime", _deep_sort_realtime),
    ):
        try:
            peers += load()
        except ImportError as error:
            missing.append(f"{name}: not installed ({error})")
    return peers, missing


def _trackers() -> list[Peer]:
    from trackers import BoTSORTTracker, ByteTrackTracker, CBIoUTracker, OCSORTTracker, SORTTracker
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

    def oc() -> Any:
        return OCSORTTracker(
            lost_track_buffer=MEMORY,
            frame_rate=FRAME_RATE,
            minimum_consecutive_frames=3,
            minimum_iou_threshold=0.3,
            direction_consistency_weight=0.2,
            high_conf_det_threshold=CONFIDENT,
            delta_t=3,
        ).update

    def bot() -> Any:
        return BoTSORTTracker(
            lost_track_buffer=MEMORY,
            frame_rate=FRAME_RATE,
            track_activation_threshold=0.6,
            high_conf_det_threshold=0.5,
            enable_cmc=False,
        ).update

    def cbiou() -> Any:  # margins as in the paper, but with a Kalman filter and ByteTrack's stages
        return CBIoUTracker(
            lost_track_buffer=MEMORY,
            frame_rate=FRAME_RATE,
            track_activation_threshold=CONFIDENT,
            high_conf_det_threshold=CONFIDENT,
        ).update

    return [
        Peer("trackers SORT (xyxy)", "SORT", sort(XYXYStateEstimator), _to_supervision, _trackers_rows),
        Peer("trackers SORT (xcycsr)", "SORT", sort(XCYCSRStateEstimator), _to_supervision, _trackers_rows),
        Peer("trackers BoT-SORT", "BoT-SORT", bot, _to_supervision, _trackers_rows),
        Peer("trackers ByteTrack", "ByteTrack", byte, _to_supervision, _trackers_rows),
        Peer("trackers OC-SORT", "OC-SORT", oc, _to_supervision, _trackers_rows),
        Peer("trackers C-BIoU", "C-BIoU", cbiou, _to_supervision, _trackers_rows),
    ]


def _ultralytics() -> list[Peer]:
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # no look-ups, no installs
    os.environ.setdefault("YOLO_VERBOSE", "false")
    from ultralytics.engine.results import Boxes
    from ultralytics.trackers import oc_sort
    from ultralytics.trackers.bot_sort import BOTSORT
    from ultralytics.trackers.byte_tracker import BYTETracker

    settings = SimpleNamespace(
        track_high_thresh=0.5,
        track_low_thresh=0.1,
        new_track_thresh=0.6,
        track_buffer=MEMORY,
        match_thresh=0.8,
        fuse_score=True,
    )

    confident = {"track_high_thresh": CONFIDENT, "new_track_thresh": CONFIDENT, "fuse_score": False}
    oc_settings = SimpleNamespace(**vars(settings) | confident, delta_t=3, inertia=0.2, use_byte=False)

    bot_settings = SimpleNamespace(
        **vars(settings), gmc_method="none", with_reid=False, proximity_thresh=0.5, appearance_thresh=0.8
    )

    def convert(frame: Detections) -> Any:
        return Boxes(np.column_stack((frame.xyxy, frame.score, frame.class_id)).astype(np.float32), (720, 1280))

    def rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        table = result.reshape(-1, 8)
        return table[:, 7].astype(np.int64), table[:, 4].astype(np.int64)

    return [
        Peer("ultralytics BoT-SORT", "BoT-SORT", lambda: BOTSORT(bot_settings).update, convert, rows),
        Peer("ultralytics ByteTrack", "ByteTrack", lambda: BYTETracker(settings).update, convert, rows),
        Peer("ultralytics OC-SORT", "OC-SORT", lambda: oc_sort.OCSORT(oc_settings).update, convert, rows),
    ]


def _deep_sort_realtime() -> list[Peer]:
    from deep_sort_realtime.deepsort_tracker import DeepSort

    def make() -> Any:
        tracker = DeepSort(embedder=None, nn_budget=BUDGET, max_age=MEMORY)
        return lambda found: tracker.update_tracks(found[0], embeds=found[1], others=found[2])

    def convert(frame: Detections) -> Any:
        tlwh = np.hstack((frame.xyxy[:, :2], frame.xyxy[:, 2:] - frame.xyxy[:, :2]))
        boxes = [(box, score, 0) for box, score in zip(tlwh.tolist(), frame.score.tolist(), strict=True)]
        return boxes, list(frame.embedding), list(range(len(frame)))  # type: ignore[arg-type]

    def rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        seen = [(t.others, int(t.track_id)) for t in result if t.is_confirmed() and t.time_since_update == 0]
        table = np.array(seen, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    return [Peer("deep-sort-realtime", "DeepSORT", make, convert, rows)]


def _fresh(frame: Detections) -> Detections:
    # A new table, so that nothing computed on it in an earlier run is remembered.
    return Detections(frame.xyxy, frame.score, frame.class_id)


def _with_looks(frame: Detections) -> Detections:
    return Detections(frame.xyxy, frame.score, frame.class_id, frame.embedding)


def _our_rows(frame: Detections, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.detection, tracks.track_id


def _to_supervision(frame: Detections) -> Any:
    return _fresh(frame).to_supervision()


def _trackers_rows(frame: Detections, result: Any) -> tuple[Any, Any]:
    # The library does not say which row a result came from; the boxes are handed back unchanged.
    place = {tuple(box): row for row, box in enumerate(frame.xyxy.tolist())}
    named = result.tracker_id >= 0
    return np.array([place[tuple(box)] for box in result.xyxy[named].tolist()], np.int64), result.tracker_id[named]
