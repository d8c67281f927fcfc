"""From sightings to identities: team and role of each track, in spans where they stay the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.identities.groups import STRANGE, Groups
from sportstrack.identities.kits import Kits, distances, points
from sportstrack.identities.roles import PitchSize, keeper_team, place_of, role_of, sides, voted
from sportstrack.identities.sightings import VOTED, Seen
from sportstrack.identities.table import Identities, Identity
from sportstrack.types import BoolArray, FloatArray, IntArray

SURE = 0.8  # confidence from which on a team is said
_SCALE = 0.04  # of a difference of distances
_SATED = 4.0  # frames of a span that count; more of them show the same again
_SWITCH = 8.0  # what it costs, in logarithms of likelihoods, that a track goes on as somebody else
_NO_GROUP = 0.8 * STRANGE  # distance that counts for belonging to no group
_FEW = ("goalkeeper", "referee")  # roles that few have at a time
_MOST_VOTED = 0.25  # share of a team's frames, or of everybody's, that may be theirs …
_MOST_AT_ONCE = 3.0  # … of everybody's if they are so many people at a time
_ENOUGH = 2.0  # frames that show a kit, for a confidence of two thirds


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive spans in which a track belongs to one group.

    Attributes:
        rows: of the table of sightings.
        group: number of the group, −1 for none.
        confidence: how sure that is, 0 to 1.
    """

    rows: IntArray
    group: int
    confidence: float


def evidence(kits: Kits, weight: FloatArray, groups: Groups, times: float = 1.0) -> FloatArray:
    """Return (N, G) how probable it is that each kit is that of each group; what is missing to 1 is unknown.

    Before a kit is seen, a group is as probable as it has people at a time.

    Args:
        kits: (N, regions × colours) shares, or sums of shares over frames.
        weight: (N,) of how many frames, parts counted in part.
        groups: as of `find_groups`.
        times: what a frame counts; more, if all there is to look at is one frame.
    """
    far = distances(points(kits, np.maximum(weight, 1e-9)), groups.point)
    hidden = np.isnan(far).any(axis=1) | (weight <= 0)
    far = np.column_stack((np.nan_to_num(far, nan=1.0), np.full(len(far), _NO_GROUP)))
    likely = np.exp(-(far - far.min(axis=1, keepdims=True)) / _SCALE)
    likely[:, :-1] *= np.maximum(groups.people, 1.0)
    found: FloatArray = (likely / likely.sum(axis=1, keepdims=True))[:, :-1]
    found *= (1 - np.exp(-times * weight / _ENOUGH * 1.1))[:, None]
    found[hidden] = 0.0
    return found


def runs_of(seen: Seen, cost: FloatArray, groups: Groups, some: BoolArray) -> Iterator[tuple[int, list[Stretch]]]:
    """Yield tracks and their runs, in the order of time.

    Args:
        seen: the sightings.
        cost: (M, G + 1) as of `_costs`.
        groups: as of `find_groups`.
        some: (M,) the rows of the tracks that are asked for.
    """
    if not some.any():
        return
    order = np.lexsort((seen.span, seen.track_id))
    order = order[some[order]]
    ids, starts = np.unique(seen.track_id[order], return_index=True)
    for track, rows in zip(ids.tolist(), np.split(order, starts[1:]), strict=True):
        state = _cheapest(cost[rows])
        edges = np.flatnonzero(np.diff(state)) + 1
        yield track, [_run(seen, part, int(state[at]), groups) for at, part in _parts(rows, edges)]


def _costs(seen: Seen, groups: Groups) -> FloatArray:
    """Return (M, G + 1) what it costs, in logarithms of likelihoods, that a row is of each group, and of none."""
    far = distances(points(seen.kits, np.maximum(seen.weight, 1e-9)), groups.point)
    far[np.isnan(far).any(axis=1)] = 0.0
    cost = np.column_stack((far, np.full(len(far), _NO_GROUP))) / _SCALE
    cost *= np.minimum(seen.weight, _SATED * seen.spans)[:, None]
    return np.asarray(cost)


def _parts(rows: IntArray, edges: IntArray) -> Iterator[tuple[int, IntArray]]:
    first = 0
    for part in np.split(rows, edges):
        yield first, part
        first += len(part)


def _cheapest(cost: FloatArray) -> IntArray:
    """Return (T,) the states of least cost, where every change of state costs `_SWITCH` (Viterbi)."""
    back = np.zeros(cost.shape, np.int64)
    total = cost[0].copy()
    for t in range(1, len(cost)):
        best = int(total.argmin())
        stay = total <= total[best] + _SWITCH
        back[t] = np.where(stay, np.arange(cost.shape[1]), best)
        total = np.where(stay, total, total[best] + _SWITCH) + cost[t]
    state = np.empty(len(cost), np.int64)
    state[-1] = int(total.argmin())
    for t in range(len(cost) - 1, 0, -1):
        state[t - 1] = back[t, state[t]]
    return state


