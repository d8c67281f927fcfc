"""Camera motion by direct alignment: the affine under which all pixels of two pictures correlate best.

Evangelidis and Psarakis: *Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization*, PAMI 2008.
It climbs from a first guess, here the shift found by phase correlation. It needs no corners and tolerates a change of
light, but half of its pixels may not belong to something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.camera.images import Grey, ImageMotion
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray


def ecc_camera() -> ImageMotion:
    """Return camera motion by the enhanced correlation coefficient."""
    return ImageMotion(DirectAlignment())


@dataclass(frozen=True)
class _Picture:
    grey: Grey  # (h, w)
    free: Grey  # (h, w)


@dataclass(frozen=True)
class DirectAlignment:
    """Align pictures; lengths are in pixels of the shrunken picture.

    Attributes:
        width: pictures are halved until they are at most this wide.
        rounds: most iterations.
        precision: change of the correlation at which to stop.
        blur: side of the Gaussian that smooths both pictures.
        correlation: lowest correlation of aligned pictures that is believed.
        contrast: lowest standard deviation of a picture in grey levels; flatter ones align with anything.
    """

    width: int = 320
    rounds: int = 30
    precision: float = 1e-4
    blur: int = 5
    correlation: float = 0.8
    contrast: float = 2.0

    def describe(self, grey: Grey, free: Grey) -> _Picture:
        """Keep the picture and the mask of the background."""
        return _Picture(grey, free)

    def relate(self, before: _Picture, after: _Picture) -> FloatArray | None:
        """Align one picture with the next."""
        cv2 = require_cv2()
        if min(_contrast(before), _contrast(after)) < self.contrast:
            return None
        guess = np.eye(2, 3, dtype=np.float32)
        guess[:, 2] = _shift(before.grey, after.grey)
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, self.rounds, self.precision)
        try:
            found, affine = cv2.findTransformECC(
                before.grey, after.grey, guess, cv2.MOTION_AFFINE, stop, after.free, self.blur
            )
        except cv2.error:  # the pictures have nothing in common
            return None
        return affine.astype(np.float64) if found >= self.correlation else None


def _contrast(picture: _Picture) -> float:
    free = picture.grey[picture.free > 0]
    return float(free.std()) if free.size else 0.0


def _shift(before: Grey, after: Grey) -> tuple[float, float]:
    """The shift (x, y) by phase correlation (Kuglin and Hines 1975)."""
    cv2 = require_cv2()
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(before.astype(np.float32), after.astype(np.float32), window)
    return x, y
