"""Detectors: Ultralytics' own results, plain errors, no connection; and detectors of one's own."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack.boxes import iou
from sportstrack.detect import load_detector
from sportstrack.detect.checkpoint import import_ultralytics
from sportstrack.detect.common import class_ids
from sportstrack.detect.custom import CustomDetector
from sportstrack.detect.neck import letterboxed
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.errors import DeviceError, PluginError, SettingError, WeightsError
from sportstrack.models.devices import choose_device
from sportstrack.types import Detections

SIZE = {"imgsz": 320, "device": "cpu"}


@pytest.fixture(scope="module", autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPORTSTRACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        import_ultralytics()
        yield


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


# ------------------------------------------------------------------------------------------- same as ultralytics


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

    for box, look in zip(table.xyxy, table.embedding, strict=True):
        parts = []
        for level, stride in zip(maps, (8, 16, 32), strict=True):
            region = torch.tensor([[0, *(box + [0, 12, 0, 12])]], dtype=torch.float32)
            mean = roi_align(level, region, (7, 3), 1 / stride, 2, aligned=True).mean(dim=(2, 3))[0].numpy()
            parts.append(mean / np.linalg.norm(mean))
        joined = np.concatenate(parts)
        np.testing.assert_allclose(look, joined / np.linalg.norm(joined), atol=1e-5)


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
    assert table.mask.shape == (len(table), 180, 320)
    assert table.mask.dtype == bool
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


# ------------------------------------------------------------------------------------------------ plain errors


def _renamed_text(path: Path, good: Path) -> None:
    path.write_text("these are no weights\n")


def _empty(path: Path, good: Path) -> None:
    path.write_bytes(b"")


def _truncated(path: Path, good: Path) -> None:
    path.write_bytes(good.read_bytes()[:100_000])


def _damaged_inside(path: Path, good: Path) -> None:
    data = bytearray(good.read_bytes())
    data[60:3000] = bytes(2940)
    path.write_bytes(data)


def _dict_without_model(path: Path, good: Path) -> None:
    import torch

    torch.save({"epoch": 3, "state": {"w": torch.zeros(2)}}, path)


def _bare_tensor(path: Path, good: Path) -> None:
    import torch

    torch.save(torch.zeros(2), path)


def _some_zip(path: Path, good: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def _old_pickle(path: Path, good: Path) -> None:
    path.write_bytes(pickle.dumps({"model": [1, 2, 3]}, protocol=2))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_renamed_text, "is no PyTorch checkpoint"),
        (_empty, "is empty"),
        (_truncated, "is cut short or damaged"),
        (_damaged_inside, "no detection model can be read from it"),
        (_dict_without_model, "no detection model can be read from it"),
        (_bare_tensor, "no detection model can be read from it"),
        (_some_zip, "no detection model can be read from it"),
        (_old_pickle, "no detection model can be read from it"),
    ],
)
def test_weights_that_are_none(
    spoil: Callable[[Path, Path], None], message: str, tmp_path: Path, random_weights: Callable[[str], Path]
) -> None:
    path = tmp_path / "fake.pt"
    spoil(path, random_weights(""))
    with pytest.raises(WeightsError, match=message) as caught:
        UltralyticsDetector(path, **SIZE)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pickle_does_not_run(tmp_path: Path) -> None:
    import torch

    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "broken_into"),))

    torch.save({"model": Attack()}, tmp_path / "evil.pt")
    with pytest.raises(WeightsError, match=r"evil\.pt"):
        UltralyticsDetector(tmp_path / "evil.pt", **SIZE)
    assert not (tmp_path / "broken_into").exists()


def test_a_classifier_is_no_detector(random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match="for the task 'classify'; one of detect, segment, pose, obb is needed"):
        UltralyticsDetector(random_weights("-cls"), **SIZE)


def test_an_onnx_file_that_is_no_detector(tmp_path: Path, shared_data: Path) -> None:
    pytest.importorskip("onnxruntime")
    with pytest.raises(WeightsError, match=r"osnet.*no detection model"):
        UltralyticsDetector(shared_data / "weights" / "osnet_x0_25_msmt17.onnx", **SIZE)


def test_a_missing_runtime_is_named_and_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"any bytes")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WeightsError, match=r"model\.onnx: reading it needs the Python module 'onnxruntime'"):
        UltralyticsDetector(tmp_path / "model.onnx", **SIZE)


def test_other_files_and_names(tmp_path: Path) -> None:
    (tmp_path / "match.mp4").write_bytes(b"video")
    with pytest.raises(WeightsError, match=r"match\.mp4: expected a weights file .*not \.mp4"):
        load_detector(str(tmp_path / "match.mp4"))
    with pytest.raises(WeightsError, match="no such weights file"):
        load_detector(str(tmp_path / "absent.pt"))


@pytest.mark.parametrize("name", ["o'neil.pt", "yolov5s.pt", " spaced .pt"])
def test_names_that_ultralytics_would_change(
    name: str, tmp_path: Path, random_weights: Callable[[str], Path], noise: list[np.ndarray]
) -> None:
    path = tmp_path / name
    path.write_bytes(random_weights("").read_bytes())
    assert len(UltralyticsDetector(path, **SIZE)(noise[:1])[0]) > 0


def test_a_link_to_a_file_without_a_suffix(tmp_path: Path, random_weights: Callable[[str], Path]) -> None:
    (tmp_path / "blob").write_bytes(random_weights("").read_bytes())
    try:
        (tmp_path / "best.pt").symlink_to(tmp_path / "blob")
    except OSError:
        pytest.skip("no right to make links")
    assert UltralyticsDetector(tmp_path / "best.pt", **SIZE).task == "detect"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"score": 1.5}, "score: expected 0…1, got 1.5"),
        ({"score": float("nan")}, "score: expected"),
        ({"iou": -0.1}, "iou: expected"),
        ({"imgsz": 0}, "imgsz: expected a whole number 32…"),
        ({"imgsz": 640.5}, "imgsz: expected a whole number"),
        ({"score": "high"}, "score: expected"),
        ({"max_det": 0}, "max_det: expected"),
        ({"classes": ["persom"]}, "'persom' is not one of this model's; did you mean 'person'"),
        ({"classes": [80]}, "'80' is not one of"),
        ({"device": "gpu"}, "expected auto, cpu, cuda, cuda:N or mps"),
    ],
)
def test_settings_out_of_range(setting: dict[str, Any], message: str, random_weights: Callable[[str], Path]) -> None:
    with pytest.raises(SettingError, match=message):
        UltralyticsDetector(random_weights(""), **(SIZE | setting))


@pytest.mark.parametrize(
    "frame",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8), [[1, 2]], None],
)
def test_frames_of_another_kind(frame: Any, random_weights: Callable[[str], Path]) -> None:
    detector = UltralyticsDetector(random_weights(""), **SIZE)
    with pytest.raises(SettingError, match=r"frame: expected \(H, W, 3\) uint8, got"):
        detector([frame])


def test_sports_classes_are_persons_and_balls_of_coco_and_everything_of_other_models() -> None:
    assert class_ids("sports", {0: "person", 1: "bicycle", 32: "sports ball"}) == [0, 32]
    assert class_ids("sports", {0: "player", 1: "ball"}) is None
    assert class_ids("all", {0: "person", 32: "sports ball"}) is None
    assert class_ids(["all"], {0: "person"}) is None
    assert class_ids(None, {0: "person"}) is None


def test_class_ids_take_ids_numbers_and_names() -> None:
    names = {0: "player", 1: "Referee", 2: "ball", 3: "ball"}
    assert class_ids([2, "0", "referee"], names) == [0, 1, 2]
    assert class_ids(["ball"], names) == [2, 3]
    assert class_ids([], names) == []


# ---------------------------------------------------------------------------------------------------- devices


def test_cuda_asked_for_and_absent(monkeypatch: pytest.MonkeyPatch, random_weights: Callable[[str], Path]) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in ("cuda", "cuda:0", "0", "mps"):
        with pytest.raises(DeviceError, match=r"not available here \(there is: cpu\); use --device cpu") as caught:
            UltralyticsDetector(random_weights(""), imgsz=320, device=device)
        assert "\n" not in str(caught.value)
    assert choose_device("auto") == "cpu"
    with pytest.raises(DeviceError, match="half precision needs a GPU"):
        UltralyticsDetector(random_weights(""), imgsz=320, device="auto", half=True)


def test_choice_among_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [choose_device(d) for d in ("auto", "cuda", "1", "cuda:1", "CPU")] == [
        "cuda:0",
        "cuda:0",
        "cuda:1",
        "cuda:1",
        "cpu",
    ]
    with pytest.raises(DeviceError, match="there is: cuda:0, cuda:1, mps, cpu"):
        choose_device("cuda:2")


@pytest.mark.gpu
def test_gpu_agrees_with_cpu(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    settings = {"imgsz": 320, "score": 0.3, "max_det": 20}
    cpu = UltralyticsDetector(random_weights(""), device="cpu", **settings)(noise)
    gpu = UltralyticsDetector(random_weights(""), device="cuda:0", **settings)(noise)
    half = UltralyticsDetector(random_weights(""), device="cuda:0", half=True, **settings)(noise)
    for a, b, c in zip(cpu, gpu, half, strict=True):
        np.testing.assert_allclose(a.score, b.score, atol=0.02)
        np.testing.assert_allclose(a.score, c.score, atol=0.05)


@pytest.mark.parametrize("kind", ["1", "mps"])
def test_16_bits_find_what_32_find(kind: str, random_weights: Callable[[str], Path]) -> None:
    code = f"""
        import json, numpy, torch
        from sportstrack.detect import UltralyticsDetector
        frames = list(numpy.random.default_rng(0).integers(0, 255, (2, 240, 320, 3), numpy.uint8))
        kinds, run = set(), torch.nn.Conv2d.forward
        def noted(self, picture):
            kinds.add(str(picture.dtype))
            return run(self, picture)
        torch.nn.Conv2d.forward = noted
        found = []
        for half in (False, True):
            kinds.clear()
            detector = UltralyticsDetector({str(random_weights(""))!r}, imgsz=320, score=0.3, max_det=20, half=half)
            scores = [found.score.tolist() for found in detector(frames)]
            found.append([detector.device, sorted(kinds), scores])
        print(json.dumps(found))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=toy.with_pretended_gpus(kind),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (device, full, scores), (_, half, scores_of_half) = json.loads(done.stdout)
    assert device == ("mps" if kind == "mps" else "cuda:0")
    assert (full, half) == (["torch.float32"], ["torch.float16"])
    np.testing.assert_allclose(scores, scores_of_half, atol=0.05)


