"""The table that flows through the refinement: all boxes of all tracks of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sportstrack.columns import SequenceTable
from sportstrack.errors import SettingError
from sportstrack.mot import MotTable, class_ids
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray, Tracks

EVIDENCE = ("embedding", "team_evidence", "number_votes")
"""Names of the columns that may be missing."""


@dataclass(frozen=True, eq=False, repr=False)
class TrackTable(SequenceTable):
    """The boxes of a sequence's tracks, one per row, in any order; a track has at most one box in a frame.

    Attributes:
        frame: (N,) int64, from 0.
        track_id: (N,) int64.
        xyxy: (N, 4) float64 corners in pixels.
        score: (N,) float64.
        class_id: (N,) int64 as in MOT text: a detector's class id + 1; −1 where unknown.
        detection: (N,) int64, row in the frame's `Detections`; −1 without one.
        filled: (N,) bool, True for a box that was not detected: it was put between two that were.
        embedding: (N, D) float32 embeddings, or None. A row of zeros is an unknown one.
        team_evidence: (N, G) float32 probabilities of groups as in `Detections`, or None.
        number_votes: (N, 2) float32, the code of the shirt number that was read (0 to 99, 100 to 109 for 00 to 09, −1
            for none) and how sure it is, 0 to 1, or None.
    """

    frame: IntArray
    track_id: IntArray
    xyxy: FloatArray
    score: FloatArray
    class_id: IntArray
    detection: IntArray
    filled: BoolArray
    embedding: NDArray[np.float32] | None = None
    team_evidence: NDArray[np.float32] | None = None
    number_votes: NDArray[np.float32] | None = None
    first_class: ClassVar[int] = 1

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, rows: Any) -> TrackTable:
        """Return the rows picked by a slice, an index array or a boolean mask, as a new table."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return TrackTable(**{name: value[rows] for name, value in values.items() if value is not None})

    @classmethod
    def of(
        cls,
        frame: Any,
        track_id: Any,
        xyxy: Any,
        score: Any = None,
        class_id: Any = None,
        embedding: Any = None,
    ) -> TrackTable:
        """Build a table from anything array-like; a missing score is 1, a missing class −1.

        Raises:
            SettingError: columns of different lengths, a box that is not finite or empty, a track twice in a frame.
        """
        frames = np.asarray(frame, np.int64)
        n = len(frames)
        table = cls(
            frames,
            np.asarray(track_id, np.int64),
            np.asarray(xyxy, np.float64).reshape(-1, 4),
            np.ones(n) if score is None else np.asarray(score, np.float64),
            np.full(n, -1) if class_id is None else np.asarray(class_id, np.int64),
            np.full(n, -1),
            np.zeros(n, np.bool_),
            None if embedding is None else np.asarray(embedding, np.float32),
        )
        return _checked(table)

    @classmethod
    def from_mot(cls, table: MotTable, known: Mapping[str, NDArray[np.float32]] | None = None) -> TrackTable:
        """Take over what `sportstrack.read_mot` has read, and what is known of its rows, by the names in `EVIDENCE`."""
        n = len(table)
        unknown, seen = np.full(n, -1), np.zeros(n, np.bool_)
        return cls(table.frame, table.track_id, table.xyxy, table.score, table.class_id, unknown, seen, **known or {})

    def to_mot(self) -> MotTable:
        """Return MOT rows sorted by frame, then id; a filled box has visibility 0, all others −1."""
        t = self[np.lexsort((self.track_id, self.frame))]
        return MotTable(t.frame, t.track_id, t.xyxy, t.score, t.class_id, np.where(t.filled, 0.0, -1.0))

    @classmethod
    def from_tracks(
        cls,
        tracks: Sequence[Tracks],
        detections: Sequence[Detections | None] | None = None,
        frames: Sequence[int] | IntArray | None = None,
        *,
        coasting: bool = False,
    ) -> TrackTable:
        """Join the `Tracks` of frames, with the detections' own boxes.

        Args:
            tracks: one table per frame.
            detections: the same frames' detections, None where unknown; embeddings and evidence are theirs.
            frames: (F,) the frames' numbers, ascending; None counts from 0.
            coasting: keep the boxes of coasting tracks, as filled ones; they are predictions and otherwise left out.
        """
        seen = list(tracks) if coasting else [one[one.detection >= 0] for one in tracks]
        joined = MotTable.from_tracks(seen, boxes="detected")  # the refinement smooths, with both sides in view
        known = {} if detections is None else {name: _known(name, seen, detections) for name in EVIDENCE}
        row = np.concatenate([one.detection for one in seen]) if seen else np.empty(0, np.int64)
        table = replace(cls.from_mot(joined), detection=row, filled=row < 0, **known)
        if frames is not None:
            table = replace(table, frame=np.asarray(frames, np.int64)[table.frame])
        return table.ordered()

    def to_tracks(self, frames: Sequence[int] | IntArray) -> list[Tracks]:
        """Return one `Tracks` for each frame number, rows ordered by id; filled boxes have ``detection`` −1."""
        order = np.lexsort((self.track_id, self.frame))
        low, high = (np.searchsorted(self.frame[order], frames, side) for side in ("left", "right"))
        found = []
        for first, last in zip(low.tolist(), high.tolist(), strict=True):
            t = self[order[first:last]]
            found.append(Tracks(t.xyxy, t.score, class_ids(t.class_id), t.track_id, t.detection))
        return found

    def ordered(self) -> TrackTable:
        """Return the rows sorted by track, then frame; the table itself if they are."""
        same = self.track_id[1:] == self.track_id[:-1]
        good = np.where(same, self.frame[1:] > self.frame[:-1], self.track_id[1:] > self.track_id[:-1])
        return self if good.all() else self[np.lexsort((self.frame, self.track_id))]

    @property
    def tracks(self) -> int:
        """How many tracks there are."""
        return len(np.unique(self.track_id))

    def starts(self) -> IntArray:
        """Return (T + 1,) row where each track begins, and the end; the rows must be `ordered`."""
        if not len(self):
            return np.zeros(1, np.int64)
        change = np.flatnonzero(self.track_id[1:] != self.track_id[:-1]) + 1
        return np.concatenate(([0], change, [len(self)]))


