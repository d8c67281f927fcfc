"""Shots of a broadcast: where they begin while frames stream, and which of them are slow motion.

    shots = ShotDetector(frame_rate=25)
    for frame in source:
        if shots.update(frame.image) is not None:
            tracker.cut()  # another view: no track continues by its position

The command ``sportstrack shots VIDEO`` prints a table of shots.
"""

from __future__ import annotations

from sportstrack.shots.boundaries import Boundary, ShotConfig, ShotDetector, is_close_up
from sportstrack.shots.shots import COLUMNS, Shot, find_shots, kind_of_view
from sportstrack.shots.slow_motion import SlowMotion, SlowMotionConfig, SlowMotionDetector

__all__ = [
    "COLUMNS",
    "Boundary",
    "Shot",
    "ShotConfig",
    "ShotDetector",
    "SlowMotion",
    "SlowMotionConfig",
    "SlowMotionDetector",
    "find_shots",
    "is_close_up",
    "kind_of_view",
]
