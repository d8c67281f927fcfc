"""Assignment against every possible one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sportstrack import assign
from sportstrack.assign import certain_matches, certain_pairs, clip_then_solve, rival, solve_then_gate, unmatched

shapes = st.tuples(st.integers(0, 5), st.integers(0, 5))
spread = hnp.arrays(np.float64, shapes, elements=st.floats(0, 1))
ties = hnp.arrays(np.float64, shapes, elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
sparse = hnp.arrays(np.float64, shapes, elements=st.just(1.0) | st.floats(0, 1))
costs = spread | ties | sparse
sizes = pytest.mark.parametrize("small", [10**9, -1], ids=["solver", "parts"])


def every_matching(rows: int, columns: int) -> Iterator[list[tuple[int, int]]]:
    """Every set of min(rows, columns) disjoint pairs."""
    if rows <= columns:
        yield from ([*enumerate(chosen)] for chosen in permutations(range(columns), rows))
    else:
        yield from (
            [(row, column) for column, row in enumerate(chosen)] for chosen in permutations(range(rows), columns)
        )


def check_pairs(cost: Any, rows: Any, columns: Any) -> None:
    assert rows.dtype.kind == columns.dtype.kind == "i"
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert len(set(columns.tolist())) == len(columns) == len(rows)
    assert all(0 <= c < cost.shape[1] for c in columns)


@sizes
@settings(deadline=None)
@given(cost=costs, limit=st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.999]))
def test_clip_then_solve_is_the_best_of_all(small: int, cost: Any, limit: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "_SMALL", small)
        rows, columns = clip_then_solve(cost, limit)
    check_pairs(cost, rows, columns)
    assert (cost[rows, columns] <= limit).all()
    got = sum(cost[rows, columns] - limit)
    best = min(sum(min(cost[pair] - limit, 0.0) for pair in pairs) for pairs in every_matching(*cost.shape))
    assert got == pytest.approx(best, abs=1e-8)


@sizes
@settings(deadline=None)
@given(cost=costs, limit=st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.999]))
def test_solve_then_gate_keeps_the_good_pairs_of_a_best_one(small: int, cost: Any, limit: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "_SMALL", small)
        rows, columns = solve_then_gate(cost, limit, worst=1.0)
    check_pairs(cost, rows, columns)
    totals = [(sum(cost[pair] for pair in pairs), pairs) for pairs in every_matching(*cost.shape)]
    least = min(total for total, _ in totals)
    answers = [{pair for pair in pairs if cost[pair] <= limit} for total, pairs in totals if total <= least + 1e-9]
    assert {*zip(rows.tolist(), columns.tolist(), strict=True)} in answers


@settings(deadline=None)
@given(cost=costs, limit=st.sampled_from([0.2, 0.7]))
def test_without_a_known_worst_the_answer_costs_the_same(cost: Any, limit: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign, "_SMALL", -1)
        known = solve_then_gate(cost, np.inf if not cost.size else 2.0)
        assert cost[known].sum() == pytest.approx(cost[solve_then_gate(cost, 2.0)].sum())


def test_the_two_semantics_differ() -> None:
    # Rows 0 and 1 both want column 0. Solving first hands column 1 to row 0, at a cost that the gate refuses.
    cost = np.array([[0.35, 0.71], [0.3, 1.0]])
    assert [pair.tolist() for pair in clip_then_solve(cost, 0.7)] == [[1], [0]]
    assert [pair.tolist() for pair in solve_then_gate(cost, 0.7)] == [[1], [0]]
    cost = np.array([[0.65, 0.71], [0.71, 1.0]])  # 1.42 < 1.65, and both pairs are over the limit
    assert [pair.tolist() for pair in clip_then_solve(cost, 0.7)] == [[0], [0]]
    assert [pair.tolist() for pair in solve_then_gate(cost, 0.7)] == [[], []]


@pytest.mark.parametrize("solve", [clip_then_solve, solve_then_gate])
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign(solve: Any, shape: tuple[int, int]) -> None:
    rows, columns = solve(np.empty(shape), 0.5)
    assert len(rows) == len(columns) == 0


@sizes
def test_a_pair_at_the_limit_matches(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "_SMALL", small)
    cost = np.array([[0.5, 0.9], [0.9, 0.5]])
    assert clip_then_solve(cost, 0.5)[1].tolist() == [0, 1]
    assert solve_then_gate(cost, 0.5, worst=1.0)[1].tolist() == [0, 1]


@sizes
def test_equal_costs_give_the_same_answer_each_time(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "_SMALL", small)
    cost = np.full((4, 4), 0.25)
    assert clip_then_solve(cost, 0.5)[1].tolist() == [0, 1, 2, 3]
    assert solve_then_gate(cost, 0.5, worst=1.0)[1].tolist() == [0, 1, 2, 3]


def test_a_crowd_costs_what_the_solver_says() -> None:
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(0)
    for seed in range(20):
        cost = np.ones((90, 80))
        pairs = rng.integers(0, 80, (40 * seed, 2))
        cost[pairs[:, 0], pairs[:, 1]] = rng.uniform(0, 1, len(pairs))
        clipped = np.minimum(cost, 0.7)
        rows, columns = clip_then_solve(cost, 0.7)
        assert sum(cost[rows, columns] - 0.7) == pytest.approx((clipped[linear_sum_assignment(clipped)] - 0.7).sum())


@pytest.mark.parametrize("solve", [clip_then_solve, solve_then_gate])
def test_the_matrix_is_not_changed(solve: Any) -> None:
    cost = np.random.default_rng(0).uniform(size=(60, 70))
    before = cost.copy()
    solve(cost, 0.5)
    assert np.array_equal(cost, before)


@settings(deadline=None)
@given(
    st.integers(0, 6).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)) if n else st.just(set())))
)
def test_unmatched_is_the_rest(case: tuple[int, set[int]]) -> None:
    count, matched = case
    rest = unmatched(count, np.array(sorted(matched), dtype=np.int64))
    assert rest.tolist() == [i for i in range(count) if i not in matched]


def best_matchings(weight: Any) -> list[set[tuple[int, int]]]:
    """The pairs above 0 of every matching of greatest total weight."""
    every = [
        ({pair for pair in pairs if weight[pair] > 0}, sum(weight[pair] for pair in pairs))
        for pairs in every_matching(*weight.shape)
    ]
    most = max(total for _, total in every)
    return [pairs for pairs, total in every if total > most - 1e-12]


levels = st.sampled_from([0.0, 0.0, 0.1, 0.2, 0.5, 1.0])
weights = hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=levels)


@settings(deadline=None)
@given(weight=weights)
def test_certain_pairs_are_in_every_best_matching(weight: Any) -> None:
    rows, columns = weight.nonzero()
    shuffled = np.random.default_rng(0).permutation(len(rows))
    rows, columns = rows[shuffled], columns[shuffled]
    certain = certain_pairs(rows, columns, weight[rows, columns], margin=1e-9)
    assert certain.shape == rows.shape
    pairs = set(zip(rows[certain].tolist(), columns[certain].tolist(), strict=True))
    assert all(pairs <= best for best in best_matchings(weight))


def test_a_certain_pair_makes_another_certain() -> None:
    rows, columns, weight = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.5, 0.6, 0.5])
    assert not certain_pairs(rows, columns, weight).any()
    weight[0] = 0.9
    assert certain_pairs(rows, columns, weight).tolist() == [True, False, True]


def test_equal_rivals_are_not_certain_and_no_pairs_give_none() -> None:
    assert not certain_pairs(np.array([0, 0]), np.array([0, 1]), np.array([0.5, 0.5])).any()
    assert certain_pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)).shape == (0,)


@settings(deadline=None)
@given(affinity=weights, seed=st.integers(0, 99), addition=st.sampled_from([0.0, 0.05, 0.2]))
def test_certain_matches_stay_whatever_is_added(affinity: Any, seed: int, addition: float) -> None:
    rows, columns = certain_matches(affinity, addition)
    pairs = set(zip(rows.tolist(), columns.tolist(), strict=True))
    added = affinity + np.random.default_rng(seed).uniform(-addition, addition, affinity.shape)
    every = [(set(found), sum(added[pair] for pair in found)) for found in every_matching(*affinity.shape)]
    most = max(total for _, total in every)
    assert all(pairs <= found for found, total in every if total > most - 1e-12)


def test_certain_matches_are_found() -> None:
    rows, columns = certain_matches(np.array([[0.1, 0.9, 0.0], [0.8, 0.0, 0.0], [0.0, 0.0, 0.1]]), 0.1)
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [1, 0]


def test_the_rival_is_the_best_other_one_of_the_row() -> None:
    values = np.array([[3.0, 5, 1], [2, 2, 0]])
    assert rival(values).tolist() == [[5, 3, 5], [2, 2, 2]]
    assert rival(values[:, :1]).tolist() == [[-1], [-1]]
