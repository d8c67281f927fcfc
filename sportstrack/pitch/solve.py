"""Cameras that fit marks: what each mark is off, the homography to begin with, and least squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.camera import Camera, Floats
from sportstrack.pitch.marks import Placed

PER_FRAME = 4  # pan, tilt, roll in degrees, logarithm of the focal length


def pixel_errors(camera: Camera, placed: Sequence[Placed]) -> Floats:
    """Return the distance in pixels of each mark from its place as the camera sees it, (N,)."""
    return np.asarray([np.linalg.norm(part) for part in residuals(camera, placed)])


def ground_errors(camera: Camera, placed: Sequence[Placed]) -> Floats:
    """Return the distance in metres of each mark, taken to the ground, from its place; (N,), NaN above the horizon."""
    found = []
    for one in placed:
        if one.point is not None:
            x, y = camera.to_ground(one.mark.pixel, one.point[2])[0] - one.point[:2]
            found.append(np.hypot(x, y))
        elif one.line is not None:
            found.append(abs(_beside(camera.to_ground(one.mark.pixel), one.line.start, one.line.end)[0]))
    return np.asarray(found)


def _beside(points: Floats, start: Sequence[float], end: Sequence[float]) -> Floats:
    """Return the signed distances of points from the endless line through two."""
    (x, y), (u, v) = start, np.subtract(end, start)
    return np.asarray(((points[:, 0] - x) * v - (points[:, 1] - y) * u) / np.hypot(u, v))


def residuals(camera: Camera, placed: Sequence[Placed]) -> list[Floats]:
    """Return what each mark is off, in pixels: two numbers for a point, one for a point of a line."""
    rotation, focal = camera.rotation, camera.focal
    centre = np.array([camera.centre[0], camera.centre[1], -camera.centre[2]])

    def seen(point: Sequence[float]) -> Floats:
        x, y, *high = point
        return np.asarray(rotation @ (np.array([x, y, -high[0] if high else 0.0]) - centre))

    found = []
    for one in placed:
        if one.point is not None:
            right, down, forward = seen(one.point)
            flat = np.array([right, down]) / max(forward, 0.05)  # behind the camera: far off, and still a slope
            bent = flat * (1 + camera.distortion * (flat @ flat))
            found.append(np.asarray(camera.principal + focal * bent - one.mark.pixel))
        elif one.line is not None:
            normal = np.cross(seen(one.line.start), seen(one.line.end))
            ray = camera.rays(one.mark.pixel)[0]
            found.append(np.array([focal * (normal @ ray) / max(float(np.hypot(*normal[:2])), 1e-12)]))
    return found


def rms(values: npt.ArrayLike) -> float:
    """Return the root of the mean of squares."""
    return float(np.sqrt(np.mean(np.square(values))))


def homography(placed: Sequence[Placed], frame: int) -> Floats:
    """Return the homography from metres to pixels by a direct linear transform (Hartley & Zisserman, 4.1 and 4.7)."""
    to_unit = _normal([one.mark.pixel for one in placed])
    place_to_unit = _normal([p for one in placed for p in _places(one)])
    rows = []
    for one in placed:
        pixel = to_unit @ (*one.mark.pixel, 1.0)
        places = [place_to_unit @ (*p, 1.0) for p in _places(one)]
        if one.line is None:
            x, y, _ = places[0]
            rows += [np.kron((1.0, 0.0, -x), pixel), np.kron((0.0, 1.0, -y), pixel)]
        else:
            line = np.cross(places[0], places[1])
            rows.append(np.kron(line / np.hypot(*line[:2]), pixel))
    table = np.array(rows)
    values = np.linalg.svd(table, compute_uv=False) if rows else np.zeros(1)
    told = int((values > 1e-3 * max(values[0], 1e-9)).sum())
    if told < 8:
        raise SettingError(
            f"frame {frame}: its {len(placed)} marks on the ground give {told} of the 8 numbers that a view needs (a "
            "point gives two, a line one); mark more points, and points that are not on one line"
        )
    to_ground = np.linalg.svd(table)[2][-1].reshape(3, 3)
    if np.linalg.cond(to_ground) > 1e9:
        raise SettingError(f"frame {frame}: its {len(placed)} marks do not tell a view of the ground")
    return np.asarray(np.linalg.inv(np.linalg.inv(place_to_unit) @ to_ground @ to_unit))


def _normal(points: Sequence[Sequence[float]]) -> Floats:
    """Return the (3, 3) similarity that gives points the mean 0 and the mean distance √2."""
    where = np.asarray(points, dtype=float).reshape(-1, 2)
    middle = where.mean(0) if len(where) else np.zeros(2)
    scale = np.sqrt(2) / max(1e-9, float(np.linalg.norm(where - middle, axis=1).mean()) if len(where) else 1.0)
    return np.array([[scale, 0.0, -scale * middle[0]], [0.0, scale, -scale * middle[1]], [0.0, 0.0, 1.0]])


def _places(one: Placed) -> list[Sequence[float]]:
    """Return where a mark is on the ground: a point, or two of its line."""
    if one.point is not None:
        return [one.point[:2]]
    return [one.line.start, one.line.end] if one.line is not None else []


def refine(frames: Mapping[int, Sequence[Placed]], starts: Mapping[int, Camera], distortion: bool) -> dict[int, Camera]:
    """Return the cameras with one centre that fit all marks best, with a loss that grows slowly for wrong ones."""
    from scipy.optimize import least_squares

    principal = starts[next(iter(frames))].principal
    x0 = pack({frame: starts[frame] for frame in frames}, distortion)

    def residuals(x: Floats) -> Floats:
        return all_residuals(frames, unpack(x, list(frames), principal))

    scale = np.concatenate([[10.0] * 3, [5.0, 5.0, 5.0, 0.3] * len(frames), [0.1] if distortion else []])
    done = least_squares(residuals, x0, x_scale=scale, loss="soft_l1", f_scale=3.0, max_nfev=200)
    return unpack(done.x, list(frames), principal)


def pack(cameras: Mapping[int, Camera], distortion: bool) -> Floats:
    """Return the numbers that are fitted: the centre, four for each frame, the distortion."""
    centre = np.median([camera.centre for camera in cameras.values()], axis=0)
    each = [(c.pan, c.tilt, c.roll, np.log(c.focal)) for c in cameras.values()]
    bent = [next(iter(cameras.values())).distortion] if distortion else []
    return np.concatenate([centre, np.ravel(each), bent])


def unpack(x: Floats, frames: Sequence[int], principal: tuple[float, float]) -> dict[int, Camera]:
    """Return the cameras of `pack`'s numbers."""
    place = (float(x[0]), float(x[1]), float(x[2]))
    end = 3 + PER_FRAME * len(frames)
    k = float(x[end]) if len(x) > end else 0.0
    views = x[3:end].reshape(-1, PER_FRAME).tolist()
    return {
        frame: Camera(place, pan, tilt, roll, float(np.exp(np.clip(zoom, -5, 25))), principal, k)
        for frame, (pan, tilt, roll, zoom) in zip(frames, views, strict=True)
    }


def all_residuals(frames: Mapping[int, Sequence[Placed]], cameras: Mapping[int, Camera]) -> Floats:
    """Return what all marks of all frames are off, in pixels, as one row."""
    found = [part for frame, placed in frames.items() for part in residuals(cameras[frame], placed)]
    return np.clip(np.nan_to_num(np.concatenate(found), nan=1e5), -1e5, 1e5)
