"""Detectors in OpenVINO and ONNX Runtime: the boxes of torch, reasons where torch goes on, and no torch where not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from processes import call_track, environment, refused

from sportstrack.detect import UltralyticsDetector, engine_note, ignored_settings, load_detector
from sportstrack.detect import weights as loading
from sportstrack.detect.engine_models import EngineDetector
from sportstrack.engines import EngineError
from sportstrack.engines import measure as measuring
from sportstrack.engines.convert import to_onnx, to_openvino
from sportstrack.errors import DeviceError, SettingError
from sportstrack.track.run import track_video
from sportstrack.types import Detections

ENGINES = ("openvino", "onnx")


@pytest.fixture(autouse=True)
def _measured_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_SECONDS", 0.0)


@pytest.fixture(scope="module")
def match() -> list[np.ndarray]:
    """Frames of the demo's clip, whole and cut to odd sizes."""
    import av

    from sportstrack import assets_folder

    with av.open(str(assets_folder() / "demo.mp4")) as container:
        whole = next(container.decode(video=0)).to_ndarray(format="bgr24")
    return [whole, whole[100:577, 301:1000], whole[:, 400:801]]


def same(found: Detections, wanted: Detections) -> None:
    assert len(found) == len(wanted)
    np.testing.assert_allclose(found.xyxy, wanted.xyxy, atol=0.5)
    np.testing.assert_allclose(found.score, wanted.score, atol=0.01)
    np.testing.assert_array_equal(found.class_id, wanted.class_id)


