"""Camera motion by matched key points: ORB (Rublee, Rabaud, Konolige, Bradski, ICCV 2011), no limit on the shift.

Points are found anew in each picture and matched by their surroundings, so a jerk of half a picture is no harder than a
slow pan. Each point is less precise than a corner that optical flow follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.camera.affine import fit_points
from sportstrack.camera.images import Grey, ImageMotion
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray


def orb_camera() -> ImageMotion:
    """Return camera motion by ORB key points."""
    return ImageMotion(OrbPoints())


@dataclass(frozen=True)
class _Points:
    places: FloatArray  # (N, 2) pixel centres
    descriptors: Any  # (N, 32) uint8, None if there are no points


@dataclass(frozen=True)
class OrbPoints:
    """Match key points; lengths are in pixels of the shrunken picture.

    Attributes:
        width: pictures are halved until they are at most this wide.
        points: most key points in a picture.
        threshold: contrast of a key point in grey levels.
        tolerance: distance up to which a point agrees with the common motion.
        least: fewest points that must agree.
        share: lowest share of the matched points that must agree; wrong matches are common on turf.
    """

    width: int = 640
    points: int = 500
    threshold: int = 7
    tolerance: float = 1.5
    least: int = 12
    share: float = 0.25

    def describe(self, grey: Grey, free: Grey) -> _Points:
        """Find key points of the background and describe their surroundings."""
        cv2 = require_cv2()
        finder = cv2.ORB_create(nfeatures=self.points, fastThreshold=self.threshold, nlevels=4, edgeThreshold=15)
        found, descriptors = finder.detectAndCompute(grey, free)
        return _Points(np.array([point.pt for point in found], np.float64).reshape(-1, 2), descriptors)

    def relate(self, before: _Points, after: _Points) -> FloatArray | None:
        """Pair the points that are most similar to each other, and fit the common motion."""
        if before.descriptors is None or after.descriptors is None:
            return None
        cv2 = require_cv2()
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(before.descriptors, after.descriptors)
        rows = np.array([(pair.queryIdx, pair.trainIdx) for pair in pairs], np.int64).reshape(-1, 2)
        return fit_points(before.places[rows[:, 0]], after.places[rows[:, 1]], self.tolerance, self.least, self.share)
