"""Appearance costs against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.cost import Gallery, cosine, gated_minimum, unit_rows, weighted
from sportstrack.errors import SettingError


def looks(rng: Any, count: int, length: int = 5) -> Any:
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
    a, b = looks(rng, 4), looks(rng, 6)
    assert cosine(a, b) == pytest.approx(np.array([[1 - sum(p * q) for q in b] for p in a]), abs=1e-6)
    assert cosine(a, a).diagonal() == pytest.approx(0, abs=1e-6)
    assert (cosine(a, -a) <= 2).all()
    assert cosine(np.zeros((1, 5), np.float32), b) == pytest.approx(1)  # unknown: as far as unrelated


def test_two_ways_to_bring_motion_and_appearance_together() -> None:
    motion, look = np.array([[0.9, 0.2]]), np.array([[0.1, 0.4]])
    assert gated_minimum(motion, look, np.array([[True, True]])).tolist() == [[0.1, 0.2]]
    assert gated_minimum(motion, look, np.array([[False, True]])).tolist() == [[0.9, 0.2]]
    assert weighted(motion, look, 1.0).tolist() == motion.tolist()
    assert weighted(motion, look, 0.0).tolist() == look.tolist()
    assert weighted(motion, look, 0.25) == pytest.approx(np.array([[0.3, 0.35]]))


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
        features = looks(rng, len(slots))
        gallery.add(slots, features)
        for slot, feature in zip(slots.tolist(), features, strict=True):
            plain[slot] = [*plain[slot], feature][-budget:]
        gone = [slot for slot in plain if rng.random() < 0.2]
        gallery.release(np.array(gone, np.int64))
        for slot in gone:
            del plain[slot]
        asked, slots = looks(rng, int(rng.integers(0, 20))), np.array(sorted(plain), np.int64)
        wanted = rng.random((len(slots), len(asked))) < rng.random()
        want = np.ones(wanted.shape)
        for t, n in zip(*wanted.nonzero(), strict=True):
            want[t, n] = min([1.0, *(1 - float(look @ asked[n]) for look in plain[int(slots[t])])])
        assert gallery.distance(slots, asked, wanted) == pytest.approx(want, abs=1e-6)


def test_a_gallery_gives_memory_back_when_a_crowd_leaves() -> None:
    gallery, rng = Gallery(50), np.random.default_rng(0)
    few, crowd = gallery.take(2), gallery.take(400)
    for _ in range(60):
        gallery.add(crowd, looks(rng, 400))
    gallery.add(few, looks(rng, 2))
    large = gallery._looks.size
    gallery.release(crowd)
    assert gallery._looks.size < large / 1000


def test_looks_keep_their_length() -> None:
    gallery = Gallery(3)
    slots = gallery.take(1)
    gallery.add(slots, np.ones((1, 4), np.float32))
    with pytest.raises(SettingError, match="4 columns as before, got 5"):
        gallery.add(slots, np.ones((1, 5), np.float32))
    with pytest.raises(SettingError, match="4 columns as before, got 5"):
        gallery.distance(slots, np.ones((1, 5), np.float32), np.ones((1, 1), np.bool_))
