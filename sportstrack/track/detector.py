"""The detector of a run: loaded once, or given by the caller, and wrapped."""

from __future__ import annotations

from sportstrack.detect.connector import Connector
from sportstrack.detect.sizes import SizeRule
from sportstrack.images.opencv import require_cv2
from sportstrack.track.settings import LOWEST_SCORE, TrackSettings
from sportstrack.types import Detect

_HANDED_ON = ("imgsz", "iou", "classes", "device", "engine", "precision", "half", "trust", "masks")  # to every detector

OWN_FEATURES = "detector"
"""The embedder's name for the features that the detector computes anyway."""


class LazyDetector:
    """The settings' detector, loaded by the first video that needs it and shared by the others.

    It stands for a detector in `track_video` and `label_video`; it is none itself.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self._settings = settings
        self._detector: Connector | None = None

    def load(self) -> Connector:
        """Return the detector; load it first if that has not been done."""
        if self._detector is None:
            self._detector = load(self._settings)
        return self._detector


def load(settings: TrackSettings) -> Connector:
    """Load the detector that the settings ask for; where it has a ball, that has a lowest score of its own.

    Raises:
        SettingError: the ball's class is none of the detector's.
    """
    from sportstrack.detect.balls import BallScores, ball_score

    score = LOWEST_SCORE if settings.score is None else settings.score
    low = score if settings.ball_is_off else ball_score(settings.ball_score, settings.score)
    detector = _load(settings, min(score, low))
    if low == score or not getattr(detector, "takes_score", True):
        return detector
    ball = settings.ball_ids(detector.names)
    return BallScores(detector, ball or [], score, low)


def _load(settings: TrackSettings, score: float) -> Connector:
    from sportstrack.detect import load_detector

    require_cv2()  # an OpenCV that does not load is reported here, and not by whichever library needs it first
    values = {name: getattr(settings, name) for name in _HANDED_ON}
    values["score"] = score
    if settings.embedder == OWN_FEATURES:
        values["features"] = True
    if settings.detector is not None:
        return load_detector(settings.detector, **values)
    if settings.imgsz is None:
        values["imgsz"] = SizeRule(settings.quality)
    return load_detector(settings.weights, **values | {"classes": settings.classes or "sports"})


def ready(detector: Detect | LazyDetector | None, settings: TrackSettings) -> Connector:
    """Return the detector of a run: the settings' one for None, else the one given, loaded and wrapped."""
    from sportstrack.detect import as_detector

    if detector is None:
        return load(settings)
    return detector.load() if isinstance(detector, LazyDetector) else as_detector(detector)
