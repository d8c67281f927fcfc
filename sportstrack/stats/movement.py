"""How everyone moved: smoothed paths of all persons in one table, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.draw.packed import returned
from sportstrack.pitch.motion import smooth_path
from sportstrack.stats.persons import Cast
from sportstrack.stats.places import GroundPlaces
from sportstrack.stats.settings import KMH, StatsSettings
from sportstrack.types import BoolArray, FloatArray, IntArray

_TOP_SECONDS = 0.2  # for which the top speed is held


@dataclass(frozen=True, eq=False)
class Movement:
    """One row for each person and frame in which the path is known, sorted by person and frame.

    Attributes:
        person: (N,) rows of the persons.
        frame: (N,) from 0.
        xy: (N, 2) smoothed places in metres.
        velocity: (N, 2) metres per second; NaN where it would be more than anyone runs.
        run: (N,) numbers of unbroken runs.
        seen: (N,) whether the person was seen in this frame.
        step: seconds from one frame to the next.
    """

    person: NDArray[Any]
    frame: NDArray[Any]
    xy: NDArray[Any]
    velocity: NDArray[Any]
    run: NDArray[Any]
    seen: BoolArray
    step: float

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def speed(self) -> FloatArray:
        """(N,) metres per second."""
        return np.asarray(np.hypot(self.velocity[:, 0], self.velocity[:, 1]))

    def of(self, person: int) -> slice:
        """Return the rows of a person."""
        return slice(*(int(np.searchsorted(self.person, person, side)) for side in ("left", "right")))

    def rows(self, person: int) -> IntArray:
        """Return the numbers of a person's rows."""
        found = self.of(person)
        return np.arange(found.start, found.stop)

    def by_frame(self, persons: list[int]) -> IntArray:
        """Return the rows of some persons in the order of frames."""
        rows = np.flatnonzero(np.isin(self.person, persons))
        return np.asarray(rows[np.argsort(self.frame[rows], kind="stable")])


def find_movement(
    places: GroundPlaces, cast: Cast, frame_rate: float, settings: StatsSettings, every: int = 1
) -> Movement:
    """Return the smoothed paths of all persons; each track is smoothed alone."""
    order = np.lexsort((places.frame, places.track_id, cast.of_row)).astype(np.int32)
    differ = np.diff(cast.of_row[order]) != 0
    differ |= np.diff(places.track_id[order]) != 0
    parts = np.split(order, np.flatnonzero(differ) + 1) if len(order) else []
    # room for each frame from the first to the last of each track; what is not filled needs no memory
    room = sum((int(places.frame[rows[-1]]) - int(places.frame[rows[0]])) // every + 1 for rows in parts)
    columns = [returned((room, *shape), kind) for shape, kind in _COLUMNS]
    runs = filled = 0
    for rows in parts:
        path = smooth_path(
            places.frame[rows], places.xy[rows], places.error[rows], frame_rate,
            every=every, max_gap=settings.max_gap, top_speed=settings.top_speed / KMH,
        )  # fmt: skip
        if len(path):
            here = slice(filled, filled + len(path))
            moved = (cast.of_row[rows[0]], path.frame, path.xy, path.velocity, path.run + runs, path.seen)
            for column, values in zip(columns, moved, strict=True):
                column[here] = values
            filled, runs = here.stop, runs + int(path.run[-1]) + 1
    person, frame, xy, velocity, run, seen = (column[:filled] for column in columns)
    return _once(Movement(person, frame, xy, velocity, run, seen, every / frame_rate))


_COLUMNS = (((), np.int32), ((), np.int32), ((2,), np.float32), ((2,), np.float32), ((), np.int32), ((), np.bool_))


def _once(table: Movement) -> Movement:
    """Return the table with each person at most once a frame: of two tracks in one frame the longer run counts."""
    ahead = np.diff(table.person), np.diff(table.frame)
    if ((ahead[0] > 0) | ((ahead[0] == 0) & (ahead[1] > 0))).all():
        return table
    length = np.bincount(table.run)[table.run]
    order = np.lexsort((-length, table.frame, table.person))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(table.person[order]) != 0) | (np.diff(table.frame[order]) != 0)
    kept = order[new]
    return Movement(
        table.person[kept], table.frame[kept], table.xy[kept], table.velocity[kept], table.run[kept], table.seen[kept],
        table.step,
    )  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """What someone's movement adds up to.

    Attributes:
        seconds: time on a known path.
        distance: metres.
        top_speed: the greatest speed held for a fifth of a second, metres per second.
        sprints: runs at sprinting speed.
        sprint_distance: metres run in them.
        band_seconds: time in each band of speed.
        band_distance: metres in each.
    """

    seconds: float
    distance: float
    top_speed: float
    sprints: int
    sprint_distance: float
    band_seconds: tuple[float, ...]
    band_distance: tuple[float, ...]

    @property
    def mean_speed(self) -> float:
        """Metres per second."""
        return self.distance / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, eq=False)
