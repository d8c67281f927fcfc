"""The camera of one frame from the network's maps, or the reason why none is believed."""

from __future__ import annotations

from collections.abc import Sequence
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
    start_places,
    to_camera,
    to_vector,
)
from sportstrack.pitch.network.full import HANDED_ON, NONE_NAMED, FullPicture, LinesSeen, NamedPlaces
from sportstrack.pitch.network.layout import FOOTBALL_LINES
from sportstrack.pitch.network.points import Maps, Points, line_points, placed_cells
from sportstrack.pitch.network.search import Scorer, search

IS_PITCH = 0.8
"""Probability below which a frame shows no pitch."""
LEAST_POINTS = 25
LEAST_LINES = 3
LEAST_FIT = 0.45
"""Part of the network's points on lines that must fit."""
LEAST_SCORE = 0.7
"""See `PitchCandidate.score`."""
LEAST_LEAD = 0.04
"""How much better it must be than that of any camera that puts the ground elsewhere."""
SURE = 1.05
"""A score from which on nothing else is searched for."""
WORST_ERROR = 1.0
"""Metres that the ground in view may be uncertain, at the median."""
HEIGHTS = (2.0, 90.0)
FOCALS = (0.35, 14.0)
"""Focal lengths in widths of the picture."""
WORST_ROLL = 8.0
GATES = (0.04, 0.025, 0.015, 0.012, 0.012)
"""Of the width: how far from its line a point may be, round by round."""
KEPT = 0.85
"""A score from which on the camera of a frame shortly before is kept without a search: a weak one may be a mistake."""
SAME_CENTRE = 6.0
"""Metres between the centres of two frames' cameras that are taken for one."""
ELSEWHERE = 2.5
"""Metres on the ground, at the median, from which on two cameras are different ones."""
ALIKE = 0.3
"""The same, below which they are one."""
NO_BETTER = 0.03
"""A camera fitted to line pixels is taken if its score is not lower than before by this much."""
NO_LINES = np.empty((0, 3))


@dataclass(frozen=True, eq=False)
class FrameCamera:
    """What one frame tells about its camera.

    Attributes:
        size: (width, height) of the frame in pixels.
        camera: None where it is refused.
        reason: why it is refused; "" else.
        points: on lines, with the camera or without.
        line: (N,) the number of each point's line, −1 where it fits none.
        error_m: error of the camera on the ground in view, at the median, in metres; NaN where there is none.
        error_px: root mean square distance of the network's points that fit, in pixels.
        score: how well the camera's lines and those that are seen agree, 0…1.8; see `PitchCandidate`.
        rival: the score of the best camera that puts the ground elsewhere.
        is_pitch: whether the frame shows a pitch at all.
    """

    size: tuple[int, int]
    camera: Camera | None
    reason: str
    points: Points
    line: NDArray[np.int64]
    error_m: float = float("nan")
    error_px: float = float("nan")
    score: float = 0.0
    rival: float = 0.0
    is_pitch: bool = True

    def nearest(self, pixels: Floats, line: NDArray[np.int64], pitch: Pitch) -> Floats:
        """Return the places (N, 2) on the numbered lines that are nearest to what pixels (N, 2) show, in metres."""
        assert self.camera is not None
        return on_lines(self.camera, pixels, line, shapes_of(pitch, FOOTBALL_LINES))


def on_lines(camera: Camera, pixels: Floats, line: NDArray[np.int64], shapes: Shapes) -> Floats:
    """Return the places (N, 2) on the numbered lines that are nearest to what a camera's pixels (N, 2) show."""
    places, shapes = camera.to_ground(pixels), shapes.take(line)
    away = shapes.distance(places)[:, None]
    outwards = places - shapes.centre
    outwards = outwards / np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    return np.asarray(places - away * np.where(shapes.radius[:, None] > 0, outwards, shapes.normal))


@dataclass(frozen=True, eq=False)
class PitchCandidate:
    """A camera that may be the right one.

    Attributes:
        vector: as `to_vector`.
        camera: the same.
        score: how well its lines and those of the network's maps cover each other (0…1), half of how well they and the
            line pixels of the picture do (0…0.5), and how well it agrees with the network's places (0…0.3).
        error_m: of the ground in view, at the median, in metres.
    """

    vector: Floats
    camera: Camera
    score: float
    error_m: float


def find_camera(maps: Maps, pitch: Pitch, lines: Floats = NO_LINES, *, near: Camera | None = None) -> FrameCamera:
    """Return the camera that one frame tells, or the reason why it tells none.

    Places and lines of the network and a search give cameras to begin with. Each is fitted to the network's lines, then
    to the line pixels of the picture, which are finer; the one whose lines agree best with both is judged.

    Args:
        maps: what the network sees.
        pitch: the model, in the size of the real pitch.
        lines: (N, 3) line pixels of the frame, as in `SeenFrame`.
        near: the camera of a frame shortly before, which is tried first: it saves the search.
    """
    points = line_points(maps)
    nothing = np.full(len(points), -1)
    if maps.pitch < IS_PITCH:
        why = f"no pitch (probability {maps.pitch:.2f})"
        return FrameCamera(maps.size, None, why, points, nothing, is_pitch=False)
    if len(points) < LEAST_POINTS:
        return FrameCamera(maps.size, None, f"too little of the pitch: {len(points)} points on lines", points, nothing)
    finder = _Finder(maps, pitch, points, lines)
    tried: list[PitchCandidate] = []
    if near is not None:
        tried = finder.candidates([to_vector(near, maps.size[0])])
        kept = finder.judge(tried)
        same = kept.camera is not None and np.linalg.norm(np.subtract(kept.camera.centre, near.centre)) < SAME_CENTRE
        if same and kept.score >= KEPT:
            return kept
    found = finder.candidates(start_places(finder.facts(nothing)), tried)
    if not found or found[0].score < SURE:
        found = finder.candidates(list(search(maps, pitch)), found)
    return finder.judge(found)


