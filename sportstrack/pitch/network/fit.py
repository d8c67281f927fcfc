"""Least squares for one frame: a camera from points on named lines and cells with places, robust against wrong ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.model import Arc, Line, Pitch

PRIOR = np.array([0.0, 0.0, np.log(16.0), 0.0, 0.0, 0.0, 0.8])
"""Where cameras are without evidence: x, y, logarithm of the height, pan, tilt, roll, logarithm of focal over width."""
PRIOR_SIGMA = np.array([60.0, 90.0, 0.8, 400.0, 60.0, 1.5, 1.2])
"""How far they are from there: metres, degrees and logarithms."""
LEAST_CELLS = 12
"""Cells with places that tell a camera by themselves."""
_STEPS = np.array([0.02, 0.02, 1e-4, 2e-3, 2e-3, 2e-3, 1e-4])
_SLOPE = 0.5  # pixels


@dataclass(frozen=True, eq=False)
class Shapes:
    """The named lines as circles and straight lines: N of them.

    Attributes:
        normal: (N, 2) of straight lines, 0 for circles.
        offset: (N,) along the normal in metres.
        centre: (N, 2) of circles.
        radius: (N,), 0 for straight lines.
    """

    normal: Floats
    offset: Floats
    centre: Floats
    radius: Floats

    def take(self, rows: NDArray[np.int64]) -> Shapes:
        """Return some of them, in this order."""
        return Shapes(self.normal[rows], self.offset[rows], self.centre[rows], self.radius[rows])

    def distance(self, ground: Floats) -> Floats:
        """Return the signed distances in metres of places (..., N, 2) from the N lines."""
        x, y = ground[..., 0], ground[..., 1]
        straight = x * self.normal[:, 0] + y * self.normal[:, 1] - self.offset
        round_ = np.sqrt((x - self.centre[:, 0]) ** 2 + (y - self.centre[:, 1]) ** 2) - self.radius
        return np.asarray(np.where(self.radius > 0, round_, straight))


def shapes_of(pitch: Pitch, names: tuple[str, ...]) -> Shapes:
    """Return the named lines and arcs of a pitch."""
    parts: list[Line | Arc] = [pitch.lines[name] if name in pitch.lines else pitch.arcs[name] for name in names]
    n = len(parts)
    shapes = Shapes(np.zeros((n, 2)), np.zeros(n), np.zeros((n, 2)), np.zeros(n))
    for i, part in enumerate(parts):
        if isinstance(part, Arc):
            shapes.centre[i], shapes.radius[i] = part.centre, part.radius
        else:
            along = np.subtract(part.end, part.start)
            shapes.normal[i] = np.array([-along[1], along[0]]) / np.hypot(*along)
            shapes.offset[i] = shapes.normal[i] @ part.start
    return shapes


def to_vector(camera: Camera, width: int) -> Floats:
    """Return x, y, logarithm of the height, pan, tilt, roll in degrees, logarithm of focal length over width."""
    x, y, height = camera.centre
    return np.array([x, y, np.log(height), camera.pan, camera.tilt, camera.roll, np.log(camera.focal / width)])


def to_camera(vector: Floats, size: tuple[int, int]) -> Camera:
    """Return the camera of `to_vector`'s numbers, without distortion."""
    x, y, height, pan, tilt, roll, zoom = (float(v) for v in vector)
    pan = (pan + 180) % 360 - 180
    middle = (size[0] / 2, size[1] / 2)
    return Camera((x, y, float(np.exp(height))), pan, tilt, roll, float(np.exp(zoom) * size[0]), middle)


