"""Probabilities of numbers out of a text network's columns."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.numbers.codes import TEXTS
from sportstrack.numbers.networks import number_probabilities


def by_hand(blank: np.ndarray, digits: np.ndarray) -> dict[str, float]:
    """Sum over all paths of blanks and digits, merged as connectionist temporal classification does."""
    total = dict.fromkeys(TEXTS, 0.0)
    for path in product(range(-1, 10), repeat=len(blank)):
        share = float(np.prod([blank[t] if sign < 0 else digits[t, sign] for t, sign in enumerate(path)]))
        merged = [sign for t, sign in enumerate(path) if sign >= 0 and (t == 0 or path[t - 1] != sign)]
        text = "".join(map(str, merged))
        if text in total:
            total[text] += share
    return total


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_sum_over_all_paths(steps: int, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(12), steps)  # blank, ten digits, all other signs
    found = number_probabilities(shares[None, :, 0], shares[None, :, 1:11])[0]
    expected = by_hand(shares[:, 0], shares[:, 1:11])
    np.testing.assert_allclose(found, [expected[text] for text in TEXTS], atol=1e-12)


def test_a_repeated_digit_needs_a_gap() -> None:
    digits = np.zeros((1, 3, 10))
    digits[0, [0, 2], 7] = 1.0
    blank = np.array([[0.0, 1.0, 0.0]])
    assert TEXTS[number_probabilities(blank, digits)[0].argmax()] == "77"
    digits[0, 1, 7], blank[0, 1] = 1.0, 0.0
    assert TEXTS[number_probabilities(blank, digits)[0].argmax()] == "7"
