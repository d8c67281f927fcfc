"""Misses and false positives and their causes."""

from __future__ import annotations

import numpy as np

from sportstrack.score.circumstances import SMALL, Circumstances, area, at_border
from sportstrack.score.clear import Matches
from sportstrack.score.diagnose.causes import COVERED, FALSE_CAUSES, MISS_CAUSES, NEW, PLACED, Errors
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, IntArray


def find_misses(seq: Sequence, matches: Matches, around: Circumstances) -> Errors:
    """Return the truth boxes without a match."""
    rows = np.flatnonzero(matches.partner < 0)
    near = np.zeros(len(seq.truth))
    np.maximum.at(near, seq.i, seq.iou)
    applies = {
        "occluded": around.covered[rows] >= COVERED,
        "border": around.border[rows],
        "small": around.small[rows],
        "misplaced": near[rows] >= PLACED,
        "just appeared": around.age[rows] < NEW,
    }
    causes = _first(applies, MISS_CAUSES, len(rows))
    return Errors(seq.truth.table.frame[rows], seq.truth.ids[seq.truth.identity[rows]], causes)


def find_false_positives(seq: Sequence, matches: Matches, size: tuple[float, float]) -> Errors:
    """Return the result boxes without a match.

    Args:
        seq: the sequence.
        matches: CLEAR's.
        size: width and height of the picture.
    """
    taken = np.zeros(len(seq.result), np.bool_)
    taken[matches.partner[matches.partner >= 0]] = True
    rows = np.flatnonzero(~taken)
    near = np.zeros(len(seq.result))
    np.maximum.at(near, seq.j, seq.iou)
    boxes = seq.result.table.xyxy[rows]
    applies = {
        "doubled": near[rows] >= 0.5,
        "misplaced": near[rows] >= PLACED,
        "leftover": _left_over(seq, matches)[rows],
        "border": at_border(boxes, size),
        "small": area(boxes) < SMALL,
    }
    causes = _first(applies, FALSE_CAUSES, len(rows))
    return Errors(seq.result.table.frame[rows], seq.result.ids[seq.result.identity[rows]], causes)


def _left_over(seq: Sequence, matches: Matches) -> BoolArray:
    """(R,) True for unmatched result rows whose track last followed a player that is not in the frame any more."""
    owner = owners(seq, matches)
    order = np.lexsort((seq.result.table.frame, seq.result.identity))
    place = np.where(owner[order] >= 0, np.arange(len(order)), -1)
    begin = np.searchsorted(seq.result.identity[order], seq.result.identity[order])  # where each row's track begins
    last = np.maximum.accumulate(place) if len(place) else place
    last_owner = np.where(last >= begin, owner[order][last], -1)
    present = np.unique(seq.truth.table.frame * len(seq.truth.ids) + seq.truth.identity)
    key = seq.result.table.frame[order] * len(seq.truth.ids) + last_owner
    left = np.zeros(len(order), np.bool_)
    left[order] = (last_owner >= 0) & ~np.isin(key, present) & (owner[order] < 0)
    return left


def _first(applies: dict[str, BoolArray], causes: dict[str, str], count: int) -> list[str]:
    """Return, for each error, the first cause that applies, or the list's last one."""
    names = list(causes)
    found = np.full(count, len(names) - 1)
    for cause, mask in reversed(list(applies.items())):
        found[mask] = names.index(cause)
    return [names[k] for k in found]


def owners(seq: Sequence, matches: Matches) -> IntArray:
    """(R,) true identity that each result row is matched with, or −1."""
    owner = np.full(len(seq.result), -1)
    hit = matches.partner >= 0
    owner[matches.partner[hit]] = seq.truth.identity[hit]
    return owner
