"""Who has the ball: the nearest player to a ball on the ground, and nobody where that cannot be said."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from sportstrack.pitch.ball import FLYING, GROUNDED, UNKNOWN
from sportstrack.stats.movement import Movement
from sportstrack.stats.persons import Person
from sportstrack.stats.places import BallPlaces
from sportstrack.stats.settings import StatsSettings
from sportstrack.types import BoolArray, FloatArray, IntArray

STATES = ("unknown", "held", "contested", "loose", "air")
"""The ball is not seen or nothing can be said; a player has it; players of both teams are at it; it is on the ground
and nobody is near; it flies."""
_UNKNOWN, _HELD, _CONTESTED, _LOOSE, _AIR = range(5)

_PASSING = 6.0  # metres per second by which a ball that only passes differs from the player
_STAYS = 0.4  # seconds near one player, after which a ball of which nothing else is known is on the ground
_CLOSE = 1.0  # metres, of that
_BLIND = 0.2  # seconds without the ball that end that
_SHORTEST = 0.12  # seconds that a player has the ball at least
_TOUCHES = 0.4  # seconds between two touches of one player
_PASS = 6.0  # seconds that a pass within a team takes at most


@dataclass(frozen=True)
class BallSpan:
    """A span of frames in which the same holds of the ball.

    Attributes:
        first_frame: from 0.
        last_frame: the last one.
        state: one of `STATES`.
        person: row of the person who has it; −1 for none.
        team: the person's.
    """

    first_frame: int
    last_frame: int
    state: str
    person: int = -1
    team: str = ""


@dataclass(frozen=True, eq=False)
class Possession:
    """Who has the ball, frame by frame.

    Attributes:
        frame: (F,) all frames of the result.
        state: (F,) numbers of `STATES`.
        person: (F,) row of the person who has the ball; −1 for none.
        team: (F,) the team in possession: that of the person, or, while the ball is on its way within one team, of
            those before and after; "" for none.
        step: seconds from one frame to the next.
        persons: the persons.
    """

    frame: IntArray
    state: IntArray
    person: IntArray
    team: list[str]
    step: float
    persons: list[Person]

    def seconds(self, state: str) -> float:
        """Return how long the ball was in a state."""
        return float(np.count_nonzero(self.state == STATES.index(state)) * self.step)

    def team_seconds(self, *, held: bool) -> dict[str, float]:
        """Return each team's time with the ball at a player's foot (held), or with its passes as well."""
        names = self.team
        if held:
            names = [self.persons[row].team for row in self.person[self.state == _HELD].tolist()]
        return {team: names.count(team) * self.step for team in sorted(set(names) - {""})}

    def person_seconds(self) -> dict[int, float]:
        """Return how long each person had the ball."""
        rows, counts = np.unique(self.person[self.state == _HELD], return_counts=True)
        return {int(row): float(count * self.step) for row, count in zip(rows, counts, strict=True)}

    def spans(self) -> list[BallSpan]:
        """Return the spans in which nothing changes."""
        found, at = [], 0
        for (state, person), group in groupby(zip(self.state.tolist(), self.person.tolist(), strict=True)):
            count = len(list(group))
            team = self.persons[person].team if person >= 0 else ""
            ends = int(self.frame[at]), int(self.frame[at + count - 1])
            found.append(BallSpan(*ends, STATES[state], person, team))
            at += count
        return found


def find_possession(
    table: Movement, persons: list[Person], ball: BallPlaces, frames: IntArray, settings: StatsSettings
) -> Possession:
    """Return who has the ball in each of some frames."""
    state, who = np.full(len(frames), _UNKNOWN), np.full(len(frames), -1)
    place = np.searchsorted(frames, ball.frame)
    first, second, near, rival = _nearest(table, persons, ball)
    grounded = ball.state == GROUNDED
    grounded |= (ball.state == UNKNOWN) & _stays(ball, first, near, table.step)
    quick = _relative_speed(table, ball, first) > _PASSING
    has = grounded & (near <= settings.reach) & ~quick
    contested = has & (rival <= settings.reach) & (rival - near < settings.contest) & (second >= 0)
    found = np.where(grounded, _LOOSE, np.where(ball.state == FLYING, _AIR, _UNKNOWN))
    found[has], found[contested] = _HELD, _CONTESTED
    state[place], who[place] = found, np.where(found == _HELD, np.where(first >= 0, table.person[first], -1), -1)
    state, who = _bridged(state, who, _TOUCHES / table.step)
    state, who = _without_moments(state, who, _SHORTEST / table.step)
    team = _teams(state, who, persons, _PASS / table.step)
    return Possession(frames, state, who, team, table.step, persons)


def _nearest(
    table: Movement, persons: list[Person], ball: BallPlaces
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return for each place of the ball the nearest player's row, the nearest opponent's, and their distances."""
    count = len(ball.frame)
    first, second = np.full(count, -1), np.full(count, -1)
    near, rival = np.full(count, np.inf), np.full(count, np.inf)
    rows = table.by_frame([row for row, person in enumerate(persons) if person.is_player])
    at = np.searchsorted(ball.frame, table.frame[rows])
    there = at < count
    there[there] = ball.frame[at[there]] == table.frame[rows[there]]
    rows, at = rows[there], at[there]
    far = np.hypot(*(table.xy[rows] - ball.xy[at]).T)
    good = np.isfinite(far)
    rows, at, far = rows[good], at[good], far[good]
    order = np.lexsort((far, at))
    rows, at, far = rows[order], at[order], far[order]
    begins = np.unique(at, return_index=True)[1]
    first[at[begins]], near[at[begins]] = rows[begins], far[begins]
    names = np.array([person.team for person in persons] or [""], np.str_)
    other = (names[table.person[rows]] != names[table.person[first[at]]]) & (names[table.person[rows]] != "")
    other &= names[table.person[first[at]]] != ""
    rows, at, far = rows[other], at[other], far[other]
    begins = np.unique(at, return_index=True)[1]
    second[at[begins]], rival[at[begins]] = rows[begins], far[begins]
    return first, second, near, rival


