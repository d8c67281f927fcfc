"""Detectors: frames in, one `Detections` per frame out; Ultralytics' models or anyone's callable.

Ultralytics is AGPL-3.0; importing this module does not import it, constructing an `UltralyticsDetector` does.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sportstrack.connectors import CONNECTORS, connect, split_spec
from sportstrack.devices import check_half, choose_device, import_torch
from sportstrack.errors import DeviceError, SettingError, WeightsError, nearest, unknown
from sportstrack.neck import NeckFeatures
from sportstrack.plugins import first_line, is_plugin, load_plugin, plugin
from sportstrack.reading import same_name
from sportstrack.types import Detections, as_detections
from sportstrack.weights import SUFFIXES, assets_folder, cache_folder, find_weights, looks_like_checkpoint

COCO_SPORTS = ("person", "sports ball")
STAGES = ("preprocess", "inference", "postprocess")
BOX_TASKS = ("detect", "segment", "pose", "obb")
_YES = {"1", "true", "yes", "on", "y", "t"}


class Detector(Protocol):
    """What the pipeline asks of a detector."""

    @property
    def names(self) -> Mapping[int, str]:
        """Class id → name; may be empty."""
        ...

    def __call__(self, frames: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        ...


class UltralyticsDetector:
    """Any Ultralytics model that finds boxes (YOLOv8 and its kin, RT-DETR), with ``YOLO.predict``'s own results.

    Frames of one shape go through the network as one batch, letterboxed to the smallest rectangle that fits `imgsz`,
    as ``YOLO.predict`` does. Frames of different shapes are batched per shape, so that no frame's boxes depend on its
    neighbours. Segmentation models fill `Detections.mask` at the frame's size (N·H·W bytes a frame), pose models fill
    `Detections.keypoints`; an oriented box becomes the upright box that encloses it.

    Loading a PyTorch checkpoint unpickles it. Ultralytics' safe loading, which builds known model classes and refuses
    all else, is switched on; `trust` (or ULTRALYTICS_SAFE_LOAD=false) loads a file that needs more. Nothing is
    installed, sent or fetched: see `import_ultralytics`.

    On a CPU torch uses as many threads as it would by itself (OMP_NUM_THREADS limits them); Ultralytics' own choice,
    one core less, is undone. Where torch is not imported yet, OMP_WAIT_POLICY defaults to PASSIVE.

    Args:
        weights: path, known name or address, as `sportstrack.weights.find_weights` takes.
        imgsz: longer side of the network's input in pixels, rounded up to the model's stride; a model exported at one
            size keeps that.
        score: lowest score returned, 0…1. Trackers of the ByteTrack family want the low ones too.
        iou: overlap above which non-maximum suppression drops the weaker box, 0…1; models without NMS ignore it.
        classes: ids or names to keep; ``sports`` keeps persons and sports balls of a COCO model and all classes of any
            other; None and ``all`` keep all.
        device: ``auto`` (CUDA, else Apple's MPS, else CPU), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        half: 16-bit floats; needs a GPU.
        agnostic_nms: suppress across classes.
        max_det: most boxes per frame.
        features: fill `Detections.embedding` with the network's own features of each box, out of the same forward pass
            (see `sportstrack.neck`); needs a YOLO checkpoint (``.pt``). The boxes stay the same to the last bit.
        trust: let the checkpoint run code of its own while it loads.

    Attributes:
        names: class id → name.
        timings: seconds spent since construction (or `warmup`) per stage: preprocess, inference, postprocess.
        device: the device in use, such as ``cuda:0``.
        task: detect, segment, pose or obb.
        fixed: settings that this model has its own of.
        in_force: of these the ones whose value is known.

    Raises:
        WeightsError: if the file is missing or holds no model that finds boxes.
        DeviceError: if the device is not there, or cannot do `half`.
        SettingError: if a number is out of range or a class unknown.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        imgsz: int = 640,
        score: float = 0.1,
        iou: float = 0.7,
        classes: Sequence[int | str] | str | None = None,
        device: str = "auto",
        half: bool = False,
        agnostic_nms: bool = False,
        max_det: int = 300,
        features: bool = False,
        trust: bool = False,
    ) -> None:
        _check_range("imgsz", imgsz, 32, 16384, whole=True)
        _check_range("score", score, 0, 1)
        _check_range("iou", iou, 0, 1)
        _check_range("max_det", max_det, 1, 1_000_000, whole=True)
        self.path = find_weights(weights)
        _check_file(self.path)
        self.device = choose_device(device)
        check_half(half, self.device)
        self.timings = dict.fromkeys(STAGES, 0.0)
        self._settings: dict[str, Any] = {
            "imgsz": int(imgsz),
            "conf": float(score),
            "iou": float(iou),
            "device": self.device,
            "agnostic_nms": agnostic_nms,
            "max_det": int(max_det),
            "retina_masks": True,  # masks at the frame's size instead of the network's
            "verbose": False,
        }
        self._model = self._load(half, trust)
        self._neck = self._hooked() if features else None
        self.fixed, self.in_force, self._at_once = self._own(int(imgsz))
        self.names: dict[int, str] = {int(k): str(v) for k, v in self._model.names.items()}
        self._settings["classes"] = class_ids(classes, self.names)

    def __call__(self, frames: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        for frame in frames:
            check_frame(frame)
        found: list[Detections] = [Detections.empty()] * len(frames)
        for rows in rows_by_shape(frames):
            results = self._predict([np.ascontiguousarray(frames[row]) for row in rows])
            started = time.perf_counter()
            tables = [_to_detections(result) for result in results]
            if self._neck is not None:
                looks = self._neck.of([table.xyxy for table in tables], frames[rows[0]].shape[:2])
                tables = [replace(table, embedding=look) for table, look in zip(tables, looks, strict=True)]
            for row, table in zip(rows, tables, strict=True):
                found[row] = table
            self.timings["postprocess"] += time.perf_counter() - started
        return found

    def warmup(self, shape: tuple[int, int] = (720, 1280), batch: int = 1) -> None:
        """Run once on black frames of `shape` (height, width), so that the first real batch is not the slow one."""
        self([np.zeros((*shape, 3), np.uint8)] * batch)
        self.timings.update(dict.fromkeys(STAGES, 0.0))

    def _load(self, half: bool, trust: bool) -> Any:
        ultralytics = import_ultralytics()
        if half:
            self._settings["quantize"] = 16
        where = f" on {self.device} at imgsz {self._settings['imgsz']}"
        with loading(self.path, trust), _readable(self.path, where), _torch_threads(), _loadable(self.path) as path:
            model = ultralytics.YOLO(str(path), task=None)
            if model.task in BOX_TASKS:
                # Exported models open at the first use only; a small wide frame keeps the rehearsal cheap.
                model.predict([np.zeros((36, 64, 3), np.uint8)], **self._settings)
        if model.task not in BOX_TASKS:
            raise WeightsError(
                f"{self.path}: is a model for the task {model.task!r}; one of {', '.join(BOX_TASKS)} is needed"
            )
        self.task = str(model.task)
        return model

    def _own(self, imgsz: int) -> tuple[tuple[str, ...], dict[str, Any], int | None]:
        """Return the settings that the model has its own of, their values, and how many frames it takes at once."""
        predictor = self._model.predictor
        backend = predictor.model
        fixed: list[str] = []
        values: dict[str, Any] = {}
        size, at_once = getattr(backend, "imgsz", None), None
        if size is not None and not getattr(backend, "dynamic", False):  # exported at one size
            sides = np.atleast_1d(size).tolist()
            values["imgsz"] = int(max(sides))
            fixed += ["imgsz"] if values["imgsz"] != -(-imgsz // 32) * 32 else []
            at_once = int((getattr(backend, "metadata", None) or {}).get("batch") or 1)
        if getattr(backend, "format", "pt") != "pt":
            fixed.append("half")  # the file's numbers are of one precision
        if getattr(backend, "end2end", False) or type(predictor).__name__.startswith("RTDETR"):
            fixed.append("iou")  # nothing is suppressed, or within the file
        return tuple(fixed), values, at_once

    def _hooked(self) -> NeckFeatures:
        from ultralytics.nn.modules.head import Detect

        network = getattr(self._model.predictor.model, "model", None)
        layers: Any = getattr(network, "model", None)  # an exported model has none
        head = layers[-1] if hasattr(layers, "__getitem__") else None
        if not isinstance(head, Detect):
            raise WeightsError(
                f"{self.path}: gives no features for embeddings; that takes a YOLO checkpoint (.pt) for detection, "
                "segmentation or pose. Choose one, or another embedder (kit, osnet)"
            )
        return NeckFeatures(head)

    def _predict(self, frames: list[NDArray[np.uint8]]) -> list[Any]:
        step = self._at_once or len(frames)
        parts = (frames[at : at + step] for at in range(0, len(frames), step))
        results: list[Any] = [result for part in parts for result in self._model.predict(part, **self._settings)]
        for result in results:
            for stage in STAGES:
                self.timings[stage] += result.speed[stage] / 1000
        return results


class CustomDetector:
    """Anyone's callable as a `Detector`: checks what it returns and converts supervision's tables.

    Args:
        call: frames → one `Detections` or ``supervision.Detections`` per frame; its ``names`` (a mapping or a sequence)
            and ``timings``, if it has them, are passed on.
        spec: how the user named it, for messages.
        named: whether it was given by name: then what it raises becomes a `PluginError`. What an object raises comes
            through.
        taken: names of settings that it was made with.

    Attributes:
        names: class id → name; may be empty.
        timings: seconds per stage.
        device: where it runs, or None if it does not say.
        fixed: settings that it has its own of.
    """

    def __init__(self, call: Any, spec: str = "detector", *, named: bool = False, taken: Container[str] = ()) -> None:
        if not callable(call):
            what = type(call).__name__
            raise SettingError(f"{spec}: expected a callable frames -> list of Detections, or a name, got {what}")
        self._call = call
        self._spec = spec
        self._guard = (lambda: plugin("detector", spec)) if named else contextlib.nullcontext
        self.device: str | None = getattr(call, "device", None)
        own = ("weights", "imgsz", "iou", "half", "device")
        self.fixed: tuple[str, ...] = getattr(call, "fixed", tuple(name for name in own if name not in taken))
        names = getattr(call, "names", None) or {}
        pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
        self.names: dict[int, str] = {int(k): str(v) for k, v in pairs}
        self._own_timings = getattr(call, "timings", None) is None
        self.timings: dict[str, float] = dict.fromkeys(STAGES, 0.0) if self._own_timings else call.timings

    def __call__(self, frames: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order.

        Raises:
            SettingError: if the callable returns something other than one table per frame.
        """
        started = time.perf_counter()
        with self._guard():
            found = self._call(frames)
        if self._own_timings:
            self.timings["inference"] += time.perf_counter() - started
        try:
            tables = [as_detections(table) for table in found]
        except (TypeError, SettingError) as error:
            raise SettingError(
                f"{self._spec}: expected a list of Detections, one per frame, got {first_line(error)}"
            ) from error
        if len(tables) != len(frames):
            raise SettingError(f"{self._spec}: expected {len(frames)} tables, one per frame, got {len(tables)}")
        return tables


def as_detector(given: Any) -> Detector:
    """Return a detector given as an object, checked: a callable frames → list of tables, or one of this module's."""
    ready = isinstance(given, (UltralyticsDetector, CustomDetector))
    return given if ready or (hasattr(given, "fixed") and hasattr(given, "timings")) else CustomDetector(given)


def load_detector(spec: str | Path | Callable[..., Any], **settings: Any) -> Detector:
    """Make a detector from what a user wrote after ``--weights``.

    Args:
        spec: weights as a path, known name or address, for `UltralyticsDetector`; or ``package.module:attribute`` for a
            detector of one's own: a callable frames → list of `Detections` (or ``supervision.Detections``), or a class
            or an argument-free factory that makes one; or a model of another library, ``torchvision:NAME``,
            ``transformers:FOLDER``, ``detectron2:CONFIG.yaml`` or ``tensorflow:FOLDER`` (see `sportstrack.connectors`);
            or a callable, which is only checked.
        **settings: `UltralyticsDetector`'s keywords; others get those that their signature names.

    Raises:
        SettingError: if a module or attribute is not there or cannot be called, or a library is not installed.
        WeightsError, DeviceError: as `UltralyticsDetector`.
    """
    if not isinstance(spec, (str, Path)):
        return as_detector(spec)
    spec = str(spec)
    kind, name = split_spec(spec)
    if kind:
        detector: Detector = connect(kind, name, settings)
        return detector
    word, colon, _ = spec.partition(":")
    if is_plugin(spec) and not _is_misspelt(word):
        taken: set[str] = set()
        made = load_plugin(spec, "a callable frames -> list of Detections", offered=settings, taken=taken)
        return CustomDetector(made, spec, named=True, taken=taken)
    if len(word) > 1 and colon and "://" not in spec and not Path(spec).exists():  # one letter is a drive
        raise SettingError(f"{spec}: {unknown('library', word, CONNECTORS)}")
    return UltralyticsDetector(spec, **settings)


def _is_misspelt(module: str) -> bool:
    """Tell whether a plug-in's module is not there, but a library of detectors has a similar name."""
    return "." not in module and find_spec(module) is None and bool(nearest(module, list(CONNECTORS)))


def passed_by(detector: Any, asked: Container[str]) -> list[str]:
    """Tell of settings that were asked for and that a detector of another library has its own of."""
    fixed, known = (name for name in getattr(detector, "fixed", ()) if name in asked), getattr(detector, "in_force", {})
    return [
        f"{name} is part of this detector and was not set" + (f": it is {known[name]}" if name in known else "")
        for name in fixed
    ]


def class_ids(classes: Sequence[int | str] | str | None, names: Mapping[int, str]) -> list[int] | None:
    """Return the sorted ids for ids, numbers as text, or names (upper and lower case alike); None means all.

    ``all`` is None; ``sports`` is persons and sports balls if the model has both (COCO's 80 classes), else all.

    Raises:
        SettingError: if the model has no such class; the message gives the nearest name.
    """
    if classes is None or classes == "all" or "all" in classes:
        return None
    if classes == "sports":
        return (
            [k for k, name in names.items() if name in COCO_SPORTS] if set(COCO_SPORTS) <= set(names.values()) else None
        )
    ids: set[int] = set()
    for wanted in [classes] if isinstance(classes, str) else classes:
        text = same_name(str(wanted).strip())
        named = [k for k, name in names.items() if same_name(name) == text] or [
            k for k, name in names.items() if same_name(name).lower() == text.lower()
        ]
        if not named and text.isdigit() and int(text) in names:
            named = [int(text)]
        if not named:
            some = ", ".join(list(names.values())[:20]) + (", …" if len(names) > 20 else "")
            raise SettingError(
                f"class {text!r} is not one of this model's{nearest(text, list(names.values()))} (it has: {some})"
            )
        ids.update(named)
    return sorted(ids)


def import_ultralytics() -> Any:
    """Import Ultralytics with its installs, telemetry, online checks and chatter off, and return the package.

    Its switches are environment variables, read when it is imported. Its settings file goes to the cache folder, so
    that the user's own is neither written nor obeyed; a YOLO_CONFIG_DIR, YOLO_VERBOSE or ULTRALYTICS_SAFE_LOAD that the
    user has set stays. If ultralytics was imported before, the values it took from the switches are set instead.
    """
    import_torch()  # first, because ultralytics sets OMP_NUM_THREADS=1, which torch reads when it is imported
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # "offline": no look-ups on import, no analytics
    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_folder()))
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "true")
    threads = os.environ.get("OMP_NUM_THREADS")
    ultralytics = import_module("ultralytics")
    if threads is None:
        os.environ.pop("OMP_NUM_THREADS", None)  # child processes read it too
    _switch_off()
    return ultralytics


