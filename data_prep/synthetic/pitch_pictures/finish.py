"""What lens, sensor, director and encoder do to a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.pitch_pictures import textures
from sportstrack.types import Image


def paint_overlays(frame: Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw score bugs, banners, logos, black bars; returns (H, W), 255 where they hide the picture."""
    import cv2

    h, w = frame.shape[:2]
    hidden = np.zeros((h, w), np.uint8)

    def box(x: float, y: float, across: float, down: float, alpha: float, words: int) -> None:
        x0, y0, x1, y1 = (int(v) for v in (max(0, x), max(0, y), min(w, x + across), min(h, y + down)))
        if x1 <= x0 or y1 <= y0:
            return
        part = frame[y0:y1, x0:x1]
        ground = rng.uniform(0, 255, 3) * (0.3 if rng.random() < 0.5 else 1.0)
        part[:] = (part * (1 - alpha) + ground * alpha).astype(np.uint8)
        ink = np.full(3, 250.0) if ground.mean() < 130 else np.full(3, 20.0)
        for i in range(words):
            word = str(rng.choice(textures.WORDS))
            at = (x0 + 3 + int(i * across / max(words, 1)), y0 + int(down * 0.7))
            cv2.putText(
                frame, word, at, int(rng.choice(textures.FONTS)), max(0.2, down / 45), ink.tolist(), 1, cv2.LINE_AA
            )
        if alpha > 0.7:
            hidden[y0:y1, x0:x1] = 255

    if rng.random() < 0.55:
        box(
            w * rng.uniform(0.02, 0.08),
            h * rng.uniform(0.03, 0.1),
            w * rng.uniform(0.12, 0.35),
            h * rng.uniform(0.04, 0.08),
            rng.uniform(0.6, 1),
            3,
        )
    if rng.random() < 0.3:
        box(
            w * rng.uniform(0.6, 0.9),
            h * rng.uniform(0.02, 0.1),
            w * rng.uniform(0.08, 0.35),
            h * rng.uniform(0.03, 0.1),
            rng.uniform(0.5, 1),
            int(rng.integers(0, 2)),
        )
    if rng.random() < 0.15:
        box(
            w * rng.uniform(0, 0.3),
            h * rng.uniform(0.7, 0.9),
            w * rng.uniform(0.3, 1),
            h * rng.uniform(0.05, 0.2),
            rng.uniform(0.6, 1),
            3,
        )
    if rng.random() < 0.25:  # a watermark
        at = (int(w * rng.uniform(0, 0.8)), int(h * rng.uniform(0.05, 0.98)))
        cv2.putText(
            frame,
            str(rng.choice(textures.WORDS)),
            at,
            2,
            h / 400 * rng.uniform(0.6, 1.6),
            (235, 235, 235),
            1 + h // 250,
            cv2.LINE_AA,
        )
    if rng.random() < 0.05:
        bar = int(h * rng.uniform(0.03, 0.12))
        frame[:bar], frame[h - bar :], hidden[:bar], hidden[h - bar :] = 0, 0, 255, 255
    return hidden


def develop(frame: Image, rng: np.random.Generator, number: int = 0) -> Image:
    """Return the picture as a viewer gets it: colour, haze, night, blur, noise, compression.

    ``number`` counts the frames of a clip: with an equal ``rng`` each has the same noise, elsewhere.
    """
    import cv2

    h, w = frame.shape[:2]
    scale = w / 512
    image = frame.astype(np.float32)
    if rng.random() < 0.12:  # haze or glare
        image = image * 0.75 + rng.uniform(90, 230) * 0.25
    # whoever runs a camera sets it so that the pitch is neither black nor white
    bright = float(np.quantile(image[h // 2 :: 8, ::8], 0.6))
    image *= np.float32(np.exp(rng.uniform(np.log(45), np.log(150))) / max(bright, 15.0))
    image *= (1 + rng.normal(0, 0.06, 3)).astype(np.float32)
    if rng.random() < 0.3:  # darker towards the corners
        y, x = np.ogrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        image *= (1 - rng.uniform(0.05, 0.35) * (x * x + y * y) / 2).astype(np.float32)[..., None]
    if rng.random() < 0.5:
        grey = image.mean(2, keepdims=True)
        image = grey + (image - grey) * np.float32(rng.uniform(0.5, 1.35))
    gamma = float(np.exp(rng.normal(0, 0.22)))
    table = np.clip(255 * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
    out = cv2.LUT(np.clip(image, 0, 255).astype(np.uint8), table)
    choice = rng.random()
    if choice < 0.7:
        out = cv2.GaussianBlur(out, (0, 0), float(scale * np.exp(rng.uniform(np.log(0.3), np.log(1.1)))))
    if choice > 0.85:  # the camera moves
        length = max(2, int(scale * rng.uniform(2, 9)))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.normal(0, 25)), 1)
        kernel = cv2.warpAffine(kernel, turn, (length, length))
        out = cv2.filter2D(out, -1, kernel / max(float(kernel.sum()), 1e-6))
    if rng.random() < 0.35:  # sharpened, as broadcasters do
        out = cv2.addWeighted(out, 1.6, cv2.GaussianBlur(out, (0, 0), 1.2 * scale), -0.6, 0)
    if rng.random() < 0.7:
        top, left = int(rng.integers(0, max(1, 1200 - h))), int(rng.integers(0, max(1, 2100 - w)))
        top, left = (top + 263 * number) % max(1, 1200 - h), (left + 431 * number) % max(1, 2100 - w)
        noise = textures.grain(0)[top : top + h, left : left + w, None] * np.float32(rng.uniform(0.5, 7))
        out = np.clip(out + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        small = cv2.resize(out, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.7:
        coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])[1]
        out = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(out, dtype=np.uint8)
