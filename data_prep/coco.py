"""COCO JSON: ``annotations/instances_SPLIT.json`` beside a folder of pictures per split.

A box is ``[left, top, width, height]`` in continuous pixels (https://cocodataset.org/#format-data). Clips and
identities are written as the video data sets built on COCO have them: ``videos``, ``video_id``, ``frame_id`` (from 0)
and ``track_id``.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import Tick
from data_prep.table import (
    NO_FRAME,
    NO_SEQUENCE,
    NO_TRACK,
    Boxes,
    FloatArray,
    Images,
    IntArray,
    Sequence,
    Table,
    join_tables,
)
from sportstrack.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from sportstrack.errors import FormatError
from sportstrack.folders import settled

_SPLIT = re.compile(r"(train|val|test)", re.IGNORECASE)
Json = dict[str, Any]
MAX_SIDE = 1_000_000  # pixels


def read_coco(root: str | Path, *, images: str | Path | None = None) -> Table:
    """Read a COCO JSON file, or a folder's ``annotations/*.json``, ``*.json`` or ``SPLIT/_annotations.coco.json``.

    Classes are the categories in the order of their ids. A crowd is an ignored box. An annotation without ``bbox`` gets
    the box around its segmentation.

    Args:
        root: file or folder.
        images: the pictures' folder; None: looked for beside the JSON by the split's name. What isn't found there has
            labels alone.

    Raises:
        FormatError: no such file, no COCO JSON (with its line), or an annotation that breaks a rule (with its place).
    """
    files = find_json(settled(root))
    return join_tables(
        _read_file(file, split, [Path(images)] if images else picture_places(file, Path(root), split))
        for file, split in files
    )


def write_coco(table: Table, out: str | Path, settings: WriteSettings | None = None) -> dict[str, Any]:
    """Write ``annotations/instances_SPLIT.json`` and ``SPLIT/…`` pictures; return the manifest.

    Boxes are written as they are, also beyond their picture; ignored ones with ``iscrowd: 1``.

    Raises:
        FormatError: a table that isn't sound, or pictures that can't be read.
        OutputError: the place holds something else or can't be written.
    """
    settings = settings or WriteSettings()
    table = prepared(table, settings, stems=False)
    with staged(out, table, settings, "coco") as stage:
        if stage.complete:
            return stage.manifest
        describe(stage, table)

        def work(group: Group, tick: Tick) -> None:
            place_group(table, group, stage.folder / group.split, settings, tick)

        if settings.pictures:
            write_groups(stage, table, settings, work)
        for split in table.splits:
            part = table.select(table.images.split == split)
            stage.write(f"annotations/instances_{split}.json", json.dumps(to_coco(part), ensure_ascii=False))
        return stage.manifest


def to_coco(table: Table) -> Json:
    """Return a table as COCO's dictionary; ids count from 1 in the order of the table."""
    images, boxes = table.images, table.boxes
    used = [i for i in np.unique(images.sequence).tolist() if i != NO_SEQUENCE]
    video = {clip: number for number, clip in enumerate(used, 1)}
    records = [
        {"id": i, "file_name": name, "width": width, "height": height}
        | ({} if clip == NO_SEQUENCE else {"video_id": video[clip], "frame_id": frame})
        for i, (name, (width, height), clip, frame) in enumerate(
            zip(
                images.name.tolist(), images.size.tolist(), images.sequence.tolist(), images.frame.tolist(), strict=True
            ),
            1,
        )
    ]
    found: Json = {"images": records}
    if images.labelled.any() or not len(images):
        found["annotations"] = _annotations(boxes)
    found["categories"] = [{"id": i, "name": name, "supercategory": ""} for i, name in enumerate(table.classes, 1)]
    if used:
        found["videos"] = [_video(number, table.sequences[clip]) for clip, number in video.items()]
    return found


def parse_coco(data: Json, name: str, *, split: str = "train") -> tuple[Table, list[str]]:
    """Make a table of COCO's dictionary, with pictures that are nowhere; also return the pictures' file names.

    Raises:
        FormatError: what breaks a rule, and its place in ``name``.
    """
    labelled = isinstance(data, dict) and "annotations" in data  # COCO's image_info_test2017.json has none
    for key in ("images", "categories", *(["annotations"] if labelled else [])):
        if not isinstance(data, dict) or not isinstance(data.get(key), list):
            raise FormatError(f"{name}: no COCO data set: no list {key!r}")
    categories = sorted(by_id(data["categories"], name, "categories").items())
    number = {category: i for i, (category, _) in enumerate(categories)}
    classes = tuple(str(record.get("name", category)) for category, record in categories)
    if len(set(classes)) < len(classes):
        raise FormatError(f"{name}: two categories have one name: {', '.join(classes)}")
    records = by_id(data["images"], name, "images")
    row = {image: i for i, image in enumerate(records)}
    files = [_file_name(record, name, i) for i, record in enumerate(records.values())]
    sequences, clip = _clips(data.get("videos") or [], name, split, labelled)
    images = Images.make(
        files,
        size=_sizes(list(records.values()), name),
        split=split,
        sequence=[clip.get(record.get("video_id"), NO_SEQUENCE) for record in records.values()],
        frame=[record.get("frame_id", NO_FRAME) for record in records.values()],
        labelled=labelled,
    )
    boxes = _boxes(data.get("annotations", []), row, number, name)
    return Table(classes, sequences, images, boxes).check(name), files


