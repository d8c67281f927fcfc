"""Tracks named by a roster: who is who in a result, and who was seen when."""

from __future__ import annotations

from sportstrack.roster.run import NamedTracks, name_tracks

__all__ = ["NamedTracks", "name_tracks"]
