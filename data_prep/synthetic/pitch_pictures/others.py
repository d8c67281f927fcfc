"""Pictures without a football pitch that a camera could be told from: close-ups, crowds, studios, other sports."""

from __future__ import annotations

import numpy as np

from data_prep.synthetic.pitch_pictures import textures
from data_prep.synthetic.pitch_pictures.paint import SUB, fixed
from data_prep.synthetic.pitch_pictures.people import draw_person
from sportstrack.pitch import Camera, load_pitch
from sportstrack.types import Image

OTHERS = ("basketball_fiba", "basketball_nba", "handball", "volleyball", "ice_hockey_nhl", "futsal")


def other_picture(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    """Return a picture (H, W, 3), BGR, that no camera can be told from."""
    kind = str(rng.choice(["close", "crowd", "grass", "sport", "studio"], p=[0.4, 0.15, 0.15, 0.2, 0.1]))
    painter = {"close": _close_up, "crowd": _crowd, "grass": _grass, "sport": _sport, "studio": _studio}[kind]
    return painter(rng, size)


def _crowd(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    import cv2

    picture = textures.crowd(rng, int(rng.integers(30, 160)), int(rng.integers(12, 60)), int(rng.integers(4, 12)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _grass(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    import cv2

    w, h = size
    green = np.array([rng.uniform(25, 85), rng.uniform(85, 165), rng.uniform(35, 120)])
    noise = cv2.resize(textures.noise(int(rng.integers(16))), size) * rng.uniform(0.02, 0.12)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    stripe = np.sign(np.sin((x * np.cos(angle) + y * np.sin(angle)) / rng.uniform(20, 160))) * rng.uniform(0, 0.1)
    picture = np.asarray(np.clip(green * (1 + noise + stripe)[..., None], 0, 255), dtype=np.uint8)
    for _ in range(int(rng.integers(0, 3))):  # at most two lines: no camera can be told
        a, b = rng.uniform(-0.2, 1.2, (2, 2)) * size
        colour = rng.uniform(200, 255, 3).tolist()
        cv2.line(picture, fixed(a).tolist(), fixed(b).tolist(), colour, int(rng.integers(1, 14)), cv2.LINE_AA, SUB)
    return picture


def _close_up(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    import cv2

    w, h = size
    picture = _grass(rng, size) if rng.random() < 0.55 else _crowd(rng, size)
    if rng.random() < 0.4:
        y, high = int(h * rng.uniform(0.1, 0.6)), int(h * rng.uniform(0.03, 0.15))
        picture[:y] = _crowd(rng, size)[:y]
        picture[y : y + high] = cv2.resize(textures.boards(rng, w, 24), (w, high))
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(1, 9) * w / 512))
    for _ in range(int(rng.integers(1, 5))):
        tall = h * rng.uniform(0.5, 1.8)
        foot = np.array([rng.uniform(0.05, 0.95) * w, rng.uniform(0.8, 1.2) * h + (tall - h) * rng.uniform(0, 0.9)])
        head = foot - (rng.normal(0, 0.12) * tall, tall)
        draw_person(picture, foot, head, rng.uniform(10, 245, (2, 3)), rng)
    return np.asarray(picture)


def _studio(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    import cv2

    picture = np.empty((size[1], size[0], 3), np.uint8)
    picture[:] = rng.uniform(0, 255, 3)
    for _ in range(int(rng.integers(3, 18))):
        a, b = (rng.uniform(-0.1, 1.1, (2, 2)) * size).astype(int)
        cv2.rectangle(picture, a.tolist(), b.tolist(), rng.uniform(0, 255, 3).tolist(), int(rng.choice([-1, -1, 2])))
        word = str(rng.choice(textures.WORDS))
        cv2.putText(picture, word, a.tolist(), 2, rng.uniform(0.4, 2), rng.uniform(0, 255, 3).tolist(), 2, cv2.LINE_AA)
    return picture


def _sport(rng: np.random.Generator, size: tuple[int, int]) -> Image:
    """A court or a rink from the side, with the lines that it has."""
    import cv2

    pitch = load_pitch(str(rng.choice(OTHERS)))
    length, width = pitch.length / 2, pitch.width / 2
    place = np.array([rng.normal(0, 3), width + rng.uniform(4, 22), rng.uniform(3, 14)])
    aim = np.array([rng.uniform(-0.8, 0.8) * length, rng.uniform(-0.5, 0.5) * width])
    ahead = aim - place[:2]
    distance = float(np.hypot(*ahead))
    focal = size[0] * float(np.clip(distance / rng.uniform(0.6, 1.6) / length, 0.5, 4))
    pan, tilt = np.degrees(np.arctan2(ahead[0], -ahead[1])), np.degrees(np.arctan2(place[2], distance))
    x, y, z = (float(v) for v in place)
    camera = Camera((x, y, z), float(pan), float(tilt), 0.0, focal, (size[0] / 2, size[1] / 2))
    picture = _crowd(rng, size)
    floor = rng.uniform(30, 240, 3)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (length + 3, width + 3)
    shape = camera.project(corners)
    if np.isfinite(shape).all():
        cv2.fillConvexPoly(picture, fixed(shape), floor.tolist(), cv2.LINE_AA, SUB)
    paint = rng.uniform(200, 255, 3) if rng.random() < 0.6 else rng.uniform(0, 255, 3)
    for part in pitch.parts:
        pixels = camera.project(part.points(1.0))
        pixels = pixels[np.isfinite(pixels).all(1)]
        cv2.polylines(picture, [fixed(pixels)], False, paint.tolist(), int(rng.integers(1, 3)), cv2.LINE_AA, SUB)
    for _ in range(int(rng.integers(2, 12))):
        xy = rng.uniform(-1, 1, 2) * (length, width)
        foot, head = camera.project([(*xy, 0.0), (*xy, 1.9)])
        if np.isfinite([foot, head]).all():
            draw_person(picture, foot, head, rng.uniform(10, 245, (2, 3)), rng)
    return picture
