"""Correct tracks by a program, with the operations that the editor writes.

python examples/edit_by_program.py [FOLDER]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from sportstrack import TrackTable, apply_edits, assets_folder, read_edits, read_mot, score_tracks, write_mot

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/edits")
folder.mkdir(parents=True, exist_ok=True)
truth = read_mot(assets_folder() / "demo_gt.txt")
wrong = read_mot(assets_folder() / "demo_gt.txt")
late = wrong.frame >= 100  # from frame 101 on, counted from 1, 9 and 12 have changed places, and 11 is called 99
ids = wrong.track_id.copy()
for old, new in ((9, 12), (12, 9), (11, 99)):
    ids[late & (wrong.track_id == old)] = new
wrong.track_id[:] = ids

edits = [
    {"op": "swap", "a": 9, "b": 12, "frame": 101},
    {"op": "merge", "a": 11, "b": 99},
    {"op": "number", "track": 11, "value": "10"},
]
file = folder / "demo.edits.jsonl"
file.write_text("".join(json.dumps(edit) + "\n" for edit in edits), encoding="utf-8")
edited = apply_edits(TrackTable.from_mot(wrong), read_edits(file).edits)
write_mot(folder / "demo.txt", edited.tracks)
print("before:", score_tracks(truth, wrong).IDSW, "identity switches")
print("after:", score_tracks(truth, read_mot(folder / "demo.txt")).IDSW, "identity switches")
print("number of 11:", edited.identities.at(11, frame=0).number, "| tracks:", len(np.unique(edited.tracks.track_id)))
