"""A picture and boxes for the embedders' tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.embed import load_embedder


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(5).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))


@pytest.fixture(scope="module")
def boxes() -> np.ndarray:
    inside = [[10.3, 5.8, 40.1, 80.2], [50, 20, 70, 90], [0.2, 0.2, 0.4, 0.4]]
    edge = [[-20, -10, 30, 60], [140, 100, 900, 700], [-1e12, -1e12, 1e12, 1e12]]
    return np.array(inside + edge, dtype=np.float64)


@pytest.fixture(scope="session")
def osnet(shared_data: Path) -> Any:
    return load_embedder(str(shared_data / "weights" / "osnet_x0_25_msmt17.onnx"), device="cpu")
