"""COCO JSON of one video's labels; pictures stay in the video."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sportstrack.label.table import LabelledVideo
from sportstrack.label.yolo import to_table


def coco_text(video: LabelledVideo) -> str:
    """Return a video's labels as COCO's JSON, with ``track_id``; pictures are named ``NAME/000001.jpg``.

    The segmentation of a box with a mask is its run lengths as text.

    Raises:
        SourceError: a recording, which has no pictures.
    """
    from data_prep.formats.coco import to_coco

    found: dict[str, Any] = to_coco(to_table([video], polygons=False))
    if video.masks is not None:
        order = np.argsort(video.boxes.frame, kind="stable")  # as the table has its boxes
        masks = video.masks[order]
        for annotation, mask, area in zip(found["annotations"], masks.to_coco(), masks.area().tolist(), strict=True):
            if mask is not None:
                annotation |= {"segmentation": mask, "area": area}
    return json.dumps(found, ensure_ascii=False) + "\n"
