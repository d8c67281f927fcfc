"""How much two appearances say for one player or for two, measured on the sequence itself.

Blocks of one unbroken run of boxes are one player's; blocks of two runs at one time are two players'. The logarithm of
the ratio of how often each kind has a cosine is what this cosine adds to the log-odds of a link
(`sportstrack.appearance.worth_of_similarity`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.appearance import worth_of_similarity
from sportstrack.refine.settings import RefineSettings
from sportstrack.refine.who import Who
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

LENGTHS = (3, 12, 48)  # boxes in a block; a mean of more of them has less noise
APART = (2, 3, 5, 8, 13, 21, 34)  # blocks from one to the other of a pair of one run
NEIGHBOURS = 24  # blocks looked at for those of other runs at the same time
MOST = 20_000  # pairs of a kind; more change nothing
PRIOR = 60.0  # pairs that the fixed line counts for
SLIPS = 0.03  # share of one run's pairs, the least alike, that are left out: the tracker may have swapped players
WIDTH = 0.06  # standard deviation of the kernel that smooths the shares
_BINS = 100


@dataclass(frozen=True, eq=False)
class Likeness:
    """What cosines are worth.

    Attributes:
        ratios: (K, B) log-likelihood ratios by the cosines −1 … 1, for blocks of each of `LENGTHS`.
    """

    ratios: FloatArray

    def log_ratio(self, cosine: FloatArray, boxes: IntArray) -> FloatArray:
        """Return (P,) log-likelihood ratios that pairs are one player's.

        Args:
            cosine: (P,) of two mean embeddings.
            boxes: (P,) how many boxes the mean of fewer was taken over.
        """
        at = np.clip((cosine + 1.0) * (0.5 * _BINS) - 0.5, 0.0, _BINS - 1.0)
        low = np.minimum(at.astype(np.int64), _BINS - 2)
        part = at - low
        row = np.maximum(np.searchsorted(LENGTHS, boxes, side="right") - 1, 0)
        ratio: FloatArray = (1.0 - part) * self.ratios[row, low] + part * self.ratios[row, low + 1]
        return ratio


def measure(embedding: Embeddings, frame: IntArray, starts: IntArray, who: Who, s: RefineSettings) -> Likeness:
    """Measure what cosines are worth.

    Args:
        embedding: (N, D) unit rows, zeros where unknown.
        frame: (N,) of the rows.
        starts: (T + 1,) rows where the unbroken runs begin, and the end.
        who: runs of other teams are no measure where teams are known: those speak for themselves.
        s: where there is little to measure, a cosine counts as its fixed line says.
    """
    known = embedding.any(axis=1)
    run = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[known]
    line = s.appearance_weight * (_centres() - s.appearance_neutral)
    rows = []
    for length in LENGTHS:
        ratio, count = _ratios(embedding[known], frame[known], run, length, who)
        trust = s.appearance_measured * count / (count + PRIOR)
        rows.append(trust * ratio + (1.0 - trust) * line)
    return Likeness(np.array(rows, np.float64))


def _centres() -> FloatArray:
    centres: FloatArray = (np.arange(_BINS, dtype=np.float64) + 0.5) * (2.0 / _BINS) - 1.0
    return centres


def _ratios(embedding: Embeddings, frame: IntArray, run: IntArray, length: int, who: Who) -> tuple[FloatArray, float]:
    """Return (B,) log-likelihood ratios for means of so many boxes, and how many pairs each kind has."""
    mean, first, last, run = _blocks(embedding, frame, run, length)
    same = _cosines(mean, *_pairs_within(run))
    one, two = _pairs_between(run, first, last)
    other, weight = _cosines(mean, one, two), who.alike(run[one], run[two])
    same = np.sort(same)[int(SLIPS * len(same)) :]
    worth = worth_of_similarity(_counts(same, np.ones(len(same))), _counts(other, weight), 0.5 * _BINS * WIDTH)
    return worth, min(len(same), float(weight.sum()))


def _blocks(
    embedding: Embeddings, frame: IntArray, run: IntArray, length: int
) -> tuple[Embeddings, IntArray, IntArray, IntArray]:
    """Return the mean unit vectors, first and last frames and runs of blocks of so many rows of one run."""
    begin = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1]))) if len(run) else run
    count = np.diff(np.append(begin, len(run))) // length
    which = np.repeat(np.arange(len(begin)), count)
    inner = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    at = begin[which] + inner * length
    total = sum((embedding[at + i] for i in range(length)), np.zeros((len(at), embedding.shape[1]), np.float32))
    unit = np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)
    return unit, frame[at], frame[at + length - 1], run[at]


def _pairs_within(run: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of blocks of one run, not next to each other."""
    parts = [np.flatnonzero(run[apart:] == run[:-apart]) for apart in APART]
    a = np.concatenate(parts)
    b = a + np.repeat(APART, [len(part) for part in parts])
    return _some(a, b)


def _pairs_between(run: IntArray, first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of blocks of two runs that have frames in common."""
    order = np.argsort(first, kind="stable")
    none = order[:0]
    a, b = [none], [none]
    for apart in range(1, NEIGHBOURS + 1):
        one, two = order[:-apart], order[apart:]
        good: BoolArray = (run[one] != run[two]) & (first[two] <= last[one])
        a.append(one[good])
        b.append(two[good])
    return _some(np.concatenate(a), np.concatenate(b))


def _some(a: IntArray, b: IntArray) -> tuple[IntArray, IntArray]:
    step = -(-len(a) // MOST) or 1
    return a[::step], b[::step]


def _cosines(mean: Embeddings, a: IntArray, b: IntArray) -> FloatArray:
    cosine: FloatArray = np.einsum("ij,ij->i", mean[a], mean[b]).astype(np.float64)
    return cosine


def _counts(cosine: FloatArray, weight: FloatArray) -> FloatArray:
    """Return (B,) how many of the cosines are in each bin, by weight."""
    return np.histogram(cosine, _BINS, (-1.0, 1.0 + 1e-6), weights=weight)[0].astype(np.float64)
