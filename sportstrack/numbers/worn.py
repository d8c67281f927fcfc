"""Which numbers can be: those of a roster, by team, as soon as it is known which team is which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import permutations

import numpy as np

from sportstrack.numbers.codes import COUNT, TEXTS, code_of
from sportstrack.types import FloatArray, IntArray

_STRANGE = 0.03  # chance that a person with a number is not on the roster …
_HALF = 0.01  # … and how much of it is left for 7 where somebody wears 17
_MOST = 3.0  # nats that one track can say for a team, so that a single one is never enough
_CLEAR = 4.6  # nats by which the best way to match the teams must beat every other one


class NumbersWorn:
    """How probable each number is before anything is read: a roster's, and each other one a little; else any.

    The teams of a run may have other names than the roster's. Which is which is told by what was read on their tracks.

    Args:
        teams: the roster's team → its numbers as text; None: nothing is known.
    """

    def __init__(self, teams: Mapping[str, Iterable[str]] | None = None) -> None:
        self.known = teams is not None
        self._teams = [team.casefold() for team in teams or {}]
        self._shares = np.array([_shares(numbers) for numbers in (teams or {"": ()}).values()])
        self._any = self._shares.mean(axis=0)
        self._told: dict[int, tuple[str, FloatArray]] = {}
        self._gone: dict[str, FloatArray] = {}
        self._names: dict[str, str] | None = {}  # None: to be found again

    def of(self, team: str = "") -> FloatArray:
        """Return (110,) how probable each number is for a person of a team of the run; "" for an unknown one."""
        name = self._matched().get(team, team.casefold())
        return np.asarray(self._shares[self._teams.index(name)] if name in self._teams else self._any)

    def spoken_for(self, code: int) -> IntArray:
        """Return the numbers for which a reading speaks: itself, and with a roster those of which it may be half."""
        return _HALF_OF[code] if self.known else np.array([code])

    def tell(self, track: int, team: str, chance: FloatArray) -> None:
        """Note what was read on a track of a team.

        Args:
            track: its id.
            team: as the run calls it.
            chance: (110,) how probable each number is, its team unknown.
        """
        if not team or len(self._teams) < 2:
            return
        said = np.log(self._shares @ (chance / self._any) + 1e-12)
        said = np.maximum(said - said.max(), -_MOST)
        before = self._told.get(track)
        if before is None or before[0] != team or np.abs(before[1] - said).max() > 0.1:
            self._told[track], self._names = (team, said), None

    def forget(self, kept: Collection[int]) -> None:
        """Forget all but some tracks; what they said of the teams stays."""
        for track in [one for one in self._told if one not in kept]:
            team, said = self._told.pop(track)
            self._gone[team] = self._gone.get(team, 0.0) + said

    def _matched(self) -> dict[str, str]:
        """Return the run's teams → the roster's, as far as that is clear."""
        if self._names is None:
            self._names = self._match()
        return self._names

    def _match(self) -> dict[str, str]:
        sums = {team: said.copy() for team, said in self._gone.items()}
        for team, said in self._told.values():
            sums[team] = sums.get(team, 0.0) + said
        theirs = [team for team in sorted(sums) if team.casefold() not in self._teams]
        free = [team for team in self._teams if team not in {one.casefold() for one in sums}]
        if not 0 < len(theirs) <= len(free) <= _MOST_TEAMS:
            return {}
        ways = list(permutations(free, len(theirs)))
        worth = [sum(sums[a][self._teams.index(b)] for a, b in zip(theirs, way, strict=True)) for way in ways]
        order = np.argsort(worth)[::-1]
        if len(order) > 1 and worth[order[0]] - worth[order[1]] < _CLEAR:
            return {}
        return dict(zip(theirs, ways[order[0]], strict=True))


_HALF_OF = [np.array([k for k, whole in enumerate(TEXTS) if text in whole]) for text in TEXTS]
_MOST_TEAMS = 5  # more ways than a few are not compared


def _shares(numbers: Iterable[str]) -> FloatArray:
    worn = {text for text in numbers if code_of(text) >= 0}
    if not worn:
        return np.full(COUNT, 1 / COUNT)
    shares = np.full(COUNT, _STRANGE / COUNT)
    for code, text in enumerate(TEXTS):
        if text in worn:
            shares[code] = (1 - _STRANGE) / len(worn)
        elif any(text in other for other in worn):  # half of a number whose other half is hidden
            shares[code] *= _HALF
    return np.asarray(shares / shares.sum())
