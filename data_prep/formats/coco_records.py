"""The records of a COCO file beside its boxes: ids, categories, videos and the pictures' frames in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_prep.table import NO_FRAME, NO_SEQUENCE, Clip
from data_prep.values import as_id, as_number, as_whole
from sportstrack.errors import FormatError
from sportstrack.types import IntArray
from sportstrack.video import natural_key

Json = dict[str, Any]
FRAMES_FROM_0 = {"frame_id_from": 0}
"""Stands in the ``info`` of files that this program writes: their frame ids count from 0."""

_NUMBER = re.compile(r"(\d{1,9})\D*$")


def by_id(records: list[Any], name: str, key: str) -> dict[Any, Json]:
    """Id → record; 7, 7.0 and "7" are one id. FormatError for one that has no id or another's."""
    found: dict[Any, Json] = {}
    for i, record in enumerate(records):
        number = as_id(record.get("id")) if isinstance(record, dict) else None
        if number is None or number in found:
            reason = "no id" if number is None else f"the id {number!r} a second time"
            raise FormatError(f"{name}, {key}[{i}]: {reason}")
        found[number] = record
    return found


def class_numbers(
    categories: list[Any], annotations: Any, name: str
) -> tuple[tuple[str, ...], dict[Any, int], tuple[str, ...]]:
    """Return class names in the order of the categories' ids, category id → class, and notes.

    Roboflow puts a category of the project's name before the classes; it is left out where no box has it. Categories of
    one name are one class.
    """
    records = dict(sorted(by_id(categories, name, "categories").items(), key=lambda item: _order(item[0])))
    notes = []
    if (heading := _heading(records, annotations)) is not None:
        notes.append(f"{name}: the category {_name_of(heading, records)!r} is the heading of the others; left out")
        del records[heading]
    number: dict[Any, int] = {}
    classes: dict[str, int] = {}
    for category in records:
        text = _name_of(category, records)
        if text in classes:
            notes.append(f"{name}: two categories are called {text!r}; they are one class")
        number[category] = classes.setdefault(text, len(classes))
    return tuple(classes), number, tuple(dict.fromkeys(notes))


def read_clips(data: Json, split: str, labelled: bool, name: str) -> tuple[tuple[Clip, ...], IntArray]:
    """Return the clips of ``videos``, or of the pictures' ``video_id`` alone, and the (M,) clip of each picture."""
    videos = data.get("videos")
    records = by_id(videos if isinstance(videos, list) else [], name, "videos")
    ids = [as_id(record.get("video_id")) for record in data["images"]]
    for number in ids:
        if number is not None:
            records.setdefault(number, {})
    titles = _titles(records)
    sequences = tuple(
        Clip(
            titles[number], split, as_whole(record.get("width")) or 0, as_whole(record.get("height")) or 0,
            as_number(record.get("frame_rate", record.get("fps"))) or None, as_whole(record.get("length")),
            str(record.get("match") or titles[number]), labelled, name,
        )
        for number, record in records.items()
    )  # fmt: skip
    place = {number: i for i, number in enumerate(records)}
    return sequences, np.array([NO_SEQUENCE if i is None else place[i] for i in ids], np.int64)


def clip_frames(data: Json, clip: IntArray, name: str) -> IntArray:
    """(M,) frame of each picture in its clip, from 0; −1 for single pictures.

    ``frame_id`` counts from 0 or, in many converters' files, from 1: from 0 if this program wrote the file, if some
    picture has 0, or if all are one below the numbers in the pictures' names. Without it the names give the order.

    Raises:
        FormatError: a frame that is no number, or two pictures of one frame.
    """
    records: list[Json] = data["images"]
    frame = np.full(len(records), NO_FRAME, np.int64)
    rows = np.flatnonzero(clip != NO_SEQUENCE).tolist()
    given = {row: records[row].get("frame_id") for row in rows}
    if rows and all(value is None for value in given.values()):
        return _in_order(records, clip, frame)
    for row, value in given.items():
        number = as_whole(value)
        if number is None or number < 0:
            raise FormatError(f"{name}, images[{row}]: frame_id is {value!r}; expected a whole number from 0")
        frame[row] = number
    if rows and not _from_0(data, rows, frame):
        frame[rows] -= 1
    seen: dict[tuple[int, int], int] = {}
    for row in rows:
        first = seen.setdefault((int(clip[row]), int(frame[row])), row)
        if first != row:
            raise FormatError(f"{name}, images[{row}]: has the video_id and frame_id of images[{first}]")
    return frame


def _order(number: int | str) -> tuple[bool, int | str]:
    return isinstance(number, str), number


def _name_of(category: Any, records: dict[Any, Json]) -> str:
    return str(records[category].get("name", category))


def _heading(records: dict[Any, Json], annotations: Any) -> Any:
    """Return the id of Roboflow's heading; None if there is none, or a box has it."""
    above = {record.get("supercategory") for record in records.values() if isinstance(record.get("supercategory"), str)}
    for category, record in records.items():
        if str(record.get("name")) in above and str(record.get("supercategory", "")).lower() == "none":
            used = (as_id(a.get("category_id")) for a in annotations or [] if isinstance(a, dict))
            return None if category in used else category
    return None


def _titles(records: dict[Any, Json]) -> dict[Any, str]:
    """Id → the clip's name: ``name``, the last part of ``file_name``, or the id; the id too where two are alike."""
    found = {}
    for number, record in records.items():
        file = str(record.get("file_name") or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
        found[number] = str(record.get("name") or file or number)
    counts: dict[str, int] = defaultdict(int)
    for title in found.values():
        counts[title.lower()] += 1
    return {n: title if counts[title.lower()] == 1 else f"{title}-{n}" for n, title in found.items()}


def _in_order(records: Sequence[Json], clip: IntArray, frame: IntArray) -> IntArray:
    """Number the pictures of each clip in the order of their names."""
    for one in np.unique(clip[clip != NO_SEQUENCE]).tolist():
        rows = np.flatnonzero(clip == one).tolist()
        rows.sort(key=lambda row: natural_key(str(records[row].get("file_name"))))
        frame[rows] = np.arange(len(rows))
    return frame


def _from_0(data: Json, rows: list[int], frame: IntArray) -> bool:
    info = data.get("info")
    if frame[rows].min() == 0 or (isinstance(info, dict) and FRAMES_FROM_0.items() <= info.items()):
        return True
    found = [_NUMBER.search(str(data["images"][row].get("file_name"))) for row in rows]
    return all(match and int(match[1]) == frame[row] + 1 for match, row in zip(found, rows, strict=True))
