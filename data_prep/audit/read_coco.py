"""COCO JSON read without refusing anything but files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit.findings import Finding
from data_prep.audit.source import AuditSource, Part, joined, shown
from data_prep.formats.coco import MAX_SIDE, find_json, picture_places
from data_prep.formats.coco_polygons import box_around, parse_segmentation
from data_prep.formats.coco_records import Json, class_numbers, clip_frames, read_clips
from data_prep.names import find_files
from data_prep.polygons import Polygons
from data_prep.table import NO_FRAME, NO_SEQUENCE, NO_TRACK, Boxes, ImageTable
from data_prep.values import as_flag, as_id, as_number, as_whole
from sportstrack.errors import FormatError
from sportstrack.files.reading import read_json
from sportstrack.types import FloatArray, IntArray

_WORD = "annotations[{}]"


def read_coco_leniently(root: Path, *, images: Path | None = None) -> AuditSource:
    """Read COCO files; FormatError if there are none, or one is no JSON or has no images and categories."""
    return joined(
        (
            _read(file, split, [images] if images else picture_places(file, root, split))
            for file, split in find_json(root)
        ),
        "coco",
        _WORD,
    )


def _read(file: Path, split: str, places: list[Path]) -> Part:
    data = read_json(file)
    keys = ["images", "categories", *(["annotations"] if isinstance(data, dict) and data.get("annotations") else [])]
    for key in keys:
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise FormatError(f"{file}: no COCO data set: no list {key!r}")
    classes, number, notes = class_numbers(data["categories"], data.get("annotations"), str(file))
    part = Part(classes, files=[str(file)], notes=list(notes))
    row = _images(data, str(file), split, places, part)
    _annotations(data.get("annotations") or [], row, number, split, part)
    return part


def _images(data: Json, file: str, split: str, places: list[Path], part: Part) -> dict[Any, int]:
    """Enter the pictures and return id → row."""
    records: dict[Any, Json] = {}
    for i, record in enumerate(data["images"]):
        name = record.get("file_name") if isinstance(record, dict) else None
        number = as_id(record.get("id")) if isinstance(record, dict) else None
        if not isinstance(name, str) or not name or number is None or number in records:
            _report(part, "unreadable label", "no file_name, no id, or an id twice", file, f"images[{i}]", split)
        else:
            records[number] = record
    names = [str(record["file_name"]) for record in records.values()]
    found = find_files(places, names)
    folder = next((path.removesuffix(name) for path, name in zip(found, names, strict=True) if path), None)
    files = [path or (None if folder is None else folder + name) for path, name in zip(found, names, strict=True)]
    labelled = "annotations" in data
    clip, frame = _clips({**data, "images": list(records.values())}, file, split, part)
    part.images = ImageTable.make(
        names, size=[_size(record) for record in records.values()] or np.empty((0, 2)), file=files, split=split,
        sequence=clip, frame=frame, labelled=labelled,
    )  # fmt: skip
    part.missing = [path is None and file is not None for path, file in zip(found, files, strict=True)]
    return {image: i for i, image in enumerate(records)}


def _clips(data: Json, file: str, split: str, part: Part) -> tuple[IntArray, IntArray]:
    """Return each picture's clip and frame; without clips where what the file says of them is no order."""
    try:
        sequences, clip = read_clips(data, split, "annotations" in data, file)
        frame = clip_frames(data, clip, file)
    except FormatError as error:
        part.report("unreadable clip", str(error), file, None, split)
        none = np.full(len(data["images"]), NO_SEQUENCE, np.int64)
        return none, np.full(len(none), NO_FRAME, np.int64)
    part.sequences = sequences
    return clip, frame


def _annotations(given: list[Any], row: dict[Any, int], number: dict[Any, int], split: str, part: Part) -> None:
    image, xyxy, kinds, tracks, ignore = [], [], [], [], []
    polygons: list[list[FloatArray]] = []
    file = part.files[0]
    for i, a in enumerate(given):
        place, a = _WORD.format(i), a if isinstance(a, dict) else {}
        box = _corners(a, f"{file}, {place}")
        if box is None:
            _report(part, "unreadable label", _no_box(a), file, place, split)
        elif (picture := as_id(a.get("image_id"))) not in row:
            _report(part, "frame out of range", f"there is no picture {a.get('image_id')!r}", file, place, split)
        elif (category := as_id(a.get("category_id"))) not in number:
            _report(part, "unknown class", f"category {a.get('category_id')!r}", file, place, split)
        else:
            image.append(row[picture])
            xyxy.append(box)
            kinds.append(number[category])
            track = as_whole(a.get("track_id", a.get("instance_id")))
            tracks.append(NO_TRACK if track is None else track)
            ignore.append(bool(as_flag(a.get("iscrowd")) or as_flag(a.get("ignore"))))
            polygons.append(_polygon(a, place, split, part))
            part.line.append(i)
    order = np.argsort(image, kind="stable")
    part.line = np.array(part.line, np.int64)[order].tolist()
    part.box_file = [0] * len(image)
    shapes = Polygons.make(polygons) if any(polygons) else None
    part.boxes = Boxes.make(image, xyxy or np.empty((0, 4)), kinds, track_id=tracks, ignore=ignore, polygons=shapes)


def _no_box(annotation: Json) -> str:
    if annotation.get("bbox") or not annotation.get("segmentation"):
        return f"bbox is {shown(repr(annotation.get('bbox')))}"
    try:
        box_around(annotation["segmentation"], "no bbox")
        return "no bbox"
    except FormatError as error:
        return str(error)


def _polygon(annotation: Json, place: str, split: str, part: Part) -> list[FloatArray]:
    file = part.files[0]
    try:
        return parse_segmentation(annotation.get("segmentation"), "")
    except FormatError as error:
        _report(part, "unreadable polygon", str(error).removeprefix(": "), file, place, split)
        return []


def _corners(annotation: Json, where: str) -> tuple[float, float, float, float] | None:
    """Return x1, y1, x2, y2 of an annotation, of the box around its segmentation if it has no other; None: neither."""
    box = annotation.get("bbox")
    try:
        if not box:
            box = box_around(annotation.get("segmentation"), where)
        x, y, w, h = (float("nan") if (number := as_number(v)) is None else number for v in box)
        return x, y, x + w, y + h
    except (FormatError, TypeError, ValueError, OverflowError, KeyError, AttributeError):
        return None


def _size(record: Json) -> tuple[int, int]:
    sides = (as_number(record.get("width")) or 0.0, as_number(record.get("height")) or 0.0)
    width, height = (int(side) if 0 < side < MAX_SIDE else 0 for side in sides)
    return width, height


def _report(part: Part, kind: str, reason: str, file: str, place: str, split: str) -> None:
    part.found.append(Finding(kind, reason, file, place, split))
