"""Functions that every tracker shares: reading its input, and keeping its rows (a struct of arrays).

A tracker's rows are a dataclass of numpy arrays with one track per entry of the **last** axis. These functions work on
any such dataclass, so that each tracker's file shows its own columns and nothing else.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np

from sportstrack import kalman
from sportstrack.assign import clip_then_solve
from sportstrack.boxes import iou, xyah_to_xyxy, xyxy_to_xyah
from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray, Tracks

R = TypeVar("R")

NONE = np.empty(0, np.int64)
NONE.flags.writeable = False
BELOW_ONE = float(np.nextafter(1.0, 0.0))  # the highest limit on 1 − IoU: boxes that don't touch never match


Readable: TypeAlias = tuple[FloatArray, FloatArray, IntArray, IntArray, int]


def read(detections: Detections, min_score: float, strict: bool) -> Readable:
    """Return what a tracker may use of a frame; the arrays may be the caller's own, not to be changed or kept.

    Args:
        detections: one frame's table.
        min_score: rows under it are left out.
        strict: refuse a broken row instead of leaving it out.

    Returns:
        (K, 4) boxes, (K,) score, (K,) class_id, (K,) their rows in the table, and the number of broken rows (box or
        score not finite, box inverted or empty).

    Raises:
        SettingError: if ``strict`` and there is a broken row; the message names the first.
    """
    usable, dropped = detections.score >= min_score, 0
    if (valid := detections.valid) is not None:
        dropped = int(len(valid) - np.count_nonzero(valid))
        if strict:
            row = int(np.argmin(valid))
            raise SettingError(
                f"{dropped} unusable box(es); row {row} is {detections.xyxy[row].tolist()} with score "
                f"{float(detections.score[row])}: expected finite numbers, x1 < x2 and y1 < y2 "
                "(strict=False drops and counts such rows)"
            )
        usable &= valid
    rows = usable.nonzero()[0]
    if len(rows) == len(usable):
        return detections.xyxy, detections.score, detections.class_id, rows, dropped
    return detections.xyxy[rows], detections.score[rows], detections.class_id[rows], rows, dropped


def nobody(count: int) -> IntArray:
    """Return (count,) of −1: the owners of boxes that no track has taken yet."""
    owner = np.empty(count, np.int64)
    owner.fill(-1)
    return owner


def keep(rows: R, index: IntArray) -> R:
    """Return the tracks picked by an index array, in its order."""
    return type(rows)(*[getattr(rows, name).take(index, axis=-1) for name in _names(rows)])


def append(rows: R, born: R) -> R:
    """Return ``rows`` with the tracks of ``born`` behind them."""
    pairs = [(getattr(rows, name), getattr(born, name)) for name in _names(rows)]
    return type(rows)(*[np.concatenate(pair, axis=-1) for pair in pairs])


def _names(rows: Any) -> tuple[str, ...]:
    return rows.__match_args__  # type: ignore[no-any-return]  # the fields in order; dataclasses.fields() is slow


def ids_of(track_id: IntArray, index: IntArray, last_id: int) -> tuple[IntArray, int]:
    """Return the ids of the tracks of ``index`` and the last id given out.

    Tracks without one (0) get the next ones, in this order; they are written to ``track_id``.
    """
    ids = track_id[index]
    if np.count_nonzero(ids) < len(ids):
        nameless = (ids == 0).nonzero()[0]
        ids[nameless] = np.arange(last_id + 1, last_id + 1 + len(nameless))
        track_id[index] = ids
        last_id += len(nameless)
    return ids, last_id


def match(cost: FloatArray, tracks: IntArray, boxes: IntArray, limit: float, owner: IntArray) -> IntArray:
    """Match some tracks to some boxes, leaving alone what costs more than the limit; write the boxes' owners.

    Args:
        cost: (T, N) of all tracks and boxes.
        tracks: rows of ``cost`` that take part, ascending.
        boxes: columns of it that take part, ascending.
        limit: highest cost of a match; boxes that don't touch (cost 1) never match.
        owner: (N,) each box's track.

    Returns:
        The matched tracks.
    """
    if not (len(tracks) and len(boxes)):
        return NONE
    if len(tracks) < cost.shape[0]:
        cost = cost.take(tracks, axis=0)
    if len(boxes) < cost.shape[1]:
        cost = cost.take(boxes, axis=1)
    t, b = clip_then_solve(cost, min(limit, BELOW_ONE))
    owner[boxes[b]] = matched = tracks[t]
    return matched


def any_near(centre: FloatArray, some: IntArray, reach: FloatArray) -> bool:
    """Tell cheaply whether any of some tracks can be another's duplicate; they hardly ever can.

    Args:
        centre: (2, T) of all tracks.
        some: which are asked about.
        reach: of these, (1 − q) / q times the longer side of the box. An IoU above q puts two centres closer than
            that, in x and in y.
    """
    away = centre[:, None] - centre.take(some, axis=1)[:, :, None]
    np.abs(away, out=away)
    near = np.maximum(away[0], away[1]) < reach[:, None]
    return bool(np.count_nonzero(near) > len(some))  # each is near itself


def remove_duplicates(rows: Any, boxes: FloatArray, lost: IntArray, alive: BoolArray, config: Any, frame: int) -> None:
    """Of each tracked and lost track that are one object, let the one go that was followed for the shorter time.

    Args:
        rows: with ``last``, ``born`` and ``class_id``.
        boxes: (T, 4) corners of all tracks.
        lost: the lost tracks.
        alive: (T,) cleared for those that go.
        config: with ``duplicate_thresh``, the highest 1 − overlap of one object, and ``per_class``.
        frame: now; who was matched in it is tracked.
    """
    tracked = (rows.last == frame).nonzero()[0]
    t, other = (iou(boxes[tracked], boxes[lost]) > 1.0 - config.duplicate_thresh).nonzero()
    t, other = tracked[t], lost[other]
    if config.per_class:
        alike = rows.class_id[t] == rows.class_id[other]
        t, other = t[alike], other[alike]
    age = rows.last - rows.born
    alive[np.where(age[t] > age[other], other, t)] = False


def remove_duplicates_xyah(rows: Any, alive: BoolArray, lost: IntArray, config: Any, frame: int, reach: float) -> None:
    """`remove_duplicates` of tracks whose state is in xyah, where there can be any."""
    if not len(lost):
        return
    aspect, height = rows.state[0, 2:].take(lost, axis=1)
    if any_near(rows.state[0, :2], lost, np.maximum(aspect, 1.0) * np.abs(height) * reach):
        remove_duplicates(rows, xyah_to_xyxy(rows.state[0]), lost, alive, config, frame)


def reach_of_duplicates(duplicate_thresh: float) -> float:
    """Return (1 − q) / q of the least overlap q of duplicates; see `any_near`."""
    return duplicate_thresh / max(1.0 - duplicate_thresh, 1e-9)


def with_coasting(
    owner: IntArray, row: IntArray, boxes: FloatArray, coast: IntArray, places: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the reported tracks, their detection rows and boxes with the coasting ones behind them."""
    return (
        np.concatenate((owner, coast)),
        np.concatenate((row, nobody(len(coast)))),
        np.concatenate((boxes, places)),
    )


