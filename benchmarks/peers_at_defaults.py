"""Adapters around other Python trackers with their libraries' own settings, for comparing accuracy."""

from __future__ import annotations

import logging
from collections.abc import Container
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from peers_common import (
    BUDGET,
    Peer,
    deep_sort_rows,
    keep_ultralytics_offline,
    to_deep_sort,
    to_supervision,
    to_ultralytics,
    trackers_rows,
    ultralytics_boxes,
    ultralytics_rows,
)

from sportstrack import (
    Detections,
    SportstrackError,
)

LIBRARIES = ("trackers", "ultralytics", "boxmot", "deep-sort-realtime", "motpy")  # with which accuracy is compared


def at_defaults(
    frame_rate: float, size: tuple[int, int], libraries: Container[str] | None = None
) -> tuple[list[Peer], list[str]]:
    """Return the peers that can be imported, with their libraries' own settings, and a line for each that cannot.

    Args:
        frame_rate: of the video, for every library that asks for it.
        size: (width, height) of the video in pixels, for the same libraries.
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
            to_supervision,
            trackers_rows,
            settings=_settings("trackers", {"frame_rate": frame_rate, **options}),
        )
        for family, (kind, options) in kinds.items()
        if hasattr(library, kind)
    ]


def _ultralytics_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    keep_ultralytics_offline()
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
    convert, peers = partial(to_ultralytics, size=size), []
    for name, kind in TRACKER_MAP.items():
        family, embeddings = families.get(name, (name, False))
        options = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) | {"gmc_method": "none"}

        def make(kind: Any = kind, options: Any = options) -> Any:
            return kind(SimpleNamespace(**options)).update

        title, settings = f"ultralytics {family}", _settings("ultralytics", {"gmc_method": "none"})
        peers.append(Peer(title, family, make, convert, ultralytics_rows, ultralytics_boxes, embeddings, settings))
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
            embeddings="use_embeddings" in options,
            settings=_settings("boxmot", options),
        )
        for family, (kind, options) in kinds.items()
    ]


def _deep_sort_at_defaults(frame_rate: float, size: tuple[int, int]) -> list[Peer]:  # noqa: ARG001
    """A gallery of 100 embeddings instead of an endless one; without embeddings no two detections are similar."""
    from deep_sort_realtime.deepsort_tracker import DeepSort

    def make() -> Any:
        tracker = DeepSort(embedder=None, nn_budget=BUDGET)
        return lambda found: tracker.update_tracks(found[0], embeds=found[1], others=found[2])

    unlike = np.random.default_rng(0)

    def convert(frame: Detections) -> Any:
        size = 128 if frame.embedding is None else frame.embedding.shape[1]
        embeddings = unlike.normal(size=(len(frame), size)).astype(np.float32)
        if frame.embedding is not None:  # zeros, an unknown embedding, would make its costs NaN
            embeddings = np.where(frame.embedding.any(axis=1, keepdims=True), frame.embedding, embeddings)
        return to_deep_sort(frame, list(embeddings))

    def boxes(frame: Detections, result: Any) -> tuple[Any, Any]:  # noqa: ARG001
        seen = [t for t in result if t.is_confirmed() and t.time_since_update == 0]
        return np.array([t.to_ltrb() for t in seen]).reshape(-1, 4), np.array([int(t.track_id) for t in seen], np.int64)

    settings = _settings("deep-sort-realtime", {"nn_budget": BUDGET})
    title = "deep-sort-realtime DeepSORT"
    return [Peer(title, "DeepSORT", make, convert, deep_sort_rows, boxes, embeddings=True, settings=settings)]


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
