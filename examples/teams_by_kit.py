"""Find the two teams, the goalkeepers and the referee of a result that exists, by what people wear.

python examples/teams_by_kit.py [VIDEO RESULT]
"""

from __future__ import annotations

import sys

from sportstrack import assets_folder, find_teams

demo = assets_folder() / "demo.mp4", assets_folder() / "demo_gt.txt"
video, result = sys.argv[1:3] if len(sys.argv) > 2 else demo
names = None if len(sys.argv) > 2 else {0: "player", 1: "player", 2: "player", 3: "ball"}  # the kits alone decide
found = find_teams(video, result, teams="home=white,away=pink", names=names)
print(found)
for one in found.identities:
    print(f"track {one.track_id:3}: {one.role or '?':10} {one.team}")
