"""Detect once, track often: a recording runs through every tracker, without video, network or GPU.

python examples/replay_a_recording.py [RECORDING.npz] [FOLDER]      # of sportstrack track --save-detections
"""

from __future__ import annotations

import sys
from pathlib import Path

from sportstrack import TRACKERS, Recording, assets_folder, create_tracker, track_video


def make_recording(folder: Path) -> Path:
    """Record the true boxes of the demo, as if a detector had found them."""
    truth = assets_folder() / "demo_gt.txt"
    how = {"frame_rate": 25, "size": [1280, 720], "save_detections": True, "overwrite": True}
    return Path(track_video(truth, folder, detections=truth, formats=["mot"], **how).outputs["detections"])


if __name__ == "__main__":
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "runs/replay")
    recording = Recording(sys.argv[1]) if len(sys.argv) > 1 else Recording(make_recording(folder))
    for name in sorted(TRACKERS.keys() - {"ball"}):
        tracker, ids = create_tracker(name, frame_rate=recording.info.frame_rate), set()
        for frame in recording:
            if frame.cut_confidence:
                tracker.cut()
            ids.update(tracker.update(frame.detections, frame.camera, frame.time).track_id.tolist())
        print(f"{name:10} {len(ids):4} tracks")
