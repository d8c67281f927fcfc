"""Checkpoints become ONNX and OpenVINO, and a card says what they are; Ultralytics' own exports are read alike."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.engines import EngineError, ModelCard, open_runtime, read_card, write_card
from sportstrack.engines.convert import to_onnx, to_openvino
from sportstrack.engines.runtime import without_telemetry
from sportstrack.errors import WeightsError
from sportstrack.files.ledger import stamp
from sportstrack.models.checkpoint import import_ultralytics


def test_the_card_says_what_the_checkpoint_is(root: Path, converted: Path) -> None:
    card = read_card(converted)
    assert card is not None
    assert (card.task, card.head, card.stride, card.size, card.batch) == ("detect", "Detect", 32, None, None)
    assert (len(card.names), card.names[3], card.end2end, card.trained_size) == (4, "ball", False, 1280)
    assert card.weights == stamp(root / "weights" / "sportstrack-demo-yolov8n.pt")["sha256"]
    assert "ultralytics" in card.versions


def test_a_size_can_be_fixed(random_weights: Callable[[str], Path], tmp_path: Path) -> None:
    card = to_onnx(random_weights("-pose"), tmp_path / "pose.onnx", (64, 96))
    assert (card.task, card.size, card.batch, card.keypoints) == ("pose", (64, 96), 1, (17, 3))
    assert read_card(tmp_path / "pose.onnx") == card
    assert {path.name for path in tmp_path.iterdir()} == {"pose.onnx", "pose.card.json"}
    assert open_runtime(tmp_path / "pose.onnx", "onnx").input_shape == (1, 3, 64, 96)
    with pytest.raises(EngineError, match=r"takes an input of 1×3×64×96, not of 1×3×96×96"):
        open_runtime(tmp_path / "pose.onnx", "onnx", (96, 96))


def test_openvino_takes_half_the_room_in_16_bits(converted: Path, picture: np.ndarray, tmp_path: Path) -> None:
    card = to_openvino("demo", tmp_path / "half", precision="fp16")
    assert read_card(tmp_path / "half") == read_card(tmp_path / "half" / "model.xml") == card
    assert card.precision == "fp16"
    assert (tmp_path / "half" / "model.bin").stat().st_size < 0.6 * converted.stat().st_size
    wanted = open_runtime(converted, "openvino", (64, 96)).run(picture)[0].copy()
    got = open_runtime(tmp_path / "half", "openvino", (64, 96)).run(picture)[0]
    np.testing.assert_allclose(got, wanted, atol=0.5)  # pixels


@pytest.mark.parametrize(("task", "head"), [("-obb", "OBB"), ("-cls", "Classify")])
def test_an_unknown_head_is_named(task: str, head: str, random_weights: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=rf"random{task}.pt has a head \({head}\) that only Ultralytics can read"):
        to_onnx(random_weights(task), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_checkpoint(tmp_path: Path, converted: Path) -> None:
    with pytest.raises(EngineError, match="is no PyTorch checkpoint"):
        to_onnx(converted, tmp_path / "again.onnx")
    with pytest.raises(WeightsError, match="no such weights file"):
        to_onnx(tmp_path / "absent.pt", tmp_path / "net.onnx")


def test_a_network_that_says_something_else_is_refused(
    random_weights: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sportstrack.engines import convert

    class Wrong:
        def run(self, batch: np.ndarray) -> list[np.ndarray]:
            return [np.zeros((1, 84, 630), np.float32)]

    monkeypatch.setattr(convert, "open_runtime", lambda *_, **__: Wrong())
    with pytest.raises(EngineError, match="does not give what torch gives"):
        to_onnx(random_weights(""), tmp_path / "net.onnx")


@pytest.fixture(scope="module")
def exports(random_weights: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that Ultralytics itself exports."""
    folder = tmp_path_factory.mktemp("exports")
    made = {}
    with warnings.catch_warnings(), without_telemetry():
        warnings.simplefilter("ignore")
        for form in ("onnx", "openvino"):
            weights = folder / f"{form}.pt"
            weights.write_bytes(random_weights("").read_bytes())
            network = import_ultralytics().YOLO(weights)
            made[form] = Path(network.export(format=form, imgsz=[64, 96], verbose=False))
    return made


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_exports_of_ultralytics_are_read(form: str, exports: dict[str, Path]) -> None:
    card = read_card(exports[form])
    assert card is not None
    assert (card.task, card.head, card.size, card.batch, card.precision) == ("detect", "Detect", (64, 96), 1, "fp32")
    assert card.names[2] == "car"
    assert open_runtime(exports[form], "openvino").input_shape == (1, 3, 64, 96)


def test_ultralytics_takes_our_openvino_folder(random_weights: Callable[[str], Path], tmp_path: Path) -> None:
    to_openvino(random_weights(""), tmp_path / "net_openvino_model", (64, 96))
    from sportstrack.detect import UltralyticsDetector

    with without_telemetry():
        detector = UltralyticsDetector(tmp_path / "net_openvino_model", imgsz=96, device="cpu")
    assert (detector.format, detector.in_force["imgsz"]) == ("openvino", 96)


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"x")
    card = ModelCard("pose", {0: "player", 7: "ball"}, 64, (64, 128), 2, (5, 2), "Pose", True, 960, "int8", {"a": "1"})
    assert write_card(card, tmp_path / "a.onnx") == tmp_path / "a.card.json"
    assert read_card(tmp_path / "a.onnx") == card


@pytest.mark.parametrize(
    "change", [{"names": ["a"]}, {"stride": 0}, {"task": 3}, {"size": [1, 2, 3]}, {"names": None}, {"batch": "two"}]
)
def test_a_wrong_card_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"x")
    file = write_card(ModelCard("detect", {0: "player"}), tmp_path / "a.onnx")
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(WeightsError, match=r"a\.card\.json: is no card of a model"):
        read_card(tmp_path / "a.onnx")


def test_a_file_that_says_nothing_of_itself(tmp_path: Path) -> None:
    from onnx_files import message, onnx_model

    plain = onnx_model(tmp_path / "plain.onnx", (1, 3, 8, 8), message((4, "Relu")))
    assert read_card(plain) is None
    (tmp_path / "broken.onnx").write_bytes(plain.read_bytes()[:40] + b"\xff" * 9)
    with pytest.raises(WeightsError, match=r"broken\.onnx: no ONNX model can be read from it"):
        read_card(tmp_path / "broken.onnx")
