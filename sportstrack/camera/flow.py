"""Camera motion by sparse optical flow: corners of the background followed from frame to frame.

Corners after Shi and Tomasi, *Good Features to Track*, CVPR 1994, the best one of each cell of a grid, so that a rich
stand does not outvote the pitch; followed by the pyramidal method of Lucas and Kanade (Bouguet 2000); a similarity is
fitted with RANSAC. The default of BoT-SORT as well (Aharon et al. 2022, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.camera.affine import fit_points
from sportstrack.camera.images import Grey, ImageMotion
from sportstrack.images.corners import best_corners
from sportstrack.images.opencv import require_cv2
from sportstrack.types import BoolArray, FloatArray


def flow_camera() -> ImageMotion:
    """Return the default method: sparse optical flow."""
    return ImageMotion(SparseFlow())


@dataclass(frozen=True)
class _Corners:
    grey: Grey  # (h, w)
    free: Grey  # (h, w)
    points: FloatArray  # (N, 2) pixel centres


@dataclass(frozen=True)
class SparseFlow:
    """Follow corners; lengths are in pixels of the shrunken picture.

    Attributes:
        width: pictures are halved until they are at most this wide.
        cell: side of the grid's cells; one corner each.
        contrast: a corner is at least this strong (lesser eigenvalue of the gradient's covariance). Very low, because
            turf has nothing better, and because on turf the strong corners are players' shadows.
        window: side of the patch that is followed.
        levels: halvings of the pyramid.
        rounds: most iterations a level.
        tolerance: distance up to which a corner agrees with the common motion.
        least: fewest corners that must agree.
        share: lowest share of the followed corners that must agree.
    """

    width: int = 400
    cell: int = 24
    contrast: float = 1e-5
    window: int = 15
    levels: int = 3
    rounds: int = 10
    tolerance: float = 0.5
    least: int = 8
    share: float = 0.4

    def describe(self, grey: Grey, free: Grey) -> _Corners:
        """Find the corners of the background."""
        return _Corners(grey, free, best_corners(grey, self.cell, self.contrast, free))

    def relate(self, before: _Corners, after: _Corners) -> FloatArray | None:
        """Follow the corners of one picture into the next and fit the common motion."""
        if len(before.points) < self.least:
            return None
        cv2 = require_cv2()
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, self.rounds, 0.03)
        start = before.points.astype(np.float32).reshape(-1, 1, 2)
        window = (self.window, self.window)
        end, found, _ = cv2.calcOpticalFlowPyrLK(
            before.grey, after.grey, start, None, winSize=window, maxLevel=self.levels, criteria=stop
        )
        landed = end.reshape(-1, 2).astype(np.float64)
        keep = (found.ravel() == 1) & _is_free(after.free, landed)
        return fit_points(before.points[keep], landed[keep], self.tolerance, self.least, self.share)


def _is_free(free: Grey, points: FloatArray) -> BoolArray:
    """(N,) whether a point lies in the picture and outside the boxes."""
    height, width = free.shape
    pixel = np.rint(np.clip(points, -1.0, max(height, width))).astype(np.int64)
    inside: BoolArray = np.logical_and.reduce((pixel >= 0) & (pixel < (width, height)), axis=1)
    inside[inside] = free[pixel[inside, 1], pixel[inside, 0]] > 0
    return inside
