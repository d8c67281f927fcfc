"""SoccerNet's game state of a match: who stands where, with role, team and number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.score.game_state.table import MAX_NUMBER, GameState
from sportstrack.stats.match import MatchStats
from sportstrack.types import FloatArray

_DEFAULT_ID = 1_000_000  # frames of a sequence that no labels name


def game_state(stats: MatchStats, images: Sequence[str] = ()) -> GameState:
    """Return the game state of the frames in which the camera is known.

    A place is the smoothed one where the person's path is known, else that of the box. A team is called by the side
    that it defends; teams that are called left and right already keep their names.

    Args:
        stats: what was measured.
        images: SoccerNet's ``image_id`` of each frame, from the labels (``read_game_state(labels).images``); without
            them the frames are numbered.
    """
    places, cast = stats.places, stats.cast
    names = list(images) or [str(_DEFAULT_ID + frame + 1) for frame in range(int(stats.frames[-1]) + 1)]
    kept = np.flatnonzero(np.isfinite(places.xy).all(axis=1) & (places.frame < len(names)) & (places.track_id >= 0))
    xy = _smoothed(stats)
    corners = np.stack([_bottom(stats, side) for side in (0.0, 0.5, 1.0)], axis=1)
    corners += (xy - places.xy)[:, None]
    persons = [cast.persons[row] for row in cast.of_row[kept].tolist()]
    roles = [person.role if person.role not in ("", "ball") else "player" for person in persons]
    teams = [
        _side(stats, person.team, frame) if role in ("player", "goalkeeper") else ""
        for person, role, frame in zip(persons, roles, places.frame[kept].tolist(), strict=True)
    ]
    numbers = [int(person.number) if person.number and int(person.number) <= MAX_NUMBER else -1 for person in persons]
    return GameState.of(
        names, places.frame[kept], places.track_id[kept], corners[kept], roles, team=teams, number=numbers,
        score=places.score[kept].astype(np.float64).round(6),
        xyxy=places.xyxy[kept].astype(np.float64).round(2), name=stats.name,
    )  # fmt: skip


def _bottom(stats: MatchStats, share: float) -> FloatArray:
    """Return (N, 2) metres of a point of each box's lower edge."""
    places = stats.places
    box = places.xyxy
    point = np.column_stack([box[:, 0] + share * (box[:, 2] - box[:, 0]), box[:, 3]])
    if share == 0.5:
        return np.array(places.xy)
    xy = np.array(places.xy)
    good = np.flatnonzero(np.isfinite(places.xy[:, 0]))
    found = stats.pitch.to_ground(places.frame[good], point[good])[0]
    xy[good] = np.where(np.isfinite(found), found, xy[good])
    return np.asarray(xy)


def _smoothed(stats: MatchStats) -> FloatArray:
    """Return (N, 2) the smoothed place of each box; its own where there is none."""
    places, table = stats.places, stats.table
    width = int(max(places.frame.max(initial=0), table.frame.max(initial=0))) + 1
    keys = table.person.astype(np.int64) * width + table.frame
    wanted = stats.cast.of_row.astype(np.int64) * width + places.frame
    at = np.clip(np.searchsorted(keys, wanted), 0, max(len(keys) - 1, 0))
    found = (keys[at] == wanted) & table.seen[at]
    near = np.hypot(*(table.xy[at] - places.xy).T) < 3 + 5 * places.error  # not of the other track of a person
    return np.asarray(np.where((found & near)[:, None], table.xy[at], places.xy))


def _side(stats: MatchStats, team: str, frame: int) -> str:
    if team in ("left", "right", ""):
        return team
    for span in stats.cast.sides:
        if span.first_frame <= frame <= span.last_frame:
            return span.sides.get(team, "")
    return ""
