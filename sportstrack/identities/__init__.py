"""Who is who: team, role, number and name of each track, and how sure each of them is."""

from __future__ import annotations

from sportstrack.identities.file import read_identities, write_identities
from sportstrack.identities.table import ROLES, Identities, Identity

__all__ = ["ROLES", "Identities", "Identity", "read_identities", "write_identities"]
