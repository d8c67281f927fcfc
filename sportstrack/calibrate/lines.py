"""Thin bright lines on the field, as points with subpixel places and normals.

Ridges after Steger, *An unbiased detector of curvilinear structures* (PAMI 1998): where the second derivative across is
strongly negative and the first one is zero within the pixel, a line has its middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.images.corners import halve
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray, Image

WIDTH = 1000  # pixels; wider pictures are halved
BLUR = 1.3  # pixels; lines up to about twice as wide have one ridge
LEAST = 3.0  # grey levels by which a line's middle is brighter than its sides, after the blur
FAINTEST, NOISE = 2.0, 2.5  # less is enough in pictures without noise: so many levels, so many times the noise
ACROSS, FEW = 12, 24  # cells across a picture; where fewer of them hold lines, faint ones are looked for
SOFTEST, SOFT_NOISE = 0.9, 1.3  # as FAINTEST and NOISE, for faint lines
IN_A_ROW, BESIDE, ROUND, PARALLEL = 18, 1.2, 60.0, 0.97  # points within STRAIGHT; pixels across; least radius; cosine
STRAIGHT = 18  # pixels: what is shorter is no line but a shirt, a number or a boot
CLUTTER = 750  # points after thinning from which on some are streaks of the grass or of the stands
SPACING = 5.0  # pixels between the points that are kept
MOST = 450  # points that are kept of a frame
SIDE = 4  # pixels from a line's middle to the turf beside it
ALIKE = 26.0  # grey levels by which both sides of a line may differ


def find_lines(image: Image, region: NDArray[np.uint8] | None = None, most: int = MOST) -> FloatArray:
    """Return (N, 3) points in the middle of lines: x, y in pixels of the frame, and the angle of their normal.

    Args:
        image: (H, W, 3) BGR.
        region: (h, w) of any size, above 0 where the field is; None for everywhere.
        most: points that are kept, evenly spread.
    """
    cv2 = require_cv2()
    small, first = halve(image, WIDTH), 0
    to_frame = np.divide(image.shape[1::-1], small.shape[1::-1])
    if region is not None:
        rows = np.flatnonzero(region.any(axis=1))
        if not len(rows):
            return np.empty((0, 3))
        scale = small.shape[0] / len(region)
        first, last = int(rows[0] * scale), int(np.ceil((rows[-1] + 1) * scale))
        region, small = region[rows[0] : rows[-1] + 1], small[first:last]
    # turf has little blue and little red; white lines have both, coloured ones at least one
    paint = cv2.max(cv2.extractChannel(small, 0), cv2.extractChannel(small, 2))
    points = _bedded_ridges(small, paint, region)
    points = points[_long(points, (small.shape[0], small.shape[1]))]
    if len(_thinned(points)) > CLUTTER:
        points = _in_a_row(points)
    if _few(points, small.shape[1]):
        points = np.concatenate([points, _faint(small, paint, region)])
    found: FloatArray = (_thinned(points, most) + (0.5, 0.5 + first, 0.0)) * (*to_frame, 1.0)
    return found


def _few(points: FloatArray, wide: int) -> bool:
    """Return whether points are in so few places of a picture that most of its lines may be faint."""
    return len(np.unique(np.floor(points[:, :2] * (ACROSS / wide)).astype(np.intp) @ (1, ACROSS))) < FEW


def _faint(image: Image, paint: NDArray[np.uint8], region: NDArray[np.uint8] | None) -> FloatArray:
    """Return (N, 3) points of lines that are dark, worn or blurred: in half the size they stand out from the noise."""
    cv2 = require_cv2()
    high, wide = image.shape[0] // 2, image.shape[1] // 2
    if min(high, wide) < 2 * STRAIGHT:
        return np.empty((0, 3))
    half, soft = (cv2.resize(one, (wide, high), interpolation=cv2.INTER_AREA) for one in (image, np.float32(paint)))
    points = _bedded_ridges(half, soft, region)
    scale = np.divide(image.shape[1::-1], (wide, high))
    faint: FloatArray = (_in_a_row(points) + (0.5, 0.5, 0.0)) * (*scale, 1.0) - (0.5, 0.5, 0.0)
    return faint


def _bedded_ridges(image: Image, paint: NDArray[Any], region: NDArray[np.uint8] | None) -> FloatArray:
    """Return (N, 3) the middles of lines with turf on both sides, and the angles of their normals, in pixels."""
    cv2 = require_cv2()
    smooth = cv2.GaussianBlur(paint, (0, 0), BLUR)
    # OpenCV's kernel adds up to four times the sum of both second derivatives
    curved = cv2.Laplacian(smooth, cv2.CV_16S if paint.dtype == np.uint8 else cv2.CV_32F, ksize=3)
    least = _least(curved)
    strong = cv2.compare(curved, -4.0 * least, cv2.CMP_LT)
    strong[[0, -1]] = strong[:, [0, -1]] = 0
    if region is not None:
        shape = (strong.shape[1], strong.shape[0])
        strong = cv2.bitwise_and(strong, cv2.resize(region, shape, interpolation=cv2.INTER_NEAREST))
    places = cv2.findNonZero(strong)
    if places is None:
        return np.empty((0, 3))
    x, y = places.reshape(-1, 2).T
    points = _ridges(smooth, x, y, least)
    return points[_evenly_bedded(image, paint, points, least)]


def _least(curved: NDArray[Any]) -> float:
    """Return the contrast that is no noise: in a dark, smooth picture less than elsewhere."""
    some = np.abs(curved[::7, ::7].ravel())
    noise = 1.48 * float(np.partition(some, len(some) // 2)[len(some) // 2]) / 4
    if curved.dtype == np.int16:
        return float(np.clip(NOISE * noise, FAINTEST, LEAST))
    return float(max(SOFT_NOISE * noise, SOFTEST))


def _ridges(smooth: NDArray[np.uint8], x: NDArray[Any], y: NDArray[Any], least: float) -> FloatArray:
    """Return those of the pixels, none at the border, that hold a line's middle, (N, 3): x, y, angle of the normal."""
    wide = smooth.shape[1]
    flat, at = smooth.ravel(), y.astype(np.intp) * wide + x

    def around(dx: int, dy: int) -> NDArray[np.float32]:
        return np.asarray(flat[at + (dy * wide + dx)], np.float32)

    # the 3 x 3 pixels around each, from top left to bottom right
    a, b, c, d, e, f, g, h, i = (around(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    ac, gi, df, bh = a + c, g + i, d + f, b + h
    hxx = (ac + gi + 2 * df - 2 * (bh + 2 * e)) / 4.0
    hyy = (ac + gi + 2 * bh - 2 * (df + 2 * e)) / 4.0
    half, lean, xy = (hxx + hyy) / 2, (hxx - hyy) / 2, (a - c - g + i) / 4.0
    turn = np.sqrt(lean * lean + xy * xy)
    across, along = half - turn, half + turn
    keep = np.flatnonzero((across < -least / 2) & (np.abs(along) < -0.5 * across))
    a, b, c, d, f, g, h, i = (one[keep] for one in (a, b, c, d, f, g, h, i))
    lean, xy, turn, across = lean[keep], xy[keep], turn[keep], across[keep]
    gx, gy = (c - a + 2 * (f - d) + i - g) / 8.0, (g - a + 2 * (h - b) + i - c) / 8.0  # Sobel's kernels
    # squares and product of the normal: the eigenvector of the lesser eigenvalue
    nxx, nyy, nxy = (1 - lean / turn) / 2, (1 + lean / turn) / 2, -xy / turn / 2
    right, down = (gx * nxx + gy * nxy) / -across, (gx * nxy + gy * nyy) / -across
    inside = (np.abs(right) <= 0.6) & (np.abs(down) <= 0.6)
    keep, right, down = keep[inside], right[inside], down[inside]
    angle = 0.5 * np.arctan2(xy[inside], lean[inside]) + np.pi / 2
    found: FloatArray = np.column_stack([x[keep] + right, y[keep] + down, angle])
    return found


def _evenly_bedded(image: Image, paint: Any, points: FloatArray, least: float) -> NDArray[np.bool_]:
    """Return whether a line is brighter than both of its sides, and these have about one colour: (N,)."""
    if not len(points):
        return np.zeros(0, np.bool_)
    high, wide = paint.shape
    x, y = points.T[:2].astype(np.float32)
    right, down = (SIDE * trigonometric(points[:, 2]).astype(np.float32) for trigonometric in (np.cos, np.sin))

    def at(away: int) -> NDArray[np.intp]:
        row, column = np.rint(y + away * down).clip(0, high - 1), np.rint(x + away * right).clip(0, wide - 1)
        return np.asarray(row.astype(np.intp) * wide + column.astype(np.intp))

    here, there, light = at(-1), at(1), paint.ravel()
    height = light.take(at(0)).astype(np.int16) - np.maximum(light.take(here), light.take(there))
    rows = np.flatnonzero(height >= least)
    sides = (image.reshape(-1, 3).take(side[rows], axis=0).astype(np.int16) for side in (here, there))
    differs = np.abs(np.subtract(*sides))
    most = np.maximum(np.maximum(differs[:, 0], differs[:, 1]), differs[:, 2])
    bedded = np.zeros(len(points), np.bool_)
    bedded[rows] = most <= np.maximum(ALIKE, 0.8 * height[rows])
    return bedded


def _long(points: FloatArray, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return whether a point has as many others of its direction around it as on a line that is long enough, (N,).

    Directions add up as doubled angles: along a line they add, in a crowd they cancel out.
    """
    cv2 = require_cv2()
    high, wide = shape
    column = np.rint(points[:, 0]).astype(np.intp).clip(0, wide - 1)
    row = np.rint(points[:, 1]).astype(np.intp).clip(0, high - 1)
    at = row * wide + column
    # corners of the square around each point in a table of sums, which has one more row and column
    left, right = np.maximum(column - STRAIGHT, 0), np.minimum(column + STRAIGHT + 1, wide)
    top = np.maximum(row - STRAIGHT, 0) * (wide + 1)
    bottom = np.minimum(row + STRAIGHT + 1, high) * (wide + 1)
    corners = bottom + right, top + left, bottom + left, top + right
    along = np.zeros(len(points), np.float32)
    drawn = np.zeros(shape, np.float32)
    for part in (np.cos(2 * points[:, 2]).astype(np.float32), np.sin(2 * points[:, 2]).astype(np.float32)):
        drawn.ravel()[at] = part
        sums = cv2.integral(drawn, sdepth=cv2.CV_32F).ravel()
        a, b, c, d = (sums.take(corner) for corner in corners)
        along += part * (a + b - c - d)
    long: NDArray[np.bool_] = along >= 1.5 * STRAIGHT
    return long


def _in_a_row(points: FloatArray) -> FloatArray:
    """Return one point of each `SPACING` pixels that has enough others on the line or the arc through it.

    Grass has many short bright streaks, but they are not in a row.
    """
    from scipy.spatial import cKDTree

    thin = _thinned(points)
    if len(points) < IN_A_ROW:
        return thin[:0]
    trees = (cKDTree(some[:, :2], balanced_tree=False, compact_nodes=False) for some in (thin, points))
    near = next(trees).sparse_distance_matrix(next(trees), STRAIGHT, output_type="ndarray")
    one, other = near["i"], near["j"]
    (x, y, nx, ny), (to_x, to_y, to_nx, to_ny) = (
        np.column_stack([some[:, :2], np.cos(some[:, 2]), np.sin(some[:, 2])]).T.astype(np.float32)
        for some in (thin, points)
    )
    alike = np.abs(nx[one] * to_nx[other] + ny[one] * to_ny[other]) >= PARALLEL
    one, other = one[alike], other[alike]
    off_x, off_y, nx, ny = to_x[other] - x[one], to_y[other] - y[one], nx[one], ny[one]
    across, along = off_x * nx + off_y * ny, off_y * nx - off_x * ny
    on = np.abs(across) <= BESIDE + along**2 / (2 * ROUND)
    places = np.zeros((len(thin), 2 * STRAIGHT + 1), np.bool_)
    places[one[on], np.rint(along[on]).astype(np.intp) + STRAIGHT] = True
    found: FloatArray = thin[places.sum(1) >= IN_A_ROW]
    return found


def _thinned(points: FloatArray, most: int | None = None) -> FloatArray:
    """Return one point of each `SPACING` pixels, and of these at most ``most``, evenly spread."""
    cell = np.floor(points[:, :2] / SPACING).astype(np.int64) @ (1 << 20, 1)
    _, first = np.unique(cell, return_index=True)
    if most is not None and len(first) > most:
        first = first[np.linspace(0, len(first) - 1, most).astype(np.intp)]
    kept: FloatArray = points[first]
    return kept
