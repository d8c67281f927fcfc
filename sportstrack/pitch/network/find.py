"""The camera of one frame from the network's maps, or the reason why none is believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.model import Pitch
from sportstrack.pitch.network.fit import Facts, Solution, ground_of, shapes_of, solve, to_camera, to_vector
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps, Points, line_points, placed_cells

IS_PITCH = 0.5
"""Probability below which a frame shows no pitch."""
LEAST_POINTS = 25
LEAST_LINES = 3
LEAST_FIT = 0.7
"""Part of the points on lines that must fit."""
LEAST_SEEN = 0.5
"""Part of the lines in view, as the camera puts them there, that the network must see too."""
WORST_ERROR = 1.0
"""Metres that the ground in view may be uncertain, at the median."""
HEIGHTS = (2.0, 90.0)
FOCALS = (0.35, 14.0)
"""Focal lengths in widths of the picture."""
WORST_ROLL = 8.0
_TRIES = (None, 1.0, 2.0, 4.0)  # focal lengths in widths of the picture
_STARTS = (
    (0.0, 75.0, 18.0),
    (35.0, 70.0, 15.0),
    (-35.0, 70.0, 15.0),
    (80.0, 5.0, 12.0),
    (70.0, 50.0, 18.0),
    (-70.0, 50.0, 18.0),
)


@dataclass(frozen=True, eq=False)
class Found:
    """What one frame tells about its camera.

    Attributes:
        camera: None where it is refused.
        reason: why it is refused; "" else.
        points: on lines, with the camera or without.
        fits: (N,) whether a point agrees with the camera.
        error_m: error of the camera on the ground in view, at the median, in metres; NaN where it is refused.
        error_px: root mean square distance of the points that agree, in pixels.
        seen: part of the lines in view that the network sees where the camera puts them.
    """

    camera: Camera | None
    reason: str
    points: Points
    fits: np.ndarray
    error_m: float = float("nan")
    error_px: float = float("nan")
    seen: float = 0.0


def find_camera(maps: Maps, pitch: Pitch) -> Found:
    """Return the camera that one frame's maps tell, or the reason why they tell none."""
    points = line_points(maps)
    nothing = np.zeros(len(points), dtype=bool)
    if maps.pitch < IS_PITCH:
        return Found(None, f"no pitch (probability {maps.pitch:.2f})", points, nothing)
    lines = len(np.unique(points.line))
    if len(points) < LEAST_POINTS or lines < LEAST_LINES:
        return Found(None, f"too little of the pitch: {len(points)} points on {lines} lines", points, nothing)
    facts = facts_of(maps, points, pitch)
    best = _best(facts)
    if best is None:
        return Found(None, "no camera sees the lines where they are", points, nothing)
    return judge(best, facts, maps, points, pitch)


def facts_of(maps: Maps, points: Points, pitch: Pitch) -> Facts:
    """Return the points and cells of maps as they are fitted."""
    half = np.array([pitch.length, pitch.width]) / 2
    shapes = shapes_of(pitch, FOOTBALL_LINES).take(points.line)
    return Facts(maps.size, points.pixels, shapes, points.sigma, *placed_cells(maps, half))


def _best(facts: Facts) -> Solution | None:
    rough: list[Solution] = []
    for start in _starts(facts):
        first = solve(facts, start, places=0.02, scale=8.0, rounds=8)
        rough.append(solve(facts, first.vector, places=0.005, scale=4.0, rounds=8))
        if len(rough) >= 2 and _same(rough[-1], rough[0]):
            break  # two starts agree
    if not rough:
        return None
    best = min(rough, key=lambda one: one.cost)
    return solve(facts, best.vector, places=0.0, scale=3.0, rounds=15)


def _same(a: Solution, b: Solution) -> bool:
    return abs(a.cost - b.cost) < 0.02 * max(a.cost, b.cost) and bool((np.abs(a.vector - b.vector)[:3] < 3).all())


def _starts(facts: Facts) -> list[Floats]:
    """Return cameras to begin with: from the homography of the cells, and from where cameras stand."""
    width, found = facts.size[0], []
    middle = (facts.size[0] / 2, facts.size[1] / 2)
    if len(facts.cells) >= 12:
        homography = _homography(facts)
        for part in _TRIES:
            try:
                camera = Camera.from_homography(homography, middle, None if part is None else part * width)
            except SettingError:
                continue
            if camera.centre[2] > 0.5:
                found.append(to_vector(camera, width))
    for x, y, height in _STARTS if len(facts.cells) else ():
        towards = np.median(facts.places, axis=0) - (x, y)
        aim = np.median(facts.cells, axis=0) - np.array(facts.size) / 2
        distance = float(np.hypot(*towards))
        zoom = np.log(np.clip(distance / 50.0, 0.6, 5.0))
        pan = np.degrees(np.arctan2(towards[0], -towards[1]) - np.arctan(aim[0] / np.exp(zoom) / width))
        tilt = np.degrees(np.arctan2(height, distance) - np.arctan(aim[1] / np.exp(zoom) / width))
        found.append(np.array([x, y, np.log(height), pan, tilt, 0.0, zoom]))
    return found