# --------------------------------------------------------------------------------------- no connection, no traces

RECORDER = """
    import json, os, socket, subprocess, sys, threading
    import numpy as np
    from sportstrack.detect import load_detector

    seen = []
    def record(kind):
        def refuse(*args, **kwargs):
            seen.append([kind, repr(args)[:200]])
            raise OSError("refused by the test")
        return refuse
    socket.socket.connect = record("connect")
    socket.socket.connect_ex = record("connect_ex")
    socket.getaddrinfo = record("getaddrinfo")
    socket.create_connection = record("create_connection")
    os.system = record("os.system")
    start = subprocess.Popen.__init__
    def popen(self, args, *rest, **kwargs):
        seen.append(["subprocess", repr(args)[:200]])
        start(self, args, *rest, **kwargs)
    subprocess.Popen.__init__ = popen

    def detect():
        detector = load_detector(sys.argv[1], imgsz=320, device="cpu")
        for _ in range(2):
            detector([np.full((180, 320, 3), 90, np.uint8)] * 2)
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join(1)

    detect()
    # As if ultralytics had been imported before, on a connected machine and by its own defaults.
    import ultralytics.utils.checks as checks
    from ultralytics.utils.events import events
    checks.ONLINE = checks.AUTOINSTALL = events.enabled = True
    detect()
    print(json.dumps(seen))
"""


