"""Masks as run lengths, against pycocotools and against the filled masks themselves."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from pycocotools import mask as coco

from data_prep.formats.rle import mask_polygons
from sportstrack.errors import FormatError, SettingError
from sportstrack.masks import Masks, mask_iou, mask_nms, mask_overlap

Filled = np.ndarray[Any, np.dtype[np.bool_]]


@st.composite
def filled_masks(draw: st.DrawFn, most: int = 5) -> Filled:
    """Masks of any pixels, and blobs: boxes with holes that may touch the picture's edges."""
    n, h, w = draw(st.integers(0, most)), draw(st.integers(1, 12)), draw(st.integers(1, 12))
    if draw(st.booleans()):
        return np.asarray(draw(nps.arrays(np.bool_, (n, h, w))))
    made = np.zeros((n, h, w), np.bool_)
    for mask in made:
        for value in (True, False):  # a box, and a hole in it
            y1, x1 = draw(st.integers(0, h)), draw(st.integers(0, w))
            mask[y1 : draw(st.integers(y1, h)), x1 : draw(st.integers(x1, w))] = value
    return made


def reference(masks: Filled) -> list[dict[str, Any]]:
    return [coco.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks]


def in_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"size": list(row["size"]), "counts": row["counts"].decode()} for row in rows]


def same(a: Masks, b: Masks) -> bool:
    return a.shape == b.shape and a.counts.tolist() == b.counts.tolist() and a.offsets.tolist() == b.offsets.tolist()


@settings(max_examples=100, deadline=None)
@given(filled_masks())
def test_codes_areas_and_boxes_are_pycocotools_own(filled: Filled) -> None:
    masks, theirs = Masks.from_array(filled), reference(filled)
    assert masks.to_coco() == in_text(theirs)
    assert (np.asarray(masks) == filled).all()
    assert [mask.tolist() for mask in masks] == filled.tolist()
    assert masks.area().tolist() == filled.sum((1, 2)).tolist()
    tlwh = np.array([coco.toBbox(row) for row in theirs]).reshape(-1, 4)
    assert masks.boxes().tolist() == np.hstack([tlwh[:, :2], tlwh[:, :2] + tlwh[:, 2:]]).tolist()
    for text in (True, False):
        assert same(Masks.from_coco(masks.to_coco(text), shape=masks.shape), masks)
    assert same(Masks.from_coco(theirs, shape=masks.shape), masks)  # counts in bytes
    assert same(Masks.from_array(filled, masks.boxes()), masks)


@settings(max_examples=100, deadline=None)
@given(filled_masks(), st.integers(0, 5))
def test_overlaps_are_pycocotools_own(filled: Filled, cut: int) -> None:
    a, b = filled[:cut], filled[cut:]
    ours, cover = (f(Masks.from_array(a), Masks.from_array(b)) for f in (mask_iou, mask_overlap))
    assert ours.shape == cover.shape == (len(a), len(b))
    if ours.size:
        assert (ours == coco.iou(reference(a), reference(b), [0] * len(b))).all()
        assert (cover == coco.iou(reference(a), reference(b), [1] * len(b))).all()


def test_overlaps_of_many_large_masks_are_pycocotools_own() -> None:
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 8, (60, 360, 1)) * rng.integers(0, 2, (60, 1, 640)) > 2
    for row in rows:
        row[:, : rng.integers(0, 640)] = False
    masks = Masks.from_array(rows)
    theirs = reference(rows)
    assert (mask_iou(masks, masks) == coco.iou(theirs, theirs, [0] * 60)).all()


@settings(max_examples=100, deadline=None)
@given(filled_masks(), st.tuples(*[st.floats(-4, 16)] * 4))
def test_a_crop_is_the_picture_s_slice(filled: Filled, box: tuple[float, ...]) -> None:
    height, width = filled.shape[1:]
    x1, y1 = np.clip(np.floor(box[:2]), 0, (width, height)).astype(int)
    x2, y2 = np.clip(np.ceil(box[2:]), (x1, y1), (width, height)).astype(int)
    masks = Masks.from_array(filled)
    for row, mask in enumerate(filled):
        crop = masks.crop(row, box)
        assert crop.shape == (y2 - y1, x2 - x1)
        assert (crop == mask[y1:y2, x1:x2]).all()
    inside = np.zeros_like(filled)
    inside[:, y1:y2, x1:x2] = filled[:, y1:y2, x1:x2]
    assert (np.asarray(Masks.from_array(filled, [box] * len(filled))) == inside).all()


@settings(max_examples=100, deadline=None)
@given(filled_masks(), st.integers(1, 14), st.integers(1, 14))
def test_another_size_takes_the_nearest_pixel(filled: Filled, tall: int, wide: int) -> None:
    height, width = filled.shape[1:]
    rows = ((2 * np.arange(tall) + 1) * height) // (2 * tall)
    columns = ((2 * np.arange(wide) + 1) * width) // (2 * wide)
    scaled = Masks.from_array(filled).at((tall, wide))
    assert scaled.shape == (tall, wide)
    assert np.array_equal(np.asarray(scaled), filled[:, rows][:, :, columns])
    assert same(scaled, Masks.from_array(np.asarray(scaled)))


