"""CLEAR: frame-by-frame matching that holds on to last frame's partners (Bernardin and Stiefelhagen 2008).

Where the paper leaves a choice, it is TrackEval's: last frame's partner is worth 1000 overlaps; a switch is counted
against the last partner ever, a fragment and the preference against the last frame in which both sides had boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.score.matching import match_frame
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, FloatArray, IntArray

THRESHOLD = 0.5
_EPS = float(np.finfo(np.float64).eps)
_LOYALTY = 1000.0
_MOSTLY_TRACKED, _MOSTLY_LOST = 0.8, 0.2


@dataclass(frozen=True, eq=False)
class Matches:
    """The partners that CLEAR chose.

    Attributes:
        partner: (G,) result row of each truth row, or −1.
        iou: (G,) overlap with the partner, 0 without.
        switch: (G,) True where the partner's identity is not the last one's.
        last: (G,) the truth row in which the same true identity was last matched, or −1; for matched rows only.
        step: (G,) number of the row's frame, counted over the frames in which both sides have boxes; −1 in others.
    """

    partner: IntArray
    iou: FloatArray
    switch: BoolArray
    last: IntArray
    step: IntArray


def count_clear(seq: Sequence, threshold: float = THRESHOLD) -> dict[str, float]:
    """Return CLR_TP, CLR_FN, CLR_FP, IDSW, MT, PT, ML, Frag, CLR_Frames and MOTP_sum.

    Args:
        seq: the sequence.
        threshold: least overlap of a match.
    """
    truth, result = len(seq.truth), len(seq.result)
    if seq.one_sided:  # CLR_Frames is 0 then, as in TrackEval
        missed: dict[str, float] = {"CLR_FN": truth, "CLR_FP": result, "ML": len(seq.truth.ids)}
        return {**dict.fromkeys(("CLR_TP", "IDSW", "MT", "PT", "Frag", "CLR_Frames", "MOTP_sum"), 0), **missed}
    matches = match_clear(seq, threshold)
    hit = matches.partner >= 0
    true = int(hit.sum())
    identity = seq.truth.identity
    share = np.bincount(identity[hit], minlength=len(seq.truth.ids)) / np.bincount(identity)
    tracked = int((share > _MOSTLY_TRACKED).sum())
    partly = int((share >= _MOSTLY_LOST).sum()) - tracked
    return {
        "CLR_TP": true,
        "CLR_FN": truth - true,
        "CLR_FP": result - true,
        "IDSW": int(matches.switch.sum()),
        "MT": tracked,
        "PT": partly,
        "ML": len(seq.truth.ids) - tracked - partly,
        "Frag": int(fragments(matches).sum()),
        "CLR_Frames": seq.frames,
        "MOTP_sum": float(matches.iou.sum()),
    }


def match_clear(seq: Sequence, threshold: float = THRESHOLD) -> Matches:
    """Match every frame and say where identities switch."""
    step = _steps(seq)
    good = seq.iou >= threshold - _EPS
    i, j, iou = seq.i[good], seq.j[good], seq.iou[good]
    partner = _partners(seq, i, j, iou, _previous_row(seq, step))
    overlap = np.zeros(len(seq.truth))
    mine = partner[i] == j
    overlap[i[mine]] = iou[mine]
    last = _last_matched(seq.truth.identity, partner)
    switch = np.zeros(len(partner), np.bool_)
    has = last >= 0
    switch[has] = seq.result.identity[partner[has]] != seq.result.identity[partner[last[has]]]
    return Matches(partner, overlap, switch, last, step)


def fragments(matches: Matches) -> BoolArray:
    """(G,) True where a true identity is matched again after frames without a match."""
    again = matches.last >= 0
    again[again] = matches.step[again] - matches.step[matches.last[again]] > 1
    return again


def _steps(seq: Sequence) -> IntArray:
    both = (np.diff(seq.truth.start) > 0) & (np.diff(seq.result.start) > 0)
    return np.where(both, np.cumsum(both) - 1, -1)[seq.truth.table.frame]


def _previous_row(seq: Sequence, step: IntArray) -> IntArray:
    """(G,) the same identity's truth row one step before, or −1."""
    rows = np.flatnonzero(step >= 0)
    rows = rows[np.argsort(seq.truth.identity[rows], kind="stable")]
    follows = (np.diff(seq.truth.identity[rows]) == 0) & (np.diff(step[rows]) == 1)
    previous = np.full(len(step), -1)
    previous[rows[1:][follows]] = rows[:-1][follows]
    return previous


def _last_matched(identity: IntArray, partner: IntArray) -> IntArray:
    rows = np.flatnonzero(partner >= 0)
    rows = rows[np.argsort(identity[rows], kind="stable")]
    same = np.diff(identity[rows]) == 0
    last = np.full(len(partner), -1)
    last[rows[1:][same]] = rows[:-1][same]
    return last


def _partners(seq: Sequence, i: IntArray, j: IntArray, iou: FloatArray, previous: IntArray) -> IntArray:
    partner = np.full(len(seq.truth), -1)
    alone = (np.bincount(i, minlength=len(seq.truth))[i] == 1) & (np.bincount(j, minlength=len(seq.result))[j] == 1)
    partner[i[alone]] = j[alone]
    contested = np.zeros(seq.frames, np.bool_)
    frame = seq.truth.table.frame[i]
    contested[frame[~alone]] = True
    for f in np.flatnonzero(contested).tolist():
        pairs = slice(*np.searchsorted(i, seq.truth.start[f : f + 2]))
        _settle(seq, f, i[pairs], j[pairs], iou[pairs], previous, partner)
    return partner


def _settle(
    seq: Sequence, f: int, i: IntArray, j: IntArray, iou: FloatArray, previous: IntArray, partner: IntArray
) -> None:
    """Fill in the partners of frame ``f``, whose previous step is settled."""
    before = partner[previous[i]]  # for previous == −1 a wrong row, masked out below
    loyal = (previous[i] >= 0) & (before >= 0) & (seq.result.identity[before] == seq.result.identity[j])
    (rows, end), (columns, column_end) = seq.truth.start[f : f + 2], seq.result.start[f : f + 2]
    # A loyal pair outweighs any two others, and no two loyal pairs share a box.
    chosen = loyal.copy()
    busy_i, busy_j = np.zeros(end - rows, np.bool_), np.zeros(column_end - columns, np.bool_)
    r, c = i - rows, j - columns
    busy_i[r[loyal]], busy_j[c[loyal]] = True, True
    left = np.flatnonzero(~(busy_i[r] | busy_j[c]))
    lonely = (np.bincount(r[left])[r[left]] == 1) & (np.bincount(c[left])[c[left]] == 1) if len(left) else left > 0
    chosen[left[lonely]] = True
    left = left[~lonely]
    if len(left):
        chosen = match_frame((end - rows, column_end - columns), r, c, _LOYALTY * loyal + iou, chosen, left)
    partner[i] = -1
    partner[i[chosen]] = j[chosen]
