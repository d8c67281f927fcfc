"""Ultralytics detectors: the same boxes as Ultralytics itself, features of the boxes, masks and key points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.boxes import iou
from sportstrack.detect import load_detector
from sportstrack.detect.neck import letterboxed
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.errors import WeightsError
from sportstrack.models.checkpoint import import_ultralytics

SIZE = {"imgsz": 320, "device": "cpu"}


def test_boxes_are_those_of_ultralytics(
    yolov8n: UltralyticsDetector, football: list[np.ndarray], shared_data: Path
) -> None:
    model = import_ultralytics().YOLO(shared_data / "weights" / "yolov8n.pt")
    theirs = model.predict(football, imgsz=640, conf=0.1, iou=0.7, device="cpu", verbose=False)
    for ours, result in zip(yolov8n(football), theirs, strict=True):
        assert len(ours) > 10
        np.testing.assert_allclose(ours.xyxy, result.boxes.xyxy.numpy(), atol=1e-3)
        np.testing.assert_allclose(ours.score, result.boxes.conf.numpy(), atol=1e-5)
        np.testing.assert_array_equal(ours.class_id, result.boxes.cls.numpy())
    assert yolov8n.names[0] == "person"
    assert len(yolov8n.names) == 80


def test_a_batch_equals_its_frames(yolov8n: UltralyticsDetector, football: list[np.ndarray]) -> None:
    for together, frame in zip(yolov8n(football), football, strict=True):
        alone = yolov8n([frame])[0]
        np.testing.assert_allclose(together.xyxy, alone.xyxy, atol=1e-2)
        np.testing.assert_allclose(together.score, alone.score, atol=1e-4)


def test_frames_of_other_shapes_do_not_change_a_frame(
    random_weights: Callable[[str], Path], noise: list[np.ndarray]
) -> None:
    detector = UltralyticsDetector(random_weights(""), **SIZE)
    tall = np.ascontiguousarray(noise[1].transpose(1, 0, 2))
    first, second, third = detector([noise[0], tall, noise[2]])
    for mixed, frame in ((first, noise[0]), (second, tall), (third, noise[2])):
        alone = detector([frame])[0]
        assert len(alone) > 0
        np.testing.assert_allclose(mixed.xyxy, alone.xyxy, atol=1e-2)


def test_views_are_fine_and_untouched(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights(""), **SIZE)
    mirrored = noise[0][:, ::-1]
    before = mirrored.copy()
    np.testing.assert_allclose(detector([mirrored])[0].xyxy, detector([before])[0].xyxy, atol=1e-3)
    np.testing.assert_array_equal(mirrored, before)


def test_no_frames_and_settings_hold(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights(""), score=0.3, max_det=7, classes=[3, "car", "person"], **SIZE)
    assert detector([]) == []
    for table in detector(noise):
        assert len(table) <= 7
        assert (table.score >= 0.3).all()
        assert set(table.class_id) <= {0, 2, 3}
        assert (table.xyxy[:, 0::2] <= 320).all()


def test_timings_grow_and_warmup_resets_them(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights(""), **SIZE)
    detector(noise)
    once = dict(detector.timings)
    assert set(once) == {"preprocess", "inference", "postprocess"}
    assert all(seconds > 0 for seconds in once.values())
    detector(noise)
    assert all(detector.timings[stage] > once[stage] for stage in once)
    detector.warmup((180, 320), batch=2)
    assert set(detector.timings.values()) == {0.0}


def test_torch_threads_stay_as_they_were(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        UltralyticsDetector(random_weights(""), **SIZE)(noise)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# ------------------------------------------------------------------------------------- features of the boxes


@pytest.mark.parametrize("task", ["", "-seg", "-pose"])
def test_features_leave_the_boxes_alone_and_cost_no_second_pass(
    task: str, random_weights: Callable[[str], Path], noise: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = UltralyticsDetector(random_weights(task), max_det=12, **SIZE)
    featured = load_detector(str(random_weights(task)), max_det=12, features=True, **SIZE)
    passes = _count_passes(featured, monkeypatch)
    tall = np.ascontiguousarray(noise[1].transpose(1, 0, 2))
    frames = [noise[0], tall, *noise[2:]]
    before, after = plain(frames), featured(frames)
    assert passes == [3, 1]  # one pass per shape: three wide frames, one tall
    for a, b in zip(before, after, strict=True):
        assert len(a) > 0
        np.testing.assert_array_equal(a.xyxy, b.xyxy)
        np.testing.assert_array_equal(a.score, b.score)
        np.testing.assert_array_equal(a.class_id, b.class_id)
        assert a.embedding is None
        assert b.embedding.shape == (len(b), 64 + 128 + 256)  # the widths of YOLOv8n's three maps
        np.testing.assert_allclose(np.linalg.norm(b.embedding, axis=1), 1, atol=1e-5)


def _count_passes(detector: UltralyticsDetector, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the number of pictures in each run of the network's first layer."""
    passes: list[int] = []
    first = detector._model.predictor.model.model.model[0]
    forward = first.forward_fuse if hasattr(first, "forward_fuse") else first.forward

    def counted(pictures: Any) -> Any:
        passes.append(len(pictures))
        return forward(pictures)

    monkeypatch.setattr(first, "forward", counted)
    return passes


