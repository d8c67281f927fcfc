"""HOTA: detection and association weighed alike, over 19 overlap thresholds (Luiten et al. 2021, arXiv:2009.07736)."""

from __future__ import annotations

import numpy as np

from sportstrack.score.matching import match_pairs
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, FloatArray, IntArray

ALPHAS: FloatArray = np.arange(0.05, 0.99, 0.05, dtype=np.float64)
_EPS = float(np.finfo(np.float64).eps)
_CELLS = 1 << 20  # of the dense blocks in which long rows are summed


def count_hota(seq: Sequence) -> dict[str, FloatArray]:
    """Return, each (19,) over `ALPHAS`, HOTA_TP, HOTA_FN, HOTA_FP and the sums over true positives of LocA, AssA, AssRe
    and AssPr.
    """  # noqa: D205
    chosen = match_hota(seq)
    iou = seq.iou[chosen]
    level = np.searchsorted(ALPHAS - _EPS, iou, side="right")  # how many thresholds the pair passes
    true = _at_least(level).astype(np.float64)
    counts = {
        "HOTA_TP": true,
        "HOTA_FN": len(seq.truth) - true,
        "HOTA_FP": len(seq.result) - true,
        "LocA_sum": _at_least(level, iou),
    }
    return counts | _associations(seq, seq.i[chosen], seq.j[chosen], level)


def match_hota(seq: Sequence) -> BoolArray:
    """(P,) True for the pairs of ``seq`` that HOTA matches; one matching serves all thresholds."""
    passes = seq.iou >= ALPHAS[0] - _EPS
    return np.asarray(match_pairs(seq, seq.i, seq.j, _alignment(seq) * seq.iou, matters=passes) & passes)


def _alignment(seq: Sequence) -> FloatArray:
    """(P,) Jaccard index over the whole sequence of the two identities that each pair belongs to."""
    column_sum = np.bincount(seq.j, seq.iou, len(seq.result))[seq.j]
    union = column_sum + _row_sums(seq)[seq.i] - seq.iou
    shared = np.divide(seq.iou, union, out=np.zeros(len(union)), where=union > _EPS)
    truth, result = seq.truth.identity[seq.i], seq.result.identity[seq.j]
    pair, count = _group(truth, result, len(seq.truth.ids), len(seq.result.ids))
    together = np.bincount(pair, shared, count)[pair]
    alone = np.bincount(seq.truth.identity)[truth] + np.bincount(seq.result.identity)[result]
    return np.asarray(together / (alone - together))


def _row_sums(seq: Sequence) -> FloatArray:
    """(G,) sum of each truth box's overlaps, to the last bit as a dense matrix's rows would be summed.

    Ties between identities are decided by that bit, and numpy adds long rows in another order than one by one; with two
    terms the order makes no difference.
    """
    total: FloatArray = np.bincount(seq.i, seq.iou, len(seq.truth)).astype(np.float64)
    pair_count = np.bincount(seq.i, minlength=len(seq.truth))
    width = np.diff(seq.result.start)[seq.truth.table.frame]
    rows = np.flatnonzero((pair_count > 2) & (width >= 8))
    rows = rows[np.argsort(width[rows], kind="stable")]
    first_pair = np.cumsum(pair_count) - pair_count
    column = seq.j - seq.result.start[seq.truth.table.frame[seq.i]]
    for same_width in np.split(rows, np.flatnonzero(np.diff(width[rows])) + 1) if len(rows) else ():
        columns = int(width[same_width[0]])
        for part in np.array_split(same_width, 1 + len(same_width) * columns // _CELLS):
            count = pair_count[part]
            row = np.repeat(np.arange(len(part)), count)
            pair = np.repeat(first_pair[part] - (np.cumsum(count) - count), count) + np.arange(len(row))
            dense = np.zeros((len(part), columns))
            dense[row, column[pair]] = seq.iou[pair]
            total[part] = dense.sum(axis=1)
    return total


def _associations(seq: Sequence, i: IntArray, j: IntArray, level: IntArray) -> dict[str, FloatArray]:
    key, member = np.unique(seq.truth.identity[i] * len(seq.result.ids) + seq.result.identity[j], return_inverse=True)
    truth, result = np.divmod(key, max(1, len(seq.result.ids)))
    truth_count = np.bincount(seq.truth.identity, minlength=1)[truth]
    result_count = np.bincount(seq.result.identity, minlength=1)[result]
    # (K, 19) frames in which the two identities match, at each threshold.
    width = len(ALPHAS) + 1
    table = np.bincount(member.reshape(-1) * width + level, minlength=len(key) * width).reshape(-1, width)
    matched = table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    square = (matched * matched).astype(np.float64)
    return {
        "AssA_sum": (square / (truth_count + result_count - matched.T).T).sum(axis=0),
        "AssRe_sum": (square.T / truth_count).sum(axis=1),
        "AssPr_sum": (square.T / result_count).sum(axis=1),
    }


def _group(a: IntArray, b: IntArray, height: int, width: int) -> tuple[IntArray, int]:
    """Number the distinct pairs (a, b): (P,) numbers and how many there may be."""
    key = a * width + b
    if height * width <= 4 * len(key) + 100_000:
        return key, height * width
    distinct, member = np.unique(key, return_inverse=True)
    return member.reshape(-1), len(distinct)


def _at_least(level: IntArray, weight: FloatArray | None = None) -> FloatArray:
    """(19,) number (or weight) of the matches that pass each threshold."""
    histogram = np.bincount(level, weight, len(ALPHAS) + 1)
    return histogram[::-1].cumsum()[::-1][1:].astype(np.float64)
