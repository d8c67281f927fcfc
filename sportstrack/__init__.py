"""Sports video in, every player and the ball followed, numbers that hold up.

The names below load on first use, so that ``import sportstrack`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "average_classes": "sportstrack.score.scores",
    "Ball": "sportstrack.trackers.ball",
    "BallConfig": "sportstrack.trackers.ball",
    "BoTSORT": "sportstrack.trackers.botsort",
    "BoTSORTConfig": "sportstrack.trackers.botsort",
    "ByClass": "sportstrack.trackers.byclass",
    "ByteTrack": "sportstrack.trackers.bytetrack",
    "ByteTrackConfig": "sportstrack.trackers.bytetrack",
    "CBIoU": "sportstrack.trackers.cbiou",
    "CBIoUConfig": "sportstrack.trackers.cbiou",
    "create_tracker": "sportstrack.trackers",
    "DeepEIoU": "sportstrack.trackers.deepeiou",
    "DeepEIoUConfig": "sportstrack.trackers.deepeiou",
    "DeepSORT": "sportstrack.trackers.deepsort",
    "DeepSORTConfig": "sportstrack.trackers.deepsort",
    "Detections": "sportstrack.types",
    "JDE": "sportstrack.trackers.jde",
    "JDEConfig": "sportstrack.trackers.jde",
    "judge_detectors": "sportstrack.val.run",
    "label_video": "sportstrack.label",
    "load_camera": "sportstrack.camera",
    "load_embedder": "sportstrack.embed",
    "mine_hard_examples": "sportstrack.mine",
    "MotTable": "sportstrack.mot",
    "OCSORT": "sportstrack.trackers.ocsort",
    "OCSORTConfig": "sportstrack.trackers.ocsort",
    "read_mot": "sportstrack.mot",
    "score_classes": "sportstrack.score.run",
    "score_tracks": "sportstrack.score.run",
    "Scores": "sportstrack.score.scores",
    "ShotDetector": "sportstrack.shots",
    "SingleTracker": "sportstrack.sot",
    "SORT": "sportstrack.trackers.sort",
    "SORTConfig": "sportstrack.trackers.sort",
    "SportsTrack": "sportstrack.trackers.sports",
    "SportsTrackConfig": "sportstrack.trackers.sports",
    "SportstrackError": "sportstrack.errors",
    "track_video": "sportstrack.track.pipeline",
    "Tracker": "sportstrack.types",
    "TRACKERS": "sportstrack.trackers",
    "Tracks": "sportstrack.types",
    "train_detector": "sportstrack.train.run",
}

__all__ = [
    "JDE",
    "OCSORT",
    "SORT",
    "TRACKERS",
    "Ball",
    "BallConfig",
    "BoTSORT",
    "BoTSORTConfig",
    "ByClass",
    "ByteTrack",
    "ByteTrackConfig",
    "CBIoU",
    "CBIoUConfig",
    "DeepEIoU",
    "DeepEIoUConfig",
    "DeepSORT",
    "DeepSORTConfig",
    "Detections",
    "JDEConfig",
    "MotTable",
    "OCSORTConfig",
    "SORTConfig",
    "Scores",
    "ShotDetector",
    "SingleTracker",
    "SportsTrack",
    "SportsTrackConfig",
    "SportstrackError",
    "Tracker",
    "Tracks",
    "__version__",
    "average_classes",
    "create_tracker",
    "judge_detectors",
    "label_video",
    "load_camera",
    "load_embedder",
    "mine_hard_examples",
    "read_mot",
    "score_classes",
    "score_tracks",
    "track_video",
    "train_detector",
]

if TYPE_CHECKING:
    from sportstrack.camera import load_camera
    from sportstrack.embed import load_embedder
    from sportstrack.errors import SportstrackError
    from sportstrack.label import label_video
    from sportstrack.mine import mine_hard_examples
    from sportstrack.mot import MotTable, read_mot
    from sportstrack.score.run import score_classes, score_tracks
    from sportstrack.score.scores import Scores, average_classes
    from sportstrack.shots import ShotDetector
    from sportstrack.sot import SingleTracker
    from sportstrack.track.pipeline import track_video
    from sportstrack.trackers import TRACKERS, create_tracker
    from sportstrack.trackers.ball import Ball, BallConfig
    from sportstrack.trackers.botsort import BoTSORT, BoTSORTConfig
    from sportstrack.trackers.byclass import ByClass
    from sportstrack.trackers.bytetrack import ByteTrack, ByteTrackConfig
    from sportstrack.trackers.cbiou import CBIoU, CBIoUConfig
    from sportstrack.trackers.deepeiou import DeepEIoU, DeepEIoUConfig
    from sportstrack.trackers.deepsort import DeepSORT, DeepSORTConfig
    from sportstrack.trackers.jde import JDE, JDEConfig
    from sportstrack.trackers.ocsort import OCSORT, OCSORTConfig
    from sportstrack.trackers.sort import SORT, SORTConfig
    from sportstrack.trackers.sports import SportsTrack, SportsTrackConfig
    from sportstrack.train.run import train_detector
    from sportstrack.types import Detections, Tracker, Tracks
    from sportstrack.val.run import judge_detectors


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sportstrack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
