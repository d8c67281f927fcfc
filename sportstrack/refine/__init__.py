"""Offline refinement: split, link, interpolate, smooth and drop what any tracker has given.

A tracker decides frame by frame; here the whole sequence is known. Nothing is asked of video or tracker: a MOT text,
the frame rate and the picture's size suffice; embeddings and the camera's motion are used where they are handed in.
"""

from __future__ import annotations

from sportstrack.refine.drop import drop_short
from sportstrack.refine.interpolate import interpolate_gaps
from sportstrack.refine.link import link_tracks
from sportstrack.refine.scene import Scene
from sportstrack.refine.settings import PRESETS, STEPS, RefineSettings, preset
from sportstrack.refine.smooth import box_noise, smooth_boxes
from sportstrack.refine.split import split_tracks
from sportstrack.refine.steps import refine, refine_tracks
from sportstrack.refine.table import TrackTable

__all__ = [
    "PRESETS",
    "STEPS",
    "RefineSettings",
    "Scene",
    "TrackTable",
    "box_noise",
    "drop_short",
    "interpolate_gaps",
    "link_tracks",
    "preset",
    "refine",
    "refine_tracks",
    "smooth_boxes",
    "split_tracks",
]
