"""Which goal a team defends, and which team a goalkeeper belongs to: told by where the players stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIDES = ("left", "right")
_CLEAR = 0.2  # share of the frames by which one order of the teams must outweigh the other
_TURN = 0.3  # share of the frames that a change of ends must explain better than none
_LEAST = 2  # players of each team in a frame that counts
_OWN_HALF = 0.15  # of the pitch's length from the middle, from which on a goalkeeper's half is clear


@dataclass(frozen=True)
class SideSpan:
    """The goals that two teams defend in a span of frames.

    Attributes:
        first_frame: from 0.
        last_frame: the last one.
        sides: team → ``left`` (the goal at negative x) or ``right``; empty where it is not clear.
    """

    first_frame: int
    last_frame: int
    sides: Mapping[str, str]


def defended_sides(
    frame: npt.ArrayLike, team: Sequence[str] | npt.NDArray[np.str_], x: npt.ArrayLike
) -> list[SideSpan]:
    """Return which goal each team defends, from where its outfield players stand.

    A team stands nearer to its own goal than the other one, on the average of a frame's players. Where the order turns
    once for good, as after half-time, there are two spans.

    Args:
        frame: (N,) numbers of frames, in any order.
        team: (N,) names of teams; rows without a name are left out, and goalkeepers should be, too.
        x: (N,) metres along the length of the pitch; rows of NaN are left out.

    Returns:
        One or two spans; one with empty sides unless there are two teams and one order is clear.
    """
    frames, teams = np.asarray(frame, dtype=np.int64), np.asarray(team, dtype=np.str_)
    place = np.asarray(x, dtype=float)
    names = sorted(set(teams.tolist()) - {""})
    first, last = (int(frames.min()), int(frames.max())) if len(frames) else (0, 0)
    if len(names) != 2:
        return [SideSpan(first, last, {})]
    numbers, of_frame = np.unique(frames, return_inverse=True)
    middle = []
    for name in names:
        rows = (teams == name) & np.isfinite(place)
        count = np.bincount(of_frame[rows], minlength=len(numbers))
        total = np.bincount(of_frame[rows], place[rows], minlength=len(numbers))
        middle.append(np.where(count >= _LEAST, total / np.maximum(count, 1), np.nan))
    order = np.nan_to_num(np.sign(middle[1] - middle[0]))  # 1: the first team is further to the left
    known = int(np.count_nonzero(order))
    votes = np.cumsum(order)
    turn = int(np.argmax(np.abs(votes) + np.abs(votes[-1] - votes)))
    gain = abs(votes[turn]) + abs(votes[-1] - votes[turn]) - abs(votes[-1])
    parts = [(0, len(numbers))]
    if known and gain > _TURN * known and votes[turn] * (votes[-1] - votes[turn]) < 0:
        parts = [(0, turn + 1), (turn + 1, len(numbers))]
    spans = []
    for begin, end in parts:
        lead, some = float(order[begin:end].sum()), int(np.count_nonzero(order[begin:end]))
        clear = some > 0 and abs(lead) >= _CLEAR * some
        pair = names if lead > 0 else names[::-1]
        spans.append(
            SideSpan(
                first if begin == 0 else int(numbers[begin]),
                last if end == len(numbers) else int(numbers[end] - 1),
                dict(zip(pair, SIDES, strict=True)) if clear else {},
            )
        )
    return spans


def keeper_team(x: float, sides: Mapping[str, str], length: float = 105.0) -> str:
    """Return the team of a goalkeeper who stands at x, the median of the places in one span.

    ``keeper_team(-45.0, {"A": "left", "B": "right"})`` is ``"A"``. For tracks, take `defended_sides` of the outfield
    players first; each of its spans has the sides.

    Args:
        x: metres along the length.
        sides: team → the goal that it defends, see `SideSpan`.
        length: of the pitch in metres.

    Returns:
        The team; "" where the place is too near to the middle, or the sides are not known.
    """
    if not np.isfinite(x) or abs(x) < _OWN_HALF * length:
        return ""
    wanted = SIDES[0] if x < 0 else SIDES[1]
    return next((team for team, side in sides.items() if side == wanted), "")
