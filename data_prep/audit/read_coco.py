"""COCO JSON read without refusing anything but files that are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit.findings import Finding
from data_prep.audit.source import Part, Source, joined, shown
from data_prep.coco import Json, box_around, by_id, find_json, load_json, picture_places
from data_prep.table import NO_FRAME, NO_SEQUENCE, NO_TRACK, Boxes, Images, Sequence
from sportstrack.errors import FormatError

_WORD = "annotations[{}]"


def read_coco_leniently(root: Path, *, images: Path | None = None) -> Source:
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
    data = load_json(file)
    for key in ("images", "categories"):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise FormatError(f"{file}: no COCO data set: no list {key!r}")
    records = by_id(data["categories"], str(file), "categories")
    categories = [(i, str(records[i].get("name", i))) for i in sorted(records, key=lambda i: (isinstance(i, str), i))]
    part = Part(tuple(dict.fromkeys(name for _, name in categories)), files=[str(file)])
    row = _images(data, str(file), split, places, part)
    number = {category: part.classes.index(name) for category, name in categories}
    _annotations(data.get("annotations") or [], row, number, split, part)
    return part


def _images(data: Json, file: str, split: str, places: list[Path], part: Part) -> dict[Any, int]:
    """Enter the pictures and return id → row."""
    records: dict[Any, Json] = {}
    for i, record in enumerate(data["images"]):
        name = record.get("file_name") if isinstance(record, dict) else None
        if not isinstance(name, str) or not name or not _is_id(record.get("id")) or record["id"] in records:
            _report(part, "unreadable label", "no file_name, no id, or an id twice", file, f"images[{i}]", split)
        else:
            records[record.get("id")] = record
    names = [str(record["file_name"]) for record in records.values()]
    folder = next((place for place in places if any(_is_file(f"{place}/{name}") for name in names[:50])), None)
    files = [None if folder is None else f"{folder}/{name}" for name in names]
    videos = [v for v in data.get("videos") or [] if isinstance(v, dict) and _is_id(v.get("id"))]
    clip = {video["id"]: i for i, video in enumerate(videos)}
    labelled = "annotations" in data
    part.sequences = tuple(
        Sequence(
            str(v.get("name", v["id"])), split, *_size(v), _number(v.get("frame_rate")), _whole(v.get("length"), None),
            str(v.get("match") or v.get("name", v["id"])), labelled, file,
        )
        for v in videos
    )  # fmt: skip
    part.images = Images.make(
        names, size=[_size(record) for record in records.values()] or np.empty((0, 2)), file=files, split=split,
        sequence=[clip.get(r.get("video_id"), NO_SEQUENCE) if _is_id(r.get("video_id")) else NO_SEQUENCE
                  for r in records.values()],
        frame=[_whole(r.get("frame_id"), NO_FRAME) for r in records.values()], labelled=labelled,
    )  # fmt: skip
    part.missing = [path is not None and not _is_file(path) for path in files]
    return {image: i for i, image in enumerate(records)}


def _annotations(given: list[Any], row: dict[Any, int], number: dict[Any, int], split: str, part: Part) -> None:
    image, xyxy, kinds, tracks, ignore = [], [], [], [], []
    file = part.files[0]
    for i, a in enumerate(given):
        place, a = _WORD.format(i), a if isinstance(a, dict) else {}
        box = _corners(a, f"{file}, {place}")
        if box is None:
            _report(part, "unreadable label", f"bbox is {shown(repr(a.get('bbox')))}", file, place, split)
        elif not _is_id(a.get("image_id")) or a["image_id"] not in row:
            _report(part, "frame out of range", f"there is no picture {a.get('image_id')!r}", file, place, split)
        elif not _is_id(a.get("category_id")) or a["category_id"] not in number:
            _report(part, "unknown class", f"category {a.get('category_id')!r}", file, place, split)
        else:
            image.append(row[a["image_id"]])
            xyxy.append(box)
            kinds.append(number[a["category_id"]])
            tracks.append(_whole(a.get("track_id", a.get("instance_id")), NO_TRACK))
            ignore.append(bool(a.get("iscrowd", 0)) or bool(a.get("ignore", 0)))
            part.line.append(i)
    order = np.argsort(image, kind="stable")
    part.line = np.array(part.line, np.int64)[order].tolist()
    part.box_file = [0] * len(image)
    part.boxes = Boxes.make(image, xyxy or np.empty((0, 4)), kinds, track_id=tracks, ignore=ignore)


def _corners(annotation: Json, where: str) -> tuple[float, float, float, float] | None:
    """Return x1, y1, x2, y2 of an annotation, of the box around its segmentation if it has no other; None: neither."""
    box = annotation.get("bbox")
    try:
        if not box:
            box = box_around(annotation.get("segmentation"), where)
        x, y, w, h = (float("nan") if v is None or isinstance(v, bool) else v + 0.0 for v in box)
        return x, y, x + w, y + h
    except (FormatError, TypeError, ValueError, OverflowError, KeyError, AttributeError):
        return None


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  # names too long for Path are no files to it


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str))


def _whole(value: Any, otherwise: Any) -> Any:
    return value if isinstance(value, int) and abs(value) < 1 << 62 else otherwise


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and 0 < value < 1e6 else None


def _size(record: Json) -> tuple[int, int]:
    sides = (record.get("width"), record.get("height"))
    width, height = (int(side) if isinstance(side, (int, float)) and 0 < side < 1e6 else 0 for side in sides)
    return width, height


def _report(part: Part, kind: str, reason: str, file: str, place: str, split: str) -> None:
    part.found.append(Finding(kind, reason, file, place, split))