def _homography(facts: Facts) -> Floats:
    """Return the map from metres to pixels of the cells, by a reweighted direct linear transform."""
    size, half = np.array(facts.size), np.array([52.5, 34.0])
    pixels, places = (facts.cells - size / 2) / size[0] * 2, facts.places / half
    weight = 1 / facts.errors
    for _ in range(4):
        x, y, u, v = places[:, 0], places[:, 1], pixels[:, 0], pixels[:, 1]
        one, zero = np.ones_like(x), np.zeros_like(x)
        first = np.stack([u, v, one, zero, zero, zero, -x * u, -x * v, -x], 1)
        second = np.stack([zero, zero, zero, u, v, one, -y * u, -y * v, -y], 1)
        table = np.concatenate([first * weight[:, None], second * weight[:, None]])
        h = np.linalg.eigh(table.T @ table)[1][:, 0].reshape(3, 3)
        back = np.column_stack([pixels, one]) @ h.T
        scale = np.where(np.abs(back[:, 2]) < 1e-9, 1e-9, back[:, 2])
        off = np.abs((back[:, :2] / scale[:, None] - places) * half).sum(1) / facts.errors
        weight = 1 / facts.errors / np.abs(scale) / (1 + off)
    to_unit = np.array([[2 / size[0], 0, -1], [0, 2 / size[0], -size[1] / size[0]], [0, 0, 1.0]])
    to_ground = np.diag([half[0], half[1], 1.0]) @ h @ to_unit
    return np.asarray(np.linalg.pinv(to_ground))


def judge(best: Solution, facts: Facts, maps: Maps, points: Points, pitch: Pitch) -> Found:
    """Return the camera with its errors, or the reason why it is not believed."""
    off = np.abs(facts.line_errors(best.vector))
    fits = off < 3.5 * facts.sigma
    camera = to_camera(best.vector, facts.size)
    height, widths = camera.centre[2], camera.focal / facts.size[0]
    error_px = float(np.sqrt(np.mean(off[fits] ** 2))) if fits.any() else float("nan")
    seen = part_seen(camera, maps, pitch)
    error_m = uncertainty(best, facts, pitch)
    reason = ""
    if not HEIGHTS[0] <= height <= HEIGHTS[1] or not FOCALS[0] <= widths <= FOCALS[1] or abs(camera.roll) > WORST_ROLL:
        reason = (
            f"no camera like that: {height:.1f} m high, {widths:.2f} widths of focal length, roll {camera.roll:.1f}°"
        )
    elif fits.mean() < LEAST_FIT:
        reason = f"{fits.mean():.0%} of {len(fits)} points on lines fit a camera"
    elif len(np.unique(points.line[fits])) < LEAST_LINES:
        reason = f"{len(np.unique(points.line[fits]))} lines fit a camera"
    elif seen < LEAST_SEEN:
        reason = f"{seen:.0%} of the lines are seen where the camera puts them"
    elif not error_m < WORST_ERROR:
        reason = f"the lines leave the ground in view uncertain by {error_m:.1f} m"
    return Found(None if reason else camera, reason, points, fits, error_m, error_px, seen)


def part_seen(camera: Camera, maps: Maps, pitch: Pitch) -> float:
    """Return how much of the lines in view the network sees where a camera puts them, 0…1."""
    values = []
    rows, columns = maps.lines.shape[1:]
    for number, name in enumerate(FOOTBALL_LINES):
        part = pitch.lines[name] if name in pitch.lines else pitch.arcs[name]
        pixels = camera.project(part.points(1.0))
        cells = np.nan_to_num((pixels / maps.size) * (columns, rows) - 0.5, nan=-9.0, posinf=-9.0, neginf=-9.0)
        inside = (cells > 0.5).all(1) & (cells < (columns - 1.5, rows - 1.5)).all(1)
        at = np.round(cells[inside]).astype(int)
        near = [
            maps.lines[number, at[:, 1] + dy, at[:, 0] + dx] for dx, dy in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
        ]
        if len(at):
            values.append(np.max(near, axis=0) > 0.25)
    return float(np.concatenate(values).mean()) if values else 0.0


def uncertainty(best: Solution, facts: Facts, pitch: Pitch) -> float:
    """Return the standard deviation of the ground in view in metres, at the median, from the covariance."""
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 9) * facts.size[0], np.linspace(0.05, 0.95, 7) * facts.size[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    ground = ground_of(best.vector[None], pixels, facts.size)[0]
    pixels = pixels[(np.abs(ground) < (pitch.length / 2, pitch.width / 2)).all(1)]
    if not len(pixels):
        return float("inf")
    steps = np.diag([0.02, 0.02, 1e-4, 2e-3, 2e-3, 2e-3, 1e-4])
    ends = ground_of(np.concatenate([best.vector + steps, best.vector - steps]), pixels, facts.size)
    slopes = (ends[:7] - ends[7:]) / (2 * np.diag(steps)[:, None, None])
    variance = np.einsum("ina,ij,jna->n", slopes, best.inverse, slopes)
    return float(np.sqrt(np.median(np.maximum(variance, 0))))
