"""TensorFlow Object Detection's models as ``tensorflow:SAVED_MODEL_FOLDER``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.detect.common import OF_ENGINES, ClassTable, Frames, Stages, import_package, in_shapes, require_package
from sportstrack.detect.labels import coco_labels, find_labels, read_labels, split_labels
from sportstrack.errors import DeviceError, WeightsError
from sportstrack.images.opencv import require_cv2
from sportstrack.models.devices import device_name, import_torch
from sportstrack.plugins import first_line
from sportstrack.types import Detections, Image

PREFIX = "tensorflow:"
FIX = "pip install tensorflow"
_SIGNATURE = "serving_default"
_NEEDED = ("detection_boxes", "detection_scores", "detection_classes")
_REFUSED = frozenset(("WriteFile", "ReadFile", "PrintV2", "PyFunc", "PyFuncStateless", "EagerPyFunc"))
"""Operations that no detector needs and that touch files or call Python."""


class TensorflowDetector:
    """A SavedModel with the outputs of TensorFlow's Object Detection API, whose boxes are shares of the picture.

    Class names are those of label_map.pbtxt or labels.txt (a name per line, the first is class 1) in the folder, in its
    assets or beside it; else COCO's 91, counted from 1. The input's size and the suppression's overlap are part of the
    model: `fixed`.

    A SavedModel is a program. Without `trust`, one with operations that write or read files or call Python is refused.

    Args:
        name: the folder with saved_model.pb, or ``FOLDER,LABELS``.
        score: lowest score returned, 0…1; the model may have been exported with a higher one.
        device: ``auto``, ``cpu`` or ``cuda:N``, as TensorFlow sees them.
        trust: load any operation.

    All else as `sportstrack.detect.connector.Connector` says; a broken labels file is a `FormatError`.
    """

    fixed: tuple[str, ...] = ("imgsz", "iou", "half", *OF_ENGINES)

    def __init__(
        self,
        name: str,
        *,
        score: float = 0.1,
        classes: Sequence[int | str] | str | None = None,
        device: str = "auto",
        trust: bool = False,
    ) -> None:
        self._spec, self._score = PREFIX + name, score
        self._tensorflow = _import_tensorflow(self._spec)
        self.device = _device(self._tensorflow, device)
        self._convert = import_module("supervision").Detections.from_tensorflow
        self.in_force: dict[str, Any] = {}
        self._stages = Stages()
        self.timings = self._stages.timings
        folder, labels = split_labels(name)
        if not trust:
            _check_operations(folder)
        with self._on_device():
            self._model = _load(self._tensorflow, folder)
        self._call = _signature(self._model, folder)
        self._input, (self._batch, height, width), self._type = _input(self._call, folder)
        self._size = (width, height) if width and height else None
        self._classes = ClassTable(self._spec, _labels(self._call, folder, labels), classes)
        self.names = self._classes.names

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        return in_shapes(frames, self._detect)

    def _detect(self, frames: Frames) -> list[Detections]:
        step = self._batch or len(frames)
        return [table for at in range(0, len(frames), step) for table in self._run(frames[at : at + step])]

    def _run(self, frames: Frames) -> list[Detections]:
        with self._stages("preprocess"):
            pixels = self._pixels(frames)
        with self._stages("inference"), self._on_device():
            found = self._call(**{self._input: self._tensorflow.constant(pixels, self._type)})
            found[_NEEDED[0]].numpy()  # waits for the device
        with self._stages("postprocess"):
            return [self._table(found, row, frame) for row, frame in enumerate(frames)]

    def _table(self, found: dict[str, Any], row: int, frame: Image) -> Detections:
        height, width = frame.shape[:2]
        one = self._convert({key: found[key][row : row + 1] for key in _NEEDED}, (width, height))
        # Rows beyond num_detections only fill up.
        count = int(found["num_detections"][row]) if "num_detections" in found else len(one)
        return self._classes.table(one[:count], self._score)

    def _pixels(self, frames: Frames) -> Any:
        """Return a (B, H, W, 3) RGB batch of the size that the model takes, which is any for most."""
        pictures = list(frames) if self._size is None else [require_cv2().resize(f, self._size) for f in frames]
        pictures += [pictures[-1]] * ((self._batch or 0) - len(pictures))
        return np.stack(pictures)[..., ::-1]

    def _on_device(self) -> Any:
        kind, _, number = self.device.partition(":")
        return self._tensorflow.device("/CPU:0" if kind == "cpu" else f"/GPU:{number or 0}")


def _import_tensorflow(spec: str) -> Any:
    require_package("tensorflow", spec, FIX)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # it prints at length which processor it runs on
    # First torch with all that it brings: the LLVM inside triton ends the process if TensorFlow's came before it.
    import_torch()
    import_module("torchvision.ops")
    return import_package("tensorflow", spec, FIX)


def _device(tensorflow: Any, wanted: str) -> str:
    """Return ``cpu`` or ``cuda:N``; TensorFlow takes what it needs of a GPU's memory, not all of it."""
    gpus = tensorflow.config.list_physical_devices("GPU")
    there = [f"cuda:{i}" for i in range(len(gpus))] + ["cpu"]
    asked = device_name(wanted)
    chosen = there[0] if asked == "auto" else asked
    if chosen not in there:
        raise DeviceError(
            f"device {wanted!r} is not available to TensorFlow (there is: {', '.join(there)}); use --device {there[0]}"
        )
    with contextlib.suppress(RuntimeError):  # it is in use already
        for gpu in gpus:
            tensorflow.config.experimental.set_memory_growth(gpu, True)
    return chosen


