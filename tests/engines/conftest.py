"""A converted network, made once for all tests of the engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sportstrack.engines.convert import to_onnx


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file that leaves the size open, of the demo's weights."""
    path = tmp_path_factory.mktemp("converted") / "net.onnx"
    to_onnx("demo", path)
    return path


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(2).random((1, 3, 64, 96), np.float32)
