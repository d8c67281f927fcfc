"""OpenCV's network trackers, driven by networks made by hand: whatever is bright and 32 pixels large is the object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_files import message

from sportstrack.errors import WeightsError
from sportstrack.sot import SingleTracker
from sportstrack.sot.methods import Follower

FLOAT, INT, INTS = 1, 2, 7  # ONNX's numbers for the kinds of tensors and attributes


def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> tuple[int, bytes]:
    """One step of a graph; attributes are a whole number or a list of them."""
    fields: list[tuple[int, Any]] = [*((1, name) for name in inputs), (2, output), (4, kind)]
    for name, value in attributes.items():
        values = [(8, one) for one in value] if isinstance(value, list) else [(3, value)]
        fields.append((5, message((1, name), *values, (20, INTS if isinstance(value, list) else INT))))
    return 1, message(*fields)


def constant(name: str, values: Any, *shape: int) -> tuple[int, bytes]:
    array = np.broadcast_to(np.asarray(values, np.float32), shape)
    return 5, message(*((1, size) for size in shape), (2, FLOAT), (8, name), (9, array.tobytes()))


def value(field: int, name: str, *shape: int) -> tuple[int, bytes]:
    """An input (field 11) or an output (field 12) of a graph."""
    sizes = message(*((1, message((1, size))) for size in shape))
    return field, message((1, name), (2, message((1, message((1, FLOAT), (2, sizes))))))


def write(path: Path, *parts: tuple[int, bytes]) -> str:
    path.write_bytes(message((1, 7), (7, message(*parts, (2, "g"))), (8, message((1, ""), (2, 11)))))
    return str(path)


def vit(folder: Path) -> dict[str, str]:
    """A map of confidence (light in 64 × 64 pixels of the first channel), one of sizes and one of offsets."""
    mean = np.array([1, 0, 0]).reshape(1, 3, 1, 1) / 64**2  # OpenCV's scaling spares the first channel alone
    return {
        "net": write(
            folder / "vit.onnx",
            node("Conv", ["search", "mean"], "light", strides=[16, 16], kernel_shape=[64, 64], pads=[24] * 4),
            node("ReduceMean", ["template"], "usual", axes=[1, 2, 3], keepdims=1),
            node("Mul", ["usual", "none"], "nothing"),
            node("Mul", ["light", "gain"], "more"),
            node("Add", ["more", "nothing"], "sum"),
            node("Sigmoid", ["sum"], "output1"),
            node("Conv", ["light", "off", "quarter"], "output2", kernel_shape=[1, 1]),
            node("Conv", ["light", "off", "half"], "output3", kernel_shape=[1, 1]),
            constant("mean", mean, 1, 3, 64, 64),
            constant("none", 0, 1),
            constant("gain", 3, 1),
            constant("off", 0, 2, 1, 1, 1),
            constant("quarter", 0.25, 2),
            constant("half", 0.5, 2),
            value(11, "template", 1, 3, 128, 128),
            value(11, "search", 1, 3, 256, 256),
            value(12, "output1", 1, 1, 16, 16),
            value(12, "output2", 1, 2, 16, 16),
            value(12, "output3", 1, 2, 16, 16),
        )
    }


def nano(folder: Path) -> dict[str, str]:
    """Features: the light in 64 × 64 pixels; the head makes it a class, and every box 64 pixels large."""
    backbone = write(
        folder / "backbone.onnx",
        node("Conv", ["input", "mean"], "output", strides=[16, 16], kernel_shape=[64, 64], pads=[33, 33, 16, 16]),
        constant("mean", 1 / (3 * 64**2), 1, 3, 64, 64),
        value(11, "input", 1, 3, 255, 255),
        value(12, "output", 1, 1, 16, 16),
    )
    head = write(
        folder / "head.onnx",
        node("ReduceMean", ["input1"], "usual", axes=[1, 2, 3], keepdims=1),
        node("Mul", ["usual", "none"], "nothing"),
        node("Add", ["input2", "nothing"], "light"),
        node("Conv", ["light", "gain", "bias"], "output1", kernel_shape=[1, 1]),
        node("Conv", ["light", "off", "reach"], "output2", kernel_shape=[1, 1]),
        constant("none", 0, 1),
        constant("gain", np.array([-0.02, 0.02]).reshape(2, 1, 1, 1), 2, 1, 1, 1),
        constant("bias", [2.8, -2.8], 2),
        constant("off", 0, 4, 1, 1, 1),
        constant("reach", 32, 4),
        value(11, "input1", 1, 1, 8, 8),
        value(11, "input2", 1, 1, 16, 16),
        value(12, "output1", 1, 2, 16, 16),
        value(12, "output2", 1, 4, 16, 16),
    )
    return {"backbone": backbone, "neckhead": head}


def dasiamrpn(folder: Path) -> dict[str, str]:
    """The light in 64 × 64 pixels makes the class; every box is its anchor. Two more networks hand it its kernels.

    OpenCV finds the features and the two kernels to replace by the names that the nodes of the authors' file have.
    """
    kernel_of_classes = np.zeros((10, 256, 4, 4))
    kernel_of_classes[5:, 0, 2, 2] = 0.05
    model = write(
        folder / "model.onnx",
        node("Conv", ["input", "mean"], "light", strides=[8, 8], kernel_shape=[64, 64]),
        node("Conv", ["light", "spread"], "63", kernel_shape=[1, 1]),
        node("Conv", ["light", "middle"], "inner", kernel_shape=[5, 5]),
        node("Conv", ["inner", "spread"], "64", kernel_shape=[1, 1]),
        node("Conv", ["64", "regression"], "65", kernel_shape=[4, 4]),
        node("Conv", ["65", "adjust"], "66", kernel_shape=[1, 1]),
        node("Conv", ["inner", "spread"], "67", kernel_shape=[1, 1]),
        node("Conv", ["67", "classes", "bias"], "68", kernel_shape=[4, 4]),
        constant("mean", 1 / (3 * 64**2), 1, 3, 64, 64),
        constant("spread", np.eye(256, 1).reshape(256, 1, 1, 1), 256, 1, 1, 1),
        constant("middle", np.eye(25)[12].reshape(1, 1, 5, 5), 1, 1, 5, 5),
        constant("regression", 0, 20, 256, 4, 4),
        constant("adjust", 0, 20, 20, 1, 1),
        constant("classes", 0, 10, 256, 4, 4),
        constant("bias", [0] * 5 + [-7] * 5, 10),
        value(11, "input", 1, 3, 271, 271),
        value(12, "66", 1, 20, 19, 19),
        value(12, "68", 1, 10, 19, 19),
    )
    kernels = {
        name: write(
            folder / f"{name}.onnx",
            node("ReduceMean", ["input"], "usual", axes=[1, 2, 3], keepdims=1),
            node("Mul", ["usual", "none"], "nothing"),
            node("Add", ["nothing", "kernel"], "output"),
            constant("none", 0, 1),
            constant("kernel", kernel.reshape(1, -1, 4, 4), 1, kernel.size // 16, 4, 4),
            value(11, "input", 1, 256, 8, 8),
            value(12, "output", 1, kernel.size // 16, 4, 4),
        )
        for name, kernel in (("kernel_cls1", kernel_of_classes), ("kernel_r1", np.zeros((20, 256, 4, 4))))
    }
    return {"model": model, **kernels}


def frame(i: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    image = np.full((160, 240, 3), 40, np.uint8)
    x, y = 60 + 3 * i, 60 + i
    image[y : y + size, x : x + size] = (250, 240, 245)
    return image, np.array([x, y, x + size, y + size], float)


@pytest.mark.parametrize(("method", "networks"), [("vit", vit), ("nano", nano), ("dasiamrpn", dasiamrpn)])
def test_a_network_is_followed_and_its_score_counts(method: str, networks: Any, tmp_path: Path) -> None:
    tracker = SingleTracker(method, models=networks(tmp_path))
    tracker.init(*frame(0))
    for i in range(1, 12):
        image, box = frame(i)
        result = tracker.update(image)
        assert result.state == "tracking"
        assert 0.3 < result.score <= 1
        assert np.abs(result.box - box).max() < 12, "the toy's boxes lie on a grid of 8 pixels"
    dark = np.full_like(image, 40)
    assert [tracker.update(dark).state for _ in range(6)] == ["occluded"] * 6


def test_a_network_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    other = nano(tmp_path)["backbone"]
    follower = Follower("vit", {"net": other})
    with pytest.raises(WeightsError, match=r"method vit: this OpenCV cannot run .*backbone\.onnx"):
        follower.init(*frame(0))


def test_a_network_that_stumbles_over_a_frame_has_not_found_the_object(tmp_path: Path) -> None:
    follower = Follower("vit", vit(tmp_path))
    follower.init(*frame(0))
    found, box, score = follower.update(np.zeros((8, 8, 3), np.uint8))  # the last box lies outside
    assert not found
    assert score == 0 or np.isnan(box).all()
