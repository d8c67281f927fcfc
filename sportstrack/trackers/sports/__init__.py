"""SportsTrack: the project's own tracker for broadcast sports; docs/trackers/sports.md explains each step.

`tracker` holds the class and the order of the steps; each other file is one subject: `config`, `motion` (steps 1, 2
and 6), `likelihood` (3), `border` (4), `appearance` (3 and 6) and `classes` (what is known about the game).
"""

from sportstrack.trackers.sports.config import PRESETS, SportsTrackConfig, Tuning
from sportstrack.trackers.sports.tracker import SportsTrack

__all__ = ["PRESETS", "SportsTrack", "SportsTrackConfig", "Tuning"]
