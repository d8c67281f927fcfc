"""The detector of a run: loaded once, or given by the caller, and wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sportstrack.images.opencv import require_cv2
from sportstrack.track.settings import LOWEST_SCORE, TrackSettings
from sportstrack.types import Detections, Detector, Image

OWN_FEATURES = "detector"
"""The embedder's name for the features that the detector computes anyway."""


class ReadyDetector:
    """Any detector, as the pipeline uses it. What a detector does not say of itself has a plain value here.

    Attributes:
        names: class id → name; may be empty.
        device: where it runs, or None if it does not say.
        timings: seconds per stage so far; may be empty.
        fixed: settings that it has its own values of.
        in_force: of these the ones whose value is known.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.names: Mapping[int, str] = dict(detector.names or {})
        self.device: str | None = getattr(detector, "device", None)
        self.timings: Mapping[str, float] = getattr(detector, "timings", {})
        self.fixed: tuple[str, ...] = tuple(getattr(detector, "fixed", ()))
        self.in_force: Mapping[str, Any] = dict(getattr(detector, "in_force", {}))

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        return self._detector(frames)


class LazyDetector:
    """The settings' detector, loaded by the first video that needs it and shared by the others.

    It stands for a detector in `track_video` and `label_video`; it is none itself.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._detector: ReadyDetector | None = None

    def load(self) -> ReadyDetector:
        """Return the detector; load it first if that has not been done."""
        if self._detector is None:
            self._detector = load(self._settings)
        return self._detector


def load(settings: TrackSettings) -> ReadyDetector:
    """Load the detector that the settings ask for."""
    from sportstrack.detect import load_detector

    require_cv2()  # an OpenCV that does not load is reported here, and not by whichever library needs it first
    values = {name: getattr(settings, name) for name in ("imgsz", "iou", "classes", "device", "half", "trust")}
    values["score"] = LOWEST_SCORE if settings.score is None else settings.score
    if settings.embedder == OWN_FEATURES:
        values["features"] = True
    if settings.detector is not None:
        return ReadyDetector(load_detector(settings.detector, **values))
    return ReadyDetector(load_detector(settings.weights, **values | {"classes": settings.classes or "sports"}))


def ready(detector: Any, settings: TrackSettings) -> ReadyDetector:
    """Return the detector of a run: the settings' one for None, else the one given, checked, loaded and wrapped."""
    from sportstrack.detect import as_detector

    if detector is None:
        return load(settings)
    if isinstance(detector, LazyDetector):
        return detector.load()
    return detector if isinstance(detector, ReadyDetector) else ReadyDetector(as_detector(detector))
