"""SportsTrack: the project's own tracker for broadcast sports; docs/trackers/sports.md explains each step.

`tracker` holds the class and the order of the steps; each other file is one subject: `config`, `motion` (steps 2 and
3), `likelihood` (4), `border` (5), `classes` (what is known about the game) and `appearance` (8).
"""

from sportstrack.trackers.sports.config import PRESETS, SportsTrackConfig, Tuning
from sportstrack.trackers.sports.tracker import SportsTrack

__all__ = ["PRESETS", "SportsTrack", "SportsTrackConfig", "Tuning"]
