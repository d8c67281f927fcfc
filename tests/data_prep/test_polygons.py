"""Polygons through tables, formats, cutting and augmentation; masks prove the geometry."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.convert.command import main as convert
from data_prep.formats.coco import parse_coco, read_coco, write_coco
from data_prep.formats.rle import mask_polygons, outlines
from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import read_yolo
from data_prep.output import WriteSettings
from data_prep.pictures import shrink, write_picture
from data_prep.polygons import Polygons, clip_ring, join_parts, ring_area
from data_prep.table import Boxes, ImageTable, Table, join_tables
from data_prep.trim import trim
from sportstrack.errors import FormatError
from sportstrack.masks import Masks
from sportstrack.masks.coco import mask_runs

LABELS = WriteSettings(pictures=False)
SIZE = (64, 48)
STAR = np.array([(10, 5), (14, 18), (28, 20), (16, 26), (20, 40), (10, 30), (2, 38), (4, 22)], np.float64)
SQUARE = np.array([(30, 10), (50, 10), (50, 30), (30, 30)], np.float64)


def covered(parts: list[np.ndarray], width: int, height: int, step: float = 1.0) -> np.ndarray:
    """(H, W) bool: points at the middles of cells that lie within the polygons (even-odd rule)."""
    x, y = np.meshgrid(np.arange(step / 2, width, step), np.arange(step / 2, height, step))
    inside = np.zeros(x.shape, np.bool_)
    for part in parts:
        for (x1, y1), (x2, y2) in zip(part, np.roll(part, -1, axis=0), strict=True):
            if y1 != y2:
                inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def make_table(*boxes: list[np.ndarray], size: tuple[int, int] = SIZE, names: tuple[str, ...] = ("a.jpg",)) -> Table:
    """One picture after the other with the boxes shared out between them; [] is a box without polygon."""
    polygons = Polygons.make(boxes)
    xyxy = np.where(polygons.there[:, None], polygons.extents(), [5.0, 6.0, 15.0, 26.0])
    images = ImageTable.make(names, size=size)
    made = Boxes.make(np.arange(len(boxes)) % len(names), xyxy, polygons=polygons)
    return Table(("player",), (), images, made)


rings = st.lists(st.tuples(st.integers(-30, 90), st.integers(-30, 80)), min_size=3, max_size=9, unique=True).map(
    lambda points: np.array(points, np.float64) + (0.137, 0.2713)
)


@settings(max_examples=100, deadline=None)
@given(rings)
def test_a_clipped_polygon_covers_what_the_whole_one_covers_within_the_picture(ring: np.ndarray) -> None:
    pieces = clip_ring(ring, *SIZE)
    np.testing.assert_array_equal(covered(pieces, *SIZE), covered([ring], *SIZE))
    for piece in pieces:
        assert len(piece) >= 3
        assert (piece >= 0).all()
        assert (piece <= SIZE).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_mask_becomes_polygons_that_cover_its_pixels_and_no_others(height: int, width: int, data: Any) -> None:
    from pycocotools import mask

    bits = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    pixels = np.array(bits, np.uint8).reshape(height, width)
    coded = mask.encode(np.asfortranarray(pixels))
    (parts,) = outlines(Masks.from_coco([coded]))
    np.testing.assert_array_equal(covered(parts, width, height), pixels.astype(bool))
    column = Polygons.make([parts])
    assert column.areas()[0] == pixels.sum() == mask.area(coded)
    if pixels.any():
        left, top, right, bottom = column.extents()[0]
        np.testing.assert_array_equal([left, top, right - left, bottom - top], mask.toBbox(coded))


def test_a_hole_stays_a_hole() -> None:
    pixels = np.ones((9, 9), bool)
    pixels[3:6, 4:7] = False
    parts = mask_polygons(pixels)
    assert len(parts) == 1
    assert abs(ring_area(parts[0])) == 81 - 9
    np.testing.assert_array_equal(covered(parts, 9, 9), pixels)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), min_size=1, max_size=5, unique=True))
def test_joined_parts_keep_area_extent_and_cover(cells: list[tuple[int, int, bool]]) -> None:
    places = {(x, y): turn for x, y, turn in cells}
    parts = [(STAR[::-1] if turn else STAR) / 4 + (12 * x, 12 * y) for (x, y), turn in places.items()]
    one = join_parts(parts)
    np.testing.assert_allclose(abs(ring_area(one)), sum(abs(ring_area(part)) for part in parts))
    np.testing.assert_array_equal(covered([one], 60, 48), covered(parts, 60, 48))


def test_select_keep_and_join_take_the_polygons_along() -> None:
    table = make_table([STAR], [], [SQUARE, SQUARE + (10, 15)], [STAR + 3], names=("a.jpg", "b.jpg"))
    assert [len(table.boxes.polygons.of(i)) for i in range(4)] == [1, 2, 0, 1]
    picked = table.select(np.array([1])).boxes
    assert picked.polygons is not None
    assert len(picked.polygons) == len(picked) == 2
    for boxes in (picked, table.keep_boxes(np.array([False, True, True, False])).boxes):
        around = boxes.polygons.extents()  # type: ignore[union-attr]
        there = boxes.polygons.there  # type: ignore[union-attr]
        np.testing.assert_array_equal(around[there], boxes.xyxy[there])
    plain = Table(("ball",), (), ImageTable.make(["c.jpg"], size=SIZE), Boxes.make([0], [[1, 2, 3, 4]]))
    both = join_tables([plain, table]).boxes
    assert both.polygons is not None
    assert both.polygons.there.tolist() == [False, *table.boxes.polygons.there]
    np.testing.assert_array_equal(both.polygons.points, table.boxes.polygons.points)


def test_trimming_cuts_polygons_and_puts_the_box_around_what_is_left() -> None:
    arch = np.array([(10, -10), (50, -10), (50, 20), (40, 20), (40, -5), (20, -5), (20, 30), (10, 30)], np.float64)
    beside = SQUARE + (100, 0)
    trimmed = trim(make_table([arch], [beside], [SQUARE], []))
    boxes = trimmed.table.boxes
    assert [len(boxes.polygons.of(i)) for i in range(len(boxes))] == [2, 1, 0]  # type: ignore[union-attr]
    assert boxes.xyxy[0].tolist() == [10, 0, 50, 30]
    assert trimmed.outside.tolist() == [False, True, False, False]
    assert trimmed.clipped.tolist() == [True, False, False, False]
    assert boxes.polygons.areas()[0] == 10 * 30 + 10 * 20  # type: ignore[union-attr]


def test_a_smaller_picture_has_smaller_polygons() -> None:
    boxes = shrink(make_table([STAR, SQUARE], size=(64, 48)), 32).boxes
    np.testing.assert_allclose(boxes.polygons.points, np.concatenate([STAR, SQUARE]) / 2)  # type: ignore[union-attr]
    np.testing.assert_allclose(boxes.xyxy, [[1, 2.5, 25, 20]])


def yolo_set(folder: Path, **labels: str) -> Path:
    """A YOLO data set with a picture of 64x48 for each label text."""
    for kind in ("images", "labels"):
        (folder / kind / "train").mkdir(parents=True)
    for name, text in labels.items():
        write_picture(str(folder / f"images/train/{name}.png"), np.full((48, 64, 3), 90, np.uint8))
        (folder / f"labels/train/{name}.txt").write_text(text)
    (folder / "data.yaml").write_text("train: images/train\nval: images/train\nnames: [player, ball]\n")
    return folder


def shares(ring: np.ndarray) -> str:
    return " ".join(f"{v:.8f}" for v in (ring / SIZE).reshape(-1))


def test_yolo_to_yolo_keeps_polygons_to_the_byte(tmp_path: Path) -> None:
    text = f"0 {shares(STAR)}\n1 {shares(SQUARE)}\n"
    source = yolo_set(tmp_path / "a", a=text, b="")
    assert convert([str(source), str(tmp_path / "b"), "--from", "yolo", "--to", "yolo", "--quiet"]) == 0
    assert (tmp_path / "b/labels/train/a.txt").read_text() == text
    assert json.loads((tmp_path / "b/manifest.json").read_text())["splits"]["train"]["polygons"] == 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(rings.map(lambda r: np.abs(r) % 48), min_size=1, max_size=3), min_size=1, max_size=4))
def test_yolo_to_coco_to_yolo_and_back_keeps_polygons(
    tmp_path_factory: pytest.TempPathFactory, boxes: list[list[np.ndarray]]
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    write_coco(make_table(*boxes), folder / "coco", LABELS)
    table = read_coco(folder / "coco")
    original = make_table(*boxes).boxes.polygons
    assert original is not None
    assert table.boxes.polygons is not None
    np.testing.assert_array_equal(table.boxes.polygons.points, original.points)
    np.testing.assert_array_equal(table.boxes.polygons.part, original.part)
    np.testing.assert_array_equal(table.boxes.polygons.box, original.box)
    write_yolo(table, folder / "yolo", LABELS)
    text = (folder / "yolo/labels/train/a.txt").read_bytes()
    (folder / "yolo/images/train").mkdir(parents=True)
    write_picture(str(folder / "yolo/images/train/a.jpg"), np.zeros((48, 64, 3), np.uint8))
    again = read_yolo(folder / "yolo")
    np.testing.assert_allclose(again.boxes.xyxy, trim(table).table.boxes.xyxy, atol=1e-5)
    write_coco(again, folder / "coco2", LABELS)
    write_yolo(read_coco(folder / "coco2"), folder / "yolo2", LABELS)
    assert (folder / "yolo2/labels/train/a.txt").read_bytes() == text


def test_coco_gets_segmentation_and_its_area(tmp_path: Path) -> None:
    from pycocotools import mask
    from pycocotools.coco import COCO

    write_coco(make_table([SQUARE, SQUARE + (0, 20) - (20, 10)], []), tmp_path / "coco", LABELS)
    file = tmp_path / "coco/annotations/instances_train.json"
    first, second = json.loads(file.read_text())["annotations"]
    assert first["area"] == 800
    assert len(first["segmentation"]) == 2
    assert first["bbox"] == [10, 10, 40, 30]
    assert second["area"] == 10 * 20
    assert "segmentation" not in second
    assert mask.area(COCO(str(file)).annToRLE(first)) == 800


def coco(*annotations: dict[str, Any]) -> dict[str, Any]:
    """One picture of 64x48."""
    return {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 7, "name": "player"}],
        "annotations": [{"id": i, "image_id": 1, "category_id": 7} | a for i, a in enumerate(annotations, 1)],
    }


@pytest.mark.parametrize(
    "segmentation",
    [[[1, 2, 3]], [[1, 2, 3, 4]], "abc", [["x"] * 6], {"size": [48, 64]}, {"size": [0, 64], "counts": "0"}, 7,
     {"size": [48, 64], "counts": [1, 9999]}, {"size": [48, 64], "counts": "~~~"}, [[1e999, 0, 1, 1, 0, 1]], [[]]],
)  # fmt: skip
def test_a_broken_segmentation_costs_the_polygon_and_not_the_box(segmentation: Any) -> None:
    good = {"bbox": [1, 2, 3, 4], "segmentation": [STAR.reshape(-1).tolist()]}
    table, _ = parse_coco(coco(good, {"bbox": [5, 6, 7, 8], "segmentation": segmentation}), "x.json")
    assert table.boxes.xyxy.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert table.boxes.polygons is not None
    assert table.boxes.polygons.there.tolist() == [True, False]
    assert "1 segmentations cannot be read" in table.notes[0]
    assert "x.json, annotations[1]" in table.notes[0]


def test_masks_that_crash_pycocotools_are_refused() -> None:
    for size in ([0, 5], [-1, 5], [5, 1 << 40], [True, 5], [5.0, 5], "ab"):
        with pytest.raises(FormatError, match=r"x\.json, annotations\[0\]: the mask"):
            parse_coco(coco({"segmentation": {"size": size, "counts": "PPYo0"}}), "x.json")


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(min_codepoint=30, max_codepoint=130), max_size=12), st.integers(1, 6), st.integers(1, 6))
def test_any_text_is_run_lengths_or_refused(text: str, height: int, width: int) -> None:
    try:
        runs, _ = mask_runs({"size": [height, width], "counts": text}, "x")
    except FormatError:
        return
    assert (runs >= 0).all()
    assert runs.sum() == height * width


def test_boxes_beside_polygons_become_rectangles_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = yolo_set(tmp_path / "a", a=f"0 {shares(STAR)}\n", b="1 0.5 0.5 0.25 0.5\n")
    assert convert([str(source), str(tmp_path / "b"), "--from", "yolo", "--to", "yolo"]) == 0
    assert "1 boxes have no polygon and are written as rectangles" in capsys.readouterr().err
    points = np.array((tmp_path / "b/labels/train/b.txt").read_text().split()[1:], float).reshape(-1, 2)
    assert points.tolist() == [[0.375, 0.25], [0.625, 0.25], [0.625, 0.75], [0.375, 0.75]]


@pytest.mark.parametrize("target", ["voc", "coco"])
def test_formats_without_polygons_say_how_many_are_lost(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = yolo_set(tmp_path / "a", a=f"0 {shares(STAR)}\n1 {shares(SQUARE)}\n")
    assert convert([str(source), str(tmp_path / "b"), "--from", "yolo", "--to", target]) == 0
    manifest = json.loads((tmp_path / "b/manifest.json").read_text())
    said = "2 polygons are written as boxes: Pascal VOC cannot hold polygons"
    assert (said in capsys.readouterr().err) == (said in manifest["notes"]) == (target == "voc")
    assert manifest["splits"]["train"].get("polygons_as_boxes", 0) == (2 if target == "voc" else 0)


def test_ultralytics_reads_the_written_polygons(tmp_path: Path) -> None:
    from ultralytics.data.utils import verify_image_label

    source = yolo_set(tmp_path / "a", a=f"0 {shares(STAR)}\n1 0.5 0.5 0.25 0.5\n")
    write_yolo(read_yolo(source), tmp_path / "b")
    label = tmp_path / "b/labels/train/a.txt"
    found = verify_image_label((str(tmp_path / "b/images/train/a.png"), str(label), "", False, 2, 0, 0, False))
    _, rows, _, segments, *_ = found
    np.testing.assert_allclose(segments[0] * SIZE, STAR, atol=1e-4)
    np.testing.assert_allclose(rows[1], [1, 0.5, 0.5, 0.25, 0.5], atol=1e-6)
    assert len(segments) == 2


def test_repair_keeps_polygons_and_lists_what_it_changes(tmp_path: Path) -> None:
    from data_prep.audit.command import main as audit

    out = STAR + (48, 0)  # beyond the right edge
    text = f"0 {shares(STAR)}\n0 {shares(out)}\n0 0.5 0.5 0.1 nan\n0 {shares(SQUARE[:2])} nan 0.5\n"
    source = yolo_set(tmp_path / "a", a=text)
    assert audit([str(source), "--fix", str(tmp_path / "b"), "--quiet"]) == 1
    first, second = (tmp_path / "b/labels/train/a.txt").read_text().splitlines()
    assert first == f"0 {shares(STAR)}"
    points = np.array(second.split()[1:], float).reshape(-1, 2) * SIZE
    area = sum(abs(ring_area(piece)) for piece in clip_ring(out, *SIZE))
    np.testing.assert_allclose(abs(ring_area(points)), area, rtol=1e-6)
    with (tmp_path / "b/changes.csv").open() as file:
        changes = [(row["action"], row["kind"], row["place"]) for row in csv.DictReader(file)]
    assert sorted(changes) == [
        ("clip", "beyond picture", "line 2"), ("drop", "not finite", "line 3"), ("drop", "not finite", "line 4"),
    ]  # fmt: skip


def test_masks_of_supervision_become_polygons(tmp_path: Path) -> None:
    import supervision

    from data_prep.formats.through_supervision import from_supervision

    path = str(tmp_path / "a.png")
    write_picture(path, np.zeros((48, 64, 3), np.uint8))
    mask = np.zeros((1, 48, 64), bool)
    mask[0, 4:14, 3:9] = True
    found = supervision.Detections(np.array([[3.0, 4.0, 9.0, 14.0]]), mask=mask, class_id=np.array([0]))
    boxes = from_supervision(supervision.DetectionDataset(["player"], [path], {path: found})).boxes
    assert boxes.polygons is not None
    np.testing.assert_array_equal(boxes.polygons.extents(), boxes.xyxy)
    assert boxes.polygons.areas().tolist() == [60]


def test_repair_says_where_a_box_beside_polygons_becomes_a_rectangle(tmp_path: Path) -> None:
    from data_prep.audit.command import main as audit

    source = yolo_set(tmp_path / "a", a=f"0 {shares(STAR)}\n1 0.5 0.5 0.25 0.5\n")
    audit([str(source), "--fix", str(tmp_path / "b"), "--quiet"])
    with (tmp_path / "b/changes.csv").open() as file:
        changes = [(row["action"], row["what"]) for row in csv.DictReader(file)]
    assert [action for action, _ in changes] == ["rewrite"]
    assert changes[0][1].startswith("1 boxes have no polygon")


def test_repair_of_coco_keeps_polygons_and_masks(tmp_path: Path) -> None:
    from data_prep.audit.command import main as audit

    mask = {"size": [48, 64], "counts": [48 * 3 + 4, 10, 38, 10, 38, 10]}
    good = {"bbox": [10, 5, 18, 35], "segmentation": [[float(v) for v in STAR.reshape(-1)]]}
    data = coco(good, {"bbox": [3, 4, 3, 10], "segmentation": mask, "iscrowd": 1}, {"bbox": [1, 2, None, 3]})
    (tmp_path / "a.json").write_text(json.dumps(data))
    assert audit([str(tmp_path / "a.json"), "--fix", str(tmp_path / "b"), "--quiet"]) == 1
    first, second = json.loads((tmp_path / "b/annotations/instances_train.json").read_text())["annotations"]
    assert first["segmentation"] == good["segmentation"]
    corners = np.array(second["segmentation"][0]).reshape(-1, 2)
    assert sorted(corners.tolist()) == [[3, 4], [3, 14], [6, 4], [6, 14]]
    assert (second["iscrowd"], second["area"]) == (1, 30)


def test_polygons_in_voc_files_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from data_prep.audit.command import main as audit

    (tmp_path / "a").mkdir()
    (tmp_path / "a/a.xml").write_text(
        "<annotation><filename>a.jpg</filename><size><width>64</width><height>48</height></size>"
        "<object><name>player</name><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>9</xmax><ymax>14</ymax></bndbox>"
        "<polygon><x1>3</x1><y1>4</y1><x2>9</x2><y2>4</y2><x3>9</x3><y3>14</y3></polygon></object></annotation>"
    )
    said = "1 objects have a polygon as well, which is not read"
    assert convert([str(tmp_path / "a"), str(tmp_path / "b"), "--from", "voc", "--to", "yolo", "--labels-only"]) == 0
    assert said in capsys.readouterr().err
    assert said in json.loads((tmp_path / "b/manifest.json").read_text())["notes"][0]
    audit([str(tmp_path / "a")])
    assert said in capsys.readouterr().out
