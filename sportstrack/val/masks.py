"""How good the masks of found objects are: IoU and Dice by class and size, beside the average precision of masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import iou
from sportstrack.masks.overlap import pair_intersections
from sportstrack.types import Detections, FloatArray, IntArray
from sportstrack.val.ap import SIZES, Accuracy, masks_of, measure

_FOUND = 0.5  # overlap of boxes from which on an object is found


@dataclass(frozen=True, eq=False)
class MaskJudgement:
    """What a detector's masks are worth.

    Attributes:
        accuracy: COCO's figures of the masks.
        classes: (P,) class of each object that was found: whose box a detection overlaps by 0.5 or more.
        area: (P,) square pixels of its true mask.
        iou: (P,) intersection over union of the two masks, 0…1.
    """

    accuracy: Accuracy
    classes: IntArray
    area: FloatArray
    iou: FloatArray

    def quality(self, class_id: int | None = None, size: str = "all") -> dict[str, float]:
        """Return the mean IoU and Dice of the found objects' masks, 0…1, and their number; NaN without any.

        Args:
            class_id: of this class; None is all of them.
            size: one of `SIZES`, by the true mask's area.
        """
        low, high = SIZES[size]
        rows = (self.area >= low) & (self.area <= high)
        if class_id is not None:
            rows &= self.classes == class_id
        iou = self.iou[rows]
        if not len(iou):
            return {"IoU": float("nan"), "Dice": float("nan"), "masks": 0}
        return {"IoU": float(iou.mean()), "Dice": float((2 * iou / (1 + iou)).mean()), "masks": len(iou)}

    def figures(self, class_id: int | None = None) -> dict[str, float]:
        """Return mask AP50, mask AP75, mask AP, and IoU and Dice of found objects, of a class or all."""
        found = {
            "mask AP50": self.accuracy.ap(class_id, overlap=0.5),
            "mask AP75": self.accuracy.ap(class_id, overlap=0.75),
            "mask AP": self.accuracy.ap(class_id),
        }
        quality = self.quality(class_id)
        return found | {"mask IoU": quality["IoU"], "Dice": quality["Dice"]}


NO_FIGURES = dict.fromkeys(("mask AP50", "mask AP75", "mask AP", "mask IoU", "Dice"), float("nan"))
"""Of a detector without masks, in one table with others."""


def judge_masks(
    truth: Sequence[Detections], found: Sequence[Detections], classes: Mapping[int, str], threshold: float
) -> MaskJudgement:
    """Compare masks with the truth's, picture by picture.

    Args:
        truth: true boxes and masks (`Masks`) of each picture.
        found: detections with masks of the same pictures, in the same order.
        classes: class id → name of those to count.
        threshold: least score of the detections whose IoU and Dice count; average precision takes all.

    Raises:
        SettingError: the masks of a picture differ in size.
    """
    parts = [_found(t, f, threshold) for t, f in zip(truth, found, strict=True)]
    columns = [np.concatenate([part[i] for part in parts]) if parts else np.zeros(0) for i in range(3)]
    return MaskJudgement(measure(truth, found, classes, masks=True), columns[0].astype(np.int64), *columns[1:])


def _found(truth: Detections, found: Detections, threshold: float) -> tuple[IntArray, FloatArray, FloatArray]:
    """Class, true area and IoU of the masks of the objects that were found, best score first."""
    usable = found.score >= threshold
    if found.valid is not None:
        usable &= found.valid
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(-found.score[rows], kind="stable")]
    overlaps = iou(found.xyxy[rows], truth.xyxy)
    overlaps[found.class_id[rows][:, None] != truth.class_id[None, :]] = 0.0
    pairs = []
    for n in range(len(rows)) if len(truth) else ():
        best = int(overlaps[n].argmax())
        if overlaps[n, best] >= _FOUND:
            pairs.append((rows[n], best))
            overlaps[:, best] = 0.0
    mine, true = np.array(pairs, np.int64).reshape(-1, 2).T
    theirs, ours = masks_of(truth), masks_of(found)
    shared = pair_intersections(ours, theirs, mine, true)
    area = theirs.area()[true]
    union = area + ours.area()[mine] - shared
    return truth.class_id[true], area.astype(np.float64), shared / np.maximum(union, 1)
