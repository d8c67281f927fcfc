"""Average precision cut by the circumstances of the true boxes; bins: `sportstrack.score.bins`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.images.light import box_light
from sportstrack.score.bins import BINS, bins_table, covered_share, per_cent, scale_of
from sportstrack.types import Detections, FloatArray
from sportstrack.val.ap import MAX_DET, Matched, match_where, pair_of, pool
from sportstrack.val.truth import TestSet

BY = ("light", "occlusion", "scale")
"""Single pictures have no speed."""


@dataclass(frozen=True)
class BinAccuracy:
    """What a detector is worth on the true boxes of one bin.

    Attributes:
        boxes: true boxes.
        ap50: average precision at IoU 0.5, the mean over classes with such boxes; NaN without.
        ap: mean over IoU 0.5…0.95.
        recall: greatest recall at IoU 0.5, of all classes together.
    """

    boxes: int
    ap50: float
    ap: float
    recall: float

    def to_dict(self) -> dict[str, float | int | None]:
        """Return plain values; None for NaN."""
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in vars(self).items()}


Cuts = Mapping[str, Mapping[str, BinAccuracy]]
"""By → bin → accuracy."""


def check_by(by: Sequence[str]) -> None:
    """Refuse what single pictures do not show; SettingError."""
    for name in by:
        if name not in BY:
            known = ", ".join(BY)
            raise SettingError(f"by: {name} cannot be told of single pictures; choose from {known} (evaluate has it)")


def measures(test: TestSet, truth: Sequence[Detections], by: Sequence[str]) -> list[dict[str, FloatArray]]:
    """Return of each picture, by → (G,) what is measured of its true boxes; light reads the pictures again."""
    pictures = test.pictures() if "light" in by else iter([None] * len(truth))
    found = []
    for boxes, picture in zip(truth, pictures, strict=True):
        values = {"occlusion": covered_share(boxes.xyxy), "scale": scale_of(boxes.xyxy)}
        if picture is not None:
            values["light"] = box_light(picture, boxes.xyxy)
        found.append({name: values[name] for name in by})
    return found


def cut_accuracy(
    truth: Sequence[Detections],
    found: Sequence[Detections],
    classes: Mapping[int, str],
    values: Sequence[Mapping[str, FloatArray]],
    by: Sequence[str],
) -> Cuts:
    """Cut the average precision.

    True boxes of another bin do not count, nor detections that meet one, as with COCO's sizes. A detection that meets
    no true box is wrong in every bin, save that of another scale, which its own box shows.

    Args:
        truth: true boxes of each picture.
        found: detections of the same pictures.
        classes: class id → name of those to count.
        values: of each picture, by → (G,) what is measured of its true boxes; see `measures`.
        by: of `BY`.
    """
    cuts: dict[str, dict[str, BinAccuracy]] = {}
    for name in by:
        bins = BINS[name]
        cuts[name] = {}
        for k, label in enumerate(bins.labels):
            parts = []
            for class_id in classes:
                matched = [
                    _match(t, f, class_id, v[name], name, k) for t, f, v in zip(truth, found, values, strict=True)
                ]
                parts.append(pool(matched))
            cuts[name][label] = _accuracy(parts)
    return cuts


def _match(truth: Detections, found: Detections, class_id: int, values: FloatArray, name: str, which: int) -> Matched:
    overlaps, _, areas, score = pair_of(truth, found, class_id, MAX_DET, masks=False)
    other = BINS[name].of(values[truth.class_id == class_id]) != which
    aside = BINS[name].of(np.sqrt(areas)) != which if name == "scale" else np.zeros(len(score), np.bool_)
    return match_where(overlaps, score, other, aside)


def _accuracy(parts: Sequence[Matched]) -> BinAccuracy:
    curves = [part.curve()[0].mean(axis=1) for part in parts if part.truth]
    boxes = sum(part.truth for part in parts)
    if not boxes:
        return BinAccuracy(0, math.nan, math.nan, math.nan)
    hits = sum(int((part.hit[0] & ~part.ignored[0]).sum()) for part in parts)
    mean = np.mean(curves, axis=0)
    return BinAccuracy(boxes, float(mean[0]), float(mean.mean()), hits / boxes)


def by_text(judged: Mapping[str, Cuts]) -> str:
    """Return Markdown: a row for each bin of each detector, in per cent."""
    rows = [
        [name, f"{by}: {label}", f"{one.boxes:,}", *map(per_cent, (one.ap50, one.ap, one.recall))]
        for name, cuts in judged.items()
        for by, bins in cuts.items()
        for label, one in bins.items()
    ]
    return "\n" + bins_table(["detector", "true boxes", "boxes", "AP50", "AP", "recall"], rows)


def by_chart(name: str, cuts: Cuts) -> Any:
    """Return a figure of AP50 and AP in each bin."""
    from sportstrack.draw.bins import bins_chart

    figures = {by: {k: {"AP50": v.ap50, "AP": v.ap} for k, v in bins.items()} for by, bins in cuts.items()}
    counts = {by: {k: v.boxes for k, v in bins.items()} for by, bins in cuts.items()}
    return bins_chart(name, figures, counts, "true boxes")
