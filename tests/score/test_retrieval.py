"""Retrieval scores, proved against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from sklearn.neighbors import KNeighborsClassifier

from sportstrack.errors import SettingError
from sportstrack.score.retrieval import average_precision, first_rank, score_retrieval

LEVELS = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0])  # few, so that many are equal


@given(st.lists(st.tuples(LEVELS | st.floats(-1, 1), st.booleans()), min_size=1, max_size=40), st.randoms())
def test_average_precision_is_that_of_scikit_learn(rows: list[tuple[float, bool]], random: object) -> None:
    similarity, correct = np.array([s for s, _ in rows]), np.array([c for _, c in rows])
    if not correct.any():
        assert np.isnan(average_precision(similarity, correct))
        return
    assert average_precision(similarity, correct) == pytest.approx(average_precision_score(correct, similarity))
    turned = np.random.default_rng(len(rows)).permutation(len(rows))
    assert average_precision(similarity[turned], correct[turned]) == pytest.approx(
        average_precision(similarity, correct)
    )


def cloud(people: int, crops: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of so many people around a direction each."""
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(people), crops)
    vectors = rng.normal(size=(people, 16))[identity] + spread * rng.normal(size=(people * crops, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), identity


def test_ranks_are_those_of_scikit_learns_neighbours() -> None:
    vectors, identity = cloud(12, 6, 1.2)
    query = np.arange(len(identity)) % 6 == 0
    scores = score_retrieval(vectors, identity, query=query, gallery=~query)
    neighbours = KNeighborsClassifier(1, metric="cosine").fit(vectors[~query], identity[~query])
    assert scores.rank(1) == pytest.approx(neighbours.score(vectors[query], identity[query]))
    _, nearest = neighbours.kneighbors(vectors[query], 5)
    found = (identity[~query][nearest] == identity[query][:, None]).any(axis=1).mean()
    assert scores.rank(5) == pytest.approx(found)
    each = [
        average_precision_score(identity[~query] == identity[row], vectors[~query] @ vectors[row])
        for row in np.flatnonzero(query)
    ]
    assert scores.mAP == pytest.approx(np.mean(each), abs=1e-6)
    assert scores.queries == 12
    assert 0.2 < scores.rank(1) < scores.rank(10) <= 1


def test_a_query_is_compared_within_its_sequence_and_with_team_mates_alone() -> None:
    vectors, identity = cloud(4, 5, 0.0)
    vectors[identity == 1] = vectors[identity == 0][0]  # 0 and 1 look the same
    scope = np.where(identity < 3, 0, 1)
    team = np.array([0, 1, 0, 0])[identity]
    mixed = score_retrieval(vectors, identity, scope=scope)
    assert mixed.rank(1) == 0.5  # equal similarity: the other person comes first
    assert score_retrieval(vectors, identity, scope=scope, team=team).rank(1) == 1
    assert score_retrieval(vectors, identity, scope=identity).rank(1) == 1


def test_crops_of_neighbouring_frames_do_not_answer() -> None:
    vectors, identity = cloud(3, 4, 0.3)
    frame = np.tile([0, 1, 100, 101], 3)
    scores = score_retrieval(vectors, identity, frame=frame, gap=10)
    assert scores.gallery == 8 + 2  # eight of others, the two of the other end
    alone = score_retrieval(vectors, identity, frame=frame, gap=1000)
    assert (alone.queries, alone.left_out) == (0, 12)
    assert np.isnan(alone.mAP)
    assert np.isnan(alone.rank(1))
    assert alone.to_dict()["mAP"] is None
    assert scores.to_dict()["rank1"] == scores.rank(1)


def test_unknown_rows_are_never_an_answer_by_chance() -> None:
    vectors, identity = np.zeros((6, 3), np.float32), np.array([0, 0, 1, 1, 2, 2])
    scores = score_retrieval(vectors, identity)
    assert scores.rank(1) == 0
    assert scores.mAP == pytest.approx(0.2)  # one right crop of five, all equally near


def test_first_rank_counts_equals_before() -> None:
    assert first_rank(np.array([0.9, 0.5, 0.5]), np.array([False, True, False])) == 3


def test_columns_that_do_not_fit_are_named() -> None:
    vectors, identity = cloud(2, 2, 0.1)
    with pytest.raises(SettingError, match="identity: expected 4 rows"):
        score_retrieval(vectors, identity[:3])
    with pytest.raises(SettingError, match="gap: expected the frames"):
        score_retrieval(vectors, identity, gap=5)