def _axes(vectors: Floats) -> tuple[Floats, Floats]:
    """Return the rotations (B, 3, 3) from x, y and depth to right, down and forward, and the places (B, 3)."""
    x, y, height, pan, tilt, roll, _ = vectors.T
    pan, tilt, roll = np.radians(pan), np.radians(tilt), np.radians(roll)
    cp, sp, ct, st, cr, sr = np.cos(pan), np.sin(pan), np.cos(tilt), np.sin(tilt), np.cos(roll), np.sin(roll)
    zero = np.zeros_like(cp)
    right, level = np.stack([cp, sp, zero], 1), np.stack([sp, -cp, zero], 1)
    below = np.array([0.0, 0.0, 1.0])
    forward = ct[:, None] * level + st[:, None] * below
    down = ct[:, None] * below - st[:, None] * level
    rows = [cr[:, None] * right + sr[:, None] * down, cr[:, None] * down - sr[:, None] * right, forward]
    return np.stack(rows, 1), np.stack([x, y, -np.exp(height)], 1)


def ground_of(vectors: Floats, pixels: Floats, size: tuple[int, int]) -> Floats:
    """Return the places in metres, (B, N, 2), that B cameras (B, 7) see in N pixels; far away above the horizon."""
    rows, centre = _axes(vectors)
    focal = np.exp(vectors[:, 6])[:, None, None] * size[0]
    seen = (pixels - np.array(size) / 2)[None] / focal
    directions = seen[..., :1] * rows[:, None, 0] + seen[..., 1:] * rows[:, None, 1] + rows[:, None, 2]
    along = -centre[:, None, 2] / np.maximum(directions[..., 2], 1e-4)
    return np.asarray(centre[:, None, :2] + along[..., None] * directions[..., :2])


def pixels_of(vectors: Floats, points: Floats, size: tuple[int, int]) -> Floats:
    """Return the pixels (B, N, 2) in which B cameras (B, 7) see N places (N, 2) on the ground; NaN behind them."""
    rows, centre = _axes(vectors)
    turned = np.einsum("bij,nj->bni", rows[:, :, :2], points) - np.einsum("bij,bj->bi", rows, centre)[:, None]
    depth = np.where(turned[..., 2:] > 0.5, turned[..., 2:], np.nan)
    focal = np.exp(vectors[:, 6])[:, None, None] * size[0]
    return np.asarray(turned[..., :2] / depth * focal + np.array(size) / 2)


@dataclass(frozen=True, eq=False)
class Facts:
    """What one frame tells about its camera.

    Attributes:
        size: (width, height) of the frame.
        pixels: (N, 2) points on lines.
        shapes: the N lines that they are on.
        sigma: (N,) in pixels.
        cells: (M, 2) pixels whose places are known roughly.
        places: (M, 2) in metres.
        errors: (M,) in metres.
    """

    size: tuple[int, int]
    pixels: Floats
    shapes: Shapes
    sigma: Floats
    cells: Floats
    places: Floats
    errors: Floats

    def distances(self, vectors: Floats) -> Floats:
        """Return the signed distances in metres, (B, N), of the points from their lines."""
        return self.shapes.distance(ground_of(vectors, self.pixels, self.size))

    def slopes(self, vector: Floats) -> Floats:
        """Return the change of `distances` in metres a pixel, (N,), along the steepest direction of the picture."""
        moved = np.concatenate([self.pixels, self.pixels + (_SLOPE, 0.0), self.pixels + (0.0, _SLOPE)])
        ground = ground_of(vector[None], moved, self.size).reshape(3, -1, 2)
        here, x, y = self.shapes.distance(ground)
        return np.asarray(np.maximum(np.hypot(x - here, y - here) / _SLOPE, 1e-3))

    def line_errors(self, vector: Floats) -> Floats:
        """Return the distances of the points from their lines in pixels, (N,), first order (Sampson's)."""
        return np.asarray(self.distances(vector[None])[0] / self.slopes(vector))

    def place_errors(self, vectors: Floats) -> Floats:
        """Return what the cells are off in their own errors, (B, 2 M)."""
        off = (ground_of(vectors, self.cells, self.size) - self.places) / self.errors[:, None]
        return off.reshape(len(vectors), -1)


@dataclass(frozen=True, eq=False)
class Solution:
    """A camera and how well it fits.

    Attributes:
        vector: see `to_vector`.
        cost: smaller is better.
        inverse: (7, 7) covariance of the vector.
    """

    vector: Floats
    cost: float
    inverse: Floats


