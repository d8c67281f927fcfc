"""Masks from detectors: as run lengths the same pixels as the libraries' own, or left out, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sportstrack.detect import UltralyticsDetector
from sportstrack.detect.custom import CustomDetector
from sportstrack.detect.torchvision_models import TorchvisionDetector, _pasted
from sportstrack.errors import SettingError
from sportstrack.types import Detections

NOISE = np.kron(np.random.default_rng(3).integers(0, 256, (9, 16, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))
FRAME = np.zeros((40, 60, 3), np.uint8)


def test_mask_r_cnn_s_masks_are_torchvision_s_own() -> None:
    import torch
    from torchvision.models.detection.roi_heads import paste_masks_in_image

    masks = torch.rand((6, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor(
        [
            [10, 10, 60, 90],
            [-5, -5, 30, 30],
            [150, 100, 210, 170],
            [0, 0, 200, 150],
            [50.5, 60, 51, 61],
            [300, 9, 320, 30],
        ]
    )
    own = paste_masks_in_image(masks, boxes.float(), (150, 200))[:, 0].gt(0.5).numpy()
    assert np.array_equal(np.asarray(_pasted(masks, boxes.float(), (150, 200))), own)


def test_a_mask_r_cnn_gives_its_boxes_alone() -> None:
    how = {"score": 0.0, "imgsz": 64, "device": "cpu", "max_det": 3, "masks": False}
    table = TorchvisionDetector("maskrcnn_resnet50_fpn:random", **how)([FRAME])[0]  # type: ignore[arg-type]
    assert table.mask is None


def test_a_segmentation_model_gives_its_boxes_alone(random_weights: Callable[[str], Path]) -> None:
    both = [UltralyticsDetector(random_weights("-seg"), imgsz=160, max_det=9, masks=masks) for masks in (True, False)]
    with_masks, boxes = (detector([NOISE])[0] for detector in both)
    assert boxes.mask is None
    assert with_masks.mask is not None
    assert np.array_equal(with_masks.xyxy, boxes.xyxy)


def test_the_masks_are_those_of_ultralytics(random_weights: Callable[[str], Path]) -> None:
    from ultralytics import YOLO

    how = {"imgsz": 160, "conf": 0.1, "iou": 0.7, "max_det": 9, "retina_masks": True, "verbose": False}
    own = YOLO(random_weights("-seg")).predict(NOISE, **how)[0]
    table = UltralyticsDetector(random_weights("-seg"), imgsz=160, max_det=9)([NOISE])[0]
    assert own.masks is not None
    assert (np.asarray(table.mask) != own.masks.data.bool().numpy()).mean() < 1e-4


def test_masks_of_another_size_than_the_frame_are_refused_with_the_way_out() -> None:
    one = Detections(np.array([[1.0, 1, 9, 9]]), np.ones(1), np.zeros(1, np.int64), mask=np.ones((1, 20, 30), bool))  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"masks have 30x20 pixels, the frame 60x40; .*at\(\(40, 60\)\)"):
        CustomDetector(lambda _: [one])([FRAME])


def test_a_frame_without_detections_may_have_masks_of_any_size() -> None:
    none = Detections(np.empty((0, 4)), np.empty(0), np.empty(0, np.int64), mask=np.ones((0, 5, 5), bool))  # type: ignore[arg-type]
    assert len(CustomDetector(lambda _: [none])([FRAME])[0]) == 0
