"""One id for each person of a roster: which place of the squad every piece of a track has.

Each person on the roster is a place. Pieces that have a name are in their person's place. All others are put where
they fit in time, team, role and number, so that the sum of the costs is small: what a place's pieces cost is how
unlikely it is that each goes on what the one before ended. First the pieces are gone through in the order of time;
somebody who is in the way is moved. Then what two places hold is divided anew between the two, in the best way, for
all pairs of places until nothing changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import inf, log
from typing import Any

import numpy as np

from sportstrack.identities.ends import PieceTable, Ways
from sportstrack.identities.roster import PLAYING, Roster, RosterPerson
from sportstrack.identities.table import Identity

SURE_TEAM = 0.8
"""Confidence of a team from which on two different ones are never one person's."""

SURE_ROLE = 0.95
"""The same of playing or not; the role of somebody who was seen for a short time is often wrong."""

_ROUNDS = 4  # of dividing anew
_BEAM = 8  # ways to divide that are followed
_TRIES = 8  # places that are tried for it
_DEPTH = 2  # how many, one after the other, are moved to make way for one piece, …
_LAST = 3  # … and where there is no other way
_OVER = 8.0  # cost of a piece with an id beyond the cap
_OFFICIAL = 2.0  # cost of a piece of unknown role in an official's place, …
_KEEPER = 1.0  # … in a goalkeeper's
_STRANGE = 2.0  # of a number that nobody wears where another number is worn
_NUMBER = -3.0  # of the person's own number


@dataclass(frozen=True)
class Squad:
    """Pieces and their people.

    Attributes:
        place: of each piece: index in the roster; beyond it where more people were seen than are on it; −1 for an
            outsider, who is surely nobody of the roster: of another team, or of a role that nobody has.
        cap: how many places there may be: people on the roster, or pieces at one time if that is more. There are more
            where more people of a sure team or role were there at one time than the roster has of them.
    """

    place: tuple[int, ...]
    cap: int

    @property
    def people(self) -> int:
        """How many places are taken."""
        return len(set(self.place) - {-1})


def one_id_each(pieces: PieceTable, who: Sequence[Identity], person: Sequence[int], roster: Roster) -> Squad:
    """Give every piece a place, no more places than there are people.

    Pieces are joined where they are likely one person's, and otherwise only as far as it must be.

    No place has two pieces in one frame, two people of the roster, two sure teams, or sure players and officials. Nor
    has it two numbers that people of the roster wear, unless one may be the other with a digit hidden.

    Args:
        pieces: of tracks, without the ball.
        who: of each piece what is known of it; its team as the roster calls it.
        person: of each piece the index in the roster, −1 where unknown.
        roster: who may be seen.
    """
    return _Hall(pieces, who, person, roster).filled()


def hidden_digit(a: str, b: str) -> bool:
    """Return whether two numbers may be one, of which a digit is hidden once."""
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) == 1 and len(long) == 2 and short in long)


def costs_of_places(one: Identity, person: int, roster: Roster) -> list[float]:
    """Return what it costs to take a piece for each person of the roster; infinite where it cannot be."""
    if person >= 0:
        return [0.0 if k == person else inf for k in range(len(roster))]
    of_team = [_team_cost(one, other) for other in roster]
    worn = [one.number == other.number and cost < inf for other, cost in zip(roster, of_team, strict=True)]
    known = any(worn) and bool(one.number)
    return [
        cost + _role_cost(one, other) + (_number_cost(one.number, other.number, known) if one.number else 0.0)
        for other, cost in zip(roster, of_team, strict=True)
    ]


def _team_cost(one: Identity, person: RosterPerson) -> float:
    if not one.team or one.team.casefold() == person.team.casefold():
        return 0.0
    return inf if one.team_confidence >= SURE_TEAM else _doubt(one.team_confidence)


def _role_cost(one: Identity, person: RosterPerson) -> float:
    if not one.role:
        return {"player": 0.0, "goalkeeper": _KEEPER}.get(person.role, _OFFICIAL)
    if one.role == person.role:
        return 0.0
    if (one.role in PLAYING) != (person.role in PLAYING) and one.role_confidence >= SURE_ROLE:
        return inf
    return _doubt(min(one.role_confidence, 0.98))


def _number_cost(number: str, worn: str, known: bool) -> float:
    """Return the cost of a number for a person who wears another one; ``known``: somebody wears the first."""
    if number == worn:
        return _NUMBER
    if hidden_digit(number, worn):
        return 0.0
    return inf if known else _STRANGE if worn else 0.0


def _doubt(confidence: float) -> float:
    return -log(max(1.0 - confidence, 1e-3))