def _stays(ball: BallPlaces, first: IntArray, near: FloatArray, step: float) -> BoolArray:
    """Return where the ball is close to somebody for long; that of a ball in the air would run away from its place."""
    close = (first >= 0) & (near <= _CLOSE)
    frames = ball.frame
    apart = np.ones(len(frames), np.bool_)
    apart[1:] = ~close[1:] | ~close[:-1] | (np.diff(frames) * step > _BLIND)
    number = np.cumsum(apart)
    starts = np.flatnonzero(apart)
    ends = np.append(starts[1:], len(frames))[: len(starts)] - 1
    lasting = np.zeros(len(starts) + 1)
    lasting[1:] = (frames[ends] - frames[starts]) * step
    return close & (lasting[number] >= _STAYS)


def _relative_speed(table: Movement, ball: BallPlaces, first: IntArray) -> FloatArray:
    """Return how fast the ball moves past the nearest player, metres per second; 0 where it is not known."""
    reach = max(1, round(0.12 / table.step))
    found = np.zeros(len(ball.frame))
    if len(found) <= 2 * reach:
        return found
    seconds = (ball.frame[2 * reach :] - ball.frame[: -2 * reach]) * table.step
    velocity = (ball.xy[2 * reach :] - ball.xy[: -2 * reach]) / seconds[:, None]
    inner = slice(reach, len(found) - reach)
    own = np.where((first[inner] >= 0)[:, None], table.velocity[first[inner]], 0.0) if len(table) else 0.0
    far = np.hypot(*(velocity - own).T)
    found[inner] = np.where(np.isfinite(far) & (seconds < 0.5), far, 0.0)
    return found


def _bridged(state: IntArray, who: IntArray, longest: float) -> tuple[IntArray, IntArray]:
    """Return the frames with short gaps filled in which the same player has the ball before and after."""
    state, who = state.copy(), who.copy()
    held = np.flatnonzero(state == _HELD)
    short = (np.diff(held) > 1) & (np.diff(held) <= longest + 1) & (np.diff(who[held]) == 0)
    for before, after in zip(held[:-1][short].tolist(), held[1:][short].tolist(), strict=True):
        if not (state[before + 1 : after] == _CONTESTED).any():
            state[before + 1 : after], who[before + 1 : after] = _HELD, who[before]
    return state, who


def _without_moments(state: IntArray, who: IntArray, least: float) -> tuple[IntArray, IntArray]:
    """Return the frames without players who have the ball for a moment only."""
    state, who = state.copy(), who.copy()
    breaks = np.flatnonzero((np.diff(state) != 0) | (np.diff(who) != 0)) + 1
    for rows in np.split(np.arange(len(state)), breaks) if len(state) else ():
        if state[rows[0]] == _HELD and len(rows) < least:
            state[rows], who[rows] = _LOOSE, -1
    return state, who


def _teams(state: IntArray, who: IntArray, persons: list[Person], longest: float) -> list[str]:
    """Return the team in possession in each frame."""
    teams = [persons[row].team if row >= 0 else "" for row in who.tolist()]
    held = np.flatnonzero((state == _HELD) & (who >= 0))
    for before, after in zip(held[:-1].tolist(), held[1:].tolist(), strict=True):
        if 1 < after - before <= longest and teams[before] == teams[after]:
            teams[before + 1 : after] = [teams[before]] * (after - before - 1)
    return teams
