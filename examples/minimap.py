"""From marks in one frame to metres: a minimap with everyone on it.

python examples/minimap.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from sportstrack import Mark, draw_pitch, fit_camera, load_pitch

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/minimap")
MARKS = [  # frame, place, pixel: look them up once in a frame of your video
    Mark(1, "left_far_corner", (373, 274)),
    Mark(1, "left_far_penalty_area_corner", (514, 315)),
    Mark(1, "left_near_penalty_area_corner", (124, 480)),
    Mark(1, "far_halfway", (1135, 302)),
    Mark(1, "centre_spot", (1106, 420)),
    Mark(1, "near_centre_circle_halfway", (1094, 473)),
]
FEET = [(640.0, 500.0), (900.0, 420.0), (300.0, 430.0)]  # bottom centre of each box

pitch = load_pitch("football")
fit = fit_camera(MARKS, pitch, size=(1280, 720))
metres = fit.cameras[1].to_ground(FEET)
scale = 8.0  # pixels a metre
picture = draw_pitch(pitch, pixels_per_metre=scale)
middle = np.array(picture.shape[1::-1]) / 2  # the centre spot
for place in metres:
    cv2.circle(picture, tuple((middle + scale * place).round().astype(int).tolist()), 8, (40, 40, 230), -1, cv2.LINE_AA)
FOLDER.mkdir(parents=True, exist_ok=True)
cv2.imwrite(str(FOLDER / "minimap.png"), picture)
print(f"marks fit to {fit.error_px[1]:.1f} px; metres from the centre spot:\n{metres.round(1)}")
