"""From the outputs of a YOLO network to `Detections`.

Three kinds of head are known. ``(1, 4 + C + E, A)`` is that of YOLOv8 to 12: centre, width and height, C scores and E
extra numbers for each of A places. ``(1, A, 5 + C + E)`` is that of YOLOv5 to 7, with a score of its own for "there is
something". ``(1, N, 6 + E)`` is that of YOLOv10 and 26 and of exports with NMS inside: corners, score, class. The extra
numbers are mask coefficients (segment) or key points (pose).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.detect.yolo.letterbox import to_frame
from sportstrack.detect.yolo.masks import masks_in_frame
from sportstrack.detect.yolo.nms import nms
from sportstrack.errors import WeightsError
from sportstrack.types import Detections

TASKS = ("detect", "segment", "pose")
_CANDIDATES = 30_000  # boxes that NMS looks at, at most
_CLASS_OFFSET = 7680  # pixels between classes, so that one NMS does for all of them

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """What must be known of a network to read its outputs.

    Attributes:
        task: detect, segment or pose.
        classes: number of classes.
        keypoints: (K, 2 or 3) of a pose model.
        end2end: the network suppresses by itself; `iou` has no effect.
        objectness: as YOLOv5 to 7: a row for each place, with a score of its own before the classes' scores.
    """

    task: str
    classes: int
    keypoints: tuple[int, int] = (0, 0)
    end2end: bool = False
    objectness: bool = False


def decode(
    outputs: Sequence[Floats],
    head: Head,
    size: tuple[int, int],
    shape: tuple[int, ...],
    *,
    score: float = 0.1,
    iou: float = 0.7,
    classes: Sequence[int] | None = None,
    max_det: int = 300,
    agnostic: bool = False,
    masks: bool = True,
) -> Detections:
    """Return the boxes of one frame, best score first, in its pixels.

    Args:
        outputs: of the network for one frame: rows with a leading axis of 1; for a segmentation model the prototypes,
            (1, C, h, w), too.
        head: how to read them.
        size: (height, width) of the network's input.
        shape: (height, width, …) of the frame.
        score: boxes with a greater one stay.
        iou: overlap above which the box with the lower score is dropped.
        classes: ids to keep; None keeps all.
        max_det: most boxes.
        agnostic: suppress across classes.
        masks: decode the masks of a segmentation model; boxes without a pixel of theirs are left out then.

    Raises:
        WeightsError: the outputs do not have the head's form.
    """
    rows = _checked(np.asarray(outputs[0], np.float32), head)
    if head.end2end:
        rows = _chosen(rows, score, classes)[:max_det]
    else:
        rows = _candidates(rows, head, score, classes)
        offset = 0 if agnostic else rows[:, 5:6] * np.float32(_CLASS_OFFSET)
        rows = rows[nms(rows[:, :4] + offset, rows[:, 4], iou, max_det)]
    boxes, extra = to_frame(rows[:, :4].reshape(-1, 2, 2), shape, size).reshape(-1, 4), rows[:, 6:]
    mask = keypoints = None
    if head.task == "segment" and masks:
        mask = masks_in_frame(np.asarray(outputs[1], np.float32)[0], extra, boxes, shape)
        seen = mask.area() > 0
        boxes, rows, mask = boxes[seen], rows[seen], mask[seen]
    elif head.task == "pose":
        keypoints = _keypoints(to_frame(extra.reshape(-1, *head.keypoints), shape, size))
    return Detections(
        boxes.astype(np.float64), rows[:, 4].astype(np.float64), rows[:, 5].astype(np.int64), None, mask, keypoints
    )


def _checked(rows: Floats, head: Head) -> Floats:
    """Return the rows as (4 + C + E, A), or (N, 6 + E) of a head that suppresses by itself."""
    extra = int(np.prod(head.keypoints)) if head.task == "pose" else 0
    width = 6 + extra if head.end2end else 4 + head.classes + head.objectness + extra
    axis = -1 if head.end2end or head.objectness else -2
    fits = rows.ndim == 3 and len(rows) == 1
    if not fits or (rows.shape[axis] < width if head.task == "segment" else rows.shape[axis] != width):
        raise WeightsError(
            f"the network's output has the shape {rows.shape}; that of a model for the task {head.task} with "
            f"{head.classes} classes has {width}{' or more' * (head.task == 'segment')} on its axis {axis}"
        )
    planes: Floats = rows[0]
    if head.objectness:
        planes = planes.T
        scores = planes[5 : 5 + head.classes] * planes[4]
        planes = np.concatenate((planes[:4], scores, planes[5 + head.classes :]))
    return planes


def _candidates(planes: Floats, head: Head, score: float, classes: Sequence[int] | None) -> Floats:
    """Return (N, 6 + E) rows of corners, best score, its class and the extra numbers, the best ones if too many."""
    end = 4 + head.classes
    found = planes[:, np.flatnonzero(planes[4:end].max(axis=0) > score)]
    best = found[4:end].argmax(axis=0)
    half = found[2:4] / 2
    rows = np.empty((found.shape[1], 6 + len(planes) - end), np.float32)
    rows[:, :2], rows[:, 2:4] = (found[:2] - half).T, (found[:2] + half).T
    rows[:, 4], rows[:, 5], rows[:, 6:] = found[4 + best, np.arange(len(best))], best, found[end:].T
    rows = _chosen(rows, score, classes)
    if len(rows) > _CANDIDATES:
        rows = rows[np.argsort(-rows[:, 4], kind="stable")[:_CANDIDATES]]
    return rows


def _chosen(rows: Floats, score: float, classes: Sequence[int] | None) -> Floats:
    stays = rows[:, 4] > score
    if classes is not None:
        stays &= np.isin(rows[:, 5], classes)
    return rows[stays]


def _keypoints(points: Floats) -> Floats:
    """(N, K, 2 or 3) → (N, K, 3): points without a score of their own get 1."""
    if points.shape[-1] == 2:
        points = np.concatenate((points, np.ones_like(points[..., :1])), axis=-1)
    return np.ascontiguousarray(points)
