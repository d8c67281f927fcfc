"""YOLO data sets read without refusing anything but the lack of a ``data.yaml``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data_prep.audit.source import AuditSource, Part, joined, shown
from data_prep.formats.yolo_read import (
    class_names,
    expected_line,
    in_pixels,
    keypoint_numbers,
    label_lines,
    label_of,
    line_values,
    pictures_in,
    read_description,
    split_places,
)
from data_prep.formats.yolo_tracks import YoloTracks
from data_prep.pictures import picture_size
from data_prep.table import NO_FRAME, NO_SEQUENCE, NO_TRACK, Boxes, ImageTable
from sportstrack.errors import FormatError
from sportstrack.files.reading import as_utf8, is_note, list_files
from sportstrack.types import FloatArray


def read_yolo_leniently(root: Path) -> AuditSource:
    """Read a YOLO data set; FormatError if there is no data.yaml, or one that names no classes or folders."""
    yaml_file, base, described = read_description(root)
    classes = class_names(described.get("names"), yaml_file)
    part = Part(classes)
    clips = _clips(base, part)
    gathered = _Gathered(keypoint_numbers(described, yaml_file))
    for split, places in split_places(described, base, yaml_file, notes=part.notes):
        for place in places:
            files, folder = pictures_in(place, base)
            for file in files:
                name = os.path.relpath(file, folder).replace(os.sep, "/")
                _read_picture(file, name, split, clips, part, gathered)
            _report_orphans(place, part, split)
    if not gathered.names:
        raise FormatError(f"{yaml_file}: no pictures found in the folders that it names")
    if gathered.keypoints:
        part.notes.append(f"{yaml_file}: its labels hold key points (kpt_shape); their boxes alone are looked at")
    _finish(part, gathered, clips)
    return joined([part], "yolo")


@dataclass
class _Gathered:
    """Columns, as they are read, and how many numbers of key points may follow a box."""

    keypoints: int
    names: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    labelled: list[bool] = field(default_factory=list)
    rows: list[FloatArray] = field(default_factory=list)
    polygons: list[FloatArray | None] = field(default_factory=list)
    tracks: list[int] = field(default_factory=list)


def _clips(base: Path, part: Part) -> YoloTracks:
    try:
        return YoloTracks(base)
    except FormatError as error:
        part.report("unreadable clip", str(error), str(base / "tracks"))
        return YoloTracks(base / "nowhere")


def _read_picture(file: str, name: str, split: str, clips: YoloTracks, part: Part, to: _Gathered) -> None:
    label = label_of(file)
    there = os.path.exists(file)  # noqa: PTH110  # a million times over
    size = clips.size(split, name)
    if size is None and there:
        try:
            size = picture_size(file)
        except FormatError:
            size = (0, 0)  # reading its pixels says why
    text: bytes | None = None
    try:
        text = as_utf8(Path(label).read_bytes(), label)
    except (FileNotFoundError, NotADirectoryError):
        pass  # a picture without labels
    except FormatError as error:
        part.report("unreadable label", str(error).removeprefix(label), label, None, split)
    except (OSError, ValueError) as error:
        part.report("unreadable label", f"cannot be read: {error}", label, None, split)
    rows, polygons, lines, count = _labels(text or b"", label, (len(part.classes), to.keypoints), split, part)
    ids = clips.of.get((split, name), (0, 0, []))[2]
    to.tracks += [ids[i] for i in lines[1]] if len(ids) == count else [NO_TRACK] * len(rows)
    part.box_file += [len(part.files)] * len(rows)
    part.line += lines[0]
    part.files.append(label)
    part.missing.append(not there)
    to.names.append(name)
    to.files.append(file)
    to.splits.append(split)
    to.sizes.append(size or (0, 0))
    to.labelled.append(text is not None)
    to.rows.append(rows)
    to.polygons += polygons


def _labels(
    text: bytes, file: str, counts: tuple[int, int], split: str, part: Part
) -> tuple[FloatArray, list[FloatArray | None], tuple[list[int], list[int]], int]:
    """Return (N, 5) rows, their polygons, their (lines, places among all rows), and how many rows the file has.

    ``counts`` are those of the classes and of the numbers of key points that may follow a box.
    """
    classes, keypoints = counts
    lines = list(label_lines(text))
    rows, polygons, numbers, places = [], [], [], []
    for place, (number, line) in enumerate(lines):
        row, polygon = _row(line, keypoints)
        if row is None:
            reason = f"{expected_line(keypoints)}: {shown(line)}"
            part.report("unreadable label", reason, file, number, split)
        elif not 0 <= row[0] < classes or row[0] != int(row[0]):
            part.report("unknown class", f"class {row[0]:g} of {classes}: {shown(line)}", file, number, split)
        else:
            rows.append(row)
            polygons.append(polygon)
            numbers.append(number)
            places.append(place)
    return np.array(rows, np.float64).reshape(-1, 5), polygons, (numbers, places), len(lines)


def _row(line: bytes, keypoints: int) -> tuple[list[float] | None, FloatArray | None]:
    try:
        values, polygon = line_values([float(cell) for cell in line.split()], keypoints)
    except ValueError:
        return None, None
    return (values, polygon) if len(values) == 5 and np.isfinite(values[0]) else (None, None)


def _report_orphans(place: Path, part: Part, split: str) -> None:
    """Report label files beside the pictures' folder that belong to no picture."""
    if not place.is_dir():
        return
    example = Path(label_of(str(place / "x.jpg"))).parent
    if example == place or not example.is_dir():
        return
    known = set(part.files)
    for file in list_files(example, pattern="*.txt", deep=True):
        if str(file) not in known and not is_note(file.name):
            part.report("label without picture", "there is no picture of this name", str(file), None, split)


def _finish(part: Part, to: _Gathered, clips: YoloTracks) -> None:
    known = [clips.of.get((s, n), (NO_SEQUENCE, NO_FRAME)) for s, n in zip(to.splits, to.names, strict=True)]
    part.sequences, part.tracks = tuple(clips.sequences), clips.infos
    part.images = ImageTable.make(
        to.names, size=to.sizes, file=to.files, split=to.splits, sequence=[k[0] for k in known],
        frame=[k[1] for k in known], labelled=to.labelled,
    )  # fmt: skip
    rows = np.concatenate(to.rows)
    image = np.repeat(np.arange(len(to.rows)), [len(found) for found in to.rows])
    half = rows[:, 3:] / 2
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and infinity are found later
        size = np.tile(np.maximum(part.images.size, 1), 2)[image]
        xyxy = np.hstack([rows[:, 1:3] - half, rows[:, 1:3] + half]) * size
        polygons = in_pixels(to.polygons, np.maximum(part.images.size, 1)[image])
    part.boxes = Boxes.make(image, xyxy, rows[:, 0], track_id=to.tracks, polygons=polygons)
