"""A result as a pandas frame: one row a box, then one row a player, then a CSV file for a spreadsheet.

python examples/tables_for_pandas.py [RESULT.txt] [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from sportstrack import assets_folder, read_mot

RATE = 25  # frames per second of the video
result = read_mot(sys.argv[1] if len(sys.argv) > 1 else assets_folder() / "demo_gt.txt")
folder = Path(sys.argv[2] if len(sys.argv) > 2 else "runs/tables")
folder.mkdir(parents=True, exist_ok=True)

boxes = result.to_pandas()  # frame (from 0), track_id, class_id, x1, y1, x2, y2, score …
boxes["second"] = boxes.frame / RATE
boxes["height"] = boxes.y2 - boxes.y1
players = boxes.groupby("track_id").agg(
    first=("second", "min"), last=("second", "max"), frames=("frame", "count"), height=("height", "mean")
)
players["seen"] = players.frames / RATE
players.round(2).to_csv(folder / "players.csv")  # Excel and others open it; to_excel needs openpyxl
print(players.round(2).sort_values("seen", ascending=False).head())
