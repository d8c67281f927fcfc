"""What can be done to a picture and its boxes; each operation draws its parameters and tells them.

Geometry, light, colour and blur are torchvision's (transforms.v2, BSD-3). Its noise draws from a global state and its
JPEG needs a newer version; motion blur, hidden and pasted players it has none: those are written here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data_prep.table import BoolArray, FloatArray, IntArray

Image: TypeAlias = NDArray[np.uint8]
Params: TypeAlias = dict[str, Any]
PASTED = -1
_FILL = 114  # grey of what lies beyond a rotated picture; Ultralytics pads with it
_REFERENCE = 720.0  # picture height that blurs are given for
_MOST = 3  # boxes that are covered or pasted at once
_TRIES = 10  # places tried for a pasted player
_ROUND = 4.0  # exponent of the pasted outline: between an ellipse (2) and a rectangle


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture and its boxes.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        xyxy: (N, 4) float64 corners in continuous pixels; may lie beyond the picture between two operations.
        class_id: (N,) int64.
        visible: (N,) float64 share of each box that is still in the picture and uncovered.
        source: (N,) int64 row of each box in what was given; −1: pasted.
        donors: pictures to take players from; none: the picture itself.
    """

    image: Image
    xyxy: FloatArray
    class_id: IntArray
    visible: FloatArray
    source: IntArray
    donors: tuple[Sample, ...] = ()

    @classmethod
    def make(cls, image: Image, xyxy: Any, class_id: Any, donors: tuple[Sample, ...] = ()) -> Sample:
        """Return a sample whose boxes are wholly visible."""
        boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
        count = len(boxes)
        kinds = np.asarray(class_id, np.int64).reshape(count)
        return cls(image, boxes.copy(), kinds, np.ones(count), np.arange(count), donors)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def keep(self, rows: BoolArray) -> Sample:
        """Return the sample with some of its boxes."""
        return replace(
            self,
            xyxy=self.xyxy[rows],
            class_id=self.class_id[rows],
            visible=self.visible[rows],
            source=self.source[rows],
        )

    def cover(self, mask: BoolArray) -> Sample:
        """Return the sample whose boxes have become less visible under an (H, W) mask of covered pixels."""
        left = [1.0 - covered_share(mask, box) for box in self.xyxy]
        return replace(self, visible=self.visible * np.array(left))


Operation: TypeAlias = Callable[[Sample, np.random.Generator], tuple[Sample, Params]]


def covered_share(mask: BoolArray, box: FloatArray) -> float:
    """Share of a box's pixels that are set in an (H, W) mask."""
    x1, y1 = np.floor(np.maximum(box[:2], 0)).astype(int).tolist()
    x2, y2 = np.ceil(np.maximum(box[2:], 0)).astype(int).tolist()
    part = mask[y1:y2, x1:x2]
    return float(part.mean()) if part.size else 0.0


# --- geometry --------------------------------------------------------------------------------------------------------


def flip(sample: Sample, _: np.random.Generator) -> tuple[Sample, Params]:
    """Mirror left and right."""
    from torchvision.transforms.v2 import functional

    return _with_torch(sample, functional.horizontal_flip), {}


