"""Teams, roles and shirt numbers for a result that exists: a video and its tracks in, a table of identities out."""

from __future__ import annotations

from sportstrack.teams.run import FoundTeams, find_teams

__all__ = ["FoundTeams", "find_teams"]
