"""Reading YOLO data sets: ``data.yaml``, or a folder with ``images/`` and ``labels/``."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.yolo_tracks import YoloTracks
from data_prep.names import split_word
from data_prep.pictures import IMAGE_SUFFIXES, picture_size
from data_prep.polygons import Polygons
from data_prep.table import NO_FRAME, NO_SEQUENCE, NO_TRACK, Boxes, Clip, ImageTable, Table
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.files.reading import as_utf8, existing, list_files, read_text, read_yaml
from sportstrack.types import FloatArray, IntArray

_SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
MAX_POINTS = 10_000


def read_yolo(root: str | Path, *, need: Collection[str] = ("train",), skip_missing: bool = False) -> Table:
    """Read a YOLO data set's folder or its ``data.yaml``.

    A label line is ``class cx cy w h``, or a polygon ``class x1 y1 x2 y2 x3 y3 …``, whose box is the one around it.
    Where data.yaml has a ``kpt_shape``, key points follow the box; they are left out, with a note. A picture without a
    label file is unlabelled. What `data_prep.formats.yolo.write_yolo` has put into ``tracks/`` comes back; identities
    of a picture whose labels were edited since are dropped, with a note.

    Args:
        root: the folder or ``data.yaml``.
        need: splits that must be there if data.yaml names them; a note names the others that are not there.
        skip_missing: leave out pictures that a list names and that are not there, with a note.

    Raises:
        FormatError: no data set there, a label line that breaks a rule (with its file and line), or an unreadable
            picture.
    """
    yaml_file, base, described = read_description(settled(root))
    classes = class_names(described.get("names"), yaml_file)
    keypoints = keypoint_numbers(described, yaml_file)
    clips = YoloTracks(base)
    notes: list[str] = []
    pictures = [
        picture
        for split, places in split_places(described, base, yaml_file, need, notes)
        for picture in _find(split, places, base, clips, notes if skip_missing else None)
    ]
    if not pictures:
        raise FormatError(f"{yaml_file}: no pictures found in the folders that it names")
    if keypoints:
        notes.append(f"{yaml_file}: its labels hold key points (kpt_shape); their boxes alone are read")
    table = _to_table(pictures, classes, keypoints, clips).check(str(yaml_file))
    return replace(table, notes=(*notes, *table.notes))


def parse_labels(
    text: bytes, name: str, classes: int, keypoints: int = 0
) -> tuple[FloatArray, list[FloatArray | None]]:
    """Return (N, 5) class, cx, cy, w, h of a label file, and each line's polygon, (K, 2) shares, or None.

    Args:
        text: what the file holds.
        name: its name, for messages.
        classes: how many there are.
        keypoints: numbers of key points that may follow a box; 0: what is longer than a box is a polygon.

    Raises:
        FormatError: not numbers, a wrong number of them, a class beyond the classes, or a share far beyond 0…1.
    """
    cells = text.split()
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    try:
        rows = np.array(cells, np.float64).reshape(-1, 5) if len(cells) == 5 * lines and not keypoints else None
    except ValueError:
        rows = None
    if rows is not None and _sound(rows, classes).all():
        return rows, [None] * len(rows)
    found = [_parse_line(line, f"{name}, line {i}", classes, keypoints) for i, line in label_lines(text)]
    return np.array([row for row, _ in found], np.float64).reshape(-1, 5), [polygon for _, polygon in found]


@dataclass(frozen=True)
class _Picture:
    name: str
    file: str
    split: str
    size: tuple[int, int]
    label: str


def read_description(root: Path) -> tuple[Path, Path, dict[str, Any]]:
    """Return data.yaml, the folder its paths start from, and what it says."""
    file = root
    if root.is_dir():
        files = [root / "data.yaml", *list_files(root, {".yaml"}), *list_files(root, {".yml"})]
        file = next((path for path in files if path.is_file()), root / "data.yaml")
    if not file.exists():
        raise FormatError(f"{root}: not a YOLO data set: there is no data.yaml")
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise FormatError(f"{file}: not a YOLO data set: no names, train and val in it")
    base = file.parent / str(data.get("path") or "")
    return file, base if os.path.isdir(base) else file.parent, data  # noqa: PTH112  # no name is too long for it


def class_names(names: Any, file: Path) -> tuple[str, ...]:
    """Return data.yaml's names in order; FormatError if they are neither a list nor numbered from 0."""
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[i] for i in range(len(names))]
    words = isinstance(names, list) and all(isinstance(name, (str, int, float)) for name in names)
    if not names or not words:
        shown = str(names)[:80]
        raise FormatError(f"{file}: names: expected a list, or numbers from 0 with a name each, got {shown}")
    return tuple(str(name) for name in names)


