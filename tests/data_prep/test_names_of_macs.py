"""Data sets that went through a Mac: letters in two parts, and ``._`` files beside all others."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from make_clips import SIZE, jpeg

from data_prep.audit.read import ReadSettings, read_source
from data_prep.formats.sportsmot import read_sportsmot
from data_prep.formats.voc import read_voc
from data_prep.formats.yolo_read import read_yolo

WORD = "Köln"
FORMS = [("NFC", "NFD"), ("NFD", "NFC")]
XML = (
    "<annotation><filename>{0}.jpg</filename><size><width>{1[0]}</width><height>{1[1]}</height></size><object><name>p"
    "</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
)


def put(file: Path, data: bytes | str) -> None:
    """Write a file and what a Mac puts beside it on a foreign disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    file.with_name(f"._{file.name}").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    (file.parent / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")


def yolo(root: Path, one: str, other: str) -> Any:
    put(root / "images" / "train" / f"{one}.jpg", jpeg(SIZE))
    put(root / "labels" / "train" / f"{other}.txt", "0 0.5 0.5 0.2 0.4\n")
    put(root / "data.yaml", "train: images/train\nnames: [p]\n")
    return read_yolo(root)


def yolo_list(root: Path, one: str, other: str) -> Any:
    yolo(root, one, other)
    put(root / "list.txt", f"images/train/{other}.jpg\n")
    put(root / "data.yaml", "train: list.txt\nnames: [p]\n")
    return read_yolo(root)


def voc(root: Path, one: str, other: str) -> Any:
    put(root / "Annotations" / f"{one}.xml", XML.format(other, SIZE))
    put(root / "JPEGImages" / f"{one}.jpg", jpeg(SIZE))
    put(root / "ImageSets" / "Main" / "train.txt", f"{other}\n")
    table = read_voc(root)
    assert table.images.file.tolist() != [None]
    return table


def sportsmot(root: Path, one: str, other: str) -> Any:
    clip = root / "dataset" / "train" / f"v_{one}_c001"
    put(clip / "img1" / "000001.jpg", jpeg(SIZE))
    put(clip / "gt" / "gt.txt", "1,1,1,2,8,9,1,1,1\n")
    put(clip / "seqinfo.ini", f"name=v_{other}_c001\nseqLength=1\nimWidth={SIZE[0]}\nimHeight={SIZE[1]}\n")
    put(root / "splits_txt" / "train.txt", f"v_{other}_c001\n")
    return read_sportsmot(root)


@pytest.mark.parametrize("forms", FORMS)
@pytest.mark.parametrize("make", [yolo, yolo_list, voc, sportsmot])
def test_pictures_labels_and_lists_belong_together(
    make: Callable[..., Any], forms: tuple[str, str], tmp_path: Path
) -> None:
    one, other = (unicodedata.normalize(form, WORD) for form in forms)
    assert len(make(tmp_path, one, other).boxes) == 1


@pytest.mark.parametrize("forms", FORMS)
@pytest.mark.parametrize(("make", "layout"), [(yolo, "yolo"), (voc, "voc"), (sportsmot, "mot")])
def test_the_audit_finds_nothing_in_them(
    make: Callable[..., Any], layout: str, forms: tuple[str, str], tmp_path: Path
) -> None:
    one, other = (unicodedata.normalize(form, WORD) for form in forms)
    make(tmp_path, one, other)
    source = read_source(tmp_path, ReadSettings(layout))
    assert len(source.table.boxes) == 1
    assert not [finding for finding in source.found if "label" in finding.kind or "picture" in finding.kind]
