"""Augmented polygons: painted shapes are found again, by their colour, where the labels say."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.augment import OPERATIONS
from data_prep.augment.command import main
from data_prep.augment.image import augment_sample
from data_prep.augment.sample import Sample
from data_prep.formats.yolo_read import read_yolo
from data_prep.polygons import Polygons

WIDTH, HEIGHT = 320, 240
ARROW = np.array([(20, 0), (60, 40), (40, 40), (40, 90), (0, 90), (0, 40), (10, 20)], np.float64)
PLACES = ((20, 20), (140, 120), (250, 150))  # the last one reaches beyond the bottom edge when it is turned
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def picture() -> tuple[np.ndarray, list[np.ndarray]]:
    """Three painted arrows and their polygons, the second with a second part beside it."""
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    shapes = [[ARROW + place] for place in PLACES]
    shapes[1].append(ARROW[:3] / 2 + (210, 130))
    for parts, colour in zip(shapes, COLOURS, strict=True):
        cv2.fillPoly(image, [np.rint((part - 0.5) * 16).astype(np.int32) for part in parts], colour, shift=4)
    return image, shapes


def painted(parts: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint((part - 0.5) * 16).astype(np.int32) for part in parts], 1, shift=4)
    return mask.astype(bool)


def overlap(image: np.ndarray, colour: tuple[int, ...], parts: list[np.ndarray]) -> float:
    """IoU of the pixels of a colour with those of a polygon."""
    seen = np.abs(image.astype(int) - colour).max(axis=2) < 128
    said = painted(parts, image.shape)
    return float((seen & said).sum() / (seen | said).sum())


@pytest.mark.parametrize("name", ["flip", "rotate", "resize"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_moved_polygon_lies_on_its_moved_pixels(name: str, seed: int) -> None:
    image, shapes = picture()
    polygons = Polygons.make(shapes)
    sample = Sample.make(image, polygons.extents(), [0, 1, 2], polygons=polygons)
    done, _ = augment_sample(sample, [name], seed, least_visible=0.01)
    assert done.polygons is not None
    assert len(done.polygons) == 3
    for row, colour in enumerate(COLOURS):
        assert overlap(done.image, colour, done.polygons.of(row)) > 0.9
    np.testing.assert_allclose(done.xyxy, done.polygons.extents())
    assert (done.xyxy >= 0).all()
    assert (done.xyxy <= [*done.size, *done.size]).all()


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"flip", "rotate", "resize", "copy_paste"}))
def test_what_moves_nothing_leaves_polygons_alone(name: str) -> None:
    image, shapes = picture()
    polygons = Polygons.make(shapes)
    sample = Sample.make(image, polygons.extents(), [0, 1, 2], polygons=polygons)
    done, _ = augment_sample(sample, [name], 3, least_visible=0.01)
    assert done.polygons is not None
    np.testing.assert_array_equal(done.polygons.points, polygons.points)


def test_a_turned_polygon_with_too_little_left_in_the_picture_is_dropped_with_its_box() -> None:
    image, _ = picture()
    polygons = Polygons.make([[ARROW * (0.2, 0.05) + (0, 0)], [ARROW + PLACES[1]]])
    sample = Sample.make(image, polygons.extents(), [0, 1], polygons=polygons)
    done, record = augment_sample(sample, ["rotate"], 1, least_visible=0.9)
    assert done.polygons is not None
    assert len(done.polygons) == len(done.xyxy) == 2 - record["dropped"]
    np.testing.assert_allclose(done.xyxy, done.polygons.extents())


def test_pasted_players_bring_their_polygons() -> None:
    image, shapes = picture()
    empty = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    polygons = Polygons.make(shapes[:1])
    donor = Sample.make(image, polygons.extents(), [0], polygons=polygons)
    sample = Sample.make(empty, np.empty((0, 4)), [], (donor,), Polygons.none(0))
    done, record = augment_sample(sample, ["copy_paste"], 0)
    assert done.polygons is not None
    assert len(done.polygons) == len(record["operations"][0]["pasted"]) > 0
    parts = [part for row in range(len(done.xyxy)) for part in done.polygons.of(row)]
    assert overlap(done.image, COLOURS[0], parts) > 0.8
    np.testing.assert_allclose(done.xyxy, done.polygons.extents())


def test_an_augmented_data_set_of_polygons_has_polygons_alone(tmp_path: Path) -> None:
    image, shapes = picture()
    for kind in ("images/train", "labels/train"):
        (tmp_path / "a" / kind).mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"a/images/train/{name}.png"), image)
        lines = [
            f"{i} " + " ".join(map(str, (parts[0] / (WIDTH, HEIGHT)).reshape(-1))) for i, parts in enumerate(shapes)
        ]
        (tmp_path / f"a/labels/train/{name}.txt").write_text("\n".join(lines) + "\n0 0.1 0.9 0.1 0.1\n")
    (tmp_path / "a/data.yaml").write_text("train: images/train\nval: images/train\nnames: [r, g, b]\n")
    assert main([str(tmp_path / "a"), str(tmp_path / "b"), "--per-image", "4", "--quiet"]) == 0
    table = read_yolo(tmp_path / "b")
    assert table.boxes.polygons is not None
    assert table.boxes.polygons.there.all()
    assert len(table.images) == 10
    splits = json.loads((tmp_path / "b/manifest.json").read_text())["splits"]
    assert splits["train"]["polygons"] == 6
