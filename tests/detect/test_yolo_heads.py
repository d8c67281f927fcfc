"""Decoding of YOLO heads: the same boxes, masks and key points as Ultralytics finds in the same outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.detect.yolo import Head, decode, input_size, letterbox
from sportstrack.errors import WeightsError
from sportstrack.models.checkpoint import import_ultralytics
from sportstrack.types import Detections

TASKS = {"": "detect", "-seg": "segment", "-pose": "pose"}
ODD = [(640, 360), (3, 5), (1, 300), (300, 1), (33, 64), (353, 641)]
EVEN = list(range(0, 80, 2))


class Twin:
    """Ultralytics' predict, and our steps around the same network."""

    def __init__(self, weights: Path, suffix: str = "") -> None:
        self.model = import_ultralytics().YOLO(weights)
        keypoints = getattr(self.model.model.model[-1], "kpt_shape", (0, 0))
        self.head = Head(TASKS[suffix], len(self.model.names), tuple(keypoints))

    def theirs(self, frame: np.ndarray, imgsz: int, **settings: Any) -> Any:
        return self.model.predict(
            [frame], imgsz=imgsz, device="cpu", retina_masks=True, iou=0.7, verbose=False, **settings
        )[0]

    def ours(self, frame: np.ndarray, imgsz: int, **settings: Any) -> Detections:
        import torch

        size = input_size(frame.shape, imgsz)
        with torch.inference_mode():
            found = self.model.predictor.model(torch.from_numpy(letterbox(frame, size)))
        outputs = [part.numpy() for part in _tensors(found)]
        return decode(outputs, self.head, size, frame.shape, **settings)


def _tensors(found: Any) -> list[Any]:
    """The decoded rows, and the prototypes if there are any, out of what a network returns."""
    parts = found[0] if isinstance(found[0], tuple) else found
    return [part for part in (parts if isinstance(parts, (tuple, list)) else [parts]) if hasattr(part, "numpy")]


def assert_equal(ours: Detections, theirs: Any) -> None:
    rows = theirs.boxes.data.numpy()
    assert len(ours) == len(rows)
    np.testing.assert_allclose(ours.xyxy, rows[:, :4], atol=1e-2)
    np.testing.assert_allclose(ours.score, rows[:, 4], atol=1e-5)
    np.testing.assert_array_equal(ours.class_id, rows[:, 5])
    if theirs.masks is not None:
        masks = theirs.masks.data.bool().numpy()
        assert ours.mask.shape == masks.shape[1:]
        assert (np.asarray(ours.mask) != masks).mean() < 1e-5
    if theirs.keypoints is not None and len(rows):
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints.data.numpy(), atol=1e-2)


@pytest.mark.parametrize("suffix", list(TASKS))
def test_random_networks_with_many_boxes(
    suffix: str, random_weights: Callable[[str], Path], noise: list[np.ndarray]
) -> None:
    import cv2

    twin = Twin(random_weights(suffix), suffix)
    frames = [noise[0], *(cv2.resize(noise[1], shape[::-1]) for shape in ODD)]
    counts = []
    for frame in frames:
        theirs = twin.theirs(frame, 160, conf=0.1, max_det=40)
        assert_equal(twin.ours(frame, 160, score=0.1, max_det=40), theirs)
        counts.append(len(theirs.boxes))
    assert max(counts) == 40


def test_settings_mean_what_they_mean_to_ultralytics(
    random_weights: Callable[[str], Path], noise: list[np.ndarray]
) -> None:
    twin = Twin(random_weights(""))
    theirs = twin.theirs(noise[2], 320, conf=0.15, classes=EVEN, agnostic_nms=True, max_det=11)
    ours = twin.ours(noise[2], 320, score=0.15, classes=EVEN, agnostic=True, max_det=11)
    assert 0 < len(ours) <= 11
    assert_equal(ours, theirs)
    assert len(twin.ours(noise[2], 320, score=1.0)) == 0


def test_real_players(football: list[np.ndarray], shared_data: Path) -> None:
    twin = Twin(shared_data / "weights" / "yolov8n.pt")
    for frame in football[:2]:
        theirs = twin.theirs(frame, 640, conf=0.1)
        assert len(theirs.boxes) > 10
        assert_equal(twin.ours(frame, 640, score=0.1), theirs)


