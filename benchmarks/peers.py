"""Thin adapters around other Python trackers: how to make one, how to feed it, how to read its answer.

An adapter turns a frame's `Detections` into the library's own input type beforehand, so that a benchmark times the
library's ``update`` and nothing else. `ours` and `others` do the same work on both sides, for comparing speed;
peers_at_defaults.py leaves each library its own settings, for comparing accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from peers_common import (
    BUDGET,
    Peer,
    deep_sort_rows,
    fresh,
    keep_ultralytics_offline,
    our_rows,
    to_deep_sort,
    to_supervision,
    to_ultralytics,
    trackers_rows,
    ultralytics_rows,
    with_embeddings,
)

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
HIGH_SCORE = 0.5  # least score of a box that every OC-SORT and C-BIoU uses
FRAME_RATE = 30.0  # at which all of them count a buffer in frames


def ours() -> list[Peer]:
    """Return this package's trackers, set to do the same work as the peers."""

    def sort() -> Any:
        return SORT(SORTConfig(max_age=SORT_MEMORY, det_thresh=0.0), frame_rate=FRAME_RATE).update

    def byte() -> Any:
        return ByteTrack(ByteTrackConfig(track_buffer=MEMORY), frame_rate=FRAME_RATE).update

    def oc() -> Any:
        return OCSORT(OCSORTConfig(det_thresh=HIGH_SCORE, max_age=MEMORY), frame_rate=FRAME_RATE).update

    def bot() -> Any:
        config = BoTSORTConfig(track_high_thresh=0.5, new_track_thresh=0.6, track_buffer=MEMORY)
        return BoTSORT(config, frame_rate=FRAME_RATE).update

    def deep() -> Any:
        config = DeepSORTConfig(nn_budget=BUDGET, max_age=MEMORY, det_thresh=0.0)
        return DeepSORT(config, frame_rate=FRAME_RATE).update

    def cbiou() -> Any:
        return CBIoU(CBIoUConfig(det_thresh=HIGH_SCORE, max_age=MEMORY), frame_rate=FRAME_RATE).update

    return [
        Peer("sportstrack SORT", "SORT", sort, fresh, our_rows),
        Peer("sportstrack BoT-SORT", "BoT-SORT", bot, fresh, our_rows),
        Peer("sportstrack DeepSORT", "DeepSORT", deep, with_embeddings, our_rows),
        Peer("sportstrack ByteTrack", "ByteTrack", byte, fresh, our_rows),
        Peer("sportstrack OC-SORT", "OC-SORT", oc, fresh, our_rows),
        Peer("sportstrack C-BIoU", "C-BIoU", cbiou, fresh, our_rows),
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


def _sort(state: Any) -> Callable[[], Any]:
    from trackers import SORTTracker

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


def _trackers() -> list[Peer]:
    from trackers import BoTSORTTracker, ByteTrackTracker, CBIoUTracker, OCSORTTracker
    from trackers.utils.state_representations import XCYCSRStateEstimator, XYXYStateEstimator

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
            high_conf_det_threshold=HIGH_SCORE,
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
            track_activation_threshold=HIGH_SCORE,
            high_conf_det_threshold=HIGH_SCORE,
        ).update

    return [
        Peer("trackers SORT (xyxy)", "SORT", _sort(XYXYStateEstimator), to_supervision, trackers_rows),
        Peer("trackers SORT (xcycsr)", "SORT", _sort(XCYCSRStateEstimator), to_supervision, trackers_rows),
        Peer("trackers BoT-SORT", "BoT-SORT", bot, to_supervision, trackers_rows),
        Peer("trackers ByteTrack", "ByteTrack", byte, to_supervision, trackers_rows),
        Peer("trackers OC-SORT", "OC-SORT", oc, to_supervision, trackers_rows),
        Peer("trackers C-BIoU", "C-BIoU", cbiou, to_supervision, trackers_rows),
    ]


def _ultralytics() -> list[Peer]:
    keep_ultralytics_offline()
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

    same_score = {"track_high_thresh": HIGH_SCORE, "new_track_thresh": HIGH_SCORE, "fuse_score": False}
    oc_settings = SimpleNamespace(**vars(settings) | same_score, delta_t=3, inertia=0.2, use_byte=False)

    bot_settings = SimpleNamespace(
        **vars(settings), gmc_method="none", with_reid=False, proximity_thresh=0.5, appearance_thresh=0.8
    )

    return [
        Peer(
            "ultralytics BoT-SORT", "BoT-SORT", lambda: BOTSORT(bot_settings).update, to_ultralytics, ultralytics_rows
        ),
        Peer(
            "ultralytics ByteTrack",
            "ByteTrack",
            lambda: BYTETracker(settings).update,
            to_ultralytics,
            ultralytics_rows,
        ),
        Peer(
            "ultralytics OC-SORT",
            "OC-SORT",
            lambda: oc_sort.OCSORT(oc_settings).update,
            to_ultralytics,
            ultralytics_rows,
        ),
    ]


def _deep_sort_realtime() -> list[Peer]:
    from deep_sort_realtime.deepsort_tracker import DeepSort

    def make() -> Any:
        tracker = DeepSort(embedder=None, nn_budget=BUDGET, max_age=MEMORY)
        return lambda found: tracker.update_tracks(found[0], embeds=found[1], others=found[2])

    def convert(frame: Detections) -> Any:
        return to_deep_sort(frame, list(frame.embedding))  # type: ignore[arg-type]

    return [Peer("deep-sort-realtime", "DeepSORT", make, convert, deep_sort_rows)]
