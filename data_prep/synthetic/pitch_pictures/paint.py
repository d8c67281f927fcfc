"""Paint the ground, its lines, the goals and what stands around, through one camera."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.camera import SceneCamera
from data_prep.synthetic.pitch_pictures import textures
from data_prep.synthetic.pitch_pictures.stadium import REACH, SCALE, Arena, Stroke
from data_prep.synthetic.pitch_pictures.views import PitchView
from data_prep.synthetic.stadium import clip_near, paint_wall
from sportstrack.pitch import Camera
from sportstrack.types import Image

Array = NDArray[np.float64]
SUB = 4  # fractional bits of OpenCV's drawing coordinates
STEP = 2.0  # metres between the points that a line is drawn with


def scene_camera(camera: Camera, size: tuple[int, int]) -> SceneCamera:
    """Return the camera without its distortion as walls are painted with it."""
    up = np.diag([1.0, 1.0, -1.0])
    turn = camera.matrix @ camera.rotation @ up
    place = np.array(camera.centre)
    return SceneCamera(np.column_stack([turn, -turn @ place]), place, *size)


def paint_place(
    frame: Image, view: PitchView, place: Arena, light: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Fill a frame (H, W, 3) with stands, boards and the ground, without lines.

    ``light`` is the brightness of the ground seen from above, as large as the stadium's turf; returns that in the
    frame, (H, W).
    """
    import cv2

    scene = scene_camera(view.camera, view.size)
    frame[:] = np.array([1.05, 1.0, 0.95]) * rng.uniform(15, 230) if rng.random() < 0.8 else np.array([235, 190, 150])
    half, at = np.array([view.pitch.length, view.pitch.width]) / 2 + place.edge, scene.centre[:2]
    x0, y0 = np.where(at < -half, -REACH, -half)  # the ground ends at the boards that the lens is before
    x1, y1 = np.where(at > half, REACH, half)
    ground = np.array([(x0, y0, 0), (x1, y0, 0), (x1, y1, 0), (x0, y1, 0)])
    to_metres = np.array([[1 / SCALE, 0, -REACH[0]], [0, 1 / SCALE, -REACH[1]], [0, 0, 1.0]])
    homography = view.camera.homography @ to_metres
    lit = cv2.warpPerspective(light, homography, view.size, borderMode=cv2.BORDER_REPLICATE)
    polygon = clip_near(ground, scene)
    if len(polygon) >= 3:
        mask = np.zeros(frame.shape[:2], np.uint8)
        pixels, _ = scene.project(polygon)
        cv2.fillConvexPoly(mask, fixed(pixels), 255, cv2.LINE_8, SUB)
        turf = cv2.warpPerspective(
            place.turf, homography, view.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        cv2.copyTo(cv2.multiply(turf, cv2.merge([lit] * 3), dtype=cv2.CV_8U), mask, frame)
    for wall in place.walls:
        if scene.centre[:2] @ -wall.inward < wall.offset:
            paint_wall(frame, scene, wall, wall.corners())
    return np.asarray(lit)


def fixed(pixels: Array) -> NDArray[np.int32]:
    """Return pixels in OpenCV's drawing coordinates, whole numbers of sixteenths."""
    return np.asarray(np.clip(pixels * (1 << SUB), -(2**29), 2**29).round(), dtype=np.int32)


def model_strokes(view: PitchView, place: Arena, rng: np.random.Generator) -> list[Stroke]:
    """Return the model's lines, arcs and spots as they are painted."""
    fresh = 1.0 - 0.75 * place.wear
    found = []
    for part in view.pitch.parts:
        strength = float(np.clip(fresh * rng.uniform(0.75, 1.1), 0.12, 1))
        found.append(Stroke(part.points(STEP), place.line_width, place.paint, strength))
    angles = np.linspace(0, 2 * np.pi, 8)
    for x, y, *_ in view.pitch.spots.values():
        ring = np.array([x, y]) + 0.08 * np.column_stack([np.cos(angles), np.sin(angles)])
        found.append(Stroke(ring, 0.14, place.paint, fresh))
    return found


def paint_strokes(
    frame: Image, view: PitchView, strokes: list[Stroke], light: NDArray[np.float32], wear: float, index: int
) -> None:
    """Blend painted lines into a frame, as thin as they are seen: less than a pixel is a part of a pixel's colour.

    ``light`` is (H, W), the brightness of the ground in the frame; ``index`` that of the noise that wears them off.
    """
    import cv2

    edges = _edges(view, strokes)
    for colour in dict.fromkeys(stroke.colour for stroke in strokes):
        cover = np.zeros(frame.shape[:2], np.uint8)
        for stroke, edge in zip(strokes, edges, strict=True):
            if stroke.colour == colour and edge is not None:
                _draw_stroke(cover, *edge, stroke.strength)
        where = cover > 0
        if not where.any():
            continue
        part = cover[where].astype(np.float32) / 255
        if wear > 0.05:  # gone in places
            noise = cv2.warpPerspective(
                textures.noise(index % 16), _spread(view), view.size, borderMode=cv2.BORDER_WRAP
            )
            part *= np.clip(1.15 - wear * (0.6 + noise[where]), 0, 1)
        paint = np.clip(np.array(colour, np.float32) * light[where][:, None], 0, 255)
        frame[where] = (frame[where] * (1 - part[:, None]) + paint * part[:, None]).astype(np.uint8)


def _spread(view: PitchView) -> Array:
    """Return the map from pixels of the noise, five a metre, to the frame."""
    return np.asarray(view.camera.homography @ np.array([[0.2, 0, -80], [0, 0.2, -60], [0, 0, 1.0]]))


def _edges(view: PitchView, strokes: list[Stroke]) -> list[tuple[Array, Array, NDArray[np.bool_]] | None]:
    """Return the two edges of each stroke in pixels, (N, 2) each, and which points are near the picture."""
    borders = []
    for stroke in strokes:
        along = np.empty_like(stroke.points)
        along[1:-1] = stroke.points[2:] - stroke.points[:-2]
        along[[0, -1]] = stroke.points[[1, -1]] - stroke.points[[0, -2]]
        across = along[:, ::-1] * (-1.0, 1.0)
        across *= stroke.width / 2 / np.maximum(np.sqrt((across**2).sum(1, keepdims=True)), 1e-9)
        borders += [stroke.points + across, stroke.points - across]
    pixels = view.camera.project(np.concatenate(borders))
    size = np.array(view.size)
    found: list[tuple[Array, Array, NDArray[np.bool_]] | None] = []
    at = 0
    for stroke in strokes:
        n = len(stroke.points)
        left, right = pixels[at : at + n], pixels[at + n : at + 2 * n]
        at += 2 * n
        inside = (np.abs(left + right - size) < 1.8 * size).all(1)
        finite = np.isfinite(left + right).all(1)
        near = inside.copy()
        near[1:] |= inside[:-1]
        near[:-1] |= inside[1:]
        found.append((left, right, near & finite) if inside.any() else None)
    return found


def _draw_stroke(cover: Image, left: Array, right: Array, near: NDArray[np.bool_], strength: float) -> None:
    """Draw the runs of a stroke that are near the picture; what is thinner than a pixel is one wide and fainter."""
    import cv2

    width = np.sqrt(((left - right) ** 2).sum(1))
    kind = np.where(near, np.where(width < 1.5, 1, 2), 0)
    faint = np.where(kind == 1, np.maximum(np.round(width * 6) / 6, 0.1), 1.0)
    breaks = np.flatnonzero((np.diff(kind) != 0) | (np.diff(faint) != 0)) + 1
    bounds = [0, *breaks.tolist(), len(kind)]
    for a, b in pairwise(bounds):
        if kind[a] == 0:
            continue
        b = min(b + 1, len(kind)) if b < len(kind) and near[b] else b  # up to the next run
        full = 255 * strength * min(1.0, float(faint[a]))
        if kind[a] == 1:
            cv2.polylines(cover, [fixed((left[a:b] + right[a:b]) / 2)], False, full, 1, cv2.LINE_AA, SUB)
        else:
            outline = np.concatenate([left[a:b], right[a:b][::-1]])
            cv2.fillPoly(cover, [fixed(outline)], full, cv2.LINE_AA, SUB)


def paint_goals(frame: Image, view: PitchView, rng: np.random.Generator) -> None:
    """Draw posts, crossbars and nets."""
    import cv2

    half = view.pitch.length / 2
    white = (np.array([235.0, 238, 238]) * rng.uniform(0.75, 1.05)).tolist()
    deep = rng.uniform(1.2, 2.4)
    for side in (-1, 1):
        x = side * half
        front = [(x, -3.66, 0.0), (x, -3.66, 2.44), (x, 3.66, 2.44), (x, 3.66, 0.0)]
        behind = x + side * deep
        back = [(behind, -3.66, 0.0), (behind, -3.66, 1.8), (behind, 3.66, 1.8), (behind, 3.66, 0.0)]
        pixels = view.camera.project(np.array(front + back))
        if not np.isfinite(pixels).all() or (np.abs(pixels) > 4 * max(view.size)).any():
            continue
        net = frame.copy()
        lines = [
            (f + (b - f) * t, g + (c - g) * t)
            for t in np.linspace(0, 1, 5)
            for (f, g, b, c) in [(pixels[1], pixels[2], pixels[5], pixels[6])]
        ]
        lines += [
            (pixels[5] + (pixels[6] - pixels[5]) * t, pixels[4] + (pixels[7] - pixels[4]) * t)
            for t in np.linspace(0, 1, 14)
        ]
        lines += [
            (pixels[5] + (pixels[4] - pixels[5]) * t, pixels[6] + (pixels[7] - pixels[6]) * t)
            for t in np.linspace(0, 1, 6)
        ]
        for a, b in lines:
            cv2.line(net, fixed(a).tolist(), fixed(b).tolist(), white, 1, cv2.LINE_AA, SUB)
        frame[:] = cv2.addWeighted(frame, 0.65, net, 0.35, 0)
        metre = view.camera.focal / max(float(np.linalg.norm(np.array([x, 0, 0]) - view.camera.centre)), 1.0)
        thick = max(1, round(0.12 * metre))
        cv2.polylines(frame, [fixed(pixels[:4])], False, white, thick, cv2.LINE_AA, SUB)


def light_on_ground(rng: np.random.Generator, place: Arena) -> NDArray[np.float32]:
    """Return the brightness of the ground seen from above: shadows of roofs, floodlights, clouds."""
    import cv2

    h, w = place.turf.shape[:2]
    light = np.ones((h, w), np.float32)
    half = np.array([place.pitch.length, place.pitch.width]) / 2
    if rng.random() < 0.42:  # the shadow of a stand: everything beyond an edge, with teeth or holes
        angle = float(rng.choice([0, np.pi / 2, np.pi, -np.pi / 2])) + rng.normal(0, 0.25)
        normal = np.array([np.cos(angle), np.sin(angle)])
        at = rng.uniform(-0.7, 0.9) * float(half @ np.abs(normal))
        t = np.linspace(-130, 130, 12)
        rough = np.repeat(rng.normal(0, rng.choice([0.0, 0.0, 3.0]), 12), 1)
        inner = normal * (at + rough[:, None]) + np.outer(t, [-normal[1], normal[0]])
        outer = normal * 200 + np.outer(t[::-1], [-normal[1], normal[0]])
        polygon = (np.concatenate([inner, outer]) + REACH) * SCALE
        dark = float(rng.uniform(0.25, 0.8))
        cv2.fillPoly(light, [fixed(polygon)], dark, cv2.LINE_AA, SUB)
        if rng.random() < 0.25:
            light = np.float32(1 + dark) - light
        light *= np.float32(rng.uniform(1.0, 1.0 / (0.45 + dark / 2)))  # exposed for the shadow or for the sun
        light = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.5, 3)))
    if rng.random() < 0.3:
        light *= 1 + np.float32(rng.uniform(0.03, 0.2)) * cv2.resize(textures.noise(int(rng.integers(16))), (w, h))
    return np.asarray(np.clip(light, 0.1, 2.2), dtype=np.float32)
