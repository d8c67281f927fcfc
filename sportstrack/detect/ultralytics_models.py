"""Ultralytics' models as detectors (YOLOv8 and its kin, RT-DETR)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.detect.common import STAGES, Frames, check_range, class_ids, rows_by_shape
from sportstrack.detect.mask_predictor import MADE, mask_predictor
from sportstrack.detect.neck import NeckFeatures
from sportstrack.detect.sizes import DEFAULT_SIZE, ImageSize, SizeRule, check_size, in_pixels, is_other
from sportstrack.engines.report import EngineReport
from sportstrack.errors import WeightsError
from sportstrack.images.check import check_image
from sportstrack.masks.table import Masks
from sportstrack.models.checkpoint import check_file, opened_checkpoint
from sportstrack.models.devices import check_half, choose_device
from sportstrack.models.weights import find_weights
from sportstrack.types import Detections, Image

BOX_TASKS = ("detect", "segment", "pose", "obb")
_ENGINE_OF = {"pt": "torch", "engine": "tensorrt"}  # Ultralytics' word → ours, where they differ


class UltralyticsDetector:
    """Any Ultralytics model that finds boxes (YOLOv8 and its kin, RT-DETR), with ``YOLO.predict``'s own results.

    Frames of one shape go through the network as one batch, letterboxed to the smallest rectangle that fits `imgsz`,
    as ``YOLO.predict`` does. Frames of different shapes are batched per shape, so that no frame's boxes depend on its
    neighbours. Segmentation models fill `Detections.mask` at the frame's size, pose models fill `Detections.keypoints`;
    an oriented box becomes the upright box that encloses it.

    Loading a PyTorch checkpoint unpickles it. Ultralytics' safe loading, which builds known model classes and refuses
    all else, is switched on; `trust` (or ULTRALYTICS_SAFE_LOAD=false) loads a file that needs more. Nothing is
    installed, sent or fetched: see `import_ultralytics`.

    On a CPU torch uses as many threads as it would by itself (OMP_NUM_THREADS limits them); Ultralytics' own choice,
    one core less, is undone. Where torch is not imported yet, OMP_WAIT_POLICY defaults to PASSIVE.

    Args:
        weights: path, known name or address, as `sportstrack.models.weights.find_weights` takes.
        imgsz: longer side of the network's input in pixels, rounded up to the model's stride, or a rule that chooses it
            for the shape of the frames; a model exported at one size keeps that.
        score: lowest score returned, 0…1. Trackers of the ByteTrack family want the low ones too.
        iou: overlap above which non-maximum suppression drops the box with the lower score, 0…1; ignored by models
            without it.
        classes: ids or names to keep; ``sports`` keeps persons and sports balls of a COCO model and all classes of any
            other; None and ``all`` keep all.
        device: ``auto`` (CUDA, else Apple's MPS, else CPU), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        half: 16-bit floats; needs a GPU.
        agnostic_nms: suppress across classes.
        max_det: most boxes per frame.
        features: fill `Detections.embedding` with the network's own features of each box, out of the same forward pass
            (see `sportstrack.detect.neck`); needs a YOLO checkpoint (``.pt``). The boxes stay the same to the last bit.
        trust: let the checkpoint run code of its own while it loads.
        masks: give the masks of a segmentation model.

    Attributes:
        names: class id → name.
        timings: seconds spent since construction (or `warmup`) per stage: preprocess, inference, postprocess.
        device: the device in use, such as ``cuda:0``.
        task: detect, segment, pose or obb.
        trained_size: longer side that the network was trained with, or None.
        format: the engine that Ultralytics runs it with: torch, or that of an exported file.
        report: the same, for a run's summary.
        fixed: settings that this model fixes itself.
        in_force: values of those settings, where they are known.

    Raises:
        WeightsError: if the file is missing or holds no model that finds boxes.
        DeviceError: if the device is not there, or cannot do `half`.
        SettingError: if a number is out of range or a class unknown.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        imgsz: ImageSize = DEFAULT_SIZE,
        score: float = 0.1,
        iou: float = 0.7,
        classes: Sequence[int | str] | str | None = None,
        device: str = "auto",
        half: bool = False,
        agnostic_nms: bool = False,
        max_det: int = 300,
        features: bool = False,
        trust: bool = False,
        masks: bool = True,
    ) -> None:
        check_size(imgsz)
        check_range("score", score, 0, 1)
        check_range("iou", iou, 0, 1)
        check_range("max_det", max_det, 1, 1_000_000, whole=True)
        self.path = find_weights(weights)
        check_file(self.path)
        self.device = choose_device(device)
        check_half(half, self.device)
        self.timings = dict.fromkeys(STAGES, 0.0)
        self._settings: dict[str, Any] = {
            "imgsz": DEFAULT_SIZE if isinstance(imgsz, SizeRule) else int(imgsz),
            "conf": float(score),
            "iou": float(iou),
            "device": self.device,
            "agnostic_nms": agnostic_nms,
            "max_det": int(max_det),
            "retina_masks": True,  # masks at the frame's size instead of the network's
            "verbose": False,
        }
        self._masks = masks
        self._model = self._load(half, trust)
        self._neck = self._neck_features() if features else None
        self.fixed, self.in_force, self._at_once = self._fixed_settings(imgsz)
        form = str(getattr(self._model.predictor.model, "format", "pt"))
        self.format = _ENGINE_OF.get(form, form)
        self.report = EngineReport(self.format, "fp16" if half else "fp32")
        self.names: dict[int, str] = {int(k): str(v) for k, v in self._model.names.items()}
        self._settings["classes"] = class_ids(classes, self.names)
        trained = self._model.overrides.get("imgsz")
        self.trained_size = int(np.max(trained)) if trained else None
        self._imgsz = imgsz

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        for frame in frames:
            check_image(frame)
        found: list[Detections] = [Detections.empty()] * len(frames)
        for rows in rows_by_shape(frames):
            results = self._predict([np.ascontiguousarray(frames[row]) for row in rows])
            started = time.perf_counter()
            tables = [_to_detections(result) for result in results]
            if self._neck is not None:
                height, width = frames[rows[0]].shape[:2]
                embeddings = self._neck.embeddings([table.xyxy for table in tables], (height, width))
                tables = [replace(t, embedding=rows_of) for t, rows_of in zip(tables, embeddings, strict=True)]
            for row, table in zip(rows, tables, strict=True):
                found[row] = table
            self.timings["postprocess"] += time.perf_counter() - started
        return found

    def prepare(self, shape: tuple[int, int], frames: int = 1) -> None:  # noqa: ARG002 - as EngineDetector
        """Choose the size of the input for frames of a shape (height, width)."""
        if isinstance(self._imgsz, SizeRule) and "imgsz" not in self.fixed:
            self.in_force["imgsz"] = self._size(shape)

    def _size(self, shape: tuple[int, ...]) -> int:
        return in_pixels(self._imgsz, shape, self.trained_size, self.names)

    def warmup(self, shape: tuple[int, int] = (720, 1280), batch: int = 1) -> None:
        """Run once on black frames of `shape` (height, width), so that the first real batch is not the slow one."""
        self([np.zeros((*shape, 3), np.uint8)] * batch)
        self.timings.update(dict.fromkeys(STAGES, 0.0))

    def _load(self, half: bool, trust: bool) -> Any:
        if half:
            self._settings["quantize"] = 16
        where = f" on {self.device} at imgsz {self._settings['imgsz']}"
        with opened_checkpoint(self.path, trust, where) as model:
            if model.task in BOX_TASKS:
                if model.task == "segment" and (kind := mask_predictor(model, self._masks)) is not None:
                    self._settings["predictor"] = kind
                # Exported models open at the first use only; a small wide frame keeps the rehearsal cheap.
                model.predict([np.zeros((36, 64, 3), np.uint8)], **self._settings)
        if model.task not in BOX_TASKS:
            raise WeightsError(
                f"{self.path}: is a model for the task {model.task!r}; one of {', '.join(BOX_TASKS)} is needed"
            )
        self.task = str(model.task)
        return model

    def _fixed_settings(self, imgsz: ImageSize) -> tuple[tuple[str, ...], dict[str, Any], int | None]:
        """Return the settings that the model fixes itself, their known values, and the frames it takes at once."""
        predictor = self._model.predictor
        backend = predictor.model
        fixed: list[str] = []
        values: dict[str, Any] = {}
        size, at_once = getattr(backend, "imgsz", None), None
        if size is not None and not getattr(backend, "dynamic", False):  # exported at one size
            sides = np.atleast_1d(size).tolist()
            values["imgsz"] = int(max(sides))
            fixed += ["imgsz"] if is_other(imgsz, values["imgsz"], 32) else []
            at_once = int((getattr(backend, "metadata", None) or {}).get("batch") or 1)
        if getattr(backend, "format", "pt") != "pt":
            fixed.append("half")  # the file's numbers are of one precision
        if getattr(backend, "end2end", False) or type(predictor).__name__.startswith("RTDETR"):
            fixed.append("iou")  # nothing is suppressed, or within the file
        return tuple(fixed), values, at_once

    def _neck_features(self) -> NeckFeatures:
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

    def _predict(self, frames: list[Image]) -> list[Any]:
        step = self._at_once or len(frames)
        parts = (frames[at : at + step] for at in range(0, len(frames), step))
        how = self._settings | {"imgsz": self._size(frames[0].shape)}
        results: list[Any] = [result for part in parts for result in self._model.predict(part, **how)]
        for result in results:
            for stage in STAGES:
                self.timings[stage] += result.speed[stage] / 1000
        return results


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
        mask=_to_masks(result),
        keypoints=None if result.keypoints is None else _to_keypoints(result.keypoints.data.cpu().numpy()),
    )


def _to_masks(result: Any) -> Masks | None:
    made: Masks | None = getattr(result, MADE, None)
    if made is None and result.masks is not None:
        return Masks.from_array(result.masks.data.bool().cpu().numpy(), result.boxes.xyxy.cpu().numpy())
    return made


def _to_keypoints(points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(N, K, 2 or 3) → (N, K, 3): models without key point scores get 1."""
    if points.shape[-1] == 2:
        points = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    return points.astype(np.float32)
