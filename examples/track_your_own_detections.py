"""Feed a tracker from arrays: no video, no torch; runs in a second.

python examples/track_your_own_detections.py
"""

from __future__ import annotations

import numpy as np

from sportstrack import Detections, create_tracker

rng = np.random.default_rng(7)
place, speed = rng.uniform(0, 1000, (5, 2)), rng.normal(0, 4, (5, 2))
tracker = create_tracker("bytetrack", frame_rate=25, coasting=True)

for frame in range(50):
    place += speed
    visible = rng.random(5) > 0.1  # the detector misses one in ten
    corner = place[visible]
    boxes = np.hstack([corner, corner + (40, 100)])
    tracks = tracker.update(Detections.from_arrays(boxes, np.full(len(boxes), 0.8)))
    if frame % 10 == 9:
        state = ["seen" if row >= 0 else "coasting" for row in tracks.detection]
        print(f"frame {frame}:", ", ".join(f"#{i} {s}" for i, s in zip(tracks.track_id, state, strict=True)))
