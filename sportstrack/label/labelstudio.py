"""Label Studio: a JSON list of tasks, one per picture, with the labels as predictions to correct.

https://labelstud.io/guide/predictions and https://labelstud.io/tags/rectanglelabels: ``x``, ``y``, ``width`` and
``height`` are per cent of the picture.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from sportstrack.files.claim import write_text
from sportstrack.label.table import LabelledVideo

FROM_NAME, TO_NAME = "label", "image"
LOCAL_FILES = "/data/local-files/?d="
"""Address of a file below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""


def write_labelstudio(video: LabelledVideo, path: str | Path, root: str = LOCAL_FILES + "images/") -> None:
    """Write a video's labels as Label Studio tasks with predictions.

    Args:
        video: the labels.
        path: of the JSON file.
        root: address in front of the pictures' names (``NAME/000001.jpg``), as Label Studio reaches them.

    Raises:
        OutputError: it cannot be written.
    """
    write_text(path, labelstudio_text(video, root))


def labelstudio_text(video: LabelledVideo, root: str = LOCAL_FILES + "images/") -> str:
    """Return what `write_labelstudio` writes."""
    tasks = [_task(video, frame, rows.tolist(), root) for frame, rows in video.by_frame()]
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"


def labelstudio_config(classes: tuple[str, ...]) -> str:
    """Return the project's labelling interface, to paste under ``Settings → Labeling Interface → Code``."""
    labels = "".join(f"    <Label value={quoteattr(name)}/>\n" for name in classes)
    return (
        f'<View>\n  <Image name="{TO_NAME}" value="$image"/>\n'
        f'  <RectangleLabels name="{FROM_NAME}" toName="{TO_NAME}">\n{labels}  </RectangleLabels>\n</View>\n'
    )


def _task(video: LabelledVideo, frame: int, rows: list[int], root: str) -> dict[str, Any]:
    found = [_result(video, row, f"f{frame}-t{int(video.boxes.track_id[row])}") for row in rows]
    score = float(video.boxes.score[rows].mean()) if rows else 0.0
    return {
        "data": {"image": root + video.picture_name(frame), "video": video.name, "frame": frame},
        "predictions": [{"model_version": "sportstrack", "score": round(score, 4), "result": found}],
    }


def _result(video: LabelledVideo, row: int, region: str) -> dict[str, Any]:
    boxes = video.boxes
    x1, y1, x2, y2 = boxes.xyxy[row].tolist()
    across, down = 100 / video.width, 100 / video.height
    notes = [f"track {int(boxes.track_id[row])}", *(["filled"] if boxes.filled[row] else [])]
    return {
        "id": region,
        "type": "rectanglelabels",
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "original_width": video.width,
        "original_height": video.height,
        "image_rotation": 0,
        "score": round(float(boxes.score[row]), 4),
        "meta": {"text": notes},
        "value": {
            "x": round(x1 * across, 5),
            "y": round(y1 * down, 5),
            "width": round((x2 - x1) * across, 5),
            "height": round((y2 - y1) * down, 5),
            "rotation": 0,
            "rectanglelabels": [video.classes[int(boxes.class_id[row])]],
        },
    }
