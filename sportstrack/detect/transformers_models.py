"""Hugging Face Transformers' detectors (DETR, RT-DETR, YOLOS, …) as ``transformers:FOLDER_OR_NAME``."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.detect.common import OF_ENGINES, ClassTable, Frames, Stages, import_package, in_shapes, inference
from sportstrack.errors import FormatError, SettingError, SportstrackError, WeightsError
from sportstrack.files.reading import read_json
from sportstrack.models.devices import check_half, choose_device, import_torch
from sportstrack.plugins import first_line
from sportstrack.types import Detections

PREFIX = "transformers:"
FIX = "pip install transformers"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_TASK = "ForObjectDetection"
_PROCESSOR = ("preprocessor_config.json", "processor_config.json")


class TransformersDetector:
    """A model of ``AutoModelForObjectDetection`` with its image processor, which scales, normalises and decodes.

    A folder (what ``save_pretrained`` wrote) is read without asking the network; a name is looked up on the Hugging
    Face hub, as Transformers does, and kept in its cache. Without `trust` no code from the folder runs: neither Python
    files beside the model nor pickles in ``.bin`` files.

    The input's size stands in the model's preprocessor_config.json, and there is no suppression to set: `fixed`.

    Args:
        name: folder, or name on the hub such as ``PekingU/rtdetr_r50vd``.

    All else as `sportstrack.detect.connector.Connector` says.
    """

    fixed: tuple[str, ...] = ("imgsz", "iou", *OF_ENGINES)

    def __init__(
        self,
        name: str,
        *,
        score: float = 0.1,
        classes: Sequence[int | str] | str | None = None,
        device: str = "auto",
        half: bool = False,
        trust: bool = False,
    ) -> None:
        spec = PREFIX + name
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")  # it would ask the hub to convert others' weights
        transformers = import_package("transformers", spec, FIX)
        self.device = choose_device(device)
        check_half(half, self.device)
        self._convert = import_module("supervision").Detections.from_transformers
        self._stages = Stages(self.device)
        self.timings = self._stages.timings
        self.in_force: dict[str, Any] = {}
        self._half, self._score = half, score
        place, local = _place(name)
        with _quiet(transformers), _readable(spec, place, local):
            self._processor, model = _load(transformers, spec, place, local, trust)
        self._model = model.float().eval().to(self.device)
        labels = {int(number): str(label) for number, label in model.config.id2label.items()}
        self._classes = ClassTable(spec, labels, classes)
        self.names = self._classes.names

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        return in_shapes(frames, self._detect)

    def _detect(self, frames: Frames) -> list[Detections]:
        with self._stages("preprocess"):
            pictures = [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]
            inputs = self._processor(images=pictures, return_tensors="pt", input_data_format="channels_last")
            inputs = inputs.to(self.device)
        with self._stages("inference"), inference(self.device, self._half):
            outputs = self._model(**inputs)
        with self._stages("postprocess"), inference(self.device, half=False):
            for key in ("logits", "pred_boxes"):
                outputs[key] = outputs[key].float()  # 16 bits do not distinguish pixel 1919 from 1920
            sizes = import_torch().tensor([frame.shape[:2] for frame in frames], device=self.device)
            results = self._processor.post_process_object_detection(outputs, self._score, sizes)
            return [self._classes.table(self._convert(result), self._score) for result in results]


def _place(name: str) -> tuple[str, bool]:
    """Return what Transformers loads, and whether that is a folder here; check the files that a folder must have."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        _read_json(folder / "config.json")
        settings = next((folder / file for file in _PROCESSOR if (folder / file).exists()), folder / _PROCESSOR[0])
        _read_json(settings)
        return str(folder), True
    if folder.is_file():
        raise WeightsError(f"{folder}: expected the folder that holds it, with config.json and {_PROCESSOR[0]}")
    if not _HUB_NAME.fullmatch(name):
        raise WeightsError(f"{folder}: no such folder")
    return name, False


def _read_json(file: Path) -> None:
    if not file.is_file():
        raise WeightsError(
            f"{file}: is not there; expected a folder that save_pretrained of model and image processor wrote"
        )
    try:
        given = read_json(file)
    except FormatError as error:
        raise WeightsError(str(error)) from error
    if not isinstance(given, dict):
        raise WeightsError(f"{file}: expected settings in braces")


def _load(transformers: Any, spec: str, place: str, local: bool, trust: bool) -> tuple[Any, Any]:
    options = {"local_files_only": local, "trust_remote_code": trust}
    config = transformers.AutoConfig.from_pretrained(place, **options)
    _check_task(transformers, spec, config)
    if getattr(config, "use_pretrained_backbone", False):
        config.use_pretrained_backbone = False  # version 4 would download what the weights replace in the next moment
    processor = transformers.AutoImageProcessor.from_pretrained(place, **options)
    if not hasattr(processor, "post_process_object_detection"):
        raise WeightsError(f"{spec}: its {_PROCESSOR[0]} is a {type(processor).__name__}, which makes no boxes")
    model, loading = transformers.AutoModelForObjectDetection.from_pretrained(
        place, config=config, output_loading_info=True, weights_only=not trust, **options
    )
    missing = sorted(set(loading["missing_keys"]) & {name for name, _ in model.named_parameters()})
    if missing:
        raise WeightsError(
            f"{spec}: its weights lack {len(missing)} of the detector's parts, such as {missing[0]}; "
            "were they saved by a model of another task?"
        )
    return processor, model


def _check_task(transformers: Any, spec: str, config: Any) -> None:
    made = list(getattr(config, "architectures", None) or [])
    if made and not any(name.endswith(_TASK) for name in made):
        raise WeightsError(f"{spec}: is a model of another task ({made[0]}); one for object detection is needed")
    own_code = "AutoModelForObjectDetection" in (getattr(config, "auto_map", None) or {})
    if not own_code and type(config) not in transformers.MODEL_FOR_OBJECT_DETECTION_MAPPING:
        raise WeightsError(
            f"{spec}: is a {config.model_type}, and Transformers has no object detection for it that works without a "
            "text to look for"
        )


@contextlib.contextmanager
def _readable(spec: str, place: str, local: bool) -> Iterator[None]:
    """Turn the errors of a model that cannot be loaded into one sentence."""
    try:
        yield
    except (SportstrackError, MemoryError):
        raise
    except ImportError as error:
        package = re.search(r"pip install ([\w-]+)", str(error))
        fix = f"pip install {package[1]}" if package else first_line(error)
        raise SettingError(f"{spec}: needs another package: {fix}") from error
    except Exception as error:
        text = f"{error} {error.__cause__ or ''}"
        if "trust_remote_code" in text:
            reason = "it brings code of its own; --trust runs it, if you trust where it came from"
        elif "weights_only" in text or "Unpickl" in text or "torch.load" in text:
            reason = (
                "its weights are a pickle that holds more than numbers, or this torch cannot check that (2.6 can); "
                "convert them to safetensors, or pass --trust if you trust where they came from"
            )
        elif local:
            reason = f"no detector can be read from this folder ({first_line(error)})"
        else:
            reason = f"there is no such folder, and the Hugging Face hub gave no such model ({first_line(error)})"
        raise WeightsError(f"{place if local else spec}: {reason}") from error


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Switch the library's log and its loading bars off; downloads still show their progress."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
