"""Directions of motion, as OC-SORT compares them."""

from __future__ import annotations

import numpy as np

from sportstrack.types import FloatArray

STILL = 1e-6  # pixels; added to a distance, so that a box that stands still has no direction
_BLOCK = 20_000  # pairs; larger matrices are filled in blocks of rows that stay in the processor's cache


def direction_agreement(
    direction: FloatArray, previous: FloatArray, centre: FloatArray, weight: FloatArray
) -> FloatArray:
    """Return (T, N) how well moving on to each detection agrees with each track's direction, −½π … ½π, weighted.

    Args:
        direction: (2, T) unit vectors, 0 while unknown.
        previous: (2, T) centres of the tracks' previous observations.
        centre: (2, N) of the detections.
        weight: (N,) of the detections.
    """
    share = np.empty((direction.shape[1], centre.shape[1]))
    step = max(1, _BLOCK // max(1, len(weight)))
    for start in range(0, len(share), step):
        part = slice(start, start + step)
        move = centre[:, None, :] - previous[:, part, None]
        distance = np.hypot(move[0], move[1])
        distance += STILL
        move *= direction[:, part, None]
        aligned = np.add(move[0], move[1], out=share[part])
        aligned /= distance
        np.minimum(np.maximum(aligned, -1.0, out=aligned), 1.0, out=aligned)
        np.arcsin(aligned, out=aligned)  # a right angle less the angle between the two
        aligned *= weight
    return share