def find_json(root: Path) -> list[tuple[Path, str]]:
    """(file, split) of the annotation files of a data set."""
    if root.is_file():
        return [(root, _split_of(root))]
    if not root.is_dir():
        raise FormatError(f"{root}: no such file or folder")
    for pattern in ("annotations/instances_*.json", "annotations/*.json", "*.json", "*/_annotations.coco.json"):
        found = [path for path in sorted(root.glob(pattern)) if path.name != "manifest.json"]
        if found:
            return [(path, _split_of(path)) for path in found]
    raise FormatError(
        f"{root}: no COCO JSON found; looked for annotations/*.json, *.json, SPLIT/_annotations.coco.json"
    )


def _read_file(file: Path, split: str, places: list[Path]) -> Table:
    with _no_collections():
        table, names = parse_coco(load_json(file), str(file), split=split)
    folder = next((place for place in places if names and (place / names[0]).is_file()), None)
    if folder is not None:
        base = f"{folder}/"
        table.images.file[:] = [base + name for name in names]
    return table


def load_json(file: Path) -> Any:
    """Return what the file holds; FormatError naming file and line if it cannot be read or is no JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FormatError(f"{file}: cannot be read: {error.strerror or error}") from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{file}, line {error.lineno}: no JSON: {error.msg}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{file}: no JSON: {error}") from error


@contextmanager
def _no_collections() -> Iterator[None]:
    # Hundreds of thousands of new dictionaries make the collector walk them again and again: half the time of parsing.
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _split_of(file: Path) -> str:
    stem = file.parent.name if file.stem == "_annotations.coco" else file.stem
    found = _SPLIT.search(stem.replace("valid", "val"))
    return found.group(1).lower() if found else "train"


def picture_places(file: Path, root: Path, split: str) -> list[Path]:
    """Return the folders that may hold the pictures."""
    base = root if root.is_dir() else file.parent
    base = base.parent if base.name == "annotations" else base
    word = file.stem.removeprefix("instances_")
    return [
        base / word,
        base / "images" / word,
        base / split,
        base / "images" / split,
        base / "images",
        file.parent,
        base,
    ]


def by_id(records: list[Any], name: str, key: str) -> dict[Any, Json]:
    """Id → record; FormatError for one that has no id or somebody else's."""
    found: dict[Any, Json] = {}
    for i, record in enumerate(records):
        number = record.get("id") if isinstance(record, dict) else None
        if not isinstance(number, (int, str)) or number in found:
            reason = "no id" if number is None else f"the id {number!r} a second time"
            raise FormatError(f"{name}, {key}[{i}]: {reason}")
        found[number] = record
    return found


def _file_name(record: Json, name: str, i: int) -> str:
    file = record.get("file_name")
    if not isinstance(file, str) or not file:
        raise FormatError(f"{name}, images[{i}]: no file_name")
    return file


def _sizes(records: list[Json], name: str) -> IntArray:
    """(M, 2) width and height."""
    sizes = [(record.get("width"), record.get("height")) for record in records]
    numbers = set(map(type, chain.from_iterable(sizes))) <= {int, float}
    found = np.array(sizes, np.float64).reshape(-1, 2) if numbers else np.zeros((len(sizes), 2))
    bad = ~((found >= 1) & (found <= MAX_SIDE)).all(axis=1)
    if bad.any():
        known = (all(isinstance(side, (int, float)) and 1 <= side <= MAX_SIDE for side in size) for size in sizes)
        i = next((i for i, good in enumerate(known) if not good), int(bad.argmax()))
        raise FormatError(f"{name}, images[{i}]: width and height are {sizes[i][0]} and {sizes[i][1]}; expected pixels")
    return found.astype(np.int64)


def _clips(videos: list[Any], name: str, split: str, labelled: bool) -> tuple[tuple[Sequence, ...], dict[Any, int]]:
    records = by_id(videos, name, "videos")
    sequences = tuple(
        Sequence(
            str(record.get("name", number)), split, int(record.get("width") or 0), int(record.get("height") or 0),
            record.get("frame_rate"), record.get("length"), str(record.get("match") or record.get("name", number)),
            labelled, name,
        )
        for number, record in records.items()
    )  # fmt: skip
    return sequences, {number: i for i, number in enumerate(records)}


