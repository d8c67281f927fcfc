"""What is known about the game: which classes match, and how many of each there are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sportstrack.boxes import iou, xywh_to_xyxy
from sportstrack.trackers.rows import NONE, Found
from sportstrack.trackers.sports.config import SportsTrackConfig
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, FloatArray, IntArray

LOCK_VOTES = 5  # more detections of one class than of all others, after which a track keeps it


def may_match(
    rows: Rows, class_id: IntArray, config: SportsTrackConfig, tracks: IntArray | slice = slice(None)
) -> BoolArray:
    """Return (T, N): which of the detections' classes (N,) each track may take."""
    if config.per_class:
        return np.asarray(rows.class_id[tracks][:, None] == class_id)
    locked = config.class_lock & (rows.votes[tracks] >= LOCK_VOTES)
    return np.asarray(~locked[:, None] | (rows.main_class[tracks][:, None] == class_id))


def vote(rows: Rows, track: IntArray, class_id: IntArray) -> None:
    """Count one detection's class for each of some tracks (Boyer and Moore's majority)."""
    votes = rows.votes[track] + np.where(rows.main_class[track] == class_id, 1, -1)
    rows.main_class[track] = np.where(votes < 0, class_id, rows.main_class[track])
    rows.votes[track] = np.abs(votes)


def class_errors(rows: Rows, recent: BoolArray, boxes: FloatArray, class_id: IntArray, overlap: float) -> BoolArray:
    """Return (F,): boxes (F, 4) on a locked track of another class: the detector's error, not a new player.

    Args:
        rows: the tracks.
        recent: (T,) tracks not matched in this frame, but shortly before.
        boxes: (F, 4) corners.
        class_id: (F,).
        overlap: least IoU with the track.
    """
    locked = (recent & (rows.votes >= LOCK_VOTES)).nonzero()[0]
    on = iou(xywh_to_xyxy(rows.state[0].take(locked, axis=1)), boxes) > overlap
    wrong: BoolArray = (on & (rows.main_class[locked][:, None] != class_id)).any(axis=0)
    return wrong


def within_roster(roster: Mapping[int, int], order: IntArray, class_id: IntArray, taken: IntArray = NONE) -> IntArray:
    """Return those of ``order`` for which the roster has a place, in their order.

    Args:
        roster: class → greatest number.
        order: (K,) candidates, best first.
        class_id: (K,) their classes.
        taken: classes of those that have a place already.
    """
    if not roster:
        return order
    room = np.ones(len(class_id), np.bool_)
    for kind, most in roster.items():
        left = max(0, most - int(np.count_nonzero(taken == kind)))
        room[(class_id == kind).nonzero()[0][left:]] = False
    return order[room]


def starts_within_roster(roster: Mapping[int, int], found: Found, new: IntArray, owner: IntArray) -> IntArray:
    """Return those of the new detections, the ones of the highest score first, for which there is a place left."""
    if not roster or not len(new):
        return new
    order = new[(-found.score[new]).argsort(kind="stable")]
    return np.sort(within_roster(roster, order, found.class_id[order], found.class_id[owner >= 0]))