def test_detection_opens_no_connection_and_leaves_no_trace(
    tmp_path: Path, random_weights: Callable[[str], Path], root: Path
) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO_", "ULTRALYTICS_", "PYTEST_", "XDG_"))}
    kept |= {"HOME": str(home), "SPORTSTRACK_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", textwrap.dedent(RECORDER), str(random_weights(""))]
    done = subprocess.run(command, cwd=work, env=kept, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)  # which also says that nothing else was printed
    assert [entry for entry in seen if entry[0] != "subprocess"] == []
    assert [entry for entry in seen if "install" in entry[1]] == []
    assert list(work.iterdir()) == []
    assert list(home.rglob("*ltralytics*")) == []


# ------------------------------------------------------------------------------------------- detectors of one's own

PLUGIN = """
import numpy as np
from sportstrack.types import Detections


def one_box(frames):
    return [Detections.from_arrays([[0, 0, 10, 20]]) for _ in frames]


class Slow:
    names = ["player", "ball"]

    def __init__(self, score=0.5, imgsz=0):
        self.score, self.imgsz = score, imgsz

    def __call__(self, frames):
        return [Detections.from_arrays([[0, 0, 10, 20]], [self.score]) for _ in frames]


def factory(*, score):
    return Slow(score)


ready = Slow(0.25)
number = 3


class Needy:
    def __init__(self, path): ...


def supervised(frames):
    import supervision as sv
    return [sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]]), confidence=np.array([0.5]), class_id=np.array([1]))
            for _ in frames]


def too_few(frames):
    return one_box(frames)[1:]


def nothing(frames):
    return None


def arrays(frames):
    return [np.zeros((1, 4))] * len(frames)


def fails(frames):
    raise RuntimeError("its own trouble")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_detectors.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_detectors", raising=False)
    return "my_detectors:"


@pytest.mark.parametrize(
    ("name", "score"), [("one_box", 1.0), ("Slow", 0.3), ("factory", 0.3), ("ready", 0.25), ("supervised", 0.5)]
)
def test_a_detector_of_ones_own(name: str, score: float, plugin: str, noise: list[np.ndarray]) -> None:
    detector = load_detector(plugin + name, score=0.3, iou=0.5)
    tables = detector(noise)
    assert [len(table) for table in tables] == [1] * len(noise)
    assert all(isinstance(table, Detections) for table in tables)
    assert tables[0].score[0] == score
    if name in {"Slow", "factory", "ready"}:
        assert detector.names == {0: "player", 1: "ball"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slow", "my_detectors has no 'slow'; did you mean 'Slow'"),
        ("number", "expected a callable frames -> list of Detections, got int"),
        ("Needy", "cannot be made .*path"),
        ("too_few", "expected 4 tables, one per frame, got 3"),
        ("nothing", "expected a list of Detections, one per frame"),
        ("arrays", "expected a list of Detections.*got ndarray|expected sportstrack.Detections"),
    ],
)
def test_a_detector_that_does_not_follow_the_protocol(
    name: str, message: str, plugin: str, noise: list[np.ndarray]
) -> None:
    with pytest.raises(SettingError, match=message):
        load_detector(plugin + name)(noise)


def test_a_detector_given_by_name_that_fails_is_named_with_its_place(plugin: str, noise: list[np.ndarray]) -> None:
    with pytest.raises(PluginError, match=r"fails failed: RuntimeError: its own trouble \(.*my_detectors.*:\d+\)") as e:
        load_detector(plugin + "fails")(noise)
    assert isinstance(e.value.__cause__, RuntimeError)


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(SettingError, match=r"nowhere\.at_all:Det: cannot import nowhere\.at_all .*PYTHONPATH"):
        load_detector("nowhere.at_all:Det")


def test_timings_of_a_custom_detector() -> None:
    detector = CustomDetector(lambda frames: [Detections.empty() for _ in frames])
    detector([np.zeros((4, 4, 3), np.uint8)])
    assert detector.timings["inference"] > 0


def test_a_misspelt_library_is_no_module_of_ones_own() -> None:
    with pytest.raises(SettingError, match="no library 'transformer'; did you mean 'transformers'"):
        load_detector("transformer:rtdetr")
