"""A canvas that a camera looks at."""

from __future__ import annotations

import numpy as np
import pytest
from camera_views import HEIGHT, WIDTH


@pytest.fixture(scope="session")
def canvas() -> np.ndarray:
    """A picture (3·HEIGHT, 3·WIDTH, 3) with structure at every size, as a stadium has."""
    import cv2

    rng = np.random.default_rng(3)
    size = (3 * WIDTH, 3 * HEIGHT)
    picture = np.zeros(size[::-1], np.float32)
    for cell in (4, 12, 40, 120):
        coarse = rng.normal(0, 20, (size[1] // cell, size[0] // cell)).astype(np.float32)
        picture += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    tints = np.array([0.8, 1.0, 0.7], np.float32)
    return np.clip(110 + picture[..., None] * tints, 0, 255).astype(np.uint8)
