"""Detectron2's detectors (Faster and Mask R-CNN, RetinaNet, …) as ``detectron2:CONFIG.yaml``."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.detect.common import OF_ENGINES, ClassTable, Frames, Stages, import_package, in_shapes, inference
from sportstrack.detect.labels import coco_labels, find_labels, read_labels, split_labels
from sportstrack.errors import WeightsError
from sportstrack.models.devices import check_half, choose_device, import_torch
from sportstrack.plugins import first_line
from sportstrack.types import Detections, Image

PREFIX = "detectron2:"
FIX = "pip install --no-build-isolation 'git+https://github.com/facebookresearch/detectron2.git'"
_SUFFIXES = (".pth", ".pkl")
_PARTS = {
    "collections": ("OrderedDict",),
    "_codecs": ("encode",),
    "numpy": ("ndarray", "dtype"),
    "numpy.core.multiarray": ("_reconstruct", "scalar"),
    "numpy._core.multiarray": ("_reconstruct", "scalar"),
}
"""Module → names that a pickle of arrays asks for."""


class Detectron2Detector:
    """A model of Detectron2 that gives instances: boxes, and masks if it has them.

    The weights lie beside the config: CONFIG.pth or CONFIG.pkl, else model_final.pth or model_final.pkl (what training
    leaves); else they are what MODEL.WEIGHTS in the config names. Class names are those in CONFIG.txt or labels.txt
    beside it (a name per line), else those that Detectron2 knows for the config's data set, else COCO's if there are
    80. The input's size and the suppression's overlap stand in the config: `fixed`.

    Args:
        name: the config, or ``CONFIG.yaml,LABELS.txt``.
        trust: let config and weights run code of their own while they load; also converts weights of Caffe2.

    All else as `sportstrack.detect.connector.Connector` says; the stage ``inference`` contains the model's own
    suppression.
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
        self._spec = PREFIX + name
        import_package("detectron2", self._spec, FIX)
        self.device = choose_device(device)
        check_half(half, self.device)
        self._convert = import_module("supervision").Detections.from_detectron2
        self._stages = Stages(self.device)
        self.timings = self._stages.timings
        self.in_force: dict[str, Any] = {}
        self._half, self._score = half, score
        file, labels = split_labels(name)
        config = _config(file, score, self.device, trust)
        self._classes = ClassTable(self._spec, _labels(config, file, labels), classes)
        self.names = self._classes.names
        self._model = _model(config, file, trust)
        self._scale = _scaling(config)
        self._rgb = config.INPUT.FORMAT == "RGB"

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        return in_shapes(frames, self._detect)

    def _detect(self, frames: Frames) -> list[Detections]:
        with self._stages("preprocess"):
            inputs = [self._input(frame) for frame in frames]
        with self._stages("inference"), inference(self.device, self._half):
            results = self._model(inputs)
        with self._stages("postprocess"):
            if any("instances" not in result for result in results):
                raise WeightsError(f"{self._spec}: is a model of another task: it gives {', '.join(results[0])}")
            return [self._classes.table(self._convert(result), self._score) for result in results]

    def _input(self, frame: Image) -> dict[str, Any]:
        height, width = frame.shape[:2]
        picture = frame[..., ::-1] if self._rgb else frame
        scaled = self._scale.get_transform(picture).apply_image(picture)
        pixels = np.ascontiguousarray(scaled.astype(np.float32).transpose(2, 0, 1))
        return {"image": import_torch().from_numpy(pixels), "height": height, "width": width}


def _config(file: Path, score: float, device: str, trust: bool) -> Any:
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise WeightsError(f"{file}: expected a config of Detectron2 (.yaml), with its weights beside it")
    if not file.is_file():
        raise WeightsError(f"{file}: no such config")
    config = import_module("detectron2.config").get_cfg()
    try:
        # Detectron2 would run what a !!python tag asks for.
        config.merge_from_file(str(file), allow_unsafe=trust)
    except Exception as error:
        raise WeightsError(f"{file}: cannot be read as a config of Detectron2 ({first_line(error)})") from error
    config.MODEL.DEVICE = device
    config.MODEL.ROI_HEADS.SCORE_THRESH_TEST = config.MODEL.RETINANET.SCORE_THRESH_TEST = score
    return config


