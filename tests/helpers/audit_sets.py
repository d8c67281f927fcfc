"""Sound data sets of all layouts, to be broken and audited."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from make_clips import INFO

from data_prep.formats.coco import read_coco
from data_prep.formats.motfolders import read_mot_folders
from data_prep.formats.voc import read_voc
from data_prep.formats.yolo_read import read_yolo

SIZE = (96, 64)
FRAMES = 10
Breaker = Callable[[Path], object]


@cache
def picture(seed: int, kind: str = "", size: tuple[int, int] = SIZE) -> bytes:
    """A picture of coarse patches and fine grain; no two seeds look alike."""
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (4, 6, 3), dtype=np.uint8)
    image = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(float) + rng.normal(0, 12, (*size[::-1], 1))
    image = 125 + (image - image.mean())
    if kind == "dark":
        image = image * 0.2
    elif kind == "blurred":
        image = cv2.GaussianBlur(image, (0, 0), 3)
    return np.asarray(cv2.imencode(".png", image.clip(0, 255).astype(np.uint8))[1]).tobytes()


def rows(frames: int = FRAMES, shift: int = 0) -> list[str]:
    """Two players that walk, a line each per frame."""
    lines = []
    for frame in range(1, frames + 1):
        lines += [f"{frame},0,{5 + shift + frame},10,12,30,1,1,1", f"{frame},1,{70 - shift - frame},20,10,24,1,1,1"]
    return lines


def make_clip(folder: Path, seed: int, shift: int) -> None:
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    info = INFO.format(name=folder.name, frames=FRAMES, width=SIZE[0], height=SIZE[1]).replace(".jpg", ".png")
    (folder / "seqinfo.ini").write_text(info)
    (folder / "gt/gt.txt").write_text("\n".join(rows(shift=shift)) + "\n")
    for frame in range(1, FRAMES + 1):
        (folder / f"img1/{frame:06d}.png").write_bytes(picture(seed + frame))


def make_mot(root: Path) -> Path:
    make_clip(root / "dataset/train/v_aaa_c001", 100, 0)
    make_clip(root / "dataset/val/v_bbb_c001", 200, 3)
    return root


def make_yolo(root: Path) -> Path:
    for split, seed in (("train", 1), ("val", 50)):
        (root / "images" / split).mkdir(parents=True)
        (root / "labels" / split).mkdir(parents=True)
        for i in range(4):
            (root / f"images/{split}/{i}.png").write_bytes(picture(seed + i))
            (root / f"labels/{split}/{i}.txt").write_text("0 0.3 0.4 0.2 0.5\n1 0.7 0.5 0.1 0.3\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [player, ball]\n")
    return root


def make_coco(root: Path) -> Path:
    (root / "annotations").mkdir(parents=True)
    (root / "val").mkdir()
    images = [{"id": i, "file_name": f"{i}.png", "width": SIZE[0], "height": SIZE[1]} for i in range(3)]
    for i in range(3):
        (root / f"val/{i}.png").write_bytes(picture(i))
    boxes = [{"id": i, "image_id": i, "category_id": 7, "bbox": [10, 10, 20, 30], "iscrowd": 0} for i in range(3)]
    data = {"images": images, "annotations": boxes, "categories": [{"id": 7, "name": "player"}]}
    (root / "annotations/instances_val.json").write_text(json.dumps(data))
    return root


def make_voc(root: Path) -> Path:
    (root / "Annotations").mkdir(parents=True)
    (root / "JPEGImages").mkdir()
    for i in range(3):
        (root / f"JPEGImages/{i}.png").write_bytes(picture(i))
        (root / f"Annotations/{i}.xml").write_text(
            f"<annotation><filename>{i}.png</filename>\n<size><width>{SIZE[0]}</width><height>{SIZE[1]}</height></size>"
            "\n<object><name>player</name><bndbox><xmin>11</xmin><ymin>11</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
            "</object>\n</annotation>\n"
        )
    return root


MAKERS = {"mot": make_mot, "yolo": make_yolo, "coco": make_coco, "voc": make_voc}
READERS = {
    "mot": lambda root: read_mot_folders(root), "yolo": read_yolo, "coco": read_coco, "voc": read_voc,
}  # fmt: skip


def train(root: Path) -> Path:
    return root / "dataset/train/v_aaa_c001"


def edit(line: int, new: str | None) -> Breaker:
    """Replace, or with None leave out, a line (from 1) of the train clip's truth; line 0 appends."""

    def do(root: Path) -> None:
        lines = rows()
        if line == 0:
            lines.append(str(new))
        else:
            lines[line - 1 : line] = [] if new is None else [new]
        (train(root) / "gt/gt.txt").write_text("\n".join(lines) + "\n")

    return do


def info(old: str, new: str) -> Breaker:
    def do(root: Path) -> None:
        path = train(root) / "seqinfo.ini"
        path.write_text(path.read_text().replace(old, new))

    return do


def label(layout_path: str, text: str) -> Breaker:
    return lambda root: (root / layout_path).write_text(text)


def copy_clip(name: str, shift: int) -> Breaker:
    """A clip of val in train as well: its pictures, and its boxes or (shift) others."""

    def do(root: Path) -> None:
        make_clip(root / "dataset/train" / name, 200 if shift == 3 else 300, shift)

    return do


def changes_of(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "changes.csv").read_text(encoding="utf-8").splitlines()))
