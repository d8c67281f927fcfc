"""Who is who apart from the kit's colour: goalkeepers, officials, and which goal a team defends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sportstrack.identities.sightings import VOTED, Seen
from sportstrack.types import FloatArray, IntArray

_LEAST_SPANS = 3  # in which a group is seen, before anything is said of its role
_DOUBT = 20  # spans after which a role by one's place among the others, without metres, has a confidence of a half
_BY_PLACE = 10  # spans from which on one's place among the others tells a role at all; before, it is a guess
_OUTERMOST = 0.25  # share of frames in which a goalkeeper is the outermost person, at least …
_WITHIN = 0.20  # … and the most for officials
_BESIDE = 0.6  # share of frames nearest to or farthest from the camera, from which on nobody stands in a goal
_FEW = 1.7  # people at a time of goalkeepers' and officials' groups, at most
_BOX = 22.0  # metres before a goal line within which a goalkeeper is, on average
_TOUCH = 2.0  # metres around a touchline where assistant referees run
_WINDOW = 240  # spans around a goalkeeper's from which the sides are told: two minutes to either side
_SURE = 0.7  # share of these spans that must agree
_NAMED = 0.5  # share of a track's frames in which the detector must name a role


class PitchSize(NamedTuple):
    """Size of the pitch in metres."""

    length: float = 105.0
    width: float = 68.0


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """How some rows of a table of sightings stand among the others.

    Attributes:
        spans: in how many spans they are seen.
        left: share of them as the leftmost person on the ground.
        right: as the rightmost.
        beside: share as the nearest to the camera or the farthest from it.
        metres: (2,) mean distance from the pitch's centre along and across it, NaN where unknown.
    """

    spans: int
    left: float
    right: float
    beside: float
    metres: FloatArray


def place_of(seen: Seen) -> Whereabouts:
    """Return how the rows of a table stand among the others."""
    frames = float(seen.frames.sum())
    known = np.isfinite(seen.metres).all(axis=1)
    metres = np.abs(seen.metres[known]).mean(axis=0) if known.any() else np.full(2, np.nan)
    left, right, beside = (
        float(part.sum()) / max(frames, 1.0) for part in (seen.left, seen.right, seen.near + seen.far)
    )
    _, one_of_each = np.unique(seen.span, return_index=True)
    return Whereabouts(int(seen.spans[one_of_each].sum()), left, right, beside, metres)


def role_of(place: Whereabouts, people: float, field: PitchSize) -> tuple[str, float]:
    """Return the role of people who wear no team's kit, and how sure it is; an empty text if it is unknown.

    Args:
        place: where they stand.
        people: how many of their group are seen at a time.
        field: size of the pitch.
    """
    if place.spans < _LEAST_SPANS:
        return "", 0.0
    sure = min(1.0, 0.6 + place.spans / 20)
    if np.isfinite(place.metres).all():
        along, across = place.metres
        if across > field.width / 2 + _TOUCH:
            return "other", sure
        if along > field.length / 2 - _BOX and across < field.width / 4 and people <= _FEW:
            return "goalkeeper", sure
        return ("referee", sure) if people <= _FEW + 1 else ("", 0.0)
    # In a few seconds a referee may happen to be the outermost person of a close picture, and a goalkeeper not to be.
    sure = place.spans / (place.spans + _DOUBT)
    outermost = max(place.left, place.right)
    if people > _FEW or place.spans < _BY_PLACE:
        return "", 0.0
    if outermost >= _OUTERMOST and place.beside < _BESIDE:
        return "goalkeeper", sure * min(1.0, 0.6 + outermost)
    if outermost <= _WITHIN and place.beside < _BESIDE:
        return "referee", sure * 0.95
    return "", 0.0


def sides(seen: Seen, team: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the spans in which both teams are seen, and in each how much farther left team 0 stands than team 1.

    A team is nearer to the goal that it defends, for most of the time.

    Args:
        seen: the sightings.
        team: (M,) 0 or 1, or another number for other people.
    """
    along = np.where(np.isfinite(seen.metres[:, 0]), seen.metres[:, 0], seen.x)
    spans, at = np.unique(seen.span, return_inverse=True)
    at = at.reshape(-1)
    means = []
    for one in (0, 1):
        rows = team == one
        count = np.bincount(at[rows], minlength=len(spans))
        total = np.bincount(at[rows], along[rows], minlength=len(spans))
        means.append(np.where(count >= 2, total / np.maximum(count, 1), np.nan))
    difference = means[1] - means[0]
    both = np.isfinite(difference)
    return spans[both], difference[both]


def keeper_team(rows: Seen, spans: IntArray, difference: FloatArray) -> tuple[int | None, float]:
    """Return the team, 0 or 1, of a goalkeeper, and how sure it is; None if that cannot be told.

    Args:
        rows: the goalkeeper's sightings.
        spans: as of `sides`.
        difference: as of `sides`.
    """
    known = np.isfinite(rows.metres[:, 0])
    if known.any():
        goal = float(np.sign(rows.metres[known, 0].mean()))
    else:
        goal = float(np.sign(rows.right.sum() - rows.left.sum()))
    if not len(rows) or goal == 0:
        return None, 0.0
    near = (spans >= rows.span.min() - _WINDOW) & (spans <= rows.span.max() + _WINDOW)
    if not near.any():
        return None, 0.0
    leftmost = float((difference[near] > 0).mean())  # share of the time in which team 0 stands farther left
    agree = max(leftmost, 1 - leftmost)
    if agree < _SURE:
        return None, 0.0
    on_left = 0 if leftmost > 0.5 else 1
    return (on_left if goal < 0 else 1 - on_left), agree * min(1.0, 0.5 + len(spans[near]) / 20)


def voted(votes: FloatArray, frames: FloatArray) -> list[tuple[str, float]]:
    """Return the role that the detector gives to each track, and in which share of its frames; empty text for none.

    Args:
        votes: (N, roles) frames in which each of `VOTED` was named.
        frames: (N,) frames of the track.
    """
    best = votes.argmax(axis=1)
    share = votes.max(axis=1, initial=0.0) / np.maximum(frames, 1)
    found = zip(best.tolist(), share.tolist(), strict=True)
    return [(VOTED[one], sure) if sure >= _NAMED else ("", 0.0) for one, sure in found]
