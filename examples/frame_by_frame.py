"""The pipeline by hand: read frames, find boxes, track, draw, write; every stage can be yours.

python examples/frame_by_frame.py [VIDEO WEIGHTS] [FOLDER]
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

import sportstrack as st

given = len(sys.argv) > 2
folder = Path(sys.argv[-1] if len(sys.argv) in (2, 4) else "runs/frames")
folder.mkdir(parents=True, exist_ok=True)
truth = None if given else st.read_mot(st.assets_folder() / "demo_gt.txt")
detect = st.load_detector(sys.argv[2]) if given else None
tracker = st.create_tracker("sports", frame_rate=25, frame_size=(1280, 720))
annotator = st.Annotator({0: "player"}, draw="analyst", frame_rate=25)
cuts, seen = st.ShotDetector(frame_rate=25), set()
with st.open_source(sys.argv[1] if given else st.assets_folder() / "demo.mp4") as source:
    for frame in islice(source, 50):  # two seconds
        if detect is None:  # the truth of the demo in place of a network
            boxes = st.Detections.from_arrays(truth[(truth.frame == frame.index) & (truth.class_id < 4)].xyxy)
        else:
            (boxes,) = detect([frame.image])
        if cuts.update(frame.image):
            tracker.cut()
        tracks = tracker.update(boxes, time=float(frame.time))
        seen.update(tracks.track_id.tolist())
        if frame.index % 25 == 0:
            cv2.imwrite(str(folder / f"{frame.index + 1:06}.jpg"), annotator.draw(np.array(frame.image), tracks))
        else:
            annotator.draw(np.array(frame.image), tracks)  # called for every frame, so that paths are whole
print(f"{len(seen)} tracks; pictures in {folder}")
