"""Identity: one result track per true track for the whole sequence (Ristani et al. 2016, arXiv:1609.01775)."""

from __future__ import annotations

import numpy as np

from sportstrack.score.sequence import Sequence
from sportstrack.types import IntArray

THRESHOLD = 0.5


def count_identity(seq: Sequence, threshold: float = THRESHOLD) -> dict[str, int]:
    """Return IDTP, IDFN and IDFP.

    Args:
        seq: the sequence.
        threshold: least overlap at which a pair of boxes can count.
    """
    good = seq.iou >= threshold
    true = _best_total(seq.truth.identity[seq.i[good]], seq.result.identity[seq.j[good]], len(seq.result.ids))
    return {"IDTP": true, "IDFN": len(seq.truth) - true, "IDFP": len(seq.result) - true}


def _best_total(truth: IntArray, result: IntArray, width: int) -> int:
    """Return the greatest number of pairs that a one-to-one assignment of identities can keep."""
    from scipy.optimize import linear_sum_assignment

    if not len(truth):
        return 0
    key, frames = np.unique(truth * width + result, return_counts=True)
    row, column = np.divmod(key, width)
    # A pair of identities that overlap no others needs no solving; most of a long video are such pairs.
    alone = (np.bincount(row)[row] == 1) & (np.bincount(column)[column] == 1)
    total = int(frames[alone].sum())
    row, column, frames = row[~alone], column[~alone], frames[~alone]
    (rows, r), (columns, c) = np.unique(row, return_inverse=True), np.unique(column, return_inverse=True)
    matrix = np.zeros((len(rows), len(columns)))
    matrix[r, c] = frames
    best = linear_sum_assignment(matrix, maximize=True)
    return total + int(matrix[best].sum())