def rotate(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Turn by up to 8 degrees about the middle; a box becomes the upright one around the turned one."""
    from torchvision.transforms.v2 import InterpolationMode, functional

    angle = _draw(rng, 2, 8) * (1 if rng.random() < 0.5 else -1)
    width, height = sample.size
    margin = float(width + height)  # torchvision cuts boxes off at the canvas: a wider one shows how much was lost

    def turn(thing: Any) -> Any:
        if thing.shape[-1] == 4 and thing.ndim == 2:
            return functional.rotate(thing, angle, center=[width / 2 + margin, height / 2 + margin])
        return functional.rotate(thing, angle, interpolation=InterpolationMode.BILINEAR, fill=[float(_FILL)] * 3)

    return _with_torch(sample, turn, margin), {"degrees": angle}


def resize(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Scale the whole picture down to 40…90 %: players of a camera further away, in fewer pixels."""
    from torchvision.transforms.v2 import functional

    factor = _draw(rng, 0.4, 0.9)
    width, height = (max(1, round(side * factor)) for side in sample.size)
    return _with_torch(sample, lambda thing: functional.resize(thing, [height, width], antialias=True)), {
        "width": width, "height": height,
    }  # fmt: skip


def _with_torch(sample: Sample, change: Callable[[Any], Any], margin: float = 0.0) -> Sample:
    """Apply a torchvision function to picture and boxes; boxes lie on a canvas that is wider by ``margin`` around."""
    import torch
    from torchvision import tv_tensors

    image = _to_picture(change(_to_tensor(sample.image)))
    if not len(sample.xyxy):
        return replace(sample, image=image)
    width, height = sample.size
    canvas = (height + 2 * int(margin), width + 2 * int(margin))
    boxes = tv_tensors.BoundingBoxes(torch.from_numpy(sample.xyxy + margin), format="XYXY", canvas_size=canvas)
    return replace(sample, image=image, xyxy=change(boxes).numpy().astype(np.float64) - margin)


# --- light and colour ------------------------------------------------------------------------------------------------


def brightness(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Multiply the light by 0.5…1.5, but not by about 1."""
    from torchvision.transforms.v2 import functional

    factor = _factor(rng, 0.15, 0.5)
    return _picture_only(sample, lambda image: functional.adjust_brightness(image, factor)), {"factor": factor}


def contrast(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Spread or squeeze the grey values by 0.5…1.5 about their mean, but not by about 1."""
    from torchvision.transforms.v2 import functional

    factor = _factor(rng, 0.15, 0.5)
    return _picture_only(sample, lambda image: functional.adjust_contrast(image, factor)), {"factor": factor}


def colour(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Change saturation by 0.4…1.6 and turn the hue by up to ±0.06 of the circle: other shirts, other lamps."""
    from torchvision.transforms.v2 import functional

    saturation, hue = _factor(rng, 0.1, 0.6), _draw(rng, -0.06, 0.06)
    done = _picture_only(
        sample, lambda image: functional.adjust_hue(functional.adjust_saturation(image, saturation), hue)
    )
    return done, {"saturation": saturation, "hue": hue}


def _picture_only(sample: Sample, change: Callable[[Any], Any]) -> Sample:
    return replace(sample, image=_to_picture(change(_to_tensor(sample.image))))


def _to_tensor(image: Image) -> Any:
    import torch
    from torchvision import tv_tensors

    return tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))))


def _to_picture(tensor: Any) -> Image:
    return np.ascontiguousarray(tensor.numpy().transpose(1, 2, 0)[..., ::-1])


# --- what a camera and a codec do ------------------------------------------------------------------------------------


def blur(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Blur with a Gaussian of 0.8…3 pixels (in a picture of 720 rows): out of focus."""
    from torchvision.transforms.v2 import functional

    sigma = round(_draw(rng, 0.8, 3.0) * _scale(sample), 4)
    kernel = 2 * int(np.ceil(3 * sigma)) + 1
    limit = 2 * min(sample.size) - 1  # the border is mirrored, so the kernel must not reach beyond it
    kernel = max(1, min(kernel, limit if limit % 2 else limit - 1))
    done = _picture_only(sample, lambda image: functional.gaussian_blur(image, [kernel, kernel], [sigma, sigma]))
    return done, {"sigma": sigma}


def motion_blur(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Smear along a line of 5…17 pixels (in a picture of 720 rows): a camera that pans; centred, so boxes stay."""
    from sportstrack.opencv import require_cv2

    cv2 = require_cv2()
    length, angle = round(_draw(rng, 5, 17) * _scale(sample), 4), _draw(rng, 0, 180)
    reach = max(1, round(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    step = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * reach
    # Many points along the line instead of a drawn one: the same weight per length at any angle.
    points = np.linspace(-1, 1, 16 * reach + 1)[:, None] * step + reach
    np.add.at(kernel, tuple(points.round().astype(int)[:, ::-1].T), 1.0)
    image = cv2.filter2D(sample.image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    return replace(sample, image=np.asarray(image, np.uint8)), {"length": length, "degrees": angle}


def noise(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Add Gaussian noise of 5…20 grey values to each channel: a dim stadium."""
    sigma = _draw(rng, 5, 20)
    grain = rng.standard_normal(sample.image.shape, np.float32) * np.float32(sigma)
    return replace(sample, image=(sample.image + grain).round().clip(0, 255).astype(np.uint8)), {"sigma": sigma}


def jpeg(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Encode and decode as a JPEG of quality 12…50: a thin stream."""
    from sportstrack.opencv import require_cv2

    cv2 = require_cv2()
    quality = int(rng.integers(12, 51))
    _, data = cv2.imencode(".jpg", sample.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return replace(sample, image=np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)), {"quality": quality}


# --- players in front of players -------------------------------------------------------------------------------------


def cutout(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Cover 20…60 % of up to three boxes from one side, in one colour each; the boxes keep their full size.

    DeVries & Taylor 2017 (arXiv:1708.04552) cut squares anywhere; here they hide players, as other players do.
    """
    image, mask = sample.image.copy(), np.zeros(sample.image.shape[:2], np.bool_)
    holes = []
    for row in rng.permutation(len(sample.xyxy))[:_MOST].tolist():
        share, side = _draw(rng, 0.2, 0.6), int(rng.integers(4))
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

    After Ghiasi et al. 2021 (arXiv:2012.07177), with a rounded outline in the place of masks. Only boxes that nobody
    overlaps are taken; what they cover becomes less visible.
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
            sample, target = _paste(sample, placed[0], placed[1], int(donor.class_id[row]))
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
    """Return the patch, scaled by 0.85…1.15, and its left top pixel; None where it would hide somebody."""
    from sportstrack.opencv import require_cv2

    cv2 = require_cv2()
    factor = _draw(rng, 0.85, 1.15)
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


def _paste(sample: Sample, patch: Image, corner: tuple[int, int], kind: int) -> tuple[Sample, list[int]]:
    height, width = patch.shape[:2]
    left, top = corner
    y, x = np.mgrid[0:height, 0:width]
    outline = (np.abs((x + 0.5) / width * 2 - 1) ** _ROUND + np.abs((y + 0.5) / height * 2 - 1) ** _ROUND) <= 1
    image, mask = sample.image.copy(), np.zeros(sample.image.shape[:2], np.bool_)
    image[top : top + height, left : left + width][outline] = patch[outline]
    mask[top : top + height, left : left + width] = outline
    covered = replace(sample, image=image).cover(mask)
    target = [left, top, left + width, top + height]
    return replace(
        covered,
        xyxy=np.vstack([covered.xyxy, np.array(target, np.float64)]),
        class_id=np.append(covered.class_id, kind),
        visible=np.append(covered.visible, 1.0),
        source=np.append(covered.source, PASTED),
    ), target


# --- drawing parameters ----------------------------------------------------------------------------------------------


def _draw(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw evenly; rounded, so that what is written down is what was done."""
    return round(float(rng.uniform(low, high)), 4)


def _factor(rng: np.random.Generator, least: float, most: float) -> float:
    """1 ± (least…most): a change that is seen."""
    return round(1 + _draw(rng, least, most) * (1 if rng.random() < 0.5 else -1), 4)


def _scale(sample: Sample) -> float:
    """Blurs grow with the picture, but a small one must show them too."""
    return max(0.5, sample.size[1] / _REFERENCE)


OPERATIONS: dict[str, Operation] = {
    "copy_paste": copy_paste,
    "cutout": cutout,
    "flip": flip,
    "rotate": rotate,
    "resize": resize,
    "brightness": brightness,
    "contrast": contrast,
    "colour": colour,
    "blur": blur,
    "motion_blur": motion_blur,
    "noise": noise,
    "jpeg": jpeg,
}
"""Name → function, in the order in which several of them are applied: the scene, the camera, the codec."""