def _labels(config: Any, file: Path, given: Path | None) -> dict[int, str]:
    found = given or find_labels([file.parent], file.stem)
    if found is not None:
        return read_labels(found, first=0)
    catalog = import_module("detectron2.data").MetadataCatalog
    for data in (*config.DATASETS.TEST, *config.DATASETS.TRAIN):
        if names := catalog.get(data).get("thing_classes", None):
            return dict(enumerate(map(str, names)))
    one_stage = config.MODEL.META_ARCHITECTURE in ("RetinaNet", "FCOS")
    count = (config.MODEL.RETINANET if one_stage else config.MODEL.ROI_HEADS).NUM_CLASSES
    names = ClassTable(PREFIX, coco_labels()).names
    if count != len(names):
        raise WeightsError(f"{file}: its {count} classes have no names; write them into {file.stem}.txt, one per line")
    return names


def _model(config: Any, file: Path, trust: bool) -> Any:
    weights = _weights(config, file)
    model = import_module("detectron2.modeling").build_model(config).eval()
    if trust:
        import_module("detectron2.checkpoint").DetectionCheckpointer(model).load(str(weights))
        return model
    loading = model.load_state_dict(_tensors(weights), strict=False)
    missing = sorted(set(loading.missing_keys) & {name for name, _ in model.named_parameters()})
    if missing:
        raise WeightsError(
            f"{weights}: lacks {len(missing)} parts of the model in {file.name}, such as {missing[0]}; weights and "
            "config do not belong together (weights of a backbone alone find nothing)"
        )
    return model


def _weights(config: Any, file: Path) -> Path:
    """Return the weights beside a config, else those that it names, downloaded if it gives an address."""
    beside = [file.with_name(stem + suffix) for stem in (file.stem, "model_final") for suffix in _SUFFIXES]
    named = str(config.MODEL.WEIGHTS or "")
    if "://" not in named and named:
        beside += [file.parent / named, Path(named)]
    found = next((path for path in beside if path.is_file()), None)
    if found is None and "://" in named:
        found = Path(import_module("detectron2.utils.file_io").PathManager.get_local_path(named))
    if found is None:
        raise WeightsError(f"{file}: no weights beside it; put them there as {beside[0].name} or {beside[1].name}")
    return found


def _tensors(file: Path) -> dict[str, Any]:
    """Read a checkpoint's tensors by name, without letting the pickle that it is run code.

    Raises:
        WeightsError: if it cannot be read, or holds anything but numbers.
    """
    torch = import_torch()
    try:
        if file.suffix == ".pkl":
            with file.open("rb") as stream:
                held = _Numbers(stream, encoding="latin1").load()
        else:
            held = torch.load(file, map_location="cpu", weights_only=True)
        state = held.get("model", held)
        return {name: torch.as_tensor(value) for name, value in state.items()}
    except (pickle.UnpicklingError, TypeError) as error:
        raise WeightsError(
            f"{file}: holds more than numbers, or is damaged ({first_line(error)}); --trust loads it if you trust "
            "where it came from"
        ) from error
    except Exception as error:
        raise WeightsError(f"{file}: no weights of Detectron2 can be read from it ({first_line(error)})") from error


class _Numbers(pickle.Unpickler):
    """Reads numpy arrays out of a pickle and refuses all else; the model zoo's files hold nothing more."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle asks for by name, if it is a part of an array."""
        if name not in _PARTS.get(module, ()):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _scaling(config: Any) -> Any:
    transforms = import_module("detectron2.data.transforms")
    shorter = config.INPUT.MIN_SIZE_TEST
    return transforms.ResizeShortestEdge([shorter, shorter], config.INPUT.MAX_SIZE_TEST)
