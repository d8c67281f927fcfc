"""One-to-one assignment of tracks (rows) to detections (columns) at the least total cost.

The literature knows two ways to refuse bad pairs, and they give different answers:

* `clip_then_solve` (DeepSORT, ByteTrack and its family): a pair above the limit costs the limit, so leaving a track
  alone competes with matching it.
* `solve_then_gate` (SORT, OC-SORT): the whole matrix is solved first, then pairs above the limit are cut; a bad pair
  can force a good one apart.

Both return index arrays (rows, columns), sorted by row. Where several answers cost the same, the choice depends on the
matrix alone, so that every run and every machine makes the same one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from sportstrack.types import BoolArray, FloatArray, IntArray

_NONE = np.empty(0, dtype=np.int64)
_SMALL = 2500  # pairs; up to here the solver is as fast as looking for the easy part
_JUST = 1e-9  # added to the limit, so that a pair exactly at it beats staying alone


def clip_then_solve(cost: FloatArray, limit: float) -> tuple[IntArray, IntArray]:
    """Match so that the sum over matched pairs of (cost − limit) is least; only pairs with cost ≤ limit match.

    Args:
        cost: (T, N), lower is better, without NaN.
        limit: cost of leaving one track and one detection alone.
    """
    if not cost.size:
        return _NONE, _NONE
    worst = limit + _JUST
    rows, columns = _solve(np.minimum(cost, worst)) if cost.size <= _SMALL else _solve_parts(cost, worst)
    return _within(cost, limit, rows, columns)


def solve_then_gate(cost: FloatArray, limit: float, worst: float = np.inf) -> tuple[IntArray, IntArray]:
    """Match at the least total cost, then drop pairs with cost > limit.

    Args:
        cost: (T, N), lower is better, without NaN.
        limit: the highest cost of a pair that is kept; below ``worst``.
        worst: the cost of a pair that has nothing in common (1 for 1 − IoU), if all such pairs cost the same and none
            costs more; it only makes large matrices fast.
    """
    if not cost.size:
        return _NONE, _NONE
    rows, columns = _solve(cost) if cost.size <= _SMALL else _solve_parts(cost, worst)
    return _within(cost, limit, rows, columns)


def unmatched(count: int, matched: IntArray) -> IntArray:
    """Return the indices of ``range(count)`` that are not in ``matched``, ascending."""
    if len(matched) == count:
        return _NONE
    alone = np.empty(count, dtype=np.bool_)
    alone.fill(True)
    alone[matched] = False
    return alone.nonzero()[0]


def certain_pairs(rows: IntArray, columns: IntArray, weight: FloatArray, margin: float = 0.0) -> BoolArray:
    """Find the pairs that are in every matching of greatest total weight, as far as their neighbours prove it.

    A pair that outweighs its best rival in its row and its best rival in its column together is in every best matching:
    without it, whatever the two rivals add is less. Such a pair takes its row and its column out of the question, which
    makes other pairs certain in turn. Works on the given pairs alone: no matrix of all against all is made.

    Args:
        rows: (P,) row of each pair; each pair is given once.
        columns: (P,) its column.
        weight: (P,) above 0.
        margin: by how much a pair must outweigh its rivals, for weights that carry rounding errors.

    Returns:
        (P,) True for the certain pairs.
    """
    certain = np.zeros(len(weight), np.bool_)
    by_row, by_column = rows.argsort(kind="stable"), columns.argsort(kind="stable")
    taken_row, taken_column = (np.zeros(int(index.max(initial=-1)) + 1, np.bool_) for index in (rows, columns))
    rivals = np.empty(len(weight))  # both rivals' weight
    while len(by_row):
        rivals[by_row] = _best_rival(rows[by_row], weight[by_row])
        rivals[by_column] += _best_rival(columns[by_column], weight[by_column])
        found = by_row[weight[by_row] > rivals[by_row] + margin]
        if not len(found):
            break
        certain[found] = taken_row[rows[found]] = taken_column[columns[found]] = True
        by_row, by_column = (
            order[~(taken_row[rows[order]] | taken_column[columns[order]])] for order in (by_row, by_column)
        )
    return certain


def _best_rival(group: IntArray, weight: FloatArray) -> FloatArray:
    """Return (P,) the greatest weight among the other pairs of each pair's group, 0 without any; groups are sorted."""
    start = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    member = np.repeat(np.arange(len(start)), np.diff(start, append=len(group)))
    best = np.maximum.reduceat(weight, start)[member]
    top = weight == best
    second = np.maximum.reduceat(np.where(top, 0.0, weight), start)[member]
    alone = np.add.reduceat(top, start, dtype=np.int64)[member] == 1
    return np.where(top & alone, second, best)


