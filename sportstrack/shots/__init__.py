"""Shots of a broadcast: where they begin while frames stream, and which of them are replays.

    shots = ShotDetector(frame_rate=25)
    for frame in source:
        if (boundary := shots.update(frame.image)) is not None:
            tracker.cut()  # another view: no track goes on by its position

The command ``sportstrack shots VIDEO`` prints a table of shots.
"""

from __future__ import annotations

from sportstrack.shots.boundaries import Boundary, ShotConfig, ShotDetector, is_close_up
from sportstrack.shots.replays import Replay, ReplayConfig, ReplayDetector
from sportstrack.shots.shots import COLUMNS, Shot, find_shots, kind_of_view

__all__ = [
    "COLUMNS",
    "Boundary",
    "Replay",
    "ReplayConfig",
    "ReplayDetector",
    "Shot",
    "ShotConfig",
    "ShotDetector",
    "find_shots",
    "is_close_up",
    "kind_of_view",
]
