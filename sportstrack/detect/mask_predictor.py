"""The masks of Ultralytics' segmentation models as run lengths, without a filled picture for each of them."""

from __future__ import annotations

from typing import Any

from sportstrack.detect.yolo.masks import masks_in_frame

MADE = "run_lengths"
"""Attribute of a result that holds its `sportstrack.Masks`."""


def mask_predictor(model: Any, wanted: bool) -> type | None:
    """Return the predictor class that gives a YOLO model's results with run lengths; None for models of other kinds.

    Ultralytics' own enlarges each mask to the whole frame, N·H·W numbers, before it cuts it to its box. This one makes
    the pixels inside the boxes alone, and the same ones.

    Args:
        model: an ``ultralytics.YOLO`` for the task segment.
        wanted: whether masks are wanted at all.
    """
    from ultralytics.engine.results import Results
    from ultralytics.models.yolo.segment.predict import SegmentationPredictor
    from ultralytics.utils import ops

    if model._smart_load("predictor") is not SegmentationPredictor:
        return None

    class RunLengthPredictor(SegmentationPredictor):  # type: ignore[misc]
        def construct_result(self, pred: Any, img: Any, orig_img: Any, img_path: Any, proto: Any) -> Any:
            pred[:, :4] = ops.scale_boxes(img.shape[2:], pred[:, :4], orig_img.shape)
            masks = None
            if wanted and len(pred):
                rows = pred.float().cpu().numpy()
                masks = masks_in_frame(proto.float().cpu().numpy(), rows[:, 6:], rows[:, :4], orig_img.shape)
                if not (seen := masks.area() > 0).all():
                    pred, masks = pred[seen.nonzero()[0]], masks[seen]
            result = Results(orig_img, path=img_path, names=self.model.names, boxes=pred[:, :6])
            setattr(result, MADE, masks)
            return result

    return RunLengthPredictor