def rival(values: FloatArray) -> FloatArray:
    """Return (T, N): for each entry of a matrix the greatest other one of its row, −1 where there is none."""
    if values.shape[1] < 2:
        return np.full(values.shape, -1.0)
    second, best = np.partition(values, -2, axis=1)[:, -2:].T
    return np.asarray(np.where(values == best[:, None], second[:, None], best[:, None]))


def certain_matches(affinity: FloatArray, addition: float) -> tuple[IntArray, IntArray]:
    """Find pairs of a matrix that are in every best matching, whatever small numbers are added to its entries.

    Parting a pair never pays where its affinity exceeds what its row and its column could have elsewhere, at most the
    sum of their other affinities, by four additions: those of the pair, of the two others and of the one they leave.

    Args:
        affinity: (T, N) from 0, greater is better.
        addition: the greatest absolute value of a number that may be added to an entry.

    Returns:
        Rows and columns of the certain pairs.
    """
    best = affinity.argmax(axis=1)
    top = affinity[np.arange(len(best)), best]
    rows = (3.0 * top > affinity.sum(axis=1) + affinity.sum(axis=0)[best] + 4.0 * addition).nonzero()[0]
    return rows, best[rows]


def _within(cost: FloatArray, limit: float, rows: IntArray, columns: IntArray) -> tuple[IntArray, IntArray]:
    good = cost[rows, columns] <= limit
    return rows[good], columns[good]


def _solve_parts(cost: FloatArray, worst: float) -> tuple[IntArray, IntArray]:
    """Solve where pairs compete and take each row's cheapest pair elsewhere; pairs of cost ≥ ``worst`` are all alike.

    No assignment is cheaper than the sum of the rows' minima, so where these do not collide they are the answer. Where
    some do, the rows and columns that are linked with them through pairs below ``worst`` are solved together; nothing
    links them with the rest. Players rarely compete for a box: in a crowd of hundreds a few rows are left to solve.
    """
    best = cost.argmin(axis=1)
    rows = (cost[np.arange(len(cost)), best] < worst).nonzero()[0]
    columns = best[rows]
    contested = np.bincount(columns, minlength=cost.shape[1]) > 1
    if not contested.any():
        return rows, columns
    linked = cost < worst
    rivals, fresh = np.zeros(len(cost), np.bool_), contested
    while fresh.any():  # each row and each column is looked at once, however long the chain of links is
        more = np.logical_or.reduce(linked[:, fresh], axis=1) & ~rivals
        fresh = np.logical_or.reduce(linked[more], axis=0) & ~contested
        rivals |= more
        contested = contested | fresh
    apart = ~rivals[rows]
    r, c = rivals.nonzero()[0], contested.nonzero()[0]
    part_r, part_c = _solve(np.minimum(cost[r[:, None], c], worst))
    rows, columns = np.concatenate((rows[apart], r[part_r])), np.concatenate((columns[apart], c[part_c]))
    order = rows.argsort()
    return rows[order], columns[order]


def _solve(cost: FloatArray) -> tuple[IntArray, IntArray]:
    return _solver()(cost)  # type: ignore[no-any-return]


@cache
def _solver() -> Any:
    # scipy.optimize takes half a second to import: not before it is needed. It beat lap.lapjv at every size measured.
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment
