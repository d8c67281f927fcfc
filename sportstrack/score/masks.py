"""Scoring of masks as MOTS does (Voigtlaender et al. 2019, arXiv:1902.03668): classes, and regions to ignore.

The rules are those of MOTSChallenge and KITTI-MOTS as TrackEval applies them: truth and result of the classes that are
scored are matched at an overlap of 0.5; a result without a partner that lies by more than half in the frame's regions
to ignore does not count.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.masks import Masks
from sportstrack.masks.overlap import pair_intersections
from sportstrack.masks.runs import MaskSpans, layers, runs
from sportstrack.mot import MotTable
from sportstrack.mots import CAR, IGNORE, PEDESTRIAN, MotsTable
from sportstrack.score.preprocess import everything
from sportstrack.types import BoolArray, IntArray

OVERLAPS = ("auto", "mask", "box")
"""What ``iou`` may be: masks where both sides have some, masks, boxes."""

BENCHMARKS = ("MOTS", "KITTI-MOTS")
_NEVER = -10_000.0  # what TrackEval gives a pair that may not be matched
_EPS = float(np.finfo(np.float64).eps)


def mask_sides(
    name: str,
    truth: MotTable,
    result: MotTable,
    *,
    iou: str = "auto",
    classes: Collection[int] | None = None,
    benchmark: str | None = None,
) -> tuple[MotTable, MotTable]:
    """Return truth and result as they are scored: without regions to ignore, and as boxes where boxes are compared.

    Args:
        name: the sequence, for messages.
        truth: all its rows.
        result: the tracker's rows.
        iou: one of `OVERLAPS`.
        classes: those that are scored; None is all.
        benchmark: ``"MOTS"`` scores pedestrians alone.

    Raises:
        SettingError: an unknown overlap, or ``"mask"`` and a side without masks.
        FormatError: pictures of different sizes, or classes that the benchmark does not have.
    """
    if iou not in OVERLAPS:
        raise SettingError(f"iou: expected {', '.join(OVERLAPS)}, got {iou!r}")
    for side, table in (("truth", truth), ("result", result)):
        if len(table) and not isinstance(table, MotsTable) and (iou == "mask" or benchmark in BENCHMARKS):
            asked = f"--benchmark {benchmark}" if benchmark in BENCHMARKS else "--iou mask"
            raise SettingError(f"{name}: the {side} has no masks, which {asked} needs; give MOTS text, or score boxes")
    if isinstance(truth, MotsTable) and isinstance(result, MotsTable) and truth.masks.shape != result.masks.shape:
        (h, w), (tall, wide) = truth.masks.shape, result.masks.shape
        raise FormatError(f"{name}: the result's masks are of {tall} x {wide} pixels, the truth's of {h} x {w}")
    if benchmark == "MOTS":
        _check_classes(name, truth, result)
        classes = (PEDESTRIAN,) if classes is None else classes
    regions = truth[truth.class_id == IGNORE] if isinstance(truth, MotsTable) else None
    truth, result = (_of_classes(table, classes, isinstance(truth, MotsTable)) for table in (truth, result))
    by_masks = iou != "box" and isinstance(truth, MotsTable) and isinstance(result, MotsTable)
    sides = (truth, result) if by_masks else (_boxes(truth), _boxes(result))
    if isinstance(regions, MotsTable) and len(regions):
        ignored = _in_regions(sides[1], regions) & ~_matched(name, *sides)
        sides = (sides[0], sides[1][~ignored])
    return sides


def _check_classes(name: str, truth: MotTable, result: MotTable) -> None:
    if len(odd := np.setdiff1d(truth.class_id, [CAR, PEDESTRIAN, IGNORE])):
        raise FormatError(f"{name}: the truth has class {odd[0]}; MOTS knows 1 car, 2 pedestrian and 10 ignore")
    if len(result) and not (result.class_id == PEDESTRIAN).any():
        found = ", ".join(map(str, np.unique(result.class_id).tolist()))
        raise FormatError(
            f"{name}: the result has no class {PEDESTRIAN}, which MOTS scores, but {found}; write pedestrians as "
            f"{PEDESTRIAN}, or leave out --benchmark"
        )


def _of_classes(table: MotTable, classes: Collection[int] | None, in_mots: bool) -> MotTable:
    if in_mots:
        table = table[table.class_id != IGNORE]
    if classes is not None and (table.class_id >= 0).any():
        table = table[np.isin(table.class_id, list(classes))]
    return table


def _boxes(table: MotTable) -> MotTable:
    return table.boxes() if isinstance(table, MotsTable) else table


def _in_regions(result: MotTable, regions: MotsTable) -> BoolArray:
    """(R,) True for result rows that lie by more than half in the regions of their frame."""
    height, width = regions.masks.shape
    frames, number = np.unique(regions.frame, return_inverse=True)
    found = regions.masks.spans()
    joined = MaskSpans(number.reshape(-1)[found.owner], found.start, found.end)
    counts = runs(
        layers(joined, np.ones_like(found.owner), 1, len(regions)), np.ones(len(frames), bool), height * width
    )
    ground = Masks((height, width), *counts)
    place: IntArray = np.searchsorted(frames, result.frame)
    there = np.flatnonzero(frames[np.minimum(place, len(frames) - 1)] == result.frame)
    masks = result.masks if isinstance(result, MotsTable) else _rectangles(result, (height, width))
    share = pair_intersections(masks, ground, there, place[there]) / np.maximum(masks.area()[there], 1)
    inside = np.zeros(len(result), np.bool_)
    inside[there] = share > 0.5 + _EPS
    return inside


def _rectangles(table: MotTable, shape: tuple[int, int]) -> Masks:
    corners = table.xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    return Masks.from_polygons([[ring] for ring in corners], shape)


def _matched(name: str, truth: MotTable, result: MotTable) -> BoolArray:
    """(R,) True for result rows with a partner in the truth."""
    from scipy.optimize import linear_sum_assignment

    seq = everything(name, truth, result)
    good = seq.iou >= 0.5 - _EPS
    i, j, iou = seq.i[good], seq.j[good], seq.iou[good]
    hit = np.zeros(len(result), np.bool_)
    hit[j] = True
    alone = (np.bincount(i, minlength=1)[i] == 1) & (np.bincount(j, minlength=1)[j] == 1)
    for f in np.unique(seq.truth.table.frame[i[~alone]]).tolist():  # boxes, or masks that share exactly a half
        (p, p_end), (q, q_end) = seq.truth.start[f : f + 2], seq.result.start[f : f + 2]
        pairs = slice(*np.searchsorted(i, [p, p_end]).tolist())
        worth = np.full((p_end - p, q_end - q), _NEVER)
        worth[i[pairs] - p, j[pairs] - q] = iou[pairs]
        rows, columns = linear_sum_assignment(-worth)
        hit[q:q_end] = False
        hit[columns[worth[rows, columns] > 0] + q] = True
    back = np.empty(len(result), np.bool_)
    back[np.argsort(result.frame, kind="stable")] = hit
    return back