def lasting(rows: Any, frame: int, buffer: int) -> BoolArray:
    """Return (T,) which tracks live on; a tentative one does only if it was matched at once.

    Args:
        rows: with ``last`` and ``confirmed``.
        frame: now.
        buffer: frames that a confirmed track survives without a match.
    """
    alive: BoolArray = (rows.last >= frame - buffer) & (rows.confirmed | (rows.last == frame))
    return alive


def report(
    rows: Any, owner: IntArray, row: IntArray, boxes: FloatArray, known: BoolArray, last_id: int, places: Any = None
) -> tuple[Tracks, int]:
    """Return the known tracks that were matched, and the last id given out.

    Args:
        rows: with ``track_id``, ``score`` and ``class_id``.
        owner: (N,) each box's track, or −1.
        row: (N,) its detection row.
        boxes: (N, 4) corners.
        known: (T,) tracks that may be reported: confirmed ones that live on.
        last_id: the last id given out so far.
        places: (T, 4) where all tracks are believed to be, if those that were not seen are to be reported, too.
    """
    shown = (owner >= 0).nonzero()[0]
    shown = shown[known[owner[shown]]]
    owner, row, boxes = owner[shown], row[shown], boxes[shown]
    track_id, last_id = ids_of(rows.track_id, owner, last_id)
    if places is not None:
        unseen = known & (rows.track_id > 0) & (places[:, 2:] > places[:, :2]).all(axis=1)
        unseen[owner] = False
        coast = unseen.nonzero()[0]
        owner, row, boxes = with_coasting(owner, row, boxes, coast, places[coast])
        track_id = rows.track_id[owner]
    return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row), last_id


def move_xyah(rows: Any, noise: FloatArray, frame: int) -> None:
    """Move the filters on by one frame; those of lost tracks keep their height."""
    height, growth = rows.state[:2, 3]
    growth[rows.last < frame - 1] = 0.0
    rows.state = kalman.predict(rows.state, scaled(noise, height))


