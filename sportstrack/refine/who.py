"""Who wears what: the team and the shirt number of each piece of a track, and what these say of two pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, FloatArray, IntArray

TRUST = 0.3  # share of a box's log-likelihoods that counts; neighbouring boxes repeat one another
DOUBT = 0.02  # chance that a box's evidence is wrong altogether
MOST = 8.0  # nats by which a piece can prefer one group to another
SURE = 0.98  # probability of a group from which on a piece is never linked to one that is as sure of another group
NUMBER_SUPPORT = 1.3  # confidences that must add up for a number
NUMBER_SHARE = 0.8  # of all confidences that must be for it
NUMBER_NATS = 3.0  # what two equal numbers of one team add to the log-odds of a link


@dataclass(frozen=True, eq=False)
class Who:
    """What is known of T pieces.

    Attributes:
        team: (T, G) probabilities of each group, or None.
        share: (G,) of all people.
        number: (T,) codes, −1 where unknown.
    """

    team: FloatArray | None
    share: FloatArray
    number: IntArray

    @classmethod
    def of(cls, table: TrackTable, starts: IntArray) -> Who:
        """Gather the evidence of an `ordered` table's pieces, which begin at the rows ``starts`` (T + 1,)."""
        number = _numbers(table, starts)
        if table.team_evidence is None:
            return cls(None, np.zeros(0), number)
        likely, share = team_likelihoods(table.team_evidence)
        total = np.add.reduceat(likely, starts[:-1], axis=0)
        total = np.maximum(total - total.max(axis=1, keepdims=True), -MOST)
        weight = share * np.exp(total)
        return cls(weight / weight.sum(axis=1, keepdims=True), share, number)

    def alike(self, a: IntArray, b: IntArray) -> FloatArray:
        """Return (P,) likelihood ratios of pairs by their teams: one person against any two."""
        if self.team is None:
            return np.ones(len(a))
        ratio: FloatArray = np.einsum("ij,ij->i", self.team[a] / self.share, self.team[b])
        return ratio

    def one_number(self, a: IntArray, b: IntArray) -> BoolArray:
        """Return which pairs have the same number, in teams that may be one; indices of any shape."""
        equal: BoolArray = (self.number[a] == self.number[b]) & (self.number[a] >= 0)
        return np.asarray(equal & ~self.differ(a, b))

    def one_person(self, a: IntArray, b: IntArray) -> BoolArray:
        """Return (P,) which pairs are one person's wherever they are: of one number, and surely of one team."""
        if self.team is None:
            return np.zeros(len(a), np.bool_)
        certain = self.team.max(axis=1) >= SURE
        return np.asarray(self.one_number(a, b) & certain[a] & certain[b])

    def log_ratio(self, a: IntArray, b: IntArray) -> FloatArray:
        """Return (P,) what teams and numbers add to the log-odds of pairs; −∞ for two that are surely different."""
        odds = np.log(self.alike(a, b))
        odds[self.differ(a, b)] = -np.inf
        return np.asarray(odds + NUMBER_NATS * self.one_number(a, b))

    @property
    def sure_team(self) -> IntArray:
        """(T,) the group that each piece surely belongs to, −1 where none is sure."""
        if self.team is None:
            return np.full(len(self.number), -1)
        return np.where(self.team.max(axis=1) >= SURE, self.team.argmax(axis=1), -1)

    def differ(self, a: IntArray, b: IntArray) -> BoolArray:
        """Return which pairs are of two teams or of two numbers for sure; indices of any shape."""
        unlike: BoolArray = (self.number[a] >= 0) & (self.number[b] >= 0) & (self.number[a] != self.number[b])
        unlike &= ~may_be_one(self.number[a], self.number[b])
        if self.team is not None:
            best, group = self.team.max(axis=1), self.team.argmax(axis=1)
            unlike |= (best[a] >= SURE) & (best[b] >= SURE) & (group[a] != group[b])
        return unlike


def team_likelihoods(evidence: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Return (N, G) nats that each box of (N, G) evidence adds to each group, 0 of the unknown, and (G,) shares."""
    some = np.clip(np.nan_to_num(evidence.astype(np.float64)), 0.0, 1.0)
    groups = some.shape[1]
    share = (some.sum(axis=0) + 1.0) / (some.sum() + groups)
    unknown = np.maximum(1.0 - some.sum(axis=1, keepdims=True), 0.0)
    mixed = (1.0 - DOUBT) * (some + unknown / groups) + DOUBT / groups
    return TRUST * np.log(groups * mixed), share


def _numbers(table: TrackTable, starts: IntArray) -> IntArray:
    """Return (T,) the number of each piece as a code, −1 where too little was read or too many different ones."""
    number = np.full(len(starts) - 1, -1)
    if table.number_votes is None:
        return number
    code, sure = table.number_votes[:, 0].astype(np.int64), table.number_votes[:, 1].astype(np.float64)
    piece = np.repeat(np.arange(len(number)), np.diff(starts))
    voted = (code >= 0) & (sure > 0)
    if not voted.any():
        return number
    pairs, at = np.unique(np.stack((piece[voted], code[voted]), axis=1), axis=0, return_inverse=True)
    support = np.bincount(at.ravel(), sure[voted])
    total = np.bincount(piece[voted], sure[voted], len(number))
    good = (support >= NUMBER_SUPPORT) & (support >= NUMBER_SHARE * total[pairs[:, 0]])
    number[pairs[good, 0]] = pairs[good, 1]
    return number


def sure_number(codes: IntArray, support: FloatArray, least: float) -> int:
    """Return the code for which (K,) confidences add up to enough, −1 where there is none."""
    best = int(support.argmax())
    sure = support[best] >= max(least, NUMBER_SHARE * support.sum())
    return int(codes[best]) if sure else -1


def one_hidden(a: int, b: int) -> bool:
    """Return `may_be_one` of two codes."""
    return bool(may_be_one(np.array(a), np.array(b)))


def may_be_one(a: IntArray, b: IntArray) -> BoolArray:
    """Return which codes may be two views of one number: a digit of two is often hidden."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    ten, one = np.where(high < 100, high // 10, 0), np.where(high < 100, high % 10, high - 100)
    hidden: BoolArray = (low < 10) & (high >= 10) & ((low == ten) | (low == one))
    return hidden
