"""Exact masks of rendered sequences as files: MOTS text and COCO's annotations."""

from __future__ import annotations

import json
from typing import Any

from data_prep.synthetic.settings import CLASSES, FrameTruth, Settings
from sportstrack.mots import format_mots_rows

MASKS = ("visible", "whole")
"""Which masks: of the pixels that are seen, or of whole bodies, hidden pixels included."""


class MaskFiles:
    """Collects the masks of a sequence, frame by frame, and gives the texts of its files.

    Args:
        settings: of the sequence.
        masks: one of `MASKS`: which is COCO's ``segmentation``.
    """

    def __init__(self, settings: Settings, masks: str) -> None:
        self._size, self._masks = (settings.height, settings.width), masks
        self._rows: list[str] = []
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, truth: FrameTruth) -> None:
        """Add the next frame, which was rendered with masks."""
        visible, whole = truth.visible, truth.whole
        assert visible is not None, "rendered without masks"
        assert whole is not None, "rendered without masks"
        self._rows.append(format_mots_rows(truth.frame + 1, truth.track_id, truth.class_id + 1, visible))
        name, (height, width) = f"img1/{truth.frame + 1:06d}.jpg", self._size
        image = truth.frame + 1
        self._images.append({"id": image, "file_name": name, "height": height, "width": width})
        chosen = visible if self._masks == "visible" else whole
        columns = zip(
            truth.track_id.tolist(), truth.class_id.tolist(), truth.visibility.tolist(), chosen.area().tolist(),
            chosen.boxes().tolist(), chosen.to_coco(), visible.to_coco(), whole.to_coco(), strict=True,
        )  # fmt: skip
        for track, kind, share, area, (x1, y1, x2, y2), mask, seen, body in columns:
            if area:
                place = {"id": len(self._annotations) + 1, "image_id": image, "category_id": kind + 1}
                box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": area, "segmentation": mask, "iscrowd": 0}
                more = {"track_id": track, "visibility": round(share, 3), "visible": seen, "whole": body}
                self._annotations.append(place | box | more)

    def mots(self) -> str:
        """Return MOTS text of the pixels that are seen; classes as in ``gt.txt``."""
        return "".join(self._rows)

    def coco(self) -> str:
        """Return COCO's annotations, with ``track_id``, ``visibility``, and both masks as ``visible`` and ``whole``."""
        kinds = [{"id": i, "name": name} for i, name in enumerate(CLASSES, 1)]
        return json.dumps({"images": self._images, "categories": kinds, "annotations": self._annotations}) + "\n"
