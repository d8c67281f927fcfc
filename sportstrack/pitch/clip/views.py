"""Views of one camera as numbers: what all frames share, and the four numbers of each frame.

Shared: x, y and height of the centre in metres, and the distortion. A view: pan, tilt and roll in degrees, and the
logarithm of the focal length in pixels. Many views project many points in one call, which gives slopes cheaply.
"""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.camera import Camera, Floats

SHARED, VIEW = 4, 4
_STEPS = np.array([1e-3, 1e-3, 1e-3, 1e-6, 1e-5, 1e-5, 1e-5, 1e-7])  # m, m, m, k; degrees, logarithm


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
    x, y = inside[:, :2].transpose(1, 0, 2) / np.maximum(depth, 0.05)
    scale = np.broadcast_to(np.exp(views[:, 3])[:, None], x.shape)
    if shared[:, 3].any():
        scale = scale * (1 + shared[:, 3, None] * (x * x + y * y))
    return np.stack([x * scale + principal[0], y * scale + principal[1]], axis=-1), depth


def slopes(
    shared: Floats, view: Floats, points: Floats, principal: tuple[float, float], *, with_shared: bool = False
) -> tuple[Floats, Floats]:
    """Return pixels (N, 2) of points (N, 3), and their derivatives (N, 2, 4), or (N, 2, 8), shared first."""
    first = 0 if with_shared else SHARED
    steps = np.diag(_STEPS)[first:]
    every = np.concatenate([shared, view]) + np.concatenate([np.zeros((1, 8)), steps])
    pixels, _ = project(every[:, :SHARED], every[:, SHARED:], points, principal)
    jacobian = (pixels[1:] - pixels[0]) / _STEPS[first:, None, None]
    return pixels[0], jacobian.transpose(1, 2, 0)


def rays_of(shared: Floats, view: Floats, pixels: Floats, principal: tuple[float, float]) -> Floats:
    """Return directions (N, 3) of pixels (N, 2) in the world: x, y, height."""
    camera = camera_of(shared, view, principal)
    return np.asarray((camera.rays(pixels) @ camera.rotation) * (1.0, 1.0, -1.0))


def turned_slopes(view: Floats, k: float, rays: Floats, principal: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return pixels (N, 2) of what lies infinitely far in directions (N, 3), and their derivatives (N, 2, 4)."""
    return slopes(np.array([0.0, 0.0, 0.0, k]), view, rays, principal)
