"""Results that are made of masks: MOTS text, and COCO results with a ``track_id``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sportstrack.errors import FormatError
from sportstrack.files.reading import parse_json
from sportstrack.mot import class_ids
from sportstrack.mots import IGNORE, read_mots
from sportstrack.types import FloatArray


class MaskRows(NamedTuple):
    """What a file holds.

    Attributes:
        values: (N, 9) frame from 0, id, corners, score, class id from 0, and 0 for a row with a mask, else −1.
        extras: frame → id → (mask as COCO codes it, None).
    """

    values: FloatArray
    extras: dict[int, dict[int, Any]]


def mots_rows(path: Path, *, zero_based: bool) -> MaskRows:
    """Read MOTS text; boxes are those around the masks, regions to ignore are left out.

    Raises:
        FormatError: as `sportstrack.read_mots`.
    """
    table = read_mots(path, zero_based=True if zero_based else None)
    table = table[np.flatnonzero((table.class_id != IGNORE) & (table.masks.area() > 0))]
    count = len(table)
    columns = (table.frame, table.track_id, table.xyxy, np.ones(count), class_ids(table.class_id), np.zeros(count))
    extras: dict[int, dict[int, Any]] = {}
    rows = zip(table.frame.tolist(), table.track_id.tolist(), table.masks.to_coco(), strict=True)
    for frame, track, mask in rows:
        extras.setdefault(frame, {})[track] = (mask, None)
    return MaskRows(np.column_stack(columns), extras)


def coco_rows(path: Path, data: bytes) -> MaskRows:
    """Read COCO results whose entries have a ``track_id``; ``image_id`` counts from 1, as a frame's number.

    Raises:
        FormatError: no such results; the message says which entry is wrong.
    """
    entries = parse_json(data, str(path))
    if not isinstance(entries, list):
        raise FormatError(f"{path}: expected COCO results, a list of entries")
    values, extras = [], dict[int, dict[int, Any]]()
    for number, entry in enumerate(entries, 1):
        try:
            frame, track = int(entry["image_id"]) - 1, int(entry["track_id"])
            left, top, width, height = map(float, entry["bbox"])
            kind, score = int(entry.get("category_id", 0)) - 1, float(entry.get("score", 1))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise FormatError(
                f"{path}, entry {number}: expected image_id, track_id and bbox ({type(error).__name__}: {error})"
            ) from error
        mask = entry.get("segmentation")
        values.append([frame, track, left, top, left + width, top + height, score, kind, 0 if mask else -1])
        if mask:
            extras.setdefault(frame, {})[track] = (mask, None)
    return MaskRows(np.array(values, np.float64).reshape(-1, 9), extras)