@settings(max_examples=100, deadline=None)
@given(filled_masks(), st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 20), st.integers(1, 20))
def test_masks_move_into_another_picture(filled: Filled, dx: int, dy: int, tall: int, wide: int) -> None:
    n, height, width = filled.shape
    around = np.zeros((n, 60, 60), np.bool_)
    around[:, 20 + dy : 20 + dy + height, 20 + dx : 20 + dx + width] = filled
    moved = Masks.from_array(filled).moved(dx, dy, (tall, wide))
    assert np.array_equal(np.asarray(moved), around[:, 20 : 20 + tall, 20 : 20 + wide])


@settings(max_examples=60, deadline=None)
@given(filled_masks(), st.data())
def test_rows_are_picked_and_joined_as_arrays_are(filled: Filled, data: st.DataObject) -> None:
    masks, n = Masks.from_array(filled), len(filled)
    for rows in (
        slice(None, None, data.draw(st.sampled_from([1, 2, -1]))),
        data.draw(nps.arrays(np.bool_, n)),
        data.draw(st.lists(st.integers(-n, n - 1), max_size=6)) if n else [],
    ):
        index = np.array(rows, np.int64) if isinstance(rows, list) else rows
        assert np.array_equal(np.asarray(masks[rows]), filled[index])
    assert same(Masks.concatenate([masks[:2], masks[2:]]), masks)
    if n:
        i, j = data.draw(st.tuples(*[st.integers(0, n - 1)] * 2))
        assert np.array_equal(np.asarray(masks.union(i, j))[0], filled[i] | filled[j])


@settings(max_examples=60, deadline=None)
@given(filled_masks(), st.data())
def test_shared_pixels_go_to_the_best(filled: Filled, data: st.DataObject) -> None:
    score = data.draw(st.lists(st.sampled_from([0.2, 0.5, 0.9]), min_size=len(filled), max_size=len(filled)))
    left, free = np.zeros_like(filled), np.ones(filled.shape[1:], np.bool_)
    for row in sorted(range(len(filled)), key=lambda row: -score[row]):
        left[row] = filled[row] & free
        free &= ~filled[row]
    apart = Masks.from_array(filled).disjoint(score)
    assert np.array_equal(np.asarray(apart), left)
    assert same(apart, Masks.from_array(left))


@settings(max_examples=100, deadline=None)
@given(filled_masks())
def test_polygons_around_masks_fill_to_the_same_masks(filled: Filled) -> None:
    masks = Masks.from_polygons([mask_polygons(mask) for mask in filled], filled.shape[1:])
    assert same(masks, Masks.from_array(filled))