@pytest.mark.parametrize("engine", ENGINES)
def test_boxes_are_those_of_torch(engine: str, match: list[np.ndarray]) -> None:
    settings: dict[str, Any] = {"imgsz": 480, "score": 0.25, "device": "cpu"}
    torch = load_detector("demo", engine="torch", **settings)
    other = load_detector("demo", engine=engine, **settings)
    assert isinstance(torch, UltralyticsDetector)
    assert isinstance(other, EngineDetector)
    assert (other.names, other.task, other.device) == (torch.names, "detect", "cpu")
    found = other([*match, match[0]])
    assert sum(map(len, found)) > 20
    for table, wanted in zip(found, torch([*match, match[0]]), strict=True):
        same(table, wanted)
    assert all(seconds > 0 for seconds in other.timings.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_at_once_are_those_one_by_one(
    engine: str, match: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # three frames side by side
    frames = [np.roll(match[0], 40 * shift, axis=1) for shift in range(7)]
    alone, together = (load_detector("demo", engine=engine, imgsz=320, score=0.2, device="cpu") for _ in range(2))
    assert together.at_once == 3
    wanted = [alone([frame])[0] for frame in frames]
    together.prepare(frames[0].shape[:2], 3)
    for count in (7, 2, 1):
        for table, one in zip(together(frames[:count]), wanted, strict=False):
            same(table, one)
    assert len({len(table) for table in wanted}) > 1
    assert all(seconds > 0 for seconds in together.timings.values())


@pytest.mark.parametrize("task", ["-seg", "-pose"])
def test_masks_and_key_points_are_those_of_ultralytics(
    task: str, random_weights: Callable[[str], Path], noise: list[np.ndarray], tmp_path: Path
) -> None:
    """On the same outputs: an untrained network's scores are too close to each other to compare with torch's."""
    to_onnx(random_weights(task), tmp_path / "net.onnx", (192, 320))
    settings: dict[str, Any] = {"imgsz": 320, "max_det": 9, "device": "cpu"}
    wanted = UltralyticsDetector(tmp_path / "net.onnx", **settings)(noise[:1])[0]
    found = load_detector(str(tmp_path / "net.onnx"), engine="onnx", **settings)(noise[:1])[0]
    same(found, wanted)
    assert (found.mask is None, found.keypoints is None) == (task == "-pose", task == "-seg")
    if found.mask is not None:
        assert (np.asarray(found.mask) == np.asarray(wanted.mask)).mean() > 0.999
    else:
        np.testing.assert_allclose(found.keypoints, wanted.keypoints, atol=0.5)


def test_auto_takes_the_faster_one_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for first, second in (ENGINES, ENGINES[::-1]):
        times = {first: 11.0, second: 12.0}
        monkeypatch.setattr("sportstrack.detect.engine_models.measured", lambda *_, _times=times, **__: _times)
        report = load_detector("demo", imgsz=64).report
        assert (report.engine, report.precision, report.ms, report.size) == (first, "fp32", times, (64, 64))


def test_a_gpu_takes_torch(monkeypatch: pytest.MonkeyPatch, random_weights: Callable[[str], Path]) -> None:
    monkeypatch.setattr(loading, "may_have_gpu", lambda: True)  # torch then finds none, and takes the CPU
    detector = load_detector(str(random_weights("")), imgsz=64)
    assert isinstance(detector, UltralyticsDetector)
    assert (detector.report.engine, detector.report.why) == ("torch", "")
    assert isinstance(load_detector("demo", imgsz=64, device="cpu"), EngineDetector)


# ----------------------------------------------------------------------------------------------- where torch goes on


def test_an_unknown_head_is_left_to_ultralytics(random_weights: Callable[[str], Path], noise: list[np.ndarray]) -> None:
    detector = load_detector(str(random_weights("-obb")), imgsz=320)
    assert isinstance(detector, UltralyticsDetector)
    assert detector.report.why == "random-obb.pt has a head (OBB) that only Ultralytics can read"
    assert ignored_settings(load_detector(str(random_weights("-obb")), imgsz=320, engine="onnx"), {"engine"}) == [
        "engine is part of this detector and was not set: it is torch"
    ]


def test_a_conversion_that_fails_ends_no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise EngineError("engines: the cache cannot be written (No space left on device)")

    monkeypatch.setattr(loading, "find_or_convert", fail)
    clip = toy.make_match(tmp_path / "match.mp4", frames=2)
    summary = track_video(clip, tmp_path / "out", weights="demo", imgsz=64, formats=["mot"])
    assert summary.engine["engine"] == "torch"
    assert "network: PyTorch fp32 (engines: the cache cannot be written (No space left on device))" in summary.as_text()
    assert (summary.settings["engine"], summary.requested["engine"]) == ("torch", "auto")
    assert engine_note(load_detector("demo", imgsz=64))[0] in summary.as_text()
    assert engine_note(load_detector("demo", imgsz=64, engine="torch")) == []


def test_a_damaged_cache_is_made_anew(
    random_weights: Callable[[str], Path], noise: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path))
    load_detector(str(random_weights("")), imgsz=64)
    for model in tmp_path.glob("engines/*/model.onnx"):
        model.write_bytes(model.read_bytes()[:1_000_000])
    again = load_detector(str(random_weights("")), imgsz=64)
    assert again.report.engine in ENGINES
    assert again.report.converted is not None


def test_features_come_out_of_torch(random_weights: Callable[[str], Path]) -> None:
    detector = load_detector(str(random_weights("")), imgsz=64, features=True)
    assert (detector.report.engine, detector.report.why) == (
        "torch",
        "the detector's own features come out of torch alone",
    )


# ------------------------------------------------------------------------------------------------------ asked by name


@pytest.mark.parametrize("engine", [*ENGINES, "tensorrt", "coreml"])
def test_an_engine_that_is_not_installed(
    engine: str, random_weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportstrack.engines.names.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=rf"engine {engine}: the Python package \w+ is not installed: pip install"):
        load_detector(str(random_weights("")), engine=engine)
    assert load_detector(str(random_weights("")), imgsz=64).report.engine == "torch"  # auto


def test_settings_that_do_not_go_together(random_weights: Callable[[str], Path]) -> None:
    weights = str(random_weights(""))
    with pytest.raises(DeviceError, match="engine onnx runs on the CPU: leave --device cuda:0 out"):
        load_detector(weights, engine="onnx", device="cuda:0")
    with pytest.raises(DeviceError, match="half precision needs a GPU"):
        load_detector(weights, engine="openvino", half=True, device="cpu")
    with pytest.raises(SettingError, match="no engine 'openvin'; did you mean 'openvino'"):
        load_detector(weights, engine="openvin")
    with pytest.raises(SettingError, match="no precision 'int8'"):
        load_detector(weights, precision="int8")
    with pytest.raises(SettingError, match="imgsz"):
        load_detector(weights, imgsz=3)
    with pytest.raises(SettingError, match="class 'horse'"):
        load_detector("demo", classes=["horse"])
    with pytest.raises(SettingError, match=r"frame: expected \(H, W, 3\) uint8"):
        load_detector("demo", imgsz=64)([np.zeros((4, 4), np.uint8)])


def test_what_an_engine_ignores_is_told() -> None:
    plain = load_detector("demo", imgsz=64, engine="onnx", precision="bf16")
    assert ignored_settings(plain, {"precision", "engine"}) == [
        "precision is part of this detector and was not set: it is fp32"
    ]
    assert ignored_settings(load_detector("demo", imgsz=64, engine="onnx"), {"engine", "imgsz", "iou"}) == []
    library = load_detector("torchvision:ssdlite320_mobilenet_v3_large:random", device="cpu", engine="onnx")
    assert ignored_settings(library, {"engine"}) == ["engine is part of this detector and was not set"]


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=2)
    refused(call_track(clip, "--engine", "openvin", "-o", tmp_path), "openvin")
    refused(
        call_track(clip, "--weights", "demo", "--engine", "coreml", "-o", tmp_path),
        "engine coreml: the Python package coremltools is not installed: pip install coremltools",
    )