def predict_xyah(rows: Any, noise: FloatArray, frame: int) -> None:
    """`move_xyah` of the confirmed tracks; tentative ones stay."""
    before = rows.state
    move_xyah(rows, noise, frame)
    if np.count_nonzero(rows.confirmed) < len(rows.confirmed):
        np.copyto(rows.state, before, where=~rows.confirmed)


def correct_xyah(rows: Any, noise: FloatArray, track: IntArray, boxes: FloatArray) -> None:
    """Correct the filters of some tracks by their (K, 4) boxes."""
    state = rows.state.take(track, axis=2)
    rows.state[:, :, track] = kalman.update(state, xyxy_to_xyah(boxes), scaled(noise, state[0, 3]))


def remember(rows: Any, found: IntArray, track: IntArray, score: FloatArray, class_id: IntArray) -> None:
    """Confirm the tracks that own a box, and note its score and class.

    Args:
        rows: with ``confirmed``, ``score`` and ``class_id``.
        found: (K,) the boxes that have an owner.
        track: (K,) their owners.
        score: (N,) of all boxes.
        class_id: (N,) likewise.
    """
    rows.confirmed[track] = True
    rows.score[track] = score[found]
    rows.class_id[track] = class_id[found]


def grown(boxes: FloatArray, margin: float) -> FloatArray:
    """Return (N, 4) boxes grown by a share of their width and height on each side."""
    extra = (boxes[:, 2:] - boxes[:, :2]) * margin
    return np.concatenate((boxes[:, :2] - extra, boxes[:, 2:] + extra), axis=1)


def column(variances: tuple[float, ...]) -> FloatArray:
    """Return (4, 1) variances of the coordinates of a Kalman state."""
    return np.array(variances, dtype=np.float64)[:, None]


def xyah_noise(position: float, aspect: float, velocity: float, aspect_velocity: float) -> FloatArray:
    """Return (5, 4, 2) variances of x, y, a, h in a state's planes: per squared box height, and constant."""
    per_height, constant = np.array([1.0, 1.0, 0.0, 1.0])[:, None], np.array([0.0, 0.0, 1.0, 0.0])[:, None]
    moving = kalman.planes(position**2 * per_height, velocity**2 * per_height)
    fixed = kalman.planes(aspect**2 * constant, aspect_velocity**2 * constant)
    return np.concatenate((moving, fixed), axis=-1)


def xyah_noises(config: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a config's first variance, process noise and measurement noise, for `scaled`."""
    position, velocity = config.std_weight_position, config.std_weight_velocity
    return (
        xyah_noise(2 * position, config.std_aspect, 10 * velocity, config.std_aspect_velocity),
        xyah_noise(position, config.std_aspect, velocity, config.std_aspect_velocity),
        xyah_noise(position, config.std_aspect_measurement, 0.0, 0.0)[2],
    )


def scaled(noise: FloatArray, height: FloatArray) -> FloatArray:
    """Return (…, 4, T) variances for boxes of these heights from (…, 4, 2) of `xyah_noise`."""
    scale = np.empty((2, len(height)))
    np.multiply(height, height, out=scale[0])
    scale[1] = 1.0
    variances: FloatArray = noise.reshape(-1, 2).dot(scale)
    return variances.reshape(*noise.shape[:-1], -1)


def forbid_other_classes(cost: FloatArray, track_class: IntArray, detection_class: IntArray) -> None:
    """Set the cost (1 − overlap) of pairs of different classes to 1, in place: nothing in common."""
    cost[track_class[:, None] != detection_class] = 1.0


def frames_at(frame_rate: float, frames_at_30: float) -> int:
    """Scale a buffer given in frames at 30 frames/s, as ByteTrack's code does, to the rate at hand; at least 1."""
    return max(1, int(frame_rate / 30.0 * frames_at_30 + 1e-9)) if frames_at_30 > 0 else 0


def check_frame_rate(frame_rate: float) -> float:
    """Return the rate as a float; SettingError if it is not a positive number."""
    rate = float(frame_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise SettingError(f"frame_rate: expected frames per second above 0, got {frame_rate!r}")
    return rate


def check_range(name: str, value: float, low: float, high: float) -> None:
    """SettingError unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise SettingError(f"{name}: expected a value from {low:g} to {high:g}, got {value!r}")


def check_order(name: str, value: float, above: str, most: float) -> None:
    """SettingError unless a setting is at most another."""
    if value > most:
        raise SettingError(f"{name}: expected at most {above} ({most:g}), got {value:g}")
