"""Networks open in a runtime: arrays in, arrays out; OpenVINO and ONNX Runtime on the CPU.

Shapes are fixed when a network is opened, also where its file leaves them open, and one request runs at a time: queues
of requests can hang, and 8-bit networks of open shape crash on some CPUs.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sportstrack.engines.names import ON_CPU, EngineError, require_engine
from sportstrack.errors import SettingError, WeightsError, unknown
from sportstrack.plugins import first_line

Floats = NDArray[np.float32]

_TELEMETRY = "openvino_telemetry"
_HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}
_NAMES = {hint: name for name, hint in _HINTS.items()} | {"float": "fp32", "dynamic": "fp32"}


class Runtime(Protocol):
    """A network that is ready to run.

    Attributes:
        engine: openvino or onnx.
        precision: what the network computes in: fp32, fp16 or bf16.
        input_shape: (batch, 3, height, width).
        output_shapes: of each output.
        threads: threads that work on one batch.
    """

    engine: str
    precision: str
    input_shape: tuple[int, ...]
    output_shapes: list[tuple[int, ...]]
    threads: int

    def run(self, batch: Floats, lane: int = 0) -> list[Floats]:
        """Return the outputs for an array of `input_shape`; they may be overwritten by the next call in this lane.

        Lanes may be used at the same time, each by one thread.

        Raises:
            EngineError: the engine fails on it.
        """
        ...


def open_runtime(
    path: str | Path,
    engine: str,
    size: tuple[int, int] | None = None,
    *,
    batch: int = 1,
    threads: int | None = None,
    precision: str = "fp32",
    lanes: int = 1,
) -> Runtime:
    """Open a converted network.

    Args:
        path: ``.onnx`` file; for OpenVINO also ``.xml`` file or the folder that it is in.
        engine: openvino or onnx.
        size: (height, width) of the input; None takes the file's own, which must then be fixed.
        batch: pictures at once, where the file leaves that open.
        threads: None is OMP_NUM_THREADS, else the number of cores of this process.
        precision: fp32, fp16 or bf16. OpenVINO computes in fp32 where the CPU does not have the other, ONNX Runtime
            always in what the file says: see the runtime's ``precision``.
        lanes: batches that may run side by side, with a part of the threads each.

    Raises:
        EngineError: the engine is not installed, or cannot open the file or take the size.
        WeightsError: there is no such file.
    """
    if engine not in ON_CPU:
        raise SettingError(unknown("runtime", engine, ON_CPU))
    require_engine(engine)
    file = _file(Path(path))
    made = _OpenVino if engine == "openvino" else _OnnxRuntime
    if made is _OnnxRuntime and file.suffix.lower() != ".onnx":
        raise EngineError(f"{file}: ONNX Runtime opens .onnx files alone")
    shape = None if size is None else (batch, 3, *size)
    return made(file, shape, threads or default_threads(), precision, lanes)


def default_threads() -> int:
    """Return OMP_NUM_THREADS, else the number of cores that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _OpenVino:
    engine = "openvino"

    def __init__(self, file: Path, shape: tuple[int, ...] | None, threads: int, precision: str, lanes: int) -> None:
        openvino = import_openvino()
        self.threads, self._file = threads, file
        try:
            core = openvino.Core()
            model = core.read_model(str(file))
            if shape is not None:
                _refuse_other_size(file, _open_sides(model.input(0).partial_shape), shape)
                model.reshape(list(shape))
            elif model.is_dynamic():
                raise EngineError(f"{file}: leaves the size of its input open; say which")
            compiled = core.compile_model(
                model,
                "CPU",
                {
                    "PERFORMANCE_HINT": "LATENCY" if lanes == 1 else "THROUGHPUT",
                    "NUM_STREAMS": str(lanes),
                    "INFERENCE_NUM_THREADS": threads,
                    "ENABLE_CPU_PINNING": False,  # decoding and encoding use the same cores; a fixed one may be taken
                    "INFERENCE_PRECISION_HINT": _HINTS[precision],  # CPUs that have bf16 use it by themselves
                },
            )
            self._requests = [compiled.create_infer_request() for _ in range(lanes)]
        except EngineError:
            raise
        except Exception as error:
            raise EngineError(f"{file}: OpenVINO cannot open it ({first_line(error)})") from error
        self.precision = _NAMES.get(compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name(), "fp32")
        self.input_shape = tuple(compiled.input(0).shape)
        self.output_shapes = [tuple(output.shape) for output in compiled.outputs]

    def run(self, batch: Floats, lane: int = 0) -> list[Floats]:
        try:
            results = self._requests[lane].infer([batch], share_inputs=True, share_outputs=True)
        except Exception as error:
            raise EngineError(f"{self._file}: OpenVINO fails on it ({first_line(error)})") from error
        return [results[place] for place in range(len(self.output_shapes))]


