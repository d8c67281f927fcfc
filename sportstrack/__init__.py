"""Sports video in, every player and the ball followed, numbers that hold up.

The names below load on first use, so that ``import sportstrack`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "ByteTrack": "sportstrack.trackers.bytetrack",
    "ByteTrackConfig": "sportstrack.trackers.bytetrack",
    "DeepSORT": "sportstrack.trackers.deepsort",
    "DeepSORTConfig": "sportstrack.trackers.deepsort",
    "BoTSORT": "sportstrack.trackers.botsort",
    "BoTSORTConfig": "sportstrack.trackers.botsort",
    "CBIoU": "sportstrack.trackers.cbiou",
    "CBIoUConfig": "sportstrack.trackers.cbiou",
    "Detections": "sportstrack.types",
    "MotTable": "sportstrack.mot",
    "OCSORT": "sportstrack.trackers.ocsort",
    "OCSORTConfig": "sportstrack.trackers.ocsort",
    "SORT": "sportstrack.trackers.sort",
    "SORTConfig": "sportstrack.trackers.sort",
    "Scores": "sportstrack.score.scores",
    "SportstrackError": "sportstrack.errors",
    "TRACKERS": "sportstrack.trackers",
    "Tracker": "sportstrack.types",
    "Tracks": "sportstrack.types",
    "average_classes": "sportstrack.score.scores",
    "create_tracker": "sportstrack.trackers",
    "read_mot": "sportstrack.mot",
    "score_classes": "sportstrack.score.run",
    "score_tracks": "sportstrack.score.run",
    "track_video": "sportstrack.pipeline",
}

__all__ = [
    "OCSORT",
    "SORT",
    "TRACKERS",
    "BoTSORT",
    "BoTSORTConfig",
    "ByteTrack",
    "ByteTrackConfig",
    "CBIoU",
    "CBIoUConfig",
    "DeepSORT",
    "DeepSORTConfig",
    "Detections",
    "MotTable",
    "OCSORTConfig",
    "SORTConfig",
    "Scores",
    "SportstrackError",
    "Tracker",
    "Tracks",
    "__version__",
    "average_classes",
    "create_tracker",
    "read_mot",
    "score_classes",
    "score_tracks",
    "track_video",
]

if TYPE_CHECKING:
    from sportstrack.errors import SportstrackError
    from sportstrack.mot import MotTable, read_mot
    from sportstrack.pipeline import track_video
    from sportstrack.score.run import score_classes, score_tracks
    from sportstrack.score.scores import Scores, average_classes
    from sportstrack.trackers import TRACKERS, create_tracker
    from sportstrack.trackers.botsort import BoTSORT, BoTSORTConfig
    from sportstrack.trackers.bytetrack import ByteTrack, ByteTrackConfig
    from sportstrack.trackers.cbiou import CBIoU, CBIoUConfig
    from sportstrack.trackers.deepsort import DeepSORT, DeepSORTConfig
    from sportstrack.trackers.ocsort import OCSORT, OCSORTConfig
    from sportstrack.trackers.sort import SORT, SORTConfig
    from sportstrack.types import Detections, Tracker, Tracks


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sportstrack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
