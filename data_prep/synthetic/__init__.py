"""Broadcast-like football, rendered with exact ground truth: unlimited labelled sequences, no camera needed.

    from data_prep.synthetic import Settings, render_sequence
    for frame, truth in render_sequence(Settings(seed=7, frames=100)):
        ...                                   # frame (720, 1280, 3) uint8 BGR, truth a FrameTruth

The command line is ``python -m data_prep.synthetic``; docs/synthetic.md shows the settings and the file layouts.
Importing this package loads numpy alone; OpenCV and PyAV are loaded when a picture is drawn or a file is written.
"""

from data_prep.synthetic.layouts import write_mot, write_video, write_yolo
from data_prep.synthetic.render import render_sequence
from data_prep.synthetic.settings import CLASSES, FrameTruth, Participant, Settings, identities

__all__ = [
    "CLASSES",
    "FrameTruth",
    "Participant",
    "Settings",
    "identities",
    "render_sequence",
    "write_mot",
    "write_video",
    "write_yolo",
]
