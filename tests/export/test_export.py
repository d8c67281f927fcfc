"""Exports: what is made opens, finds the same, and is as small as it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sportstrack.detect import load_detector
from sportstrack.engines import open_runtime, read_card
from sportstrack.errors import SportstrackError
from sportstrack.export import Exported, export_model
from sportstrack.export.agreement import agreement
from sportstrack.export.command import main
from sportstrack.export.int8 import float_nodes

Weights = Callable[[str], Path]

OPENVINO, OPENVINO_INT8, ONNX, ONNX_INT8 = range(4)


def test_the_forms_stand_under_their_names_with_their_cards(exports: list[Exported]) -> None:
    names = ("{}_openvino_model", "{}-int8_openvino_model", "{}.onnx", "{}-int8.onnx")
    assert [one.path.name for one in exports] == [name.format("sportstrack-demo-yolov8n") for name in names]
    for one, precision, size in zip(exports, ("fp32", "int8") * 2, (None, (128, 192)) * 2, strict=True):
        card = read_card(one.path)
        assert card is not None
        assert (card.precision, card.size, card.head) == (precision, size, "Detect")
        assert (one.precision, one.size) == (precision, size)
    assert not list(exports[ONNX].path.parent.glob("*.part*"))
    assert not list(exports[ONNX].path.parent.glob(".export-*"))


def test_8_bits_take_a_third_of_the_place_and_find_almost_the_same(exports: list[Exported], crops: Path) -> None:
    assert exports[ONNX_INT8].bytes < 0.4 * exports[ONNX].bytes
    assert exports[OPENVINO_INT8].bytes < 0.4 * exports[OPENVINO].bytes
    pictures = [cv2.imread(str(file)) for file in sorted(crops.parent.glob("images/val/*.png"))]
    wanted = load_detector(exports[ONNX].path, imgsz=192)(pictures)
    assert sum(map(len, wanted)) > 4
    for export in (exports[OPENVINO_INT8], exports[ONNX_INT8]):
        found = load_detector(export.path)(pictures)
        assert not np.array_equal(found[0].score, wanted[0].score)
        assert agreement(wanted, found) > 0.5


def test_the_head_s_decoding_stays_in_floats(exports: list[Exported]) -> None:
    import onnx

    graph = onnx.load(exports[ONNX_INT8].path).graph
    makers = {name: node for node in graph.node for name in node.output}
    decoding = [node for node in graph.node if "/dfl/" in node.name or node.name in ("/model.22/Sigmoid",)]
    assert decoding
    quantised = [
        name for node in decoding for name in node.input if "Dequantize" in getattr(makers.get(name), "op_type", "")
    ]
    assert not quantised
    assert sum(node.op_type == "QuantizeLinear" for node in graph.node) > 50


def test_float_nodes_are_the_head_without_its_inner_blocks() -> None:
    names = [
        "/model.9/cv1/conv/Conv",
        "/model.22/cv2.0/cv2.0.0/conv/Conv/WithoutBiases",
        "/model.22/cv3.1/cv3.1.1/act/Mul",
    ]
    kept = ["/model.22/cv2.0/cv2.0.2/Conv", "/model.22/dfl/conv/Conv", "/model.22/Sigmoid", "/model.22/Mul_2"]
    assert float_nodes([*names, *kept]) == kept
    assert float_nodes(["Conv_1", ""]) == []


def test_ultralytics_finds_the_same_with_the_exports(exports: list[Exported], crops: Path) -> None:
    from sportstrack.models.checkpoint import import_ultralytics

    picture = cv2.imread(str(crops.parent / "images" / "val" / "6.png"))
    for export in (exports[OPENVINO_INT8], exports[ONNX_INT8]):
        ours = load_detector(export.path, score=0.25)([picture])[0]
        model = import_ultralytics().YOLO(export.path, task="detect")
        (theirs,) = model.predict(picture, imgsz=(128, 192), conf=0.25, verbose=False)
        assert len(ours) == len(theirs.boxes) > 0
        assert np.allclose(np.sort(ours.score), np.sort(theirs.boxes.conf.numpy()), atol=0.01)


def test_frames_of_one_shape_fix_a_small_rectangle(random_weights: Weights, tmp_path: Path) -> None:
    (made,) = export_model(random_weights(""), tmp_path, to=("onnx",), imgsz=96, frame=(1280, 720), name="wide")
    assert (made.path.name, made.size) == ("wide.onnx", (64, 96))
    with pytest.raises(SportstrackError, match="64×96"):
        open_runtime(made.path, "onnx", (64, 64))


def test_torchscript_is_made_and_runs(random_weights: Weights, tmp_path: Path) -> None:
    (made,) = export_model(random_weights(""), tmp_path, to=("torchscript",), imgsz=64)
    assert made.path.name == "random.torchscript"
    assert len(load_detector(made.path, imgsz=64, score=0.001)([np.zeros((64, 64, 3), np.uint8)])) == 1


def test_an_export_is_replaced_by_its_own_and_by_no_other(random_weights: Weights, tmp_path: Path) -> None:
    target = tmp_path / "random.onnx"
    target.write_text("mine")
    with pytest.raises(SportstrackError, match=r"random\.onnx: was not written by this program"):
        export_model(random_weights(""), tmp_path, to=("onnx",))
    assert target.read_text() == "mine"
    export_model(random_weights(""), tmp_path, to=("onnx",), overwrite=True)
    export_model(random_weights(""), tmp_path, to=("onnx",))
    with pytest.raises(SportstrackError, match=r"random\.onnx: is the result of"):
        export_model(random_weights("-seg"), tmp_path, to=("onnx",), name="random")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{weights}", "--to", "openvino,nonsense"], "no format 'nonsense'"),
        (["{weights}", "--to", "onnx", "--precision", "fp16"], "--precision fp16: an ONNX file of 16 bits needs a GPU"),
        (["{weights}", "--to", "tensorrt"], "--to tensorrt: needs"),
        (["{weights}", "--to", "coreml"], "--to coreml: needs the package coremltools: pip install coremltools"),
        (["{weights}", "--to", "torchscript", "--int8", "{data}"], "--int8 makes openvino and onnx variants"),
        (["{weights}", "--int8", "{empty}"], "no pictures found; expected a data.yaml"),
        (["{weights}", "--int8", "{empty}/nothing.mp4"], "nothing.mp4"),
        (["{onnx}"], "export takes the .pt file of a training"),
        (["{cut}"], "cut.pt"),
        (["{classifier}"], "has a head (Classify) that only Ultralytics can read"),
        (["{weights}", "-o", "{data}"], "data.yaml: is a file, not a folder"),
        (["{weights}", "--replay", "{empty}"], "--replay belongs to a comparison"),
        (["{weights}", "{onnx}", "--to", "onnx", "--compare", "{empty}"], "no pictures found"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: list[str], message: str, random_weights: Weights, crops: Path, exports: list[Exported], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "empty").mkdir()
    weights = random_weights("")
    (tmp_path / "cut.pt").write_bytes(weights.read_bytes()[:9000])
    places = {
        "weights": weights,
        "data": crops,
        "empty": tmp_path / "empty",
        "onnx": exports[ONNX].path,
        "cut": tmp_path / "cut.pt",
        "classifier": random_weights("-cls") if "{classifier}" in words else "",
    }
    out = [] if "-o" in words else ["-o", str(tmp_path / "out")]
    try:
        status = main([word.format(**places) for word in words] + out + ["--quiet"])
    except SystemExit as stop:
        status = stop.code
    error = capsys.readouterr().err
    assert status == 2, error
    assert message in error
    assert "Traceback" not in error
    assert error.strip().count("\n") == 0, error


def test_a_missing_quantiser_says_how_to_install_it(
    random_weights: Weights, crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sportstrack.detect.common.find_spec", lambda name: None)
    with pytest.raises(
        SportstrackError, match=r"--int8 for openvino: needs the package nncf: pip install 'sportstrack\["
    ):
        export_model(random_weights(""), tmp_path, to=("openvino",), int8=str(crops))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_clear_line(
    random_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sportstrack.export.run.to_onnx", full)
    with pytest.raises(SportstrackError, match=r"random\.onnx: the disk is full"):
        export_model(random_weights(""), tmp_path, to=("onnx",))
    assert not list(tmp_path.glob("*.onnx"))
