"""One sequence made ready for scoring: both sides sorted by frame, ids renumbered, overlaps computed once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.errors import FormatError
from sportstrack.mot import MotTable
from sportstrack.mots import MotsTable
from sportstrack.score.overlap import overlapping_masks, overlapping_pairs
from sportstrack.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Side:
    """Truth or result of a sequence, N boxes sorted by frame (within a frame in the order of the file).

    Attributes:
        table: the boxes themselves.
        start: (F + 1,) row where each frame begins, and the end.
        identity: (N,) ids renumbered 0…K − 1.
        ids: (K,) the ids as given.
    """

    table: MotTable
    start: IntArray
    identity: IntArray
    ids: IntArray

    @classmethod
    def of(cls, table: MotTable, frames: int) -> Side:
        """Sort and renumber."""
        table = table[np.argsort(table.frame, kind="stable")]
        ids, identity = np.unique(table.track_id, return_inverse=True)
        start = np.searchsorted(table.frame, np.arange(frames + 1))
        return cls(table, start, identity.reshape(-1), ids)

    def __len__(self) -> int:
        return len(self.identity)


@dataclass(frozen=True, eq=False)
class Sequence:
    """What every metric is counted from.

    Attributes:
        name: as printed.
        frames: number of frames F.
        truth: the ground truth.
        result: the tracker's output.
        i: (P,) truth row of each overlapping pair, ascending.
        j: (P,) its result row, ascending for equal ``i``.
        iou: (P,) its intersection over union, above 0.
        masks: whether overlaps are those of masks, not of boxes.
    """

    name: str
    frames: int
    truth: Side
    result: Side
    i: IntArray
    j: IntArray
    iou: FloatArray
    masks: bool = False

    @classmethod
    def of(cls, name: str, truth: MotTable, result: MotTable, frames: int | None = None) -> Sequence:
        """Prepare a pair of tables.

        Args:
            name: as printed.
            truth: ground truth; rows whose consider flag (``score``) is 0 are left out.
            result: tracker output.
            frames: length; None takes the last frame that either side has.

        Raises:
            FormatError: a frame lies beyond the length, or a consider flag is no whole number.
        """
        flag = truth.score
        if len(odd := flag[flag != np.floor(flag)]):  # cutting it to 0, as others do, would drop the box unseen
            raise FormatError(
                f"{name}: the truth's consider flag (column 7) is {odd[0]:g}, not 0 or 1; is it a tracker's output?"
            )
        truth = truth[flag != 0]
        last = max((int(t.frame.max()) + 1 for t in (truth, result) if len(t)), default=0)
        if frames is None:
            frames = last
        elif last > frames:
            raise FormatError(f"{name}: frame {last} is beyond the sequence's {frames} frames")
        t, r = Side.of(truth, frames), Side.of(result, frames)
        return cls.with_pairs(name, frames, t, r)

    @classmethod
    def with_pairs(cls, name: str, frames: int, truth: Side, result: Side) -> Sequence:
        """Find the overlapping pairs of two sides: of their masks where both have some, else of their boxes."""
        t, r = truth.table, result.table
        if isinstance(t, MotsTable) and isinstance(r, MotsTable):
            pairs = overlapping_masks(t.masks, t.xyxy, truth.start, r.masks, r.xyxy, result.start)
            return cls(name, frames, truth, result, *pairs, True)
        return cls(name, frames, truth, result, *overlapping_pairs(t.xyxy, truth.start, r.xyxy, result.start))

    @property
    def one_sided(self) -> bool:
        """Whether truth or result has no box at all."""
        return not (len(self.truth) and len(self.result))
