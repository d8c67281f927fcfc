"""Re-identification models in ONNX files, through ONNX Runtime, or OpenVINO where that is faster."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import NetworkInput, embed_crops
from sportstrack.engines.measure import measured
from sportstrack.engines.names import EngineError, is_installed
from sportstrack.engines.runtime import Runtime, open_runtime
from sportstrack.errors import FormatError, SportstrackError, WeightsError
from sportstrack.files.reading import read_json
from sportstrack.masks.table import Masks
from sportstrack.models.devices import device_name
from sportstrack.models.weights import OSNET, cache_folder, find_weights
from sportstrack.plugins import first_line
from sportstrack.types import Embeddings, FloatArray, Image

_BATCH = 32  # crops at a time where the model leaves it open; more of them is no faster and takes more memory
_OF_OPEN = 16  # the same in OpenVINO, which fills the last batch up
_THREADS = 8  # at most; small networks do not use more
_PROVIDERS = {"cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider", "cpu": "CPUExecutionProvider"}
_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class OnnxEmbedder:
    """Any ONNX model that turns a batch of pictures into one vector each.

    Height and width, the layout (channels first or last), the batch size (open, or fixed: the last batch is filled up)
    and the precision are read from the model; 256×128 where it leaves the size open. Pictures are RGB with ImageNet's
    mean and standard deviation, unless a JSON file beside the model, ``model.json`` for ``model.onnx``, says otherwise
    with any of ``mean``, ``std`` (three numbers each), ``bgr`` (true or false) and ``size`` (height, width).

    Threads: OMP_NUM_THREADS, else the number of cores, 8 at most.

    Args:
        path: file, address, or the known name ``osnet_x0_25_msmt17.onnx``.
        device: ``cuda`` and ``mps`` are used where the installed onnxruntime has them; otherwise the CPU is, and
            `warnings` says so. ``auto`` is CUDA if onnxruntime has it, else the CPU.
        engine: on a CPU, onnx, openvino, or auto: whichever is faster here, measured once. Any other name is onnx, as
            is whatever runs on another device.

    Attributes:
        name: the file's name without ``.onnx``.
        device: the device in use.
        engine: the engine in use.
        warnings: sentences for the user.

    Raises:
        WeightsError: if the file is missing, broken or no such model.
        FormatError: if the JSON file beside it is wrong.
        SportstrackError: if onnxruntime is not installed.
    """

    def __init__(self, path: str | Path, *, device: str = "auto", engine: str = "auto") -> None:
        self.path = _find(str(path))
        self.name = self.path.stem
        self.warnings: list[str] = []
        self._openvino: Runtime | None = None
        self._session = self._open(_require_onnxruntime(), device)
        self._model = _read_inputs(self.path, self._session)
        self._output, self.length = self._try_out()
        self._openvino = self._open_openvino() if self._takes_openvino(engine) else None
        self.engine = "onnx" if self._openvino is None else "openvino"

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, D) unit rows for an (H, W, 3) BGR frame and (N, 4) boxes."""
        return self._embed(frame, xyxy, None)

    def masked(self, frame: Image, xyxy: FloatArray, masks: Masks) -> Embeddings:
        """Return (N, D) unit rows; the pixels outside the masks are blanked."""
        return self._embed(frame, xyxy, masks)

    def _embed(self, frame: Image, xyxy: FloatArray, masks: Masks | None) -> Embeddings:
        wants, batch = self._model.wants, self._model.batch or _BATCH
        return embed_crops(frame, xyxy, self._run, wants=wants, length=self.length, batch=batch, masks=masks)

    def _run(self, planes: NDArray[np.float32]) -> Any:
        return self._run_all(planes)[self._output][: len(planes)].reshape(len(planes), -1)

    def _run_all(self, planes: NDArray[np.float32]) -> list[Any]:
        model, missing = self._model, (self._model.batch or 0) - len(planes)
        if missing > 0:
            planes = np.concatenate((planes, np.zeros((missing, *planes.shape[1:]), np.float32)))
        if model.channels_last:
            planes = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        if self._openvino is not None:
            return self._openvino.run(planes)
        outputs: list[Any] = self._session.run(None, {model.name: planes.astype(model.dtype, copy=False)})
        return outputs

    def _takes_openvino(self, engine: str) -> bool:
        """Return whether OpenVINO is to run the model."""
        plain = self.device == "cpu" and not self._model.channels_last and self._model.dtype is np.float32
        if engine == "openvino" and not plain:
            self.warnings.append(f"{self.path.name} stays with ONNX Runtime: OpenVINO takes (batch, 3, height, width)")
        if engine not in ("auto", "openvino") or not plain or not is_installed("openvino"):
            return False
        if engine == "openvino":
            return True
        try:
            times = measured(self.path, self._model.wants.size, batch=self._model.batch or _OF_OPEN, threads=_threads())
        except EngineError:
            return False
        return next(iter(times)) == "openvino"

    def _open_openvino(self) -> Runtime | None:
        """Open the model in OpenVINO, which takes batches of one size alone."""
        size, batch = self._model.wants.size, self._model.batch or _OF_OPEN
        try:
            opened = open_runtime(self.path, "openvino", size, batch=batch, threads=_threads())
        except EngineError as error:
            self.warnings.append(f"{self.path.name} stays with ONNX Runtime: {error}")
            return None
        self._model = replace(self._model, batch=batch)
        return opened

    def _open(self, runtime: Any, device: str) -> Any:
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.intra_op_num_threads = _threads()
        # By default idle threads spin; they would take the detector's and the decoder's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = device_name(device)
        kind, _, number = ("cuda:0" if wanted == "auto" else wanted).partition(":")
        providers: list[Any] = [_PROVIDERS["cpu"]]
        if kind != "cpu" and _PROVIDERS[kind] in runtime.get_available_providers():
            providers.insert(0, (_PROVIDERS[kind], {"device_id": number}) if number else _PROVIDERS[kind])
        try:
            session = runtime.InferenceSession(str(self.path), options, providers=providers)
        except Exception as error:
            raise WeightsError(f"{self.path}: no ONNX model can be read from it ({first_line(error)})") from error
        on_device = kind != "cpu" and _PROVIDERS[kind] in session.get_providers()
        self.device = ("cuda:0" if wanted == "auto" else wanted) if on_device else "cpu"
        if wanted not in {"auto", self.device}:
            fix = " (pip install onnxruntime-gpu, in place of onnxruntime)" if kind == "cuda" else ""
            self.warnings.append(f"{self.path.name} runs on the CPU: onnxruntime cannot use {wanted} here{fix}")
        return session

    def _try_out(self) -> tuple[int, int]:
        """Run once on black pictures; return which output holds the vectors, and their length."""
        count = self._model.batch or 2
        try:
            outputs = self._run_all(self._model.wants.planes(np.zeros((count, *self._model.wants.size, 3), np.uint8)))
        except Exception as error:
            raise _no_model(self.path, f"it fails on {count} pictures: {first_line(error)}") from error
        for place, output in enumerate(outputs):
            shape = np.shape(output)
            if len(shape) >= 2 and shape[0] == count and shape[1] > 1 and set(shape[2:]) <= {1}:
                return place, int(shape[1])
        came = ", ".join(str(np.shape(output)) for output in outputs)
        raise _no_model(self.path, f"expected one vector per picture, ({count}, D), got {came}")


