"""Embeddings made comparable, and the appearance of a track: their mean."""

from __future__ import annotations

import numpy as np

from sportstrack.types import Embeddings, IntArray


def centred_embeddings(embedding: Embeddings) -> Embeddings:
    """Return unit rows with what all players have in common taken away.

    The mean vector of all rows is subtracted: players in one kit, on one pitch, before one camera differ in little of
    an embedding. Rows of zeros or that are not finite stay, or become, zeros: unknown embeddings.
    """
    unit = _unit(np.where(np.isfinite(embedding), embedding, 0.0).astype(np.float32))
    known = unit.any(axis=1)
    if not known.any():
        return unit
    unit[known] -= unit[known].mean(axis=0, dtype=np.float64).astype(np.float32)
    return _unit(unit)


def mean_appearance(embedding: Embeddings, starts: IntArray) -> Embeddings:
    """Return (T, D) unit rows, the appearance of each track by (N, D) centred embeddings of their rows."""
    return _unit(np.add.reduceat(embedding, starts[:-1], axis=0))


def _unit(rows: Embeddings) -> Embeddings:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), np.float32)
