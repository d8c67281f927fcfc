"""Step 4: tracks that left over a border of the picture and come back there."""

from __future__ import annotations

import numpy as np

from sportstrack.assign import clip_then_solve
from sportstrack.boxes import at_edges, xyxy_to_xywh
from sportstrack.trackers.rows import NONE, Found
from sportstrack.trackers.sports.classes import may_match
from sportstrack.trackers.sports.config import TICK, SportsTrackConfig
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, FloatArray, IntArray

EXIT = 0.01  # a track left if its last box was within this share of the picture's width or height of a border
RETURN = 0.03  # so near the same border is the box of a return
MIN_SCORE = 0.5  # of that box
SPREAD = 0.6  # standard deviation of the place along the border, in box heights
SPREAD_GROWTH = 0.02  # of that variance, per tick
SIZE_TOLERANCE = 0.5  # standard deviation of the logarithm of the ratio of heights
DECAY = 8.0  # seconds after which a return is e times less likely
MIN_LIKELIHOOD = 0.1  # of a return
LEARNING = 10.0  # seconds of video after which the farthest boxes so far are taken for unknown borders


def match_returns(
    rows: Rows,
    found: Found,
    pairs: tuple[IntArray, IntArray],
    size: FloatArray,
    moved: FloatArray,
    ticks: FloatArray,
    nats: FloatArray | None,
    config: SportsTrackConfig,
) -> tuple[IntArray, IntArray]:
    """Match detections at a border with tracks that left there.

    Args:
        rows: the tracks.
        found: the detections.
        pairs: tracks that are lost, and detections without a track.
        size: (2,) of the picture.
        moved: (2, T) how far the camera moved the picture's content since each track's last match.
        ticks: (T,) since that match.
        nats: (T, N) by which appearance and teams speak for each pair; None where nothing is known.
        config: settings.

    Returns:
        The matched tracks and their detections.
    """
    gone, free = pairs
    free = free[found.score[free] >= MIN_SCORE]
    if not (len(gone) and len(free)):
        return NONE, NONE
    left_at = at_edges(rows.box.take(gone, axis=1), size, size * EXIT)
    back_at = at_edges(found.boxes[free].T, size, size * RETURN)
    same = left_at[:, :, None] & back_at[:, None]  # (4, G, F)
    if config.per_class or config.class_lock:
        same &= may_match(rows, found.class_id[free], config, gone)
    if not same.any():
        return NONE, NONE
    left, back = xyxy_to_xywh(rows.box[:, gone].T), found.measurement[:, free]
    known = None if nats is None else nats[gone[:, None], free]
    likely = return_likelihood(left, back, same, moved[:, gone], ticks[gone], known)
    t, b = clip_then_solve(-likely, -MIN_LIKELIHOOD)
    return gone[t], free[b]


def return_likelihood(
    left: FloatArray,
    back: FloatArray,
    same: BoolArray,
    moved: FloatArray,
    ticks: FloatArray,
    nats: FloatArray | None,
) -> FloatArray:
    """Return (G, F), 0…1: how likely it is that each track that left is each box at the border.

    Args:
        left: (4, G) xywh of the last boxes.
        back: (4, F) xywh of the boxes now.
        same: (4, G, F) pairs at the same left, top, right or bottom border.
        moved: (2, G) how far the expected place has moved with the camera.
        ticks: (G,) since the last box.
        nats: (G, F) by which appearance and teams speak for each pair; None where nothing is known.
    """
    old, new, ticks = left[:, :, None], back, ticks[:, None]
    expected = old[:2] + moved[:, :, None]
    away = ((new[:2, None] - expected) / ((old[3] + new[3]) / 2)) ** 2
    # at the left and right border the distance along it is vertical, at the top and bottom horizontal
    at_side, at_end = same[::2].any(axis=0), same[1::2].any(axis=0)
    along = np.minimum(np.where(at_side, away[1], np.inf), np.where(at_end, away[0], np.inf))
    exponent = -along / (2 * SPREAD**2 * (1 + SPREAD_GROWTH * ticks))
    exponent -= 0.5 * (np.log(new[3] / old[3]) / SIZE_TOLERANCE) ** 2
    exponent -= ticks * (TICK / DECAY)
    if nats is not None:
        exponent += nats
    return np.asarray(np.exp(np.minimum(exponent, 0.0)))
