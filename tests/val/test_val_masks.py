"""Average precision of masks against pycocotools, IoU and Dice by hand, and what the command writes of them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.pictures import write_picture
from sportstrack import Detections, Masks
from sportstrack.val.ap import Accuracy, measure
from sportstrack.val.command import main
from sportstrack.val.masks import judge_masks

CLASSES = {0: "player", 1: "ball"}
H, W = 60, 80


def pycocotools(truth: list[Detections], found: list[Detections]) -> dict[str, Any]:
    """COCOeval of the same masks."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(tables: list[Detections], scored: bool) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for image, table in enumerate(tables, 1):
            for code, area, score, kind in zip(
                table.mask.to_coco(),
                table.mask.area().tolist(),
                table.score.tolist(),
                table.class_id.tolist(),
                strict=True,
            ):
                row = {"image_id": image, "category_id": kind, "segmentation": code, "area": area, "iscrowd": 0}
                out.append(row | {"id": len(out) + 1} | ({"score": score} if scored else {}))
        return out

    with contextlib.redirect_stdout(io.StringIO()):
        sides = COCO(), COCO()
        for side, tables in zip(sides, (truth, found), strict=True):
            side.dataset = {
                "info": {}, "images": [{"id": i + 1, "height": H, "width": W} for i in range(len(truth))],
                "categories": [{"id": i, "name": name} for i, name in CLASSES.items()],
                "annotations": rows(tables, tables is found),
            }  # fmt: skip
            side.createIndex()
        evaluation = COCOeval(*sides, "segm")
        evaluation.evaluate()
        evaluation.accumulate()
    return dict(evaluation.eval)


