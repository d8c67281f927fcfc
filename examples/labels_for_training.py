"""Labels from tracks: boxes to correct instead of draw, as a YOLO data set and for CVAT.

python examples/labels_for_training.py [VIDEO RECORDING.npz] [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import sportstrack as st

folder = Path(sys.argv[-1] if len(sys.argv) in (2, 4) else "runs/labels")
if len(sys.argv) > 2:
    video, recording = sys.argv[1:3]
else:  # record the true boxes of the demo, as if a detector had found them
    video, truth = str(st.assets_folder() / "demo.mp4"), st.assets_folder() / "demo_gt.txt"
    how = {"frame_rate": 25, "size": [1280, 720], "save_detections": True, "overwrite": True}
    recording = st.track_video(truth, folder / "track", detections=truth, formats=["mot"], **how).outputs["detections"]
labels = st.label_video(video, detections=recording, settings=st.LabelSettings(every=25))
st.write_yolo_labels([labels], folder / "yolo")
st.write_cvat(labels, folder / "demo.cvat.xml")
print(*sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()), sep="\n")
