"""NMS: the same rows as torchvision keeps, in the same order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect.yolo import nms


def crowd(count: int, seed: int, wide: float = 60.0, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 300, (count, 2))
    boxes = np.concatenate((corner, corner + rng.uniform(0, wide, (count, 2))), axis=1)
    score = rng.random(count)
    if steps is not None:  # many equal boxes and scores
        boxes, score = np.round(boxes / 20) * 20, np.round(score * steps) / steps
    return boxes.astype(np.float32), score.astype(np.float32)


def reference(boxes: np.ndarray, score: np.ndarray, iou: float) -> np.ndarray:
    import torch
    import torchvision

    return torchvision.ops.nms(torch.from_numpy(boxes), torch.from_numpy(score), iou).numpy()


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 400), st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), st.sampled_from([None, 8])
)
def test_rows_are_those_of_torchvision(count: int, seed: int, iou: float, steps: int | None) -> None:
    boxes, score = crowd(count, seed, steps=steps)
    expected = reference(boxes, score, iou)
    np.testing.assert_array_equal(nms(boxes, score, iou), expected)
    for most in (0, 1, 7, 150):
        np.testing.assert_array_equal(nms(boxes, score, iou, most), expected[:most])


def test_thousands_of_boxes_and_offsets_of_classes() -> None:
    boxes, score = crowd(5000, 1)
    boxes += 7680 * np.random.default_rng(2).integers(0, 80, (5000, 1)).astype(np.float32)
    np.testing.assert_array_equal(nms(boxes, score, 0.45), reference(boxes, score, 0.45))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.integers(0, 10**6), st.floats(0.05, 0.95))
def test_what_stays_does_not_overlap_and_what_goes_does(count: int, seed: int, iou: float) -> None:
    from sportstrack.boxes import iou as overlaps

    boxes, score = crowd(count, seed)
    kept = nms(boxes, score, iou)
    table = overlaps(boxes.astype(float), boxes.astype(float))
    among = table[np.ix_(kept, kept)] - np.eye(len(kept))
    assert among.max() <= iou + 1e-5
    assert (np.diff(score[kept]) <= 0).all()
    for row in np.setdiff1d(np.arange(count), kept):
        better = kept[score[kept] >= score[row]]
        assert table[row, better].max() > iou - 1e-5


def test_empty_boxes_do_not_suppress_each_other() -> None:
    boxes = np.array([[5, 5, 5, 5], [5, 5, 5, 5], [0, 0, 10, 10]], np.float32)
    with np.errstate(all="raise"):
        assert nms(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.5).tolist() == [0, 1, 2]


@pytest.mark.parametrize("most", [None, 5])
def test_no_boxes(most: int | None) -> None:
    assert nms(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.5, most).tolist() == []
