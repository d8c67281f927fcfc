"""Labels with masks: polygons for CVAT and YOLO, run lengths for COCO; they cover the pixels that the detector gave."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import toy
from pycocotools import mask as coco

from data_prep.formats.yolo_read import read_yolo
from sportstrack.label import LabelledVideo, LabelSettings, label_video, write_cvat, write_yolo_labels
from sportstrack.label.coco import coco_text
from sportstrack.masks import Masks
from sportstrack.masks.polygons import polygon_spans
from sportstrack.types import Detections

HIDDEN = (5, 6)  # frames in which the detector gives no masks


class Outlines:
    """The toy detector, with the left half of each box as its mask."""

    names = {0: "player"}

    def __init__(self) -> None:
        self._frame = 0

    def __call__(self, frames: list[np.ndarray]) -> list[Detections]:
        found = []
        for frame, table in zip(frames, toy.find(frames), strict=True):
            masks = np.zeros((len(table), *frame.shape[:2]), bool)
            for mask, (x1, y1, x2, y2) in zip(masks, table.xyxy.astype(int).tolist(), strict=True):
                mask[y1:y2, x1 : (x1 + x2) // 2] = True
            given = None if self._frame in HIDDEN else masks
            found.append(Detections(table.xyxy, table.score, table.class_id, mask=given))  # type: ignore[arg-type]
            self._frame += 1
        return found


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledVideo:
    return label_video(
        toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4", 12),
        detector=Outlines(),
        settings=LabelSettings(every=2),
    )


def test_boxes_have_their_masks_in_labelled_frames_alone(labelled: LabelledVideo) -> None:
    assert labelled.masks is not None
    assert set(labelled.boxes.frame.tolist()) == {0, 2, 4, 6, 8, 10}
    assert np.array_equal(labelled.masks.has, labelled.boxes.frame != 6)
    edges = labelled.masks.boxes()[labelled.masks.has]
    boxes = labelled.boxes.xyxy[labelled.masks.has]
    assert abs(edges[:, [0, 1, 3]] - boxes[:, [0, 1, 3]]).max() < 8  # the refinement smooths boxes, and no masks


def test_yolo_polygons_cover_the_masks(labelled: LabelledVideo, tmp_path: Path) -> None:
    write_yolo_labels([labelled], tmp_path / "set")
    table = read_yolo(tmp_path / "set")
    assert table.boxes.polygons is not None
    assert labelled.masks is not None
    mine = labelled.masks[labelled.boxes.frame == 0]
    rows = np.flatnonzero(table.boxes.image == 0)
    areas = sorted(table.boxes.polygons[rows].areas().tolist())
    assert areas == pytest.approx(sorted(mine.area().tolist()), rel=0.01)


def test_cvat_has_a_polygon_for_each_mask(labelled: LabelledVideo, tmp_path: Path) -> None:
    write_cvat(labelled, tmp_path / "match.xml")
    shown = [p for p in ElementTree.parse(tmp_path / "match.xml").getroot().iter("polygon") if p.get("outside") == "0"]
    assert labelled.masks is not None
    assert len(shown) == labelled.masks.has.sum()
    first = [p for p in shown if p.get("frame") == "0"]
    rings = [[np.array([xy.split(",") for xy in p.attrib["points"].split(";")], float)] for p in first]
    spans = polygon_spans(rings, labelled.masks.shape)
    areas = np.bincount(spans.owner, spans.end - spans.start)
    assert sorted(areas.tolist()) == sorted(labelled.masks[labelled.boxes.frame == 0].area().tolist())


def test_coco_has_run_lengths(labelled: LabelledVideo) -> None:
    found = json.loads(coco_text(labelled))
    coded = [one for one in found["annotations"] if isinstance(one.get("segmentation"), dict)]
    assert labelled.masks is not None
    assert len(coded) == labelled.masks.has.sum()
    assert [one["area"] for one in coded] == [int(coco.area(one["segmentation"])) for one in coded]
    rows = labelled.boxes.frame == 0
    mine = Masks.from_coco([one["segmentation"] for one in coded if one["image_id"] == 1])
    assert sorted(mine.area().tolist()) == sorted(labelled.masks[rows].area().tolist())
