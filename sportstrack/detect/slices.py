"""Detection in overlapping slices of a large frame, merged without doubles at the seams.

The idea is SAHI's (Akyon, Altinuc, Temizel: *Slicing Aided Hyper Inference*, ICIP 2022). Suppression by overlap alone
leaves doubles: a person whom a seam cuts is whole in one slice and half in the next, and the two overlap little. Here,
it counts which side of a box ends at a seam, and a box meets those of other slices only, so that players who stand
close together are never merged within a slice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sportstrack.boxes import iou
from sportstrack.detect.connector import Connector
from sportstrack.engines.report import EngineReport
from sportstrack.errors import SettingError
from sportstrack.masks.table import Masks
from sportstrack.types import BoolArray, Detections, FloatArray, Image, IntArray

NONE, AUTO = "none", "auto"
MOST = 16  # slices on either side

OVERLAP = 0.15  # of a slice's side: it shares so much with its neighbour
SHRINKING = 2.0  # auto: a slice is at most so many times the network's input
SAME = 0.5  # overlap (IoU) of one object's boxes in two slices
SAME_OF_OTHERS = 0.8  # the same, where the classes differ
WITHIN = 0.7  # share of a cut box that lies in the whole one
ALIGNED = 0.5  # overlap along a seam of an object's two halves
AT_SEAM = 0.008  # of a slice's side: a box that ends so near a seam is cut by it

Tile = tuple[int, int, int, int]
"""x1, y1, x2, y2 of a slice in pixels of the frame."""


def layout(slices: str, size: tuple[int, int], imgsz: int) -> tuple[int, int]:
    """Return columns and rows.

    Args:
        slices: ``none``, ``auto`` or ``COLUMNSxROWS``.
        size: width and height of the frames.
        imgsz: longer side of the network's input; ``auto`` cuts frames that it would shrink to less than half.

    Raises:
        SettingError: it is none of these.
    """
    if slices == NONE:
        return 1, 1
    if slices == AUTO:
        width, height = size
        count = max(1, int(np.ceil(max(size) / (SHRINKING * imgsz) - 0.05)))
        other = max(1, round(count * min(size) / max(size)))
        return (count, other) if width >= height else (other, count)
    match = re.fullmatch(r"(\d{1,2})x(\d{1,2})", slices)
    found = (0, 0) if match is None else (int(match[1]), int(match[2]))
    if not all(1 <= one <= MOST for one in found):
        raise SettingError(
            f"slices: expected none, auto or COLUMNSxROWS up to {MOST}x{MOST}, such as 2x1; got {slices!r}"
        )
    return found


def tiles(size: tuple[int, int], columns: int, rows: int) -> list[Tile]:
    """Return the slices of a frame of a width and height, all of one size, row by row."""
    width, height = size

    def along(length: int, count: int) -> tuple[int, list[int]]:
        side = int(np.ceil(length / (count - (count - 1) * OVERLAP)))
        return side, [round(k * (length - side) / max(1, count - 1)) for k in range(count)]

    across, lefts = along(width, columns)
    high, tops = along(height, rows)
    return [(x, y, x + across, y + high) for y in tops for x in lefts]


class SlicedDetector:
    """Any detector, applied to overlapping slices of each frame.

    Boxes, masks, key points and embeddings come in the frame's own pixels; all slices of a batch go through the
    detector's own call at once.

    Args:
        detector: what looks at the slices.
        columns: slices side by side.
        rows: slices above one another.

    The attributes are those of `sportstrack.detect.connector.Connector`.
    """

    def __init__(self, detector: Connector, columns: int, rows: int) -> None:
        self._detector, self._columns, self._rows = detector, columns, rows
        self.names = detector.names
        self.timings = detector.timings
        self.device: str | None = detector.device
        self.fixed: tuple[str, ...] = detector.fixed
        self.in_force: dict[str, Any] = {**detector.in_force, "slices": f"{columns}x{rows}"}

    def prepare(self, shape: tuple[int, int], frames: int = 1) -> None:
        """Make the detector ready for the slices of so many frames of a shape (height, width), where it can be."""
        prepare = getattr(self._detector, "prepare", None)
        if prepare is not None:
            x1, y1, x2, y2 = tiles(shape[::-1], self._columns, self._rows)[0]
            prepare((y2 - y1, x2 - x1), frames * self._columns * self._rows)
            self.in_force |= self._detector.in_force

    @property
    def report(self) -> EngineReport | None:
        """What runs the network, where the detector says so."""
        report: EngineReport | None = getattr(self._detector, "report", None)
        return report

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        places = [tiles((frame.shape[1], frame.shape[0]), self._columns, self._rows) for frame in frames]
        pictures = [
            np.ascontiguousarray(frame[y1:y2, x1:x2])
            for frame, cut in zip(frames, places, strict=True)
            for x1, y1, x2, y2 in cut
        ]
        found = iter(self._detector(pictures))
        return [
            merge([next(found) for _ in cut], cut, (frame.shape[1], frame.shape[0]))
            for frame, cut in zip(frames, places, strict=True)
        ]


def sliced(detector: Connector, slices: str, size: tuple[int, int], imgsz: int) -> Connector:
    """Return a detector for frames of a width and height in slices; the detector itself where there is one slice."""
    columns, rows = layout(slices, size, int(detector.in_force.get("imgsz", imgsz)))
    return detector if columns * rows == 1 else SlicedDetector(detector, columns, rows)


def merge(tables: Sequence[Detections], places: Sequence[Tile], size: tuple[int, int]) -> Detections:
    """Return one table of a frame from those of its slices.

    Args:
        tables: of each slice, in the slice's own pixels.
        places: the slices.
        size: width and height of the frame.
    """
    moved = [_moved(table, place, size) for table, place in zip(tables, places, strict=True)]
    if not any(map(len, moved)):
        return Detections.empty()
    whole = _stacked([table for table in moved if len(table)])
    tile = np.repeat(np.arange(len(moved)), [len(table) for table in moved])
    cut = _cut_sides(whole.xyxy, np.array(places, np.float64)[tile], size)
    whole, rows = _halves_joined(whole, tile, cut)
    return whole[_without_doubles(whole, tile[rows], np.logical_or.reduce(cut[rows], axis=1))]


def _moved(table: Detections, place: Tile, size: tuple[int, int]) -> Detections:
    """Return a slice's table in the frame's pixels."""
    x, y = place[:2]
    columns: dict[str, Any] = {"xyxy": table.xyxy + (x, y, x, y)}
    if table.keypoints is not None:
        columns["keypoints"] = table.keypoints + np.array([x, y, 0], np.float32)
    if table.mask is not None and len(table):
        columns["mask"] = table.mask.moved(x, y, size[::-1])
    return replace(table, **columns)


def _stacked(parts: Sequence[Detections]) -> Detections:
    columns: dict[str, Any] = {}
    for name in (
        "xyxy",
        "score",
        "class_id",
        "embedding",
        "mask",
        "keypoints",
        "team_evidence",
        "number_votes",
        "kit_colours",
    ):
        values = [getattr(part, name) for part in parts]
        if all(value is not None for value in values):
            columns[name] = (Masks.concatenate if name == "mask" else np.concatenate)(values)
        elif any(value is not None for value in values):
            raise SettingError(f"slices: the detector gives {name} for some slices and none for others")
    return Detections(**columns)


def _cut_sides(xyxy: FloatArray, place: FloatArray, size: tuple[int, int]) -> BoolArray:
    """(N, 4) whether a box's left, top, right and lower side end at a seam, inside the frame."""
    sides = place[:, [2, 3]] - place[:, [0, 1]]
    near = np.maximum(2.0, AT_SEAM * np.tile(sides, 2))
    frame = np.array([0.0, 0.0, *size])
    cut: BoolArray = (np.abs(xyxy - place) <= near) & (place != frame)
    return cut


