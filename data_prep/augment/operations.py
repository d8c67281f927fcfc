"""What can be done to a picture and its boxes; each operation draws its parameters and returns them.

Geometry, light, colour and blur are torchvision's (transforms.v2, BSD-3). Its noise draws from a global state and its
JPEG needs a newer version; motion blur, hidden and pasted players it has none: those are written here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from data_prep.augment.players import copy_paste, cutout
from data_prep.augment.sample import Params, Sample, draw
from data_prep.augment.weather import fog, infrared, low_light, rain
from sportstrack.types import Image

_FILL = 114  # grey of what lies beyond a rotated picture; Ultralytics pads with it
_REFERENCE = 720.0  # picture height that blurs are given for


Operation: TypeAlias = Callable[[Sample, np.random.Generator], tuple[Sample, Params]]


# --- geometry --------------------------------------------------------------------------------------------------------


def flip(sample: Sample, _: np.random.Generator) -> tuple[Sample, Params]:
    """Mirror left and right."""
    from torchvision.transforms.v2 import functional

    width = sample.size[0]
    flipped = _with_torch(sample, functional.horizontal_flip)
    return flipped.with_points(lambda points: points * (-1, 1) + (width, 0)), {}


def rotate(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Turn by up to 8 degrees about the middle; a box becomes the upright one around the turned one."""
    from torchvision.transforms.v2 import InterpolationMode, functional

    angle = draw(rng, 2, 8) * (1 if rng.random() < 0.5 else -1)
    width, height = sample.size
    margin = float(width + height)  # torchvision cuts boxes off at the canvas: a wider one shows how much was lost

    def turn(thing: Any) -> Any:
        if thing.shape[-1] == 4 and thing.ndim == 2:
            return functional.rotate(thing, angle, center=[width / 2 + margin, height / 2 + margin])
        return functional.rotate(thing, angle, interpolation=InterpolationMode.BILINEAR, fill=[float(_FILL)] * 3)

    middle = np.array([width, height]) / 2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cosine, sine], [-sine, cosine]])  # against the clock, y running down
    turned = _with_torch(sample, turn, margin)
    return turned.with_points(lambda points: (points - middle) @ matrix.T + middle), {"degrees": angle}


def resize(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Scale the whole picture down to 40…90 %: players of a camera further away, in fewer pixels."""
    from torchvision.transforms.v2 import functional

    factor = draw(rng, 0.4, 0.9)
    width, height = (max(1, round(side * factor)) for side in sample.size)
    scale = np.array([width, height]) / sample.size
    done = _with_torch(sample, lambda thing: functional.resize(thing, [height, width], antialias=True))
    return done.with_points(lambda points: points * scale), {"width": width, "height": height}


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

    saturation, hue = _factor(rng, 0.1, 0.6), draw(rng, -0.06, 0.06)
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

    sigma = round(draw(rng, 0.8, 3.0) * _scale(sample), 4)
    kernel = 2 * int(np.ceil(3 * sigma)) + 1
    limit = 2 * min(sample.size) - 1  # the border is mirrored, so the kernel must not reach beyond it
    kernel = max(1, min(kernel, limit if limit % 2 else limit - 1))
    done = _picture_only(sample, lambda image: functional.gaussian_blur(image, [kernel, kernel], [sigma, sigma]))
    return done, {"sigma": sigma}


def motion_blur(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Smear along a line of 5…17 pixels (in a picture of 720 rows): a camera that pans; centred, so boxes stay."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    length, angle = round(draw(rng, 5, 17) * _scale(sample), 4), draw(rng, 0, 180)
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
    sigma = draw(rng, 5, 20)
    grain = rng.standard_normal(sample.image.shape, np.float32) * np.float32(sigma)
    return replace(sample, image=(sample.image + grain).round().clip(0, 255).astype(np.uint8)), {"sigma": sigma}


def jpeg(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Encode and decode as a JPEG of quality 12…50: a thin stream."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    quality = int(rng.integers(12, 51))
    _, data = cv2.imencode(".jpg", sample.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return replace(sample, image=np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)), {"quality": quality}


# --- drawing parameters ----------------------------------------------------------------------------------------------


def _factor(rng: np.random.Generator, least: float, most: float) -> float:
    """1 ± (least…most): a change that is seen."""
    return round(1 + draw(rng, least, most) * (1 if rng.random() < 0.5 else -1), 4)


def _scale(sample: Sample) -> float:
    """Blurs grow with the picture, but a small one must show them too."""
    return max(0.5, sample.size[1] / _REFERENCE)


OPERATIONS: dict[str, Operation] = {
    "copy_paste": copy_paste,
    "cutout": cutout,
    "flip": flip,
    "rotate": rotate,
    "resize": resize,
    "rain": rain,
    "fog": fog,
    "brightness": brightness,
    "contrast": contrast,
    "colour": colour,
    "blur": blur,
    "motion_blur": motion_blur,
    "low_light": low_light,
    "infrared": infrared,
    "noise": noise,
    "jpeg": jpeg,
}
"""Name → function, in the order in which several of them are applied: the scene, the camera, the codec."""

NIGHT = ("rain", "fog", "motion_blur", "low_light", "infrared", "noise")
"""The operations that make night, heat and bad weather of a day's picture."""
