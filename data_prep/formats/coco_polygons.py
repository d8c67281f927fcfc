"""COCO's ``segmentation``: polygons of one or several parts, and masks as run lengths, which become polygons.

A mask's polygons run along the edges of its pixels, so they cover the same pixels; a hole is reached over a bridge.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from data_prep.formats.rle import outlines
from data_prep.polygons import Polygons
from sportstrack.errors import FormatError
from sportstrack.masks import Masks
from sportstrack.types import FloatArray


def parse_segmentation(segmentation: Any, where: str) -> list[FloatArray]:
    """Return the parts of a segmentation, each (K, 2) pixels; none if it is empty.

    Raises:
        FormatError: neither polygons nor a mask, or no part with three points.
    """
    if not segmentation:
        return []
    if isinstance(segmentation, dict):
        return outlines(_mask(segmentation, where))[0]
    parts = [part for part in _parts(segmentation, where) if len(part) >= 3]
    if not parts:
        raise FormatError(f"{where}: the segmentation has no polygon of three points or more")
    return parts


def _mask(segmentation: dict[str, Any], where: str) -> Masks:
    return Masks.from_coco([segmentation], lambda _: where)


def box_around(segmentation: Any, where: str) -> list[float]:
    """Return left, top, width and height of a mask or of polygons; FormatError if it is neither."""
    if isinstance(segmentation, dict):
        left, top, right, bottom = _mask(segmentation, where).boxes()[0].tolist()
        return [left, top, right - left, bottom - top]
    if not segmentation:
        raise FormatError(f"{where}: neither bbox nor segmentation")
    points = np.concatenate(_parts(segmentation, where))
    low, high = points.min(axis=0), points.max(axis=0)
    return [*low.tolist(), *(high - low).tolist()]


def read_polygons(annotations: Sequence[dict[str, Any]], name: str) -> tuple[Polygons | None, tuple[str, ...]]:
    """Return the polygons of annotations as a column, None if there are none, and notes.

    A segmentation that is none is left out with a note: the annotation's box is sound without it.
    """
    given = [annotation.get("segmentation") for annotation in annotations]
    if not any(given):
        return None, ()
    made = _all_lists(given)
    if made is not None:
        return made, ()
    parts: list[list[FloatArray]] = []
    bad: list[str] = []
    for i, one in enumerate(given):
        try:
            parts.append(parse_segmentation(one, f"{name}, annotations[{i}]"))
        except FormatError as error:
            parts.append([])
            bad.append(str(error))
    made = Polygons.make(parts)
    about = f"{len(bad)} segmentations cannot be read and only their boxes are kept; the first is"
    return made if made.there.any() else None, tuple(f"{about} {one}" for one in bad[:1])


def to_segmentations(polygons: Polygons) -> list[list[list[float]]]:
    """Return each box's polygon as COCO writes it: a list of x, y, x, y, … for each part."""
    flat, stops = polygons.points.reshape(-1).tolist(), (2 * polygons.part).tolist()
    parts = [flat[low:high] for low, high in pairwise(stops)]
    boxes = polygons.box.tolist()
    return [parts[low:high] for low, high in pairwise(boxes)]


def _all_lists(given: list[Any]) -> Polygons | None:
    """Return the polygons if all are lists of lists of x, y, …; None if any needs a closer look."""
    if not all(one is None or isinstance(one, list) for one in given):
        return None
    rings = [ring for one in given for ring in one or ()]
    if not all(isinstance(ring, list) for ring in rings):
        return None
    lengths = np.array([len(ring) for ring in rings], np.int64)
    if (lengths < 6).any() or (lengths % 2).any() or not set(map(type, chain.from_iterable(rings))) <= {int, float}:
        return None
    try:
        flat = np.fromiter(chain.from_iterable(rings), np.float64, int(lengths.sum()))
    except OverflowError:
        return None
    if not np.isfinite(flat).all():
        return None
    part = np.concatenate([[0], np.cumsum(lengths // 2)])
    return Polygons(flat.reshape(-1, 2), part, np.cumsum([0, *(len(one or ()) for one in given)]))


def _parts(segmentation: Any, where: str) -> list[FloatArray]:
    """Return lists of numbers as (K, 2) points: x, y, … or pairs, one part or several."""
    flat = isinstance(segmentation, list) and all(isinstance(v, (int, float)) for v in segmentation)
    try:
        given = [segmentation] if flat else list(segmentation)
        parts: list[FloatArray] = [np.array(one, np.float64).reshape(-1, 2) for one in given if one]
        if parts and all(isinstance(one, list) for one in given) and all(np.isfinite(p).all() for p in parts):
            return parts
    except (TypeError, ValueError, OverflowError):
        pass
    raise FormatError(f"{where}: the segmentation is neither polygons nor a mask")