def test_features_are_the_maps_means_over_the_box(random_weights: Callable[[str], Path]) -> None:
    detector = UltralyticsDetector(random_weights(""), features=True, max_det=5, **SIZE)
    frame = np.full((200, 320, 3), 90, np.uint8)
    frame[50:150, 100:180] = (20, 40, 220)
    maps: list[Any] = []
    detector._model.predictor.model.model.model[-1].register_forward_pre_hook(lambda _, args: maps.extend(args[0]))
    (table,) = detector([frame])
    assert maps[0].shape[2:] == (28, 40)  # 224 x 320: the frame in the middle, 12 rows of padding above and below
    import torch
    from torchvision.ops import roi_align

    for box, embedding in zip(table.xyxy, table.embedding, strict=True):
        parts = []
        for level, stride in zip(maps, (8, 16, 32), strict=True):
            region = torch.tensor([[0, *(box + [0, 12, 0, 12])]], dtype=torch.float32)
            mean = roi_align(level, region, (7, 3), 1 / stride, 2, aligned=True).mean(dim=(2, 3))[0].numpy()
            parts.append(mean / np.linalg.norm(mean))
        joined = np.concatenate(parts)
        np.testing.assert_allclose(embedding, joined / np.linalg.norm(joined), atol=1e-5)


def test_features_of_no_boxes(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights(""), features=True, score=1.0, **SIZE)
    assert [table.embedding.shape for table in detector(noise[:2])] == [(0, 448), (0, 448)]
    assert detector([]) == []


@pytest.mark.parametrize(("shape", "size"), [((180, 320), (192, 320)), ((478, 848), (384, 640)), ((90, 61), (96, 96))])
def test_boxes_go_into_the_network_s_input_and_back(shape: tuple[int, int], size: tuple[int, int]) -> None:
    from ultralytics.utils.ops import scale_boxes

    boxes = np.array([[3.0, 5.0, 40.0, 60.0], [0.0, 0.0, shape[1], shape[0]]])
    np.testing.assert_allclose(scale_boxes(size, letterboxed(boxes, shape, size), shape), boxes, atol=1e-9)


def test_features_of_real_players_follow_them(football: list[np.ndarray], shared_data: Path) -> None:
    detector = UltralyticsDetector(
        shared_data / "weights" / "yolov8n.pt", features=True, score=0.1, classes=["person"], device="cpu"
    )
    moved = np.roll(football[0], (5, 9), axis=(0, 1))
    first, second = detector([football[0]])[0], detector([moved])[0]
    same = iou(first.xyxy, second.xyxy - [9, 5, 9, 5])
    a, b = np.nonzero((same > 0.6) & (same == same.max(axis=0)) & (same == same.max(axis=1, keepdims=True)))
    assert len(a) > 4
    alike = first.embedding[a] @ second.embedding[b].T
    assert np.diag(alike).mean() > alike[~np.eye(len(a), dtype=bool)].mean() + 0.1


def test_a_model_without_a_yolo_head_has_no_features(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    import_ultralytics().RTDETR("yolov8n-rtdetr.yaml").save(tmp_path / "detr.pt")
    with pytest.raises(WeightsError, match=r"detr\.pt: gives no features for embeddings.*another embedder"):
        UltralyticsDetector(tmp_path / "detr.pt", features=True, **SIZE)


# ----------------------------------------------------------------------------------------------- other tasks


def test_masks_are_carried_at_frame_size(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights("-seg"), max_det=9, **SIZE)
    assert detector.task == "segment"
    table = detector(noise[:1])[0]
    assert len(table) > 0
    assert (table.mask.shape, len(table.mask)) == ((180, 320), len(table))
    for mask, box in zip(table.mask, table.xyxy, strict=True):
        x1, y1, x2, y2 = box.round().astype(int)
        assert mask[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].all()
        assert mask.sum() <= (x2 - x1 + 2) * (y2 - y1 + 2)


def test_key_points_are_carried(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = UltralyticsDetector(random_weights("-pose"), max_det=9, **SIZE)
    table = detector(noise[:1])[0]
    assert len(table) > 0
    assert table.keypoints is not None
    assert table.keypoints.shape == (len(table), 17, 3)
    assert ((table.keypoints[..., 2] >= 0) & (table.keypoints[..., 2] <= 1)).all()


def test_oriented_boxes_become_upright_ones(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    path = random_weights("-obb")
    table = UltralyticsDetector(path, max_det=9, **SIZE)(noise[:1])[0]
    model = import_ultralytics().YOLO(path)
    theirs = model.predict(noise[0], imgsz=320, conf=0.1, iou=0.7, max_det=9, device="cpu", verbose=False)[0].obb
    assert len(table) == len(theirs) > 0
    corners = theirs.xyxyxyxy.numpy()
    np.testing.assert_allclose(table.xyxy[:, :2], corners.min(axis=1), atol=1e-2)
    np.testing.assert_allclose(table.xyxy[:, 2:], corners.max(axis=1), atol=1e-2)


def test_nothing_found_is_an_empty_table(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    for task in ("", "-seg", "-pose", "-obb"):
        tables = UltralyticsDetector(random_weights(task), score=1.0, **SIZE)(noise[:2])
        assert [len(table) for table in tables] == [0, 0]
