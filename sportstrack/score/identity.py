"""Identity: one result track per true track for the whole sequence (Ristani et al. 2016, arXiv:1609.01775)."""

from __future__ import annotations

import numpy as np

from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, IntArray

THRESHOLD = 0.5


def count_identity(seq: Sequence, threshold: float = THRESHOLD) -> dict[str, int]:
    """Return IDTP, IDFN and IDFP.

    Args:
        seq: the sequence.
        threshold: least overlap at which a pair of boxes can count.
    """
    good = seq.iou >= threshold
    pairs = _best_pairs(seq.truth.identity[seq.i[good]], seq.result.identity[seq.j[good]], len(seq.result.ids))
    true = sum(pairs.values())
    return {"IDTP": true, "IDFN": len(seq.truth) - true, "IDFP": len(seq.result) - true}


def identity_hits(seq: Sequence, threshold: float = THRESHOLD) -> BoolArray:
    """(G,) whether a truth row meets the identity that the best assignment gives to its track: the IDTP."""
    good = seq.iou >= threshold
    i, j = seq.i[good], seq.j[good]
    truth, result, width = seq.truth.identity[i], seq.result.identity[j], len(seq.result.ids)
    chosen = np.array(list(_best_pairs(truth, result, width)), np.int64)
    hits: BoolArray = np.zeros(len(seq.truth), np.bool_)
    hits[i[np.isin(truth * width + result, chosen)]] = True
    return hits


def _best_pairs(truth: IntArray, result: IntArray, width: int) -> dict[int, int]:
    """Return the one-to-one assignment of identities that keeps most frames: truth * width + result → frames."""
    from scipy.optimize import linear_sum_assignment

    if not len(truth):
        return {}
    key, frames = np.unique(truth * width + result, return_counts=True)
    row, column = np.divmod(key, width)
    # A pair of identities that overlap no others needs no solving; most of a long video are such pairs.
    alone = (np.bincount(row)[row] == 1) & (np.bincount(column)[column] == 1)
    chosen = dict(zip(key[alone].tolist(), frames[alone].tolist(), strict=True))
    row, column, frames = row[~alone], column[~alone], frames[~alone]
    (rows, r), (columns, c) = np.unique(row, return_inverse=True), np.unique(column, return_inverse=True)
    matrix = np.zeros((len(rows), len(columns)))
    matrix[r, c] = frames
    best = linear_sum_assignment(matrix, maximize=True)
    for a, b in zip(*best, strict=True):
        if matrix[a, b]:
            chosen[int(rows[a] * width + columns[b])] = int(matrix[a, b])
    return chosen
