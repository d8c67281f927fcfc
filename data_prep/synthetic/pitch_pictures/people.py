"""Players, referees and those beside the pitch, as small figures over lines; and what stands in front of the lens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.pitch_pictures import textures
from data_prep.synthetic.pitch_pictures.paint import SUB, fixed
from data_prep.synthetic.pitch_pictures.views import PitchView
from sportstrack.types import Image

Array = NDArray[np.float64]


def paint_people(frame: Image, view: PitchView, rng: np.random.Generator, seconds: float = 0.0) -> None:
    """Draw two teams, officials, and people beside the lines, far ones first, with their shadows.

    ``seconds`` are those since the first frame of a clip: everyone on the pitch walks or runs straight on.
    """
    half = np.array([view.pitch.length, view.pitch.width]) / 2
    kits = rng.uniform(10, 245, (3, 2, 3))
    count = int(rng.integers(8, 26)) if rng.random() < 0.9 else 0
    middle = rng.uniform(-0.8, 0.8, 2) * half
    xy = np.clip(rng.normal(middle, half * 0.45, (count, 2)), -half - 1, half + 1)
    who = np.where(rng.random(count) < 0.48, 0, np.where(rng.random(count) < 0.9, 1, 2))
    xy = xy + seconds * rng.spawn(1)[0].normal(0, 2.0, xy.shape)
    beside = int(rng.integers(0, 14))
    line = np.column_stack([rng.uniform(-half[0], half[0], beside), half[1] + rng.uniform(0.5, 4, beside)])
    line[:, 1] *= rng.choice([-1, 1], beside, p=[0.3, 0.7])
    xy, who = np.concatenate([xy, line]), np.concatenate([who, np.full(beside, 2)])
    tall = rng.uniform(1.65, 1.95, len(xy))
    pixels = view.camera.project(np.concatenate([np.column_stack([xy, 0 * tall]), np.column_stack([xy, tall])]))
    feet, heads = pixels[: len(xy)], pixels[len(xy) :]
    sun = rng.uniform(-1.3, 1.3, 2)
    tips = view.camera.project(xy + sun * tall[:, None])
    shade = float(rng.uniform(0.35, 0.8)) if rng.random() < 0.6 else 1.0
    inside = np.isfinite(pixels).reshape(2, -1, 2).all((0, 2)) & np.isfinite(tips).all(1)
    inside &= (np.abs(feet - np.array(view.size) / 2) < np.array(view.size) * 0.65).all(1)
    for i in sorted(np.flatnonzero(inside), key=lambda i: feet[i, 1]):
        if shade < 1 and np.linalg.norm(tips[i] - feet[i]) < 500:
            _shadow(frame, feet[i], tips[i], shade)
        draw_person(frame, feet[i], heads[i], kits[who[i]], rng)


def _shadow(frame: Image, foot: Array, tip: Array, shade: float) -> None:
    import cv2

    low = np.floor(np.minimum(foot, tip)).astype(int) - 3
    high = np.ceil(np.maximum(foot, tip)).astype(int) + 4
    low, high = np.maximum(low, 0), np.minimum(high, frame.shape[1::-1])
    if (high - low < 1).any():
        return
    part = frame[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(part.shape[:2], np.uint8)
    thick = max(1, round(float(np.linalg.norm(tip - foot)) * 0.2))
    cv2.line(mask, fixed(foot - low).tolist(), fixed(tip - low).tolist(), 255, thick, cv2.LINE_AA, SUB)
    part[:] = (part * (1 - (1 - shade) * mask[..., None] / 255.0)).astype(np.uint8)


def draw_person(frame: Image, foot: Array, head: Array, kit: Array, rng: np.random.Generator) -> None:
    """Draw one figure: two legs, arms, trunk and head."""
    import cv2

    up = head - foot
    tall = float(np.linalg.norm(up))
    if tall < 3:
        return
    side = np.array([-up[1], up[0]]) / tall
    skin = (np.array([95, 125, 175]) * rng.uniform(0.35, 1.05)).tolist()
    shirt, shorts = (np.clip(colour * rng.uniform(0.8, 1.1), 0, 255).tolist() for colour in kit)

    def limb(a: Array, b: Array, width: float, colour: list[float]) -> None:
        cv2.line(frame, fixed(a).tolist(), fixed(b).tolist(), colour, max(1, round(width * tall)), cv2.LINE_AA, SUB)

    hip, neck = foot + 0.5 * up, foot + 0.82 * up
    for sign in (-1, 1):
        step = side * tall * rng.uniform(0, 0.2) * sign
        knee = foot + 0.27 * up + step * 0.8
        limb(foot + step + up * rng.uniform(0, 0.08), knee, 0.07, shorts if rng.random() < 0.3 else skin)
        limb(knee, hip, 0.09, shorts)
        limb(neck, hip + side * tall * sign * rng.uniform(0.1, 0.22), 0.06, shirt if rng.random() < 0.5 else skin)
    limb(hip, neck, 0.19, shirt)
    if rng.random() < 0.3 and tall > 14:
        limb(hip + 0.1 * up, neck - 0.05 * up, 0.06, rng.uniform(0, 255, 3).tolist())
    cv2.circle(
        frame, fixed(foot + 0.92 * up).tolist(), max(1, round(0.07 * tall * (1 << SUB))), skin, -1, cv2.LINE_AA, SUB
    )


def paint_foreground(frame: Image, view: PitchView, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw dugouts, roofs and heads at the lower edge; returns (H, W), 255 where they hide the ground."""
    import cv2

    h, w = frame.shape[:2]
    hidden = np.zeros((h, w), np.uint8)
    half = np.array([view.pitch.length, view.pitch.width]) / 2
    if rng.random() < 0.55:  # dugouts and cabins beside the near touchline
        near = half[1] + rng.uniform(2.5, 9)
        for _ in range(int(rng.integers(1, 6))):
            a = rng.uniform(-45, 40)
            b, deep, high = a + rng.uniform(3, 18), rng.uniform(1, 4), rng.uniform(1.2, 3)
            box = [(a, near, 0), (b, near, 0), (b, near, high), (a, near, high)]
            roof = [(a, near, high), (b, near, high), (b, near + deep, high), (a, near + deep, high)]
            for corners, colour in ((box, rng.uniform(10, 90, 3)), (roof, rng.uniform(10, 220, 3))):
                pixels = view.camera.project(np.array(corners, dtype=float))
                if np.isfinite(pixels).all():
                    cv2.fillConvexPoly(frame, fixed(pixels), colour.tolist(), cv2.LINE_AA, SUB)
                    cv2.fillConvexPoly(hidden, fixed(pixels), 255, cv2.LINE_8, SUB)
    if rng.random() < 0.3:  # a stand, a roof or a rail before the lens
        depth = h * rng.uniform(0.03, 0.28)
        edge = h - depth + np.array([rng.normal(0, 0.05), rng.normal(0, 0.05)]) * h
        polygon = fixed(np.array([(0, edge[0]), (w, edge[1]), (w, h), (0, h)], dtype=float))
        mask = np.zeros_like(hidden)
        cv2.fillConvexPoly(mask, polygon, 255, cv2.LINE_AA, SUB)
        texture = textures.crowd(rng, 120, 20, int(rng.integers(3, 8))) if rng.random() < 0.6 else None
        if texture is None:
            cv2.fillConvexPoly(frame, polygon, rng.uniform(5, 190, 3).tolist(), cv2.LINE_AA, SUB)
        else:
            cv2.copyTo(cv2.resize(texture, (w, h)), mask, frame)
        hidden = np.maximum(hidden, mask)
    for _ in range(int(rng.poisson(0.5))):  # heads and arms of people who stand up
        x, size = rng.uniform(0, w), h * rng.uniform(0.02, 0.09)
        cv2.circle(frame, (int(x), int(h - rng.uniform(0, 0.6) * size)), int(size), rng.uniform(5, 120, 3).tolist(), -1)
    return hidden
