"""The best one-to-one matching in every frame, as the Hungarian algorithm gives it, mostly without running it.

`sportstrack.assign.certain_pairs` settles most pairs, over all frames at once, and leaves a few knots. Those are solved
one by one; where the best matching is not unique, the answer is that of ``scipy.optimize.linear_sum_assignment`` on the
frame's full matrix, because that is what other evaluators print.
"""

from __future__ import annotations

import numpy as np

from sportstrack.assign import certain_pairs
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, FloatArray, IntArray

_MARGIN = 1e-9  # differences below it may be rounding: then the full matrix decides
_FULL = 2500  # cells; up to here the full matrix is solved faster than a knot is examined
_KNOT = 64  # matched pairs; beyond it the search is slower than the full matrix


def match_pairs(
    seq: Sequence, i: IntArray, j: IntArray, weight: FloatArray, matters: BoolArray | None = None
) -> BoolArray:
    """Choose pairs so that no row is chosen twice and each frame's sum of weights is greatest.

    Args:
        seq: the sequence.
        i: (P,) truth rows, ascending.
        j: (P,) result rows.
        weight: (P,) above 0.
        matters: (P,) False for pairs whose choice does not matter; knots of such pairs alone stay unsolved.

    Returns:
        (P,) True for the chosen pairs.
    """
    chosen = certain_pairs(i, j, weight, _MARGIN)
    left = _still_open(i, j, chosen, (len(seq.truth), len(seq.result)))
    if matters is not None:
        left = left[_touched(i[left], j[left], matters[left], (len(seq.truth), len(seq.result)))]
    if not len(left):
        return chosen
    frame = seq.truth.table.frame
    for part in np.split(left, np.flatnonzero(np.diff(frame[i[left]])) + 1):
        f = frame[i[part[0]]]
        rows, columns = slice(*seq.truth.start[f : f + 2]), slice(*seq.result.start[f : f + 2])
        whole = slice(*np.searchsorted(i, [rows.start, rows.stop]))
        chosen[whole] = match_frame(
            (rows.stop - rows.start, columns.stop - columns.start),
            i[whole] - rows.start,
            j[whole] - columns.start,
            weight[whole],
            chosen[whole],
            part - whole.start,
        )
    return chosen


def match_frame(
    shape: tuple[int, int], i: IntArray, j: IntArray, weight: FloatArray, certain: BoolArray, left: IntArray
) -> BoolArray:
    """Solve one frame.

    Args:
        shape: number of truth and of result boxes.
        i: (P,) truth box of each pair, counted within the frame.
        j: (P,) result box.
        weight: (P,) above 0.
        certain: (P,) pairs known to be in every best matching.
        left: indices of the pairs still open.

    Returns:
        (P,) True for the chosen pairs.
    """
    if shape[0] * shape[1] > _FULL:
        knot = _unique_best(i[left], j[left], weight[left])
        if knot is not None:
            chosen: BoolArray = certain.copy()
            chosen[left[knot]] = True
            return chosen
    from scipy.optimize import linear_sum_assignment

    matrix = np.zeros(shape)
    matrix[i, j] = weight
    partner = np.full(shape[0], -1)
    rows, columns = linear_sum_assignment(-matrix)
    partner[rows] = columns
    return np.asarray(partner[i] == j, dtype=np.bool_)


def _still_open(i: IntArray, j: IntArray, chosen: BoolArray, sizes: tuple[int, int]) -> IntArray:
    """Return the indices of the pairs that share no box with a chosen one."""
    free_i, free_j = np.ones(sizes[0], np.bool_), np.ones(sizes[1], np.bool_)
    free_i[i[chosen]] = False
    free_j[j[chosen]] = False
    return np.flatnonzero(free_i[i] & free_j[j])


def _touched(i: IntArray, j: IntArray, matters: BoolArray, sizes: tuple[int, int]) -> BoolArray:
    """(P,) True for pairs that hang together, over any number of shared boxes, with a pair that matters."""
    row, column = np.zeros(sizes[0], np.bool_), np.zeros(sizes[1], np.bool_)
    touched: BoolArray = matters
    count = -1
    while count != (count := int(touched.sum())):
        row[i[touched]] = True
        column[j[touched]] = True
        touched = np.asarray(row[i] | column[j])
    return touched


def _unique_best(i: IntArray, j: IntArray, weight: FloatArray) -> IntArray | None:
    """Return the indices of the best matching's pairs if no other matching comes near it, else None."""
    from scipy.optimize import linear_sum_assignment

    (rows, r), (columns, c) = np.unique(i, return_inverse=True), np.unique(j, return_inverse=True)
    matrix = np.zeros((len(rows), len(columns)))
    matrix[r, c] = weight
    a: IntArray
    b: IntArray
    a, b = linear_sum_assignment(matrix, maximize=True)
    a, b = a[matrix[a, b] > 0], b[matrix[a, b] > 0]
    if len(a) > _KNOT or _gap(matrix, a, b) <= _MARGIN:
        return None
    partner = np.full(len(rows), -1)
    partner[a] = b
    return np.flatnonzero(partner[r] == c)


def _gap(weight: FloatArray, a: IntArray, b: IntArray) -> float:
    """Return by how much the matching (rows a, columns b) beats the next best one.

    Any other matching differs by chains in which each row takes the next row's column; a chain that does not close ends
    at node 0, where unmatched rows and columns are. The cheapest closed walk (Floyd and Warshall) is the gap.
    """
    own = weight[a, b]
    free_row, free_column = np.ones(len(weight), np.bool_), np.ones(weight.shape[1], np.bool_)
    free_row[a], free_column[b] = False, False
    loss = np.empty((len(a) + 1, len(a) + 1))
    loss[1:, 1:] = own[:, None] - weight[np.ix_(a, b)]
    loss[1:, 0] = own - weight[a][:, free_column].max(axis=1, initial=0.0)
    loss[0, 1:] = -weight[free_row][:, b].max(axis=0, initial=0.0)
    np.fill_diagonal(loss, np.inf)
    for k in range(len(loss)):
        np.minimum(loss, loss[:, k, None] + loss[k], out=loss)
    return float(loss.diagonal().min())
