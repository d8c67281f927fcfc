"""How far off the ground in view may be, from the covariance of a view."""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.views import SHARED, VIEW, rotations, slopes
from sportstrack.pitch.model import Pitch

_GRID = (9, 6)
_BESIDE = 3.0  # metres around the pitch
_STEPS = np.array([1e-3, 1e-3, 1e-3, 1e-5, 1e-4, 1e-4, 1e-4, 1e-6])  # as in views.py, larger


def ground_in_view(shared: Floats, view: Floats, pitch: Pitch, size: tuple[int, int]) -> Floats:
    """Return pixels (N, 2) of a grid over the picture that are on the pitch; empty where none is."""
    across, down = (np.arange(n) + 0.5 for n in _GRID)
    x, y = np.meshgrid(across * size[0] / _GRID[0], down * size[1] / _GRID[1])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    metres = to_ground(np.concatenate([shared, view])[None], pixels, size)[0]
    reach_x, reach_y = pitch.reach
    with np.errstate(invalid="ignore"):
        on = (np.abs(metres[:, 0]) <= reach_x + _BESIDE) & (np.abs(metres[:, 1]) <= reach_y + _BESIDE)
    return np.asarray(pixels[on])


def on_pitch(pitch: Pitch, shared: Floats, view: Floats, lines: Floats, size: tuple[int, int]) -> Floats:
    """Return those line pixels (N, 3) that are on the pitch or close to it: boards and stands have lines as well."""
    metres = to_ground(np.concatenate([shared, view])[None], lines[:, :2], size)[0]
    reach_x, reach_y = pitch.reach
    with np.errstate(invalid="ignore"):
        near = (np.abs(metres[:, 0]) <= reach_x + _BESIDE) & (np.abs(metres[:, 1]) <= reach_y + _BESIDE)
    return np.asarray(lines[near])


def to_ground(numbers: Floats, pixels: Floats, size: tuple[int, int]) -> Floats:
    """Return places on the ground (P, N, 2) of pixels (N, 2) for P rows of shared and view, (P, 8); NaN above it."""
    shared, views = numbers[:, :SHARED], numbers[:, SHARED:]
    flat = (pixels - np.divide(size, 2)).T / np.exp(views[:, 3])[:, None, None]
    x, y = flat[:, 0], flat[:, 1]
    k = shared[:, 3, None]
    if k.any():
        for _ in range(4):  # a fixed point, close for the small distortions of such lenses
            by = 1 + k * (x * x + y * y)
            x, y = flat[:, 0] / by, flat[:, 1] / by
    rays = rotations(views).transpose(0, 2, 1) @ np.stack([x, y, np.ones_like(x)], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = shared[:, 2, None] / rays[:, 2]
        along = np.where((along > 0) & np.isfinite(along), along, np.nan)
    return np.asarray((shared[:, :2, None] + along[:, None] * rays[:, :2]).transpose(0, 2, 1))


def errors(
    shared: Floats, view: Floats, covariance: Floats, pixels: Floats, size: tuple[int, int]
) -> tuple[float, float]:
    """Return the root mean square error in pixels and the median error in metres of the ground at pixels (N, 2).

    Args:
        shared: (4,).
        view: (4,).
        covariance: of the view (4, 4), or of shared and view (8, 8).
        pixels: (N, 2) as of `ground_in_view`.
        size: (width, height).
    """
    return errors_by(ground_slopes(shared, view, pixels, size, with_shared=len(covariance) > VIEW), covariance)


def ground_slopes(
    shared: Floats, view: Floats, pixels: Floats, size: tuple[int, int], *, with_shared: bool = False
) -> tuple[Floats, Floats]:
    """Return what numbers change in the picture and on the ground at pixels (N, 2): (N, 2, 4), or (N, 2, 8), each."""
    first = 0 if with_shared else SHARED
    numbers = np.concatenate([shared, view])
    places = to_ground(np.concatenate([numbers[None], numbers + np.diag(_STEPS)[first:]]), pixels, size)
    metres = ((places[1:] - places[0]) / _STEPS[first:, None, None]).transpose(1, 2, 0)
    level = np.column_stack([places[0], np.zeros(len(pixels))])
    return slopes(shared, view, level, (size[0] / 2, size[1] / 2), with_shared=with_shared)[1], metres


def errors_by(slopes: tuple[Floats, Floats], covariance: Floats) -> tuple[float, float]:
    """Return `errors` from `ground_slopes`."""
    if len(slopes[0]) < 3:
        return float("nan"), float("nan")
    in_pixels, in_metres = ((one @ covariance * one).sum((1, 2)) for one in slopes)
    return float(np.sqrt(in_pixels.mean())), float(np.sqrt(np.median(in_metres)))


def excess(
    shared: Floats, covariance: Floats, view: Floats, pitch: Pitch, size: tuple[int, int]
) -> tuple[float, float]:
    """Return the error, in pixels and metres, that stays where turning and zooming make up for a wrong centre.

    Args:
        shared: (4,).
        covariance: (4, 4) of it.
        view: (4,).
        pitch: the model.
        size: (width, height).
    """
    at = ground_in_view(shared, view, pitch, size)
    if len(at) < 3:
        return 0.0, 0.0
    ground = to_ground(np.concatenate([shared, view])[None], at, size)[0]
    level = np.column_stack([ground, np.zeros(len(ground))])
    _, jacobian = slopes(shared, view, level, (size[0] / 2, size[1] / 2), with_shared=True)
    flat = jacobian.reshape(-1, SHARED + VIEW)
    turn = -np.linalg.lstsq(flat[:, SHARED:], flat[:, :SHARED], rcond=None)[0]
    both = np.vstack([np.eye(SHARED), turn])
    return errors(shared, view, both @ covariance @ both.T, at, size)
