"""Torchvision's detectors (Faster R-CNN, RetinaNet, FCOS, SSD, Mask R-CNN) as ``torchvision:NAME``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.detect.common import OF_ENGINES, ClassTable, Frames, Stages, inference
from sportstrack.errors import SettingError, WeightsError, nearest
from sportstrack.masks.places import masks_of_parts
from sportstrack.masks.table import Masks
from sportstrack.models.devices import check_half, choose_device, import_torch
from sportstrack.models.weights import cache_folder
from sportstrack.plugins import first_line
from sportstrack.types import Detections, Image

PREFIX = "torchvision:"
RANDOM = "random"


class TorchvisionDetector:
    """A detector that comes with torchvision, with its weights for COCO's 80 classes.

    The weights are downloaded once, into the cache folder, checked against the hash in their name and loaded as plain
    tensors. Class ids are those of the 80 classes in order (0 is the person), as with YOLO.

    Args:
        name: a model of ``torchvision.models.detection``, such as ``fasterrcnn_resnet50_fpn_v2``; ``NAME:random``
            has random weights and downloads nothing.
        imgsz: longer side of the network's input in pixels; None is torchvision's own (800 by at most 1333). The SSD
            models have a fixed input and ignore it.
        masks: give the masks of a Mask R-CNN; without, its branch for them does not run.

    All else as `sportstrack.detect.connector.Connector` says; the stage ``inference`` contains the network's own
    scaling and suppression.
    """

    def __init__(
        self,
        name: str,
        *,
        imgsz: int | None = None,
        score: float = 0.1,
        iou: float = 0.5,
        classes: Sequence[int | str] | str | None = None,
        device: str = "auto",
        half: bool = False,
        max_det: int = 300,
        masks: bool = True,
    ) -> None:
        self.device = choose_device(device)
        check_half(half, self.device)
        self._stages = Stages(self.device)
        self.timings = self._stages.timings
        self._half = half
        name, _, kind = name.partition(":")
        if kind not in ("", RANDOM):
            raise SettingError(f"{PREFIX}{name}:{kind}: expected {PREFIX}{name} or {PREFIX}{name}:{RANDOM}")
        weights = _weights(name)
        self._classes = ClassTable(PREFIX + name, dict(enumerate(weights.meta["categories"])), classes)
        self.names = self._classes.names
        own_size = name.startswith("ssd")
        self.fixed: tuple[str, ...] = ("imgsz", *OF_ENGINES) if own_size else OF_ENGINES
        self.in_force: dict[str, Any] = {}
        settings = _settings(name, None if own_size else imgsz, score, iou, max_det)
        self._model = _build(name, weights, settings, kind == RANDOM).eval().to(self.device)
        if getattr(getattr(self._model, "roi_heads", None), "mask_roi_pool", None) is not None:
            if masks:
                self._model.transform.postprocess = _without_pasting(self._model.transform.postprocess)
            else:
                self._model.roi_heads.mask_roi_pool = None

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of (H, W, 3) BGR uint8 frames; return one table per frame, in order."""
        torch = import_torch()
        with self._stages("preprocess"):
            pictures = [self._tensor(torch, frame) for frame in frames]
        with self._stages("inference"), inference(self.device, self._half):
            results = self._model(pictures) if pictures else []
        with self._stages("postprocess"):
            return [self._table(result) for result in results]

    def _tensor(self, torch: Any, frame: Image) -> Any:
        pixels = torch.from_numpy(np.ascontiguousarray(frame[..., ::-1])).to(self.device)
        return pixels.permute(2, 0, 1).float().div_(255)

    def _table(self, result: Any) -> Detections:
        boxes, score, label = (result[key].detach().float().cpu().numpy() for key in ("boxes", "scores", "labels"))
        class_id, kept = self._classes.renumbered(label.astype(np.int64))
        mask = _pasted(result["masks"][kept], result["boxes"][kept], result["size"]) if "masks" in result else None
        return Detections(boxes[kept].astype(np.float64), score[kept].astype(np.float64), class_id[kept], mask=mask)


def _without_pasting(postprocess: Callable[..., Any]) -> Callable[..., Any]:
    """Return torchvision's last step without the masks, which it would enlarge to N pictures of the frame's size."""

    def scaled(result: list[dict[str, Any]], image_shapes: Any, sizes: Any) -> list[dict[str, Any]]:
        small = [found.pop("masks", None) for found in result]
        done: list[dict[str, Any]] = postprocess(result, image_shapes, sizes)
        for found, masks, size in zip(done, small, sizes, strict=True):
            if masks is not None:
                found |= {"masks": masks, "size": size}
        return done

    return scaled


def _pasted(masks: Any, boxes: Any, size: tuple[int, int]) -> Masks:
    """Return (N, 1, 28, 28) masks at the frame's size, as torchvision's ``paste_masks_in_image`` enlarges them."""
    from torch.nn.functional import interpolate
    from torchvision.models.detection.roi_heads import expand_boxes, expand_masks

    height, width = (int(side) for side in size)
    if not len(masks):
        return Masks.empty((height, width))
    masks, scale = expand_masks(masks.float(), padding=1)
    parts, corners = [], []
    for mask, (x1, y1, x2, y2) in zip(masks, expand_boxes(boxes.float(), scale).long().tolist(), strict=True):
        left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2 + 1, width), min(y2 + 1, height)
        if left < right and top < bottom:
            large = interpolate(mask[None], size=(max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)), mode="bilinear")[0, 0]
            parts.append(large[top - y1 : bottom - y1, left - x1 : right - x1].gt(0.5).cpu().numpy())
            corners.append((left, top))
        else:
            parts.append(np.zeros((0, 0), np.bool_))
            corners.append((0, 0))
    return masks_of_parts(parts, corners, (height, width))


def _weights(name: str) -> Any:
    import_torch()
    from torchvision import models

    known = models.list_models(module=models.detection)
    if name not in known:
        raise SettingError(
            f"{PREFIX}{name}: torchvision has no such detector{nearest(name, known)} (it has: {', '.join(known)})"
        )
    return models.get_model_weights(name).DEFAULT


def _settings(name: str, imgsz: int | None, score: float, iou: float, max_det: int) -> dict[str, Any]:
    """Return the network's own keywords."""
    two_stage = "rcnn" in name
    values = {"score_thresh": score, "nms_thresh": iou, "detections_per_img": max_det}
    settings: dict[str, Any] = {f"box_{key}" if two_stage else key: value for key, value in values.items()}
    if imgsz is not None:
        settings |= {"min_size": imgsz, "max_size": imgsz}
    return settings


def _build(name: str, weights: Any, settings: dict[str, Any], random: bool) -> Any:
    from torchvision import models

    count = len(weights.meta["categories"])
    model = models.get_model(name, weights=None, weights_backbone=None, num_classes=count, **settings)
    if random:
        return model
    folder = cache_folder() / "torchvision"
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Plain tensors alone: a file that holds anything else is refused.
        state = weights.get_state_dict(model_dir=str(folder), progress=False, check_hash=True, weights_only=True)
        model.load_state_dict(state)
    except Exception as error:
        raise WeightsError(
            f"{PREFIX}{name}: its weights cannot be loaded ({first_line(error)}); "
            f"fetch {weights.url} yourself and put it into {folder}"
        ) from error
    return model
