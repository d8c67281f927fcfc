"""What embeddings are worth on matches that took no part: retrieval, of everybody and of team-mates alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sportstrack.reid.mates import without_lone
from sportstrack.reid.people import PersonCrops
from sportstrack.score.retrieval import RetrievalScores, score_retrieval
from sportstrack.types import BoolArray, Embeddings, IntArray

QUERIES = 10
"""Crops of a person that ask, where the data does not say which."""
_RATE = 25.0  # frames per second where nothing says it
_TICKS = 1000  # in a second


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The crops that judge.

    Attributes:
        rows: (N,) of the crops.
        person: (N,) whose each is.
        sequence: (N,) of which sequence.
        team: (N,) group of team-mates; −1 of people who have none.
        query: (N,) which ask.
        gallery: (N,) which answer.
        time: (N,) milliseconds since the sequence began.
        gap: milliseconds within which the same person does not answer.
    """

    rows: IntArray
    person: IntArray
    sequence: IntArray
    team: IntArray
    query: BoolArray
    gallery: BoolArray
    time: IntArray
    gap: int

    @classmethod
    def of(cls, crops: PersonCrops, held: BoolArray, group: IntArray, gap: float) -> HeldOut:
        """Return the crops of the people held out.

        Args:
            crops: all.
            held: (P,) who is held out.
            group: (P,) team-mates have the same.
            gap: seconds.
        """
        rows = np.flatnonzero(held[crops.person])
        person, part = crops.person[rows], crops.part[rows]
        sequence = crops.sequence[person]
        rates = np.array([clip.frame_rate or _RATE for clip in crops.clips])
        time = np.rint(_TICKS * crops.frame[rows] / rates[sequence]).astype(np.int64)
        asked = np.isin(part, ("query", "gallery"))
        query = np.where(asked, part == "query", _asking(person, time))
        lone = np.bincount(crops.sequence[held], minlength=len(crops.clips)) < 2  # nobody to be taken for
        query &= ~lone[sequence]
        return cls(
            rows, person, sequence, without_lone(group)[person], query, part != "query", time, round(_TICKS * gap)
        )

    @property
    def left_out(self) -> int:
        """How many sequences have one person alone, so that every answer would be right."""
        return len(set(self.sequence.tolist()) - set(self.sequence[self.query].tolist()))

    def scores(self, vectors: Embeddings) -> dict[str, RetrievalScores]:
        """Return the scores of (N, D) embeddings of these crops: ``all`` and ``mates``."""
        return {
            name: score_retrieval(
                vectors,
                self.person,
                scope=self.sequence,
                query=self.query,
                gallery=self.gallery,
                frame=self.time,
                gap=self.gap,
                team=team,
            )
            for name, team in (("all", None), ("mates", self.team))
        }


def _asking(person: IntArray, time: IntArray) -> BoolArray:
    """Return (N,) at most `QUERIES` crops of each person, evenly spread."""
    order = np.lexsort((time, person))
    starts = np.flatnonzero(np.diff(person[order], prepend=-1))
    found = np.zeros(len(person), np.bool_)
    for rows in np.split(order, starts[1:]):
        count = min(QUERIES, len(rows))
        found[rows[((np.arange(count) + 0.5) * len(rows) / max(count, 1)).astype(np.int64)]] = True
    return found


def figures(scores: Mapping[str, RetrievalScores]) -> dict[str, float]:
    """Return the figures of an epoch by name: mAP, rank1, mates_mAP, mates_rank1; those without queries left out."""
    found: dict[str, float] = {}
    for name, one in scores.items():
        if one.queries:
            start = "" if name == "all" else f"{name}_"
            found |= {f"{start}mAP": one.mAP, f"{start}rank1": one.rank(1)}
    return found


def nearest_crops(held: HeldOut, vectors: Embeddings, row: int, count: int) -> tuple[IntArray, BoolArray]:
    """Return the rows nearest to a query among its team-mates, else its sequence, and which are the same person."""
    fit = held.gallery & (held.sequence == held.sequence[row])
    if held.team[row] >= 0:
        fit &= held.team == held.team[row]
    same = held.person == held.person[row]
    fit &= ~(same & (np.abs(held.time - held.time[row]) < held.gap))
    fit[row] = False
    answers = np.flatnonzero(fit)
    order = answers[np.argsort(-(vectors[answers] @ vectors[row]), kind="stable")][:count]
    return order, same[order]
