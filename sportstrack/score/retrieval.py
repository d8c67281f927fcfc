"""Scores of embeddings as answers to the question who this is: mean average precision and CMC.

Every query is compared with a gallery, the crops nearest to it come first, and it is counted how early those of the
same person come. Zheng et al., "Scalable Person Re-identification: A Benchmark" (ICCV 2015), but within one sequence:
who is who across sequences is known in no tracking data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray

RANKS = (1, 5, 10)
"""The ranks that are printed."""


@dataclass(frozen=True, eq=False)
class RetrievalScores:
    """How well embeddings find a person again.

    Attributes:
        mAP: mean over the queries of the average precision, 0…1; NaN without queries.
        cmc: (K,) cumulative matching characteristic: entry k − 1 is the share of queries whose person is among the k
            nearest crops.
        queries: how many were counted.
        left_out: queries whose person is nowhere in their gallery.
        gallery: mean size of a query's gallery.
    """

    mAP: float  # noqa: N815 - the field's own spelling
    cmc: FloatArray
    queries: int
    left_out: int
    gallery: float

    def rank(self, k: int) -> float:
        """Return the share of queries whose person is among the `k` nearest crops; NaN without queries."""
        if not len(self.cmc):
            return float("nan")
        return float(self.cmc[min(k, len(self.cmc)) - 1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: mAP, rank1, rank5, rank10 and the counts; None for figures without queries."""
        ranks = {f"rank{k}": self.rank(k) for k in RANKS}
        counts = {"queries": self.queries, "left_out": self.left_out, "gallery": self.gallery}
        return {k: None if v != v else v for k, v in ({"mAP": self.mAP} | ranks | counts).items()}  # NaN is no JSON


def average_precision(similarity: FloatArray | Embeddings, correct: BoolArray) -> float:
    """Return the average precision of one query, Σ (recall gained) · precision over the distinct similarities.

    Equal similarities count as one step, so the result does not depend on the order of the gallery (as in
    scikit-learn's ``average_precision_score``).

    Args:
        similarity: (G,) of the gallery.
        correct: (G,) which of it shows the query's person; NaN is returned where none does.
    """
    order = np.argsort(-similarity, kind="stable")
    ranked, hits = similarity[order], np.cumsum(correct[order])
    if not len(hits) or not hits[-1]:
        return float("nan")
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each group of equal similarities
    found = hits[last]
    gained = np.diff(found, prepend=0)
    return float((gained * found / (last + 1)).sum() / hits[-1])


def first_rank(similarity: FloatArray | Embeddings, correct: BoolArray) -> int:
    """Return the rank, from 1, at which the query's person comes first; others as similar come before."""
    best = similarity[correct].max()
    return 1 + int(np.count_nonzero(similarity[~correct] >= best))


def score_retrieval(
    vectors: Embeddings,
    identity: IntArray,
    *,
    scope: IntArray | None = None,
    query: BoolArray | None = None,
    gallery: BoolArray | None = None,
    frame: IntArray | None = None,
    gap: int = 0,
    team: IntArray | None = None,
    most_ranks: int = 20,
) -> RetrievalScores:
    """Score embeddings: each query against the gallery of its scope.

    Args:
        vectors: (N, D) unit rows; rows of zeros are unknown and as similar to all as to none.
        identity: (N,) the person of each row, within its scope.
        scope: (N,) the sequence of each row; a query is compared with rows of its own one. None: all are of one.
        query: (N,) the rows that ask; None is all.
        gallery: (N,) the rows that answer; None is all. A row never answers itself.
        frame: (N,) where the crop is from.
        gap: crops of the same person that are fewer frames away do not answer, because they are nearly the same
            picture; needs `frame`.
        team: (N,) then only rows of the query's own team answer; −1 is unknown, and such rows neither ask nor answer.
        most_ranks: length of the CMC.

    Raises:
        SettingError: columns of different lengths, or a gap without frames.
    """
    none, everyone = np.zeros(len(vectors), np.int64), np.ones(len(vectors), np.bool_)
    rows = _Rows(
        np.asarray(vectors, np.float32),
        np.asarray(identity),
        none if scope is None else np.asarray(scope),
        none if frame is None else np.asarray(frame),
        everyone if query is None else np.asarray(query, np.bool_),
        everyone if gallery is None else np.asarray(gallery, np.bool_),
        None if team is None else np.asarray(team),
        gap,
    )
    rows.check(has_frames=frame is not None)
    precision, ranks, sizes, left_out = [], [], [], 0
    for row in np.flatnonzero(rows.query if rows.team is None else rows.query & (rows.team >= 0)).tolist():
        similarity, correct = rows.compared(row)
        if not correct.any():
            left_out += 1
            continue
        precision.append(average_precision(similarity, correct))
        ranks.append(first_rank(similarity, correct))
        sizes.append(len(correct))
    if not ranks:
        return RetrievalScores(float("nan"), np.empty(0), 0, left_out, float("nan"))
    counts = np.bincount(np.minimum(ranks, most_ranks + 1), minlength=most_ranks + 2)[1 : most_ranks + 1]
    cmc = np.cumsum(counts) / len(ranks)
    return RetrievalScores(float(np.mean(precision)), cmc, len(ranks), left_out, float(np.mean(sizes)))


@dataclass(frozen=True, eq=False)
class _Rows:
    """The columns of `score_retrieval`, with the defaults filled in."""

    vectors: Embeddings
    identity: IntArray
    scope: IntArray
    frame: IntArray
    query: BoolArray
    gallery: BoolArray
    team: IntArray | None
    gap: int

    def check(self, *, has_frames: bool) -> None:
        columns: Mapping[str, Any] = {k: v for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        for name, column in columns.items():
            if len(column) != len(self.vectors) or column.ndim != (2 if name == "vectors" else 1):
                raise SettingError(f"{name}: expected {len(self.vectors)} rows, got shape {column.shape}")
        if self.gap and not has_frames:
            raise SettingError("gap: expected the frames of the rows as well")

    def answers(self, row: int) -> IntArray:
        """Return the rows that a query is compared with."""
        fit = self.gallery & (self.scope == self.scope[row])
        if self.team is not None:
            fit &= self.team == self.team[row]
        same = self.identity == self.identity[row]
        fit &= ~(same & (np.abs(self.frame - self.frame[row]) < self.gap))
        fit[row] = False
        return np.flatnonzero(fit)

    def compared(self, row: int) -> tuple[Embeddings, BoolArray]:
        """Return similarity and correctness of the answers to a query."""
        answers = self.answers(row)
        return self.vectors[answers] @ self.vectors[row], self.identity[answers] == self.identity[row]
