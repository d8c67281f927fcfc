"""Rows of MOTS text as boxes with polygons, and back: the polygons fill to exactly the masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_prep.polygons import Polygons
from data_prep.table import NO_TRACK, Table
from sportstrack.classes import mots_classes
from sportstrack.errors import FormatError, SettingError
from sportstrack.masks import Masks
from sportstrack.mots import IGNORE, MotsTable
from sportstrack.types import IntArray

MOTS_CLASSES = ("car", "pedestrian")
"""Classes 1 and 2 of MOTSChallenge and KITTI-MOTS."""


def read_rows(rows: MotsTable, shown: str, size: tuple[int, int]) -> MotsTable:
    """Return a clip's rows, regions to ignore with score 0 and no identity; FormatError if they are of another size."""
    if len(rows) and rows.masks.shape != size[::-1]:
        height, width = rows.masks.shape
        raise FormatError(f"{shown}: its masks are of {width}x{height} pixels, the pictures of {size[0]}x{size[1]}")
    rows = rows[rows.masks.area() > 0]
    ignored = rows.class_id == IGNORE
    return replace(rows, score=(~ignored).astype(float), track_id=np.where(ignored, NO_TRACK, rows.track_id))


def class_indices(rows: MotsTable, names: tuple[str, ...], shown: str) -> IntArray:
    """Return (N,) index into class names of rows, 0 for regions to ignore; FormatError for a class without a name."""
    index = {number: i for i, number in mots_classes(dict(enumerate(names))).items()} | {IGNORE: 0}
    unknown = [number for number in np.unique(rows.class_id).tolist() if number not in index]
    if unknown:
        raise FormatError(
            f"{shown}: class {unknown[0]}, but the classes are {', '.join(names)}; name them all with --class-names"
        )
    return np.array([index[number] for number in rows.class_id.tolist()], np.int64)


def table_rows(table: Table, rows: IntArray, frames: IntArray, clip: str, first_frame: int = 1) -> MotsTable:
    """Return pictures' boxes as MOTS rows; a box without a polygon is filled whole.

    Args:
        table: the table.
        rows: (K,) the pictures, all of one size.
        frames: (K,) their frames, from 0.
        clip: its name, for messages.
        first_frame: what the text calls the first frame.

    Raises:
        SettingError: a box has no identity.
    """
    number = np.full(len(table.images), -1, np.int64)
    number[rows] = frames
    boxes = table.boxes[number[table.boxes.image] >= 0]
    if (lost := (boxes.track_id == NO_TRACK) & ~boxes.ignore).any():
        raise SettingError(f"{clip}: {lost.sum()} boxes have no identity; MOTS text needs tracks")
    polygons = (boxes.polygons or Polygons.none(len(boxes))).with_rectangles(boxes.xyxy)
    kinds = mots_classes(dict(enumerate(table.classes)))
    class_id = np.where(boxes.ignore, IGNORE, [kinds[i] for i in boxes.class_id.tolist()])
    track_id = np.where(boxes.ignore, 1000 * IGNORE, boxes.track_id)
    width, height = table.images.size[rows[0]].tolist()
    masks = Masks.from_polygons([polygons.of(row) for row in range(len(boxes))], (height, width))
    found = MotsTable.of(number[boxes.image], track_id, class_id, masks, first_frame)
    return found[np.lexsort((found.class_id == IGNORE, found.frame))]
