"""Who is measured: each track, or all tracks of one team and number, with what the identities say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.identities import Identities, Identity
from sportstrack.pitch.sides import SideSpan, defended_sides, keeper_team
from sportstrack.stats.places import GroundPlaces, class_roles
from sportstrack.types import BoolArray

_ENOUGH = 200_000  # places that tell which goal is whose
NO_PLAYERS = ("referee", "other", "ball")


@dataclass(frozen=True)
class Person:
    """One row of the statistics.

    Attributes:
        track_ids: the tracks that are measured together.
        team: "" where it is not known.
        role: ``player``, ``goalkeeper``, ``referee`` or ``other``; "" where it is not known.
        number: on the shirt; "" where it is not known.
        name: "" where it is not known.
    """

    track_ids: tuple[int, ...]
    team: str = ""
    role: str = ""
    number: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """The name, else team and number, else the ids of the tracks: ``A 10``, ``#7``."""
        if self.name or (self.number and self.team):
            return self.name or f"{self.team} {self.number}"
        ids = "+".join(f"#{number}" for number in self.track_ids[:3])
        return ids + ("+…" if len(self.track_ids) > 3 else "")

    @property
    def is_player(self) -> bool:
        """Whether the figures of the teams count them."""
        return self.role not in NO_PLAYERS

    @property
    def is_outfield(self) -> bool:
        """Whether the shape of the team counts them."""
        return self.is_player and self.role != "goalkeeper"


@dataclass(frozen=True, eq=False)
class Cast:
    """All persons, and which of them each box shows.

    Attributes:
        persons: the persons.
        of_row: (N,) for each row of the places, a row of ``persons``.
        sides: the goals that the teams defend.
    """

    persons: list[Person]
    of_row: NDArray[Any]
    sides: list[SideSpan]


def find_persons(
    places: GroundPlaces, identities: Identities, names: Mapping[int, str], length: float, *, by: str = "track"
) -> Cast:
    """Return who is measured; goalkeepers without a team get that of the goal in which they stand.

    Args:
        places: the boxes.
        identities: what is known of the tracks.
        names: class id → name; classes that are called as roles say the role where the identities do not.
        length: of the pitch in metres.
        by: ``track``, or ``number`` for one person of all tracks with the same team and number.
    """
    roles = class_roles(names)
    found: list[Identity] = []
    of_row = np.zeros(len(places), np.int32)
    order = np.argsort(places.track_id, kind="stable").astype(np.int32)
    starts = np.flatnonzero(np.diff(places.track_id[order])) + 1
    for rows in np.split(order, starts) if len(order) else ():
        track = int(places.track_id[rows[0]])
        said = identities.of(track) or (Identity(track),)
        usual = int(np.bincount(places.class_id[rows] + 1).argmax()) - 1
        for one in said:
            span = rows[(places.frame[rows] >= one.first_frame) & (places.frame[rows] <= one.last_frame)]
            of_row[span] = len(found) + 1
            found.append(one if one.role else replace(one, role=roles.get(usual, "")))
        if (silent := rows[of_row[rows] == 0]).size:
            of_row[silent] = len(found) + 1
            found.append(Identity(track, role=roles.get(usual, "")))
    persons = [Person((one.track_id,), one.team, one.role, one.number, one.name) for one in found]
    of_row -= 1
    sides = _sides(places, persons, of_row)
    persons = [
        _keeper(person, places, of_row == row, sides, length)
        if person.role == "goalkeeper" and not person.team
        else person
        for row, person in enumerate(persons)
    ]
    return _united(persons, of_row, sides, by)


def _sides(places: GroundPlaces, persons: list[Person], of_row: NDArray[Any]) -> list[SideSpan]:
    teams = np.array([person.team if person.is_outfield else "" for person in persons], np.str_)
    rows = np.flatnonzero(np.isfinite(places.xy[:, 0]))
    rows = rows[:: max(1, len(rows) // _ENOUGH)]
    return defended_sides(places.frame[rows], teams[of_row[rows]], places.xy[rows, 0])


def _keeper(person: Person, places: GroundPlaces, rows: BoolArray, sides: list[SideSpan], length: float) -> Person:
    for span in sides:
        inside = rows & (places.frame >= span.first_frame) & (places.frame <= span.last_frame)
        x = places.xy[inside, 0]
        x = x[np.isfinite(x)]
        if len(x) and (team := keeper_team(float(np.median(x)), span.sides, length)):
            return replace(person, team=team)
    return person


def _united(persons: list[Person], of_row: NDArray[Any], sides: list[SideSpan], by: str) -> Cast:
    """Make one person of all rows that are the same: always of one track, with ``number`` of a team and number."""
    row_of: dict[tuple[object, ...], int] = {}
    united: list[Person] = []
    target = np.zeros(len(persons) + 1, np.int64)
    for row, person in enumerate(persons):
        joined = by == "number" and person.team and person.number
        key = (person.team, person.number) if joined else (person,)
        if key not in row_of:
            row_of[key] = len(united)
            united.append(person)
        else:
            first = united[row_of[key]]
            more = (*first.track_ids, *(t for t in person.track_ids if t not in first.track_ids))
            best = {name: getattr(first, name) or getattr(person, name) for name in ("role", "name")}
            united[row_of[key]] = replace(first, track_ids=more, **best)
        target[row] = row_of[key]
    return Cast(united, target[of_row], sides)
