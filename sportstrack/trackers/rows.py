"""What every tracker shares: a frame's detections (`Found`), and the table of its tracks.

A tracker's tracks are a dataclass of numpy arrays, its ``Rows``, with one track per entry of the **last** axis. These
functions work on any such dataclass, so that each tracker's file shows its own columns and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from sportstrack.appearance import read_embeddings, unit_rows
from sportstrack.assign import clip_then_solve, unmatched
from sportstrack.errors import SettingError
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.shapes import no_shapes, shapes_of
from sportstrack.types import BoolArray, Detections, Embeddings, FloatArray, IntArray, Tracks, as_detections

R = TypeVar("R")

NONE: IntArray = np.empty(0, np.int64)
NONE.flags.writeable = False
BELOW_ONE = float(np.nextafter(1.0, 0.0))  # the highest limit on 1 − IoU: boxes that do not touch never match


# --- a frame's detections --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Found:
    """The usable detections of one frame; the arrays may be the caller's own, not to be changed or kept."""

    boxes: FloatArray  # (N, 4) corners
    measurement: FloatArray  # (4, N) planes of the tracker's Kalman state; corners where it has none
    score: FloatArray  # (N,)
    class_id: IntArray  # (N,)
    row: IntArray  # (N,) in the caller's table
    embedding: Embeddings | None  # (N, D) unit vectors, zero where unknown
    shape: BoolArray  # (G, N) of the masks; G is 0 where boxes overlap
    owner: IntArray  # (N,) the track that a detection belongs to, or −1
    dropped: int = 0  # unusable detections that were left out

    def __len__(self) -> int:
        return len(self.score)

    def take(self, index: IntArray) -> Found:
        """Return copies of some detections."""
        embedding = None if self.embedding is None else self.embedding.take(index, axis=0)
        boxes, measurement = self.boxes.take(index, axis=0), self.measurement.take(index, axis=1)
        score, class_id, row = self.score[index], self.class_id[index], self.row[index]
        shape = self.shape.take(index, axis=1)
        return Found(boxes, measurement, score, class_id, row, embedding, shape, self.owner[index])


def read_found(
    detections: Any,
    min_score: float,
    strict: bool,
    measure: Callable[[FloatArray], FloatArray] = np.transpose,
    length: int | None = None,
    overlap: str = "box",
) -> Found:
    """Read what a tracker may use of a frame.

    Args:
        detections: `Detections` or ``supervision.Detections``.
        min_score: detections under it are left out.
        strict: refuse an unusable detection (box or score not finite, box inverted or empty) instead of leaving it out.
        measure: makes planes of (N, 4) corners.
        length: of the embeddings so far, 0 while unknown; None leaves embeddings out.
        overlap: ``mask`` reads the masks as well.

    Raises:
        SettingError: if ``strict`` and a detection is unusable (the message names the first), or if embeddings have
            changed their length.
    """
    table = as_detections(detections)
    embedding = None if length is None else read_embeddings(table.embedding, length)
    usable, dropped = table.score >= min_score, 0
    if (valid := table.valid) is not None:
        dropped = int(len(valid) - np.count_nonzero(valid))
        if strict:
            raise _unusable(table, valid, dropped)
        usable &= valid
    rows = usable.nonzero()[0]
    boxes, score, class_id = table.xyxy, table.score, table.class_id
    if len(rows) < len(usable):
        boxes, score, class_id = boxes.take(rows, axis=0), score[rows], class_id[rows]
    if embedding is not None:
        embedding = unit_rows(embedding.take(rows, axis=0))
    shape = shapes_of(table.mask, boxes, rows) if overlap == "mask" else no_shapes(len(rows), overlap)
    return Found(boxes, measure(boxes), score, class_id, rows, embedding, shape, no_owner(len(rows)), dropped)


def _unusable(table: Detections, valid: BoolArray, count: int) -> SettingError:
    row = int(np.argmin(valid))
    return SettingError(
        f"{count} unusable box(es); row {row} is {table.xyxy[row].tolist()} with score {float(table.score[row])}: "
        "expected finite numbers, x1 < x2 and y1 < y2 (strict=False drops and counts such rows)"
    )


