"""How people move on the pitch: noisy places in metres become smooth paths with speeds.

Differences of noisy places are mostly noise: feet that are 0.2 m off run 5 m in each second. A path is therefore
smoothed as a whole. The model is that of a Kalman smoother with constant velocity: the second differences of the places
are white noise of density q, the errors of the places are white noise of density r. Its estimate is the solution of one
banded system of equations (Whittaker, On a new method of graduation, 1923), which needs no pass over the frames. Then q
is estimated again wherever the path turns or changes its speed, and where it does not: those who stand or run straight
on are smoothed over seconds, and a sprint's beginning over tenths. Where one place explains two seconds or more, and no
drift explains them better, someone stands, and the speed is held near 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MAX_GAP = 1.0
"""Seconds: over a longer time without places nobody knows the way."""
TOP_SPEED = 12.5
"""Metres per second that no person exceeds; the fastest sprinter ever measured ran 12.4."""

_ROUNDS = 5  # of estimating q and the weights of outliers
_MEMORY = 0.2  # seconds over which the errors of boxes and cameras are alike
_CALM, _LIVELY = 0.05, 8.0  # m²/s³, limits of q
_FIRST = 2.0  # m²/s³, of q in the first round
_WINDOW = 0.3  # seconds, standard deviation of the window in which q is estimated
_ODD = 3.0  # standard deviations from which on a place counts less
_REACH = 0.4  # seconds on each side of a place whose median it is compared with
_SHORTEST = 0.4  # seconds of a path below which no speed is told
_REST, _PART = 2.0, 0.5  # seconds that someone rests at least, and of the parts whose mean places are compared
_TREND, _CLEAR = 1.0, 8.0  # squared standard deviations of a drift that is a walk: told ones, and those that are seen
_STILL = 0.08  # metres per second that who rests moves
_BLOCK = 4000  # places of a path that are looked at together
_FLOOR = 0.02  # metres: no place is surer


@dataclass(frozen=True, eq=False)
class GroundPath:
    """A smoothed path: one row for each frame of each unbroken run of a track.

    Attributes:
        frame: (N,) numbers of frames, without gaps within a run.
        xy: (N, 2) metres.
        velocity: (N, 2) metres per second.
        run: (N,) number of the run; between two runs the way is not known.
        seen: (N,) whether the frame has a place, and not only frames before and after it.
    """

    frame: Whole
    xy: Floats
    velocity: Floats
    run: Whole
    seen: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def speed(self) -> Floats:
        """(N,) metres per second."""
        return np.asarray(np.hypot(self.velocity[:, 0], self.velocity[:, 1]))


def smooth_path(
    frame: npt.ArrayLike,
    xy: npt.ArrayLike,
    error: npt.ArrayLike,
    frame_rate: float,
    *,
    every: int = 1,
    max_gap: float = MAX_GAP,
    top_speed: float = TOP_SPEED,
) -> GroundPath:
    """Return the smoothed path of one track.

    Frames without a place, such as refused ones, are bridged up to ``max_gap``. A single place far from those around it
    is left out. Where the next place could not be reached even at ``top_speed``, the path is broken: it is another
    person's from there on. Moments that are still faster have no speed (NaN).

    Args:
        frame: (N,) numbers of frames, ascending.
        xy: (N, 2) places in metres; rows of NaN are as good as missing.
        error: (N,) root mean square errors of the places in metres, as `PitchTrack.to_ground` tells them.
        frame_rate: frames in a second.
        every: how far the numbers of frames lie apart.
        max_gap: seconds.
        top_speed: metres per second.

    Raises:
        SettingError: columns of other lengths, or frames that do not ascend.
    """
    frames = np.asarray(frame, dtype=np.int64).reshape(-1)
    places, errors = np.asarray(xy, dtype=float).reshape(-1, 2), np.asarray(error, dtype=float).reshape(-1)
    if not len(frames) == len(places) == len(errors):
        raise SettingError(f"a path needs as many frames ({len(frames)}) as places ({len(places)}) and errors")
    if (np.diff(frames) <= 0).any():
        raise SettingError("the frames of a path must ascend, each once")
    step = every / frame_rate
    good = np.isfinite(places).all(axis=1) & np.isfinite(errors)
    ticks, places, errors = frames[good] // every, places[good], np.maximum(errors[good], _FLOOR)
    kept = ~_strays(ticks, places, errors, step, top_speed)
    ticks, places, errors = ticks[kept], places[kept], errors[kept]
    parts = [
        _smooth(ticks[rows], places[rows], errors[rows], step, top_speed)
        for rows in _runs(ticks, places, errors, step, max_gap, top_speed)
    ]
    if not parts:
        return GroundPath(*(np.empty(shape, kind) for shape, kind in _EMPTY))  # type: ignore[arg-type]
    numbers = [np.full(len(part[0]), number) for number, part in enumerate(parts)]
    tick, smooth, velocity, seen = (np.concatenate(column) for column in zip(*parts, strict=True))
    return GroundPath(tick * every + int(frames[0]) % every, smooth, velocity, np.concatenate(numbers), seen)


_EMPTY = ((0, np.int64), ((0, 2), np.float64), ((0, 2), np.float64), (0, np.int64), (0, np.bool_))


def _strays(ticks: Whole, places: Floats, errors: Floats, step: float, top_speed: float) -> npt.NDArray[np.bool_]:
    """Return which places are far from the median of those around them."""
    reach, count = round(_REACH / step), len(ticks)
    if count < 3 or reach < 1:
        return np.zeros(count, np.bool_)
    found = np.zeros(count, np.bool_)
    for begin in range(0, count, _BLOCK):
        rows = slice(max(0, begin - reach), begin + _BLOCK + reach)
        strays = _strays_of(ticks[rows], places[rows], errors[rows], reach, top_speed)
        found[begin : begin + _BLOCK] = strays[begin - rows.start :][: len(found[begin : begin + _BLOCK])]
    return found


def _strays_of(ticks: Whole, places: Floats, errors: Floats, reach: int, top_speed: float) -> npt.NDArray[np.bool_]:
    shifts = [shift for shift in range(-reach, reach + 1) if 0 < abs(shift) < len(ticks)]
    shifts = shifts[:: max(1, len(shifts) // 16)]
    around = np.full((len(shifts), len(ticks), 2), np.nan)
    for row, shift in zip(around, shifts, strict=True):
        there = slice(max(0, shift), len(ticks) + min(0, shift))
        here = slice(max(0, -shift), len(ticks) + min(0, -shift))
        near = np.abs(ticks[there] - ticks[here]) <= reach
        row[here][near] = places[there][near]
    lonely = np.isnan(around[:, :, 0]).all(axis=0)
    around[:, lonely] = places[lonely]
    middle = np.nanmedian(around, axis=0)
    off = np.hypot(*(places - middle).T)
    return np.asarray(off > top_speed * _REACH / 2 + 5 * errors)


def _runs(
    ticks: Whole, places: Floats, errors: Floats, step: float, max_gap: float, top_speed: float
) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the rows of each unbroken run that is long enough to tell a speed."""
    if not len(ticks):
        return
    seconds = np.diff(ticks) * step
    far = np.hypot(*np.diff(places, axis=0).T)
    sure = 4 * np.hypot(errors[1:], errors[:-1])
    breaks = np.flatnonzero((seconds > max_gap + 1e-9) | (far > top_speed * seconds + sure)) + 1
    for rows in np.split(np.arange(len(ticks)), breaks):
        if (ticks[rows[-1]] - ticks[rows[0]]) * step >= _SHORTEST - 1e-9 and len(rows) >= 3:
            yield rows


