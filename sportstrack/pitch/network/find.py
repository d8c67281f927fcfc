"""The camera of one frame from the network's maps, or the reason why none is believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.model import Arc, Pitch
from sportstrack.pitch.network.fit import (
    Facts,
    Shapes,
    Solution,
    ground_of,
    shapes_of,
    solve,
    to_camera,
    to_vector,
    uncertainty,
)
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps, Points, line_points, placed_cells
from sportstrack.pitch.network.search import Scorer, search

IS_PITCH = 0.8
"""Probability below which a frame shows no pitch."""
LEAST_POINTS = 25
LEAST_LINES = 3
LEAST_FIT = 0.65
"""Part of the points on lines that must fit."""
LEAST_SCORE = 0.46
"""How well the lines of the camera and those of the maps must cover each other, 0…1."""
LEAST_LEAD = 0.04
"""How much better that must be than with any camera that puts the ground elsewhere."""
WORST_ERROR = 0.4
"""Metres that the ground in view may be uncertain, at the median."""
HEIGHTS = (2.0, 90.0)
FOCALS = (0.35, 14.0)
"""Focal lengths in widths of the picture."""
WORST_ROLL = 8.0
GATES = (0.04, 0.025, 0.015, 0.012, 0.012)
"""Of the width: how far from its line a point may be, round by round."""
SAME_CENTRE = 6.0
"""Metres between the centres of two frames' cameras that are taken for one."""
ELSEWHERE = 2.5
"""Metres on the ground, at the median, from which on two cameras are different ones."""


@dataclass(frozen=True, eq=False)
class FrameCamera:
    """What one frame tells about its camera.

    Attributes:
        size: (width, height) of the frame in pixels.
        camera: None where it is refused.
        reason: why it is refused; "" else.
        points: on lines, with the camera or without.
        line: (N,) the number of each point's line, −1 where it fits none.
        error_m: error of the camera on the ground in view, at the median, in metres; NaN where it is refused.
        error_px: root mean square distance of the points that fit, in pixels.
        score: how well the lines of the camera and of the maps cover each other, 0…1.
    """

    size: tuple[int, int]
    camera: Camera | None
    reason: str
    points: Points
    line: NDArray[np.int64]
    error_m: float = float("nan")
    error_px: float = float("nan")
    score: float = 0.0

    def nearest(self, pixels: Floats, line: NDArray[np.int64], pitch: Pitch) -> Floats:
        """Return the places (N, 2) on the numbered lines that are nearest to what pixels (N, 2) show, in metres."""
        assert self.camera is not None
        places = self.camera.to_ground(pixels)
        shapes = shapes_of(pitch, FOOTBALL_LINES).take(line)
        away = shapes.distance(places)[:, None]
        outwards = places - shapes.centre
        outwards = outwards / np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
        return np.asarray(places - away * np.where(shapes.radius[:, None] > 0, outwards, shapes.normal))


def find_camera(maps: Maps, pitch: Pitch, *, near: Camera | None = None) -> FrameCamera:
    """Return the camera that one frame's maps tell, or the reason why they tell none.

    Args:
        maps: what the network sees.
        pitch: the model, in the size of the real pitch.
        near: the camera of a frame shortly before, which is tried first: it saves the search.
    """
    points = line_points(maps)
    nothing = np.full(len(points), -1)
    if maps.pitch < IS_PITCH:
        return FrameCamera(maps.size, None, f"no pitch (probability {maps.pitch:.2f})", points, nothing)
    if len(points) < LEAST_POINTS:
        return FrameCamera(maps.size, None, f"too little of the pitch: {len(points)} points on lines", points, nothing)
    finder = _Finder(maps, pitch, points)
    if near is not None:
        kept = finder.polish(finder.refine(to_vector(near, maps.size[0])))
        found = finder.judge(kept, 0.0)
        if found.camera is not None and np.linalg.norm(np.subtract(found.camera.centre, near.centre)) < SAME_CENTRE:
            return found
    solutions = [finder.refine(start) for start in search(maps, pitch)]
    ranked = sorted(solutions, key=lambda one: -finder.score(one))
    best = finder.polish(ranked[0])
    rivals = [one for one in ranked[1:] if finder.apart(one, best) > ELSEWHERE]
    return finder.judge(best, max((finder.score(one) for one in rivals), default=0.0))