def _switch_off() -> None:
    """Set the module values behind the switches, for the case that ultralytics was imported before us."""
    safe = os.environ["ULTRALYTICS_SAFE_LOAD"].strip().lower() in _YES
    wanted = [
        ("ultralytics.utils", "ONLINE", False),
        ("ultralytics.utils", "AUTOINSTALL", False),
        ("ultralytics.utils.checks", "ONLINE", False),
        ("ultralytics.utils.checks", "AUTOINSTALL", False),
        ("ultralytics.nn.tasks", "SAFE_LOAD", safe),
    ]
    for module, name, value in wanted:
        if hasattr(sys.modules.get(module), name):
            setattr(sys.modules[module], name, value)
    with contextlib.suppress(ImportError):
        sender: Any = getattr(import_module("ultralytics.utils.events"), "events", None)
        if hasattr(sender, "enabled"):
            sender.enabled = False


def open_checkpoint(path: Path, trust: bool = False) -> Any:
    """Load a ``.pt`` file as ``ultralytics.YOLO`` without running code of its own, unless it is trusted.

    Raises:
        WeightsError: if it is no checkpoint of an Ultralytics model, or holds code.
    """
    _check_file(path)
    with loading(path, trust), _readable(path), _torch_threads(), _loadable(path) as plain:
        return import_ultralytics().YOLO(str(plain), task=None)


