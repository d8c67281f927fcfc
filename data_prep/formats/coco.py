"""COCO JSON: ``annotations/instances_SPLIT.json`` beside a folder of pictures per split.

A box is ``[left, top, width, height]`` in continuous pixels (https://cocodataset.org/#format-data). Clips and
identities are written as the video data sets built on COCO have them: ``videos``, ``video_id``, ``frame_id`` (from 0)
and ``track_id``.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.coco_polygons import box_around, read_polygons, to_segmentations
from data_prep.formats.coco_records import FRAMES_FROM_0, Json, by_id, class_numbers, clip_frames, read_clips
from data_prep.names import find_files, split_word
from data_prep.output import Group, WriteSettings, describe, place_group, prepared, staged, write_groups
from data_prep.pictures import Tick
from data_prep.table import NO_SEQUENCE, NO_TRACK, Boxes, Clip, ImageTable, Table, join_tables
from data_prep.values import as_flag, as_id, as_number, as_whole
from sportstrack.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.files.reading import is_note, read_json
from sportstrack.types import FloatArray, IntArray

MAX_SIDE = 1_000_000  # pixels


def read_coco(root: str | Path, *, images: str | Path | None = None) -> Table:
    """Read a COCO JSON file, or a folder's ``annotations/*.json``, ``*.json`` or ``SPLIT/_annotations.coco.json``.

    Classes are the categories in the order of their ids. A crowd is an ignored box. An annotation without ``bbox`` gets
    the box around its segmentation. Masks become polygons around their pixels.

    Args:
        root: file or folder.
        images: the pictures' folder; None: looked for beside the JSON by the split's name. What is not found there has
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
        FormatError: a table that is not sound, or pictures that cannot be read.
        OutputError: the place holds something else or cannot be written.
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
        found["info"] = dict(FRAMES_FROM_0)
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
    annotations = data.get("annotations", [])
    classes, number, notes = class_numbers(data["categories"], annotations, name)
    by_number = by_id(data["images"], name, "images")
    records = list(by_number.values())
    row = {image: i for i, image in enumerate(by_number)}
    files = [_file_name(record, name, i) for i, record in enumerate(records)]
    sequences, clip = read_clips(data, split, labelled, name)
    images = ImageTable.make(
        files,
        size=_sizes(records, name),
        split=split,
        sequence=clip,
        frame=clip_frames(data, clip, name),
        labelled=labelled,
    )
    boxes, more = _boxes(annotations, row, number, name)
    notes = (*notes, *more)
    return Table(classes, sequences, images, boxes, notes=notes).check(name), files


def find_json(root: Path) -> list[tuple[Path, str]]:
    """(file, split) of the annotation files of a data set."""
    if root.is_file():
        return [(root, _split_of(root))]
    if not root.is_dir():
        raise FormatError(f"{root}: no such file or folder")
    for pattern in ("annotations/instances_*.json", "annotations/*.json", "*.json", "*/_annotations.coco.json"):
        found = [path for path in sorted(root.glob(pattern)) if path.name != "manifest.json" and not is_note(path.name)]
        if found:
            return [(path, _split_of(path)) for path in found]
    raise FormatError(
        f"{root}: no COCO JSON found; looked for annotations/*.json, *.json, SPLIT/_annotations.coco.json"
    )


def _read_file(file: Path, split: str, places: list[Path]) -> Table:
    with _no_collections():
        table, names = parse_coco(read_json(file), str(file), split=split)
    table.images.file[:] = find_files(places, names)
    return table


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
    return split_word(file.parent.name if file.stem == "_annotations.coco" else file.stem) or "train"


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


def _file_name(record: Json, name: str, i: int) -> str:
    file = record.get("file_name")
    if not isinstance(file, str) or not file:
        raise FormatError(f"{name}, images[{i}]: no file_name")
    return file


def _sizes(records: list[Json], name: str) -> IntArray:
    """(M, 2) width and height."""
    sizes = [(record.get("width"), record.get("height")) for record in records]
    if not set(map(type, chain.from_iterable(sizes))) <= {int, float}:
        read = ([as_number(side) for side in size] for size in sizes)
        sizes = [(0.0 if w is None else w, 0.0 if h is None else h) for w, h in read]
    found = np.array(sizes, np.float64).reshape(-1, 2)
    bad = ~((found >= 1) & (found <= MAX_SIDE)).all(axis=1)
    if bad.any():
        i = int(bad.argmax())
        width, height = records[i].get("width"), records[i].get("height")
        raise FormatError(f"{name}, images[{i}]: width and height are {width!r} and {height!r}; expected pixels")
    return found.astype(np.int64)