def fresh_ids(ids: IntArray) -> IntArray:
    """Return (T,) ids of pieces, sorted, with a new id in place of each that stands a second time."""
    again = np.concatenate(([False], ids[1:] == ids[:-1]))
    return np.where(again, ids.max(initial=0) + np.cumsum(again), ids)


def _checked(table: TrackTable) -> TrackTable:
    n = len(table)
    for field in fields(table):
        value = getattr(table, field.name)
        if value is not None and len(value) != n:
            raise SettingError(f"TrackTable.{field.name}: expected {n} rows, got {len(value)}")
    size = table.xyxy[:, 2:] - table.xyxy[:, :2]
    if not (np.isfinite(table.xyxy).all() and (size > 0).all() and np.isfinite(table.score).all()):
        raise SettingError("TrackTable: expected finite boxes with x1 < x2 and y1 < y2, and finite scores")
    table = table.ordered()
    if ((table.track_id[1:] == table.track_id[:-1]) & (table.frame[1:] == table.frame[:-1])).any():
        raise SettingError("TrackTable: a track may stand only once in a frame")
    return table


def _known(name: str, tracks: Sequence[Tracks], detections: Sequence[Detections | None]) -> Any:
    """Return (N, …) an optional column of the detections for the rows of tracks, zeros where unknown; or None."""
    columns = [getattr(found, name, None) for found in detections]
    width = next((column.shape[1] for column in columns if column is not None), None)
    if width is None:
        return None
    parts = []
    for one, rows in zip(tracks, columns, strict=True):
        parts.append(np.zeros((len(one), width), np.float32) if rows is None else rows[one.detection])
    return np.concatenate(parts)
