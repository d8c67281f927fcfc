"""Views of one camera as numbers: what all frames share, and the four numbers of each frame.

Shared: x, y and height of the centre in metres, and the distortion. A view: pan, tilt and roll in degrees, and the
logarithm of the focal length in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin
from typing import Any

import numpy as np
import numpy.typing as npt

from sportstrack.pitch.camera import Camera, Floats

SHARED, VIEW = 4, 4
_UPWARDS = np.array([1.0, 1.0, -1.0])  # heights are counted upwards, the camera's axes point down
LEAST_DEPTH = 0.05
"""Metres: what is nearer to the camera, or behind it, is projected as if it were so far away."""


def shared_of(camera: Camera) -> Floats:
    """Return (4,): the centre and the distortion."""
    return np.array([*camera.centre, camera.distortion])


def view_of(camera: Camera) -> Floats:
    """Return (4,): pan, tilt, roll and the logarithm of the focal length."""
    return np.array([camera.pan, camera.tilt, camera.roll, np.log(camera.focal)])


def camera_of(shared: Floats, view: Floats, principal: tuple[float, float]) -> Camera:
    """Return the camera of a view."""
    x, y, height, k = shared.tolist()
    pan, tilt, roll, zoom = view.tolist()
    return Camera((x, y, height), pan, tilt, roll, float(np.exp(zoom)), principal, k)


def rotations(views: Floats) -> Floats:
    """Return (P, 3, 3) of views (P, 4), as `Camera.rotation`."""
    angles = np.radians(views[:, :3]).T
    (sin_p, sin_t, sin_r), (cos_p, cos_t, cos_r) = np.sin(angles), np.cos(angles)
    turned = np.empty((len(views), 3, 3))
    down_x, down_y = -sin_t * sin_p, sin_t * cos_p
    turned[:, 0, 0], turned[:, 0, 1], turned[:, 0, 2] = (
        cos_r * cos_p + sin_r * down_x,
        cos_r * sin_p + sin_r * down_y,
        sin_r * cos_t,
    )
    turned[:, 1, 0], turned[:, 1, 1], turned[:, 1, 2] = (
        cos_r * down_x - sin_r * cos_p,
        cos_r * down_y - sin_r * sin_p,
        cos_r * cos_t,
    )
    turned[:, 2, 0], turned[:, 2, 1], turned[:, 2, 2] = cos_t * sin_p, -cos_t * cos_p, sin_t
    return turned


def rotation(view: Floats) -> Floats:
    """Return the rotation (3, 3) of one view (4,)."""
    pan, tilt, roll = np.radians(view[:3]).tolist()
    sin_p, sin_t, sin_r, cos_p, cos_t, cos_r = sin(pan), sin(tilt), sin(roll), cos(pan), cos(tilt), cos(roll)
    down_x, down_y = -sin_t * sin_p, sin_t * cos_p
    return np.array(
        [
            [cos_r * cos_p + sin_r * down_x, cos_r * sin_p + sin_r * down_y, sin_r * cos_t],
            [cos_r * down_x - sin_r * cos_p, cos_r * down_y - sin_r * sin_p, cos_r * cos_t],
            [cos_t * sin_p, -cos_t * cos_p, sin_t],
        ]
    )


def project(shared: Floats, views: Floats, points: Floats, principal: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return pixels (P, N, 2) and depths (P, N) of points (N, 3) with heights; pixels mean nothing behind the camera.

    Args:
        shared: (4,) or (P, 4).
        views: (P, 4).
        points: (N, 3) x, y and height in metres.
        principal: of the camera's axis, in pixels.
    """
    shared = np.broadcast_to(shared, (len(views), SHARED))
    turned = rotations(views)
    flipped, centres = (points * (1.0, 1.0, -1.0)).T, shared[:, :3] * (1.0, 1.0, -1.0)
    inside = turned @ flipped - turned @ centres[..., None]  # coordinates in rows: quicker than in short columns
    depth = inside[:, 2]
    x, y = inside[:, :2].transpose(1, 0, 2) / np.maximum(depth, LEAST_DEPTH)
    scale = np.broadcast_to(np.exp(views[:, 3])[:, None], x.shape)
    if shared[:, 3].any():
        scale = scale * (1 + shared[:, 3, None] * (x * x + y * y))
    return np.stack([x * scale + principal[0], y * scale + principal[1]], axis=-1), depth