def assert_same(ours: Accuracy, truth: list[Detections], found: list[Detections]) -> None:
    theirs = pycocotools(truth, found)
    np.testing.assert_allclose(ours.precision, theirs["precision"][..., -1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.recall, theirs["recall"][..., -1], rtol=0, atol=1e-9)


def masked(filled: np.ndarray, score: Any = 1.0, kind: Any = 0) -> Detections:
    masks = Masks.from_array(filled)
    n = len(masks)
    return Detections(masks.boxes(), np.broadcast_to(score, n) * 1.0, np.broadcast_to(kind, n).astype(int), mask=masks)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Detections, Detections]:
    """Blobs with holes and their like: some the same, some moved, some empty; equal scores happen."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, m = draw(st.integers(0, 8)), draw(st.integers(0, 12))
    truth = np.zeros((n, H, W), np.bool_)
    for mask in truth:
        y, x, h, w = rng.integers(0, (H - 4, W - 4, H, W))
        mask[y : y + h, x : x + w] = True
        mask[y + 2 : y + 2 + h // 3, x + 2 : x + 2 + w // 3] = False
    found = np.zeros((m, H, W), np.bool_)
    for mask in found:
        if n and rng.random() < 0.8:
            mask[:] = np.roll(truth[rng.integers(n)], rng.integers(-3, 4, 2), (0, 1))
    score = rng.choice([0.1, 0.25, 0.5, 0.9], m)
    return masked(truth, kind=rng.integers(0, 2, n)), masked(found, score, rng.integers(0, 2, m))


@settings(max_examples=80, deadline=None)
@given(st.lists(pictures(), min_size=1, max_size=4))
def test_precision_and_recall_of_masks_are_pycocotools_own(pairs: list[tuple[Detections, Detections]]) -> None:
    truth, found = [t for t, _ in pairs], [f for _, f in pairs]
    assert_same(measure(truth, found, CLASSES, masks=True), truth, found)


def test_300_masks_of_a_picture_agree_too() -> None:
    rng = np.random.default_rng(2)
    truth, found = np.zeros((40, H, W), np.bool_), np.zeros((300, H, W), np.bool_)
    for mask in truth:
        y, x = rng.integers(0, (H - 8, W - 8))
        mask[y : y + 8, x : x + 8] = rng.random((8, 8)) < 0.8
    for i, mask in enumerate(found):
        mask[:] = np.roll(truth[i % 40], rng.integers(-1, 2), 1)
    tables = [masked(truth)], [masked(found, rng.random(300))]
    assert_same(measure(*tables, CLASSES, masks=True), *tables)


def test_iou_and_dice_are_those_of_the_objects_that_were_found() -> None:
    truth = np.zeros((3, 200, 300), np.bool_)
    truth[0, :20, :20], truth[1, 50:100, :40], truth[2, 150:, 200:] = True, True, True
    found = np.zeros_like(truth)
    found[0, :20, :15], found[1, 50:100, :40], found[2, :100, 200:210] = True, True, True
    boxes = Masks.from_array(truth).boxes()[[0, 1]].tolist()
    mine = Detections([*boxes, [200, 0, 210, 100]], [0.9, 0.4, 0.9], [0, 0, 0], mask=Masks.from_array(found))
    judged = judge_masks([masked(truth)], [mine], CLASSES, 0.5)
    assert judged.quality() == {"IoU": 0.75, "Dice": pytest.approx(6 / 7), "masks": 1}  # the second is below the score
    assert judge_masks([masked(truth)], [mine], CLASSES, 0.1).quality(0, "medium") == {"IoU": 1, "Dice": 1, "masks": 1}
    assert judged.quality(0, "small")["masks"] == 1
    assert np.isnan(judged.quality(1)["IoU"])


class Painter:
    """Finds what is white, as one player, with its mask."""

    def __init__(self, scale: int = 1, *, masks: bool = True) -> None:
        self.names, self.masks, self.scale = {0: "player"}, masks, scale

    def __call__(self, images: list[np.ndarray]) -> list[Detections]:
        found = []
        for image in images:
            table = masked((image[:, :, :1] > 128).transpose(2, 0, 1), 0.9)
            if not table.mask.area().any():
                found.append(Detections.empty())
                continue
            mask = np.asarray(table.mask)[:, :: self.scale] if self.masks else None
            found.append(Detections(table.xyxy, table.score, table.class_id, mask=mask))
        return found


def boxes() -> Painter:
    return Painter(masks=False)


def small() -> Painter:
    return Painter(2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO data set of two pictures: a white triangle with its polygon, and nothing."""
    folder = tmp_path_factory.mktemp("set")
    for kind in ("images", "labels"):
        (folder / kind / "val").mkdir(parents=True)
    picture = np.zeros((H, W, 3), np.uint8)
    ring = np.array([[10, 10], [60, 10], [10, 50]])
    picture[Masks.from_polygons([[ring]], (H, W))[0]] = 255
    write_picture(folder / "images/val/a.png", picture)
    write_picture(folder / "images/val/b.png", np.zeros_like(picture))
    shares = " ".join(f"{v:.8f}" for v in (ring / (W, H)).reshape(-1))
    (folder / "labels/val/a.txt").write_text(f"0 {shares}\n")
    (folder / "labels/val/b.txt").write_text("")
    (folder / "data.yaml").write_text(f"path: {folder}\ntrain: images/val\nval: images/val\nnames: [player]\n")
    return folder


def test_boxes_and_masks_stand_side_by_side(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detectors = [f"{__name__}:{name}" for name in ("Painter", "boxes")]
    assert main([*detectors, str(data / "data.yaml"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    out = capsys.readouterr().out
    head, _, first, second, *_ = (line.split("|") for line in out.splitlines())
    at = [cell.strip() for cell in head].index("mask AP")
    assert (first[at].strip(), second[at].strip()) == ("100.0", "–")
    assert "| masks of found objects |" in out
    with_masks, without = json.loads((tmp_path / "out/val.json").read_text())
    assert with_masks["masks"]["player"]["mask AP"] == pytest.approx(1)
    assert with_masks["masks"]["all"]["quality"]["small"] == {"IoU": 1, "Dice": 1, "masks": 1}
    assert "masks" not in without
    assert "mask AP50" in (tmp_path / "out/val.csv").read_text()
    assert (tmp_path / "out/comparison.png").stat().st_size > 5000


def test_masks_of_another_size_than_the_picture_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{__name__}:small", str(data / "data.yaml"), "-o", str(tmp_path / "out"), "--quiet"]) == 2
    assert "its masks have 80x30 pixels, the frame 80x60" in capsys.readouterr().err
