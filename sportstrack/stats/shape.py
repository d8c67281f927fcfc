"""The shape of a team over time: its middle, how deep and wide it stands, and the area that it covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.stats.movement import Movement
from sportstrack.stats.persons import Person
from sportstrack.stats.settings import StatsSettings
from sportstrack.types import FloatArray


@dataclass(frozen=True)
class TeamShape:
    """A team at one moment: those of its outfield players that are in view.

    Attributes:
        frame: from 0.
        team: its name.
        players: how many are in view.
        x: of their middle, metres along the length.
        y: metres across.
        depth: metres along the length from the first to the last of them.
        width: metres across.
        area: square metres of their convex hull.
        spread: root mean square distance from the middle in metres.
    """

    frame: int
    team: str
    players: int
    x: float
    y: float
    depth: float
    width: float
    area: float
    spread: float


def find_shapes(table: Movement, persons: list[Person], settings: StatsSettings) -> list[TeamShape]:
    """Return the shape of each team, as often as the settings ask for, where enough of its players are in view."""
    found: list[TeamShape] = []
    stride = max(1, round(settings.shape_step / table.step))
    first = int(table.frame.min()) if len(table) else 0
    every = _stride(table)
    for team in sorted({person.team for person in persons if person.is_outfield} - {""}):
        members = [row for row, person in enumerate(persons) if person.team == team and person.is_outfield]
        rows = table.by_frame(members)
        rows = rows[table.seen[rows] & ((table.frame[rows] - first) // every % stride == 0)]
        numbers, starts = np.unique(table.frame[rows], return_index=True)
        for number, some in zip(numbers.tolist(), np.split(rows, starts[1:]), strict=True) if len(rows) else ():
            if len(some) >= settings.shape_players:
                found.append(_shape(number, team, table.xy[some]))
    return sorted(found, key=lambda one: (one.frame, one.team))


def _stride(table: Movement) -> int:
    numbers = np.unique(table.frame)
    return max(1, int(np.gcd.reduce(np.diff(numbers)))) if len(numbers) > 1 else 1


def _shape(frame: int, team: str, xy: FloatArray) -> TeamShape:
    middle, reach = xy.mean(axis=0), np.ptp(xy, axis=0)
    spread = float(np.sqrt(((xy - middle) ** 2).sum(axis=1).mean()))
    numbers = (*middle.tolist(), *reach.tolist(), hull_area(xy), spread)
    return TeamShape(frame, team, len(xy), *(float(number) for number in numbers))


def hull(xy: FloatArray) -> FloatArray:
    """Return the corners of the convex hull of (N, 2) points in order, by Andrew's monotone chain (1979)."""
    points = sorted(set(map(tuple, np.asarray(xy, dtype=float).tolist())))
    if len(points) < 3:
        return np.array(points, dtype=float).reshape(-1, 2)
    chains: list[list[tuple[float, ...]]] = []
    for way in (points, points[::-1]):
        chain: list[tuple[float, ...]] = []
        for point in way:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return np.array(chains[0] + chains[1])


def hull_area(xy: FloatArray) -> float:
    """Return the area of the convex hull of (N, 2) points; 0 on one line."""
    corners = hull(xy)
    if len(corners) < 3:
        return 0.0
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
