"""Thin adapters around other Python trackers: how to make one, how to feed it, how to read its answer.

An adapter turns a frame's `Detections` into the library's own input type beforehand, so that a benchmark times the
library's ``update`` and nothing else. `ours` and `others` do the same work on both sides, for comparing speed;
`at_defaults` leaves each library its own settings, for comparing accuracy.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
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
    SportstrackError,
)

MEMORY = 30  # frames without a detection that every ByteTrack remembers
SORT_MEMORY = 1  # the same for every SORT, as published
CONFIDENT = 0.5  # score from which on every OC-SORT and C-BIoU uses a box
BUDGET = 100  # looks that every DeepSORT keeps of a track
LIBRARIES = ("trackers", "ultralytics", "boxmot", "deep-sort-realtime", "motpy")  # with which accuracy is compared
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
        boxes: likewise to the (M, 4) corners and (M,) ids that the library reports; None: its rows' own boxes.
        looks: it can use appearance vectors.
        settings: what it was made with, in words.
    """

    name: str
    family: str
    make: Callable[[], Callable[[Any], Any]]
    convert: Callable[[Detections], Any]
    rows: Callable[[Detections, Any], tuple[Any, Any]]
    boxes: Callable[[Detections, Any], tuple[Any, Any]] | None = None
    looks: bool = False
    settings: str = ""


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
    _keep_ultralytics_offline()
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

    return [
        Peer(
            "ultralytics BoT-SORT", "BoT-SORT", lambda: BOTSORT(bot_settings).update, _to_ultralytics, _ultralytics_rows
        ),
        Peer(
            "ultralytics ByteTrack",
            "ByteTrack",
            lambda: BYTETracker(settings).update,
            _to_ultralytics,
            _ultralytics_rows,
        ),
        Peer(
            "ultralytics OC-SORT",
            "OC-SORT",
            lambda: oc_sort.OCSORT(oc_settings).update,
            _to_ultralytics,
            _ultralytics_rows,
        ),
    ]


def _deep_sort_realtime() -> list[Peer]:
    from deep_sort_realtime.deepsort_tracker import DeepSort

    def make() -> Any:
        tracker = DeepSort(embedder=None, nn_budget=BUDGET, max_age=MEMORY)
        return lambda found: tracker.update_tracks(found[0], embeds=found[1], others=found[2])

    def convert(frame: Detections) -> Any:
        return _to_deep_sort(frame, list(frame.embedding))  # type: ignore[arg-type]

    return [Peer("deep-sort-realtime", "DeepSORT", make, convert, _deep_sort_rows)]


def at_defaults(
    frame_rate: float, size: tuple[int, int], libraries: Container[str] | None = None
) -> tuple[list[Peer], list[str]]:
    """Return the peers that can be imported, with their libraries' own settings, and a line for each that cannot.

    Args:
        frame_rate: of the video, told to every library that asks for it.
        size: (width, height) of the video in pixels, likewise.
        libraries: those of `LIBRARIES` to import; None for all.
    """
    peers: list[Peer] = []
    missing = ["norfair: wants numpy below 2", "supervision: has had no tracker of its own since ByteTrack moved out"]
    loaders = (
        _trackers_at_defaults,
        _ultralytics_at_defaults,
        _boxmot_at_defaults,
        _deep_sort_at_defaults,
        _motpy_at_defaults,
    )
    for name, load in zip(LIBRARIES, loaders, strict=True):
        try:
            peers += load(frame_rate, size) if libraries is None or name in libraries else []
        except ImportError as error:
            missing.append(f"{name}: not installed ({error})")
    return peers, missing


def _trackers_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    library = import_module("trackers")
    without_pixels: dict[str, Any] = {"enable_cmc": False}
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "SORT": ("SORTTracker", {}),
        "ByteTrack": ("ByteTrackTracker", {}),
        "OC-SORT": ("OCSORTTracker", {}),
        "BoT-SORT": ("BoTSORTTracker", without_pixels),
        "C-BIoU": ("CBIoUTracker", {}),
        "McByte": ("McByteTracker", without_pixels),  # also without its masks
    }

    def make(kind: str, options: dict[str, Any]) -> Any:
        return getattr(library, kind)(frame_rate=frame_rate, **options).update

    return [
        Peer(
            f"trackers {family}",
            family,
            partial(make, kind, options),
            _to_supervision,
            _trackers_rows,
            settings=_settings("trackers", {"frame_rate": frame_rate, **options}),
        )
        for family, (kind, options) in kinds.items()
        if hasattr(library, kind)
    ]


def _ultralytics_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    _keep_ultralytics_offline()
    import ultralytics
    import yaml
    from ultralytics.trackers.track import TRACKER_MAP

    families = {
        "bytetrack": ("ByteTrack", False),
        "botsort": ("BoT-SORT", True),
        "ocsort": ("OC-SORT", False),
        "deepocsort": ("Deep OC-SORT", True),
        "fasttrack": ("FastTracker", False),
        "tracktrack": ("TrackTrack", True),
    }
    folder = Path(ultralytics.__file__).parent / "cfg" / "trackers"
    convert, peers = partial(_to_ultralytics, size=size), []
    for name, kind in TRACKER_MAP.items():
        family, looks = families.get(name, (name, False))
        options = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) | {"gmc_method": "none"}

        def make(kind: Any = kind, options: Any = options) -> Any:
            return kind(SimpleNamespace(**options)).update

        title, settings = f"ultralytics {family}", _settings("ultralytics", {"gmc_method": "none"})
        peers.append(Peer(title, family, make, convert, _ultralytics_rows, _ultralytics_boxes, looks, settings))
    return peers


