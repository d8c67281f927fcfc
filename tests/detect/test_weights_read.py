"""Weights files: what is no detector is refused with its reason, and nothing in it runs."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.detect import load_detector
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.errors import WeightsError

SIZE = {"imgsz": 320, "device": "cpu"}


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