@dataclass(frozen=True)
class _Model:
    """What an ONNX model takes."""

    name: str  # of its input
    dtype: Any
    batch: int | None  # None: any
    channels_last: bool
    wants: NetworkInput


def _find(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if name == OSNET.name:
        try:
            return find_weights(name)
        except WeightsError as error:
            reason = str(error).partition(";")[0]
            raise WeightsError(
                f"{reason}; fetch {OSNET.url} yourself, or take any ONNX export of OSNet, and give its path "
                f"(--embedder PATH.onnx) or keep it as {cache_folder() / name}"
            ) from error
    if name.startswith(("http://", "https://")):
        return find_weights(name)
    raise WeightsError(f"{name}: no such file; expected an ONNX re-identification model")


def _require_onnxruntime() -> Any:
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError as error:
        raise SportstrackError(
            f"onnxruntime, which runs ONNX models, cannot be imported ({error}); to mend it: pip install onnxruntime"
        ) from error
    return onnxruntime


def _threads() -> int:
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) > 0 else min(os.cpu_count() or 1, _THREADS)


def _read_inputs(path: Path, session: Any) -> _Model:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise _no_model(path, f"expected one input, got {', '.join(i.name for i in inputs) or 'none'}")
    (entry,) = inputs
    shape = [size if isinstance(size, int) and size > 0 else None for size in entry.shape]
    if len(shape) != 4 or entry.type not in _FLOATS or 3 not in (shape[1], shape[3]):
        wanted = "expected an input of (batch, 3, height, width) or (batch, height, width, 3) floats"
        raise _no_model(path, f"{wanted}, got {entry.shape} {entry.type}")
    channels_last = shape[1] != 3
    own, given = NetworkInput(), _sidecar(path)
    height, width = shape[1:3] if channels_last else shape[2:]
    open_size = given.get("size", own.size)
    wants = NetworkInput(
        (height or open_size[0], width or open_size[1]),
        given.get("mean", own.mean),
        given.get("std", own.std),
        given.get("bgr", own.bgr),
    )
    return _Model(entry.name, _FLOATS[entry.type], shape[0], channels_last, wants)


def _sidecar(path: Path) -> dict[str, Any]:
    """Read the JSON file beside a model, if there is one."""
    file = path.with_suffix(".json")
    if not file.is_file():
        return {}
    try:
        given = read_json(file)
        return {key: _SIDECAR[key](value) for key, value in given.items()}
    except (FormatError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        raise FormatError(
            f'{file}: expected any of {{"mean": [r, g, b], "std": [r, g, b], "size": [height, width], "bgr": false}} '
            f"for {path.name} ({type(error).__name__}: {error})"
        ) from error


def _numbers(count: int, least: float = -1e6, most: float = 1e6, kind: Any = float) -> Any:
    def read(value: Any) -> tuple[Any, ...]:
        numbers = tuple(kind(number) for number in value)
        if len(numbers) != count or not all(least <= number <= most for number in numbers):
            raise ValueError(f"{value} is not {count} numbers in range")
        return numbers

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


_SIDECAR = {
    "mean": _numbers(3),
    "std": _numbers(3, least=1e-6),
    "size": _numbers(2, least=1, most=4096, kind=int),
    "bgr": _flag,
}


def _no_model(path: Path, cause: str) -> WeightsError:
    return WeightsError(f"{path}: is no re-identification model ({cause})")