@contextlib.contextmanager
def loading(path: Path, trust: bool = False) -> Iterator[None]:
    """Let a checkpoint run no code of its own while it is loaded, unless the user trusts it.

    Raises:
        WeightsError: if the installed torch has no such loading (it came with 2.6) and the file is not the project's.
    """
    import_ultralytics()
    tasks: Any = import_module("ultralytics.nn.tasks")
    refused = os.environ["ULTRALYTICS_SAFE_LOAD"].strip().lower() in _YES and not trust
    able = getattr(getattr(tasks, "_SafeLoad", None), "SUPPORTED", False)
    if refused and not able and path.suffix == ".pt" and path.parent != assets_folder():
        raise WeightsError(
            f"{path}: torch {import_torch().__version__} cannot load it without running what it contains; "
            "install torch 2.6 or later, or pass --trust if you trust where it came from"
        )
    before = getattr(tasks, "SAFE_LOAD", None), os.environ["ULTRALYTICS_SAFE_LOAD"]
    tasks.SAFE_LOAD, os.environ["ULTRALYTICS_SAFE_LOAD"] = refused, str(refused).lower()  # children read the latter
    try:
        yield
    finally:
        tasks.SAFE_LOAD, os.environ["ULTRALYTICS_SAFE_LOAD"] = before