def _without_doubles(whole: Detections, tile: IntArray, is_cut: BoolArray) -> IntArray:
    """Return the rows to keep, in the frame's order: of an object that several slices see, the best box.

    A whole box comes before a cut one, then the higher score. It replaces one box of each other slice that it overlaps
    most, and all cut ones that lie within it.
    """
    boxes = np.nan_to_num(whole.xyxy)  # a detector's slip overlaps with nothing
    overlap, within = iou(boxes, boxes), _within(boxes)
    least = np.where(whole.class_id[:, None] == whole.class_id, SAME, SAME_OF_OTHERS)
    same_class = whole.class_id[:, None] == whole.class_id
    left: BoolArray = np.ones(len(whole), np.bool_)
    kept = []
    for row in np.lexsort((-whole.score, is_cut)):
        if not left[row]:
            continue
        kept.append(row)
        left[row] = False
        others = left & (tile != tile[row])
        for other in np.unique(tile[others]):
            there = np.flatnonzero(others & (tile == other))
            best = there[overlap[row, there].argmax()]
            if overlap[row, best] >= least[row, best]:
                left[best] = False
        left &= ~(others & is_cut & same_class[row] & (within[row] >= WITHIN))
    return np.sort(np.array(kept, np.int64))


def _within(boxes: FloatArray) -> FloatArray:
    """(N, N) share of a box (column) that lies in another (row)."""
    low = np.maximum(boxes[:, None, :2], boxes[:, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    share: FloatArray = np.clip(high - low, 0, None).prod(axis=2) / np.maximum(area, 1e-9)
    return share


def _halves_joined(whole: Detections, tile: IntArray, cut: BoolArray) -> tuple[Detections, IntArray]:
    """Join the parts of objects that are larger than the slices' overlap, and return the rows that are left.

    Two parts belong together if they are cut at facing sides, agree along the seam and both span the overlap. ``cut``
    is updated: a joined object is not cut there.
    """
    xyxy, drop = whole.xyxy.copy(), np.zeros(len(whole), np.bool_)
    columns: dict[str, Any] = {}
    for axis in (0, 1):  # seams that run down, then across
        for a in np.flatnonzero(cut[:, axis + 2]):
            if drop[a]:
                continue
            for b in np.flatnonzero(cut[:, axis] & ~drop & (tile != tile[a]) & (whole.class_id == whole.class_id[a])):
                if not _facing(xyxy[a], xyxy[b], axis):
                    continue
                first, second = (a, b) if whole.score[a] >= whole.score[b] else (b, a)
                xyxy[first] = np.hstack([np.minimum(xyxy[a, :2], xyxy[b, :2]), np.maximum(xyxy[a, 2:], xyxy[b, 2:])])
                cut[first] |= cut[second]
                cut[first, [axis, axis + 2]] = False
                drop[second] = True
                _join_columns(whole, columns, int(first), int(second))
                break
    rows = np.flatnonzero(~drop)
    return (replace(whole, xyxy=xyxy, **columns)[rows] if drop.any() else whole), rows


def _facing(a: FloatArray, b: FloatArray, axis: int) -> bool:
    """Return whether two boxes meet at a seam, the first one before it, and agree along it."""
    along = 1 - axis
    meets = a[axis] < b[axis] <= a[axis + 2] < b[axis + 2]
    common = min(a[along + 2], b[along + 2]) - max(a[along], b[along])
    longest = max(a[along + 2], b[along + 2]) - min(a[along], b[along])
    return bool(meets and common >= ALIGNED * longest)


def _join_columns(whole: Detections, columns: dict[str, Any], first: int, second: int) -> None:
    """Give a row what another part of its object has: the pixels of both masks, the surer of each key point."""
    if whole.mask is not None:
        masks = columns.setdefault("mask", whole.mask)
        rows = np.arange(len(masks))
        rows[first] = len(masks)
        columns["mask"] = Masks.concatenate([masks, masks.union(first, second)])[rows]
    if whole.keypoints is not None:
        points = columns.setdefault("keypoints", whole.keypoints.copy())
        surer = points[second, :, 2] > points[first, :, 2]
        points[first, surer] = points[second, surer]
