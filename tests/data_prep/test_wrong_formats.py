"""Files of data sets that are wrong: refused with their place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from make_clips import SIZE, files_below, jpeg
from voc_files import VOC_XML, make_voc

from data_prep.formats.coco import read_coco, write_coco
from data_prep.formats.voc import read_voc, write_voc
from data_prep.formats.yolo import write_yolo
from data_prep.formats.yolo_read import parse_labels, read_yolo
from data_prep.output import WriteSettings
from data_prep.table import Boxes, ImageTable, Table
from sportstrack.errors import FormatError

LABELS = WriteSettings(pictures=False)


BOMB = """<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><annotation><filename>&b;</filename></annotation>"""
OUTSIDE_FILE = (
    """<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>"""
)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (BOMB, "dangerous XML"),
        (OUTSIDE_FILE, "dangerous XML"),
        ("<annotation>\n<object>\n", r"a.xml, line 3: broken XML"),
        ("<other/>", "no VOC annotation: its root is <other>"),
        (VOC_XML.replace("<xmin>64</xmin>", "<xmin>wide</xmin>"), r"a.xml, line 6: xmin is 'wide'"),
        (VOC_XML.replace("<xmin>64</xmin>", ""), r"a.xml, line 6: xmin is None"),
        (VOC_XML.replace("<xmax>10</xmax>", "<xmax>-1</xmax>"), r"a.xml, line 4: the box .* inside out"),
        (VOC_XML.replace("<xmax>10</xmax>", "<xmax>nan</xmax>"), r"a.xml, line 4: .* not finite"),
        (VOC_XML.replace("<name>player</name>", ""), r"a.xml, line 4: an object without a name"),
        (b"\xff\xfe\x00", "broken XML"),
    ],
)
def test_a_bad_xml_is_refused_with_its_line(tmp_path: Path, xml: str | bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_voc(make_voc(tmp_path, xml))


GOOD_COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
    "categories": [{"id": 1, "name": "player"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": None}, "no list 'images'"),
        ({"images": [{"id": 1, "file_name": "a.jpg"}]}, r"images\[0\]: width and height are None"),
        ({"images": GOOD_COCO["images"] * 2}, r"images\[1\]: the id 1 a second time"),
        ({"images": [{"id": 1, "width": 5, "height": 5}]}, r"images\[0\]: no file_name"),
        (
            {"annotations": [{"image_id": 9, "category_id": 1, "bbox": [1, 2, 3, 4]}]},
            r"annotations\[0\]: image_id is 9",
        ),
        ({"annotations": [{"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}]}, r"annotations\[0\]: category_id"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}]}, r"annotations\[0\]: bbox is"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, -3, 4]}]}, r"annotations\[0\]: bbox .*0 or"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 1e999, 4]}]}, r"annotations\[0\]: bbox"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": "1234"}]}, r"annotations\[0\]: bbox is"),
        ({"annotations": [{"image_id": 1, "category_id": 1}]}, r"annotations\[0\]: neither bbox nor segmentation"),
        (
            {"annotations": [{"image_id": 1, "category_id": 1, "segmentation": {"size": [4, 4]}}]},
            r"annotations\[0\]: segmentation is no mask",
        ),
        ({"annotations": ["x"]}, r"annotations\[0\]: no dictionary"),
        ({"categories": [{"name": "x"}]}, r"categories\[0\]: no id"),
    ],
)
def test_a_bad_coco_is_refused_with_its_place(tmp_path: Path, change: dict, message: str) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(GOOD_COCO | change))
    with pytest.raises(FormatError, match=message):
        read_coco(path)


def test_broken_json_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"images": [\n1, 2,\n')
    with pytest.raises(FormatError, match=r"labels.json, line 3: no JSON"):
        read_coco(tmp_path)
    with pytest.raises(FormatError, match="no such file or folder"):
        read_coco(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1\n", "line 2: 4 numbers"),
        (b"0 0.5 0.5 0.1 0.1\n\n0 0.5 0.5 x 0.1\n", "line 3: not only numbers"),
        (b"3 0.5 0.5 0.1 0.1\n", "line 1: class 3 is none of the 2"),
        (b"0.5 0.5 0.5 0.1 0.1\n", "line 1: class 0.5"),
        (b"0 640 360 20 30\n", "line 1: not shares of the picture"),
        (b"0 nan 0.5 0.1 0.1\n", "line 1: not shares"),
        (b"0 0.5 0.5 -0.1 0.1\n", "line 1: not shares"),
        (b"0 0.5 0.5 0.1 0.1 1 0.5 0.5 0.1 0.1\n", "line 1: 10 numbers"),
    ],
)
def test_a_bad_label_line_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_labels(text, "a.txt", 2)


def test_sloppy_label_lines_are_read() -> None:
    text = b"\xef\xbb\xbf1 0.5 0.5 0.2 0.4\r\n\r\n0 0.1 0.1 0.3 0.1 0.3 0.5 0.1 0.5"
    rows, polygons = parse_labels(text, "a", 2)
    np.testing.assert_allclose(rows, [[1, 0.5, 0.5, 0.2, 0.4], [0, 0.2, 0.3, 0.2, 0.4]])
    assert [None if polygon is None else polygon.shape for polygon in polygons] == [None, (4, 2)]
    rows, polygons = parse_labels(b"", "a", 2)
    assert rows.shape == (0, 5)
    assert polygons == []


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (None, "no data.yaml"),
        ("names: [a\ntrain: x", r"data.yaml, line \d: no valid YAML"),
        ("just text", "not a YOLO data set"),
        ("train: images\n", "names: expected a list"),
        ("names: {1: a}\ntrain: images\n", "names: expected a list"),
        ("names: [a]\ntrain: absent\n", "train: .*absent is not there"),
    ],
)
def test_a_folder_that_is_no_yolo_data_set_is_refused(tmp_path: Path, yaml: str | None, message: str) -> None:
    if yaml is not None:
        (tmp_path / "data.yaml").write_text(yaml)
    with pytest.raises(FormatError, match=message):
        read_yolo(tmp_path)


@pytest.mark.parametrize("names", [["../a.jpg"], ["/etc/a.jpg"], ["C:/a.jpg"], ["a\\b.jpg"], [""], ["x/../../a.jpg"]])
def test_names_that_climb_out_are_refused(tmp_path: Path, names: list[str]) -> None:
    table = Table(("a",), (), ImageTable.make(names, size=SIZE), Boxes.empty())
    for write in (write_yolo, write_coco, write_voc):
        with pytest.raises(FormatError, match="no path inside a data set"):
            write(table, tmp_path / "out", LABELS)
    assert not files_below(tmp_path)


@pytest.mark.parametrize("pair", [("a.jpg", "A.jpg"), ("a.jpg", "a.png"), ("ä.jpg", "a\u0308.jpg")])
def test_names_that_would_meet_in_one_file_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    table = Table(("a",), (), ImageTable.make(pair, size=SIZE), Boxes.empty())
    with pytest.raises(FormatError, match="would meet in one file"):
        write_yolo(table, tmp_path / "out", LABELS)
    assert not files_below(tmp_path)


def test_a_table_that_is_not_sound_is_refused() -> None:
    images = ImageTable.make(["a.jpg"], size=SIZE)
    for boxes, message in [
        (Boxes.make([1], [[0, 0, 1, 1]]), "picture that is not there"),
        (Boxes.make([0], [[0, 0, 1, 1]], [1]), "beyond the 1 classes"),
        (Boxes.make([0], [[0, 0, np.nan, 1]]), "NaN or infinite"),
    ]:
        with pytest.raises(FormatError, match=message):
            Table(("a",), (), images, boxes).check()
    with pytest.raises(FormatError, match=r"expected a column of shape \(1, 4\), got \(1, 3\)"):
        Boxes.make([0], [[0, 0, 1]])


def test_labels_beside_images_of_the_working_folder_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file, data in (("images/train/a.jpg", jpeg(SIZE)), ("labels/train/a.txt", b"0 0.5 0.5 0.2 0.4\n")):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_bytes(data)
    (tmp_path / "data.yaml").write_text("train: images/train\nnames: [player]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(read_yolo(".").boxes) == 1
