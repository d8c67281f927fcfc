"""Fixtures of the detectors' tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import toy

from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.models.checkpoint import import_ultralytics


@pytest.fixture(scope="module", autouse=True)
def _own_settings() -> None:
    import_ultralytics()


@pytest.fixture(scope="module")
def noise() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (4, 12, 20, 3), dtype=np.uint8)
    return [np.kron(image, np.ones((15, 16, 1), np.uint8)) for image in coarse]  # 180 x 320


@pytest.fixture(scope="module")
def football(shared_data: Path) -> list[np.ndarray]:
    import av

    with av.open(str(shared_data / "video" / "football_848x478.mp4")) as container:
        return [frame.to_ndarray(format="bgr24") for frame, _ in zip(container.decode(video=0), range(4), strict=False)]


@pytest.fixture(scope="module")
def yolov8n(shared_data: Path) -> UltralyticsDetector:
    return UltralyticsDetector(shared_data / "weights" / "yolov8n.pt", device="cpu")


@pytest.fixture
def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (3, 6, 8, 3), dtype=np.uint8)
    return [np.kron(image, np.ones((20, 20, 1), np.uint8)) for image in coarse]  # 120 x 160


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled pictures of the toy match to judge on, and one to train on."""
    import cv2

    root = tmp_path / "toyset"
    for frame, split in enumerate(("train", "val", "val")):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / "images" / split / f"{frame}.png"), toy.picture(frame))
        x1, y1, x2, y2 = (toy.truth(frame) / np.tile(toy.SIZE, 2)).T
        rows = np.stack([0 * x1, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
        np.savetxt(root / "labels" / split / f"{frame}.txt", rows, "%d %f %f %f %f")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [person]\n")
    return root / "data.yaml"