@contextlib.contextmanager
def _readable(path: Path, where: str = "") -> Iterator[None]:
    """Turn whatever the loaders throw at a file that is no model into one sentence that names the file."""
    try:
        yield
    except MemoryError:
        raise
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"{path}: reading it needs the Python module {error.name!r}, which is not installed"
        ) from error
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise DeviceError(f"too little memory for {path.name}{where}") from error
        cause = first_line(error)
        if "references types outside" in cause:  # what safe loading says of all that is no checkpoint
            cause = (
                "it is no Ultralytics checkpoint, or it holds code that safe loading refuses; --trust (or "
                "ULTRALYTICS_SAFE_LOAD=false) loads it if you trust where it came from"
            )
        raise WeightsError(f"{path}: no detection model can be read from it ({cause})") from error


@contextlib.contextmanager
def _torch_threads() -> Iterator[None]:
    """Put torch's thread count back: ultralytics sets it to one core less, at most 8, for the whole process."""
    import torch

    threads = torch.get_num_threads()
    try:
        yield
    finally:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


@contextlib.contextmanager
def _loadable(path: Path) -> Iterator[Path]:
    """Give a path that ultralytics opens as it is.

    It strips quotes from names and reads yolov5s.pt as yolov5su.pt, then looks for the changed name online; a link of
    a plain name gets such files past that.
    """
    path = path.absolute()  # not resolved: a link's target may have another suffix
    if path.suffix != ".pt" or not re.search(r"'|yolov[35]|\s$|^\s", str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder:
        link = Path(folder) / "model.pt"
        try:
            link.symlink_to(path)
        except OSError:  # Windows without the right to make links
            import shutil

            shutil.copyfile(path, link)
        yield link


def _check_file(path: Path) -> None:
    """Refuse what cannot be weights before a loader sees it, so that the message is plain and no pickle runs."""
    if path.is_dir():
        return  # exported models such as OpenVINO's are folders
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsError(
            f"{path}: expected a weights file ({', '.join(SUFFIXES)}), not {path.suffix or 'a file without a suffix'}"
        )
    try:
        if path.stat().st_size == 0:
            raise WeightsError(f"{path}: is empty; copy or download it again")
        if path.suffix.lower() != ".pt":
            return
        if not looks_like_checkpoint(path):
            raise WeightsError(f"{path}: is no PyTorch checkpoint, whatever its name says")
        with path.open("rb") as file:
            if file.read(2) == b"PK" and not zipfile.is_zipfile(path):
                raise WeightsError(f"{path}: is cut short or damaged; copy or download it again")
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error


def _to_detections(result: Any) -> Detections:
    """Convert one ultralytics ``Results``."""
    if result.obb is not None:
        boxes = result.obb.xyxy.cpu().numpy()
        score, class_id = result.obb.conf.cpu().numpy(), result.obb.cls.cpu().numpy()
    else:
        rows = result.boxes.data.cpu().numpy()  # one transfer for all columns: x1, y1, x2, y2, score, class
        boxes, score, class_id = rows[:, :4], rows[:, -2], rows[:, -1]
    return Detections(
        boxes.astype(np.float64),
        score.astype(np.float64),
        class_id.astype(np.int64),
        mask=None if result.masks is None else result.masks.data.bool().cpu().numpy(),
        keypoints=None if result.keypoints is None else _to_keypoints(result.keypoints.data.cpu().numpy()),
    )


def _to_keypoints(points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(N, K, 2 or 3) → (N, K, 3): models without key point scores get 1."""
    if points.shape[-1] == 2:
        points = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    return points.astype(np.float32)


def rows_by_shape(frames: Sequence[NDArray[np.uint8]]) -> list[list[int]]:
    """Return the rows of the frames of each shape that occurs."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, frame in enumerate(frames):
        groups.setdefault(frame.shape, []).append(row)
    return list(groups.values())


def check_frame(frame: Any) -> None:
    """Raise SettingError unless a frame is an (H, W, 3) uint8 array with something in it."""
    shape, dtype = getattr(frame, "shape", None), getattr(frame, "dtype", None)
    if (
        not isinstance(frame, np.ndarray)
        or frame.ndim != 3
        or frame.shape[2] != 3
        or not frame.size
        or dtype != np.uint8
    ):
        raise SettingError(f"frame: expected (H, W, 3) uint8, got {shape} {dtype or type(frame).__name__}")


def _check_range(name: str, value: Any, low: float, high: float, whole: bool = False) -> None:
    kind: Any = (int, np.integer) if whole else (int, float, np.number)
    if not isinstance(value, kind) or not low <= value <= high:
        raise SettingError(f"{name}: expected {'a whole number ' if whole else ''}{low}…{high}, got {value}")
