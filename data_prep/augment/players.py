"""Players in front of players: boxes that are covered, and players pasted from other pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_prep.augment.sample import Params, Sample, around, covered_share, draw
from data_prep.polygons import Polygons, clip_ring
from sportstrack.types import BoolArray, FloatArray, Image, IntArray

PASTED = -1
_MOST = 3  # boxes that are covered or pasted at once
_TRIES = 10  # places tried for a pasted player
_ROUND = 4.0  # exponent of the pasted outline: between an ellipse (2) and a rectangle
_POINTS = 32  # of that outline as a polygon


def cutout(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Cover 20…60 % of up to three boxes from one side, in one colour each; the boxes keep their full size.

    DeVries & Taylor 2017 (arXiv:1708.04552) cut squares anywhere; here they hide players, as other players do.
    """
    image, mask = sample.image.copy(), np.zeros(sample.image.shape[:2], np.bool_)
    holes = []
    for row in rng.permutation(len(sample.xyxy))[:_MOST].tolist():
        share, side = draw(rng, 0.2, 0.6), int(rng.integers(4))
        x1, y1, x2, y2 = _hole(sample.xyxy[row], share, side)
        if x2 > x1 and y2 > y1:
            tone = rng.integers(0, 256, 3).astype(np.uint8)
            image[y1:y2, x1:x2] = tone
            mask[y1:y2, x1:x2] = True
            holes.append([x1, y1, x2, y2])
    return replace(sample, image=image).cover(mask), {"holes": holes}


def _hole(box: FloatArray, share: float, side: int) -> list[int]:
    """Left, top, right, bottom pixels of the part of a box that is hidden: from left, top, right or bottom."""
    hole = box.copy()
    width, height = (box[2:] - box[:2]) * share
    edge, value = ((2, box[0] + width), (3, box[1] + height), (0, box[2] - width), (1, box[3] - height))[side]
    hole[edge] = value
    return [int(v) for v in np.maximum(np.rint(hole), 0).tolist()]


def copy_paste(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Paste up to three players of this or a donor picture at about the height where they stood.

    After Ghiasi et al. 2021 (arXiv:2012.07177): along the player's polygon, or with a rounded outline where there is
    none. Only boxes that no other box overlaps are taken; what they cover becomes less visible.
    """
    pool = sample.donors or (sample,)
    pasted = []
    for _ in range(_MOST):
        donor = pool[int(rng.integers(len(pool)))]
        free = free_boxes(donor)
        if not len(free):
            continue
        row = int(free[int(rng.integers(len(free)))])
        box = donor.xyxy[row].round().astype(int)
        patch = donor.image[box[1] : box[3], box[0] : box[2]]
        placed = _place(sample, patch, int(box[3]) * sample.size[1] / donor.size[1], rng)
        if placed is not None:
            shape = _shape(donor, row, box[:2], patch, placed[0])
            sample, target = _paste(sample, placed[0], placed[1], int(donor.class_id[row]), shape)
            pasted.append({"to": target, "class": int(donor.class_id[row])})
    return sample, {"pasted": pasted}


def free_boxes(sample: Sample) -> IntArray:
    """Rows of boxes inside the picture, at least 4 x 8 pixels, that overlap no other by more than a tenth."""
    xyxy = sample.xyxy
    sides = xyxy[:, 2:] - xyxy[:, :2]
    low = np.maximum(xyxy[:, None, :2], xyxy[None, :, :2])
    high = np.minimum(xyxy[:, None, 2:], xyxy[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    np.fill_diagonal(shared, 0)
    inside = (xyxy[:, :2] >= 0).all(axis=1) & (xyxy[:, 2:] <= sample.size).all(axis=1)
    alone = shared.max(axis=1, initial=0) <= 0.1 * np.prod(sides, axis=1)
    return np.flatnonzero(inside & alone & (sides >= (4, 8)).all(axis=1) & (sample.visible > 0.99))


def _place(sample: Sample, patch: Image, foot: float, rng: np.random.Generator) -> tuple[Image, tuple[int, int]] | None:
    """Return the patch, scaled by 0.85…1.15, and its left top pixel; None where it would hide a player."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    factor = draw(rng, 0.85, 1.15)
    width, height = (max(2, round(side * factor)) for side in (patch.shape[1], patch.shape[0]))
    if width >= sample.size[0] or height >= sample.size[1]:
        return None
    scaled = np.asarray(cv2.resize(patch, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    for _ in range(_TRIES):
        left = int(rng.integers(0, sample.size[0] - width))
        bottom = foot + rng.normal(0, 0.03) * sample.size[1]
        top = int(np.clip(round(bottom) - height, 0, sample.size[1] - height))
        mask = np.zeros(sample.image.shape[:2], np.bool_)
        mask[top : top + height, left : left + width] = True
        if all(covered_share(mask, box) < 0.5 for box in sample.xyxy):
            return scaled, (left, top)
    return None


def _shape(donor: Sample, row: int, corner: IntArray, patch: Image, scaled: Image) -> list[FloatArray]:
    """Return the parts of a donor's polygon in the pixels of its scaled patch; none if it has no polygon."""
    if donor.polygons is None:
        return []
    scale = np.array(scaled.shape[1::-1]) / np.array(patch.shape[1::-1])
    height, width = scaled.shape[:2]
    return [piece for part in donor.polygons.of(row) for piece in clip_ring((part - corner) * scale, width, height)]


def _filled(shape: list[FloatArray], width: int, height: int) -> BoolArray:
    """(H, W) the pixels to paste: within a polygon, or within a rounded outline where there is none."""
    from sportstrack.images.opencv import require_cv2

    if not shape:
        y, x = np.mgrid[0:height, 0:width]
        far = np.abs((x + 0.5) / width * 2 - 1) ** _ROUND + np.abs((y + 0.5) / height * 2 - 1) ** _ROUND
        return np.asarray(far <= 1)
    mask = np.zeros((height, width), np.uint8)
    # OpenCV counts from the middle of the first pixel, here in sixteenths of pixels
    require_cv2().fillPoly(mask, [np.rint((part - 0.5) * 16).astype(np.int32) for part in shape], 1, shift=4)
    return mask.astype(np.bool_)


def _rounded(width: int, height: int) -> FloatArray:
    """(K, 2) the rounded outline as a polygon."""
    angle = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    wave = np.stack([np.cos(angle), np.sin(angle)], axis=1).round(12)
    return np.asarray((np.sign(wave) * np.abs(wave) ** (2 / _ROUND) + 1) / 2 * (width, height))


def _paste(
    sample: Sample, patch: Image, corner: tuple[int, int], kind: int, shape: list[FloatArray]
) -> tuple[Sample, list[int]]:
    height, width = patch.shape[:2]
    left, top = corner
    outline = _filled(shape, width, height)
    image, mask = sample.image.copy(), np.zeros(sample.image.shape[:2], np.bool_)
    image[top : top + height, left : left + width][outline] = patch[outline]
    mask[top : top + height, left : left + width] = outline
    covered = replace(sample, image=image).cover(mask)
    target = [left, top, left + width, top + height]
    polygons, xyxy = covered.polygons, np.vstack([covered.xyxy, np.array(target, np.float64)])
    if polygons is not None:
        new = [part + corner for part in shape or [_rounded(width, height)]]
        polygons = Polygons.join([polygons, Polygons.make([new])])
        xyxy = around(polygons, xyxy)
    return replace(
        covered,
        polygons=polygons,
        xyxy=xyxy,
        class_id=np.append(covered.class_id, kind),
        visible=np.append(covered.visible, 1.0),
        source=np.append(covered.source, PASTED),
    ), target