def keypoint_numbers(described: dict[str, Any], file: Path) -> int:
    """Return how many numbers of key points follow each box: those of ``kpt_shape: [17, 3]``; 0 without it.

    Raises:
        FormatError: a kpt_shape that is no pair of a number of points and 2 or 3.
    """
    shape = described.get("kpt_shape")
    if shape is None:
        return 0
    whole = isinstance(shape, list) and len(shape) == 2 and all(type(side) is int for side in shape)
    if not whole or not 1 <= shape[0] <= MAX_POINTS or shape[1] not in (2, 3):
        raise FormatError(f"{file}: kpt_shape: expected [points, 2] or [points, 3], got {shape!r}")
    return int(shape[0] * shape[1])


def split_places(
    described: dict[str, Any], base: Path, file: Path, need: Collection[str] = (), notes: list[str] | None = None
) -> Iterator[tuple[str, list[Path]]]:
    """Yield (split, folders or lists of pictures).

    A place that stands in for another split's too is read once: as the split whose name is in its path, else as the
    first.

    Raises:
        FormatError: a place is not there and ``need`` has its split, or none is there. Others become ``notes``.
    """
    found: dict[Path, tuple[str, Path]] = {}
    missing = []
    for key, split in _SPLITS.items():
        value = described.get(key)
        for one in value if isinstance(value, list) else [value] if value else []:
            path = base / str(one)
            if not _exists(path):  # Roboflow writes ../train/images, counted from a folder that is not there
                path = base / str(one).lstrip("./")
            if not _exists(path):
                missing.append((split, f"{file}: {key}: {base / str(one)} is not there"))
            elif path.resolve() not in found or split_word(path.parent.name + " " + path.stem) == split:
                found[path.resolve()] = (split, path)
    for split, message in missing:
        if split in need or not found:
            raise FormatError(message)
        if notes is not None:
            notes.append(f"{message}; left out")
    for split in dict.fromkeys(_SPLITS.values()):
        places = [path for owner, path in found.values() if owner == split]
        if places:
            yield split, places


def pictures_in(place: Path, base: Path) -> tuple[list[str], str]:
    """Return the pictures that a folder holds or a list names, and the folder that their names start from."""
    if place.is_dir():
        return list(map(str, list_files(place, IMAGE_SUFFIXES, deep=True))), str(place)
    words = [word.strip() for word in read_text(place).split("\n")]
    files = [existing(os.path.normpath(base / word)) for word in words if word]
    if len(set(map(os.path.isabs, files))) > 1:
        files = [os.path.abspath(file) for file in files]  # noqa: PTH100  # there is no resolve() in this
    try:
        return files, os.path.commonpath([os.path.dirname(file) for file in files]) if files else ""  # noqa: PTH120
    except ValueError as error:
        raise FormatError(f"{place}: its pictures have no folder in common: {error}") from error


def _find(split: str, places: list[Path], base: Path, clips: YoloTracks, notes: list[str] | None) -> Iterator[_Picture]:
    for place in places:
        files, root = pictures_in(place, base)
        if not place.is_dir():
            files = _there(files, place, notes)
        for file in files:
            name = os.path.relpath(file, root).replace(os.sep, "/")
            size = clips.size(split, name) or picture_size(file)
            yield _Picture(name, file, split, size, label_of(file))


def _there(files: list[str], place: Path, notes: list[str] | None) -> list[str]:
    """Return the pictures of a list that are there; FormatError for others if there is nowhere to note them."""
    missing = [file for file in files if not os.path.isfile(file)]  # noqa: PTH113  # tens of thousands of them
    if missing and notes is None:
        raise FormatError(f"{place}: names {missing[0]}, which is not there; take it out of the list")
    if missing and notes is not None:
        notes.append(f"{place}: {len(missing)} of its pictures are not there, the first is {missing[0]}; left out")
        left = set(missing)
        files = [file for file in files if file not in left]
    return files


def label_of(file: str) -> str:
    """Return the label file of a picture, as Ultralytics finds it: the last images/ becomes labels/."""
    head, found, tail = f"{os.sep}{file}".rpartition(f"{os.sep}images{os.sep}")  # images/ may come first
    path = f"{head}{os.sep}labels{os.sep}{tail}"[1:] if found else file
    return existing(os.path.splitext(path)[0] + ".txt")  # noqa: PTH122  # tens of thousands of them


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # no name is too long for it


