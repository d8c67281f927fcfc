"""A camera that comes back after a cut: its centre is known from another shot, and the lines tell where it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.chain import ClipScene
from sportstrack.pitch.clip.errors import ground_in_view, on_pitch, to_ground
from sportstrack.pitch.clip.joint import Joint, Key, fit_joint
from sportstrack.pitch.clip.model import in_view, pair, support
from sportstrack.pitch.clip.starts import ShotStart
from sportstrack.pitch.clip.step import GATES
from sportstrack.pitch.clip.views import project
from sportstrack.pitch.evidence import SeenFrame

CELLS = 160
"""Cells across the map of line pixels."""
NEAR = 2
"""Cells around a line pixel in which a painted line is still beside it."""
BEYOND = np.array([25.0, 4.0, 0.4])
"""Degrees of pan and tilt, and logarithm of the zoom, by which views may be outside those of the other shots."""
STEP = 0.03
"""Of the width, and in the logarithm of the zoom three times that: from one view that is tried to the next."""
MOST = 40_000
"""Views that are tried."""
KEPT = 12
"""Of these, so many are fitted."""
LEAST_LINES = 80
"""Line pixels that a frame needs."""
LEAST_ON, LEAST_EXPLAINED = 0.4, 0.65
LEAST_PARTS, PART = 4, 6
"""So many different lines and arcs must be seen, each by so many pixels: two lines and an arc are on every court."""
LEAD = 1.25
"""So many times better must the best view agree than any that puts the ground elsewhere."""
ELSEWHERE = 2.5
"""Metres."""
TRIED = 3
"""Frames of a shot that are tried."""
_SPACING = 4  # of the painted points, one in so many
_CHUNK = 2000  # views at once


@dataclass(frozen=True, eq=False)
class KnownCamera:
    """The camera of another shot.

    Attributes:
        shared: (4,) centre and distortion.
        covariance: (4, 4) of them.
        views: (K, 4) that it had.
    """

    shared: Floats
    covariance: Floats
    views: Floats

    @classmethod
    def of(cls, joint: Joint) -> KnownCamera:
        """Return the camera of a shot's joint fit."""
        return cls(joint.shared, joint.covariance, np.array([key.view for key in joint.keys]))


def start_again(
    scene: ClipScene, shot: Sequence[SeenFrame], known: Sequence[KnownCamera], *, tried: int = TRIED
) -> ShotStart | None:
    """Return the fit of a frame of a shot that one of the known cameras sees; None where none of them does."""
    looked = [one.no_pitch for one in scene.evidence.values()]
    if not known or 2 * sum(looked) > len(looked):  # the network has seen that this is no pitch
        return None
    rows = np.unique(np.linspace(0, len(shot) - 1, tried + 2)[1:-1].round().astype(int))
    frames = [shot[row] for row in rows.tolist()]
    best: tuple[float, ShotStart] | None = None
    for seen in sorted(frames, key=lambda one: -len(one.lines)):
        if len(seen.lines) < LEAST_LINES:
            break
        for camera in known:
            found = _found(scene, seen, camera)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        if best is not None:
            return best[1]
    return None


def _found(scene: ClipScene, seen: SeenFrame, camera: KnownCamera) -> tuple[float, ShotStart] | None:
    """Return how well the best view of a known camera agrees with a frame, and the view, if it is believed."""
    fitted = [_fitted(scene, seen, camera, view) for view in _search(scene, seen, camera)]
    fitted.sort(key=lambda one: -one[0] * one[1])
    if not fitted or fitted[0][0] < LEAST_ON or fitted[0][1] < LEAST_EXPLAINED:
        return None
    on, explained, joint = fitted[0]
    others = [one[0] * one[1] for one in fitted[1:] if _apart(scene, joint, one[2]) > ELSEWHERE]
    if on * explained < LEAD * max(others, default=0.0):
        return None
    return on * explained, ShotStart(joint, prior=(camera.shared, camera.covariance))


def _fitted(scene: ClipScene, seen: SeenFrame, camera: KnownCamera, view: Floats) -> tuple[float, float, Joint]:
    """Return the part of painted lines that is seen, the part of line pixels explained, and the fit near a view."""
    shared, prior = camera.shared, (camera.shared, camera.covariance)
    for gate in (4.0, 2.0, 1.0):
        lines = on_pitch(scene.pitch, shared, view, seen.lines, scene.size)
        keys = (Key(seen.frame, view, lines, scene.places(seen.frame)),)
        joint = fit_joint(
            shared, keys, scene.painted, scene.size, gate=gate * GATES[0], rounds=5, distortion=False, prior=prior
        )
        shared, view = joint.shared, joint.keys[0].view
    lines = on_pitch(scene.pitch, shared, view, seen.lines, scene.size)
    at = in_view(scene.painted, shared, view, scene.size)
    _, on, explained = support(lines, at, scene.size)
    parts = np.bincount(scene.painted.part[at.index[pair(lines, at, GATES[0] * scene.size[0]).at]])
    enough = len(lines) >= LEAST_LINES and (parts >= PART).sum() >= LEAST_PARTS
    return (on, explained, joint) if enough else (0.0, 0.0, joint)


