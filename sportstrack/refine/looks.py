"""Looks: embeddings made comparable, and their means over tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sportstrack.refine.table import TrackTable
from sportstrack.types import IntArray

Looks = NDArray[np.float32]


def centred_looks(embedding: Looks) -> Looks:
    """Return unit rows with what all players have in common taken away.

    The mean vector of all rows is subtracted: players in one kit, on one pitch, before one camera differ in little of
    an embedding. Rows of zeros or that are not finite stay, or become, zeros: unknown looks.
    """
    unit = _unit(np.where(np.isfinite(embedding), embedding, 0.0).astype(np.float32))
    known = unit.any(axis=1)
    if not known.any():
        return unit
    unit[known] -= unit[known].mean(axis=0, dtype=np.float64).astype(np.float32)
    return _unit(unit)


def mean_looks(table: TrackTable, starts: IntArray) -> Looks | None:
    """Return (T, D) unit rows, the mean look of each track of an `ordered` table; None without embeddings."""
    if table.embedding is None:
        return None
    return _unit(np.add.reduceat(centred_looks(table.embedding), starts[:-1], axis=0))


def _unit(rows: Looks) -> Looks:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), np.float32)
