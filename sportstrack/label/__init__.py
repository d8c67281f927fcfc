"""Pseudo-labels: what a detector and a tracker make of a video, as labels to correct instead of to draw.

Tracks fill the detector's gaps; the boxes that were not detected are marked, so that a person checks them first.
"""

from __future__ import annotations

from sportstrack.label.cvat import cvat_labels, write_cvat
from sportstrack.label.labelstudio import labelstudio_config, write_labelstudio
from sportstrack.label.run import LabelSettings, label_video, label_videos
from sportstrack.label.table import LabelledVideo
from sportstrack.label.training import write_training
from sportstrack.label.yolo import to_table, write_yolo_labels

__all__ = [
    "LabelSettings",
    "LabelledVideo",
    "cvat_labels",
    "label_video",
    "label_videos",
    "labelstudio_config",
    "to_table",
    "write_cvat",
    "write_labelstudio",
    "write_training",
    "write_yolo_labels",
]
