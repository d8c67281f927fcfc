"""Data sets whose texts PowerShell or an old editor has written read like all others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from make_clips import SIZE, jpeg

from data_prep.formats.coco import read_coco
from data_prep.formats.through_supervision import read_createml
from data_prep.formats.voc import read_voc
from data_prep.formats.yolo_read import read_yolo

WIDTH, HEIGHT = SIZE
NAME = "Spielerin Ö"


def coco(root: Path, text: Callable[[str, str], None]) -> Any:
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 12], "area": 120, "iscrowd": 0}
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    content = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": NAME}]}
    text("instances_train.json", json.dumps(content, ensure_ascii=False))
    return read_coco(root / "instances_train.json")


def createml(root: Path, text: Callable[[str, str], None]) -> Any:
    box = {"label": NAME, "coordinates": {"x": 20, "y": 15, "width": 10, "height": 12}}
    text("a.json", json.dumps([{"image": "a.jpg", "annotations": [box]}], ensure_ascii=False))
    return read_createml(root)


def yolo(root: Path, text: Callable[[str, str], None]) -> Any:
    (root / "images").mkdir()
    (root / "a.jpg").rename(root / "images" / "a.jpg")
    text("labels/a.txt", "0 0.5 0.5 0.2 0.4\r\n")
    text("list.txt", "images/a.jpg\r\n")
    text("data.yaml", f"train: list.txt\r\nnames: [{NAME}]\r\n")
    return read_yolo(root)


def voc(root: Path, text: Callable[[str, str], None]) -> Any:
    box = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
    thing = f"<object><name>{NAME}</name>{box}</object>"
    text("Annotations/a.xml", f"<annotation><filename>a.jpg</filename>{size}{thing}</annotation>")
    text("ImageSets/Main/train.txt", "a\r\n")
    return read_voc(root, images=root)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("make", [coco, createml, yolo, voc])
def test_a_data_set_reads_in_every_encoding(make: Callable[..., Any], encoding: str, tmp_path: Path) -> None:
    def text(name: str, content: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content.encode(encoding))

    (tmp_path / "a.jpg").write_bytes(jpeg(SIZE))
    table = make(tmp_path, text)
    assert list(table.classes) == [NAME]
    assert len(table.boxes) == 1