class _OnnxRuntime:
    engine, precision = "onnx", "fp32"

    def __init__(self, file: Path, shape: tuple[int, ...] | None, threads: int, _precision: str, lanes: int) -> None:
        runtime: Any = import_module("onnxruntime")
        self.threads, self._file = threads, file
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.intra_op_num_threads = max(1, threads // lanes)  # 1 works in the calling thread
        # By default idle threads spin; they would take the decoder's and the encoder's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            if shape is not None:
                for name, side in zip(("batch", "height", "width"), (shape[0], *shape[2:]), strict=True):
                    options.add_free_dimension_override_by_name(name, side)
            self._session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
            entry = self._session.get_inputs()[0]
        except Exception as error:
            raise EngineError(f"{file}: ONNX Runtime cannot open it ({first_line(error)})") from error
        sides = [side if isinstance(side, int) else None for side in entry.shape]
        if shape is None and None in sides:
            raise EngineError(f"{file}: leaves the size of its input open; say which")
        self.input_shape = shape or tuple(entry.shape)
        _refuse_other_size(file, sides, self.input_shape)
        self._input, self._kind = entry.name, np.float16 if entry.type == "tensor(float16)" else np.float32
        self.output_shapes = [tuple(output.shape) for output in self._session.get_outputs()]

    def run(self, batch: Floats, lane: int = 0) -> list[Floats]:  # noqa: ARG002 - a session serves many threads
        try:
            results = self._session.run(None, {self._input: batch.astype(self._kind, copy=False)})
        except Exception as error:
            raise EngineError(f"{self._file}: ONNX Runtime fails on it ({first_line(error)})") from error
        return [np.asarray(result, np.float32) for result in results]


def give_back_memory() -> None:
    """Give the system the memory that opening a network needed and freed, where the C library (glibc) keeps it."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such function, and needs none
            ctypes.CDLL(None).malloc_trim(0)


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would report the import over the network, and return the package."""
    with without_telemetry():
        return import_module("openvino")


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Let packages that are imported in the block find no telemetry; OpenVINO and NNCF then use an empty stand-in."""
    modules: dict[str, Any] = sys.modules
    before = modules.get(_TELEMETRY)
    modules[_TELEMETRY] = None  # Python's way to make an import fail
    try:
        yield
    finally:
        if before is None:
            del modules[_TELEMETRY]
        else:
            modules[_TELEMETRY] = before


def _file(path: Path) -> Path:
    """Return the model's file: the one ``.xml`` of a folder, or the path itself."""
    if path.is_dir():
        found = sorted(path.glob("*.xml"))
        if len(found) != 1:
            raise WeightsError(f"{path}: expected the folder of one OpenVINO model (one .xml), got {len(found)}")
        path = found[0]
    if not path.is_file():
        raise WeightsError(f"{path}: no such model")
    if path.suffix == ".xml" and not path.with_suffix(".bin").is_file():
        raise WeightsError(f"{path}: its weights, {path.with_suffix('.bin').name}, are missing")
    return path


def _open_sides(shape: Any) -> list[int | None]:
    """Return the lengths of OpenVINO's shape; None where a length is open."""
    return [None if side.is_dynamic else side.get_length() for side in shape]


def _refuse_other_size(file: Path, own: Sequence[int | None], wanted: Sequence[int]) -> None:
    if len(own) != len(wanted) or any(side not in (None, ask) for side, ask in zip(own, wanted, strict=True)):
        raise EngineError(f"{file}: takes an input of {_sides(own)}, not of {_sides(wanted)}")


def _sides(sides: Sequence[int | None]) -> str:
    return "×".join("?" if side is None else str(side) for side in sides)