def _smooth(
    ticks: Whole, places: Floats, errors: Floats, step: float, top_speed: float
) -> tuple[Whole, Floats, Floats, npt.NDArray[np.bool_]]:
    """Return all ticks of a run with smoothed places, velocities, and whether they were seen."""
    all_ticks = np.arange(ticks[0], ticks[-1] + 1)
    rows = ticks - ticks[0]
    seen = np.zeros(len(all_ticks), np.bool_)
    seen[rows] = True
    origin = places.mean(axis=0)
    variance = errors**2 / 2  # of each coordinate
    weight = step / (variance * max(step, _MEMORY))
    odd, q = np.ones(len(rows)), np.full(len(all_ticks) - 2, _FIRST)
    held = _at_rest(rows, places - origin, variance, step)[: len(all_ticks) - 1] / (_STILL**2 * _MEMORY * step)
    smooth = np.empty((len(all_ticks), 2))
    for number in range(_ROUNDS + 1):
        full, right = np.zeros(len(all_ticks)), np.zeros((len(all_ticks), 2))
        full[rows] = weight * odd
        right[rows] = (weight * odd)[:, None] * (places - origin)
        smooth = _solve(full, right, 1 / (q * step**3), held)
        if number == _ROUNDS:
            break
        off = np.hypot(*(places - origin - smooth[rows]).T) / np.sqrt(variance)
        odd = 1 / np.maximum(1.0, off / _ODD)
        q = np.clip(_blurred((np.diff(smooth, 2, axis=0) ** 2).sum(axis=1) / (2 * step**4), step), _CALM, _LIVELY)
    velocity: Floats = np.stack([np.gradient(column, step) for column in smooth.T], axis=1)
    velocity[np.hypot(velocity[:, 0], velocity[:, 1]) > top_speed] = np.nan
    return all_ticks, smooth + origin, velocity, seen


