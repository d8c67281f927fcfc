"""Single pixels of masks, masks of parts, and which mask is on top, against filled masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.masks import Masks
from sportstrack.masks.places import labels, masks_of_parts, values_at


@st.composite
def pictures(draw: st.DrawFn) -> np.ndarray:
    n, h, w = draw(st.integers(0, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return np.random.default_rng(draw(st.integers(0, 999))).random((n, h, w)) < draw(st.floats(0, 1))


@given(pictures())
def test_every_pixel_is_found_and_none_outside(filled: np.ndarray) -> None:
    n, h, w = filled.shape
    row, y, x = np.ogrid[0:n, -1 : h + 1, -1 : w + 1]
    assert np.array_equal(values_at(Masks.from_array(filled), row, x, y), np.pad(filled, ((0, 0), (1, 1), (1, 1))))


def test_a_row_without_a_mask_has_no_pixel() -> None:
    masks = Masks.from_array([None, np.ones((2, 2), bool), None])
    assert values_at(masks, [0, 1, 2], 1, 1).tolist() == [False, True, False]


@given(pictures(), st.integers(0, 5), st.integers(0, 5))
def test_parts_make_the_masks_that_they_were_cut_from(filled: np.ndarray, dx: int, dy: int) -> None:
    n, h, w = filled.shape
    whole = np.zeros((n, h + dy + 1, w + dx + 1), bool)
    whole[:, dy : dy + h, dx : dx + w] = filled
    masks = masks_of_parts(list(filled), np.tile([dx, dy], (n, 1)), whole.shape[1:])
    assert np.array_equal(np.asarray(masks), whole)


def test_a_part_that_reaches_out_of_the_picture_is_refused() -> None:
    with pytest.raises(SettingError, match="within a picture of 4 x 4"):
        masks_of_parts([np.ones((2, 2), bool)], [[3, 0]], (4, 4))


@given(pictures(), st.randoms())
def test_the_first_mask_is_on_top(filled: np.ndarray, random: object) -> None:
    order = list(range(len(filled)))
    random.shuffle(order)  # type: ignore[attr-defined]
    masks = Masks.from_array(filled)
    left, taken = np.zeros_like(filled), np.zeros(filled.shape[1:], bool)
    for row in order:
        left[row] = filled[row] & ~taken
        taken |= filled[row]
    on_top = labels(masks, order)
    assert np.array_equal(on_top > 0, taken)
    assert all(((on_top == row + 1) == left[row]).all() for row in order)


def test_an_order_that_names_a_mask_twice_is_refused() -> None:
    with pytest.raises(SettingError, match="each once"):
        labels(Masks.from_array(np.ones((2, 2, 2), bool)), [0, 0])