def _boxes(
    annotations: list[Any], row: dict[Any, int], number: dict[Any, int], name: str
) -> tuple[Boxes, tuple[str, ...]]:
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
    polygons, notes = read_polygons(annotations, name)
    return Boxes.make(**(columns | {"xyxy": tlwh_to_xyxy(tlwh)}), polygons=polygons), notes


def _columns(annotations: list[Any], row: dict[Any, int], number: dict[Any, int]) -> dict[str, Any]:
    """Return the columns of `Boxes`, ``xyxy`` still being left, top, width and height; any error if one is unsound."""
    count = len(annotations)
    present: set[str] = set().union(*annotations)

    def column(key: str, default: Any, kinds: set[type]) -> Any:
        if key not in present:
            return default
        values = [a.get(key, default) for a in annotations]
        _only(values, kinds)
        return np.array(values, type(default))

    boxes, images, kinds = ([*map(itemgetter(key), annotations)] for key in ("bbox", "image_id", "category_id"))
    _only(boxes, {list})
    _only(chain.from_iterable(boxes), {int, float})
    _only(images, {int, str})
    _only(kinds, {int, str})
    if set(map(len, boxes)) - {4}:
        raise ValueError
    track = column("instance_id", NO_TRACK, {int})
    return {
        "image": [*map(row.__getitem__, images)],
        "xyxy": np.fromiter(chain.from_iterable(boxes), np.float64, 4 * count).reshape(-1, 4),
        "class_id": [*map(number.__getitem__, kinds)],
        "track_id": column("track_id", NO_TRACK, {int}) if "track_id" in present else track,
        "ignore": np.logical_or(column("iscrowd", False, {int, bool}), column("ignore", False, {int, bool})),
        "score": column("score", 1.0, {int, float}),
    }


def _only(values: Iterable[Any], kinds: set[type]) -> None:
    if set(map(type, values)) - kinds:
        raise ValueError


def _mended(a: Any, i: int, row: dict[Any, int], number: dict[Any, int], name: str) -> Json:
    """Return an annotation with a box and with numbers where tools write text, or say what is wrong with it."""
    where = f"{name}, annotations[{i}]"
    if not isinstance(a, dict):
        raise FormatError(f"{where}: no dictionary")
    read: Json = {}
    for key, known in (("image_id", row), ("category_id", number)):
        read[key] = as_id(a.get(key))
        if read[key] is None or read[key] not in known:
            plural = key.removesuffix("_id").replace("y", "ie") + "s"
            raise FormatError(f"{where}: {key} is {a.get(key)!r}, which is not among the {plural}")
    given = a.get("bbox") or box_around(a.get("segmentation"), where)
    box = [as_number(side) for side in given] if isinstance(given, list) else []
    if len(box) != 4 or None in box:
        raise FormatError(f"{where}: bbox is {given!r}; expected [left, top, width, height]")
    words = {"track_id": "a whole number", "instance_id": "a whole number", "score": "a number",
             "iscrowd": "0 or 1", "ignore": "0 or 1"}  # fmt: skip
    for key, expected in words.items():
        value = a.get(key)
        if key in a and (value is not None or expected == "0 or 1"):
            read[key] = (as_whole if "whole" in expected else as_flag if "0" in expected else as_number)(value)
            if read[key] is None:
                raise FormatError(f"{where}: {key} is {value!r}; expected {expected}")
    return {"bbox": box, **read}


def _annotations(boxes: Boxes) -> list[Json]:
    if boxes.polygons is None:
        return _plain_annotations(boxes)
    columns = zip(
        _plain_annotations(boxes), boxes.polygons.areas().tolist(), to_segmentations(boxes.polygons), strict=True
    )
    return [record | ({"area": area, "segmentation": parts} if parts else {}) for record, area, parts in columns]


def _plain_annotations(boxes: Boxes) -> list[Json]:
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


def _video(number: int, sequence: Clip) -> Json:
    return {
        "id": number, "name": sequence.name, "width": sequence.width, "height": sequence.height,
        "frame_rate": sequence.frame_rate, "length": sequence.length, "match": sequence.match,
    }  # fmt: skip
