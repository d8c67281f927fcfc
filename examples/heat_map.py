"""Where was each player? A heat map and a path on one picture for each of the three longest tracks.

python examples/heat_map.py [RESULT.txt WIDTH HEIGHT] [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from sportstrack import assets_folder, draw_path, heat_map, overlay, read_mot

given = len(sys.argv) > 3
result = read_mot(sys.argv[1] if given else assets_folder() / "demo_gt.txt")
width, height = map(int, sys.argv[2:4]) if given else (1280, 720)
folder = Path(sys.argv[-1] if len(sys.argv) in (2, 5) else "runs/heat_map")
folder.mkdir(parents=True, exist_ok=True)

ids, counts = np.unique(result.track_id, return_counts=True)
for track in ids[np.argsort(-counts)][:3]:
    boxes = result[result.track_id == track].xyxy
    field = np.full((height, width, 3), (60, 110, 60), np.uint8)  # or a frame of the video
    picture = overlay(field, heat_map(boxes, width, height))
    draw_path(picture, boxes)
    cv2.imwrite(str(folder / f"player_{track}.png"), picture)
    print(f"player {track}: {len(boxes)} boxes, {folder / f'player_{track}.png'}")
