"""One picture: operations by name, from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from data_prep.augment.operations import OPERATIONS
from data_prep.augment.sample import Params, Sample, around
from sportstrack.errors import SettingError, nearest
from sportstrack.images.check import check_image
from sportstrack.types import FloatArray, Image, IntArray

LEAST_VISIBLE = 0.3


def augment_image(
    image: Image, boxes: Any, classes: Any, ops: Sequence[str], seed: int | Sequence[int], *,
    least_visible: float = LEAST_VISIBLE, donors: Sequence[tuple[Image, Any, Any]] = (),
) -> tuple[Image, FloatArray, IntArray, Params]:  # fmt: skip
    """Apply operations to a picture and its boxes, in the order given.

    Args:
        image: (H, W, 3) uint8 BGR; is not changed.
        boxes: (N, 4) corners in continuous pixels.
        classes: (N,) class ids.
        ops: names from `OPERATIONS`.
        seed: decides all parameters; the same seed gives the same bytes.
        least_visible: share of a box that must be left in the picture and uncovered; others are dropped.
        donors: (image, boxes, classes) to take pasted players from; none: the picture itself.

    Returns:
        Picture, (M, 4) float64 boxes within it, (M,) int64 classes, and a record: ``operations`` (name and parameters
        of each), ``dropped`` (boxes), ``source`` (M rows in ``boxes``; −1 for pasted ones).

    Raises:
        SettingError: unknown operation, or an image or boxes of another shape.
    """
    sample = _checked(image, boxes, classes, tuple(Sample.make(*donor) for donor in donors))
    sample, record = augment_sample(sample, ops, seed, least_visible=least_visible)
    return sample.image, sample.xyxy, sample.class_id, record


def augment_sample(
    sample: Sample, ops: Sequence[str], seed: int | Sequence[int], *, least_visible: float = LEAST_VISIBLE
) -> tuple[Sample, Params]:
    """Apply operations to a picture with boxes and perhaps polygons, which lie within it; see `augment_image`."""
    check_operations(ops)
    given = len(sample.xyxy)
    seeds = [seed] if isinstance(seed, int) else list(seed)
    done = []
    for i, name in enumerate(ops):
        rng = np.random.default_rng([*seeds, i, crc32(name.encode())])
        sample, params = OPERATIONS[name](sample, rng)
        sample = _inside(sample, least_visible)
        done.append({"operation": name, **params})
    pasted = int((sample.source < 0).sum())
    kept = len(sample.xyxy) - pasted
    return sample, {"operations": done, "dropped": given - kept, "source": sample.source.tolist()}


def check_operations(names: Sequence[str]) -> None:
    """Refuse names that are no operations; SettingError."""
    for name in names:
        if name not in OPERATIONS:
            known = list(OPERATIONS)
            raise SettingError(f"no operation is called {name!r}{nearest(name, known)} (there are: {', '.join(known)})")


def _checked(image: Image, boxes: Any, classes: Any, donors: tuple[Sample, ...]) -> Sample:
    check_image(image, "image")
    xyxy, kinds = np.asarray(boxes, np.float64), np.asarray(classes)
    if (xyxy.size and (xyxy.ndim != 2 or xyxy.shape[1] != 4)) or len(xyxy) != len(kinds):
        raise SettingError(f"expected (N, 4) boxes and (N,) classes, got {xyxy.shape} and {kinds.shape}")
    if not np.isfinite(xyxy).all():
        raise SettingError("a box is NaN or infinite")
    # what sticks out of the picture from the start is no loss of visibility
    cut = np.clip(xyxy.reshape(-1, 4), 0.0, np.tile(image.shape[1::-1], 2))
    return Sample.make(image, cut, kinds, donors)


def _inside(sample: Sample, least: float) -> Sample:
    """Cut boxes off at the picture's edge; drop those of which too little is left."""
    limit = np.tile(np.array(sample.size, np.float64), 2)
    cut = np.clip(sample.xyxy, 0.0, limit)
    area = np.prod(sample.xyxy[:, 2:] - sample.xyxy[:, :2], axis=1)
    share = np.prod(cut[:, 2:] - cut[:, :2], axis=1) / np.maximum(area, 1e-9)
    polygons = sample.polygons
    if polygons is not None:
        there, area, polygons = polygons.there, polygons.areas(), polygons.clip(sample.size)
        share = np.where(there, polygons.areas() / np.maximum(area, 1e-9), share)
        cut = around(polygons, cut)
    sample = replace(sample, polygons=polygons, xyxy=cut, visible=sample.visible * np.minimum(share, 1.0))
    return sample.keep((sample.visible >= least) & ((cut[:, 2:] - cut[:, :2]) > 1e-6).all(axis=1))
