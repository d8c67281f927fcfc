"""The best choice among pairs of pieces, and the ids of the chains that it makes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from sportstrack.assign import certain_pairs
from sportstrack.refine.table import fresh_ids
from sportstrack.refine.who import Who, one_hidden
from sportstrack.types import FloatArray, IntArray

Pairs: TypeAlias = tuple[IntArray, IntArray]
"""(P,) pieces that end, (P,) pieces that begin later."""


def best_links(a: IntArray, b: IntArray, gain: FloatArray) -> Pairs:
    """Choose pairs so that no a and no b stands in two of them and the sum of the gains is greatest.

    Args:
        a: (P,) left side of each pair.
        b: (P,) right side.
        gain: (P,) above 0; each pair stands once.

    Returns:
        The sides of the chosen pairs. Works on the pairs given alone: no matrix of all against all is made.
    """
    sure = np.flatnonzero(certain_pairs(a, b, gain))
    open_ = ~np.isin(a, a[sure]) & ~np.isin(b, b[sure])
    rest = _assign(a[open_], b[open_], gain[open_])
    return np.concatenate((a[sure], rest[0])), np.concatenate((b[sure], rest[1]))


def _assign(a: IntArray, b: IntArray, gain: FloatArray) -> Pairs:
    if not len(a):
        return a, b
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    left, row = np.unique(a, return_inverse=True)
    right, column = np.unique(b, return_inverse=True)
    alone = np.arange(len(left))  # each left side has a column of its own, for staying alone
    price = float(gain.max()) + 1.0  # a cost of 0 would be taken for no pair
    cost = np.concatenate((price - gain, np.full(len(left), price)))
    place = (np.concatenate((row, alone)), np.concatenate((column, len(right) + alone)))
    matrix = csr_array((cost, place), shape=(len(left), len(right) + len(left)))
    rows, columns = min_weight_full_bipartite_matching(matrix)
    linked = columns < len(right)
    return left[rows[linked]], right[columns[linked]]


def without_contradictions(a: IntArray, b: IntArray, gain: FloatArray, who: Who, least_held: float) -> Pairs:
    """Cut the chains that join people of two teams or numbers by way of pieces that are sure of neither.

    Args:
        a: (P,) left side of each chosen pair.
        b: (P,) right side; no piece stands twice on one side.
        gain: (P,) of the pairs: between two that contradict each other the weakest link is cut.
        who: teams and numbers of the pieces.
        least_held: gain from which on a link must stay.
    """
    team, number = who.sure_team.tolist(), who.number.tolist()
    place = dict(zip(a.tolist(), range(len(a)), strict=True))
    follows, kept = b.tolist(), np.ones(len(a), np.bool_)
    for head in np.setdiff1d(a, b).tolist():
        links: list[int] = []  # of this chain, so far
        seen: dict[str, tuple[int, int]] = {}  # what is known of its latest piece → value, links before it
        piece = head
        while True:
            for kind, value in (("team", team[piece]), ("number", number[piece])):
                if value < 0:
                    continue
                before, since = seen.get(kind, (value, len(links)))
                if before != value and not (kind == "number" and one_hidden(before, value)):
                    weak = min(links[since:], key=gain.__getitem__)
                    if gain[weak] < least_held:
                        kept[weak] = False
                        seen = {k: (v, at) for k, (v, at) in seen.items() if at > links.index(weak)}
                seen[kind] = (value, len(links))
            if piece not in place:
                break
            links.append(place[piece])
            piece = follows[place[piece]]
    return a[kept], b[kept]


def chain_ids(ids: IntArray, a: IntArray, b: IntArray) -> IntArray:
    """Return (T,) the new id of each piece: that of its chain's first piece; piece ``b[i]`` follows ``a[i]``.

    ``ids`` are sorted, and pieces of one track by time: its first piece keeps the id, a later one that begins a chain
    gets a new one.
    """
    before = np.arange(len(ids))
    before[b] = a
    while not np.array_equal(earlier := before[before], before):  # rounds: the logarithm of the longest chain
        before = earlier
    fresh: IntArray = fresh_ids(ids)[before]
    return fresh