def _check_operations(folder: Path) -> None:
    """Refuse a SavedModel that writes or reads files of its choice or calls Python."""
    file = folder / "saved_model.pb"
    if not file.is_file():
        hint = " (a frozen graph must be exported again, as SavedModel)" if folder.suffix == ".pb" else ""
        raise WeightsError(f"{file}: is not there; expected the folder of a TensorFlow SavedModel{hint}")
    graph = import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
    try:
        graph.ParseFromString(file.read_bytes())
    except Exception as error:
        raise WeightsError(f"{file}: is damaged, or no SavedModel ({first_line(error)})") from error
    for part in graph.meta_graphs:
        nodes = [part.graph_def.node, *(function.node_def for function in part.graph_def.library.function)]
        found = sorted({node.op for some in nodes for node in some} & _REFUSED)
        if found:
            raise WeightsError(
                f"{file}: runs {found[0]}, which no detector needs; --trust loads it if you trust where it came from"
            )


def _load(tensorflow: Any, folder: Path) -> Any:
    try:
        return tensorflow.saved_model.load(str(folder))
    except Exception as error:
        raise WeightsError(f"{folder}: no model can be read from this folder ({first_line(error)})") from error


def _signature(model: Any, folder: Path) -> Any:
    call = model.signatures.get(_SIGNATURE)
    given = sorted(call.structured_outputs) if call is not None else []
    if not set(_NEEDED) <= set(given):
        raise WeightsError(
            f"{folder}: is a model of another task; it gives {', '.join(given) or 'nothing by name'}, and a detector "
            f"of the Object Detection API gives {', '.join(_NEEDED)}"
        )
    return call


def _input(call: Any, folder: Path) -> tuple[str, tuple[int | None, int | None, int | None], Any]:
    """Return the input's name, its (batch, height, width), None where any will do, and its type."""
    inputs = call.structured_input_signature[1]
    if len(inputs) == 1:
        ((name, spec),) = inputs.items()
        shape = [None] * 4 if spec.shape.rank is None else spec.shape.as_list()
        if len(shape) == 4 and shape[3] in (3, None) and spec.dtype.name in ("uint8", "float32"):
            return name, (shape[0], shape[1], shape[2]), spec.dtype
    raise WeightsError(
        f"{folder}: expected one input of (B, H, W, 3) pictures, got "
        f"{', '.join(f'{name} {spec.shape} {spec.dtype.name}' for name, spec in inputs.items())}; export it with "
        "--input_type image_tensor"
    )


def _labels(call: Any, folder: Path, given: Path | None) -> dict[int, str]:
    file = given or find_labels([folder, folder / "assets", folder.parent])
    if file is not None:
        return read_labels(file, first=1)
    labels = coco_labels()
    scores = call.structured_outputs.get("detection_multiclass_scores")
    count = None if scores is None or scores.shape.rank != 3 else scores.shape[2]
    if count not in (None, len(labels)):
        raise WeightsError(
            f"{folder}: its {count - 1} classes have no names, and are not COCO's; put the label_map.pbtxt that it was "
            "trained with into the folder"
        )
    return labels