class Steps:
    """What each row of a movement adds to the figures: computed once, added up in many ways.

    Attributes:
        distance: (N,) metres.
        band: (N,) number of the band; −1 where the speed is not known.
        held: (N,) the speed that is held for a fifth of a second around the row; NaN where there is none.
        sprint: (N,) whether the row is part of a sprint.
        begins: (N,) whether a sprint begins with it.
    """

    distance: NDArray[Any]
    band: NDArray[Any]
    held: NDArray[Any]
    sprint: BoolArray
    begins: BoolArray


def find_steps(table: Movement, settings: StatsSettings) -> Steps:
    """Return what each row adds."""
    speed = table.speed
    known = np.isfinite(speed)
    bands = np.searchsorted(np.array(settings.bands) / KMH, np.nan_to_num(speed), side="right")
    band = np.where(known, bands, -1).astype(np.int16)
    held = speed.copy()
    for shift in range(1, round(_TOP_SECONDS / table.step / 2) + 1):
        same = table.run[shift:] == table.run[:-shift]
        for here, there in ((slice(shift, None), slice(None, -shift)), (slice(None, -shift), slice(shift, None))):
            other = np.full(len(speed), np.nan, speed.dtype)
            other[here] = np.where(same, speed[there], np.nan)
            held = np.minimum(held, other)  # NaN where a neighbour is missing
    quick = known & (speed >= settings.sprint_speed / KMH)
    sprint, begins = _long_runs(quick, table.run, settings.sprint_seconds / table.step)
    return Steps(np.nan_to_num(speed) * speed.dtype.type(table.step), band, held, sprint, begins)


def _long_runs(quick: BoolArray, run: IntArray, least: float) -> tuple[BoolArray, BoolArray]:
    """Return which rows are part of stretches of True that last long enough, and which begin one."""
    starts = quick.copy()
    starts[1:] &= ~quick[:-1] | (run[1:] != run[:-1])
    number = np.cumsum(starts) * quick
    long = np.bincount(number, minlength=1) >= least - 1e-9
    long[0] = False
    return long[number], starts & long[number]


def add_up(table: Movement, steps: Steps, rows: IntArray | slice, bands: int) -> Figures:
    """Return the figures of some rows."""
    band, distance = steps.band[rows], steps.distance[rows]
    inside = band >= 0
    held = steps.held[rows]
    held = held[np.isfinite(held)]
    return Figures(
        seconds=float(np.count_nonzero(inside) * table.step),
        distance=float(distance.sum(dtype=np.float64)),
        top_speed=float(held.max()) if len(held) else 0.0,
        sprints=int(np.count_nonzero(steps.begins[rows])),
        sprint_distance=float(distance[steps.sprint[rows]].sum(dtype=np.float64)),
        band_seconds=tuple((np.bincount(band[inside], minlength=bands) * table.step).tolist()),
        band_distance=tuple(np.bincount(band[inside], distance[inside], bands).tolist()),
    )