def _to_table(pictures: list[_Picture], classes: tuple[str, ...], keypoints: int, clips: YoloTracks) -> Table:
    rows, labelled, tracks, notes = [], [], [], []
    polygons: list[FloatArray | None] = []
    for picture in pictures:
        text = _read(picture.label)
        found, shapes = parse_labels(text or b"", picture.label, len(classes), keypoints)
        polygons += shapes
        labelled.append(text is not None)
        rows.append(found)
        ids = clips.of.get((picture.split, picture.name), (0, 0, []))[2]
        if len(ids) != len(found):
            if ids:
                notes.append(f"{picture.label}: edited since its identities were noted; they are dropped")
            ids = [NO_TRACK] * len(found)
        tracks += ids
    known = [clips.of.get((p.split, p.name), (NO_SEQUENCE, NO_FRAME)) for p in pictures]
    sequences = _with_labelled(clips.sequences, [k[0] for k in known], labelled)
    images = ImageTable.make(
        [p.name for p in pictures], size=[p.size for p in pictures], file=[p.file for p in pictures],
        split=[p.split for p in pictures], sequence=[k[0] for k in known], frame=[k[1] for k in known],
        labelled=labelled,
    )  # fmt: skip
    table = np.concatenate(rows)
    image = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    half = table[:, 3:] / 2
    xyxy = np.hstack([table[:, 1:3] - half, table[:, 1:3] + half]) * np.tile(images.size[image], 2)
    boxes = Boxes.make(image, xyxy, table[:, 0], track_id=tracks, polygons=in_pixels(polygons, images.size[image]))
    return Table(classes, sequences, images, boxes, clips.infos, tuple(notes))


def in_pixels(polygons: list[FloatArray | None], size: IntArray) -> Polygons | None:
    """Return the polygons of N label lines as a column, or None if there is none; ``size`` is (N, 2)."""
    if all(polygon is None for polygon in polygons):
        return None
    made = Polygons.make([] if polygon is None else [polygon] for polygon in polygons)
    return made.moved(made.points * size[made.box_of_point])


def _with_labelled(sequences: list[Clip], of: list[int], labelled: list[bool]) -> tuple[Clip, ...]:
    known = {clip for clip, is_labelled in zip(of, labelled, strict=True) if is_labelled}
    return tuple(replace(sequence, labelled=i in known) for i, sequence in enumerate(sequences))


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # tens of thousands of them
            data = file.read()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise FormatError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return as_utf8(data, path)


def _sound(rows: FloatArray, classes: int) -> Any:
    kind = rows[:, 0]
    shares = rows[:, 1:]
    return (
        (kind >= 0) & (kind < classes) & (kind == np.floor(kind))
        & ((shares >= -1) & (shares <= 2)).all(axis=1) & (shares[:, 2:] >= 0).all(axis=1)
    )  # fmt: skip


def label_lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold something, numbered from 1."""
    for i, line in enumerate(text.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield i, line


def line_values(values: list[float], keypoints: int = 0) -> tuple[list[float], FloatArray | None]:
    """Return the numbers of a label line as class, cx, cy, w, h, and its polygon; other lines as they are.

    Where ``keypoints`` numbers may follow a box, what is longer than one is no polygon.
    """
    if keypoints:
        return values[:5] if len(values) == 5 + keypoints else values, None
    if len(values) < 7 or not len(values) % 2:
        return values, None
    points = np.array(values[1:]).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):  # infinities are found later
        return [values[0], *((low + high) / 2).tolist(), *(high - low).tolist()], points


def expected_line(keypoints: int) -> str:
    """Say what a label line holds, for messages."""
    more = f"perhaps with {keypoints} numbers of key points" if keypoints else "or a polygon"
    return f"expected class cx cy w h, {more}"


def _parse_line(line: bytes, where: str, classes: int, keypoints: int) -> tuple[list[float], FloatArray | None]:
    shown = line.decode("utf-8", "replace").strip()[:80]
    try:
        values = [float(cell) for cell in line.split()]
    except ValueError:
        raise FormatError(f"{where}: not only numbers: {shown!r}") from None
    values, polygon = line_values(values, keypoints)
    if len(values) != 5:
        raise FormatError(f"{where}: {len(values)} numbers; {expected_line(keypoints)}: {shown!r}")
    if not 0 <= values[0] < classes or values[0] != int(values[0]):
        raise FormatError(f"{where}: class {values[0]:g} is none of the {classes} in data.yaml: {shown!r}")
    if not _sound(np.array([values]), classes).all():
        raise FormatError(f"{where}: not shares of the picture (0 to 1); are these pixels?: {shown!r}")
    return values, polygon
