"""How much two detectors agree, picture by picture, without knowing the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.boxes import iou
from sportstrack.types import Detections, IntArray

OVERLAP = 0.9
SCORE = 0.05
LOWEST = 0.1
_ALMOST = LOWEST - SCORE  # a box just below the lowest score may answer one just above it


def agreement(one: Sequence[Detections], other: Sequence[Detections]) -> float:
    """Return the share of boxes that both found, 0…1; NaN where neither found any.

    A box with a score of at least 0.1 is found by the other detector if that has a box of the same class with an IoU of
    at least 0.9 and a score that differs by at most 0.05. Each box answers one.

    Args:
        one: a table per picture.
        other: a table of each of the same pictures.
    """
    both = total = 0
    for a, b in zip(one, other, strict=True):
        rows, columns = _pairs(a, b)
        both += int((a.score[rows] >= LOWEST).sum() + (b.score[columns] >= LOWEST).sum())
        total += int((a.score >= LOWEST).sum() + (b.score >= LOWEST).sum())
    return both / total if total else float("nan")


def _pairs(a: Detections, b: Detections) -> tuple[IntArray, IntArray]:
    """Return the rows of boxes that answer each other, the greatest overlaps first."""
    kept_a, kept_b = np.flatnonzero(a.score >= _ALMOST), np.flatnonzero(b.score >= _ALMOST)
    overlap = iou(a.xyxy[kept_a], b.xyxy[kept_b])
    near = np.abs(a.score[kept_a, None] - b.score[None, kept_b]) <= SCORE
    fits = (overlap >= OVERLAP) & near & (a.class_id[kept_a, None] == b.class_id[None, kept_b])
    rows, columns = np.nonzero(fits)
    free_a, free_b = np.ones(len(kept_a), bool), np.ones(len(kept_b), bool)
    taken: list[tuple[int, int]] = []
    for pair in np.argsort(-overlap[rows, columns], kind="stable").tolist():
        i, j = int(rows[pair]), int(columns[pair])
        if free_a[i] and free_b[j]:
            free_a[i] = free_b[j] = False
            taken.append((int(kept_a[i]), int(kept_b[j])))
    table = np.array(taken, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
