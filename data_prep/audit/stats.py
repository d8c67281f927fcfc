"""Numbers of a data set for its histograms: box sizes, objects per picture, track lengths, positions, classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.audit import rules
from data_prep.table import Table

HEAT = (48, 27)  # columns and rows of the map of positions
_BINS = 24


def statistics(table: Table) -> dict[str, Any]:
    """Return counts and histograms, ready for JSON; a histogram is ``{"edges": [K + 1], "counts": [K]}``."""
    good = rules.sound(table)
    xyxy = table.boxes.xyxy[good]
    sides = xyxy[:, 2:] - xyxy[:, :2]
    per_picture = np.diff(table.starts)[table.images.labelled]
    return {
        "splits": {split: _split(table, split) for split in table.splits},
        "clips": len(table.sequences),
        "pictures": len(table.images),
        "boxes": len(table.boxes),
        "boxes_per_class": {
            name: int(count)
            for name, count in zip(
                table.classes, np.bincount(table.boxes.class_id, minlength=len(table.classes)), strict=True
            )
        },
        "box_height": _histogram(sides[:, 1], logarithmic=True),
        "box_width": _histogram(sides[:, 0], logarithmic=True),
        "objects_per_picture": _histogram(per_picture, whole=True),
        "track_length": _histogram(rules.track_lengths(table)[1], whole=True),
        "positions": heat_map(table),
    }


def heat_map(table: Table) -> list[list[int]]:
    """Return counts of box centres over a grid of `HEAT`, rows from the top."""
    known = rules.sound(table) & (table.images.size[table.boxes.image] > 0).all(axis=1)
    xyxy, size = table.boxes.xyxy[known], table.images.size[table.boxes.image[known]]
    centre = (xyxy[:, :2] + xyxy[:, 2:]) / 2 / np.maximum(size, 1)
    inside = ((centre >= 0) & (centre < 1)).all(axis=1)
    cell = (centre[inside] * HEAT).astype(np.int64)
    counts = np.bincount(cell[:, 1] * HEAT[0] + cell[:, 0], minlength=HEAT[0] * HEAT[1])
    grid: list[list[int]] = counts.reshape(HEAT[1], HEAT[0]).tolist()
    return grid


def _split(table: Table, split: str) -> dict[str, int]:
    mine = table.images.split == split
    return {
        "pictures": int(mine.sum()),
        "labelled": int((mine & table.images.labelled).sum()),
        "clips": len(set(table.images.sequence[mine].tolist()) - {-1}),
        "boxes": int(mine[table.boxes.image].sum()),
    }


def _histogram(values: Any, *, logarithmic: bool = False, whole: bool = False) -> dict[str, list[float]]:
    values = np.asarray(values, np.float64)
    if not len(values):
        return {"edges": [], "counts": []}
    low, high = float(values.min()), float(values.max())
    edges: NDArray[Any]
    if whole:
        width = max(1, int(np.ceil((high - low + 1) / _BINS)))
        edges = np.arange(low, high + width + 1, width)
    elif logarithmic:
        edges = np.geomspace(max(low, 1e-3), max(high, low * 1.01, 2e-3), _BINS + 1)
    else:
        edges = np.linspace(low, high, _BINS + 1)
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return {"edges": [round(edge, 3) for edge in edges.tolist()], "counts": counts.tolist()}
