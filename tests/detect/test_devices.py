"""Settings, devices and 16-bit arithmetic of the detector; it opens no connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack.detect.common import class_ids
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.errors import DeviceError, SettingError
from sportstrack.models.devices import choose_device

SIZE = {"imgsz": 320, "device": "cpu"}


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
        frames = list(numpy.random.default_rng(0).integers(0, 255, (2, 72, 96, 3), numpy.uint8))
        kinds, run = set(), torch.nn.Conv2d.forward
        def noted(self, picture):
            kinds.add(str(picture.dtype))
            return run(self, picture)
        torch.nn.Conv2d.forward = noted
        found = []
        for half in (False, True):
            kinds.clear()
            detector = UltralyticsDetector({str(random_weights(""))!r}, imgsz=96, score=0.1, max_det=20, half=half)
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
    assert min(map(len, scores)) > 0
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
        detector = load_detector(sys.argv[1], imgsz=320, device="cpu", engine=sys.argv[2])
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


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_detection_opens_no_connection_and_leaves_no_trace(
    engine: str, tmp_path: Path, random_weights: Callable[[str], Path], root: Path
) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO_", "ULTRALYTICS_", "PYTEST_", "XDG_"))}
    kept |= {"HOME": str(home), "SPORTSTRACK_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", textwrap.dedent(RECORDER), str(random_weights("")), engine]
    done = subprocess.run(command, cwd=work, env=kept, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)  # which also says that nothing else was printed
    assert [entry for entry in seen if entry[0] != "subprocess"] == []
    assert [entry for entry in seen if "install" in entry[1]] == []
    assert list(work.iterdir()) == []
    assert [*home.rglob("*ltralytics*"), *home.rglob("*intel*")] == []
