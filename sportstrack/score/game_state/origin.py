"""Positions in other coordinates than SoccerNet's are recognised by the truth, and refused instead of scored as 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sportstrack.errors import FormatError
from sportstrack.score.game_state.table import GameState
from sportstrack.types import FloatArray, IntArray

_HALF = np.array([52.5, 34.0])  # metres of SoccerNet's pitch, 105 × 68
_BEYOND = _HALF + 10.0  # where hardly anyone stands
_NEAR = 2.0  # metres
_FEWEST = 20  # positions from which a verdict is possible
_MOST = 400_000  # pairs looked at, from the first frame on

_MISTAKES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "the origin is a corner; take 52.5 off x and 34 off y": lambda xy: xy - _HALF,
    "the origin is a corner and y points away from the camera; use x − 52.5 and 34 − y": lambda xy: (
        (xy - _HALF) * [1, -1]
    ),
    "y points away from the camera; turn its sign": lambda xy: xy * [1, -1],
    "x points to the left; turn its sign": lambda xy: xy * [-1, 1],
    "x and y are exchanged": lambda xy: xy[:, ::-1],
    "they are centimetres": lambda xy: xy / 100,
    "they are millimetres": lambda xy: xy / 1000,
    "they are shares of the pitch; use 105 x − 52.5 and 68 y − 34": lambda xy: xy * 2 * _HALF - _HALF,
}


def check_origin(truth: GameState, result: GameState) -> None:
    """Refuse positions that fit the truth's only after a change of coordinates.

    Args:
        truth: from `GameState.scorable`.
        result: the same.

    Raises:
        FormatError: with one of the usual mistakes undone, at least half of the positions lie within 2 m of a person of
            the truth, and at most half as many do so as given; or most positions are no metres on any pitch.
    """
    if len(result) < _FEWEST:
        return
    i, j = same_frame(truth, result)
    i, j = i[:_MOST], j[:_MOST]
    given = _near(truth.xy[i], result.xy, j)
    shares = {text: _near(truth.xy[i], change(result.xy), j) for text, change in _MISTAKES.items()}
    text, share = max(shares.items(), key=lambda item: item[1])
    rule = "SoccerNet's are metres from the centre spot, x to the right, y towards the camera"
    if share >= 0.5 and given <= share / 2:
        raise FormatError(
            f"{result.name}: the positions seem to be in other coordinates: {text}. Within {_NEAR:g} m of a person of "
            f"the truth are {given:.0%} of them as given, {share:.0%} so changed ({rule})"
        )
    if (np.abs(result.xy) > _BEYOND).any(axis=1).mean() > 0.5:
        (x0, y0), (x1, y1) = result.xy.min(axis=0), result.xy.max(axis=0)
        raise FormatError(
            f"{result.name}: most positions lie off the pitch: x from {x0:.1f} to {x1:.1f}, y from {y0:.1f} to "
            f"{y1:.1f} ({rule})"
        )


def same_frame(a: GameState, b: GameState) -> tuple[IntArray, IntArray]:
    """Return (P,) rows of ``a`` and (P,) rows of ``b``, both sorted by frame, for every pair that shares a frame."""
    start = np.searchsorted(b.frame, np.arange(len(b.images) + 1))
    count = np.diff(start)[a.frame]
    i = np.repeat(np.arange(len(a)), count)
    within = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    return i, start[a.frame[i]] + within


def _near(truth: FloatArray, result: FloatArray, j: IntArray) -> float:
    """Return the share of the result's rows named by ``j`` that have a truth position within `_NEAR`."""
    if not len(j):
        return 0.0
    least = np.full(len(result), np.inf)
    np.minimum.at(least, j, ((truth - result[j]) ** 2).sum(axis=1))
    return float((least[np.unique(j)] <= _NEAR**2).mean())