def _boxmot_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:
    from boxmot.trackers import TrackerSpec, create_tracker

    picture = np.zeros((size[1], size[0], 3), np.uint8)  # asked for its shape alone
    blind: dict[str, Any] = {"use_embeddings": False, "use_cmc": False}
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "ByteTrack": ("bytetrack", {"frame_rate": frame_rate}),
        "OC-SORT": ("ocsort", {}),
        "SFSORT": ("sfsort", {}),
        "BoT-SORT": ("botsort", blind | {"frame_rate": frame_rate}),
        "BoostTrack": ("boosttrack", blind),
        "OccluBoost": ("occluboost", blind),
        "Deep OC-SORT": ("deepocsort", {"use_embeddings": False, "cmc_off": True}),
    }
    raw = {"ocsort", "sfsort", "deepocsort"}  # they report the detections' own boxes, in float32

    def make(kind: str, options: dict[str, Any]) -> Any:
        logging.getLogger("boxmot").setLevel(logging.ERROR)
        tracker = create_tracker(TrackerSpec(kind, options=tuple(sorted(options.items()))))
        return lambda table: tracker.update(table, picture)

    def convert(frame: Detections) -> Any:
        return np.column_stack((frame.xyxy, frame.score, frame.class_id))

    def rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        table = np.asarray(result).reshape(-1, 8)
        return table[:, 7].astype(np.int64), table[:, 4].astype(np.int64)

    def boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        table = np.asarray(result).reshape(-1, 8)
        return table[:, :4].astype(np.float64), table[:, 4].astype(np.int64)

    return [
        Peer(
            f"boxmot {family}",
            family,
            partial(make, kind, options),
            convert,
            rows,
            None if kind in raw else boxes,
            looks="use_embeddings" in options,
            settings=_settings("boxmot", options),
        )
        for family, (kind, options) in kinds.items()
    ]


def _deep_sort_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    """A gallery of 100 looks instead of an endless one; without embeddings no two looks are alike."""
    from deep_sort_realtime.deepsort_tracker import DeepSort

    def make() -> Any:
        tracker = DeepSort(embedder=None, nn_budget=BUDGET)
        return lambda found: tracker.update_tracks(found[0], embeds=found[1], others=found[2])

    unlike = np.random.default_rng(0)

    def convert(frame: Detections) -> Any:
        size = 128 if frame.embedding is None else frame.embedding.shape[1]
        looks = unlike.normal(size=(len(frame), size)).astype(np.float32)
        if frame.embedding is not None:  # zeros, an unknown look, would make its costs NaN
            looks = np.where(frame.embedding.any(axis=1, keepdims=True), frame.embedding, looks)
        return _to_deep_sort(frame, list(looks))

    def boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        seen = [t for t in result if t.is_confirmed() and t.time_since_update == 0]
        return np.array([t.to_ltrb() for t in seen]).reshape(-1, 4), np.array([int(t.track_id) for t in seen], np.int64)

    settings = _settings("deep-sort-realtime", {"nn_budget": BUDGET})
    title = "deep-sort-realtime DeepSORT"
    return [Peer(title, "DeepSORT", make, convert, _deep_sort_rows, boxes, looks=True, settings=settings)]


def _motpy_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    """SORT-like; reports tracks also in frames in which they were not seen, and does not say which box is whose."""
    from motpy import Detection, MultiObjectTracker

    numbers: dict[str, int] = {}  # its ids are random words

    def make() -> Any:
        numbers.clear()
        return MultiObjectTracker(dt=1 / frame_rate).step

    def convert(frame: Detections) -> Any:
        return [Detection(box=box, score=score) for box, score in zip(frame.xyxy, frame.score.tolist(), strict=True)]

    def boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        ids = [numbers.setdefault(track.id, len(numbers) + 1) for track in result]
        return np.array([track.box for track in result]).reshape(-1, 4), np.array(ids, np.int64)

    def rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        raise SportstrackError("motpy does not say which detection a track took: score it with --boxes reported")

    settings = _settings("motpy", {"dt": 1 / frame_rate})
    return [Peer("motpy SORT", "SORT", make, convert, rows, boxes, settings=settings)]


def _settings(package: str, options: dict[str, Any]) -> str:
    """Return the library, its version and what was not left at its default."""
    given = ", ".join(f"{name}={value}" for name, value in sorted(options.items()))
    return f"{package} {version(package)}: {given or 'defaults'}"


def _keep_ultralytics_offline() -> None:
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # no look-ups, no installs
    os.environ.setdefault("YOLO_VERBOSE", "false")


def _to_ultralytics(frame: Detections, size: tuple[int, int] = (1280, 720)) -> Any:
    from ultralytics.engine.results import Boxes

    return Boxes(np.column_stack((frame.xyxy, frame.score, frame.class_id)).astype(np.float32), (size[1], size[0]))


def _ultralytics_rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    table = result.reshape(-1, 8)
    return table[:, 7].astype(np.int64), table[:, 4].astype(np.int64)


def _ultralytics_boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    table = result.reshape(-1, 8)
    return table[:, :4].astype(np.float64), table[:, 4].astype(np.int64)


def _to_deep_sort(frame: Detections, looks: list[Any]) -> Any:
    tlwh = np.hstack((frame.xyxy[:, :2], frame.xyxy[:, 2:] - frame.xyxy[:, :2]))
    boxes = [(box, score, 0) for box, score in zip(tlwh.tolist(), frame.score.tolist(), strict=True)]
    return boxes, looks, list(range(len(frame)))


def _deep_sort_rows(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
    seen = [(t.others, int(t.track_id)) for t in result if t.is_confirmed() and t.time_since_update == 0]
    table = np.array(seen, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


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
