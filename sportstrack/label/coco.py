"""COCO JSON of one video's labels; pictures stay in the video."""

from __future__ import annotations

import json

from sportstrack.label.table import LabelledVideo
from sportstrack.label.yolo import to_table


def coco_text(video: LabelledVideo) -> str:
    """Return a video's labels as COCO's JSON, with ``track_id``; pictures are named ``NAME/000001.jpg``.

    Raises:
        SourceError: a recording, which has no pictures.
    """
    from data_prep.formats.coco import to_coco

    return json.dumps(to_coco(to_table([video])), ensure_ascii=False) + "\n"