# ------------------------------------------------------------------------------------------------------------ exports


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_exports_run_at_their_own_size(form: str, noise: list[np.ndarray], tmp_path: Path) -> None:
    path = tmp_path / ("net.onnx" if form == "onnx" else "net_openvino_model")
    (to_onnx if form == "onnx" else to_openvino)("demo", path, (192, 320), batch=2)
    detector = load_detector(str(path), imgsz=640, engine="auto", device="cpu")
    assert isinstance(detector, EngineDetector)
    assert detector.in_force["imgsz"] == 320
    assert ignored_settings(detector, {"imgsz"}) == ["imgsz is part of this detector and was not set: it is 320"]
    three, wanted = detector(noise[:3]), load_detector("demo", imgsz=320, engine="torch", device="cpu")(noise[:3])
    for found, table in zip(three, wanted, strict=True):
        same(found, table)


def test_an_export_of_another_architecture(tmp_path: Path) -> None:
    """A card that promises another head than the file has: Ultralytics is asked, and its word counts."""
    to_onnx("demo", tmp_path / "net.onnx", (64, 64))
    card = tmp_path / "net.card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"names": {"0": "player"}}))
    detector = load_detector(str(tmp_path / "net.onnx"), device="cpu")
    assert isinstance(detector, UltralyticsDetector)
    assert "the network's output has the shape" in detector.report.why


# ------------------------------------------------------------------------------------------- runs, and what they load

LEAN = """
    import json, sys
    from sportstrack import track_video
    summary = track_video(sys.argv[1], sys.argv[2], weights="demo", imgsz=160, embedder="kit", formats=["video", "mot"])
    heavy = [name for name in ("torch", "torchvision", "ultralytics", "openvino_telemetry") if name in sys.modules]
    print(json.dumps([heavy, summary.frames, summary.engine["engine"], summary.engine["converted"]]))
"""


def test_a_converted_network_needs_neither_torch_nor_ultralytics(tmp_path: Path) -> None:
    load_detector("demo", imgsz=160)  # fills the cache
    clip = toy.make_match(tmp_path / "match.mp4", frames=3)
    command = [sys.executable, "-c", textwrap.dedent(LEAN), str(clip), str(tmp_path / "out")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    heavy, frames, engine, converted = json.loads(done.stdout)
    assert (heavy, frames, converted) == ([], 3, None)
    assert engine in ENGINES


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows which connections a process opens")
@pytest.mark.parametrize("engine", ENGINES)
def test_the_system_sees_no_connection(engine: str, tmp_path: Path) -> None:
    load_detector("demo", imgsz=64)  # fills the cache
    code = f"""
        import socket, numpy
        from sportstrack import load_detector
        load_detector("demo", imgsz=64, engine={engine!r})([numpy.zeros((64, 64, 3), numpy.uint8)])
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
    """
    log = tmp_path / "calls.txt"
    command = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=connect",
        "-o",
        str(log),
        sys.executable,
        "-c",
        textwrap.dedent(code),
    ]
    done = subprocess.run(
        command, env=environment() | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("strace is not allowed here")
    assert done.returncode == 0, done.stderr
    assert [line.split("sin_addr")[1][:30] for line in log.read_text().splitlines() if "AF_INET" in line] == [
        '=inet_addr("127.0.0.1")}, 16) '  # the test's own, which shows that the log sees them
    ]


def test_the_engine_belongs_to_what_a_result_depends_on(tmp_path: Path) -> None:
    clip, out = toy.make_match(tmp_path / "match.mp4", frames=3), tmp_path / "out"
    settings: dict[str, Any] = {"weights": "demo", "imgsz": 64, "formats": ["mot"], "save_detections": True}
    first = track_video(clip, out, engine="openvino", **settings)
    assert (first.settings["engine"], first.settings["precision"]) == ("openvino", "fp32")
    assert track_video(clip, out, engine="openvino", resume=True, **settings).skipped
    assert not track_video(clip, out, engine="onnx", resume=True, **settings).skipped
    again = track_video(out / "match.npz", tmp_path / "replay", formats=["mot"])
    assert (tmp_path / "replay" / "match.txt").read_text() == (out / "match.txt").read_text()
    assert (again.engine, "engine" in again.settings) == ({}, False)
    with pytest.raises(SettingError, match="engine cannot be set in a replay"):
        track_video(out / "match.npz", tmp_path / "replay", engine="onnx")
