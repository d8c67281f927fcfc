"""Appearance costs against plain loops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.appearance import blend, cosine, dynamic_momentum, read_embeddings, unit_rows
from sportstrack.errors import SettingError
from sportstrack.kalman import mahalanobis
from sportstrack.trackers.fusion import adaptive_weight, check_fusion, fuse, fused_limit, gated_minimum, weighted
from sportstrack.trackers.gallery import Gallery


def embeddings(rng: Any, count: int, length: int = 5) -> Any:
    return unit_rows(rng.normal(size=(count, length)))


def test_rows_become_unit_rows_and_broken_ones_unknown() -> None:
    rows = np.array([[3, 4], [0, 0], [np.nan, 1], [np.inf, 1], [1e-20, 0], [0, -2]], np.float32)
    want = np.array([[0.6, 0.8], [0, 0], [0, 0], [0, 0], [0, 0], [0, -1]], np.float32)
    got = unit_rows(rows)
    assert got.dtype == np.float32
    assert got == pytest.approx(want)
    assert unit_rows(np.empty((0, 7))).shape == (0, 7)


def test_cosine_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    a, b = embeddings(rng, 4), embeddings(rng, 6)
    assert cosine(a, b) == pytest.approx(np.array([[1 - sum(p * q) for q in b] for p in a]), abs=1e-6)
    assert cosine(a, a).diagonal() == pytest.approx(0, abs=1e-6)
    assert (cosine(a, -a) <= 2).all()
    assert cosine(np.zeros((1, 5), np.float32), b) == pytest.approx(1)  # unknown: as far as unrelated


def test_two_ways_to_bring_motion_and_appearance_together() -> None:
    motion, vector = np.array([[0.9, 0.2]]), np.array([[0.1, 0.4]])
    assert gated_minimum(motion, vector, np.array([[True, True]])).tolist() == [[0.1, 0.2]]
    assert gated_minimum(motion, vector, np.array([[False, True]])).tolist() == [[0.9, 0.2]]
    assert weighted(motion, vector, 1.0).tolist() == motion.tolist()
    assert weighted(motion, vector, 0.0).tolist() == vector.tolist()
    assert weighted(motion, vector, 0.25) == pytest.approx(np.array([[0.3, 0.35]]))


# --- fusion ----------------------------------------------------------------------------------------------------------


def how(fusion: str, alpha: float = 0.25, base: float = 0.75, most: float = 0.5) -> Any:
    return SimpleNamespace(fusion=fusion, alpha=alpha, w_association_emb=base, aw_param=most)


MOTION = np.array([[0.4, 0.9], [0.8, 0.3]])
APPEARANCE = np.array([[0.1, 0.9], [0.8, 0.4]])  # similarities 0.9, 0.1; 0.2, 0.6
EVERY = np.ones((2, 2), np.bool_)


def test_minimum_takes_the_smaller_of_motion_and_half_the_appearance() -> None:
    near = np.array([[True, False], [True, True]])
    assert fuse(how("minimum"), MOTION, APPEARANCE, near) == pytest.approx(np.array([[0.05, 0.9], [0.4, 0.2]]))


def test_gated_weighs_by_its_own_alpha() -> None:
    got = fuse(how("gated"), MOTION, APPEARANCE, EVERY, alpha=0.02)
    assert got == pytest.approx(0.02 * MOTION + 0.98 * APPEARANCE)
    assert fuse(how("gated"), MOTION, APPEARANCE, EVERY).tolist() == APPEARANCE.tolist()


def test_weighted_by_hand_and_where_appearance_does_not_count() -> None:
    near, seen = np.array([[True, False], [True, True]]), np.array([[True, True], [False, True]])
    got = fuse(how("weighted"), MOTION, APPEARANCE, near, seen)
    assert got == pytest.approx(np.array([[0.25 * 0.4 + 0.75 * 0.1, 0.9], [0.8, 0.25 * 0.3 + 0.75 * 0.4]]))
    opposite = fuse(how("weighted"), MOTION, np.full((2, 2), 1.7), EVERY)
    assert opposite == pytest.approx(0.25 * MOTION + 0.75)  # no farther than unrelated


def test_adaptive_weights_by_hand() -> None:
    # Rows: 0.9 − 0.1 is clipped to 0.5, 0.6 − 0.2 is 0.4. Columns: 0.9 − 0.2 to 0.5, 0.6 − 0.1 is 0.5.
    got = adaptive_weight(1 - APPEARANCE, 0.75, 0.5)
    assert got == pytest.approx(np.array([[1.25, 1.25], [1.2, 1.2]]))
    assert adaptive_weight(np.array([[0.8], [0.7]]), 0.75, 0.5) == pytest.approx(np.array([[0.8], [0.8]]))
    assert adaptive_weight(np.array([[0.8]]), 0.75, 0.5).tolist() == [[0.75]]
    assert adaptive_weight(np.empty((0, 3)), 0.75, 0.5).shape == (0, 3)


def test_adaptive_cost_by_hand() -> None:
    got = fuse(how("adaptive"), MOTION, APPEARANCE, EVERY)
    assert got[0, 0] == pytest.approx(1 - (0.6 + 1.25 * 0.9) / 2.25)
    assert got[1, 0] == pytest.approx(1 - (0.2 + 1.2 * 0.2) / 2.25)
    assert (got >= 0).all()
    near = np.array([[True, True], [False, True]])  # out of the question: no similarity, and no rival of others
    got = fuse(how("adaptive"), MOTION, APPEARANCE, near)
    assert got[1, 0] == pytest.approx(1 - 0.2 / 2.25)
    assert got[1, 1] == pytest.approx(1 - (0.7 + (0.75 + (0.5 + 0.5) / 2) * 0.6) / 2.25)
    unknown = np.array([[True, True], [True, False]])
    assert fuse(how("adaptive"), MOTION, APPEARANCE, EVERY, unknown)[1, 1] == 0.3


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_adaptive_pairs_are_those_of_the_papers_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracks, boxes = rng.integers(1, 6, 2)
    overlap, similarity = rng.random((tracks, boxes)), rng.uniform(-1, 1, (tracks, boxes))
    total = np.empty((tracks, boxes))
    for t in range(tracks):
        for n in range(boxes):
            row, column = sorted(similarity[t]), sorted(similarity[:, n])
            ahead = [min(line[-1] - line[-2], 0.5) if len(line) > 1 else 0.0 for line in (row, column)]
            total[t, n] = overlap[t, n] + (0.75 + sum(ahead) / 2) * similarity[t, n]
    got = fuse(how("adaptive"), 1 - overlap, 1 - similarity, total < np.inf)
    assert got == pytest.approx(1 - total / 2.25)


def test_the_limit_is_the_cost_of_a_pair_at_both_limits() -> None:
    assert fused_limit(how("weighted"), 0.7, 0.2) == pytest.approx(0.25 * 0.7 + 0.75 * 0.2)
    assert fused_limit(how("adaptive"), 0.7, 0.2) == pytest.approx(1 - (0.3 + 0.75 * 0.8) / 2.25)


def test_dynamic_momentum_by_hand() -> None:
    got = dynamic_momentum(np.array([1.0, 0.6, 0.8, 0.3, 1.2]), 0.6, 0.95)
    assert got == pytest.approx(np.array([0.95, 1.0, 0.975, 1.0, 0.95]))
    assert dynamic_momentum(np.array([1.0]), 1.0, 0.9) == pytest.approx(np.array([1.0]))


def test_blending_keeps_unit_rows_and_known_embeddings() -> None:
    old, new = unit_rows([[1, 0], [0, 0], [1, 0]]), unit_rows([[0, 1], [0, 1], [0, 0]])
    want = [[0.9 / 0.82**0.5, 0.1 / 0.82**0.5], [0, 1], [1, 0]]
    assert blend(old, new, 0.9) == pytest.approx(np.array(want), abs=1e-6)
    each = blend(old, new, np.array([1.0, 0.5, 0.5]))
    assert each == pytest.approx(np.array([[1, 0], [0, 1], [1, 0]]), abs=1e-6)


def test_mahalanobis_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    place, var, seen = rng.normal(size=(4, 3)), rng.random((4, 3)) + 0.1, rng.normal(size=(4, 5))
    want = [[sum((seen[c, n] - place[c, t]) ** 2 / var[c, t] for c in range(4)) for n in range(5)] for t in range(3)]
    assert mahalanobis(place, var, seen) == pytest.approx(np.array(want))


def test_embeddings_are_read_with_the_length_they_had() -> None:
    table = np.ones((2, 4), np.float32)
    assert read_embeddings(None, 4) is None
    assert read_embeddings(np.empty((0, 9), np.float32), 4) is None
    assert read_embeddings(table, 0) is table
    assert read_embeddings(table, 4) is table
    with pytest.raises(SettingError, match="5 columns as before, got 4"):
        read_embeddings(table, 5)


def test_a_fusion_is_one_of_the_trackers_own() -> None:
    check_fusion(how("weighted"), ("minimum", "weighted"))
    with pytest.raises(SettingError, match="expected minimum or weighted, got 'gated'"):
        check_fusion(how("gated"), ("minimum", "weighted"))


# --- gallery ---------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), budget=st.integers(1, 6), steps=st.integers(1, 30))
def test_a_gallery_equals_plain_lists(seed: int, budget: int, steps: int) -> None:
    rng, gallery = np.random.default_rng(seed), Gallery(budget)
    plain: dict[int, list[Any]] = {}
    for _ in range(steps):
        taken = gallery.take(int(rng.integers(0, 4))).tolist()
        assert not set(taken) & set(plain)
        plain |= {slot: [] for slot in taken}
        slots = np.array(sorted(plain), np.int64)[rng.random(len(plain)) < 0.6]
        features = embeddings(rng, len(slots))
        gallery.add(slots, features)
        for slot, feature in zip(slots.tolist(), features, strict=True):
            plain[slot] = [*plain[slot], feature][-budget:]
        gone = [slot for slot in plain if rng.random() < 0.2]
        gallery.release(np.array(gone, np.int64))
        for slot in gone:
            del plain[slot]
        asked, slots = embeddings(rng, int(rng.integers(0, 20))), np.array(sorted(plain), np.int64)
        wanted = rng.random((len(slots), len(asked))) < rng.random()
        want = np.ones(wanted.shape)
        for t, n in zip(*wanted.nonzero(), strict=True):
            want[t, n] = min([1.0, *(1 - float(vector @ asked[n]) for vector in plain[int(slots[t])])])
        assert gallery.distance(slots, asked, wanted) == pytest.approx(want, abs=1e-6)


def test_a_gallery_gives_memory_back_when_a_crowd_leaves() -> None:
    gallery, rng = Gallery(50), np.random.default_rng(0)
    few, crowd = gallery.take(2), gallery.take(400)
    for _ in range(60):
        gallery.add(crowd, embeddings(rng, 400))
    gallery.add(few, embeddings(rng, 2))
    large = gallery._vectors.size
    gallery.release(crowd)
    assert gallery._vectors.size < large / 1000


def test_embeddings_keep_their_length() -> None:
    gallery = Gallery(3)
    slots = gallery.take(1)
    gallery.add(slots, np.ones((1, 4), np.float32))
    with pytest.raises(SettingError, match="4 columns as before, got 5"):
        gallery.add(slots, np.ones((1, 5), np.float32))
    with pytest.raises(SettingError, match="4 columns as before, got 5"):
        gallery.distance(slots, np.ones((1, 5), np.float32), np.ones((1, 1), np.bool_))
