"""What a tracker is told of a frame: detections, their appearance, the camera's motion and shot changes.

A tracker never sees an image. Everything that needs one happens here, so that a recording of these observations
replays through any tracker and gives the same tracks to the last bit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.plugins import plugin
from sportstrack.recording import RecordedFrame, RecordingInfo
from sportstrack.track.frames import Observation
from sportstrack.track.settings import TrackSettings
from sportstrack.types import BoolArray, Detections, FloatArray, as_affine

OWN_FEATURES = "detector"
"""The embedder's name for the features that the detector computes anyway."""


class Observer:
    """Detector, embedder and camera motion in a row.

    Args:
        detector: callable ``frames -> list of Detections``; None in a replay.
        embedder: callable ``(frame, xyxy) -> (N, D)``, or None to leave embeddings as the detector gave them.
        camera: an object with ``update(frame, xyxy) -> (2, 3) or None`` and ``reset()``, or None.

    Attributes:
        seconds: time spent so far, by stage.
        warnings: what the user should know of the embedder.
    """

    def __init__(self, detector: Any, embedder: Any = None, camera: Any = None) -> None:
        self._detector, self._embedder, self._camera = detector, embedder, camera
        self.seconds = {"detect": 0.0}
        self.warnings: list[str] = list(getattr(embedder, "warnings", []))
        for part, name in ((embedder, "embed"), (camera, "camera")):
            if part is not None:
                self.seconds[name] = 0.0
                getattr(part, "reset", _nothing)()

    def detect(self, images: Sequence[Any]) -> list[Detections]:
        """Find boxes in a batch of images."""
        started = time.perf_counter()
        tables: list[Detections] = self._detector(list(images))
        self.seconds["detect"] += time.perf_counter() - started
        return tables

    def observe(self, image: Any, detections: Detections, cut: float = 0.0) -> Observation:
        """Add what else there is to see; call it for every frame, in order."""
        camera, boxes = None, _usable(detections)
        if self._embedder is not None:
            started = time.perf_counter()
            detections = replace(detections, embedding=self._embed(image, boxes, detections.valid))
            self.seconds["embed"] += time.perf_counter() - started
        if self._camera is not None:
            started = time.perf_counter()
            if cut:
                self._camera.reset()  # the last frame shows another place
            camera = self._camera.update(image, boxes)
            camera = None if camera is None else as_affine(camera)
            self.seconds["camera"] += time.perf_counter() - started
        return Observation(detections, camera, cut)

    def replay(self, image: Any, recorded: RecordedFrame) -> Observation:
        """Return what was recorded, with anything seen anew in its place."""
        seen = self.observe(image, recorded.detections, recorded.cut_confidence)
        return seen if self._camera is not None else replace(seen, camera=recorded.camera)

    def _embed(self, image: Any, boxes: FloatArray, valid: BoolArray | None) -> Any:
        value = self._embedder(image, boxes)
        try:
            rows = np.asarray(value, np.float32)
        except (TypeError, ValueError) as error:
            what = f"{type(value).__name__} ({error})"
            raise SettingError(f"embedder: expected ({len(boxes)}, D) vectors, one per box, got {what}") from error
        if rows.ndim != 2 or len(rows) != len(boxes):
            raise SettingError(f"embedder: expected ({len(boxes)}, D) vectors, one per box, got shape {rows.shape}")
        if valid is None:
            return rows
        every = np.zeros((len(valid), rows.shape[1]), np.float32)  # an unusable box has no looks
        every[valid] = rows
        return every


def make_observer(
    settings: TrackSettings, detector: Any, *, embedder: Any = None, camera: Any = None, device: str = "auto"
) -> Observer:
    """Return the observer of a video that the settings ask for.

    Args:
        settings: say which embedder and camera motion to load, unless one is given.
        detector: callable ``frames -> list of Detections``.
        embedder: one of your own, used instead of the settings' one.
        camera: likewise.
        device: where to run the embedder's network.
    """
    if embedder is None and settings.embedder not in (None, OWN_FEATURES):
        embedder = _load_embedder(settings, device)
    if camera is None and settings.camera is not None:
        camera = _load_camera(settings)
    return Observer(detector, embedder, camera)


def make_replayer(
    settings: TrackSettings, recorded: RecordingInfo, *, pictures: bool, embedder: Any = None, camera: Any = None
) -> Observer:
    """Return the observer of a recording: what it holds is taken from it, what it lacks is computed.

    Raises:
        SettingError: if that needs pictures and there are none.
    """
    if embedder is None and settings.embedder not in (None, recorded.embedder):
        _need_pictures("--embedder", settings.embedder, recorded.embedder, pictures)
        embedder = _load_embedder(settings, settings.device)
    if camera is None and settings.camera not in (None, recorded.camera):
        camera = _load_camera(settings)
        if getattr(camera, "needs_image", True):
            _need_pictures("--camera", settings.camera, recorded.camera, pictures)
    return Observer(None, embedder, camera)


def _need_pictures(option: str, wanted: str | None, recorded: str | None, pictures: bool) -> None:
    if wanted == OWN_FEATURES:
        raise SettingError(f"{option} {wanted}: a replay runs no detector; record with it (--save-detections)")
    if not pictures:
        held = f"was made with {option} {recorded}" if recorded else f"was made without {option}"
        raise SettingError(f"{option} {wanted}: the recording {held}; name its video as well, or record it again")


def _load_embedder(settings: TrackSettings, device: str) -> Any:
    from sportstrack.embed import load_embedder

    return load_embedder(str(settings.embedder), device=device, half=settings.half)


def _load_camera(settings: TrackSettings) -> Any:
    from sportstrack.camera import load_camera

    camera = load_camera(str(settings.camera))
    return _Named(camera, str(settings.camera)) if ":" in str(settings.camera) else camera


class _Named:
    """A camera motion of the user's own, given by name; what it raises is reported with its place."""

    def __init__(self, camera: Any, spec: str) -> None:
        self._camera, self._who = camera, f"camera motion {spec}"
        self._spec = spec
        self.needs_image = camera.needs_image

    def update(self, frame: Any, xyxy: FloatArray) -> FloatArray | None:
        """Ask the user's method, and check what it says."""
        with plugin("camera motion", self._spec):
            affine = self._camera.update(frame, xyxy)
        return None if affine is None else as_affine(affine, self._who)

    def reset(self) -> None:
        """Let the user's method forget the previous frame."""
        with plugin("camera motion", self._spec):
            self._camera.reset()


def _usable(detections: Detections) -> FloatArray:
    return detections.xyxy if detections.valid is None else detections.xyxy[detections.valid]


def _nothing() -> None:
    pass
