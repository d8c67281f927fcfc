"""A picture's loss from its detections: pairs of true boxes and detections, and those without a partner.

A training loss needs the network's internals; this one needs boxes, scores and classes, so it measures any detector.
Its parts are the same: overlap, class, objectness. Probabilities are scores, kept within `FLOOR` … 1 − `FLOOR`, so that
one box costs at most −ln(`FLOOR`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np

from sportstrack.boxes import iou
from sportstrack.errors import SettingError
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray

FLOOR = 0.05  # the detector returns no score below it
OVERLAP = 0.5


@dataclass(frozen=True)
class LossWeights:
    """How much each part of the loss counts (λ).

    Attributes:
        box: 1 − IoU of each pair.
        cls: of each pair, −ln(score); with another class than the true one, −ln(`FLOOR`) − ln(1 − score).
        miss: −ln(`FLOOR`) for each true box without a detection.
        false: −ln(1 − score) for each detection without a true box.

    Raises:
        SettingError: a negative weight.
    """

    box: float = 1.0
    cls: float = 1.0
    miss: float = 1.0
    false: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < float("inf"):
                raise SettingError(f"--loss {field.name}: expected 0 or more, got {value}")


@dataclass(frozen=True)
class ImageLoss:
    """The parts of one picture's loss, before they are weighted.

    Attributes:
        box: sum over the pairs; see `LossWeights` for this and the next three.
        cls: sum over the pairs.
        miss: sum over the true boxes that are left.
        false: sum over the detections that are left.
        truth: true boxes.
        pairs: true boxes with a detection.
        wrong: pairs of two classes.
        alone: detections that are left.
    """

    box: float
    cls: float
    miss: float
    false: float
    truth: int
    pairs: int
    wrong: int
    alone: int

    def total(self, weights: LossWeights) -> float:
        """Return the weighted sum per true box; of an empty picture the sum itself."""
        parts = sum(weight * getattr(self, name) for name, weight in asdict(weights).items())
        return float(parts) / max(1, self.truth)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which detection belongs to which true box.

    Attributes:
        truth: (P,) rows of the true boxes.
        found: (P,) rows of their detections.
        overlap: (P,) IoU.
        missed: rows of the true boxes that are left.
        alone: rows of the detections that are left.
    """

    truth: IntArray
    found: IntArray
    overlap: FloatArray
    missed: IntArray
    alone: IntArray


def pair(truth: Detections, found: Detections, least: float = OVERLAP) -> Pairs:
    """Pair true boxes and detections: within each class first, then what is left across classes.

    Best score first, a detection takes the free true box that it overlaps most, as in average precision. A box of the
    right class is never lost to a box of another class with a higher score; a pair across classes is a confusion.

    Args:
        truth: true boxes.
        found: detections; unusable rows are ignored.
        least: least IoU of a pair.
    """
    usable = np.arange(len(found)) if found.valid is None else np.flatnonzero(found.valid)
    order = usable[np.argsort(-found.score[usable], kind="stable")]
    overlap = np.zeros((len(truth), len(found)))
    overlap[:, usable] = iou(truth.xyxy, found.xyxy[usable])
    fits = overlap >= least
    same = truth.class_id[:, None] == found.class_id[None, :]
    free = np.ones(len(truth), np.bool_)
    partner = np.full(len(found), -1, np.int64)
    for allowed in (fits & same, fits & ~same):
        _take(order, overlap, allowed, free, partner)
    rows = np.flatnonzero(partner >= 0)
    alone = order[partner[order] < 0]
    return Pairs(partner[rows], rows, overlap[partner[rows], rows], np.flatnonzero(free), alone)


def image_loss(truth: Detections, found: Detections, pairs: Pairs | None = None) -> ImageLoss:
    """Return the parts of a picture's loss; see `LossWeights` for what they are."""
    pairs = pairs or pair(truth, found)
    score = found.score.clip(FLOOR, 1 - FLOOR)
    wrong = truth.class_id[pairs.truth] != found.class_id[pairs.found]
    right = -np.log(score[pairs.found])
    confused = -np.log(FLOOR) - np.log(1 - score[pairs.found])
    return ImageLoss(
        box=float((1 - pairs.overlap).sum()),
        cls=float(np.where(wrong, confused, right).sum()),
        miss=float(-np.log(FLOOR) * len(pairs.missed)),
        false=float(-np.log(1 - score[pairs.alone]).sum()),
        truth=len(truth),
        pairs=len(pairs.found),
        wrong=int(wrong.sum()),
        alone=len(pairs.alone),
    )


def confusions(truth: Detections, found: Detections, score: float, classes: int) -> IntArray:
    """(K + 1, K + 1) counts of one picture: rows are the true class, columns the detector's, the last one is neither.

    Args:
        truth: true boxes.
        found: detections.
        score: detections below it do not count.
        classes: K.
    """
    kept = found[found.score >= score]
    pairs = pair(truth, kept)
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    np.add.at(counts, (truth.class_id[pairs.truth], kept.class_id[pairs.found]), 1)
    np.add.at(counts, (truth.class_id[pairs.missed], np.full(len(pairs.missed), classes)), 1)
    np.add.at(counts, (np.full(len(pairs.alone), classes), kept.class_id[pairs.alone]), 1)
    return counts


def named_parts(loss: ImageLoss) -> Iterator[tuple[str, float]]:
    """Yield name and value of the four parts."""
    for field in fields(LossWeights):
        yield field.name, getattr(loss, field.name)


def _take(order: IntArray, overlap: FloatArray, allowed: BoolArray, free: BoolArray, partner: IntArray) -> None:
    """Fill ``partner`` and clear ``free``, in the order of the detections."""
    for column in order[allowed[:, order].any(axis=0)].tolist():
        if partner[column] >= 0:
            continue
        fits = np.where(allowed[:, column] & free, overlap[:, column], -1.0)
        best = int(fits.argmax())
        if fits[best] >= 0:
            partner[column] = best
            free[best] = False