class _Hall:
    """The places of everybody, and who sits where; see `one_id_each`. Places beyond the roster's are for anybody."""

    def __init__(self, pieces: PieceTable, who: Sequence[Identity], person: Sequence[int], roster: Roster) -> None:
        self._pieces, self._who, self._person, self._roster = pieces, list(who), list(person), roster
        self._begin, self._end = pieces.first.frame.tolist(), pieces.last.frame.tolist()
        self._ways = Ways(pieces)
        teams = {team.casefold() for team in roster.teams}
        roles = {one.role for one in roster}
        self._outside = {
            p for p, one in enumerate(self._who) if self._person[p] < 0 and _is_outsider(one, teams, roles)
        }
        self._sits = [costs_of_places(one, k, roster) for one, k in zip(self._who, self._person, strict=True)]
        inside = [p for p in range(len(pieces)) if p not in self._outside]
        self._order = sorted(inside, key=lambda p: (self._begin[p], p))
        self._cap = max(len(roster), _at_once(pieces, inside))
        self._chains: list[list[int]] = [[] for _ in range(self._cap)]
        self._longest = max((self._end[p] - self._begin[p] for p in inside), default=0)
        self._apart: dict[tuple[int, int], bool] = {}

    def filled(self) -> Squad:
        """Seat all pieces."""
        for p in self._order:
            if self._person[p] >= 0:
                self._put(p, self._person[p])
        for p in self._order:
            if self._person[p] < 0:
                self._misread(p)
                if not self._seat(p, _DEPTH):
                    self._chains.append([p])
        self._improve()
        self._clear()
        self._improve()
        return self._result()

    def _result(self) -> Squad:
        place = {p: k for k, chain in enumerate(self._chains) for p in chain}
        return Squad(tuple(place.get(p, -1) for p in range(len(self._pieces))), self._cap)

    # --- who fits where -----------------------------------------------------------------------------------------------

    def _cost(self, p: int, k: int) -> float:
        """Return the cost of a piece in a place, wherever its neighbours are."""
        if k < len(self._roster):
            return self._sits[p][k]
        return inf if self._person[p] >= 0 else 0.0 if k < self._cap else _OVER

    def _link(self, a: int | None, b: int | None) -> float:
        """Return the cost of two neighbours in a place; None: nobody is before, or after."""
        return 0.0 if a is None or b is None else -self._ways.log_odds(a, b)

    def _clash(self, a: int, b: int) -> bool:
        """Return whether two pieces are in one frame."""
        if self._end[a] < self._begin[b] or self._end[b] < self._begin[a]:
            return False
        key = (a, b) if a < b else (b, a)
        if key not in self._apart:
            one, other = self._pieces.frames[a], self._pieces.frames[b]
            self._apart[key] = bool(np.isin(one, other, assume_unique=True).any())
        return self._apart[key]

    def _mixes(self, chain: Iterable[int], k: int) -> bool:
        """Return whether a place for anybody has people who are surely two; elsewhere the roster rules that out."""
        if k < len(self._roster):
            return False
        who = [self._who[p] for p in chain]
        teams = {one.team for one in who if one.team and one.team_confidence >= SURE_TEAM}
        plays = {one.role in PLAYING for one in who if one.role and one.role_confidence >= SURE_ROLE}
        numbers = sorted({one.number for one in who if one.number}, key=len)
        alike = all(hidden_digit(a, b) for n, a in enumerate(numbers) for b in numbers[n + 1 :])
        return len(teams) > 1 or len(plays) > 1 or not alike

    def _misread(self, p: int) -> None:
        """Forget a number if all who may wear it are seen elsewhere at the time."""
        one = self._who[p]
        if one.number and all(
            cost == inf or any(self._clash(p, q) for q in self._near(p, k) if self._person[q] >= 0)
            for k, cost in enumerate(self._sits[p])
        ):
            self._who[p] = replace(one, number="")
            self._sits[p] = costs_of_places(self._who[p], -1, self._roster)

    # --- one piece ----------------------------------------------------------------------------------------------------

    def _near(self, p: int, k: int) -> list[int]:
        """Return those of a place that may be there at the time of a piece."""
        chain = self._chains[k]
        low = bisect_left(chain, self._begin[p] - self._longest, key=self._begin.__getitem__)
        high = bisect_right(chain, self._end[p], key=self._begin.__getitem__)
        return chain[low:high]

    def _at(self, p: int, k: int) -> int:
        return bisect_left(self._chains[k], (self._begin[p], p), key=lambda q: (self._begin[q], q))

    def _put(self, p: int, k: int) -> None:
        self._chains[k].insert(self._at(p, k), p)

    def _price(self, p: int, k: int) -> float:
        """Return by how much a piece makes a place cost more."""
        cost = self._cost(p, k)
        if cost == inf:
            return inf
        chain, at = self._chains[k], self._at(p, k)
        before, after = chain[at - 1] if at else None, chain[at] if at < len(chain) else None
        return cost + self._link(before, p) + self._link(p, after) - self._link(before, after)

    def _seat(self, p: int, depth: int, but: int = -1, *, new: bool = True) -> bool:
        """Put a piece where it costs least; where nothing is free, move those who are in the way. False: no place."""
        free: list[tuple[float, int]] = []
        taken: list[tuple[int, float, int, list[int]]] = []
        for k in range(len(self._chains)):
            if k == but or not (new or self._chains[k]) or (price := self._price(p, k)) == inf:
                continue
            clash = [q for q in self._near(p, k) if self._clash(p, q)]
            if self._mixes([p, *(q for q in self._chains[k] if q not in clash)], k):
                continue
            if not clash:
                free.append((price, k))
            elif all(self._person[q] < 0 for q in clash):
                taken.append((len(clash), price, k, clash))
        if free:
            self._put(p, min(free)[1])
            return True
        for _, _, k, clash in sorted(taken)[:_TRIES] if depth else []:
            before = [list(chain) for chain in self._chains]
            self._chains[k] = [q for q in self._chains[k] if q not in clash]
            self._put(p, k)
            if all(self._seat(q, depth - 1, k, new=new) for q in clash) and p in self._chains[k]:
                return True
            self._chains[:] = before
        return False

    def _clear(self) -> None:
        """Empty places, those with the fewest boxes first, until there are no more than the cap allows."""
        sizes = {k: sum(len(self._pieces.frames[p]) for p in chain) for k, chain in enumerate(self._chains) if chain}
        for k in sorted(sizes, key=lambda k: (k < self._cap, sizes[k])):
            if sum(map(bool, self._chains)) <= self._cap:
                break
            if any(self._person[p] >= 0 for p in self._chains[k]):
                continue
            before, gone = [list(chain) for chain in self._chains], self._chains[k]
            self._chains[k] = []
            if not all(self._seat(p, _LAST, k, new=False) for p in gone):
                self._chains[:] = before

    # --- two places ---------------------------------------------------------------------------------------------------

    def _improve(self) -> None:
        """Divide anew what two places hold, for all pairs, until nothing changes."""
        changed = dict.fromkeys(range(len(self._chains)), 0)
        for turn in range(1, _ROUNDS + 1):
            for i, j in combinations(range(len(self._chains)), 2):
                if max(changed[i], changed[j]) >= turn - 1 and self._divide(i, j):
                    changed[i] = changed[j] = turn
            if turn not in changed.values():
                break

    def _divide(self, i: int, j: int) -> bool:
        """Divide the pieces of two places between them so that they cost least; return whether that is a change."""
        both = sorted((*self._chains[i], *self._chains[j]), key=lambda p: (self._begin[p], p))
        if not any(max(self._cost(p, i), self._cost(p, j)) < inf for p in both):
            return False
        found = self._best(both, i, j)
        if found is None or found[0] >= self._total(i) + self._total(j) - 1e-6:
            return False
        parts = [[p for p, side in zip(both, found[1], strict=True) if side == at] for at in (0, 1)]
        if self._mixes(parts[0], i) or self._mixes(parts[1], j):
            return False
        self._chains[i], self._chains[j] = parts
        return True

    def _total(self, k: int) -> float:
        chain = self._chains[k]
        return sum(self._cost(p, k) for p in chain) + sum(self._link(a, b) for a, b in pairwise(chain))

    def _best(self, both: list[int], i: int, j: int) -> tuple[float, list[int]] | None:
        """Return the least cost found, and the side of each piece; a beam search over those who may still clash."""
        ways: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[float, Any]] = {((), ()): (0.0, None)}
        costs = [(self._cost(p, i), self._cost(p, j)) for p in both]
        for p, own in zip(both, costs, strict=True):
            begin = self._begin[p]
            grown: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[float, Any]] = {}
            for state, (cost, path) in ways.items():
                for side in (0, 1):
                    if own[side] == inf:
                        continue
                    there = [q for q in state[side] if self._end[q] >= begin]
                    if there and any(self._clash(p, q) for q in there):
                        continue
                    last = state[side][-1] if state[side] else None
                    new = cost + own[side] + self._link(last, p)
                    still = (*there, p)
                    key = (still, state[1]) if side == 0 else (state[0], still)
                    if key not in grown or new < grown[key][0]:
                        grown[key] = (new, (side, path))
            best = sorted(grown.items(), key=lambda way: way[1][0])[:_BEAM] if len(grown) > _BEAM else grown.items()
            ways = dict(best)
        if not ways:
            return None
        cost, path = min(ways.values(), key=lambda way: way[0])
        sides: list[int] = []
        while path is not None:
            side, path = path
            sides.append(side)
        return cost, sides[::-1]


def _is_outsider(one: Identity, teams: set[str], roles: set[str]) -> bool:
    """Return whether somebody is surely not on a roster with these teams and roles."""
    if one.team and one.team_confidence >= SURE_TEAM and one.team.casefold() not in teams:
        return True
    alike = set(PLAYING) if one.role in PLAYING else {one.role}
    return bool(one.role) and one.role_confidence >= SURE_ROLE and not alike & roles


def _at_once(pieces: PieceTable, inside: list[int]) -> int:
    """Return how many pieces are in one frame at most."""
    if not inside:
        return 0
    _, count = np.unique(np.concatenate([pieces.frames[p] for p in inside]), return_counts=True)
    return int(count.max())
