"""Keyword settings as type checkers and editors see them: each table has the fields of a settings dataclass.

Functions take them as ``**settings: Unpack[Table]``; a test compares each table with its dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from sportstrack.types import CameraMotion, Embedder, Tracker


class LoadKeywords(TypedDict, total=False):
    """Of functions that load detectors and choose the lowest score themselves."""

    imgsz: int | None
    iou: float
    classes: Sequence[int | str] | None
    device: str
    engine: str
    precision: str | None
    half: bool
    trust: bool
    masks: bool
    enhance: str
    thermal: str


class DetectorKeywords(LoadKeywords, total=False):
    """Of `sportstrack.load_detector`; each detector takes those that it has."""

    score: float
    max_det: int
    agnostic_nms: bool
    features: bool


class TrackKeywords(LoadKeywords, total=False):
    """Of `sportstrack.track_video`, whose ``detector``, ``tracker``, ``embedder`` and ``camera`` may be objects."""

    weights: str
    quality: str
    score: float | None
    batch: int | None
    slices: str
    shots: bool
    on_pitch: str
    teams: str
    team_colours: str | None
    numbers: bool | None
    roster: str | None
    most_ids: int | None
    tracker_settings: Mapping[str, Any]
    refine_settings: Mapping[str, Any]
    ball: Sequence[int | str] | None
    ball_score: float | None
    offline: bool | None
    every: int
    live: bool
    frame_rate: float | None
    formats: Sequence[str]
    mot_classes: str
    boxes: str
    draw: Sequence[str]
    draw_enhanced: bool
    show: bool
    save_detections: bool
    detections: str | None
    size: tuple[int, int] | None
    first_frame: int | None
    pitch: str | None


class LabelKeywords(TrackKeywords, total=False):
    """Of `sportstrack.label_video`; the three may be objects or names."""

    tracker: Tracker | str | None
    embedder: Embedder | str | None
    camera: CameraMotion | str | None


class TrainKeywords(TypedDict, total=False):
    """Of `sportstrack.train_detector`."""

    weights: str
    epochs: int
    imgsz: int
    batch: int
    optimizer: str
    lr0: float | None
    device: str
    patience: int
    freeze: int
    seed: int
    augment: tuple[str, ...]
    augment_share: float
    distil: str | None
    distil_weight: float
    prune: float
    amp: bool
    bf16: bool
    workers: int
    mlflow: bool
    tensorboard: bool
    trust: bool
    more: Mapping[str, Any]


class ReidKeywords(TypedDict, total=False):
    """Of `sportstrack.train_reid`."""

    backbone: str
    weights: str
    size: str
    dim: int
    every: int
    per_person: int
    least_height: int
    skip_missing: bool
    match: str
    held_out: float | None
    apart: float
    epochs: int
    people: int
    crops: int
    mates: int
    lr: float
    warmup: float
    weight_decay: float
    smoothing: float
    margin: float
    triplet: float
    flip: float
    shift: float
    lighting_change: float
    colour_change: float
    erasing: float
    device: str
    amp: bool
    workers: int
    seed: int
    replay: bool
    tracker: str


class ExportKeywords(TypedDict, total=False):
    """Of `sportstrack.export_model`."""

    to: Sequence[str]
    imgsz: int | None
    precision: str
    int8: str | None
    pictures: int
    trust: bool


class SotKeywords(TypedDict, total=False):
    """Of `sportstrack.SingleTracker`."""

    low: float
    high: float
    low_ever: float
    jump: float
    resize: float
    patience: int
    bridge: int
    accept: float
    accept_anywhere: float
    widening: float
    probation: int
    search_every: int
    detect_every: int
    shot_change: float
    window: int | None
    large: float


class SportsTrackKeywords(TypedDict, total=False):
    """Of `sportstrack.SportsTrackConfig`."""

    low_score: float
    high_score: float
    new_score: float
    spawn_overlap: float
    confirm_hits: int
    memory: float
    position_noise: float
    velocity_noise: float
    measurement_noise: float
    camera_shift: bool
    camera_pairs: int
    camera_doubt: float
    size_tolerance: float
    uncertainty_weight: float
    overlap_bonus: float
    min_affinity: float
    second_overlap: float
    third_overlap: float
    border_memory: float
    appearance_weight: float
    team_weight: float
    gallery_memory: float
    link_similarity: float
    roster: Mapping[int, int] | tuple[tuple[int, int], ...]
    class_lock: bool
    per_class: bool
    overlap: str
    box_blend: float
