"""Sports video in, every player and the ball followed, numbers that hold up.

The names below load on first use, so that ``import sportstrack`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

_NAMES = {
    "sportstrack.batch": ("BatchResult", "BatchSettings", "run_batch"),
    "sportstrack.calibrate.run": ("Calibrated", "calibrate_video"),
    "sportstrack.camera": ("load_camera",),
    "sportstrack.client": ("Client",),
    "sportstrack.detect": ("load_detector",),
    "sportstrack.draw.annotator": ("Annotator",),
    "sportstrack.draw.run": ("draw_video",),
    "sportstrack.draw.settings": ("DrawSettings",),
    "sportstrack.draw.heatmap": ("Presence", "draw_path", "heat_map", "overlay"),
    "sportstrack.edits": (
        *("Edit", "EditSession", "apply_edits", "find_edits", "find_moments"),
        *("propagate", "read_edits", "with_boxes", "write_edits"),
    ),
    "sportstrack.embed": ("load_embedder",),
    "sportstrack.errors": ("SportstrackError",),
    "sportstrack.experiment": ("ExperimentResult", "plan_experiment", "run_experiment"),
    "sportstrack.field": ("FieldFinder",),
    "sportstrack.export": ("ExportSettings", "compare_variants", "export_model"),
    "sportstrack.identities": ("Identities", "Identity", "read_identities", "write_identities"),
    "sportstrack.identities.binding": ("bind_roster",),
    "sportstrack.identities.roster": ("Roster", "RosterPerson", "read_roster"),
    "sportstrack.label": ("LabelSettings", "label_video", "write_cvat", "write_yolo_labels"),
    "sportstrack.masks": ("Masks", "mask_iou", "mask_nms", "mask_overlap"),
    "sportstrack.mine": ("LossWeights", "MineSettings", "mine_hard_examples"),
    "sportstrack.models.weights": ("assets_folder",),
    "sportstrack.mots": ("MotsTable", "read_mots", "write_mots"),
    "sportstrack.mot": ("MotTable", "read_mot", "write_mot"),
    "sportstrack.numbers.reader": ("NumberReader",),
    "sportstrack.pitch": ("Camera", "Mark", "Pitch", "draw_pitch", "fit_camera", "load_pitch", "read_marks"),
    "sportstrack.pitch.evidence": ("PitchEvidence",),
    "sportstrack.pitch.file": ("PitchFrame", "PitchTrack", "read_pitch", "write_pitch"),
    "sportstrack.pitch.ball": ("ball_states",),
    "sportstrack.pitch.motion": ("GroundPath", "smooth_path"),
    "sportstrack.pitch.sides": ("defended_sides", "keeper_team"),
    "sportstrack.recording": ("Recording",),
    "sportstrack.refine": ("RefineSettings", "Scene", "TrackTable", "refine_tracks"),
    "sportstrack.reid": ("ReidSettings", "TrainedReid", "train_reid"),
    "sportstrack.roster": ("name_tracks",),
    "sportstrack.score.attributes.run": ("score_attributes",),
    "sportstrack.score.attributes.scores": ("WhoIsWhoScores",),
    "sportstrack.score.calibration": ("CalibrationScores", "clip_line", "scale_lines", "score_calibration"),
    "sportstrack.score.game_state.files": ("read_game_state", "write_game_state"),
    "sportstrack.score.game_state.run": ("GameStateScores", "score_game_state"),
    "sportstrack.score.game_state.table": ("GameState",),
    "sportstrack.score.retrieval": ("RetrievalScores", "score_retrieval"),
    "sportstrack.score.run": ("diagnose_job", "find_jobs", "score_classes", "score_tracks"),
    "sportstrack.score.scores": ("Scores", "average_classes"),
    "sportstrack.serve.alerts.watch": ("Alert", "AlertWatch"),
    "sportstrack.shots": ("ShotConfig", "ShotDetector", "SlowMotionDetector", "find_shots"),
    "sportstrack.sot": ("BallTracker", "SingleTracker", "SotSettings", "fill_gaps"),
    "sportstrack.sot.evaluate.layouts": ("find_sequences",),
    "sportstrack.sot.evaluate.scores": ("average_one_pass", "score_one_pass"),
    "sportstrack.spaces": ("OneOf", "Range"),
    "sportstrack.stats.match": ("MatchStats", "measure_match"),
    "sportstrack.stats.run": ("write_stats",),
    "sportstrack.stats.settings": ("StatsSettings",),
    "sportstrack.teams": ("FoundTeams", "find_teams"),
    "sportstrack.track": ("track",),
    "sportstrack.track.iteration": ("TrackedFrames",),
    "sportstrack.track.run": ("track_video",),
    "sportstrack.track.settings": ("TrackSettings",),
    "sportstrack.track.frames": ("TrackedFrame",),
    "sportstrack.track.summary": ("Summary",),
    "sportstrack.trackers": ("TRACKERS", "create_tracker"),
    "sportstrack.trackers.ball": ("Ball", "BallConfig"),
    "sportstrack.trackers.botsort": ("BoTSORT", "BoTSORTConfig"),
    "sportstrack.trackers.byclass": ("ByClass",),
    "sportstrack.trackers.bytetrack": ("ByteTrack", "ByteTrackConfig"),
    "sportstrack.trackers.cbiou": ("CBIoU", "CBIoUConfig"),
    "sportstrack.trackers.deepeiou": ("DeepEIoU", "DeepEIoUConfig"),
    "sportstrack.trackers.deepsort": ("DeepSORT", "DeepSORTConfig"),
    "sportstrack.trackers.jde": ("JDE", "JDEConfig"),
    "sportstrack.trackers.ocsort": ("OCSORT", "OCSORTConfig"),
    "sportstrack.trackers.sort": ("SORT", "SORTConfig"),
    "sportstrack.trackers.sports": ("SportsTrack", "SportsTrackConfig"),
    "sportstrack.train": ("TrainSettings", "train_detector"),
    "sportstrack.tune": ("TuneSettings", "tune_tracker"),
    "sportstrack.types": ("CameraMotion", "Detections", "Detector", "Embedder", "Tracker", "Tracks"),
    "sportstrack.val": ("judge_detectors",),
    "sportstrack.video": ("open_source",),
}
"""Module → the names that load from it on first use; the same as below, where type checkers read them."""

_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "JDE",
    "OCSORT",
    "SORT",
    "TRACKERS",
    "Alert",
    "AlertWatch",
    "Annotator",
    "Ball",
    "BallConfig",
    "BallTracker",
    "BatchResult",
    "BatchSettings",
    "BoTSORT",
    "BoTSORTConfig",
    "ByClass",
    "ByteTrack",
    "ByteTrackConfig",
    "CBIoU",
    "CBIoUConfig",
    "Calibrated",
    "CalibrationScores",
    "Camera",
    "CameraMotion",
    "Client",
    "DeepEIoU",
    "DeepEIoUConfig",
    "DeepSORT",
    "DeepSORTConfig",
    "Detections",
    "Detector",
    "DrawSettings",
    "Edit",
    "EditSession",
    "Embedder",
    "ExperimentResult",
    "ExportSettings",
    "FieldFinder",
    "FoundTeams",
    "GameState",
    "GameStateScores",
    "GroundPath",
    "Identities",
    "Identity",
    "JDEConfig",
    "LabelSettings",
    "LossWeights",
    "Mark",
    "Masks",
    "MatchStats",
    "MineSettings",
    "MotTable",
    "MotsTable",
    "NumberReader",
    "OCSORTConfig",
    "OneOf",
    "Pitch",
    "PitchEvidence",
    "PitchFrame",
    "PitchTrack",
    "Presence",
    "Range",
    "Recording",
    "RefineSettings",
    "ReidSettings",
    "RetrievalScores",
    "Roster",
    "RosterPerson",
    "SORTConfig",
    "Scene",
    "Scores",
    "ShotConfig",
    "ShotDetector",
    "SingleTracker",
    "SlowMotionDetector",
    "SotSettings",
    "SportsTrack",
    "SportsTrackConfig",
    "SportstrackError",
    "StatsSettings",
    "Summary",
    "TrackSettings",
    "TrackTable",
    "TrackedFrame",
    "TrackedFrames",
    "Tracker",
    "Tracks",
    "TrainSettings",
    "TrainedReid",
    "TuneSettings",
    "WhoIsWhoScores",
    "__version__",
    "apply_edits",
    "assets_folder",
    "average_classes",
    "average_one_pass",
    "ball_states",
    "bind_roster",
    "calibrate_video",
    "clip_line",
    "compare_variants",
    "create_tracker",
    "defended_sides",
    "diagnose_job",
    "draw_path",
    "draw_pitch",
    "draw_video",
    "export_model",
    "fill_gaps",
    "find_edits",
    "find_jobs",
    "find_moments",
    "find_sequences",
    "find_shots",
    "find_teams",
    "fit_camera",
    "heat_map",
    "judge_detectors",
    "keeper_team",
    "label_video",
    "load_camera",
    "load_detector",
    "load_embedder",
    "load_pitch",
    "mask_iou",
    "mask_nms",
    "mask_overlap",
    "measure_match",
    "mine_hard_examples",
    "name_tracks",
    "open_source",
    "overlay",
    "plan_experiment",
    "propagate",
    "read_edits",
    "read_game_state",
    "read_identities",
    "read_marks",
    "read_mot",
    "read_mots",
    "read_pitch",
    "read_roster",
    "refine_tracks",
    "run_batch",
    "run_experiment",
    "scale_lines",
    "score_attributes",
    "score_calibration",
    "score_classes",
    "score_game_state",
    "score_one_pass",
    "score_retrieval",
    "score_tracks",
    "smooth_path",
    "track",
    "track_video",
    "train_detector",
    "train_reid",
    "tune_tracker",
    "with_boxes",
    "write_cvat",
    "write_edits",
    "write_game_state",
    "write_identities",
    "write_mot",
    "write_mots",
    "write_pitch",
    "write_stats",
    "write_yolo_labels",
]

if TYPE_CHECKING:
    from sportstrack.batch import BatchResult, BatchSettings, run_batch
    from sportstrack.calibrate.run import Calibrated, calibrate_video
    from sportstrack.camera import load_camera
    from sportstrack.client import Client
    from sportstrack.detect import load_detector
    from sportstrack.draw.annotator import Annotator
    from sportstrack.draw.heatmap import Presence, draw_path, heat_map, overlay
    from sportstrack.draw.run import draw_video
    from sportstrack.draw.settings import DrawSettings
    from sportstrack.edits import (
        Edit,
        EditSession,
        apply_edits,
        find_edits,
        find_moments,
        propagate,
        read_edits,
        with_boxes,
        write_edits,
    )
    from sportstrack.embed import load_embedder
    from sportstrack.errors import SportstrackError
    from sportstrack.experiment import ExperimentResult, plan_experiment, run_experiment
    from sportstrack.export import ExportSettings, compare_variants, export_model
    from sportstrack.field import FieldFinder
    from sportstrack.identities import Identities, Identity, read_identities, write_identities
    from sportstrack.identities.binding import bind_roster
    from sportstrack.identities.roster import Roster, RosterPerson, read_roster
    from sportstrack.label import LabelSettings, label_video, write_cvat, write_yolo_labels
    from sportstrack.masks import Masks, mask_iou, mask_nms, mask_overlap
    from sportstrack.mine import LossWeights, MineSettings, mine_hard_examples
    from sportstrack.models.weights import assets_folder
    from sportstrack.mot import MotTable, read_mot, write_mot
    from sportstrack.mots import MotsTable, read_mots, write_mots
    from sportstrack.numbers.reader import NumberReader
    from sportstrack.pitch import Camera, Mark, Pitch, draw_pitch, fit_camera, load_pitch, read_marks
    from sportstrack.pitch.ball import ball_states
    from sportstrack.pitch.evidence import PitchEvidence
    from sportstrack.pitch.file import PitchFrame, PitchTrack, read_pitch, write_pitch
    from sportstrack.pitch.motion import GroundPath, smooth_path
    from sportstrack.pitch.sides import defended_sides, keeper_team
    from sportstrack.recording import Recording
    from sportstrack.refine import RefineSettings, Scene, TrackTable, refine_tracks
    from sportstrack.reid import ReidSettings, TrainedReid, train_reid
    from sportstrack.roster import name_tracks
    from sportstrack.score.attributes.run import score_attributes
    from sportstrack.score.attributes.scores import WhoIsWhoScores
    from sportstrack.score.calibration import CalibrationScores, clip_line, scale_lines, score_calibration
    from sportstrack.score.game_state.files import read_game_state, write_game_state
    from sportstrack.score.game_state.run import GameStateScores, score_game_state
    from sportstrack.score.game_state.table import GameState
    from sportstrack.score.retrieval import RetrievalScores, score_retrieval
    from sportstrack.score.run import diagnose_job, find_jobs, score_classes, score_tracks
    from sportstrack.score.scores import Scores, average_classes
    from sportstrack.serve.alerts.watch import Alert, AlertWatch
    from sportstrack.shots import ShotConfig, ShotDetector, SlowMotionDetector, find_shots
    from sportstrack.sot import BallTracker, SingleTracker, SotSettings, fill_gaps
    from sportstrack.sot.evaluate.layouts import find_sequences
    from sportstrack.sot.evaluate.scores import average_one_pass, score_one_pass
    from sportstrack.spaces import OneOf, Range
    from sportstrack.stats.match import MatchStats, measure_match
    from sportstrack.stats.run import write_stats
    from sportstrack.stats.settings import StatsSettings
    from sportstrack.teams import FoundTeams, find_teams
    from sportstrack.track import track
    from sportstrack.track.frames import TrackedFrame
    from sportstrack.track.iteration import TrackedFrames
    from sportstrack.track.run import track_video
    from sportstrack.track.settings import TrackSettings
    from sportstrack.track.summary import Summary
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
    from sportstrack.train import TrainSettings, train_detector
    from sportstrack.tune import TuneSettings, tune_tracker
    from sportstrack.types import CameraMotion, Detections, Detector, Embedder, Tracker, Tracks
    from sportstrack.val import judge_detectors
    from sportstrack.video import open_source


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sportstrack' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
