"""Masks of a segmentation head at the frame's size, from prototypes and coefficients (YOLACT, Bolya et al. 2019)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sportstrack.masks.places import masks_of_parts
from sportstrack.masks.table import Masks

Matrix = NDArray[np.float32]


def masks_in_frame(
    prototypes: NDArray[np.float32],
    coefficients: NDArray[np.float32],
    xyxy: NDArray[np.float32],
    shape: tuple[int, ...],
) -> Masks:
    """Return N masks of the frame's size: where a box's mask is positive, inside the box.

    The prototypes are enlarged to the frame in two linear steps, as Ultralytics' ``process_mask_native`` does. Both
    steps together are one small matrix for the rows and one for the columns, so only a box's own pixels are computed.

    Args:
        prototypes: (C, h, w) of the network, a quarter of its input's size.
        coefficients: (N, C).
        xyxy: (N, 4) boxes in pixels of the frame.
        shape: (height, width, …) of the frame.
    """
    height, width = shape[:2]
    count, rows, columns = prototypes.shape
    if not len(xyxy):
        return Masks.empty((height, width))
    down, across = _enlargement((rows, columns), (height, width))
    logits = (coefficients @ prototypes.reshape(count, -1)).reshape(-1, rows, columns)
    limits = np.ceil(np.clip(xyxy, 0, np.tile((width, height), 2))).astype(int)
    parts = []
    for logit, (left, top, right, bottom) in zip(logits, limits, strict=True):
        if left < right and top < bottom:
            parts.append(_product(down[top:bottom], logit, across[left:right]) > 0)
        else:
            parts.append(np.zeros((0, 0), np.bool_))
    return masks_of_parts(parts, limits[:, :2], (height, width))


def _product(down: Matrix, logit: NDArray[np.float32], across: Matrix) -> NDArray[np.float32]:
    """Return ``down @ logit @ across.T`` without the rows and columns of zeros in the two matrices."""
    top, bottom = _support(down)
    left, right = _support(across)
    product: NDArray[np.float32] = (down[:, top:bottom] @ logit[top:bottom, left:right]) @ across[:, left:right].T
    return product


def _support(matrix: Matrix) -> tuple[int, int]:
    used = np.flatnonzero(matrix[[0, -1]].any(axis=0))
    return int(used[0]), int(used[-1]) + 1


def _enlargement(small: tuple[int, int], shape: tuple[int, int]) -> tuple[Matrix, Matrix]:
    """Return (height, h) and (width, w): the weights of the prototypes' rows and columns in those of the frame.

    Step one enlarges the prototypes so far that the letterbox's border ends on a whole pixel, step two what is inside.
    """
    size = (4 * small[0], 4 * small[1])
    gain = min(size[0] / shape[0], size[1] / shape[1])
    border = [whole - max(round(side * gain), 1) for whole, side in zip(size, shape, strict=True)]
    odd = (border[0] | border[1]) | (border[0] | border[1]) // 2
    factor = 4 // math.gcd(4, odd)
    middle = (factor * small[0], factor * small[1])
    gain = min(middle[0] / shape[0], middle[1] / shape[1])
    both = []
    for count, whole, side in zip(small, middle, shape, strict=True):
        inner = max(round(side * gain), 1)
        first = round((whole - inner) / 2 - 0.1)
        both.append(_linear(inner, side) @ _linear(count, whole)[first : first + inner])
    return both[0], both[1]


def _linear(before: int, after: int) -> Matrix:
    """Return (after, before): the weights of linear interpolation from one number of samples to another."""
    if before == after:
        return np.eye(before, dtype=np.float32)
    place = np.maximum((np.arange(after) + 0.5) * (before / after) - 0.5, 0)
    low = np.minimum(place.astype(int), before - 1)
    high = np.minimum(low + 1, before - 1)
    weights = np.zeros((after, before), np.float32)
    rows = np.arange(after)
    np.add.at(weights, (rows, high), place - low)
    np.add.at(weights, (rows, low), 1 - (place - low))
    return weights
