"""data_prep's readers under trial, as those in fuzz_readers.py."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_readers import ROWS, Reader, write, write_clip, write_json, write_picture


def _seed_coco(folder: Path) -> None:
    write_picture(folder / "train" / "a.jpg")
    write_picture(folder / "train" / "b.jpg")
    images = [{"id": i, "file_name": name, "width": 48, "height": 32} for i, name in ((1, "a.jpg"), (2, "b.jpg"))]
    one = {"category_id": 1, "iscrowd": 0, "area": 120, "bbox": [1, 2, 10, 12]}
    boxes = [
        {"id": 1, "image_id": 1, **one},
        {"id": 2, "image_id": 2, **one, "segmentation": [[1, 2, 11, 2, 11, 14, 1, 14]]},
        {"id": 3, "image_id": 1, **one, "iscrowd": 1, "segmentation": {"size": [32, 48], "counts": [100, 20, 1416]}},
        {"id": 4, "image_id": 2, **one, "track_id": 7, "segmentation": {"size": [32, 48], "counts": "T3d0X\\1"}},
    ]
    del boxes[3]["bbox"]
    categories = [{"id": 1, "name": "player", "supercategory": "person"}]
    write_json(
        folder / "annotations" / "instances_train.json",
        {"images": images, "annotations": boxes, "categories": categories},
    )


def _seed_voc(folder: Path) -> None:
    thing = (
        "<object><name>player</name><difficult>0</difficult><truncated>0</truncated><bndbox><xmin>2</xmin>"
        "<ymin>3</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object>"
    )
    for name in ("a", "b"):
        size = "<size><width>48</width><height>32</height><depth>3</depth></size>"
        text = f"<annotation><filename>{name}.jpg</filename>{size}{thing}{thing}</annotation>\n"
        write(folder / "Annotations" / f"{name}.xml", text)
        write_picture(folder / "JPEGImages" / f"{name}.jpg")
    write(folder / "ImageSets" / "Main" / "train.txt", "a\n")
    write(folder / "ImageSets" / "Main" / "val.txt", "b\n")


def _seed_yolo(folder: Path) -> None:
    for name in ("A/000001", "A/000002", "b"):
        write_picture(folder / "images" / "train" / f"{name}.jpg")
        write(folder / "labels" / "train" / f"{name}.txt", "0 0.5 0.5 0.2 0.4\n1 0.25 0.5 0.1 0.125\n")
    write(folder / "labels" / "train" / "b.txt", "0 0.1 0.1 0.5 0.1 0.5 0.9 0.1 0.9\n")
    clip = {"name": "A", "width": 48, "height": 32, "frame_rate": 25.0, "length": 2, "match": "M"}
    clip |= {"tracks": {"1": {"role": "player", "team": "left", "number": "7"}}}
    clip |= {"frames": {"A/000001.jpg": [0, [1, 2]], "A/000002.jpg": [1, [1, 2]]}}
    write_json(folder / "tracks" / "train" / "A.json", clip)
    write_picture(folder / "images" / "val" / "c.png")
    write(folder / "labels" / "val" / "c.txt", "")
    write(folder / "list.txt", "images/val/c.png\n")
    write(folder / "data.yaml", "path: .\ntrain: images/train\nval: list.txt\nnames:\n  0: player\n  1: ball\n")


def _seed_clips(folder: Path) -> None:
    write_clip(folder / "train" / "A")
    write_clip(folder / "val" / "B")
    write(folder / "val" / "B" / "gt" / "gt.txt", ROWS.replace(",8,16,", ",9,15,"))
    write(folder / "seqmaps" / "train.txt", "name\nA\n")


def _seed_zip(folder: Path) -> None:
    _seed_clips(folder / "x")
    files = sorted(p for p in (folder / "x").rglob("*") if p.is_file())
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.relative_to(folder / "x").as_posix()), file.read_bytes())
    for path in sorted((folder / "x").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (folder / "x").rmdir()


def _seed_sportsmot(folder: Path) -> None:
    write_clip(folder / "dataset" / "train" / "v_one_c001")
    write(folder / "splits_txt" / "train.txt", "v_one_c001\n")
    write(folder / "splits_txt" / "football.txt", "v_one_c001\n")


def _seed_soccernet(folder: Path) -> None:
    write_clip(folder / "train" / "SNMOT-060")
    roles = "trackletID_1= player team left;10\ntrackletID_2= ball;1\n"
    write(folder / "train" / "SNMOT-060" / "gameinfo.ini", f"[Sequence]\nname=SNMOT-060\ngameID=4\n{roles}")


def _seed_createml(folder: Path) -> None:
    write_picture(folder / "a.jpg")
    box = {"label": "player", "coordinates": {"x": 20, "y": 15, "width": 10, "height": 12}}
    write_json(folder / "a.json", [{"image": "a.jpg", "annotations": [box, box]}])


def _seed_labelme(folder: Path) -> None:
    write_picture(folder / "a.jpg")
    shapes = [
        {"label": "player", "points": [[1, 2], [12, 20]], "shape_type": "rectangle", "group_id": None, "flags": {}},
        {
            "label": "ball",
            "points": [[1, 2], [12, 20], [3, 20]],
            "shape_type": "polygon",
            "group_id": None,
            "flags": {},
        },
    ]
    head = {"version": "5.0", "flags": {}, "imageData": None, "imagePath": "a.jpg", "imageWidth": 48, "imageHeight": 32}
    write_json(folder / "a.json", {**head, "shapes": shapes})


def _reader(module: str, function: str, inner: str = "") -> Callable[[Path], Any]:
    def read(folder: Path) -> None:
        from importlib import import_module

        table = getattr(import_module(f"data_prep.formats.{module}"), function)(folder / inner)
        table.counts()

    return read


def _write_again(folder: Path) -> None:
    """Write a data set over one with a damaged manifest, as a second run does."""
    from data_prep.formats.yolo import write_yolo
    from data_prep.formats.yolo_read import read_yolo
    from data_prep.output import WriteSettings

    write_yolo(read_yolo(folder / "data"), folder / "out", WriteSettings(pictures=False))


def _seed_written(folder: Path) -> None:
    _seed_yolo(folder / "data")
    _write_again(folder)


def _audit(layout: str, cache: bool = False) -> Callable[[Path], Any]:
    def read(folder: Path) -> None:
        from data_prep.audit.pixels import PixelSettings
        from data_prep.audit.read import ReadSettings
        from data_prep.audit.run import AuditSettings, audit

        root = next(folder.glob("*.zip"), folder)
        pixels = PixelSettings(cache=folder / "cache.jsonl") if cache else PixelSettings()
        audit(root, AuditSettings(ReadSettings(layout), pixels=pixels)).record()

    return read


def _seed_cache(folder: Path) -> None:
    _seed_yolo(folder)
    _audit("yolo", cache=True)(folder)


def _read_train_data(folder: Path) -> None:
    from sportstrack.train.data import check_data

    check_data(folder).write(folder / "out")


DATA_PREP: dict[str, Reader] = {
    "coco": Reader(_seed_coco, _reader("coco", "read_coco"), (".json",)),
    "voc": Reader(_seed_voc, _reader("voc", "read_voc"), (".xml", ".txt")),
    "yolo": Reader(_seed_yolo, _reader("yolo_read", "read_yolo")),
    "mot-folders": Reader(_seed_clips, _reader("motfolders", "read_mot_folders"), (".ini", ".txt")),
    "mot-zip": Reader(_seed_zip, _reader("motfolders", "read_mot_folders", "train.zip")),
    "sportsmot": Reader(_seed_sportsmot, _reader("sportsmot", "read_sportsmot"), (".ini", ".txt")),
    "soccernet": Reader(_seed_soccernet, _reader("soccernet", "read_soccernet"), (".ini", ".txt")),
    "createml": Reader(_seed_createml, _reader("through_supervision", "read_createml"), (".json",)),
    "labelme": Reader(_seed_labelme, _reader("labelme", "read_labelme"), (".json",)),
    "train-data": Reader(_seed_yolo, _read_train_data),
    "written": Reader(_seed_written, _write_again, (".json",)),
    "audit-coco": Reader(_seed_coco, _audit("coco")),
    "audit-voc": Reader(_seed_voc, _audit("voc")),
    "audit-yolo": Reader(_seed_yolo, _audit("yolo")),
    "audit-mot": Reader(_seed_clips, _audit("mot")),
    "audit-zip": Reader(_seed_zip, _audit("mot")),
    "audit-cache": Reader(_seed_cache, _audit("yolo", cache=True), (".jsonl",)),
}
