"""What is known for sure of identities before tracks are linked: a person has confirmed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sportstrack.refine.table import TrackTable
from sportstrack.types import IntArray

SURE = 1e3  # log-odds of a link that was confirmed


@dataclass(frozen=True, eq=False)
class Held:
    """Identities that linking must not change.

    Attributes:
        spans: (K, 3) track, first and last frame: in this span the track is one person.
        apart: (L, 4) track and frame of two boxes that are not one person's.
    """

    spans: IntArray
    apart: IntArray

    @classmethod
    def of(
        cls,
        spans: Iterable[tuple[int, int, int]] = (),
        apart: Iterable[tuple[tuple[int, int], tuple[int, int]]] = (),
    ) -> Held:
        """Make it of plain tuples."""
        pairs = [(*one, *other) for one, other in apart]
        return cls(np.array(list(spans), np.int64).reshape(-1, 3), np.array(pairs, np.int64).reshape(-1, 4))

    def links(
        self, table: TrackTable, starts: IntArray, a: IntArray, b: IntArray, gain: np.ndarray
    ) -> tuple[IntArray, IntArray, np.ndarray]:
        """Return the pairs of pieces that may be linked, and those that must be, with their gains.

        Args:
            table: sorted by track and frame.
            starts: (T + 1,) rows at which its pieces begin, and the end.
            a: (P,) pieces that end.
            b: (P,) pieces that begin later.
            gain: (P,) log-odds of each pair.
        """
        must = self._joints(table, starts)
        keep = ~np.isin(a, must) & ~np.isin(b, must + 1)
        if len(self.apart):
            one, other = (self._piece(table, starts, self.apart[:, k], self.apart[:, k + 1]) for k in (0, 2))
            count = len(starts)
            keep &= ~np.isin(a * count + b, np.concatenate((one * count + other, other * count + one)))
        return (
            np.concatenate((a[keep], must)),
            np.concatenate((b[keep], must + 1)),
            np.concatenate((gain[keep], np.full(len(must), SURE))),
        )

    def _joints(self, table: TrackTable, starts: IntArray) -> IntArray:
        """Return the pieces that go on as the next piece of their track by what is held."""
        track, first = table.track_id[starts[:-1]], table.frame[starts[:-1]]
        last = table.frame[starts[1:] - 1]
        held = np.zeros(len(track), np.bool_)
        for one, low, high in self.spans.tolist():
            i, j = np.searchsorted(track, (one, one + 1))
            held[i : max(j - 1, i)] |= (last[i : max(j - 1, i)] >= low) & (first[i + 1 : max(j, i + 1)] <= high)
        return np.flatnonzero(held)

    def _piece(self, table: TrackTable, starts: IntArray, track: IntArray, frame: IntArray) -> IntArray:
        """Return the piece that each track has in a frame; −1 where it has no box there."""
        order = np.searchsorted(table.track_id, track), np.searchsorted(table.track_id, track, side="right")
        rows = [
            low + int(np.searchsorted(table.frame[low:high], at))
            for low, high, at in zip(*(part.tolist() for part in order), frame.tolist(), strict=True)
        ]
        row = np.minimum(np.array(rows, np.int64), max(len(table) - 1, 0))
        right = (table.track_id[row] == track) & (table.frame[row] == frame)
        return np.where(right, np.searchsorted(starts, row, side="right") - 1, -1)