def _run(seen: Seen, rows: IntArray, state: int, groups: Groups) -> Stretch:
    if state == len(groups):
        return Stretch(rows, -1, 0.0)
    weight = np.array([seen.weight[rows].sum()])
    kits = seen.kits[rows].astype(np.float64).sum(axis=0, keepdims=True)
    return Stretch(rows, state, float(evidence(kits, weight, groups)[0, state]))


def decide(
    seen: Seen,
    groups: Groups,
    names: Sequence[str] = ("A", "B"),
    field: PitchSize | None = None,
    *,
    tracks: IntArray | None = None,
) -> Identities:
    """Return team and role of the tracks.

    Args:
        seen: what was seen of them.
        groups: as of `find_groups`, the teams first.
        names: of the two teams.
        field: size of the pitch, where places on it are known.
        tracks: those that are asked for; None: all. The others are looked at row by row, which takes much less time.
    """
    cost = _costs(seen, groups)
    some = np.ones(len(seen), np.bool_) if tracks is None else np.isin(seen.track_id, tracks)
    asked = list(runs_of(seen, cost, groups, some))
    team = np.where(some, -1, cost.argmin(axis=1))
    team[team == len(groups)] = -1
    for _, runs in asked:
        for run in runs:
            team[run.rows] = run.group
    team = team if groups.has_teams else np.full(len(seen), -1)
    where = sides(seen, team)
    roles = _group_roles(seen, team, groups, field or PitchSize())
    doubted = _doubted(seen, team)
    found = []
    for track, runs in asked:
        for number, run in enumerate(runs):
            rows = seen[run.rows]
            first = int(rows.first_frame.min())
            last = int(seen.first_frame[runs[number + 1].rows].min()) - 1 if number + 1 < len(runs) else None
            last = int(rows.last_frame.max()) if last is None else last
            blank, said = Identity(track, first, max(first, last)), voted(rows)
            said = ("", 0.0) if said[0] in doubted[-1] | doubted.get(run.group, set()) else said
            found.append(_identity(blank, rows, run, groups, names, roles, where, said))
    return Identities(found)


def _group_roles(seen: Seen, team: IntArray, groups: Groups, field: PitchSize) -> dict[int, tuple[str, float]]:
    """Return the role of each group that is no team, with its confidence."""
    if not groups.has_teams:
        return {}
    return {
        group: role_of(place_of(seen[team == group]), float(groups.people[group]), field)
        for group in range(2, len(groups))
    }


def _doubted(seen: Seen, team: IntArray) -> dict[int, set[str]]:
    """Return group → roles that a detector gives to so many people that it cannot know the kits; −1: of all others."""
    found = {group: _voted_often(seen[team == group]) for group in (0, 1)}
    length = np.zeros(int(seen.span.max(initial=0)) + 1)
    np.maximum.at(length, seen.span, seen.frames)
    at_once = seen.votes.sum(axis=0) / max(float(length.sum()), 1.0)
    many = {role for role, count in zip(VOTED, at_once, strict=True) if count > _MOST_AT_ONCE}
    return found | {-1: many & _voted_often(seen)}


def _voted_often(rows: Seen) -> set[str]:
    """Return the roles of few people that the detector gives in too many of the frames of some rows."""
    shares = rows.votes.sum(axis=0) / max(float(rows.frames.sum()), 1.0)
    return {role for role, share in zip(VOTED, shares, strict=True) if role in _FEW and share > _MOST_VOTED}


def _identity(
    blank: Identity,
    rows: Seen,
    run: Stretch,
    groups: Groups,
    names: Sequence[str],
    roles: dict[int, tuple[str, float]],
    where: tuple[IntArray, FloatArray],
    said: tuple[str, float],
) -> Identity:
    role, role_sure = said
    team, team_sure = "", 0.0
    is_team = groups.has_teams and run.group in (0, 1) and run.confidence >= SURE
    if is_team and role in ("", "player"):
        team, team_sure = names[run.group], run.confidence
        role, role_sure = "player", max(role_sure, run.confidence)
    elif not role and run.group >= 2 and run.confidence >= SURE:
        role, role_sure = roles.get(run.group, ("", 0.0))
    if role == "goalkeeper":
        own, sure = keeper_team(rows, *where)
        if own is not None:
            team, team_sure = names[own], sure
    return replace(
        blank, team=team, team_confidence=min(team_sure, 1.0), role=role, role_confidence=min(role_sure, 1.0)
    )
