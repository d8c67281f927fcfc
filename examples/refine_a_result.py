"""Make any tracker's result better when the match is over: link, fill gaps, smooth.

python examples/refine_a_result.py
"""

from __future__ import annotations

import numpy as np

from sportstrack import Detections, TrackTable, assets_folder, create_tracker, read_mot, refine_tracks, score_tracks

truth, rng = read_mot(assets_folder() / "demo_gt.txt"), np.random.default_rng(2)
truth = truth[truth.class_id < 4]  # without the ball, which is 4 in column 8
tracker = create_tracker("sort", frame_rate=25)
found = [Detections.from_arrays(truth[(truth.frame == f) & (rng.random(len(truth)) > 0.1)].xyxy) for f in range(200)]
tracks = [tracker.update(table) for table in found]  # one box in ten is missed

frames = range(200)
table = TrackTable.from_tracks(tracks, found, frames)
better = refine_tracks(table, frames, frame_rate=25, width=1280, height=720).to_tracks(frames)
for name, result in (("tracked", tracks), ("refined", better)):
    scores = score_tracks(truth, result)
    print(f"{name}: HOTA {scores.HOTA:.3f}, IDF1 {scores.IDF1:.3f}, {scores.IDSW} identity switches")
