"""Average precision as COCO counts it: greedy matching at ten overlaps, four sizes, 101 points of recall.

The rules are those of pycocotools' ``COCOeval`` for boxes and masks without crowds, ties included; tests compare both
number by number. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014; https://cocodataset.org/#detection-eval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import iou
from sportstrack.errors import SettingError
from sportstrack.masks import Masks, mask_iou
from sportstrack.types import BoolArray, Detections, FloatArray

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
SIZES: Mapping[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Size → least and greatest area in square pixels of the picture as it is stored, both included."""
MAX_DET = 100


@dataclass(frozen=True, eq=False)
class Matched:
    """What became of one class's detections, best score first.

    Attributes:
        score: (N,) scores, falling.
        hit: (10, N) matched to a true box at each of `OVERLAPS`.
        ignored: (10, N) counts neither as right nor as wrong (of another size).
        truth: true boxes of that size.
    """

    score: FloatArray
    hit: BoolArray
    ignored: BoolArray
    truth: int

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Return (10, 101) precision at `RECALLS` and the (10,) greatest recall; −1 without true boxes."""
        precision, recall = np.full((10, 101), -1.0), np.full(10, -1.0)
        if not self.truth:
            return precision, recall
        right = np.cumsum(self.hit & ~self.ignored, axis=1, dtype=np.float64)
        wrong = np.cumsum(~self.hit & ~self.ignored, axis=1, dtype=np.float64)
        reached, exact = right / self.truth, right / (wrong + right + np.spacing(1))
        best = np.maximum.accumulate(exact[:, ::-1], axis=1)[:, ::-1]
        precision[:], recall[:] = 0.0, reached[:, -1] if reached.shape[1] else 0.0
        for i in range(10):
            at = np.searchsorted(reached[i], RECALLS, side="left")
            inside = at < reached.shape[1]
            precision[i, inside] = best[i, at[inside]]
        return precision, recall


@dataclass(frozen=True, eq=False)
class Accuracy:
    """The figures of one detector on one set of pictures.

    Attributes:
        classes: class id → name, in order.
        precision: (10, 101, K, 4) over `OVERLAPS`, `RECALLS`, classes and `SIZES`; −1 where there is no true box.
        recall: (10, K, 4) greatest recall.
        matched: per class, for all sizes.
    """

    classes: Mapping[int, str]
    precision: FloatArray
    recall: FloatArray
    matched: tuple[Matched, ...]

    def ap(self, class_id: int | None = None, size: str = "all", overlap: float | None = None) -> float:
        """Return the average precision, 0…1; NaN without true boxes.

        Args:
            class_id: of this class; None is the mean over the classes that have true boxes.
            size: one of `SIZES`.
            overlap: at this IoU (0.5, 0.55, …, 0.95); None is the mean of all ten.
        """
        part = self._part(self.precision[..., list(SIZES).index(size)], class_id, overlap)
        return float(part.mean()) if part.size else float("nan")

    def ar(self, class_id: int | None = None, size: str = "all", overlap: float | None = None) -> float:
        """Return the average recall with at most `MAX_DET` boxes a picture, 0…1; arguments as `ap`."""
        part = self._part(self.recall[..., list(SIZES).index(size)], class_id, overlap)
        return float(part.mean()) if part.size else float("nan")

    def _part(self, values: FloatArray, class_id: int | None, overlap: float | None) -> FloatArray:
        if class_id is not None:
            values = values[..., [list(self.classes).index(class_id)]]
        if overlap is not None:
            found = np.flatnonzero(np.isclose(OVERLAPS, overlap))
            if not len(found):
                raise SettingError(f"overlap: expected 0.5, 0.55, … 0.95, got {overlap}")
            values = values[found]
        return values[values > -1]


def measure(
    truth: Sequence[Detections],
    found: Sequence[Detections],
    classes: Mapping[int, str],
    *,
    max_det: int = MAX_DET,
    masks: bool = False,
) -> Accuracy:
    """Compare detections with the truth, picture by picture.

    Args:
        truth: true boxes of each picture; their scores do not matter.
        found: detections of the same pictures, in the same order.
        classes: class id → name of those to count; boxes of other classes are ignored.
        max_det: best-scored boxes of a class that count in a picture.
        masks: compare masks, and size by their areas; a table without masks has empty ones.

    Raises:
        SettingError: if the two differ in length, or masks in their pictures' sizes.
    """
    if len(truth) != len(found):
        raise SettingError(f"judge: {len(truth)} pictures with truth, {len(found)} with detections")
    precision = np.full((10, 101, len(classes), len(SIZES)), -1.0)
    recall = np.full((10, len(classes), len(SIZES)), -1.0)
    kept = []
    for k, class_id in enumerate(classes):
        pairs = [pair_of(t, f, class_id, max_det, masks) for t, f in zip(truth, found, strict=True)]
        for a, size in enumerate(SIZES):
            matched = pool([match(*pair, SIZES[size]) for pair in pairs])
            precision[:, :, k, a], recall[:, k, a] = matched.curve()
            if size == "all":
                kept.append(matched)
    return Accuracy(dict(classes), precision, recall, tuple(kept))


def match(
    overlaps: FloatArray, truth: FloatArray, found: FloatArray, score: FloatArray, size: tuple[float, float]
) -> Matched:
    """Match one picture's boxes or masks of one class: best score first, each true one taken once.

    A detection takes the free true box that it overlaps most, a later one in a tie; true boxes of another size only if
    no other will do.

    Args:
        overlaps: (N, G) intersection over union of detections, best score first, and true boxes.
        truth: (G,) areas of the true boxes.
        found: (N,) areas of the detections.
        score: (N,) falling.
        size: least and greatest area that counts.
    """
    return match_where(overlaps, score, _outside(truth, size), _outside(found, size))


def match_where(overlaps: FloatArray, score: FloatArray, other: BoolArray, aside: BoolArray) -> Matched:
    """Match as `match` does, where some boxes do not count.

    Args:
        overlaps: (N, G) as there.
        score: (N,) falling.
        other: (G,) true boxes that do not count, nor what meets them.
        aside: (N,) detections that do not count where they meet no true box.
    """
    order = np.argsort(other, kind="stable")  # the ones that count come first
    other, overlaps = other[order], overlaps[:, order]
    hit = np.zeros((10, len(score)), np.bool_)
    ignored = np.zeros_like(hit)
    free = np.ones((10, len(other)), np.bool_)
    least, rows = np.minimum(OVERLAPS, 1 - 1e-10)[:, None], np.arange(10)
    for n in np.flatnonzero((overlaps >= least[0]).any(axis=1)) if len(other) else ():
        fits = np.where(free & (overlaps[n] >= least), overlaps[n], -1.0)
        counted = np.where(other, -1.0, fits)
        fits = np.where((counted >= 0).any(axis=1, keepdims=True), counted, fits)
        best = len(other) - 1 - np.argmax(fits[:, ::-1], axis=1)
        taken = fits[rows, best] >= 0
        hit[:, n], ignored[:, n] = taken, taken & other[best]
        free[rows[taken], best[taken]] = False
    ignored |= ~hit & aside
    return Matched(score, hit, ignored, int((~other).sum()))


def pair_of(
    truth: Detections, found: Detections, class_id: int, max_det: int, masks: bool
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return one picture's overlaps and areas as `match` takes them, of the true boxes of a class and its detections.

    The scores, which come last, are falling.
    """
    usable = found.class_id == class_id
    if found.valid is not None:  # an empty mask has no box, but counts
        usable &= np.isfinite(found.score) if masks else found.valid
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(-found.score[rows], kind="stable")[:max_det]]
    wanted = truth.class_id == class_id
    if masks:
        theirs, ours = masks_of(truth)[wanted], masks_of(found)[rows]
        areas = theirs.area().astype(np.float64), ours.area().astype(np.float64)
        return mask_iou(ours, theirs), *areas, found.score[rows]
    true, mine = truth.xyxy[wanted], found.xyxy[rows]
    return iou(mine, true), box_area(true), box_area(mine), found.score[rows]


def pool(parts: Sequence[Matched]) -> Matched:
    """Return what became of the detections of several pictures."""
    if not parts:
        return Matched(np.zeros(0), np.zeros((10, 0), np.bool_), np.zeros((10, 0), np.bool_), 0)
    score = np.concatenate([part.score for part in parts])
    order = np.argsort(-score, kind="stable")
    hit, ignored = (np.concatenate([getattr(p, name) for p in parts], axis=1) for name in ("hit", "ignored"))
    return Matched(score[order], hit[:, order], ignored[:, order], sum(part.truth for part in parts))


def masks_of(table: Detections) -> Masks:
    """Return a table's masks; a table without any has rows without a mask."""
    return Masks.empty((0, 0), len(table)) if table.mask is None else table.mask


def box_area(boxes: FloatArray) -> FloatArray:
    """(N,) square pixels of (N, 4) boxes."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _outside(area: FloatArray, size: tuple[float, float]) -> BoolArray:
    return (area < size[0]) | (area > size[1])
