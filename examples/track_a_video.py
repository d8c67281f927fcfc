"""Track a video and print how long each player was seen.

python examples/track_a_video.py            # the built-in clip
python examples/track_a_video.py match.mp4 yolov8n.pt
"""

from __future__ import annotations

import sys
from collections import Counter

from sportstrack import TrackedFrame, assets_folder, track_video

seen: Counter[int] = Counter()


def count(frame: TrackedFrame) -> None:
    """Add one frame to each id's time on screen."""
    seen.update(frame.tracks.track_id.tolist())


video = sys.argv[1] if len(sys.argv) > 1 else assets_folder() / "demo.mp4"
weights = sys.argv[2] if len(sys.argv) > 2 else "demo"
summary = track_video(video, "runs/example", weights=weights, imgsz=1280, on_frame=count)
print(summary.as_text())
for track_id, frames in seen.most_common(10):
    print(f"#{track_id}: {frames / summary.frame_rate:.1f} s")
