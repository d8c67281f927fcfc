"""Box geometry against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import boxes

corner, extent = st.floats(-1e4, 1e4), st.floats(1e-3, 1e4)
box = st.tuples(corner, corner, extent, extent).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
few = st.lists(box, min_size=1, max_size=6).map(np.array)


def plain_iou(a: Any, b: Any) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(w * h / (both - w * h))


def plain_table(a: Any, b: Any) -> Any:
    return np.array([[plain_iou(p, q) for q in b] for p in a]).reshape(len(a), len(b))


@pytest.fixture(params=["dense", "sparse"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to compute overlaps, whatever the size."""
    monkeypatch.setattr(boxes, "_CROWD", -1 if request.param == "sparse" else 10**9)
    return str(request.param)


@pytest.mark.parametrize("crowd", [-1, 10**9], ids=["sparse", "dense"])
@settings(deadline=None)
@given(a=few, b=few)
def test_iou_equals_a_plain_loop(crowd: int, a: Any, b: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boxes, "_CROWD", crowd)
        got = boxes.iou(a, b)
        assert got == pytest.approx(plain_table(a, b), abs=1e-12)
        assert ((got >= 0) & (got <= 1 + 1e-12)).all()
        assert np.array_equal(got, boxes.iou(b, a).T)


def test_iou_of_a_crowd_takes_the_other_path_and_agrees() -> None:
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 900, (150, 2))
    crowd = np.hstack((low, low + rng.uniform(10, 80, (150, 2))))
    assert len(crowd) ** 2 > boxes._CROWD
    assert boxes.iou(crowd, crowd[:120]) == pytest.approx(plain_table(crowd, crowd[:120]), abs=1e-12)


def test_iou_edge_cases(path: str) -> None:
    assert path
    a = np.array([[0.0, 0, 10, 10], [10, 0, 20, 10], [5, 5, 5, 5], [0, 0, 0, 10]])
    assert boxes.iou(a[:1], a[:1]) == 1
    assert (boxes.iou(a[:1], a[1:]) == 0).all()  # touching edges, a point, a line
    assert (boxes.iou(a[2:], a[2:]) == 0).all()
    assert boxes.iou(a, np.empty((0, 4))).shape == (4, 0)
    assert boxes.iou(np.empty((0, 4)), a).shape == (0, 4)
    assert boxes.iou(np.empty((0, 4)), np.empty((0, 4))).shape == (0, 0)


def test_iou_returns_an_array_of_its_own(path: str) -> None:
    assert path
    a = np.array([[0.0, 0, 10, 10]])
    boxes.iou(a, a)[:] = 7
    assert a.tolist() == [[0, 0, 10, 10]]


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (boxes.xyxy_to_tlwh, boxes.tlwh_to_xyxy),
        (boxes.xyxy_to_xysr, boxes.xysr_to_xyxy),
        (boxes.xyxy_to_xyah, boxes.xyah_to_xyxy),
        (boxes.xyxy_to_xywh, boxes.xywh_to_xyxy),
    ],
    ids=["tlwh", "xysr", "xyah", "xywh"],
)
@settings(deadline=None)
@given(a=few)
def test_conversions_round_trip_and_leave_their_input(there: Any, back: Any, a: Any) -> None:
    before = a.copy()
    middle = there(a)
    kept = middle.copy()
    assert back(middle) == pytest.approx(a, rel=1e-9, abs=1e-7)
    assert np.array_equal(a, before)
    assert np.array_equal(middle, kept)


def test_conversions_by_hand() -> None:
    a = np.array([[10.0, 20, 40, 80]])
    assert boxes.xyxy_to_tlwh(a).tolist() == [[10, 20, 30, 60]]
    assert boxes.xyxy_to_xysr(a).T.tolist() == [[25, 50, 1800, 0.5]]
    assert boxes.xyxy_to_xyah(a).T.tolist() == [[25, 50, 0.5, 60]]
    assert boxes.xyxy_to_xywh(a).T.tolist() == [[25, 50, 30, 60]]


@pytest.mark.parametrize("convert", [boxes.xyxy_to_tlwh, boxes.tlwh_to_xyxy])
def test_no_rows_convert_to_no_rows(convert: Any) -> None:
    assert convert(np.empty((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("convert", [boxes.xysr_to_xyxy, boxes.xyah_to_xyxy, boxes.xywh_to_xyxy])
def test_no_planes_convert_to_no_rows(convert: Any) -> None:
    assert convert(np.empty((4, 0))).shape == (0, 4)


def test_the_four_edges() -> None:
    corners = np.array([[0.0, 50, 10, 60], [90, 0, 100, 5], [40, 90, 60, 100], [40, 40, 60, 60]]).T
    left_top_right_bottom = boxes.at_edges(corners, np.array([100.0, 100]), np.array([3.0, 3])).T.tolist()
    assert left_top_right_bottom == [
        [True, False, False, False],
        [False, True, True, False],
        [False, False, False, True],
        [False] * 4,
    ]