@dataclass(frozen=True, eq=False)
class Sight:
    """Points as one view has them.

    Attributes:
        turn: (3, 3) rotation of the view.
        roll: of the view in radians.
        lens: distortion and focal length in pixels.
        depth: (N,) in metres.
        flat: (2, N) right and down by depth.
        pixels: (N, 2); they mean nothing behind the camera.
    """

    turn: Floats
    roll: float
    lens: tuple[float, float]
    depth: Floats
    flat: Floats
    pixels: Floats

    @classmethod
    def of(cls, shared: Floats, view: Floats, points: Floats, principal: tuple[float, float]) -> Sight:
        """Return points (N, 3) with heights as a view has them."""
        turn = rotation(view)
        upwards = turn * _UPWARDS
        inside = upwards @ points.T
        inside -= (upwards @ shared[:3])[:, None]
        flat = inside[:2] / np.maximum(inside[2], LEAST_DEPTH)
        k, focal = float(shared[3]), float(np.exp(view[3]))
        bent = flat * (focal * (1 + k * (flat[0] ** 2 + flat[1] ** 2))) if k else flat * focal
        return cls(turn, float(np.radians(view[2])), (k, focal), inside[2], flat, bent.T + principal)

    def take(self, rows: npt.NDArray[Any] | slice) -> Sight:
        """Return some of the points."""
        return Sight(self.turn, self.roll, self.lens, self.depth[rows], self.flat[:, rows], self.pixels[rows])

    def ways(self, along: Floats) -> Floats:
        """Return (2, N) how pixels change for each metre that points go along (N, 3)."""
        moved = (self.turn * _UPWARDS) @ along.T
        x, y = (moved[:2] - self.flat * moved[2]) / self.depth
        (xx, yy), xy = self._stretch()
        return np.stack([xx * x + xy * y, xy * x + yy * y])

    def across(self, normal: Floats, *, with_shared: bool = False) -> Floats:
        """Return (4, N), or (8, N) with shared first: how pixels move along directions (2, N) for each number."""
        (xx, yy), xy = self._stretch()
        x, y = normal
        return self._by_numbers(normal, np.stack([xx * x + xy * y, xy * x + yy * y]), with_shared)

    def slopes(self, *, with_shared: bool = False) -> Floats:
        """Return the derivatives of the pixels, (4, 2, N), or (8, 2, N) with shared first."""
        straight, xy = self._stretch()
        by_flat = np.empty((2, 2, len(xy)))
        by_flat[0, 0], by_flat[1, 1] = straight
        by_flat[0, 1] = by_flat[1, 0] = xy
        return self._by_numbers(np.eye(2)[..., None], by_flat, with_shared)

    def _stretch(self) -> tuple[Floats, Floats]:
        """Return how pixels change with what is right and down by depth: xx and yy (2, N), and xy (N,)."""
        (k, focal), (x, y) = self.lens, self.flat
        if not k:
            return np.full((2, len(x)), focal), np.zeros(len(x))
        square = self.flat**2
        return focal * (1 + k * (square[0] + square[1]) + 2 * k * square), 2 * focal * k * x * y

    def _by_numbers(self, normal: Floats, by_flat: Floats, with_shared: bool) -> Floats:
        """Return slopes (…, N) along directions (2, …, N) for each number; ``by_flat`` is what they are for `flat`."""
        (k, focal), (x, y), (gx, gy) = self.lens, self.flat, by_flat
        out = normal[0] * x + normal[1] * y
        sum_ = x * gx + y * gy
        square = x * x + y * y
        found = np.empty((SHARED + VIEW if with_shared else VIEW, *sum_.shape))
        turned = np.stack([-gy - y * sum_, gx + x * sum_, x * gy - y * gx])  # about the camera's axes
        found[-4:-1] = (self._axes() @ turned.reshape(3, -1)).reshape(turned.shape)
        found[-1] = focal * (1 + k * square) * out
        if with_shared:
            moved = np.stack([gx, gy, -sum_]) / np.maximum(self.depth, LEAST_DEPTH)
            found[:3] = ((self.turn * -_UPWARDS).T @ moved.reshape(3, -1)).reshape(moved.shape)
            found[3] = focal * square * out
        return found

    def _axes(self) -> Floats:
        """Return (3, 3) what points turn about, along the camera's axes, for each degree of pan, tilt and roll."""
        (x, y, z), roll = -self.turn[:, 2], self.roll
        return np.array([[x, y, z], [np.cos(roll), -np.sin(roll), 0.0], [0.0, 0.0, -1.0]]) * (np.pi / 180)


def slopes(
    shared: Floats, view: Floats, points: Floats, principal: tuple[float, float], *, with_shared: bool = False
) -> tuple[Floats, Floats]:
    """Return pixels (N, 2) of points (N, 3), and their derivatives (N, 2, 4), or (N, 2, 8), shared first."""
    seen = Sight.of(shared, view, points, principal)
    return seen.pixels, seen.slopes(with_shared=with_shared).transpose(2, 1, 0)


def rays_of(shared: Floats, view: Floats, pixels: Floats, principal: tuple[float, float]) -> Floats:
    """Return directions (N, 3) of pixels (N, 2) in the world: x, y, height."""
    camera = camera_of(shared, view, principal)
    return np.asarray((camera.rays(pixels) @ camera.rotation) * _UPWARDS)


def far_sight(view: Floats, k: float, rays: Floats, principal: tuple[float, float]) -> Sight:
    """Return what lies infinitely far in directions (N, 3) as a view has it."""
    return Sight.of(np.array([0.0, 0.0, 0.0, k]), view, rays, principal)