class _Finder:
    """One frame's points and the lines of the pitch."""

    def __init__(self, maps: Maps, pitch: Pitch, points: Points, lines: Floats) -> None:
        self.maps, self.pitch, self.points, self.size = maps, pitch, points, maps.size
        self.shapes = shapes_of(pitch, FOOTBALL_LINES)
        self.reach = _reaches(pitch)
        self.scorer = Scorer(maps, pitch)
        self.cells = placed_cells(maps, np.array([pitch.length, pitch.width]) / 2)
        self.full = FullPicture(pitch, maps.size, lines)

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

    def candidates(self, starts: Sequence[Floats], others: Sequence[PitchCandidate] = ()) -> list[PitchCandidate]:
        """Return the cameras near some starts and ``others``, best first; of those that are alike the best."""
        every = list(others)
        solved: list[Solution] = []
        for one in sorted((self.refine(start) for start in starts), key=lambda one: -self.score(one)):
            if all(self.apart(one.vector, other.vector) > ALIKE for other in solved):
                solved.append(one)
                every.append(self.candidate(self.polish(one)))
        every.sort(key=lambda one: -one.score)
        return every

    def candidate(self, one: Solution) -> PitchCandidate:
        """Return a solution with its score, refined by the picture's lines where they make it better."""
        line = self.line_of(one.vector, 3.5 * float(self.points.sigma[0]))
        camera = to_camera(one.vector, self.size)
        named = self.named(camera, line)
        fitted = [self._scored(seen) for some in (named, NONE_NAMED) if (seen := self.full.refine(camera, some))]
        best = max(fitted, key=lambda one: one.score, default=None)
        as_is = self._scored(self.full.look(camera, named))
        return as_is if best is None or best.score < as_is.score - NO_BETTER else best

    def _scored(self, seen: LinesSeen) -> PitchCandidate:
        vector = to_vector(seen.camera, self.size[0])
        dice = float(self.scorer.scores(vector[None])[0])
        pixels, places, errors = self.cells
        off = np.linalg.norm(ground_of(vector[None], pixels, self.size)[0] - places, axis=1) / errors
        of_places = 0.3 * float(np.exp(-np.median(off) / 3)) if len(off) else 0.0
        return PitchCandidate(vector, seen.camera, dice + seen.on * seen.explained / 2 + of_places, seen.error_m)

    def named(self, camera: Camera, line: NDArray[np.int64]) -> NamedPlaces:
        """Return the pixels and places of points on lines, spread over all, with which a camera is handed on."""
        rows = np.flatnonzero(line >= 0)
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), HANDED_ON)).round().astype(int)]
        pixels = self.points.pixels[rows]
        return NamedPlaces(pixels, on_lines(camera, pixels, line[rows], self.shapes), self.points.confidence[rows])

    def apart(self, a: Floats, b: Floats) -> float:
        """Return how far apart two cameras put the ground in view of the second one, in metres, at the median."""
        pixels = ground_pixels(b, self.size, self.pitch)
        grounds = ground_of(np.stack([a, b]), pixels, self.size)
        return float(np.median(np.linalg.norm(grounds[0] - grounds[1], axis=1))) if len(pixels) else np.inf

    def judge(self, found: Sequence[PitchCandidate]) -> FrameCamera:
        """Return the best camera with its errors, or the reason why it is not believed."""
        best = found[0]
        rivals = [one.score for one in found[1:] if self.apart(one.vector, best.vector) > ELSEWHERE]
        rival = max(rivals, default=0.0)
        line = self.line_of(best.vector, 3.5 * float(self.points.sigma[0]))
        fits = line >= 0
        camera, off = best.camera, self.facts(line).line_errors(best.vector)
        error_px = float(np.sqrt(np.mean(off**2))) if fits.any() else float("nan")
        part, lines = fits.mean(), len(np.unique(line[fits]))
        height, widths = camera.centre[2], camera.focal / self.size[0]
        reason = ""
        if not HEIGHTS[0] <= height <= HEIGHTS[1] or not FOCALS[0] <= widths <= FOCALS[1]:
            reason = f"no camera like that: {height:.1f} m high, a focal length of {widths:.2f} widths"
        elif abs(camera.roll) > WORST_ROLL:
            reason = f"no camera like that: turned by {camera.roll:.1f}°"
        elif part < LEAST_FIT:
            reason = f"{part:.0%} of {len(fits)} points on lines fit a camera"
        elif lines < LEAST_LINES:
            reason = f"{lines} lines fit a camera"
        elif best.score < LEAST_SCORE:
            reason = f"the lines that are seen agree with those of a camera by {best.score:.2f} of {LEAST_SCORE}"
        elif best.score - rival < LEAST_LEAD:
            reason = f"two cameras fit: the lines agree with theirs by {best.score:.2f} and {rival:.2f}"
        elif not best.error_m < WORST_ERROR:
            reason = f"the lines leave the ground in view uncertain by {best.error_m:.1f} m"
        seen = None if reason else camera
        return FrameCamera(self.size, seen, reason, self.points, line, best.error_m, error_px, best.score, rival)


def ground_pixels(vector: Floats, size: tuple[int, int], pitch: Pitch) -> Floats:
    """Return pixels (N, 2), a grid over the frame, that show the pitch."""
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 9) * size[0], np.linspace(0.05, 0.95, 7) * size[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    ground = ground_of(vector[None], pixels, size)[0]
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
