"""8-bit variants: post-training quantisation on the user's own pictures, by NNCF for OpenVINO and by ONNX Runtime.

Convolutions and what lies between them compute in 8-bit integers. Of the head, the last convolution of each branch, the
decoding of the boxes and the scores stay in 32-bit floats: their numbers span whole pictures, and 256 steps are too few
for them. The size of the input is fixed, because 8-bit networks of open size crash on some CPUs.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.detect.common import import_package, require_package
from sportstrack.detect.yolo import letterbox
from sportstrack.engines.names import EngineError
from sportstrack.engines.runtime import import_openvino, without_telemetry
from sportstrack.export.pictures import Chosen
from sportstrack.plugins import first_line

Progress = Callable[[int, int | None], None]

FIX = "pip install 'sportstrack[int8]'"

_BLOCK = re.compile(r"/conv/Conv|/act/")  # what Ultralytics' Conv consists of, in the names of an exported network


@dataclass(frozen=True)
class Calibration:
    """Pictures as a network gets them.

    Attributes:
        chosen: the pictures.
        size: (height, width) of the input.
        progress: called with the pictures read and those that there are.
    """

    chosen: Chosen
    size: tuple[int, int]
    progress: Progress | None = None

    def inputs(self) -> Iterator[NDArray[np.float32]]:
        """Yield (1, 3, height, width) of each picture."""
        for done, picture in enumerate(self.chosen.pictures(), 1):
            yield letterbox(picture, self.size)
            if self.progress is not None:
                self.progress(done, len(self.chosen))


def require_int8(target: str) -> None:
    """Raise SettingError unless what quantises for a target is installed; nothing is imported."""
    package = {"openvino": "nncf", "onnx": "onnxruntime"}[target]
    require_package(package, f"--int8 for {target}", FIX)


def quantise_openvino(onnx: Path, out: Path, calibration: Calibration) -> None:
    """Write an OpenVINO network (``.xml`` and ``.bin``) of an ONNX file, in 8 bits.

    Raises:
        EngineError: it cannot be quantised.
    """
    nncf = _import_nncf()
    openvino = import_openvino()
    try:
        model = openvino.Core().read_model(str(onnx))
        model.reshape([1, 3, *calibration.size])
        names = [node.get_friendly_name() for node in model.get_ordered_ops()]
        with _quiet():
            made = nncf.quantize(
                model,
                nncf.Dataset(_Again(calibration)),
                preset=nncf.QuantizationPreset.MIXED,  # activations of SiLU are mostly positive
                subset_size=len(calibration.chosen),
                ignored_scope=nncf.IgnoredScope(names=float_nodes(names), validate=False),
            )
        openvino.save_model(made, str(out), compress_to_fp16=False)
    except Exception as error:
        raise EngineError(f"{onnx.name}: cannot be quantised for OpenVINO ({first_line(error)})") from error


def quantise_onnx(onnx: Path, out: Path, calibration: Calibration) -> None:
    """Write an 8-bit ONNX file of an ONNX file, with pairs of operators that quantise and go back (QDQ).

    Raises:
        EngineError: it cannot be quantised.
    """
    quantization = import_package("onnxruntime.quantization", "--int8 for onnx", FIX)
    try:
        with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder, _quiet():
            ready = Path(folder) / "ready.onnx"
            _with_fixed_size(onnx, ready, calibration.size)
            names = [node.name for node in _load(ready).graph.node]
            quantization.quantize_static(
                str(ready),
                str(out),
                _reader(quantization, calibration),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=float_nodes(names),
                calibrate_method=quantization.CalibrationMethod.MinMax,
            )
        _keep_metadata(onnx, out)
    except Exception as error:
        raise EngineError(f"{onnx.name}: cannot be quantised for ONNX Runtime ({first_line(error)})") from error


def float_nodes(names: Sequence[str]) -> list[str]:
    """Return the operators that stay in floats: of the last layer, the head, all that are not in its inner blocks.

    Args:
        names: of a network's operators, as Ultralytics' exporter gives them: ``/model.22/cv2.0/cv2.0.2/Conv``.
    """
    layers = [int(found[1]) for name in names if (found := re.match(r"/model\.(\d+)/", name))]
    head = f"/model.{max(layers, default=-1)}/"
    return [name for name in names if name.startswith(head) and ("/dfl/" in name or not _BLOCK.search(name))]


class _Again:
    """Inputs that can be gone through several times, as NNCF does; only the first round is shown."""

    def __init__(self, calibration: Calibration) -> None:
        self._next = calibration

    def __len__(self) -> int:
        return len(self._next.chosen)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        this, self._next = self._next, Calibration(self._next.chosen, self._next.size)
        return this.inputs()


def _reader(quantization: Any, calibration: Calibration) -> Any:
    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._inputs = calibration.inputs()

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._inputs, None)
            return None if batch is None else {"images": batch}

    return Reader()


def _with_fixed_size(onnx: Path, out: Path, size: tuple[int, int]) -> None:
    """Write a network with a fixed input, its constants folded and all shapes known."""
    shapes = import_package("onnxruntime.quantization.shape_inference", "--int8 for onnx", FIX)
    tools = import_package("onnxruntime.tools.onnx_model_utils", "--int8 for onnx", FIX)
    model = _load(onnx)
    tools.make_input_shape_fixed(model.graph, model.graph.input[0].name, [1, 3, *size])
    shapes.quant_pre_process(model, str(out))


def _keep_metadata(onnx: Path, out: Path) -> None:
    """Copy what Ultralytics wrote into the network: names, task and stride."""
    made: Any = _load(out)
    there = {one.key for one in made.metadata_props}
    made.metadata_props.extend(one for one in _load(onnx).metadata_props if one.key not in there)
    out.write_bytes(made.SerializeToString())


def _load(path: Path) -> Any:
    return import_package("onnx", "--int8 for onnx", FIX).load(str(path))


def _import_nncf() -> Any:
    with _quiet(), without_telemetry():
        nncf = import_package("nncf", "--int8 for openvino", FIX)
        nncf.set_log_level(logging.ERROR)
        return nncf


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantisers' own bars and remarks from the user, who sees this project's."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
