"""Another program's boxes in a CSV file in, tracks out; neither video nor network.

python examples/boxes_in_tracks_out.py [boxes.csv] [FOLDER]
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from sportstrack import assets_folder, read_mot, track_video


def make_boxes(path: Path) -> None:
    """Write boxes as another program would: a header, frames from 0, corners in pixels, scores, names of classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    truth = read_mot(assets_folder() / "demo_gt.txt")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "x1", "y1", "x2", "y2", "score", "class"])
        for frame, box, kind in zip(truth.frame, truth.xyxy, truth.class_id, strict=True):
            writer.writerow([frame, *box.round(1), 0.9, "ball" if kind == 4 else "player"])


folder = Path(sys.argv[2] if len(sys.argv) > 2 else "runs/boxes_in")
boxes = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "boxes.csv"
if not boxes.exists():
    make_boxes(boxes)
summary = track_video(
    boxes, folder / "tracks", detections=boxes, frame_rate=25, size=[1280, 720], formats=["mot", "csv"], overwrite=True
)
print(summary.as_text())