def no_owner(count: int) -> IntArray:
    """Return (count,) of −1: the owners of detections that belong to no track yet."""
    owner = np.empty(count, np.int64)
    owner.fill(-1)
    return owner


def by_score(found: Found, least: float) -> tuple[IntArray, IntArray]:
    """Return the high-score and the low-score detections: those from a score on, and the others."""
    high = found.score >= least
    return high.nonzero()[0], (~high).nonzero()[0]


def without_owner(found: Found, some: IntArray) -> IntArray:
    """Return those of some detections that belong to no track."""
    return some[found.owner[some] < 0]


# --- matching --------------------------------------------------------------------------------------------------------


def match(found: Found, cost: FloatArray, tracks: IntArray, boxes: IntArray, limit: float) -> IntArray:
    """Match some tracks to some detections, leaving alone what costs more than the limit; write the owners.

    Args:
        found: the frame's detections.
        cost: (T, N) of all tracks and detections, or of those that take part.
        tracks: those that take part, ascending.
        boxes: the detections that take part, ascending.
        limit: highest cost of a match; boxes that do not touch (cost 1) never match.

    Returns:
        The tracks that are left without a match, ascending.
    """
    if not (len(tracks) and len(boxes)):
        return tracks
    if len(tracks) < cost.shape[0]:
        cost = cost.take(tracks, axis=0)
    if len(boxes) < cost.shape[1]:
        cost = cost.take(boxes, axis=1)
    t, b = clip_then_solve(cost, min(limit, BELOW_ONE))
    found.owner[boxes[b]] = tracks[t]
    return tracks[unmatched(len(tracks), t)]


def matched(found: Found) -> tuple[IntArray, IntArray]:
    """Return the matched tracks, and their detections, ascending."""
    boxes = (found.owner >= 0).nonzero()[0]
    return found.owner[boxes], boxes


def forbid_other_classes(cost: FloatArray, track_class: IntArray, detection_class: IntArray) -> None:
    """Set the cost (1 − overlap) of pairs of different classes to 1, in place: nothing in common."""
    cost[track_class[:, None] != detection_class] = 1.0


# --- the table of tracks ---------------------------------------------------------------------------------------------


class MatchedRows(Protocol):
    """The columns of a table of tracks that a match changes, whatever the tracker."""

    last: FloatArray  # (T,) step of the last match
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class TrackRows(MatchedRows, Protocol):
    """The columns of a table of tracks that are reported."""

    track_id: IntArray  # (T,) 0 until first reported


def keep(rows: R, index: IntArray) -> R:
    """Return the tracks picked by an index array, in its order."""
    return type(rows)(*[getattr(rows, name).take(index, axis=-1) for name in _names(rows)])


def keep_alive(rows: R, alive: BoolArray) -> R:
    """Return the tracks that live on, by a (T,) mask."""
    index = alive.nonzero()[0]
    return rows if len(index) == len(alive) else keep(rows, index)


def append(rows: R, more: R) -> R:
    """Return ``rows`` with the tracks of ``more`` behind them."""
    pairs = [(getattr(rows, name), getattr(more, name)) for name in _names(rows)]
    return type(rows)(*[np.concatenate(pair, axis=-1) for pair in pairs])


def _names(rows: Any) -> tuple[str, ...]:
    return rows.__match_args__  # type: ignore[no-any-return]  # the fields in order; dataclasses.fields() is slow


def record_matches(rows: MatchedRows, found: Found, track: IntArray, boxes: IntArray, now: float) -> None:
    """Record for some tracks that they were matched now, in this frame, with score and class of their detections."""
    rows.last[track] = now
    rows.score[track] = found.score[boxes]
    rows.class_id[track] = found.class_id[boxes]


def claim(found: Found, new: IntArray, count: int) -> None:
    """Let some detections belong to tracks that will be appended behind ``count`` tracks."""
    found.owner[new] = np.arange(count, count + len(new))