class _Finder:
    """One frame's points and the lines of the pitch."""

    def __init__(self, maps: Maps, pitch: Pitch, points: Points) -> None:
        self.maps, self.pitch, self.points, self.size = maps, pitch, points, maps.size
        self.shapes = shapes_of(pitch, FOOTBALL_LINES)
        self.reach = _reaches(pitch)
        self.scorer = Scorer(maps, pitch)
        self.cells = placed_cells(maps, np.array([pitch.length, pitch.width]) / 2)

    def score(self, one: Solution) -> float:
        """Return how well lines of camera and maps cover each other."""
        return float(self.scorer.scores(one.vector[None])[0])

    def line_of(self, vector: Floats, gate: float) -> NDArray[np.int64]:
        """Return the number of the line that each point is on, (N,): near, and with a name that the network gives."""
        steps = np.array([(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)])
        pixels = (self.points.pixels[None] + steps[:, None]).reshape(-1, 2)
        ground = ground_of(vector[None], pixels, self.size)[0].reshape(3, -1, 2)
        away = np.stack([self.shapes.distance(g[:, None]) for g in ground])  # (3, N, L) metres
        slope = np.maximum(np.hypot(away[1] - away[0], away[2] - away[0]) / 0.5, 1e-3)
        off = np.abs(away[0]) / slope
        beside = _past_ends(ground[0], self.reach) / slope  # pixels beyond the ends of a line
        far = np.hypot(off, np.maximum(beside - 2.0, 0.0))
        cost = far / gate - 0.7 * np.log(0.06 + self.points.shares)
        line = np.where(far < gate, cost, np.inf).argmin(1)
        return np.where(far[np.arange(len(line)), line] < gate, line, -1)

    def facts(self, line: NDArray[np.int64]) -> Facts:
        """Return the points that are on a line, and the cells whose place is known."""
        on = line >= 0
        shapes: Shapes = self.shapes.take(line[on])
        return Facts(self.size, self.points.pixels[on], shapes, self.points.sigma[on], *self.cells)

    def refine(self, start: Floats) -> Solution:
        """Return the camera near a start: points get their lines, and the camera is fitted, in turns."""
        one = Solution(start, np.inf, np.eye(7))
        for gate in GATES:
            line = self.line_of(one.vector, gate * self.size[0])
            if (line >= 0).sum() < 12:
                break
            facts = self.facts(line)
            scale = gate * self.size[0] / float(self.points.sigma[0])
            one = solve(facts, one.vector, places=0.0, scale=scale, rounds=6)
        return one

    def polish(self, one: Solution) -> Solution:
        """Return the camera fitted to the points that are close to it."""
        line = self.line_of(one.vector, GATES[-1] * self.size[0])
        return solve(self.facts(line), one.vector, places=0.0, scale=3.0, rounds=15) if (line >= 0).sum() >= 12 else one

    def apart(self, a: Solution, b: Solution) -> float:
        """Return how far apart two cameras put the ground in view of the second one, in metres, at the median."""
        pixels = ground_pixels(b, self.size, self.pitch)
        grounds = ground_of(np.stack([a.vector, b.vector]), pixels, self.size)
        return float(np.median(np.linalg.norm(grounds[0] - grounds[1], axis=1))) if len(pixels) else np.inf

    def judge(self, best: Solution, rival: float) -> FrameCamera:
        """Return the camera with its errors, or the reason why it is not believed."""
        line = self.line_of(best.vector, 3.5 * float(self.points.sigma[0]))
        fits = line >= 0
        camera, score = to_camera(best.vector, self.size), self.score(best)
        height, widths = camera.centre[2], camera.focal / self.size[0]
        off = self.facts(line).line_errors(best.vector)
        error_px = float(np.sqrt(np.mean(off**2))) if fits.any() else float("nan")
        pixels = ground_pixels(best, self.size, self.pitch)
        error_m = uncertainty(best, pixels, self.size)
        part, lines = fits.mean(), len(np.unique(line[fits]))
        reason = ""
        if not HEIGHTS[0] <= height <= HEIGHTS[1] or not FOCALS[0] <= widths <= FOCALS[1]:
            reason = f"no camera like that: {height:.1f} m high, a focal length of {widths:.2f} widths"
        elif abs(camera.roll) > WORST_ROLL:
            reason = f"no camera like that: turned by {camera.roll:.1f}°"
        elif part < LEAST_FIT:
            reason = f"{part:.0%} of {len(fits)} points on lines fit a camera"
        elif lines < LEAST_LINES:
            reason = f"{lines} lines fit a camera"
        elif score < LEAST_SCORE:
            reason = f"the lines cover those of a camera by {score:.0%}"
        elif score - rival < LEAST_LEAD:
            reason = f"two cameras fit: their lines cover those seen by {score:.0%} and {rival:.0%}"
        elif not error_m < WORST_ERROR:
            reason = f"the lines leave the ground in view uncertain by {error_m:.1f} m"
        return FrameCamera(self.size, None if reason else camera, reason, self.points, line, error_m, error_px, score)


def ground_pixels(one: Solution, size: tuple[int, int], pitch: Pitch) -> Floats:
    """Return pixels (N, 2), a grid over the frame, that show the pitch."""
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 9) * size[0], np.linspace(0.05, 0.95, 7) * size[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    ground = ground_of(one.vector[None], pixels, size)[0]
    return np.asarray(pixels[(np.abs(ground) < (pitch.length / 2, pitch.width / 2)).all(1)])


def _reaches(pitch: Pitch) -> tuple[Floats, Floats]:
    """Return the middle of each line (L, 2), and half its extent along x and y (L, 2), in metres."""
    middles, halves = [], []
    for name in FOOTBALL_LINES:
        part = pitch.lines[name] if name in pitch.lines else pitch.arcs[name]
        points = part.points(0.5) if isinstance(part, Arc) else np.array([part.start, part.end])
        middles.append((points.max(0) + points.min(0)) / 2)
        halves.append((points.max(0) - points.min(0)) / 2)
    return np.array(middles), np.array(halves)


def _past_ends(ground: Floats, reach: tuple[Floats, Floats]) -> Floats:
    """Return how many metres (N, L) places (N, 2) lie outside the extent of lines."""
    middles, halves = reach
    outside = np.maximum(np.abs(ground[:, None] - middles) - halves - 0.6, 0.0)
    return np.asarray(np.sqrt((outside**2).sum(2)))