def solve(facts: Facts, start: Floats, *, places: float, scale: float, rounds: int) -> Solution:
    """Return the camera that fits best near a start (Levenberg and Marquardt with reweighting).

    Args:
        facts: of the frame.
        start: (7,), see `to_vector`.
        places: weight of a cell's place; 0 for lines alone.
        scale: of the robust loss in standard deviations (Geman and McClure): what is further off hardly counts.
        rounds: of linearisation.
    """
    x, damping = np.array(start), 1e-3
    residual, cost = _residuals(facts, x, places, scale)
    for _ in range(rounds):
        jacobian, weight = _jacobian(facts, x, residual[2], places), residual[1]
        normal = (jacobian * weight[:, None]).T @ jacobian
        gradient = (jacobian * weight[:, None]).T @ residual[0]
        for _ in range(4):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-9), -gradient)
            tried = x + np.clip(step, -_LONGEST, _LONGEST)
            after, lower = _residuals(facts, tried, places, scale)
            if lower < cost:
                break
            damping *= 8
        else:
            break
        small = cost - lower < 1e-4 * cost
        x, residual, cost, damping = tried, after, lower, max(damping / 6, 1e-6)
        if small:
            break
    jacobian = _jacobian(facts, x, residual[2], places) * np.sqrt(residual[1])[:, None]
    return Solution(x, cost, np.linalg.pinv(jacobian.T @ jacobian, rcond=1e-12, hermitian=True))


_LONGEST = np.array([15.0, 15.0, 0.5, 15.0, 8.0, 4.0, 0.4])


def _stack(facts: Facts, vectors: Floats, slopes: Floats, places: float) -> Floats:
    """Return (B, N + 2 M + 7): points, cells and the prior, all in standard deviations."""
    lines = facts.distances(vectors) / (slopes * facts.sigma)
    prior = (vectors - PRIOR) / PRIOR_SIGMA
    cells = np.sqrt(places) * facts.place_errors(vectors) if places else np.empty((len(vectors), 0))
    return np.asarray(np.clip(np.concatenate([lines, cells, prior], axis=1), -1e4, 1e4))


def _residuals(facts: Facts, x: Floats, places: float, scale: float) -> tuple[tuple[Floats, Floats, Floats], float]:
    """Return the residuals, their weights and the slopes of the lines' distances; and the cost."""
    slopes = facts.slopes(x)
    values = _stack(facts, x[None], slopes, places)[0]
    n, m = len(facts.pixels), len(values) - 7
    scales = np.concatenate([np.full(n, scale), np.full(m - n, 3.0 * np.sqrt(max(places, 1e-9))), np.full(7, 1e3)]) ** 2
    square = values**2
    weight = (scales / (scales + square)) ** 2
    return (values, weight, slopes), float((scales * square / (scales + square)).sum())


def _jacobian(facts: Facts, x: Floats, slopes: Floats, places: float) -> Floats:
    ends = np.concatenate([x + np.diag(_STEPS), x - np.diag(_STEPS)])
    values = _stack(facts, ends, slopes, places)
    return np.asarray(((values[:7] - values[7:]) / (2 * _STEPS[:, None])).T)


def start_places(facts: Facts) -> list[Floats]:
    """Return cameras (7,) that the places of cells tell, best first; none where too few are known."""
    if len(facts.cells) < LEAST_CELLS:
        return []
    none = np.zeros(0, np.int64)
    cells = replace(facts, pixels=np.empty((0, 2)), shapes=facts.shapes.take(none), sigma=np.empty(0))
    starts = [np.array([0.0, 60.0, np.log(16.0), pan, 14.0, 0.0, np.log(1.6)]) for pan in (0.0, -30.0, 30.0)]
    solved = sorted((solve(cells, start, places=1.0, scale=3.0, rounds=25) for start in starts), key=lambda s: s.cost)
    return [one.vector for one in solved[:2]]