def first_appearance(found: Found, new: IntArray, length: int) -> Embeddings:
    """Return the (D, K) appearance of tracks that start with some detections, zeros without embeddings."""
    return np.zeros((length, len(new)), np.float32) if found.embedding is None else found.embedding.take(new, axis=0).T


def lasting(last: FloatArray, confirmed: BoolArray, clock: StepClock, buffer: float) -> BoolArray:
    """Return (T,) which tracks live on; a tentative one does only if it was matched in this frame.

    Args:
        last: (T,) step of the last match.
        confirmed: (T,).
        clock: says what is now.
        buffer: steps that a confirmed track survives without a match.
    """
    alive: BoolArray = (last >= clock.oldest(buffer)) & (confirmed | (last == clock.now))
    return alive


class LastRows(Protocol):
    """The column of a table of tracks that says how long they have been missing."""

    last: FloatArray  # (T,) step of the last match


L = TypeVar("L", bound=LastRows)


def after_gap(rows: L, clock: StepClock, buffer: float) -> L:
    """Return the tracks that may be matched now: after a long gap those that are remembered, else all.

    Args:
        rows: all tracks.
        clock: knows of the gap.
        buffer: steps that a track survives without a match.
    """
    return keep_alive(rows, rows.last >= clock.now - 1.0 - buffer) if clock.long_gap else rows


# --- the report ------------------------------------------------------------------------------------------------------


class IdCounter:
    """Counts track ids 1, 2, 3, …; trackers that work side by side share one."""

    def __init__(self) -> None:
        self._last = 0

    def reset(self) -> None:
        """Count from 1 again."""
        self._last = 0

    def take(self, count: int) -> IntArray:
        """Return the next ``count`` ids."""
        first, self._last = self._last + 1, self._last + count
        return np.arange(first, self._last + 1)


def report(
    rows: TrackRows,
    found: Found,
    shown: IntArray,
    ids: IdCounter,
    lost: IntArray = NONE,
    places: FloatArray | None = None,
    smoothed: FloatArray | None = None,
) -> Tracks:
    """Return the tracks of a frame; those that are reported for the first time get their ids, in order.

    Args:
        rows: all tracks; ``track_id`` is written.
        found: the frame's detections.
        shown: (K,) detections whose tracks are reported.
        ids: gives the ids.
        lost: (L,) tracks that are reported coasting, behind the others.
        places: (T, 4) predicted boxes, needed for these.
        smoothed: (K, 4) boxes beside the detections' own; a coasting track has its predicted one.
    """
    track, row, boxes = found.owner[shown], found.row[shown], found.boxes.take(shown, axis=0)
    track_id = rows.track_id[track]
    if np.count_nonzero(track_id) < len(track_id):
        nameless = (track_id == 0).nonzero()[0]
        track_id[nameless] = ids.take(len(nameless))
        rows.track_id[track] = track_id
    if len(lost) and places is not None:
        track, row = np.concatenate((track, lost)), np.concatenate((row, no_owner(len(lost))))
        boxes, track_id = np.concatenate((boxes, places[lost])), rows.track_id[track]
        smoothed = None if smoothed is None else np.concatenate((smoothed, places[lost]))
    return Tracks.trusted(boxes, rows.score[track], rows.class_id[track], track_id, row, smoothed)


def shown_by(found: Found, may_show: BoolArray) -> IntArray:
    """Return the detections whose tracks may be reported, by a (T,) mask."""
    if not len(may_show):
        return NONE
    shown = may_show[found.owner]  # of −1 any value
    shown &= found.owner >= 0
    return shown.nonzero()[0]


def coasting(rows: TrackRows, alive: BoolArray, places: FloatArray, now: float) -> IntArray:
    """Return the lost tracks that may be reported coasting: reported before, and with a box that has not vanished.

    Args:
        rows: all tracks.
        alive: (T,) tracks that are still remembered.
        places: (T, 4) predicted boxes; tracks that have just started may be missing.
        now: step of this frame.
    """
    lost = (alive & (rows.track_id > 0) & (rows.last < now)).nonzero()[0]
    return lost[(places[lost, 2:] > places[lost, :2]).all(axis=1)]
