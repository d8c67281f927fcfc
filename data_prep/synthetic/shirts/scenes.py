"""What is behind the players, and what a camera and a codec do to the picture."""

from __future__ import annotations

import numpy as np

from data_prep.synthetic.shirts.digits import Typefaces
from data_prep.synthetic.shirts.textures import blend, random_colour, smooth_noise
from sportstrack.types import Image

_SURFACES = (
    (60, 130, 70),
    (50, 110, 60),
    (80, 150, 90),
    (120, 170, 205),
    (90, 140, 190),
    (225, 225, 220),
    (150, 90, 60),
)


def background(rng: np.random.Generator, faces: Typefaces, size: tuple[int, int]) -> Image:
    """Return (rows, columns, 3) of a surface, with boards or a crowd above it in part of them."""
    import cv2

    rows, columns = size
    colour = np.array(_SURFACES[int(rng.integers(len(_SURFACES)))], np.float32) * float(rng.uniform(0.6, 1.2))
    hills = smooth_noise(rng, (rows // 4, columns // 4), int(rng.integers(3, 40)))
    field = np.clip(colour * (1 + 0.08 * hills)[..., None], 0, 255).astype(np.uint8)
    picture = cv2.resize(field, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.4:
        edge = int(rng.uniform(0.1, 0.75) * rows)
        if rng.random() < 0.5:
            crowd = rng.integers(0, 255, (edge // 9 + 1, columns // 7, 3)).astype(np.uint8)
            picture[:edge] = cv2.resize(crowd, (columns, edge), interpolation=cv2.INTER_LINEAR)
        else:
            _board(picture[max(0, edge - int(rng.integers(40, 120))) : edge], rng, faces)
    for _ in range(int(rng.integers(0, 3))):
        ends = rng.integers(0, (columns, rows), (2, 2)).tolist()
        cv2.line(picture, ends[0], ends[1], (230, 235, 230), int(rng.integers(3, 10)), cv2.LINE_AA)
    return np.asarray(picture)


def _board(part: Image, rng: np.random.Generator, faces: Typefaces) -> None:
    import cv2

    part[:] = random_colour(rng)
    text = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUW0123456789"), int(rng.integers(3, 9))))
    mask = faces.mask(text, rng, max(-1, faces.hand(rng)))
    tall = max(8, int(part.shape[0] * 0.7))
    wide = min(part.shape[1], int(tall * mask.shape[1] / mask.shape[0]))
    if part.shape[0] > tall + 2 and wide > 8:
        x = int(rng.integers(0, part.shape[1] - wide + 1))
        blend(
            part[2 : 2 + tall, x : x + wide],
            cv2.resize(mask, (wide, tall), interpolation=cv2.INTER_AREA),
            random_colour(rng),
        )


def worn(canvas: Image, box: tuple[int, int, int, int], scale: float, rng: np.random.Generator) -> tuple[Image, float]:
    """Cut a box out of a canvas as a broadcast shows it.

    Args:
        canvas: sharp picture.
        box: x1, y1, x2, y2 on it.
        scale: pixels of the result for one of the canvas.
        rng: light, blur, noise and compression.

    Returns:
        The picture, and its blur as a standard deviation in its pixels.
    """
    import cv2

    x1, y1, x2, y2 = box
    size = (max(8, round((x2 - x1) * scale)), max(16, round((y2 - y1) * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(_lit(canvas[y1:y2, x1:x2], rng), size, interpolation=how)
    blur = float(rng.exponential(0.5)) if rng.random() < 0.7 else 0.0
    blur += 0.006 * size[1] * float(rng.exponential(0.5)) if rng.random() < 0.4 else 0.0
    total = blur**2
    if blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    if rng.random() < 0.35:
        long = float(rng.exponential(0.016)) * size[1] + 1
        picture = _moved(picture, long, float(rng.uniform(0, np.pi)))
        total += (long / 3.5) ** 2
    if rng.random() < 0.3:  # the halo of a broadcast's sharpening
        soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
        picture = cv2.addWeighted(picture, 1.6, soft, -0.6, 0)
    if rng.random() < 0.7:
        noise = rng.normal(0, float(rng.uniform(1, 9)), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.85:
        quality = int(rng.uniform(22, 96))
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return picture, float(np.sqrt(total))


def _lit(picture: Image, rng: np.random.Generator) -> Image:
    """Return the picture in another light: gain, gamma, cast, the shadow of a stand, now and then no colour."""
    import cv2

    light = picture.astype(np.float32) / 255
    light = light ** float(rng.uniform(0.7, 1.5)) * float(rng.uniform(0.5, 1.2))
    light *= 1 + rng.normal(0, 0.05, 3).astype(np.float32)
    if rng.random() < 0.15:
        edge = np.add.outer(np.arange(picture.shape[0]) * float(rng.uniform(-1, 1)), np.arange(picture.shape[1]))
        light[edge < float(rng.uniform(edge.min(), edge.max()))] *= float(rng.uniform(0.4, 0.75))
    if rng.random() < 0.2:
        light = light * float(rng.uniform(0.5, 0.85)) + float(rng.uniform(0.02, 0.25))  # haze
    result = np.clip(light * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.06:
        result = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return result


def _moved(picture: Image, long: float, angle: float) -> Image:
    """Blur along a line, as movement does."""
    import cv2

    side = 2 * int(np.ceil(long / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * long / 2 * 16
    middle = side // 2 * 16
    one, two = (np.round(middle + sign * reach).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, one, two, 1.0, 1, cv2.LINE_AA, 4)
    if not kernel.sum():
        return picture
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))