def _apart(scene: ClipScene, a: Joint, b: Joint) -> float:
    """Return how far apart two fits put the ground that the first one has in view, in metres, at the median."""
    first, second = (np.concatenate([one.shared, one.keys[0].view]) for one in (a, b))
    pixels = ground_in_view(a.shared, a.keys[0].view, scene.pitch, scene.size)
    if not len(pixels):
        return 0.0
    places = to_ground(np.stack([first, second]), pixels, scene.size)
    return float(np.median(np.nan_to_num(np.linalg.norm(places[0] - places[1], axis=1), nan=1e3)))


def _search(scene: ClipScene, seen: SeenFrame, camera: KnownCamera) -> list[Floats]:
    """Return the views whose painted lines lie best where line pixels are, none close to a better one."""
    near, mass = _map_of(seen.lines, scene.size)
    views, steps = _views(camera, scene.size[0])
    points = scene.painted.points[::_SPACING]
    parts = scene.painted.part[::_SPACING]
    goes_on = np.append(parts[1:] == parts[:-1], False)
    scores = np.concatenate(
        [_scores(near, mass, camera.shared, some, points, goes_on, scene.size) for some in _chunks(views)]
    )
    kept: list[int] = []
    for i in np.argsort(-scores)[: 40 * KEPT].tolist():
        if all((np.abs(views[i] - views[k]) / steps).max() > 2.5 for k in kept):
            kept.append(i)
        if len(kept) == KEPT:
            break
    return [views[i] for i in kept]


def _chunks(views: Floats) -> list[Floats]:
    return [views[i : i + _CHUNK] for i in range(0, len(views), _CHUNK)]


def _views(camera: KnownCamera, width: int) -> tuple[Floats, Floats]:
    """Return views on a grid around those that the camera had, (N, 4), and the steps of the grid, (4,)."""
    low, high = camera.views.min(0), camera.views.max(0)
    middle = np.median(camera.views, axis=0)
    turn = float(np.degrees(STEP * width / np.exp(high[3])))
    steps = np.array([turn, turn, 3 * STEP])
    ends = np.stack([low[[0, 1, 3]] - BEYOND, high[[0, 1, 3]] + BEYOND])
    wider = max(1.0, float((np.prod((ends[1] - ends[0]) / steps + 1) / MOST) ** (1 / 3)))
    pan, tilt, zoom = (np.arange(a, b + s, s) for a, b, s in zip(*ends, steps * wider, strict=True))
    grid = np.stack(np.meshgrid(pan, tilt, [middle[2]], zoom, indexing="ij"), axis=-1).reshape(-1, 4)
    return grid, np.insert(steps * wider, 2, 1.0)


def _map_of(lines: Floats, size: tuple[int, int]) -> tuple[NDArray[np.float32], float]:
    """Return a map of cells near line pixels, with a border, and the length of the lines in cells."""
    scale = CELLS / size[0]
    high = int(np.ceil(size[1] * scale))
    cells = np.zeros((high + 2, CELLS + 2), np.float32)
    column = np.floor(lines[:, 0] * scale).astype(int).clip(0, CELLS - 1) + 1
    row = np.floor(lines[:, 1] * scale).astype(int).clip(0, high - 1) + 1
    cells[row, column] = 1.0
    mass = float(cells.sum())
    wide = cells.copy()
    for step in range(1, NEAR + 1):
        for axis in (0, 1):
            for way in (-step, step):
                wide = np.maximum(wide, (1 - 0.3 * step) * np.roll(cells, way, axis))
    wide[[0, -1]] = wide[:, [0, -1]] = 0.0
    return wide, mass


def _scores(
    near: NDArray[np.float32],
    mass: float,
    shared: Floats,
    views: Floats,
    points: Floats,
    goes_on: NDArray[np.bool_],
    size: tuple[int, int],
) -> Floats:
    """Return (P,) how well the painted lines of views and the line pixels cover each other, 0…1."""
    pixels, depth = project(shared, views, points, (size[0] / 2, size[1] / 2))
    at = pixels * (CELLS / size[0])
    step = np.zeros(at.shape[:2])
    x, y = at[..., 0], at[..., 1]
    step[:, :-1] = np.hypot(x[:, 1:] - x[:, :-1], y[:, 1:] - y[:, :-1]) * goes_on[:-1]
    inside = (depth > 0.5) & (x >= 0) & (x < CELLS) & (y >= 0) & (y < near.shape[0] - 2)
    cell = np.floor(np.where(inside[..., None], at, -1.0)).astype(int) + 1
    length = np.where(inside, np.minimum(step, 12.0), 0.0)
    fits = near[cell[..., 1], cell[..., 0]] * length
    return np.asarray(2 * fits.sum(1) / (length.sum(1) + mass + 10.0))
