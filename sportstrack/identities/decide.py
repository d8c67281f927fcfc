"""From sightings to identities: team and role of each track, in spans where they stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.identities.groups import STRANGE, Groups
from sportstrack.identities.kits import Kits, distances, points
from sportstrack.identities.roles import PitchSize, keeper_team, place_of, role_of, sides, voted
from sportstrack.identities.sightings import VOTED, Seen, sums_of
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
_BLOCK = 4096  # rows whose costs are found at a time, so that a long match takes little memory
_ENOUGH = 2.0  # frames that show a kit, for a confidence of two thirds


@dataclass(frozen=True, eq=False)
class Stretches:
    """Parts of tracks, of consecutive spans each, in which a track belongs to one group; by track and time.

    Attributes:
        rows: (R,) rows of the table of sightings, one stretch after the other.
        start: (S,) where in `rows` each begins.
        track_id: (S,) its track.
        group: (S,) number of its group, −1 for none.
        confidence: (S,) how sure that is, 0 to 1.
    """

    rows: IntArray
    start: IntArray
    track_id: IntArray
    group: IntArray
    confidence: FloatArray

    def __len__(self) -> int:
        return len(self.start)

    def of(self, number: int) -> IntArray:
        """Return the rows of one."""
        end = self.start[number + 1] if number + 1 < len(self) else len(self.rows)
        return self.rows[self.start[number] : end]


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


def stretches_of(seen: Seen, cost: FloatArray, groups: Groups, some: BoolArray) -> Stretches:
    """Return the stretches of some tracks.

    Args:
        seen: the sightings.
        cost: (M, G + 1) as of `_costs`.
        groups: as of `find_groups`.
        some: (M,) the rows of the tracks that are asked for.
    """
    rows = np.lexsort((seen.span, seen.track_id))
    rows = rows[some[rows]]
    if not len(rows):
        return Stretches(rows, rows, rows, rows, np.zeros(0))
    track = seen.track_id[rows]
    new = np.append(True, np.diff(track) != 0)
    state = _states(cost[rows], np.flatnonzero(new))
    start = np.flatnonzero(new | np.append(True, np.diff(state) != 0))
    group, label = state[start], np.repeat(np.arange(len(start)), np.diff(np.append(start, len(rows))))
    weight = np.bincount(label, seen.weight[rows]).astype(np.float64)
    chance = evidence(sums_of(label, len(start), seen.kits[rows]), weight, groups)
    chance = np.column_stack((chance, np.zeros(len(start))))[np.arange(len(start)), group]
    return Stretches(rows, start, track[start], np.where(group == len(groups), -1, group), chance)


def _costs(seen: Seen, groups: Groups) -> FloatArray:
    """Return (M, G + 1) what it costs, in logarithms of likelihoods, that a row is of each group, and of none."""
    parts = [_cost(seen[at : at + _BLOCK], groups) for at in range(0, max(len(seen), 1), _BLOCK)]
    return np.concatenate(parts)


def _cost(seen: Seen, groups: Groups) -> FloatArray:
    far = distances(points(seen.kits, np.maximum(seen.weight, 1e-9)), groups.point)
    far[np.isnan(far).any(axis=1)] = 0.0
    cost = np.column_stack((far, np.full(len(far), _NO_GROUP))) / _SCALE
    cost *= np.minimum(seen.weight, _SATED * seen.spans)[:, None]
    return np.asarray(cost)


def _states(cost: FloatArray, start: IntArray) -> IntArray:
    """Return (R,) the states of tracks whose rows begin at `start`.

    A change costs `_SWITCH`. So a track keeps its best state if no other choice in each row would save as much, which
    is true of nearly all of them; the others are gone through row by row.
    """
    whole = np.add.reduceat(cost, start, axis=0)
    least = np.add.reduceat(cost.min(axis=1), start)
    length = np.diff(np.append(start, len(cost)))
    state = np.repeat(whole.argmin(axis=1), length)
    for at in np.flatnonzero(whole.min(axis=1) > least + _SWITCH).tolist():
        rows = slice(start[at], start[at] + length[at])
        state[rows] = _cheapest(cost[rows])
    return np.asarray(state, np.int64)


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
    found = stretches_of(seen, cost, groups, some)
    team = np.where(some, -1, cost.argmin(axis=1))
    team[team == len(groups)] = -1
    team[found.rows] = np.repeat(found.group, np.diff(np.append(found.start, len(found.rows))))
    team = team if groups.has_teams else np.full(len(seen), -1)
    where = sides(seen, team)
    roles = _group_roles(seen, team, groups, field or PitchSize())
    doubted = _doubted(seen, team)
    votes, frames = (np.add.reduceat(part[found.rows], found.start, axis=0) for part in (seen.votes, seen.frames))
    rows = []
    for number, (blank, said) in enumerate(zip(_blanks(seen, found), voted(votes, frames), strict=True)):
        group, sure = int(found.group[number]), float(found.confidence[number])
        said = ("", 0.0) if said[0] in doubted[-1] | doubted.get(group, set()) else said
        one = _identity(blank, group if groups.has_teams else -1, sure, names, roles, said)
        if one.role == "goalkeeper":
            own, sure = keeper_team(seen[found.of(number)], *where)
            one = one if own is None else replace(one, team=names[own], team_confidence=min(sure, 1.0))
        rows.append(one)
    return Identities(rows)


def _blanks(seen: Seen, found: Stretches) -> list[Identity]:
    """Return a row for each stretch, that lasts until the next one of its track; nothing is known."""
    first = np.minimum.reduceat(seen.first_frame[found.rows], found.start)
    last = np.maximum.reduceat(seen.last_frame[found.rows], found.start)
    goes_on = found.track_id[1:] == found.track_id[:-1]
    last[:-1] = np.where(goes_on, first[1:] - 1, last[:-1])
    spans = zip(found.track_id.tolist(), first.tolist(), np.maximum(first, last).tolist(), strict=True)
    return [Identity(*one) for one in spans]


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
    group: int,
    sure: float,
    names: Sequence[str],
    roles: dict[int, tuple[str, float]],
    said: tuple[str, float],
) -> Identity:
    """Return a stretch's team and role, by its group and by what the detector said; goalkeepers have no team yet."""
    role, role_sure = said
    if group in (0, 1) and sure >= SURE and role in ("", "player"):
        sure = min(sure, 1.0)
        return replace(
            blank, team=names[group], team_confidence=sure, role="player", role_confidence=max(role_sure, sure)
        )
    if role in ("", "player") and group >= 2 and sure >= SURE:
        # A detector that knows other kits calls keepers and officials players; their place beside the teams says more.
        placed = roles.get(group, ("", 0.0))
        role, role_sure = placed if placed[0] else said
    return replace(blank, role=role, role_confidence=min(role_sure, 1.0)) if role else blank
