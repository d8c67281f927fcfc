"""YOLO networks that were converted, as detectors: neither torch nor Ultralytics is imported."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sportstrack.detect.common import Frames, Stages, check_range, class_ids, in_shapes
from sportstrack.detect.sizes import DEFAULT_SIZE, ImageSize, SizeRule, check_size, in_pixels, is_other
from sportstrack.detect.yolo import TASKS, Head, Letterbox, decode, input_size
from sportstrack.engines.card import HEADS, ModelCard
from sportstrack.engines.measure import measured
from sportstrack.engines.names import EngineError
from sportstrack.engines.report import EngineReport
from sportstrack.engines.runtime import Runtime, default_threads, give_back_memory, open_runtime
from sportstrack.errors import WeightsError
from sportstrack.types import Detections

_WIDE = (720, 1280)  # pixels of the frames for which engines are compared: most videos have this shape
_OPEN = 4  # sizes of the input that are kept ready; each takes about 100 MB
_LANES = 4  # frames at once, at most; each takes about as much


class _Lane(NamedTuple):
    """A way through a network that is open for one size, and the memory of its input."""

    runtime: Runtime
    place: int
    boxed: Letterbox
    batch: NDArray[np.float32]


class EngineDetector:
    """A converted YOLO network for detection, segmentation or pose, run by OpenVINO or ONNX Runtime on the CPU.

    The results are those of ``YOLO.predict`` (see `sportstrack.detect.yolo`). Frames are letterboxed to the smallest
    rectangle that fits `imgsz`, or to the one size that the network was exported with. One frame has all threads, which
    is quickest for that frame. Several frames given at once go side by side, with a part of the threads each: threads
    that share a frame wait for one another after each layer, so this takes less time in all (37.7 instead of 45.4 ms a
    frame where it was measured).

    Args:
        path: the network, as `sportstrack.engines.open_runtime` takes it.
        card: what is known of it.
        engine: auto (whichever is faster here, measured once), openvino or onnx.
        precision: fp32, fp16 or bf16.
        imgsz: longer side of the network's input in pixels, rounded up to the network's stride; or a rule that chooses
            it for the shape of the frames.
        score: lowest score returned, 0…1.
        iou: overlap above which the box with the lower score is dropped, 0…1.
        classes: as `sportstrack.detect.common.class_ids`.
        agnostic_nms: suppress across classes.
        max_det: most boxes per frame.
        masks: give the masks of a segmentation model.
        converted: seconds that the conversion took, for the report.

    Attributes:
        names: class id → name.
        timings: seconds spent since construction per stage: preprocess, inference, postprocess.
        task: detect, segment or pose.
        trained_size: longer side that the network was trained with, or None.
        report: which engine runs, and what was measured.
        fixed: settings that this model fixes itself.
        in_force: values of those settings, where they are known.

    Raises:
        EngineError: no engine can run the network, or its head is unknown.
        SettingError: a number is out of range or a class unknown.
    """

    device = "cpu"

    def __init__(
        self,
        path: str | Path,
        card: ModelCard,
        *,
        engine: str = "auto",
        precision: str = "fp32",
        imgsz: ImageSize = DEFAULT_SIZE,
        score: float = 0.1,
        iou: float = 0.7,
        classes: Sequence[int | str] | str | None = None,
        agnostic_nms: bool = False,
        max_det: int = 300,
        masks: bool = True,
        converted: float | None = None,
    ) -> None:
        check_size(imgsz)
        check_range("score", score, 0, 1)
        check_range("iou", iou, 0, 1)
        check_range("max_det", max_det, 1, 1_000_000, whole=True)
        self.path, self.names, self.task = Path(path), dict(card.names), card.task
        self.trained_size = card.trained_size
        self._card, self._head, self._imgsz = card, head_of(card, self.path), imgsz
        self._stages = Stages()
        self.timings = self._stages.timings
        self._how: dict[str, Any] = {
            "score": float(score),
            "iou": float(iou),
            "classes": class_ids(classes, self.names),
            "max_det": int(max_det),
            "agnostic": bool(agnostic_nms),
            "masks": bool(masks),
        }
        self._batch, self._precision = card.batch or 1, precision
        self.at_once = min(_LANES, default_threads()) if self._batch == 1 else self._batch
        self._is_fresh = False  # opened, and nothing went through yet
        self._open: OrderedDict[tuple[int, int], list[_Lane]] = OrderedDict()
        self.report = self._choose(engine, converted)
        self.fixed, self.in_force = self._fixed_settings()

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        return in_shapes(frames, self._detect)

    def prepare(self, shape: tuple[int, int], frames: int = 1) -> None:
        """Open the network for so many frames of a shape (height, width) at once; the first need not wait then."""
        self._lanes(self._size(shape), self._side_by_side(frames))
        if isinstance(self._imgsz, SizeRule):
            self.in_force["imgsz"] = max(self._size(shape))

    def _detect(self, frames: Frames) -> list[Detections]:
        size = self._size(frames[0].shape)
        lanes = self._lanes(size, self._side_by_side(len(frames)))
        parts = [frames[at : at + self._batch] for at in range(0, len(frames), self._batch)]
        shares = [(lane, parts[place :: len(lanes)]) for place, lane in enumerate(lanes)]
        if len(parts) == 1:
            done = [self._through(*shares[0])]
        else:
            with ThreadPoolExecutor(len(lanes), "sportstrack-detect") as pool:
                done = list(pool.map(lambda share: self._through(*share), shares))
        if self._is_fresh:
            give_back_memory()
            self._is_fresh = False
        for stages, _ in done:
            for stage, seconds in stages.timings.items():
                self.timings[stage] += seconds / min(len(lanes), len(parts))
        return [table for row in zip_longest(*(tables for _, tables in done), fillvalue=[]) for table in chain(*row)]

    def _through(self, lane: _Lane, parts: Sequence[Frames]) -> tuple[Stages, list[list[Detections]]]:
        """Return the seconds per stage, and the tables of each part that goes through a lane."""
        stages, tables = Stages(), []
        for part in parts:
            with stages("preprocess"):
                for row, frame in enumerate(part):
                    lane.boxed(frame, lane.batch[row])
            with stages("inference"):
                outputs = lane.runtime.run(lane.batch, lane.place)
            with stages("postprocess"):
                of_frames = ([output[row : row + 1] for output in outputs] for row in range(len(part)))
                shapes = (frame.shape for frame in part)
                size = lane.boxed.size
                tables.append(
                    [decode(o, self._head, size, s, **self._how) for o, s in zip(of_frames, shapes, strict=True)]
                )
        return stages, tables

    def _side_by_side(self, frames: int) -> int:
        return min(self.at_once, frames) if self._batch == 1 else 1

    def _size(self, shape: Sequence[int]) -> tuple[int, int]:
        longer = in_pixels(self._imgsz, tuple(shape), self.trained_size, self.names)
        return self._card.size or input_size(tuple(shape), longer, self._card.stride)

    def _lanes(self, size: tuple[int, int], count: int = 1) -> list[_Lane]:
        """Return at least so many ways through the network; one that has fewer is closed before, to save memory."""
        if len(self._open.get(size, [])) < count:
            self._open.pop(size, None)
            runtime = open_runtime(
                self.path, self.report.engine, size, batch=self._batch, precision=self._precision, lanes=count
            )
            self._open[size] = [
                _Lane(runtime, place, Letterbox(size), np.zeros(runtime.input_shape, np.float32))
                for place in range(count)
            ]
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
            self._is_fresh = True
        self._open.move_to_end(size)
        return self._open[size]

    def _choose(self, engine: str, converted: float | None) -> EngineReport:
        """Return which engine is taken, after a try on grey frames."""
        size = self._size(_WIDE)
        ms: dict[str, float] = {}
        if self.path.suffix.lower() != ".onnx":
            engine = "openvino"
        elif engine == "auto" or converted is not None:
            ms = measured(self.path, size, batch=self._batch, precision=self._precision)
            engine = next(iter(ms)) if engine == "auto" else engine
        self.report = EngineReport(engine)
        runtime = self._lanes(size)[0].runtime
        try:
            self([np.full((36, 64, 3), 114, np.uint8)])
        except WeightsError as error:
            raise EngineError(f"{self.path}: {error}") from error
        precision = "int8" if self._card.precision == "int8" else runtime.precision
        self.timings.update(dict.fromkeys(self.timings, 0.0))
        return EngineReport(engine, precision, ms, size if ms else None, converted)

    def _fixed_settings(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        fixed = []
        values: dict[str, Any] = {"engine": self.report.engine, "precision": self.report.precision}
        if self._card.size is not None:
            values["imgsz"] = max(self._card.size)
            fixed += ["imgsz"] if is_other(self._imgsz, values["imgsz"], self._card.stride) else []
        if self._card.end2end:
            fixed.append("iou")
        return tuple(fixed), values


def head_of(card: ModelCard, path: Path) -> Head:
    """Return how to read a network's outputs.

    Raises:
        EngineError: `sportstrack.detect.yolo` does not know its head.
    """
    if card.task not in TASKS or card.head not in (*HEADS, ""):
        raise EngineError(f"{path.name} has a head ({card.head or card.task}) that only Ultralytics can read")
    return Head(card.task, len(card.names), card.keypoints or (0, 0), card.end2end)