def test_masks_of_real_shapes_follow_ultralytics() -> None:
    import torch
    from ultralytics.utils.ops import process_mask_native

    from sportstrack.detect.yolo.masks import masks_in_frame

    rng = np.random.default_rng(4)
    for shape, grid in [((478, 848), (96, 160)), ((640, 360), (160, 96)), ((90, 61), (40, 28)), ((33, 64), (20, 40))]:
        prototypes = rng.normal(size=(8, *grid)).astype(np.float32)
        coefficients = rng.normal(size=(5, 8)).astype(np.float32)
        boxes = np.sort(rng.uniform(-10, 1, (5, 2, 2)) + rng.random((5, 2, 2)) * shape[::-1], axis=1)
        boxes = boxes.reshape(5, 4).astype(np.float32)
        tensors = [torch.from_numpy(array) for array in (prototypes, coefficients, boxes)]
        expected = process_mask_native(*tensors, shape).bool().numpy()
        assert expected.any()
        assert (masks_in_frame(prototypes, coefficients, boxes, shape) != expected).mean() < 1e-5


def made_up(places: int = 200, extra: int = 0) -> np.ndarray:
    """A head's output, (1, 4 + 3 + extra, places)."""
    rng = np.random.default_rng(5)
    rows = rng.uniform(0, 1, (1, 7 + extra, places)).astype(np.float32)
    rows[:, :2] *= 320
    rows[:, 2:4] = 10 + 40 * rows[:, 2:4]
    return rows


def test_a_head_with_objectness_multiplies_its_scores() -> None:
    plain = made_up()
    sure = np.full((1, 1, plain.shape[2]), 0.5, np.float32)
    old = np.concatenate((plain[:, :4], sure, plain[:, 4:]), axis=1).transpose(0, 2, 1)
    plain[:, 4:] *= 0.5
    expected = decode([plain], Head("detect", 3), (320, 320), (240, 320))
    found = decode([old], Head("detect", 3, objectness=True), (320, 320), (240, 320))
    assert len(found) > 10
    np.testing.assert_allclose(found.xyxy, expected.xyxy)
    np.testing.assert_allclose(found.score, expected.score)


@pytest.mark.parametrize("keypoints", [(0, 0), (4, 2), (4, 3)])
def test_a_head_that_suppresses_by_itself_is_only_filtered(keypoints: tuple[int, int]) -> None:
    extra = keypoints[0] * keypoints[1]
    rows = np.zeros((1, 5, 6 + extra), np.float32)
    rows[0, :, :4] = [[0, 40, 80, 120]] * 5  # equal boxes: NMS would drop four
    rows[0, :, 4] = [0.9, 0.8, 0.7, 0.6, 0.05]
    rows[0, :, 5] = [1, 0, 1, 1, 1]
    rows[0, :, 6:] = 50
    head = Head("pose" if extra else "detect", 3, keypoints, end2end=True)
    found = decode([rows], head, (320, 320), (480, 640), score=0.1, classes=[1], max_det=2)
    np.testing.assert_allclose(found.score, [0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(found.xyxy, [[0, 0, 160, 160]] * 2)  # the letterbox has 40 rows above, at half size
    if extra:
        assert found.keypoints.shape == (2, 4, 3)
        np.testing.assert_allclose(found.keypoints[0, 0], [100, 20, 1 if keypoints[1] == 2 else 50])


@pytest.mark.parametrize(
    ("shape", "head"),
    [
        ((1, 84, 100), Head("detect", 3)),
        ((1, 7, 100), Head("pose", 3, (17, 3))),
        ((1, 6, 100), Head("segment", 3)),
        ((7, 100), Head("detect", 3)),
        ((2, 7, 100), Head("detect", 3)),
        ((1, 100, 7), Head("detect", 3, end2end=True)),
    ],
)
def test_outputs_of_another_form_are_refused(shape: tuple[int, ...], head: Head) -> None:
    with pytest.raises(WeightsError, match=f"{head.task} with 3 classes"):
        decode([np.zeros(shape, np.float32)], head, (320, 320), (240, 320))


def test_neither_torch_nor_ultralytics_is_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; from sportstrack.detect.yolo import Head, decode, input_size, letterbox\n"
        "frame = np.zeros((90, 160, 3), np.uint8); size = input_size(frame.shape, 160); letterbox(frame, size)\n"
        "decode([np.ones((1, 39, 50), np.float32), np.ones((1, 32, 24, 40), np.float32)], Head('segment', 3), size,"
        " frame.shape)\n"
        "assert not {'torch', 'ultralytics', 'scipy', 'torchvision'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
