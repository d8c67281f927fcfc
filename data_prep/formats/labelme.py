"""LabelMe: a JSON file for each picture with ``shapes``; rectangles become boxes, polygons boxes with polygons."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from data_prep.pictures import picture_size
from data_prep.polygons import Polygons
from data_prep.table import Boxes, ImageTable, Table
from data_prep.values import as_whole
from sportstrack.errors import FormatError
from sportstrack.files.folders import settled
from sportstrack.files.reading import list_files, read_json
from sportstrack.limits import MAX_SIDE
from sportstrack.types import FloatArray

_FEWEST = {"rectangle": 2, "polygon": 3}  # points of the shapes that are read


@dataclass
class _Gathered:
    """Columns, as they are read.

    Attributes:
        names, files, sizes: of the pictures; ``known`` has the names as well.
        image, labels: of the boxes.
        parts: (K, 2) points of each box's shapes.
        polygon: whether a box has a polygon among its shapes.
        others: shapes that are neither rectangles nor polygons.
    """

    names: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    parts: list[list[FloatArray]] = field(default_factory=list)
    polygon: list[bool] = field(default_factory=list)
    others: int = 0


def read_labelme(root: str | Path, *, images: str | Path | None = None) -> Table:
    """Read a folder of LabelMe JSON files.

    Classes are the labels in alphabetical order. Shapes of one label and ``group_id`` are one box of several parts.
    Circles, lines and points are left out, with a note.

    Args:
        root: the folder.
        images: the pictures' folder; None: beside the JSON. Of ``imagePath`` the file's name alone is used.

    Raises:
        FormatError: no such folder, or a file that is not LabelMe's, with the shape.
    """
    path = settled(root)
    files = list_files(path, (".json",)) if path.is_dir() else []
    if not files:
        raise FormatError(f"{path}: expected a folder of LabelMe JSON files")
    folder, to = Path(images) if images else path, _Gathered()
    for file in files:
        _read_file(file, folder, to)
    classes = sorted(set(to.labels))
    extents = [np.concatenate(parts) for parts in to.parts]
    xyxy = np.array([[*points.min(axis=0), *points.max(axis=0)] for points in extents]).reshape(-1, 4)
    shapes = (
        [_corners(part) if len(part) == 2 else part for part in parts] if polygon else []
        for parts, polygon in zip(to.parts, to.polygon, strict=True)
    )
    polygons = Polygons.make(shapes) if any(to.polygon) else None
    boxes = Boxes.make(to.image, xyxy, [classes.index(label) for label in to.labels], polygons=polygons)
    notes = (f"{path}: {to.others} shapes are neither rectangles nor polygons; left out",) if to.others else ()
    pictures = ImageTable.make(to.names, size=to.sizes, file=to.files)
    return Table(tuple(classes), (), pictures, boxes, notes=notes).check(str(path))


def _read_file(file: Path, folder: Path, to: _Gathered) -> None:
    data = read_json(file)
    stated = data.get("imagePath") if isinstance(data, dict) else None
    shapes = data.get("shapes") if isinstance(data, dict) else None
    if not isinstance(stated, str) or not isinstance(shapes, list):
        raise FormatError(f"{file}: no LabelMe file: no imagePath and shapes in it")
    name = PureWindowsPath(stated).name  # LabelMe writes the separators of the system that it runs on
    picture = str(folder / name)
    if not name or not os.path.isfile(picture):  # noqa: PTH113  # no name is too long for it
        raise FormatError(f"{file}: imagePath: the picture {stated[:80]!r} is not in {folder}")
    if name in to.known:
        raise FormatError(f"{file}: imagePath: {name} has labels in another file as well")
    groups: dict[tuple[str, str], int] = {}
    for i, shape in enumerate(shapes):
        _read_shape(shape, f"{file}, shapes[{i}]", groups, to)
    to.names.append(name)
    to.known.add(name)
    to.files.append(picture)
    to.sizes.append(_stated_size(data) or picture_size(picture))


def _stated_size(data: dict[str, Any]) -> tuple[int, int] | None:
    width, height = as_whole(data.get("imageWidth")), as_whole(data.get("imageHeight"))
    if width is None or height is None or not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        return None
    return width, height


def _read_shape(shape: Any, where: str, groups: dict[tuple[str, str], int], to: _Gathered) -> None:
    kind = shape.get("shape_type") if isinstance(shape, dict) else None
    if not isinstance(kind, str):
        raise FormatError(f"{where}: no shape_type")
    if kind not in _FEWEST:
        to.others += 1
        return
    label, points = shape.get("label"), _points(shape.get("points"))
    if not isinstance(label, str) or not label:
        raise FormatError(f"{where}: no label")
    if points is None or len(points) < _FEWEST[kind]:
        raise FormatError(f"{where}: points: a {kind} needs {_FEWEST[kind]} or more pairs of numbers")
    if kind == "rectangle":
        points = np.stack([points.min(axis=0), points.max(axis=0)])
    group = shape.get("group_id")
    place = len(to.labels) if group is None else groups.setdefault((label, str(group)), len(to.labels))
    if place == len(to.labels):
        to.image.append(len(to.names))
        to.labels.append(label)
        to.parts.append([])
        to.polygon.append(False)
    to.parts[place].append(points)
    to.polygon[place] |= kind == "polygon"


def _points(given: Any) -> FloatArray | None:
    try:
        points = np.array(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return points if points.ndim == 2 and points.shape[1] == 2 and np.isfinite(points).all() else None


def _corners(rectangle: FloatArray) -> FloatArray:
    (x1, y1), (x2, y2) = rectangle
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