def _boxes(annotations: list[Any], row: dict[Any, int], number: dict[Any, int], name: str) -> Boxes:
    try:
        columns = _columns(annotations, row, number)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        mended = [_mended(a, i, row, number, name) for i, a in enumerate(annotations)]
        try:
            columns = _columns(mended, row, number)
        except (TypeError, ValueError, OverflowError) as error:
            raise FormatError(f"{name}, annotations: {error}") from error
    tlwh = columns["xyxy"]
    bad = ~(np.isfinite(tlwh).all(axis=1) & (tlwh[:, 2:] >= 0).all(axis=1))
    if bad.any():
        i = int(bad.argmax())
        raise FormatError(f"{name}, annotations[{i}]: bbox {tlwh[i].tolist()}: width and height must be 0 or more")
    return Boxes.make(**(columns | {"xyxy": tlwh_to_xyxy(tlwh)}))


def _columns(annotations: list[Any], row: dict[Any, int], number: dict[Any, int]) -> dict[str, Any]:
    """Return the columns of `Boxes`, ``xyxy`` still being left, top, width and height; any error if one is unsound."""
    count = len(annotations)
    present: set[str] = set().union(*annotations)

    def column(key: str, default: Any, kind: Any) -> Any:
        return np.array([a.get(key, default) for a in annotations], kind) if key in present else default

    boxes = [*map(itemgetter("bbox"), annotations)]
    numbers = set(map(type, chain.from_iterable(boxes))) <= {int, float}
    if not numbers or set(map(type, boxes)) - {list} or set(map(len, boxes)) - {4}:
        raise ValueError
    track = column("instance_id", NO_TRACK, np.int64)
    return {
        "image": [*map(row.__getitem__, map(itemgetter("image_id"), annotations))],
        "xyxy": np.fromiter(chain.from_iterable(boxes), np.float64, 4 * count).reshape(-1, 4),
        "class_id": [*map(number.__getitem__, map(itemgetter("category_id"), annotations))],
        "track_id": column("track_id", NO_TRACK, np.int64) if "track_id" in present else track,
        "ignore": np.logical_or(column("iscrowd", 0, np.bool_), column("ignore", 0, np.bool_)),
        "score": column("score", 1.0, np.float64),
    }


def _mended(a: Any, i: int, row: dict[Any, int], number: dict[Any, int], name: str) -> Json:
    """Return an annotation with a box, or say what is wrong with it."""
    where = f"{name}, annotations[{i}]"
    if not isinstance(a, dict):
        raise FormatError(f"{where}: no dictionary")
    for key, known in (("image_id", row), ("category_id", number)):
        if not isinstance(a.get(key), (int, str)) or a[key] not in known:
            raise FormatError(f"{where}: {key} is {a.get(key)!r}, which isn't among the {key[:-3].replace('y', 'ie')}s")
    box = a.get("bbox") or box_around(a.get("segmentation"), where)
    numbers = isinstance(box, list) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in box)
    if not numbers or len(box) != 4:
        raise FormatError(f"{where}: bbox is {box!r}; expected [left, top, width, height]")
    for key in ("track_id", "instance_id"):
        if key in a and not isinstance(a[key], int):
            raise FormatError(f"{where}: {key} is {a[key]!r}; expected a whole number")
    return a | {"bbox": box}


def box_around(segmentation: Any, where: str) -> list[float]:
    """Return left, top, width and height of a mask or of polygons; FormatError if it is neither."""
    if isinstance(segmentation, dict):
        try:
            from pycocotools import mask
        except ImportError as error:
            raise FormatError(f"{where}: a mask without bbox; reading it needs: pip install pycocotools") from error
        if not {"size", "counts"} <= segmentation.keys():
            raise FormatError(f"{where}: segmentation is no mask; expected size and counts")
        coded: Any = segmentation
        if isinstance(segmentation["counts"], list):
            coded = mask.frPyObjects(coded, *segmentation["size"])
        return [float(v) for v in mask.toBbox(coded)]
    try:
        points = np.concatenate([np.array(part, np.float64).reshape(-1, 2) for part in segmentation])
        low, high = points.min(axis=0), points.max(axis=0)
        return [*low.tolist(), *(high - low).tolist()]
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}: neither bbox nor segmentation") from error


def _annotations(boxes: Boxes) -> list[Json]:
    tlwh: FloatArray = xyxy_to_tlwh(boxes.xyxy)
    columns: Iterable[Any] = zip(
        boxes.image.tolist(), boxes.class_id.tolist(), tlwh.tolist(), boxes.track_id.tolist(), boxes.ignore.tolist(),
        strict=True,
    )  # fmt: skip
    return [
        {
            "id": i, "image_id": image + 1, "category_id": kind + 1, "bbox": box, "area": box[2] * box[3],
            "iscrowd": int(ignore), **({} if track == NO_TRACK else {"track_id": track}),
        }
        for i, (image, kind, box, track, ignore) in enumerate(columns, 1)
    ]  # fmt: skip


def _video(number: int, sequence: Sequence) -> Json:
    return {
        "id": number, "name": sequence.name, "width": sequence.width, "height": sequence.height,
        "frame_rate": sequence.frame_rate, "length": sequence.length, "match": sequence.match,
    }  # fmt: skip
