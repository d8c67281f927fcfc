"""Trackers that compare masks: the overlap itself, and who is who when boxes hide it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers import masked

from sportstrack.boxes import iou
from sportstrack.errors import SettingError
from sportstrack.masks import Masks, mask_iou
from sportstrack.trackers import TRACKERS, create_tracker
from sportstrack.trackers.shapes import no_shapes, overlap, shape_iou, shapes_of
from sportstrack.types import Detections

NAMES = sorted(set(TRACKERS) - {"ball"})


def shapes(masks: Masks, boxes: np.ndarray) -> np.ndarray:
    return shapes_of(masks, boxes, np.arange(len(boxes)))


def test_the_overlap_of_shapes_is_that_of_the_masks_but_for_the_sampling() -> None:
    first, second = masked.table(16), masked.table(18)
    assert first.mask is not None
    assert second.mask is not None
    t, n = np.divmod(np.arange(9), 3)
    mine, theirs = shapes(first.mask, first.xyxy), shapes(second.mask, second.xyxy)
    found = shape_iou(first.xyxy[t], mine[:, t], second.xyxy[n], theirs[:, n])
    assert found.reshape(3, 3) == pytest.approx(mask_iou(first.mask, second.mask), abs=0.06)


def test_a_shape_moves_and_grows_with_its_box() -> None:
    table = masked.table(0)[:1]
    assert table.mask is not None
    mine = shapes(table.mask, table.xyxy)
    moved = table.xyxy * 1.5 + 40
    assert shape_iou(moved, mine, moved, mine)[0] == pytest.approx(1.0, abs=1e-9)


def test_a_detection_of_one_track_alone_keeps_the_overlap_of_boxes() -> None:
    table, later = masked.table(0), masked.table(1)
    assert table.mask is not None
    assert later.mask is not None
    found = overlap(table.xyxy, shapes(table.mask, table.xyxy), later.xyxy, shapes(later.mask, later.xyxy))
    assert np.array_equal(found, iou(table.xyxy, later.xyxy))


def test_of_two_tracks_the_one_whose_mask_is_covered_is_preferred() -> None:
    boxes = np.array([[0.0, 0, 20, 20], [0, 0, 20, 20]])
    halves = np.zeros((2, 20, 20), bool)
    halves[0, :, :8] = halves[1, :, 12:] = True
    both = shapes(Masks.from_array(halves), boxes)
    assert overlap(boxes, both, boxes[:1], both[:, :1]).tolist() == [[1.0], [0.0]]


def test_without_a_mask_the_boxes_count() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10]])
    one = Masks.from_array([np.ones((20, 20), bool), None])
    empty = Masks.from_array(np.zeros((2, 20, 20), bool))
    for masks in (one, empty, None):
        assert overlap(boxes, shapes_of(masks, boxes, np.arange(2)), boxes, no_shapes(2, "mask"))[0, 1] == 1 / 3


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"deepsort"}))  # whose first stage looks at places alone
def test_masks_tell_apart_whose_boxes_are_one(name: str) -> None:
    """Two players stand in one box, as wrestlers do: their boxes do not say who is who, their masks do."""
    box = np.array([[40.0, 20, 80, 80]]).repeat(2, axis=0)
    left = np.zeros((2, 96, 160), bool)
    left[0, 20:80, 40:58] = left[1, 20:80, 62:80] = True
    tracker = create_tracker(name, overlap="mask")
    ids = []
    for frame in range(8):
        order = [0, 1] if frame % 2 == 0 else [1, 0]  # the detector gives them in any order
        found = Detections(box + 0.1 * frame, np.full(2, 0.9), np.zeros(2, np.int64), mask=left[order])  # type: ignore[arg-type]
        tracks = tracker.update(found)
        ids.append({order[row]: track for row, track in zip(tracks.detection, tracks.track_id, strict=True)})
    assert len(ids[-1]) == 2
    assert all(one == ids[-1] for one in ids[3:])


@pytest.mark.parametrize("name", NAMES)
def test_masks_change_nothing_where_boxes_overlap(name: str) -> None:
    with_masks, without = create_tracker(name), create_tracker(name)
    for frame in range(12):
        one, other = with_masks.update(masked.table(frame)), without.update(masked.table(frame, masks=False))
        assert np.array_equal(one.track_id, other.track_id)
        assert np.array_equal(one.detection, other.detection)


@pytest.mark.parametrize("name", NAMES)
def test_without_masks_the_setting_changes_nothing(name: str) -> None:
    with_masks, without = create_tracker(name, overlap="mask"), create_tracker(name)
    for frame in range(12):
        table = masked.table(frame, masks=False)
        assert np.array_equal(with_masks.update(table).track_id, without.update(table).track_id)


def test_some_detections_may_have_no_mask() -> None:
    tracker = create_tracker("sort", overlap="mask")
    for frame in range(10):
        table = masked.table(frame)
        assert table.mask is not None
        given = [mask if row % 2 == frame % 2 else None for row, mask in enumerate(table.mask)]
        tracks = tracker.update(replace(table, mask=Masks.from_array(given)))
    assert len(tracks) == 3


def test_an_unknown_overlap_is_refused() -> None:
    with pytest.raises(SettingError, match="overlap: expected box or mask, got 'maks'"):
        create_tracker("bytetrack", overlap="maks")
