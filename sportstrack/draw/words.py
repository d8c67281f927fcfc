"""What a label says of a person."""

from __future__ import annotations

from collections.abc import Collection

from sportstrack.identities.table import Identity

ROLES = {"goalkeeper": "GK", "referee": "REF", "other": "OTHER"}
"""Role → how a label says it; a player's goes without saying."""

LONGEST = 18
"""Characters of a name on a label: a longer one is shown by its last word, then cut."""


def who_words(one: Identity | None, items: Collection[str]) -> list[str]:
    """Return the words of a label: "10 Name", "A 10", "A GK"; none where nothing is known.

    Args:
        one: what is known of the track.
        items: what is to be shown: team, role, number, name.
    """
    if one is None:
        return []
    name = short_name(one.name) if "name" in items else ""
    number = one.number if "number" in items else ""
    role = ROLES.get(one.role, "") if "role" in items else ""
    team = one.team if "team" in items and not name and (number or role == "GK") else ""
    return [word for word in (team, role, number, name) if word]


def short_name(name: str) -> str:
    """Return a name that fits a label: whole, else its last word, else its beginning."""
    if len(name) <= LONGEST:
        return name
    last = name.split()[-1]
    return last if len(last) <= LONGEST else f"{name[: LONGEST - 1]}…"