def _at_rest(rows: Whole, places: Floats, variance: Floats, step: float) -> Floats:
    """Return 1 for the ticks in which someone stays at one place, as far as the errors tell, and 0 for the others.

    The path is cut into parts. Parts in a row are a rest if one place explains all of them, and no drift explains them
    clearly better. A slow walk is told from a rest by its drift, which grows clear within two or three seconds.
    """
    size = max(1, round(_PART / step))
    rest = np.zeros(int(rows[-1]) + 1)
    part, first, count = np.unique(rows // size, return_index=True, return_counts=True)
    mean = np.add.reduceat(places, first) / count[:, None]
    error = np.add.reduceat(variance, first) / count / np.maximum(1.0, count * step / _MEMORY)
    time = (np.add.reduceat(rows, first) / count) * step
    sums = _Sums(time, mean, 1 / error)
    begin, least = 0, round(_REST / _PART)
    while begin + least <= len(part):
        end = begin + least
        if not sums.is_rest(begin, end):
            begin += 1
            continue
        while end < len(part) and part[end] - part[end - 1] == 1 and sums.is_rest(begin, end + 1):
            end += 1
        rest[part[begin] * size : (part[end - 1] + 1) * size] = 1.0
        begin = end
    return rest


class _Sums:
    """Sums of weighted mean places, from which the fit of any of their runs follows at once."""

    def __init__(self, time: Floats, xy: Floats, weight: Floats) -> None:
        columns = [weight, weight * time, weight * time**2]
        columns += [weight * value for one in xy.T for value in (one, one * time, one**2)]
        self._sums = np.concatenate([np.zeros((1, 9)), np.cumsum(np.stack(columns, axis=1), axis=0)]).tolist()

    def is_rest(self, begin: int, end: int) -> bool:
        """Return whether one place explains the rows, and a drift does not explain them clearly better."""
        w, wt, wtt, wx, wxt, wxx, wy, wyt, wyy = (
            b - a for a, b in zip(self._sums[begin], self._sums[end], strict=True)
        )
        free = end - begin - 1
        spread = wxx - wx * wx / w + wyy - wy * wy / w
        if spread > 2 * free:
            return False
        by_time = wtt - wt * wt / w
        drift = ((wxt - wx * wt / w) ** 2 + (wyt - wy * wt / w) ** 2) / max(by_time, 1e-9)
        rest = max(0.0, spread - drift) / max(1, 2 * free - 2)
        return bool(drift <= _TREND and drift <= 2 * _CLEAR * rest + 1e-9)


def _solve(weight: Floats, right: Floats, stiff: Floats, held: Floats) -> Floats:
    """Return x that minimises Σ weight (z − x)² + Σ stiff (second difference of x)² + Σ held (first difference of x)².

    ``right`` is weight times z.
    """
    from scipy.linalg import solveh_banded

    bands = np.zeros((3, len(weight)))
    bands[2] = weight
    bands[2, :-2] += stiff
    bands[2, 1:-1] += 4 * stiff
    bands[2, 2:] += stiff
    bands[2, :-1] += held
    bands[2, 1:] += held
    bands[1, 1:-1] -= 2 * stiff
    bands[1, 2:] -= 2 * stiff
    bands[1, 1:] -= held
    bands[0, 2:] = stiff
    return np.asarray(solveh_banded(bands, right, check_finite=False))


def _blurred(values: Floats, step: float) -> Floats:
    """Return the Gaussian mean of each value's neighbourhood in time."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, _WINDOW / step, mode="nearest"))