@settings(max_examples=100, deadline=None)
@given(nps.arrays(np.float64, st.tuples(st.integers(3, 6), st.just(2)), elements=st.floats(-3, 15)))
def test_a_pixel_is_in_a_polygon_if_its_middle_is(ring: np.ndarray) -> None:
    y, x = np.mgrid[:9, :11] + 0.5
    inside = np.zeros(x.shape, np.bool_)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crossed = (x1 <= x) != (x2 <= x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inside ^= crossed & (y1 + (x - x1) / (x2 - x1) * (y2 - y1) <= y)
    assert np.array_equal(Masks.from_polygons([[ring]], (9, 11))[0], inside)


def test_parts_of_one_mask_are_joined() -> None:
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    masks = Masks.from_polygons([[square, square + 2], [], [square + 100]], (8, 8))
    assert masks.area().tolist() == [16 + 16 - 4, 0, 0]
    assert masks.has.all()


def test_a_row_without_a_mask_is_not_an_empty_mask() -> None:
    square = np.zeros((4, 6), np.bool_)
    square[1:3, 2:4] = True
    masks = Masks.from_array([None, square, np.zeros((4, 6)), None], [[0, 0, 6, 4]] * 4)
    assert masks.has.tolist() == [False, True, True, False]
    assert masks.area().tolist() == [0, 4, 0, 0]
    assert masks.to_coco(text=False)[:3] == [
        None,
        {"size": [4, 6], "counts": [9, 2, 2, 2, 9]},
        {"size": [4, 6], "counts": [24]},
    ]
    for table in (Masks.from_coco(masks.to_coco()), masks[[0, 1, 2, 3]], masks.at((8, 12)).at((4, 6))):
        assert same(table, masks)
    assert mask_iou(masks, masks).tolist() == [[0] * 4, [0, 1, 0, 0], [0] * 4, [0] * 4]
    assert masks.union(0, 3).has.tolist() == [False]
    assert masks.union(0, 1).area().tolist() == [4]
    assert not masks.crop(0, (0, 0, 3, 3)).any()
    assert Masks.empty((4, 6), 2).has.tolist() == [False, False]
    assert masks[0].shape == (4, 6)
    assert np.asarray(Masks.from_array(np.zeros((0, 4, 6)))).shape == (0, 4, 6)
    assert same(pickle.loads(pickle.dumps(masks)), masks)


def test_300_players_of_a_frame_take_little_memory() -> None:
    filled = np.zeros((300, 720, 1280), np.bool_)
    for row, mask in enumerate(filled):
        mask[100 : 230 + row, 4 * row : 4 * row + 50] = True
    masks = Masks.from_array(filled)
    assert masks.counts.nbytes + masks.offsets.nbytes < 200_000
    assert len(mask_nms(masks, np.arange(300), 0.5)) < 300


def test_the_best_of_each_heap_of_masks_stays() -> None:
    filled = np.zeros((4, 10, 10), np.bool_)
    filled[0, :8], filled[1, :9], filled[2, 9:], filled[3, :9] = True, True, True, True
    masks = Masks.from_array(filled)
    assert mask_nms(masks, [0.5, 0.9, 0.7, 0.9], 0.5).tolist() == [1, 2]
    assert mask_nms(masks, [0.5, 0.9, 0.7, 0.9], 0.5, [0, 0, 0, 1]).tolist() == [1, 3, 2]
    assert mask_nms(masks, [0.5, 0.9, 0.7, 0.9], 0.95).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (7, "no mask"),
        ({"size": [4, 6]}, "no mask"),
        ({"size": [4, 0], "counts": [0]}, "size is"),
        ({"size": [4, True], "counts": [4]}, "size is"),
        ({"size": [1 << 20, 1 << 20], "counts": [4]}, "at most"),
        ({"size": [4, 6], "counts": []}, "no run lengths"),
        ({"size": [4, 6], "counts": [1.5]}, "no run lengths"),
        ({"size": [4, 6], "counts": [-1, 25]}, "no run lengths"),
        ({"size": [4, 6], "counts": [20, 5]}, "add up to 25"),
        ({"size": [4, 6], "counts": "~~~"}, "no run lengths"),
        ({"size": [4, 6], "counts": "oooooooo0"}, "no run lengths"),
        ({"size": [5, 6], "counts": [30]}, "5 x 6, not 4 x 6"),
    ],
)
def test_broken_codes_name_their_place(row: Any, message: str) -> None:
    good = {"size": [4, 6], "counts": [24]}
    with pytest.raises(FormatError, match=rf"a\.json: masks\[1\]: .*{message}"):
        Masks.from_coco([good, row], "a.json: masks")


def test_runs_of_length_0_and_a_missing_end_are_read() -> None:
    masks = Masks.from_coco([{"size": [4, 6], "counts": [3, 2, 0, 4]}, {"size": [4, 6], "counts": [5, 0, 3, 16]}])
    assert masks.to_coco(text=False) == [
        {"size": [4, 6], "counts": [3, 6, 15]},
        {"size": [4, 6], "counts": [8, 16]},
    ]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=30, max_codepoint=130), max_size=12), st.integers(1, 6), st.integers(1, 6))
def test_any_text_is_a_mask_or_refused(text: str, height: int, width: int) -> None:
    try:
        masks = Masks.from_coco([{"size": [height, width], "counts": text}])
    except FormatError:
        return
    assert masks.counts.sum() == height * width
    assert same(Masks.from_array(np.asarray(masks)), masks)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Masks.from_array(np.zeros((4, 6))), r"\(N, H, W\), got \(4, 6\)"),
        (lambda: Masks.from_array([np.zeros((4, 6)), np.zeros((4, 5))]), r"one size, got \[\(4, 5\), \(4, 6\)\]"),
        (lambda: Masks.from_array([np.zeros((4, 6)), "x"]), r"masks\[1\]"),
        (lambda: Masks.from_array(np.zeros((2, 4, 6)), np.zeros((3, 4))), "2 masks, but 3 boxes"),
        (lambda: Masks((4, 6), np.array([20]), np.array([0, 1])), "mask 0 do not add up to the picture's 24 pixels"),
        (lambda: Masks((4, 6), np.array([20, 0, 4]), np.array([0, 3])), "longer than 0"),
        (lambda: Masks((4, 6), np.array([24]), np.array([0, 2])), "rise from 0 to 1"),
        (lambda: Masks((4, -6), np.zeros(0, int), np.array([0])), r"Masks\.shape"),
        (lambda: Masks.concatenate([Masks.empty((4, 6), 1), Masks.empty((4, 5), 1)]), "one size"),
        (lambda: mask_iou(Masks.empty((4, 6), 1), Masks.empty((4, 5), 1)), "4 x 6 and 4 x 5"),
        (lambda: mask_nms(Masks.empty((4, 6), 1), [0.5, 0.5], 0.5), "1 masks"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        make()
