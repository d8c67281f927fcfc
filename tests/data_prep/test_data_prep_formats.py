"""Formats against each other: round trips lose nothing, conventions of pixels are kept, wrong files are refused."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_clips import SIZE, jpeg, make_clip
from voc_files import VOC_XML, make_voc

from data_prep.formats.coco import read_coco, to_coco, write_coco
from data_prep.formats.motfolders import read_mot_folders, write_mot_folders
from data_prep.formats.voc import read_voc, write_voc
from data_prep.formats.yolo import Labels, write_yolo
from data_prep.formats.yolo_read import read_yolo
from data_prep.output import WriteSettings
from data_prep.table import Boxes, ImageTable, Table, join_tables
from data_prep.trim import trim
from sportstrack.errors import FormatError, SettingError

LABELS = WriteSettings(pictures=False)
EXACT = 1e-3  # pixels
NAMES = ("Spieler", "ball & goal", "réf <1>")
examples = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def box_lists(draw: st.DrawFn, width: int, height: int, most: int = 6) -> np.ndarray:
    """(N, 4) xyxy of positive size, some of them beyond the picture, some on its edges."""
    place = st.floats(-20, 1.2, allow_nan=False)
    shares = draw(st.lists(st.tuples(place, place, st.floats(0.001, 1), st.floats(0.001, 1)), max_size=most))
    left_top = np.array([(max(x, -0.2) * width, max(y, -0.2) * height) for x, y, _, _ in shares]).reshape(-1, 2)
    sides = np.array([(w * width, h * height) for _, _, w, h in shares]).reshape(-1, 2)
    return np.round(np.hstack([left_top, left_top + sides]), draw(st.integers(0, 4)))


@st.composite
def tables(draw: st.DrawFn, pictures: int = 3) -> Table:
    size = draw(st.sampled_from([SIZE, (1280, 720), (7680, 4320), (333, 777)]))
    boxes = [draw(box_lists(*size)) for _ in range(draw(st.integers(1, pictures)))]
    boxes = [b[((b[:, 2:] - b[:, :2]) > 0.01).all(axis=1)] for b in boxes]
    image = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
    classes = draw(st.lists(st.integers(0, len(NAMES) - 1), min_size=len(image), max_size=len(image)))
    ignore = draw(st.lists(st.booleans(), min_size=len(image), max_size=len(image)))
    names = [f"match ä/{i:03d}.jpg" for i in range(len(boxes))]
    images = ImageTable.make(names, size=size, split="train")
    return Table(NAMES, (), images, Boxes.make(image, np.concatenate(boxes), classes, ignore=ignore))


def with_pictures(table: Table, folder: Path) -> Table:
    path = folder / "picture.jpg"
    path.write_bytes(jpeg(tuple(table.images.size[0].tolist())))
    table.images.file[:] = str(path)
    return table


def assert_same(a: Table, b: Table) -> None:
    np.testing.assert_allclose(a.boxes.xyxy, b.boxes.xyxy, rtol=0, atol=EXACT)
    assert [a.classes[i] for i in a.boxes.class_id] == [b.classes[i] for i in b.boxes.class_id]
    assert a.boxes.ignore.tolist() == b.boxes.ignore.tolist()
    assert a.images.name[a.boxes.image].tolist() == b.images.name[b.boxes.image].tolist()
    assert a.images.name.tolist() == b.images.name.tolist()
    assert a.images.size.tolist() == b.images.size.tolist()


@examples
@given(tables())
def test_voc_to_coco_to_voc_is_exact(table: Table) -> None:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        write_voc(table, out / "voc", LABELS)
        first = read_voc(out / "voc")
        write_coco(first, out / "coco", LABELS)
        write_voc(read_coco(out / "coco"), out / "again", LABELS)
        assert_same(first, table)
        assert_same(read_voc(out / "again"), first)


@examples
@given(tables())
def test_coco_to_yolo_to_coco_is_exact_but_for_what_is_clipped(table: Table) -> None:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        write_coco(with_pictures(table, out), out / "coco")
        first = read_coco(out / "coco")
        assert_same(first, table)
        manifest = write_yolo(first, out / "yolo")
        write_coco(read_yolo(out / "yolo"), out / "again")
        again = read_coco(out / "again")
        trimmed = trim(first)
        assert_same(again, trimmed.table)
        counts = manifest["splits"]["train"]
        assert counts["boxes"] + counts["ignored"] + counts["outside"] == len(table.boxes)
        assert counts["clipped"] == int(trimmed.clipped.sum())


@examples
@given(st.data())
def test_mot_to_yolo_to_mot_gives_the_same_boxes_and_identities(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([SIZE, (1920, 1080)]))
    boxes = [data.draw(box_lists(*size)) for _ in range(3)]
    rows = [
        f"{frame},{track},{x1:.4f},{y1:.4f},{x2 - x1:.4f},{y2 - y1:.4f},1,1,1\n"
        for frame, found in enumerate(boxes, 1)
        for track, (x1, y1, x2, y2) in enumerate(found.tolist())
        if x2 - x1 > 0.01 and y2 - y1 > 0.01 and x1 < size[0] and y1 < size[1] and x2 > 0 and y2 > 0
    ]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        make_clip(out / "mot" / "train" / "clip 1", "".join(rows), size=size)
        first = read_mot_folders(out / "mot")
        write_yolo(first, out / "yolo")
        write_mot_folders(read_yolo(out / "yolo"), out / "again")
        again = read_mot_folders(out / "again")
        expected = trim(first).table
        assert_same(again, expected)
        assert again.boxes.track_id.tolist() == expected.boxes.track_id.tolist()
        assert len(again.boxes) == len(rows)


def test_labels_are_what_python_would_format() -> None:
    rng = np.random.default_rng(0)
    count, size = 2000, (1280, 720)
    corner = rng.uniform(0, 0.9, (count, 2)) * size
    xyxy = np.hstack([corner, corner + rng.uniform(0.001, 0.1, (count, 2)) * size])
    xyxy[0] = (0, 0, *size)
    classes = rng.integers(0, 112, count)
    names = tuple(str(i) for i in range(112))
    images = ImageTable.make([f"{i}.jpg" for i in range(count)], size=size)
    labels = Labels.of(Table(names, (), images, Boxes.make(np.arange(count), xyxy, classes)))
    x1, y1, x2, y2 = (xyxy / np.tile(size, 2)).T
    shares = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
    for i in range(count):
        line = labels.text[labels.start[i] : labels.start[i + 1]].decode()
        assert line == f"{classes[i]} " + " ".join(f"{v:.8f}" for v in shares[i]) + "\n"


def test_voc_counts_pixels_from_1_and_includes_the_last(tmp_path: Path) -> None:
    table = read_voc(make_voc(tmp_path))
    assert table.classes == ("ball", "player")
    assert table.boxes.xyxy.tolist() == [[0, 0, 10, 20], [63, 47, 64, 48]]
    assert table.boxes.ignore.tolist() == [False, True]
    assert [a["bbox"] for a in to_coco(table)["annotations"]] == [[0, 0, 10, 20], [63, 47, 1, 1]]
    assert read_voc(tmp_path, edges="continuous").boxes.xyxy.tolist() == [[1, 1, 10, 20], [64, 48, 64, 48]]
    assert trim(table).table.boxes.xyxy.tolist() == [[0, 0, 10, 20]]  # a whole pixel at the edge is inside


def test_voc_sets_are_splits_and_a_size_is_asked_of_the_picture(tmp_path: Path) -> None:
    without = VOC_XML.replace("<width>64</width><height>48</height>", "<width>0</width><height>0</height>")
    for name in ("a", "b", "c"):
        make_voc(tmp_path, without.replace("a.jpg", f"{name}.jpg"), name)
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("a\r\nc\r\n")
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("b\n")
    (tmp_path / "ImageSets" / "Main" / "ball_train.txt").write_text("a  1\nc -1\n")
    table = read_voc(tmp_path)
    assert dict(zip(table.images.name, table.images.split, strict=True)) == {
        "a.jpg": "train", "c.jpg": "train", "b.jpg": "val",
    }  # fmt: skip
    assert table.images.size.tolist() == [[64, 48]] * 3


def test_a_listed_picture_without_xml_is_unlabelled_and_an_unlisted_xml_is_named(tmp_path: Path) -> None:
    make_voc(tmp_path)
    make_voc(tmp_path, name="unlisted")
    (tmp_path / "JPEGImages" / "b.jpg").write_bytes(jpeg())
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("a\nb\n")
    table = read_voc(tmp_path)
    assert table.images.name.tolist() == ["a.jpg", "b.jpg"]
    assert table.images.labelled.tolist() == [True, False]
    assert "1 of the 2 XML files" in table.notes[0]
    (tmp_path / "JPEGImages" / "b.jpg").unlink()
    with pytest.raises(FormatError, match=r"train.txt: names b, which has neither XML nor picture"):
        read_voc(tmp_path)


def test_a_test_split_without_ground_truth_stays_without_it(tmp_path: Path) -> None:
    make_clip(tmp_path / "mot/train/clip 1")
    make_clip(tmp_path / "mot/test/clip 2", None)
    first = read_mot_folders(tmp_path / "mot")
    assert first.images.labelled.tolist() == [False] * 3 + [True] * 3
    write_coco(first, tmp_path / "coco")
    assert "annotations" not in json.loads((tmp_path / "coco/annotations/instances_test.json").read_text())
    write_voc(read_coco(tmp_path / "coco"), tmp_path / "voc")
    write_yolo(read_voc(tmp_path / "voc"), tmp_path / "yolo")
    last = read_yolo(tmp_path / "yolo")
    assert dict(zip(last.images.name, last.images.labelled, strict=True)) == dict(
        zip(first.images.name, first.images.labelled, strict=True)
    )


def test_pycocotools_loads_what_is_written(tmp_path: Path) -> None:
    from pycocotools import coco

    make_clip(tmp_path / "mot" / "val" / "clip")
    table = read_mot_folders(tmp_path / "mot", class_names=("player",))
    write_coco(table, tmp_path / "coco")
    loaded = coco.COCO(str(tmp_path / "coco" / "annotations" / "instances_val.json"))
    assert [image["file_name"] for image in loaded.loadImgs(loaded.getImgIds())] == table.images.name.tolist()
    found = loaded.loadAnns(loaded.getAnnIds(imgIds=[1]))
    assert [(a["bbox"], a["track_id"]) for a in found] == [([10, 5, 20, 30], 0), ([40, 8, 10, 20], 1)]
    assert loaded.loadCats(loaded.getCatIds())[0]["name"] == "player"
    assert (tmp_path / "coco" / "val" / "clip" / "000003.jpg").samefile(
        tmp_path / "mot" / "val" / "clip" / "img1" / "000003.jpg"
    )
    again = read_coco(tmp_path / "coco")
    assert again.boxes.track_id.tolist() == [0, 1, 0]
    assert again.images.frame.tolist() == [0, 1, 2]
    assert again.sequences[0].frame_rate == 25


def test_a_mask_without_a_box_gets_the_box_around_it() -> None:
    from pycocotools import mask

    from data_prep.formats.coco import parse_coco

    pixels = np.zeros((48, 64), np.uint8, order="F")
    pixels[10:20, 5:30] = 1
    coded = mask.encode(pixels)
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 7, "name": "player"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "segmentation": {"size": [48, 64], "counts": coded["counts"]}},
            {"id": 2, "image_id": 1, "category_id": 7, "segmentation": [[3, 4, 9, 4, 9, 14]]},
        ],
    }
    table, _ = parse_coco(data, "x.json")
    assert table.boxes.xyxy.tolist() == [[5, 10, 30, 20], [3, 4, 9, 14]]


def test_supervision_reads_the_same_boxes_from_the_yolo_labels(tmp_path: Path) -> None:
    import supervision

    make_clip(tmp_path / "mot" / "clip")
    write_yolo(read_mot_folders(tmp_path / "mot"), tmp_path / "yolo")
    read = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(tmp_path / "yolo/images/train/clip"),
        annotations_directory_path=str(tmp_path / "yolo/labels/train/clip"),
        data_yaml_path=str(tmp_path / "yolo/data.yaml"),
    )
    boxes = {Path(path).name: detections.xyxy for path, detections in read.annotations.items()}
    np.testing.assert_allclose(boxes["000001.jpg"], [[10, 5, 30, 35], [40, 8, 50, 28]], atol=EXACT)


@pytest.mark.parametrize("kind", ["createml", "labelme"])
def test_formats_that_supervision_writes_come_in(tmp_path: Path, kind: str) -> None:
    import supervision

    from data_prep.formats import through_supervision
    from data_prep.formats.labelme import read_labelme

    (tmp_path / "a.jpg").write_bytes(jpeg())
    path = str(tmp_path / "a.jpg")
    detections = supervision.Detections(np.array([[4.0, 6.0, 20.0, 30.0]]), class_id=np.array([0]))
    made = supervision.DetectionDataset(["player"], [path], {path: detections})
    if kind == "createml":
        made.as_createml(annotations_path=str(tmp_path / "labels.json"))
        table = through_supervision.read_createml(tmp_path)
    else:
        made.as_labelme(annotations_directory_path=str(tmp_path / "labels"))
        table = read_labelme(tmp_path / "labels", images=tmp_path)
    assert table.classes == ("player",)
    assert table.boxes.xyxy.tolist() == [[4, 6, 20, 30]]
    assert table.images.size.tolist() == [[64, 48]]


def test_joining_matches_classes_by_name() -> None:
    def one(classes: tuple[str, ...], name: str) -> Table:
        return Table(classes, (), ImageTable.make([name], size=SIZE), Boxes.make([0, 0], [[0, 0, 1, 1]] * 2, [0, 1]))

    table = join_tables([one(("a", "b"), "1.jpg"), one(("b", "c"), "2.jpg")])
    assert table.classes == ("a", "b", "c")
    assert table.boxes.class_id.tolist() == [0, 1, 1, 2]
    assert table.counts() == {"train": {"a": 1, "b": 2, "c": 1}}
    only = table.keep_classes(["c", "b"])
    assert only.boxes.class_id.tolist() == [1, 1, 0]
    assert len(only.images) == 2
    with pytest.raises(SettingError, match="no class is called 'd'"):
        table.keep_classes(["d"])


def test_mot17_keeps_its_classes_flags_and_one_copy_of_each_clip(tmp_path: Path) -> None:
    rows = "1,1,5,5,10,20,1,1,0.5\n1,2,30,5,10,20,0,7,1\n2,1,6,5,10,20,1,1,1\n"
    for detector in ("DPM", "FRCNN", "SDP"):
        make_clip(tmp_path / "train" / f"MOT17-02-{detector}", rows)
    table = read_mot_folders(tmp_path)
    assert [s.name for s in table.sequences] == ["MOT17-02-DPM"]
    assert table.classes[6] == "static person"
    assert table.boxes.ignore.tolist() == [False, True, False]
    assert table.boxes.visibility.tolist() == [0.5, 1, 1]
    manifest = write_yolo(table.keep_classes(["pedestrian"]), tmp_path / "yolo")
    assert manifest["splits"]["train"]["boxes_per_class"] == {"pedestrian": 2}


def test_real_mot_sequences_are_read(shared_data: Path) -> None:
    from sportstrack.mot import read_mot

    for folder in sorted((shared_data / "mot17").iterdir())[:2] + sorted((shared_data / "mot15").iterdir())[:2]:
        table = read_mot_folders(folder)
        truth = read_mot(folder / "gt" / "gt.txt")
        order = np.argsort(truth.frame, kind="stable")
        np.testing.assert_array_equal(table.boxes.xyxy, truth.xyxy[order])
        assert table.boxes.ignore.sum() == (truth.score == 0).sum()
